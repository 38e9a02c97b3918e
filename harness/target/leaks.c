#include "target/leaks.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/* The sanitizers' runtime has these (sanitizer/allocator_interface.h, lsan_interface.h); NULL
 * without one. */
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

__attribute__((weak)) const char *__asan_get_report_description(void);
__attribute__((weak)) void __sanitizer_print_stack_trace(void);
void __asan_on_error(void);

/*
 * AddressSanitizer calls this before it prints an error. Its own stack of an allocation that is too
 * large comes from frame pointers and ends in the first library without them.
 */
void __asan_on_error(void)
{
        static const char *const kinds[] = { "allocation-size-too-big", "out-of-memory" };

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                if (strcmp(__asan_get_report_description(), kinds[i]) == 0) {
                        fputs("\n" UP_ALLOCATION_STACK "\n", stderr);
                        fflush(stderr);
                        __sanitizer_print_stack_trace();
                }
        }
}

static int64_t live;

static void on_malloc(const volatile void *block, size_t bytes)
{
        (void)block, (void)bytes;
        live++;
}

static void on_free(const volatile void *block)
{
        if (block != NULL)
                live--;
}

void up_leaks_start(void)
{
        if (__sanitizer_install_malloc_and_free_hooks != NULL)
                __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

int64_t up_leaks_live(void)
{
        return live;
}

void up_leaks_run_unreported(
    void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size)
{
        if (__lsan_disable != NULL)
                __lsan_disable();
        run(data, size);
        if (__lsan_enable != NULL)
                __lsan_enable();
}

int64_t up_leaks_of(void (*run)(const uint8_t *data, size_t size), const uint8_t *data, size_t size)
{
        int64_t before = live, left;

        run(data, size);
        left = live - before;
        if (left <= 0)
                return 0;
        run(data, size);
        return live - before == 2 * left ? left : 0;
}
