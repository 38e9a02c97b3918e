/*
 * allocation - three functions in place of OpenSSL's own, and a counter
 *
 * OpenSSL's zeroing and clearing variants are made of these three by itself. Its secure heap is
 * never set up here, so secure memory comes the same way. Asked for no bytes at all, it expects
 * NULL, and no counting: that is no allocation.
 */
#include "cms/allocation.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

static bool counting;
static uint64_t counted;
static uint64_t failing;
static bool failed;

/* Does this one fail? */
static bool fails(void)
{
        if (!counting || ++counted != failing)
                return false;
        failed = true;
        return true;
}

static void *take(size_t bytes, const char *file, int line)
{
        (void)file, (void)line;
        return bytes == 0 || fails() ? NULL : malloc(bytes);
}

static void give_back(void *memory, const char *file, int line)
{
        (void)file, (void)line;
        free(memory);
}

static void *take_again(void *memory, size_t bytes, const char *file, int line)
{
        if (bytes == 0) {
                give_back(memory, file, line);
                return NULL;
        }
        return fails() ? NULL : realloc(memory, bytes);
}

__attribute__((constructor)) static void install(void)
{
        bool in_time = CRYPTO_set_mem_functions(take, take_again, give_back) == 1;

        g_assert(in_time);
}

/*
 * An error that was raised with words leaves its buffer in the queue for the next one at that
 * place, of whatever size it had. So each place gets a buffer of the same size.
 */
static void even_out_errors(void)
{
        ERR_clear_error();
        for (int i = 0; i < ERR_NUM_ERRORS; i++)
                ERR_raise_data(ERR_LIB_USER, 1, "-");
        ERR_clear_error();
}

void up_allocation_fail(uint64_t kth)
{
        g_assert(!counting);
        even_out_errors();
        counted = 0;
        failing = kth;
        failed = false;
        counting = true;
}

uint64_t up_allocation_restore(void)
{
        g_assert(counting);
        counting = false;
        failed = false;
        return counted;
}

bool up_allocation_take_failure(void)
{
        bool since = failed;

        failed = false;
        return since;
}
