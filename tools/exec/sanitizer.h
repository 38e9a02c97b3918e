/*
 * sanitizer - reads what a sanitizer, libFuzzer or a dying process printed
 *
 * Understands AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer of gcc and of clang,
 * libFuzzer's own errors, and failed assertions, and our own gauge. The first report in a text is
 * the one that counts: what comes after it follows from it.
 *
 * The signature is the kind of fault and the three innermost functions of ours, GMime's or
 * OpenSSL's, up to where we called the library, without addresses and lines, recursion folded, so
 * that one fault has one signature whatever message shows it:
 *
 *     heap-use-after-free g_mime_header_list_get < g_mime_object_get_header
 *     stack-overflow (construct_multipart construct_part)*
 *
 * Out of fuel (target/fuel.h) is a `hang` like that, whose innermost function is the one that
 * loops. Of a hang by the watchdog the innermost functions are chance; there the outermost library
 * call is named, and who called it.
 */
#ifndef UP_TOOLS_EXEC_SANITIZER_H
#define UP_TOOLS_EXEC_SANITIZER_H

#include <glib.h>

#include "oracle/finding.h"

/** Whose code a frame is in. */
enum up_frame_owner {
        UP_FRAME_OURS,
        UP_FRAME_GMIME,
        UP_FRAME_OPENSSL,
        UP_FRAME_OTHER,   /* GLib, zlib: named where nothing better is */
        UP_FRAME_RUNTIME, /* libc, the sanitizer, the engine: the last that is named */
};

struct up_frame {
        char *function; /* "?" where there is no symbol; owned */
        char *place;    /* file and line, or the library; "" if unknown; owned */
        enum up_frame_owner owner;
};

/**
 * The finding that @text shows, or NULL when there is none; the caller owns it. The frames of its
 * stack, innermost first, are appended to @frames, an array from up_frames_new().
 */
struct up_finding *up_sanitizer_read(const char *text, GPtrArray *frames);

/** A process that a signal ended without a word. The caller owns the result. */
struct up_finding *up_sanitizer_signal(int signal);

/**
 * A process that its watchdog ended because it was too large: what a sanitizer that bounds it would
 * have said. The caller owns the result.
 */
struct up_finding *up_sanitizer_large(void);

/**
 * The target did not come back within @limit_s. @text is what it printed when it was told to end:
 * a stack, if all went well. The caller owns the result.
 */
struct up_finding *up_sanitizer_hang(const char *text, unsigned limit_s, GPtrArray *frames);

/** An empty array of struct up_frame, which frees them. */
GPtrArray *up_frames_new(void);

#endif
