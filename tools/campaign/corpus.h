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

/** Whose code an edge is in. */
enum up_code { UP_CODE_OURS, UP_CODE_GMIME, UP_CODE_OPENSSL };
#define UP_CODES 3
extern const char *const up_code_names[UP_CODES];

struct up_coverage {
        unsigned covered[UP_CODES]; /* edges reached by the corpus */
        unsigned total[UP_CODES];   /* edges that there are */
};

/**
 * Copies every file under @seeds into the corpus, under its SHA-1, but for those that already
 * crashed; what is longer than the target takes is cut. False with @error when the folder or a file
 * cannot be read or written.
 */
bool up_corpus_add(
    const struct up_folders *folders, const char *binary, const char *seeds, GError **error);

/** The same of one file. */
bool up_corpus_add_file(
    const struct up_folders *folders, const char *binary, const char *path, GError **error);

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
bool up_corpus_merge(const struct up_folders *folders, const char *binary, GError **error);

/** If a merge was interrupted between two names, finishes it. Call before anything else. */
void up_corpus_recover(const struct up_folders *folders);

/** Runs the corpus once and says what it covers, by whose code. */
bool up_corpus_measure(const struct up_folders *folders, const char *binary,
    struct up_coverage *ret_coverage, GError **error);

/**
 * Runs the engine once, as `words...` with the target's own options added, in the fuzzing
 * environment with @variables ("NAME=value", NULL-terminated, may be NULL) added, its output in
 * work/NAME.log. Returns its exit status, 128
 * and the signal when one ended it, or -1 with @error: it was not started, or interrupted.
 */
int up_engine_run(const struct up_folders *folders, const char *name, char **variables,
    char **words, GError **error);

#endif
