/*
 * policy - the configuration of the pipeline under test
 *
 * Two tables make one list of settings: the pipeline's own, below, and the limits of mail/limits.h.
 * The `policy:` line of a case, its help, its bounds and its defaults come from that list:
 *
 *     policy: lifetime=2d attempts=8 backoff=1m..1h unscannable=bounce max-depth=64 max-decoded=8m
 *
 * Times are written 250ms, 90s, 5m, 1h, 2d; a range of times 1m..1h; numbers plain, or with k or m
 * for multiples of 1024 and 1048576. Every value has bounds, so that no case needs unbounded work.
 */
#ifndef UP_CASE_POLICY_H
#define UP_CASE_POLICY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/limits.h"

/** What to do with a message that can never be scanned. */
enum up_unscannable { UP_UNSCANNABLE_BOUNCE, UP_UNSCANNABLE_DELIVER, UP_UNSCANNABLE_QUARANTINE };

/** What to do with an infected message. Its sender gets no report: it is most likely forged. */
enum up_infected { UP_INFECTED_QUARANTINE, UP_INFECTED_DISCARD };

/** What to do with a message that the scanner wants to deliver in other bytes. */
enum up_rewritten { UP_REWRITTEN_BOUNCE, UP_REWRITTEN_QUARANTINE };

struct up_policy {
        int64_t lifetime_ms;     /* a message that is not delivered within it is returned */
        int64_t attempts;        /* scan attempts before a message is unscannable */
        int64_t send_attempts;   /* transactions before a recipient has failed */
        int64_t backoff_min_ms;  /* gap after the first failed attempt; doubles each time */
        int64_t backoff_max_ms;  /* the longest gap */
        int64_t scan_timeout_ms; /* for one scan attempt */
        int64_t send_timeout_ms; /* for one transaction */
        int64_t workers;         /* scans and transactions at the same time */
        int64_t max_hops;        /* Received fields in a message; more is a loop */
        int64_t infected;        /* enum up_infected */
        int64_t unscannable;     /* enum up_unscannable */
        int64_t rewritten;       /* enum up_rewritten */
        int64_t transport_scan;  /* 0 or 1: TransportAVAPI\Enabled of KB843545 */
        int64_t store_scan;      /* 0 or 1 */
        struct up_limits limits;
};

enum up_policy_kind { UP_POLICY_TIME, UP_POLICY_TIME_RANGE, UP_POLICY_NUMBER, UP_POLICY_WORD };

struct up_policy_row {
        const char *name;
        const char *what;
        enum up_policy_kind kind;
        size_t offset;          /* of the field; of a range's lower end, the upper follows it */
        int64_t standard;       /* of a range: its lower end */
        int64_t standard_upper; /* of a range only */
        int64_t least;
        int64_t most;
        const char *const *words; /* of a word, NULL-terminated; its index is the value */
};

/** The pipeline's own settings. */
#define UP_POLICY_ROWS 13
extern const struct up_policy_row up_policy_rows[UP_POLICY_ROWS];

/** All settings: those rows, then one for each row of up_limit_rows. */
#define UP_POLICY_SETTINGS (UP_POLICY_ROWS + UP_LIMIT_ROWS)
struct up_policy_row up_policy_setting(size_t index);
const char *up_policy_name(size_t index);

/** Sets every setting to its default. */
void up_policy_init(struct up_policy *policy);

/**
 * Parses a time: 250ms, 90s, 5m, 1h, 2d. False, and @ret_ms untouched, if @text is not a time. A
 * time too large for its type becomes INT64_MAX.
 */
bool up_policy_parse_time(const char *text, int64_t *ret_ms);

/** The written form of a time, which must not be negative. The caller owns it. */
char *up_policy_print_time(int64_t ms);

/**
 * Sets one setting from its written value. A value out of bounds becomes the nearest bound; an
 * invalid one leaves the policy unchanged. For both it is false, and a line says what is wrong and
 * what is right; the caller owns it. No line is made if @ret_wrong is NULL.
 */
bool up_policy_set(struct up_policy *policy, const struct up_policy_row *setting, const char *text,
    char **ret_wrong);

/** The written value of one setting, as up_policy_set() takes it. The caller owns it. */
char *up_policy_get(const struct up_policy *policy, const struct up_policy_row *setting);

/**
 * The bound on liveness: within it, counted from acceptance, each recipient of a message must reach
 * a disposition, whatever the environment does. Lifetime, longest gap and longest attempt.
 */
int64_t up_policy_bound_ms(const struct up_policy *policy);

/**
 * The bound on promptness: within it, counted from acceptance, each recipient of a message is done
 * with where scanner and next hop are healthy and a worker is free. One attempt of each kind that
 * policy wants.
 */
int64_t up_policy_healthy_bound_ms(const struct up_policy *policy);

/** Does the setting have its default value? */
bool up_policy_is_standard(const struct up_policy *policy, const struct up_policy_row *setting);

#endif
