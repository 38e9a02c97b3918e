/*
 * corpus - a target's inputs: seeded, merged; and those that broke it
 *
 * libFuzzer merges. An interruption (up_tool_interrupted()) ends that and loses nothing.
 */
#ifndef UP_TOOLS_CAMPAIGN_CORPUS_H
#define UP_TOOLS_CAMPAIGN_CORPUS_H

#include <glib.h>
#include <stdbool.h>

#include "tools/campaign/folders.h"

/**
 * Copies a file, or every file under a folder, into the corpus, under its SHA-1, unless it crashed
 * before; what is longer than the target takes is cut. False with @error when one cannot be read or
 * written.
 */
bool up_corpus_add(const struct up_folders *folders, const char *path, GError **error);

/**
 * Copies a file that broke the target to crashes/KIND-SHA1, unless one of the same bytes is there
 * or was, and takes it out of the corpus, which a merge would die of. Says in @ret_is_new whether
 * it was not there, and in @ret_crash, unless it is NULL, where it is, for the caller to free.
 * False with @error as above.
 */
bool up_corpus_add_crash(const struct up_folders *folders, const char *path, const char *kind,
    char **ret_crash, bool *ret_is_new, GError **error);

/** Removes the crash of the same bytes as the file, if it is there, and takes it out of the corpus.
 */
void up_corpus_remove_crash(const struct up_folders *folders, const char *path);

/** Puts a file into the inbox, for an examiner to look at what an explorer died of. */
void up_corpus_hand_on(const struct up_folders *folders, const char *path);

/** Files in the corpus. */
unsigned up_corpus_count(const struct up_folders *folders);

/**
 * Keeps only the inputs that add coverage, and records what they reach (target/novelty.h). False
 * with @error when libFuzzer fails, with G_IO_ERROR_CANCELLED when it was not done at @end_us, on
 * the monotonic clock, or was interrupted: then the corpus stays as it was.
 */
bool up_corpus_merge(const struct up_folders *folders, gint64 end_us, GError **error);

/** If a merge was interrupted between two names, finishes it. Call before anything else. */
void up_corpus_recover(const struct up_folders *folders);

/** Bytes of a file; G_MAXSIZE when there is none. */
gsize up_file_bytes(const char *path);

/** Removes a file, or a folder with its contents; a link is not followed. */
void up_remove_tree(const char *path);

#endif
