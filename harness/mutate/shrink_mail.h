/*
 * shrink_mail - the passes of shrink.h that leave out parts of the message
 */
#ifndef UP_MUTATE_SHRINK_MAIL_H
#define UP_MUTATE_SHRINK_MAIL_H

#include <glib.h>

#include "case/case.h"

/** Name, whether only one thing at a time can be left out, and for help. In order. */
#define UP_SHRINK_MAIL(X)                                                                          \
        X(inner, "inner", true, "a part, or what is sealed, in place of what is around it")        \
        X(parts, "parts", false, "parts of the message, with all that is in them")                 \
        X(fields, "fields", false, "header fields, of any part")                                   \
        X(parameters, "parameters", false, "parameters of header fields")                          \
        X(bodies, "bodies", true, "what a part holds, or a half of it once decoded")               \
        X(text, "text", false, "lines of what parts hold")                                         \
        X(lines, "lines", false, "lines of the whole message")                                     \
        X(bytes, "bytes", false, "bytes of the message")

#define UP_SHRINK_DECLARE(function, ...)                                                           \
        size_t up_shrink_count_##function(const struct up_case *c);                                \
        void up_shrink_leave_out_##function(                                                       \
            const struct up_case *c, size_t from, size_t to, GPtrArray *candidates);
UP_SHRINK_MAIL(UP_SHRINK_DECLARE)

/** Counts parts and fields of the message, those in layers that can be opened included. */
void up_shrink_count_mail(const struct up_case *c, unsigned *ret_parts, unsigned *ret_fields);

#endif
