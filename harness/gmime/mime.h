/*
 * mime - a message as GMime reads it, and everything that mail software asks of it
 *
 * A gateway, a filter or a scanner never just parses: it decodes every header, resolves every
 * address, asks for every parameter, decodes every part, then adds a header and writes the message
 * out again. Each of those calls is code that some byte can break, so all of them are made here.
 *
 * None of this decides what a signature covers: for that see entity.h, which keeps raw bytes.
 *
 * What is found becomes remarks. No function here fails: a message that GMime makes nothing of
 * is an answer like any other. Follows RFC 5322, 2045 to 2049, 2183, 2231 as far as GMime does.
 */
#ifndef UP_GMIME_MIME_H
#define UP_GMIME_MIME_H

#include <gmime/gmime.h>

#include "mail/observations.h"

/* GMime 3.2 declares none of these. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)

/** Once a process, before any other call here; more calls do nothing. GMime starts. */
void up_mime_start(void);

/** Reads a message. NULL when GMime makes none of it. The caller owns the result. */
GMimeMessage *up_mime_parse(GBytes *message, struct up_observations *observed);

/** Walks the tree within the limits and asks every accessor of every object (touch.c). */
void up_mime_touch(GMimeMessage *message, struct up_observations *observed);

/**
 * Does to the message what gateways do (rewrite.c): adds and replaces headers, sets parameters and
 * dispositions again, re-encodes content, writes it out in several formats, parses what it wrote.
 * The message is changed. A difference between what was read and what was written is remarked as
 * UP_REMARK_REWRITTEN, by kind; it is no fault, because nothing delivers these bytes.
 */
void up_mime_rewrite(GMimeMessage *message, struct up_observations *observed);

/**
 * Reads the message as others drive the parser (parse_ways.c): from every kind of stream, in small
 * pieces, persistent or not, as mbox, with strict and with lenient options. That they differ is
 * remarked as UP_REMARK_REWRITTEN, and so is that GMime writes other bytes than it read.
 */
void up_mime_parse_ways(GBytes *message, struct up_observations *observed);

/** Compares GMime's decoding of every leaf with that of other decoders (compare.c). */
void up_mime_compare(GMimeMessage *message, struct up_observations *observed);

/**
 * The content of a leaf after transfer decoding, at most @most bytes of it.
 * An empty result where there is no content. The caller owns the result.
 */
GBytes *up_mime_decoded(GMimePart *part, size_t most);

/** All of the above on one message, with the log listened to. */
void up_mime_examine(GBytes *message, struct up_observations *observed);

#endif
