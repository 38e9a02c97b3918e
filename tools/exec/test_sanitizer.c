/*
 * What gcc 12, clang 14 and libFuzzer printed, trimmed to what counts, and what is read from it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/exec/sanitizer.h"

#define FRAME(function, source)                                                                    \
        UP_FRAME_MARK "\t0\t" function "\t" source "\t/src/unpend/build/sample\t0x1\n"
#define EXPORTED(function, library) UP_FRAME_MARK "\t0\t" function "\t<null>:0\t" library "\t0x1\n"
#define STRIPPED(library, offset)   UP_FRAME_MARK "\t0\t<null>\t<null>:0\t" library "\t" offset "\n"

/* A line for each frame. */
/* clang-format off */

static const char gcc_use_after_free[] =
    "==4598==ERROR: AddressSanitizer: heap-use-after-free on address 0x60b000001ea0 at pc 0x55aa4aec0474 bp 0x7fffe3ecac70 sp 0x7fffe3ecac68\n"
    "READ of size 8 at 0x60b000001ea0 thread T0\n"
    FRAME("gmime_object", "fuzz/fuzz_canary.c:29")
    FRAME("examine", "fuzz/fuzz_canary.c:105")
    FRAME("LLVMFuzzerTestOneInput", "harness/target/target.c:204")
    "0x60b000001ea0 is located 32 bytes inside of 104-byte region [0x60b000001e80,0x60b000001ee8)\n"
    "freed by thread T0 here:\n"
    FRAME("__interceptor_free", "../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:52");

static const char clang_use_after_free[] =
    "==4687==ERROR: AddressSanitizer: heap-use-after-free on address 0x60b000001d20 at pc 0x55577be1892a bp 0x7ffed37a50b0 sp 0x7ffed37a50a8\n"
    "READ of size 8 at 0x60b000001d20 thread T0\n"
    FRAME("g_mime_object_get_content_type", "gmime-3.2.13/gmime/gmime-object.c:570")
    FRAME("gmime_inside", "/src/unpend/fuzz/fuzz_canary.c:35")
    FRAME("examine", "/src/unpend/fuzz/fuzz_canary.c:105")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/harness/target/target.c:204")
    EXPORTED("fuzzer::Fuzzer::ExecuteCallback(unsigned char const*, unsigned long)", "/src/unpend/build/libfuzzer/fuzz/canary");

static const char gcc_overflow_in_library[] =
    "==4633==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000002e1b at pc 0x7f0647648061 bp 0x7fff54308f30 sp 0x7fff543086e0\n"
    "WRITE of size 12 at 0x602000002e1b thread T0\n"
    FRAME("__interceptor_memcpy", "../../../../src/libsanitizer/sanitizer_common/sanitizer_common_interceptors.inc:827")
    STRIPPED("/absent/libcrypto.so.3", "0x11251c")
    STRIPPED("/absent/libcrypto.so.3", "0x109ed6")
    STRIPPED("/absent/libcrypto.so.3", "0x1084d5")
    EXPORTED("BIO_read", "/absent/libcrypto.so.3")
    FRAME("openssl_copy", "fuzz/fuzz_canary.c:45")
    FRAME("examine", "fuzz/fuzz_canary.c:105")
    FRAME("LLVMFuzzerTestOneInput", "harness/target/target.c:204");

static const char clang_overflow_in_library[] =
    "==4744==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000002d60 at pc 0x55a56f1d3144 bp 0x7ffe7146d340 sp 0x7ffe7146d338\n"
    "WRITE of size 1 at 0x602000002d60 thread T0\n"
    FRAME("evp_encodeblock_int", "openssl-3.0.22/crypto/evp/encode.c:255")
    FRAME("EVP_EncodeBlock", "openssl-3.0.22/crypto/evp/encode.c:261")
    FRAME("openssl_inside", "/src/unpend/fuzz/fuzz_canary.c:54")
    FRAME("examine", "/src/unpend/fuzz/fuzz_canary.c:105");

static const char gcc_cycle[] =
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==27280==ERROR: AddressSanitizer: stack-overflow on address 0x7ffdfbf50f78 (pc 0x564f12b1e704 bp 0x7ffdfbf51070 sp 0x7ffdfbf50f70 T0)\n"
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18");

static const char clang_cycle[] =
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==27336==ERROR: AddressSanitizer: stack-overflow on address 0x7ffe18445fa0 (pc 0x55ce6633d2d9 bp 0x7ffe184460d0 sp 0x7ffe18445fa0 T0)\n"
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17")
    FRAME("pong", "/src/unpend/fuzz/sample.c:18")
    FRAME("ping", "/src/unpend/fuzz/sample.c:17");

static const char clang_recursion[] =
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==27332==ERROR: AddressSanitizer: stack-overflow on address 0x7ffda9421ff8 (pc 0x562c35db3041 bp 0x7ffda9422050 sp 0x7ffda9421f20 T0)\n"
    FRAME("rec", "/src/unpend/fuzz/sample.c:15")
    FRAME("rec", "/src/unpend/fuzz/sample.c:15")
    FRAME("rec", "/src/unpend/fuzz/sample.c:15")
    FRAME("rec", "/src/unpend/fuzz/sample.c:15")
    FRAME("rec", "/src/unpend/fuzz/sample.c:15");

static const char gcc_leak[] =
    "==27283==ERROR: LeakSanitizer: detected memory leaks\n"
    "Direct leak of 100 byte(s) in 1 object(s) allocated from:\n"
    FRAME("__interceptor_malloc", "../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69")
    FRAME("leak", "/src/unpend/fuzz/sample.c:19")
    FRAME("main", "/src/unpend/fuzz/sample.c:35")
    "Direct leak of 4 byte(s) in 1 object(s) allocated from:\n"
    FRAME("__interceptor_malloc", "../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69")
    EXPORTED("g_malloc", "/lib/x86_64-linux-gnu/libglib-2.0.so.0");

static const char clang_leak[] =
    "==4759==ERROR: LeakSanitizer: detected memory leaks\n"
    "Direct leak of 100 byte(s) in 1 object(s) allocated from:\n"
    EXPORTED("malloc", "/src/unpend/build/libfuzzer/fuzz/canary")
    EXPORTED("g_malloc", "/lib/x86_64-linux-gnu/libglib-2.0.so.0")
    FRAME("examine", "/src/unpend/fuzz/fuzz_canary.c:105")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/harness/target/target.c:204");

static const char gcc_shift[] =
    "fuzz/fuzz_canary.c:69:34: runtime error: shift exponent 40 is too large for 32-bit type 'int'\n"
    FRAME("shift", "fuzz/fuzz_canary.c:69")
    FRAME("examine", "fuzz/fuzz_canary.c:105")
    FRAME("LLVMFuzzerTestOneInput", "harness/target/target.c:204");

static const char clang_overflow[] =
    "fuzz/sample.c:26:55: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'\n"
    FRAME("over", "/src/unpend/fuzz/sample.c:26")
    FRAME("main", "/src/unpend/fuzz/sample.c:35")
    "SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior fuzz/sample.c:26:55 in \n";

static const char clang_signal[] =
    "UndefinedBehaviorSanitizer:DEADLYSIGNAL\n"
    "==4760==ERROR: UndefinedBehaviorSanitizer: stack-overflow on address 0x7ffdebcbdff8 (pc 0x556269854bd1)\n"
    FRAME("even", "/src/unpend/fuzz/fuzz_canary.c:174")
    FRAME("odd", "/src/unpend/fuzz/fuzz_canary.c:168")
    FRAME("even", "/src/unpend/fuzz/fuzz_canary.c:174")
    FRAME("odd", "/src/unpend/fuzz/fuzz_canary.c:168");

static const char gcc_double_free[] =
    "==27293==ERROR: AddressSanitizer: attempting double-free on 0x602000002cb0 in thread T0:\n"
    FRAME("__interceptor_free", "../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:52")
    FRAME("dfree", "/src/unpend/fuzz/sample.c:22")
    FRAME("main", "/src/unpend/fuzz/sample.c:35");

static const char clang_bad_free[] =
    "==27357==ERROR: AddressSanitizer: attempting free on address which was not malloc()-ed: 0x603000000d34 in thread T0\n"
    EXPORTED("__interceptor_free", "/src/unpend/fuzz/sample.clang")
    FRAME("bad", "/src/unpend/fuzz/sample.c:23")
    FRAME("main", "/src/unpend/fuzz/sample.c:35");

static const char gcc_allocation[] =
    "==27299==ERROR: AddressSanitizer: requested allocation size 0xc0000000 (0xc0001000 after adjustments for alignment, red zones etc.) exceeds maximum supported size of 0x40000000 (thread T0)\n"
    FRAME("__interceptor_malloc", "../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69")
    FRAME("big", "/src/unpend/fuzz/sample.c:24")
    FRAME("main", "/src/unpend/fuzz/sample.c:35")
    "==27299==HINT: if you don't care about these errors you may set allocator_may_return_null=1\n"
    "SUMMARY: AddressSanitizer: allocation-size-too-big ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69 in __interceptor_malloc\n"
    "==27299==ABORTING\n";

static const char gcc_memory[] =
    "==27302==AddressSanitizer: hard rss limit exhausted (200Mb vs 203Mb)\n"
    "==27302==Process memory map follows:\n"
    "\t0x00007fff7000-0x00008fff7000\t\n"
    "\t0x00008fff7000-0x02008fff7000\t\n";

static const char gcc_assertion[] =
    "**\n"
    "ERROR:fuzz/sample.c:29:gassert: assertion failed: (n==1)\n"
    "Bail out! ERROR:fuzz/sample.c:29:gassert: assertion failed: (n==1)\n"
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==27315==ERROR: AddressSanitizer: ABRT on unknown address 0x000000006ab3 (pc 0x7f53a26a8eec bp 0x7f53a2e348c0 sp 0x7ffeaf9a84c0 T0)\n"
    FRAME("__pthread_kill_implementation", "nptl/pthread_kill.c:44")
    FRAME("__GI_raise", "../sysdeps/posix/raise.c:26")
    FRAME("__GI_abort", "stdlib/abort.c:79")
    STRIPPED("/lib/x86_64-linux-gnu/libglib-2.0.so.0", "0x1dec7")
    EXPORTED("g_assertion_message_expr", "/lib/x86_64-linux-gnu/libglib-2.0.so.0")
    FRAME("gassert", "/src/unpend/fuzz/sample.c:29")
    FRAME("main", "/src/unpend/fuzz/sample.c:35");

static const char clang_assertion[] =
    "f.clang: fuzz/sample.c:38: int main(int, char **): Assertion `n==1' failed.\n"
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==27384==ERROR: AddressSanitizer: ABRT on unknown address 0x000000006af8 (pc 0x7f4f97a34eec bp 0x7f4f97575880 sp 0x7fffaf330180 T0)\n"
    FRAME("__pthread_kill_implementation", "nptl/./nptl/pthread_kill.c:44")
    FRAME("raise", "signal/../sysdeps/posix/raise.c:26")
    FRAME("abort", "stdlib/./stdlib/abort.c:79")
    FRAME("__assert_fail_base", "assert/./assert/assert.c:94")
    FRAME("__assert_fail", "assert/./assert/assert.c:103")
    FRAME("main", "/src/unpend/fuzz/sample.c:38");

static const char clang_abort[] =
    "AddressSanitizer:DEADLYSIGNAL\n"
    "==4489==ERROR: AddressSanitizer: ABRT on unknown address 0x000000001189 (pc 0x7f7f0cc88eec bp 0x7f7f0d02b7c0 sp 0x7ffeee0c5bb0 T0)\n"
    FRAME("__pthread_kill_implementation", "nptl/./nptl/pthread_kill.c:44")
    FRAME("raise", "signal/../sysdeps/posix/raise.c:26")
    FRAME("abort", "stdlib/./stdlib/abort.c:79")
    FRAME("give_up", "/src/unpend/fuzz/sample.c:8")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/fuzz/sample.c:11")
    EXPORTED("fuzzer::Fuzzer::ExecuteCallback(unsigned char const*, unsigned long)", "/src/unpend/sample");

static const char libfuzzer_timeout[] =
    "ALARM: working on the last Unit for 4 seconds\n"
    "       and the timeout value is 2 (use -timeout=N to change)\n"
    "==4427== ERROR: libFuzzer: timeout after 4 seconds\n"
    EXPORTED("__sanitizer_print_stack_trace", "/src/unpend/sample")
    EXPORTED("fuzzer::PrintStackTrace()", "/src/unpend/sample")
    EXPORTED("fuzzer::Fuzzer::AlarmCallback()", "/src/unpend/sample")
    STRIPPED("/lib/x86_64-linux-gnu/libc.so.6", "0x3c04f")
    FRAME("spin", "/src/unpend/fuzz/sample.c:7")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/fuzz/sample.c:11");

static const char libfuzzer_memory[] =
    "==4502== ERROR: libFuzzer: out-of-memory (used: 157Mb; limit: 100Mb)\n"
    "   To change the out-of-memory limit use -rss_limit_mb=<N>\n"
    "Live Heap Allocations: 156315779 bytes in 145 chunks; quarantined: 9306 bytes in 8 chunks; 5848 other chunks; total chunks: 6001; showing top 95% (at most 8 unique contexts)\n"
    "132120576 byte(s) (84%) in 126 allocation(s)\n"
    EXPORTED("malloc", "/src/unpend/sample")
    FRAME("hog", "/src/unpend/fuzz/sample.c:9")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/fuzz/sample.c:11");

#define STOPPED                                                                                    \
        "AddressSanitizer:DEADLYSIGNAL\n" \
        "==3==ERROR: AddressSanitizer: ABRT on unknown address 0x3 (pc 0x1 bp 0x2 sp 0x3 T0)\n" \
        FRAME("__pthread_kill_implementation", "nptl/pthread_kill.c:44") \
        FRAME("abort", "stdlib/abort.c:79") \
        FRAME("give_up", "/src/unpend/harness/target/fuel.c:49") \
        FRAME("up_fuel_out", "/src/unpend/harness/target/fuel.c:160") \
        FRAME("__sanitizer_cov_trace_pc_guard", "/src/unpend/harness/target/edges.c:26")

static const char fuel_in_library[] =
    "unpend: out of fuel: mime does not come back, after 123 edges\n" STOPPED
    FRAME("encode", "gmime-3.2.13/gmime/gmime-param.c:900")
    FRAME("g_mime_param_list_encode", "gmime-3.2.13/gmime/gmime-param.c:990")
    FRAME("touch", "/src/unpend/harness/mail/touch.c:9");

/* gcc names the files of OpenSSL as its makefile does. */
static const char fuel_of_gcc[] =
    "unpend: out of fuel: canary does not come back, after 55120146 edges\n"
    FRAME("__GI_abort", "stdlib/abort.c:79")
    FRAME("stop", "harness/target/fuel.c:52")
    FRAME("__sanitizer_cov_trace_pc", "harness/target/edges.c:30")
    FRAME("pbkdf2_derive", "providers/implementations/kdfs/pbkdf2.c:347")
    FRAME("kdf_pbkdf2_derive", "providers/implementations/kdfs/pbkdf2.c:164")
    FRAME("EVP_KDF_derive", "crypto/evp/kdf_lib.c:146")
    FRAME("openssl_loop", "fuzz/fuzz_canary.c:154");

static const char fuel_in_pipeline[] =
    "unpend: out of fuel: scan_submit: run does not come back, after 123 edges\n" STOPPED
    FRAME("run", "/src/unpend/harness/scan_submit/queue.c:9")
    FRAME("step", "/src/unpend/harness/world/world.c:9");

static const char fuel_late[] =
    "unpend: out of fuel: scan_submit: run came back late, after 123 edges\n" STOPPED
    FRAME("up_hooks_after", "/src/unpend/harness/world/hooks.c:9");

static const char libfuzzer_exit[] =
    "==4567== ERROR: libFuzzer: fuzz target exited\n"
    EXPORTED("__sanitizer_print_stack_trace", "/src/unpend/sample")
    EXPORTED("fuzzer::PrintStackTrace()", "/src/unpend/sample")
    EXPORTED("fuzzer::Fuzzer::ExitCallback()", "/src/unpend/sample")
    FRAME("__run_exit_handlers", "stdlib/./stdlib/exit.c:116")
    FRAME("exit", "stdlib/./stdlib/exit.c:146")
    FRAME("LLVMFuzzerTestOneInput", "/src/unpend/fuzz/sample.c:11");

/* clang-format on */

static const struct {
        const char *text;
        enum up_class class;
        const char *signature;
} samples[] = {
        { gcc_use_after_free, UP_CLASS_CRASH,
            "heap-use-after-free gmime_object < examine < LLVMFuzzerTestOneInput" },
        { clang_use_after_free, UP_CLASS_CRASH,
            "heap-use-after-free g_mime_object_get_content_type" },
        { gcc_overflow_in_library, UP_CLASS_CRASH,
            "heap-buffer-overflow libcrypto.so.3+0x11251c < libcrypto.so.3+0x109ed6 < "
            "libcrypto.so.3+0x1084d5" },
        { clang_overflow_in_library, UP_CLASS_CRASH,
            "heap-buffer-overflow evp_encodeblock_int < EVP_EncodeBlock" },
        { gcc_cycle, UP_CLASS_CRASH, "stack-overflow (ping pong)*" },
        { clang_cycle, UP_CLASS_CRASH, "stack-overflow (ping pong)*" },
        { clang_recursion, UP_CLASS_CRASH, "stack-overflow rec*" },
        { gcc_leak, UP_CLASS_LEAK, "leak leak" },
        { clang_leak, UP_CLASS_LEAK, "leak examine < LLVMFuzzerTestOneInput" },
        { gcc_shift, UP_CLASS_CRASH, "undefined-shift shift < examine < LLVMFuzzerTestOneInput" },
        { clang_overflow, UP_CLASS_CRASH, "undefined-signed-overflow over" },
        { clang_signal, UP_CLASS_CRASH, "stack-overflow (even odd)*" },
        { gcc_double_free, UP_CLASS_CRASH, "double-free dfree" },
        { clang_bad_free, UP_CLASS_CRASH, "bad-free bad" },
        { gcc_allocation, UP_CLASS_MEMORY, "allocation-too-big big" },
        { gcc_memory, UP_CLASS_MEMORY, "too-much-memory" },
        { gcc_assertion, UP_CLASS_CRASH, "assertion gassert" },
        { clang_assertion, UP_CLASS_CRASH,
            "assertion __pthread_kill_implementation < raise < abort" },
        { clang_abort, UP_CLASS_CRASH, "abort give_up < LLVMFuzzerTestOneInput" },
        { libfuzzer_timeout, UP_CLASS_HANG, "timeout spin < LLVMFuzzerTestOneInput" },
        { libfuzzer_memory, UP_CLASS_MEMORY, "out-of-memory hog < LLVMFuzzerTestOneInput" },
        { libfuzzer_exit, UP_CLASS_CRASH, "exit LLVMFuzzerTestOneInput" },
        { fuel_in_library, UP_CLASS_HANG, "hang encode < g_mime_param_list_encode" },
        { fuel_of_gcc, UP_CLASS_HANG, "hang pbkdf2_derive < kdf_pbkdf2_derive < EVP_KDF_derive" },
        { fuel_in_pipeline, UP_CLASS_HANG, "hang run < step" },
        { fuel_late, UP_CLASS_HANG, "late scan_submit: run" },
};

static struct up_finding *read_text(const char *text)
{
        g_autoptr(GPtrArray) frames = up_frames_new();

        return up_sanitizer_parse(text, frames);
}

static void test_samples(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                struct up_finding *finding = read_text(samples[i].text);

                assert_non_null(finding);
                assert_string_equal(finding->signature, samples[i].signature);
                assert_string_equal(
                    up_class_rows[finding->class].name, up_class_rows[samples[i].class].name);
                up_finding_free(finding);
        }
}

/* What a person needs to see beside the stack. */
static void test_detail(void **state)
{
        static const struct {
                const char *text;
                const char *says;
        } details[] = {
                { clang_overflow, "2147483647 + 1 cannot be represented" },
                { gcc_assertion, "assertion failed: (n==1)" },
                { clang_assertion, "Assertion `n==1' failed." },
                { gcc_use_after_free, "after it was freed" },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(details); i++) {
                struct up_finding *finding = read_text(details[i].text);

                assert_non_null(strstr(finding->detail, details[i].says));
                up_finding_free(finding);
        }
}

static void test_frames(void **state)
{
        g_autoptr(GPtrArray) frames = up_frames_new();
        struct up_finding *finding = up_sanitizer_parse(clang_use_after_free, frames);
        const struct up_frame *library = g_ptr_array_index(frames, 0);
        const struct up_frame *ours = g_ptr_array_index(frames, 1);
        const struct up_frame *engine = g_ptr_array_index(frames, 4);
        (void)state;

        assert_int_equal(library->owner, UP_FRAME_GMIME);
        assert_string_equal(library->place, "gmime-3.2.13/gmime/gmime-object.c:570");
        assert_int_equal(ours->owner, UP_FRAME_OURS);
        assert_string_equal(ours->place, "fuzz/fuzz_canary.c:35");
        assert_int_equal(engine->owner, UP_FRAME_RUNTIME);
        assert_string_equal(engine->function, "fuzzer::Fuzzer::ExecuteCallback");
        up_finding_free(finding);
}

/* The stack of the fault, not that of the free. */
static void test_first_stack_only(void **state)
{
        g_autoptr(GPtrArray) frames = up_frames_new();
        struct up_finding *finding = up_sanitizer_parse(gcc_use_after_free, frames);
        (void)state;

        assert_non_null(strstr(gcc_use_after_free, "__interceptor_free"));
        for (guint i = 0; i < frames->len; i++) {
                const struct up_frame *frame = g_ptr_array_index(frames, i);
                assert_string_not_equal(frame->function, "__interceptor_free");
        }
        up_finding_free(finding);
}

/* A stack that ends elsewhere in the same recursion, or at another depth, is the same fault. */
static void test_recursion_is_one_fault(void **state)
{
        static const char *const stacks[][9] = {
                { "parse", "part", "multi", "parse", "part", "multi", "parse", "entry", NULL },
                { "multi", "parse", "part", "multi", "parse", "part", "multi", "parse", NULL },
                { "leaf", "part", "multi", "parse", "part", "multi", "parse", "part", NULL },
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(stacks); i++) {
                g_autoptr(GString) text =
                    g_string_new("==1==ERROR: AddressSanitizer: stack-overflow on address 0x1\n");
                struct up_finding *finding;

                for (size_t j = 0; stacks[i][j] != NULL; j++)
                        g_string_append_printf(text,
                            UP_FRAME_MARK "\t%zu\t%s\tfuzz/sample.c:%zu\tx\t0x1\n", j, stacks[i][j],
                            j);
                finding = read_text(text->str);
                assert_string_equal(finding->signature, "stack-overflow (multi parse part)*");
                up_finding_free(finding);
        }
}

/* Where a hang was interrupted is chance: the library call that does not come back is named. */
static void test_hang(void **state)
{
        static const char *const inner[] = { "header_step", "header_parse" };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(inner); i++) {
                g_autoptr(GPtrArray) frames = up_frames_new();
                g_autofree char *text = g_strdup_printf(
                    "==1==ERROR: AddressSanitizer: ABRT on unknown address 0x1\n" FRAME(
                        "%s", "gmime-3.2.13/gmime/gmime-parser.c:1")
                        FRAME("g_mime_parser_construct_message", "gmime-3.2.13/gmime/a.c:2")
                            FRAME("up_mime_parse", "/src/unpend/harness/mail/mime.c:3")
                                FRAME("up_mime_examine", "/src/unpend/harness/mail/mime.c:4")
                                    FRAME("examine", "/src/unpend/fuzz/fuzz_mime.c:5"),
                    inner[i]);
                struct up_finding *finding = up_sanitizer_hang(text, 60, frames);

                assert_int_equal(finding->class, UP_CLASS_HANG);
                assert_string_equal(finding->signature,
                    "hang g_mime_parser_construct_message < up_mime_parse < up_mime_examine");
                assert_non_null(strstr(finding->detail, "60 s"));
                up_finding_free(finding);
        }
}

/* A hang in which the sanitizer said nothing is a hang all the same. */
static void test_silent_hang(void **state)
{
        g_autoptr(GPtrArray) frames = up_frames_new();
        struct up_finding *finding = up_sanitizer_hang("", 60, frames);
        (void)state;

        assert_int_equal(finding->class, UP_CLASS_HANG);
        assert_string_equal(finding->signature, "hang");
        up_finding_free(finding);
}

static void test_signals(void **state)
{
        struct up_finding *segv = up_sanitizer_signal(SIGSEGV);
        struct up_finding *killed = up_sanitizer_signal(SIGKILL);
        (void)state;

        assert_int_equal(segv->class, UP_CLASS_CRASH);
        assert_string_equal(segv->signature, "SIGSEGV");
        assert_int_equal(killed->class, UP_CLASS_MEMORY);
        up_finding_free(segv);
        up_finding_free(killed);
}

/* What a message or a library says must not pass for a report. */
static void test_no_report(void **state)
{
        static const char *const texts[] = {
                "",
                "Running: x.eml\nExecuted x.eml in 3 ms\n",
                "Subject: ==1==ERROR: AddressSanitizer: heap-use-after-free\n",
                "he said: runtime error: it broke\n",
                "==1==WARNING: AddressSanitizer failed to allocate 0x7 bytes\n",
                "== heading ==\n==123\n==123==",
        };
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_null(read_text(texts[i]));
}

/* A kind that no row knows is still a crash, and named. */
static void test_unknown_kind(void **state)
{
        struct up_finding *finding =
            read_text("==7==ERROR: AddressSanitizer: new-kind-of-fault on address 0x1\n");
        (void)state;

        assert_int_equal(finding->class, UP_CLASS_CRASH);
        assert_string_equal(finding->signature, "new-kind-of-fault");
        up_finding_free(finding);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_samples),
                cmocka_unit_test(test_detail),
                cmocka_unit_test(test_frames),
                cmocka_unit_test(test_first_stack_only),
                cmocka_unit_test(test_recursion_is_one_fault),
                cmocka_unit_test(test_hang),
                cmocka_unit_test(test_silent_hang),
                cmocka_unit_test(test_signals),
                cmocka_unit_test(test_no_report),
                cmocka_unit_test(test_unknown_kind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
