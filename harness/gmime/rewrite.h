/*
 * rewrite - edits a message as gateways do, and writes it
 */
#ifndef UP_GMIME_REWRITE_H
#define UP_GMIME_REWRITE_H

#include "gmime/objects.h"

/**
 * Makes one edit, which is drawn, and writes the message. An edit alone may fail where those before
 * it in up_mime_rewrite() prevent that.
 */
void up_mime_edit_once(GMimeMessage *message, struct up_observations *observed);

/**
 * Adds and replaces headers, sets parameters and dispositions again, re-encodes content, writes the
 * message in several formats, parses what it wrote. The message is changed. Each kind of difference
 * between what was read and what was written is a UP_REMARK_REWRITTEN; it is no fault, because
 * these bytes are not delivered.
 */
void up_mime_rewrite(GMimeMessage *message, struct up_observations *observed);

#endif
