/*
 * seed_machine - the seeds about the pure machine: what happens to a message, byte by byte
 *
 * A byte lets some time pass and says what happens then: the three upper bits and the five lower
 * ones, as fuzz/machine.c reads them. What is no event of a content is one of its recipient.
 *
 * None of them shows a planted fault: no verdict without a reason is left to the fuzzer.
 */
#include "tools/seed_table.h"

#include "scan_submit/machine.h"

#define TARGET "machine"

/* How much time passes, as in fuzz/machine.c. */
enum passing { NOW, TICK, SECOND, MINUTE, HOUR, DAY, BEFORE_TIMER, AT_TIMER };

#define AFTER(passing, choice)    ((passing) << 5 | (choice))
#define CONTENT(passing, event)   AFTER(passing, UP_CONTENT_##event)
#define RECIPIENT(passing, event) AFTER(passing, UP_CONTENT_EVENTS + UP_RECIPIENT_##event)
#define RESTART(passing)          AFTER(passing, 31)
#define CLEARED                   CONTENT(NOW, BEGIN), CONTENT(SECOND, CLEAN)
/* A timer fires only when time goes on: the first byte comes up to it, the second lets it fire. */
#define RETRIED CONTENT(AT_TIMER, BEGIN), CONTENT(NOW, BEGIN)

#define MESSAGE(function, ...)                                                                     \
        static GBytes *function(void)                                                              \
        {                                                                                          \
                static const guint8 bytes[] = { __VA_ARGS__ };                                     \
                                                                                                   \
                return g_bytes_new_static(bytes, sizeof bytes);                                    \
        }

MESSAGE(make_delivered, CLEARED, RECIPIENT(NOW, BEGIN), RECIPIENT(SECOND, ACCEPTED))
MESSAGE(make_scan_fails, CONTENT(NOW, BEGIN), CONTENT(SECOND, ERROR), RETRIED, RETRIED, RETRIED,
    CONTENT(BEFORE_TIMER, OPAQUE))
MESSAGE(make_deferred, CLEARED, RECIPIENT(NOW, BEGIN), RECIPIENT(SECOND, DEFERRED),
    RECIPIENT(AT_TIMER, BEGIN), RECIPIENT(NOW, BEGIN), RECIPIENT(TICK, UNKNOWN),
    RECIPIENT(HOUR, BEGIN), RECIPIENT(SECOND, REJECTED))
MESSAGE(make_held, CONTENT(NOW, BEGIN), RECIPIENT(TICK, HOLD), CONTENT(SECOND, CLEAN),
    RECIPIENT(DAY, HOLD), RECIPIENT(HOUR, RELEASE), RECIPIENT(MINUTE, BEGIN),
    RECIPIENT(TICK, ACCEPTED))
MESSAGE(make_restarts, CONTENT(NOW, BEGIN), RESTART(TICK), CONTENT(AT_TIMER, SIGNATURES),
    CONTENT(NOW, BEGIN), CONTENT(SECOND, CLEAN), RECIPIENT(NOW, BEGIN), RESTART(SECOND),
    RECIPIENT(MINUTE, BEGIN), RECIPIENT(NOW, ACCEPTED), RESTART(DAY))
MESSAGE(make_infected, CONTENT(MINUTE, BEGIN), CONTENT(NOW, SIGNATURES), CONTENT(SECOND, INFECTED),
    RECIPIENT(NOW, DELETE))
MESSAGE(make_expired, CLEARED, RECIPIENT(NOW, BEGIN), RECIPIENT(SECOND, DEFERRED),
    RECIPIENT(HOUR, BEGIN), RECIPIENT(BEFORE_TIMER, DEFERRED), RECIPIENT(DAY, BEGIN))

const struct up_seed up_seed_machine[] = {
        { TARGET, "delivered", "scanned and delivered", .make = make_delivered, .head = "" },
        { TARGET, "scan-fails", "the scanner errs, then is silent, then cannot",
            .make = make_scan_fails, .head = "policy: attempts=4 unscannable=quarantine\n" },
        { TARGET, "deferred", "deferred, the reply lost, refused", .make = make_deferred,
            .head = "" },
        { TARGET, "held", "held while it is scanned, and released a day later", .make = make_held,
            .head = "policy: lifetime=5d\n" },
        { TARGET, "restarts", "restarted in the midst of a scan and of a transaction",
            .make = make_restarts, .head = "" },
        { TARGET, "infected", "infected, and deleted too late", .make = make_infected,
            .head = "policy: infected=discard\n" },
        { TARGET, "expired", "a null sender's, deferred until its lifetime is over",
            .make = make_expired,
            .head = "envelope: from=<> to=bob@example.com\n"
                    "policy: lifetime=1d backoff=5m..2h\n" },
};
const size_t up_seed_machine_count = G_N_ELEMENTS(up_seed_machine);
