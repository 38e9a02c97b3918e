/*
 * novelty - did the input that ran reach an edge of the code that none before it reached?
 *
 * Reads the fuzz engine's own counters after each execution: the sections that libFuzzer's
 * instrumentation fills, or the map of AFL++. Ways of waiting (feedback.h) count as edges. What was
 * reached is recorded in a file that all processes of a campaign on one target map, so that it
 * outlives each of them. Where there is no engine, ways of waiting are all that is new.
 *
 * One look at 70,000 counters takes a few microseconds: they are read 64 at a time, and most are 0.
 */
#ifndef UP_TARGET_NOVELTY_H
#define UP_TARGET_NOVELTY_H

#include <stdbool.h>

/** The code that an edge is in. */
enum up_code { UP_CODE_OURS, UP_CODE_GMIME, UP_CODE_OPENSSL, UP_CODE_COUNT };
extern const char *const up_code_names[UP_CODE_COUNT];

/** Edges, by code. */
struct up_reached {
        unsigned covered[UP_CODE_COUNT]; /* reached so far */
        unsigned total[UP_CODE_COUNT];   /* that there are */
};

/**
 * Maps the record of what was reached, FOLDER/reached-libfuzzer or -afl, and makes it when it is
 * not there. Once per process, before the first input. False when that fails (errno).
 */
bool up_novelty_start(const char *folder);

/** Is the engine AFL++? */
bool up_novelty_is_afl(void);

/** Counts the edges that the last input was the first to reach, and records them; 0 without a
 * record. */
unsigned up_novelty_count(void);

/** Reads libFuzzer's record in the folder. False when there is none. */
bool up_novelty_read(const char *folder, struct up_reached *ret_reached);

/** Removes the records in the folder: all is new again. */
void up_novelty_forget(const char *folder);

#endif
