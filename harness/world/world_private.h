/*
 * inside - what the files of the world share: world.c, ports.c, script.c
 *
 * world.c calls the pipeline and moves the time, ports.c is what the pipeline calls, script.c is
 * what the verbs do.
 */
#ifndef UP_WORLD_WORLD_PRIVATE_H
#define UP_WORLD_WORLD_PRIVATE_H

#include "world/cycle_detector.h"
#include "world/next_hop.h"
#include "world/scanner.h"
#include "world/views.h"
#include "world/world.h"

/** The pipeline's clock when a run begins: nobody shall rely on it to be 0. */
#define UP_WORLD_BEGIN_MS INT64_C(1000000)

/** Something that is handed in, and what is remembered of it. */
struct up_letter {
        unsigned number; /* of the script; 0: born inside */
        unsigned hops;   /* how many times it came back */
        bool copy;       /* it came back */
        bool notify;
        enum up_origin origin;

        /* To hand it in; not remembered. */
        const char *from;
        const char *const *to;
        GBytes *bytes;
};

enum up_arrival_kind { UP_ARRIVAL_SCANNED, UP_ARRIVAL_SENT, UP_ARRIVAL_COPY };

/** Something that will come: an answer, or a copy of a message. */
struct up_arrival {
        int64_t due_ms;
        guint64 order; /* of those that are due together */
        enum up_arrival_kind kind;
        guint asked; /* the entry of the ledger that asked for it */
        struct up_scan_answer scan;
        uint64_t starved_at; /* of @scan: what failed, if it has no verdict for that */
        struct up_send_answer send;
        enum up_reply *rcpt; /* of @send; owned */

        /* Of a copy. */
        struct up_letter letter;
        const char **to; /* of @letter; owned, the strings are the ledger's */
};

struct up_world {
        const struct up_case *c;
        const struct up_pipeline *pipeline;
        void *self;
        struct up_ports ports;
        struct up_ledger *ledger;
        struct up_policy policy; /* in force */

        struct up_scanner scanner;
        struct up_next_hop hop;
        bool loop;

        int64_t now_ms;      /* since the run began */
        int64_t jump_s;      /* of the wall clock, all jumps together */
        int64_t next_run_ms; /* when the pipeline wants to be run, as it said after its last call */

        GSequence *arrivals; /* of struct up_arrival, the next one first */
        guint64 arrival_order;
        unsigned answers; /* among them */
        up_request last_request;

        GHashTable *letters;                 /* struct up_letter by up_id */
        up_id accepted[UP_CASE_NUMBERS + 1]; /* by number: the last one */
        const struct up_letter *handing_in;  /* during submit() */
        up_id handing_in_as; /* the first new message that the pipeline spoke of meanwhile; or 0 */
        const struct up_letter *in_doubt; /* the power went out during its submit() */
        up_id untold; /* accepted, and the pipeline does not tell of it; else 0 */

        unsigned operations; /* on storage */
        GArray *crashes;     /* of unsigned: at which operations, the next one first */
        bool power_out;

        struct up_views views;
        struct up_cycle_detector cycle_detector;
        bool script_ended;
        int64_t last_bound_ms;
        unsigned steps;
        guint64 bytes;          /* handed in */
        guint64 mail_bytes;     /* with their envelopes, for the hooks */
        unsigned runs_in_a_row; /* at this instant */
        bool ended;
        enum up_ending ending;
};

/** The ports, for ports.world to be set (ports.c). */
extern const struct up_ports up_world_ports;

/** Writes an entry of this instant; returns its place. @entry's time is set. */
guint up_world_write(struct up_world *world, struct up_entry *entry);

/** What is remembered of a message; of one that is not known, what can be guessed. */
struct up_letter up_world_letter(struct up_world *world, up_id message);

/** Takes the arrival over, and lets it come @after_ms from now. */
void up_world_expect(struct up_world *world, struct up_arrival *arrival, int64_t after_ms);

/** Before each call of the pipeline the current time, as it is told. */
int64_t up_world_told_ms(const struct up_world *world);

/** After each call of the pipeline, and what was written before it: the rest of the step. */
void up_world_step(struct up_world *world);

/** Hands a message in. */
void up_world_hand_in(struct up_world *world, const struct up_letter *letter);

/** Starts the pipeline again, for a reason that has been written down. */
void up_world_restart(struct up_world *world);

/** Does all that falls due until @until_ms, then it is that time; or the run has ended. */
void up_world_pass(struct up_world *world, int64_t until_ms);

/** All is well from now on. */
void up_world_heal(struct up_world *world);

/** Runs the script (script.c), but for the verbs that @mode leaves out. */
void up_world_play(struct up_world *world, enum up_mode mode);

#endif
