/*
 * objects - a message as GMime parses it: its objects, their content, its writing
 *
 * None of this decides what a signature covers: for that see mail/entity.h, which keeps raw bytes.
 */
#ifndef UP_GMIME_OBJECTS_H
#define UP_GMIME_OBJECTS_H

#include <gmime/gmime.h>

#include "mail/observations.h"

/* GMime 3.2 declares none of these. */
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

/** Parses a message. NULL when GMime cannot. The caller owns the result. */
GMimeMessage *up_mime_parse(GBytes *message, struct up_observations *observed);

/**
 * The content of a leaf after transfer decoding, at most @most bytes of it; empty where there is
 * none. The caller owns the result.
 */
GBytes *up_mime_decoded(GMimePart *part, size_t most);

/**
 * Every object of the tree within the limits of depth and parts: the message, its part, theirs,
 * nested messages and so on; parents before their parts, siblings in order. A message and its one
 * part are one entity, so that the limits mean what entity.h means by them.
 * Returns an array of GMimeObject that holds references; g_ptr_array_unref() frees it.
 */
GPtrArray *up_mime_objects(GMimeMessage *message, struct up_observations *observed);

/** A message with more of them is read in one way and not edited: GMime's time grows as n*n. */
#define UP_MIME_MANY_OBJECTS 256

/** Calls the few accessors that most software calls: for a message made or parsed again. */
void up_mime_call_common_accessors(GMimeMessage *message);

/** The message as GMime writes it; @options may be NULL. The caller owns the result. */
GBytes *up_mime_written(GMimeMessage *message, GMimeFormatOptions *options);

/**
 * Remarks, as UP_REMARK_REWRITTEN, by what kind of bytes two writings of one message differ: the
 * site is "@what: KIND". Does nothing when they are the same.
 */
void up_mime_remark_difference(
    struct up_observations *observed, const char *what, GBytes *before, GBytes *after);

#endif
