/*
 * sanitizer - parses what a sanitizer, libFuzzer or a dying process printed
 *
 * Reads the reports of AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer of gcc and of
 * clang, libFuzzer's own errors, failed assertions, and "out of fuel" (target/fuel.h). The first
 * report in a text counts: those after it follow from it. Frames are in UP_FRAME_FORMAT, which the
 * sanitizers' option `stack_trace_format` sets. (`dedup_token_length` is no use here: gcc's
 * runtime has none for leaks and undefined behaviour, and its frames are those of the allocator.)
 *
 * The signature is the kind of fault and the three innermost functions of our code, GMime or
 * OpenSSL, up to where our code called the library, without addresses and lines, recursion folded,
 * so that one fault has one signature whatever message shows it:
 *
 *     heap-use-after-free g_mime_header_list_get < g_mime_object_get_header
 *     stack-overflow (construct_multipart construct_part)*
 *
 * A function without a symbol is named by its place in the library and the library's build ID:
 * "libgmime-3.0.so.0+0x1234 (87b7e2c5)".
 *
 * "Out of fuel" is a `hang` whose innermost function is the loop. Where the watchdog stopped a
 * process the innermost functions are arbitrary: the signature names the outermost library call
 * and its callers.
 */
#ifndef UP_TOOLS_EXEC_SANITIZER_H
#define UP_TOOLS_EXEC_SANITIZER_H

#include <glib.h>

#include "oracle/finding.h"

#define UP_FRAME_MARK "unpend-frame"

/** For `stack_trace_format`: number, function, source, line, module and offset, between tabs. */
#define UP_FRAME_FORMAT UP_FRAME_MARK "\t%n\t%f\t%s:%l\t%m\t%o"

/** The code that a frame belongs to. */
enum up_frame_owner {
        UP_FRAME_OURS,
        UP_FRAME_GMIME,
        UP_FRAME_OPENSSL,
        UP_FRAME_OTHER,   /* GLib, zlib: named where there is nothing better */
        UP_FRAME_RUNTIME, /* libc, the sanitizer, the engine: named last */
};

struct up_frame {
        char *function; /* without a symbol: library, offset and build ID; owned */
        char *place;    /* file and line, or the library; owned */
        enum up_frame_owner owner;
};

/**
 * The finding that @text shows, or NULL when there is none; the caller owns it. The frames of its
 * stack, innermost first, are appended to @frames, an array from up_frames_new().
 */
struct up_finding *up_sanitizer_parse(const char *text, GPtrArray *frames);

/** A process that a signal ended without a report. The caller owns the result. */
struct up_finding *up_sanitizer_signal(int signal);

/**
 * A process that its watchdog ended because it was too large; the finding is that of a sanitizer
 * which bounds memory. The caller owns the result.
 */
struct up_finding *up_sanitizer_large(void);

/**
 * The target did not return within @limit_s. @text is what it printed on SIGABRT: usually a stack.
 * The caller owns the result.
 */
struct up_finding *up_sanitizer_hang(const char *text, unsigned limit_s, GPtrArray *frames);

/** An empty array of struct up_frame, which frees them. */
GPtrArray *up_frames_new(void);

#endif
