/*
 * policy - what the pipeline under test is told to do
 *
 * Two tables make one list of settings: the pipeline's own, below, and the limits of mail/limits.h,
 * which are policy too. The `policy:` line of a case, its help, its bounds and its standard values
 * are all read from that list:
 *
 *     policy: lifetime=2d attempts=8 backoff=1m..1h unscannable=bounce max-depth=64 max-decoded=8m
 *
 * Times are written 250ms, 90s, 5m, 1h, 2d; a range of times 1m..1h; numbers plain, or with k or m
 * for 1024 and 1048576 of it. Every value has bounds, so that no case asks for unbounded work.
 */
#ifndef UP_CASE_POLICY_H
#define UP_CASE_POLICY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/limits.h"

/** What becomes of a message that can never be scanned. */
enum up_unscannable { UP_UNSCANNABLE_BOUNCE, UP_UNSCANNABLE_DELIVER, UP_UNSCANNABLE_QUARANTINE };

/** What becomes of an infected message. Its sender is never told: it is most likely forged. */
enum up_infected { UP_INFECTED_QUARANTINE, UP_INFECTED_DISCARD };

/** What becomes of a message that the scanner wants to be delivered in other bytes. */
enum up_rewritten { UP_REWRITTEN_BOUNCE, UP_REWRITTEN_QUARANTINE };

struct up_policy {
        int64_t lifetime_ms;     /* a message not delivered by then is returned */
        int64_t attempts;        /* scan attempts before a message counts as unscannable */
        int64_t send_attempts;   /* transactions before a recipient is given up */
        int64_t backoff_min_ms;  /* gap after the first failed attempt; each next one is doubled */
        int64_t backoff_max_ms;  /* the longest gap */
        int64_t scan_timeout_ms; /* for one scan attempt */
        int64_t send_timeout_ms; /* for one transaction */
        int64_t workers;         /* scans and transactions at once */
        int64_t max_hops;        /* Received fields in a message; more is a loop */
        int64_t infected;        /* enum up_infected */
        int64_t unscannable;     /* enum up_unscannable */
        int64_t rewritten;       /* enum up_rewritten */
        int64_t transport_scan;  /* 0 or 1: the KB's TransportAVAPI\Enabled */
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

/** All settings: those rows, then one for each of up_limit_rows, in the same shape. */
#define UP_POLICY_SETTINGS (UP_POLICY_ROWS + UP_LIMIT_ROWS)
struct up_policy_row up_policy_setting(size_t index);

/** Sets every setting to its standard value. */
void up_policy_init(struct up_policy *policy);

/**
 * A time as a setting of the policy is written: 250ms, 90s, 5m, 1h, 2d. False, and @ret_ms
 * untouched, when @text is none. A time too large for its type becomes the largest there is.
 */
bool up_policy_parse_time(const char *text, int64_t *ret_ms);

/** The written form of a time that is not negative; the caller owns it. */
char *up_policy_print_time(int64_t ms);

/**
 * Sets one setting from its written value. A value outside its bounds is brought back to the
 * nearest one; what cannot be understood leaves the policy as it is. Returns NULL, or what is
 * wrong and what would be right: one line, owned by the caller.
 */
char *up_policy_set(
    struct up_policy *policy, const struct up_policy_row *setting, const char *text);

/** The written value of one setting; _set() takes it back. The caller owns the result. */
char *up_policy_get(const struct up_policy *policy, const struct up_policy_row *setting);

/**
 * The one bound: within so many milliseconds of its acceptance each recipient of a message comes to
 * a disposition, whatever the environment does. Lifetime, longest gap and longest attempt.
 */
int64_t up_policy_bound_ms(const struct up_policy *policy);

/** Has the setting its standard value? */
bool up_policy_is_standard(const struct up_policy *policy, const struct up_policy_row *setting);

#endif
