/*
 * allocation - replaces OpenSSL's three allocation functions, and counts allocations
 *
 * OpenSSL builds its zeroing and clearing variants on these three functions. Its secure heap is
 * never initialised here, so secure memory is allocated by them, too. For a size of 0 OpenSSL
 * expects NULL; such a call is not counted as an allocation.
 */
#include "cms/allocation.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

static bool counting;
static uint64_t allocations;
static uint64_t failing_allocation;
static bool failed;

/* Counts an allocation, and returns whether it is the one that must fail. */
static bool allocation_must_fail(void)
{
        if (!counting || ++allocations != failing_allocation)
                return false;
        failed = true;
        return true;
}

static void *allocate(size_t bytes, const char *file, int line)
{
        (void)file, (void)line;
        return bytes == 0 || allocation_must_fail() ? NULL : malloc(bytes);
}

static void release(void *memory, const char *file, int line)
{
        (void)file, (void)line;
        free(memory);
}

static void *reallocate(void *memory, size_t bytes, const char *file, int line)
{
        if (bytes == 0) {
                release(memory, file, line);
                return NULL;
        }
        return allocation_must_fail() ? NULL : realloc(memory, bytes);
}

__attribute__((constructor)) static void install(void)
{
        bool installed = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;

        g_assert(installed);
}

/*
 * Each slot of the error queue keeps the text buffer of its last error for reuse, and how large it
 * is decides whether the next error allocates. So give all slots a buffer of the same size.
 */
static void equalize_error_buffers(void)
{
        ERR_clear_error();
        for (int i = 0; i < ERR_NUM_ERRORS; i++)
                ERR_raise_data(ERR_LIB_USER, 1, "-");
        ERR_clear_error();
}

void up_allocation_fail(uint64_t kth)
{
        g_assert(!counting);
        equalize_error_buffers();
        allocations = 0;
        failing_allocation = kth;
        failed = false;
        counting = true;
}

uint64_t up_allocation_restore(void)
{
        g_assert(counting);
        counting = false;
        failed = false;
        return allocations;
}

bool up_allocation_take_failure(void)
{
        bool has_failed = failed;

        failed = false;
        return has_failed;
}
