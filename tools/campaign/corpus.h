/*
 * corpus - a target's inputs: seeded, merged, measured
 *
 * By the engine's own means: libFuzzer merges, and says which functions were reached. All calls
 * wait for the engine; an interruption (up_tool_interrupted()) ends them and loses nothing.
 */
#ifndef UP_TOOLS_CAMPAIGN_CORPUS_H
#define UP_TOOLS_CAMPAIGN_CORPUS_H

#include <stdbool.h>

#include "tools/campaign/worker.h"

/** The code that an edge is in. */
enum up_code { UP_CODE_OURS, UP_CODE_GMIME, UP_CODE_OPENSSL, UP_CODE_COUNT };
extern const char *const up_code_names[UP_CODE_COUNT];

struct up_coverage {
        unsigned covered[UP_CODE_COUNT]; /* edges reached by the corpus */
        unsigned total[UP_CODE_COUNT];   /* edges that there are */
};

/**
 * Copies a file, or every file under a folder, into the corpus, under its SHA-1, unless it crashed
 * before; what is longer than the target takes is cut. False with @error when one cannot be read or
 * written.
 */
bool up_corpus_add(const struct up_folders *folders, const char *path, GError **error);

/**
 * Copies a file that broke the target to crashes/KIND-SHA1, unless one of the same bytes is there
 * or was, and takes it out of the corpus, which a merge would die of. Says in @ret_is_new whether
 * it was not there. False with @error as above.
 */
bool up_corpus_add_crash(const struct up_folders *folders, const char *path, const char *kind,
    bool *ret_is_new, GError **error);

/** Files in the corpus. */
unsigned up_corpus_count(const struct up_folders *folders);

/** Keeps only the inputs that add coverage. On failure the corpus stays as it was. */
bool up_corpus_merge(const struct up_folders *folders, GError **error);

/** If a merge was interrupted between two names, finishes it. Call before anything else. */
void up_corpus_recover(const struct up_folders *folders);

/** Runs the corpus once; @ret_coverage is what it covers. */
bool up_corpus_measure(
    const struct up_folders *folders, struct up_coverage *ret_coverage, GError **error);

/** Removes a file, or a folder with its contents; a link is not followed. */
void up_remove_tree(const char *path);

#endif
