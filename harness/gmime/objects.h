/*
 * objects - parses a message by GMime, lists its objects, decodes their content, writes it again
 *
 * To find the bytes that a signature covers, use mail/entity.h: it works on the raw message.
 */
#ifndef UP_GMIME_OBJECTS_H
#define UP_GMIME_OBJECTS_H

#include <gmime/gmime.h>

#include "mail/observations.h"

/* GMime 3.2 defines no cleanup functions of its own. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeAutocryptHeader, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeAutocryptHeaderList, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentDisposition, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeDataWrapper, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFormatOptions, g_mime_format_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParamList, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParserOptions, g_mime_parser_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimePart, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimePartIter, g_mime_part_iter_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddress, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

/** Parses a message. Returns NULL if GMime fails. The caller owns the result. */
GMimeMessage *up_mime_parse(GBytes *message, struct up_observations *observed);

/**
 * Returns the first @most bytes of a leaf's content after transfer decoding; empty if it has no
 * content. The caller owns the result.
 */
GBytes *up_mime_decoded(GMimePart *part, size_t most);

/**
 * Lists the objects of the tree within the limits of depth and parts, nested messages included:
 * parents before their parts, siblings in order. A message and its top-level part count as one
 * entity, as in mail/entity.h, so the limits mean the same in both.
 * Returns an array of GMimeObject that holds references; g_ptr_array_unref() frees it.
 */
GPtrArray *up_mime_objects(GMimeMessage *message, struct up_observations *observed);

/** The same, and appends the depth of each (unsigned; the message has 0) to @depths. */
GPtrArray *up_mime_objects_and_depths(
    GMimeMessage *message, struct up_observations *observed, GArray *depths);

/** A message with more objects is read in one way and not edited: GMime takes quadratic time. */
#define UP_MIME_MANY_OBJECTS 256

/** Calls the accessors that most software uses, on a message that was edited or parsed again. */
void up_mime_call_common_accessors(GMimeMessage *message);

/** Returns the message as GMime writes it; @options may be NULL. The caller owns the result. */
GBytes *up_mime_written(GMimeMessage *message, GMimeFormatOptions *options);

/**
 * Adds a UP_REMARK_REWRITTEN that says in which kind of bytes two written forms of a message
 * differ: the site is "@what: KIND". Does nothing if they are identical.
 */
void up_mime_remark_difference(
    struct up_observations *observed, const char *what, GBytes *before, GBytes *after);

#endif
