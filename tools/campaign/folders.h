/*
 * folders - where the files of a campaign are
 */
#ifndef UP_TOOLS_CAMPAIGN_FOLDERS_H
#define UP_TOOLS_CAMPAIGN_FOLDERS_H

/** Below `crashes`: those that were triaged. */
#define UP_CRASHES_DONE "done"

/** The files of a target's campaign: DIR/TARGET/... */
struct up_folders {
        char *binary;      /* libFuzzer's target, which merges and measures for all engines */
        char *corpus;      /* inputs that add coverage, named by SHA-1 as libFuzzer names them */
        char *crashes;     /* inputs that ended the process: KIND-SHA1, as libFuzzer names them */
        char *kept;        /* smallest input of each finding that the target survived, by slug */
        char *findings;    /* SLUG.case: minimised; the result */
        char *inbox;       /* inputs for examiners (target/inbox.h) */
        char *work;        /* logs, progress, what is being made */
        const char *fault; /* planted into the target's pipeline in all of it; NULL: none */
};

#endif
