/*
 * seed_scan_submit - the seeds about the pipeline: a message, and what is done to it on its way
 *
 * Each is a mail that a pipeline meets, with a short script. Together they say each verb at least
 * once, so that the fuzzer has all words to put together anew.
 *
 * None of them shows a planted fault as it stands: what a fault needs has to be put together by the
 * fuzzer, or nothing would be proved by its finding it. So a clear-signed message never comes from
 * a local user here while transport scan is on, and neither does a signed bystander.
 */
#include "tools/seed_table.h"

#define TARGET "scan_submit"

#define TEXT(subject, rest) .text = UP_SEED_USUAL(subject) rest
#define PLAIN(subject)      TEXT(subject, "\nBob,\n\nall is well.\n")
#define EICAR(subject)      TEXT(subject, "\n{{EICAR}}\n"), .infected = true

/* Small ones: elliptic curves, and no certificate where nobody looks at it. */
#define SIGNED                                                                                     \
        &(const struct up_seed_suite)                                                              \
        {                                                                                          \
                .signing = { .signers = { { .identity = "alice-ec" } },                            \
                        .without_certificates = true },                                            \
                .encrypting.recipients = { "bob-ec" },                                             \
        }

const struct up_seed up_seed_scan_submit[] = {
        /* How it is protected, and where it comes from. */
        { TARGET, "plain", "a plain message of a local user", PLAIN("plain"),
            .head = "script:\n  submit 1 local\n" },
        { TARGET, "plain-smtp", "a plain message by SMTP", PLAIN("plain"),
            .head = "script:\n  submit 1 smtp\n" },
        { TARGET, "clear-signed-smtp", "clear-signed, by SMTP", .steps = { UP_STEP_CLEAR },
            .suite = &up_seed_suites[2], .head = "script:\n  submit 1 smtp\n" },
        { TARGET, "signed-encrypted", "signed and encrypted, of a local user",
            .steps = { UP_STEP_CLEAR, UP_STEP_ENCRYPT }, .suite = SIGNED,
            .head = "script:\n  submit 1 local\n" },
        { TARGET, "opaque-smtp", "opaque-signed, by SMTP", .steps = { UP_STEP_OPAQUE },
            .suite = SIGNED, .head = "script:\n  submit 1 smtp\n" },
        { TARGET, "transport-scan-off", "clear-signed, while nothing is scanned in transport",
            .steps = { UP_STEP_CLEAR }, .suite = SIGNED,
            .head = "script:\n  transport-scan off\n  submit 1 local\n  wait 1m\n"
                    "  transport-scan on\n" },
        { TARGET, "bystanders", "two messages of others beside it", PLAIN("among others"),
            .head = "script:\n  bystander 1 plain local\n  submit 2 local\n"
                    "  bystander 3 signed smtp\n" },

        /* To whom. */
        { TARGET, "recipients", "three recipients: accepted, deferred for an hour, refused",
            PLAIN("to three"),
            .head = "envelope: from=alice@example.com to=bob@example.com,carol@example.com,"
                    "dave@example.com\n"
                    "script:\n  rcpt 2 defer\n  rcpt 3 reject\n  submit 1 local\n  wait 1h\n"
                    "  rcpt 2 accept\n" },
        { TARGET, "notify-never", "refused, and the sender wants no report", PLAIN("no report"),
            .head = "envelope: from=alice@example.com to=bob@example.com notify=never\n"
                    "script:\n  hop 0 mail reject\n  submit 1 smtp\n" },
        { TARGET, "null-sender", "a notice of somebody else, refused", PLAIN("not delivered"),
            .head = "envelope: from=<> to=bob@example.com\n"
                    "script:\n  hop 0 dot reject\n  submit 1 smtp\n" },
        { TARGET, "smtputf8", "an address that is not ASCII, and a next hop without SMTPUTF8",
            PLAIN("to Bo"),
            .head = "envelope: from=alice@example.com to=bø@example.com\n"
                    "script:\n  offers smtputf8 off\n  submit 1 smtp\n" },
        { TARGET, "8bit", "8bit, and a next hop without 8BITMIME",
            TEXT("8bit", "Content-Type: text/plain; charset=iso-8859-1\n"
                         "Content-Transfer-Encoding: 8bit\n\nGr\xfc\xdf"
                         "e\n"),
            .head = "script:\n  offers 8bitmime off\n  submit 1 local\n" },
        { TARGET, "size", "a next hop that bounds the size, and later does not", PLAIN("small"),
            .head = "script:\n  offers size on\n  submit 1 local\n  wait 1s\n  offers size off\n"
                    "  submit 2 local\n" },

        { TARGET, "one-worker", "a single worker, and more mail than it can take at once",
            PLAIN("one after the other"),
            .head = "policy: workers=1\nscript:\n  scan 2 busy\n  submit 1 local\n"
                    "  bystander 2 plain local\n  bystander 3 plain smtp\n  wait 1m\n"
                    "  scan 2 clean\n" },

        /* What the scanner says. */
        { TARGET, "store-scan", "scanned before it is submitted, and before it is read",
            PLAIN("twice scanned"), .head = "policy: store-scan=on\nscript:\n  submit 1 local\n" },
        { TARGET, "infected", "EICAR, discarded in transport", EICAR("infected"),
            .head = "policy: infected=discard\nscript:\n  submit 1 smtp\n" },
        { TARGET, "infected-in-store", "EICAR, found in the store alone", EICAR("infected"),
            .head = "policy: transport-scan=off store-scan=on\nscript:\n  submit 1 local\n" },
        { TARGET, "scan-late", "a verdict that comes after the time-out", PLAIN("late"),
            .head = "policy: scan-timeout=10s\nscript:\n  scan 1 late\n  submit 1 local\n"
                    "  wait 15s\n  scan 1 by-content\n" },
        { TARGET, "scan-twice", "each verdict comes twice", PLAIN("twice"),
            .head = "script:\n  scan 0 twice\n  submit 1 local\n  submit 2 smtp\n" },
        { TARGET, "scan-other", "a verdict about another message", PLAIN("mixed up"),
            .head = "policy: attempts=3\nscript:\n  scan 1 other\n  submit 1 local\n"
                    "  submit 2 local\n" },
        { TARGET, "scan-busy", "a scanner that is busy, dies, and comes back", PLAIN("busy"),
            .head = "script:\n  scan 0 busy\n  submit 1 local\n  wait 2m\n  scan 0 died\n"
                    "  wait 5m\n  scan 0 clean\n" },
        { TARGET, "signatures", "new signatures wake what waits for a scan", PLAIN("signatures"),
            .head = "script:\n  scan 1 error\n  submit 1 local\n  wait 1s\n  scan 1 clean\n"
                    "  signatures\n" },
        { TARGET, "allocation", "OpenSSL runs out of memory under the scanner",
            .steps = { UP_STEP_OPAQUE }, .suite = SIGNED,
            .head = "script:\n  allocation 40\n  submit 1 smtp\n  wait 1m\n" },
        { TARGET, "unscannable", "it cannot be scanned, and policy delivers it",
            PLAIN("unscannable"),
            .head = "policy: unscannable=deliver\nscript:\n  scan 1 unscannable\n"
                    "  submit 1 smtp\n" },
        { TARGET, "rewritten", "the scanner wants it changed", PLAIN("rewritten"),
            .head = "policy: rewritten=quarantine\nscript:\n  scan 1 rewritten\n"
                    "  submit 1 local\n  wait 1s\n  store-scan on\n  submit 2 local\n" },

        /* What the next hop does, and where it leads. */
        { TARGET, "hop-lost", "the reply to the dot is lost once", PLAIN("lost"),
            .head = "script:\n  hop 1 dot lost\n  submit 1 local\n  wait 10s\n"
                    "  hop 1 dot accept\n" },
        { TARGET, "loop", "it comes back until its hops are counted", PLAIN("round"),
            .head = "policy: max-hops=3\nscript:\n  loop on\n  submit 1 smtp\n" },

        /* Power, clocks and administrators. */
        { TARGET, "crash", "the power goes out twice", PLAIN("crash"),
            .head = "script:\n  crash 3\n  crash 7\n  submit 1 local\n" },
        { TARGET, "restart", "stopped and started while it waits", PLAIN("restart"),
            .head = "script:\n  hop 0 data defer\n  submit 1 smtp\n  wait 90s\n  restart\n"
                    "  hop 0 data accept\n" },
        { TARGET, "clock", "the wall clock jumps back and forward", PLAIN("clock"),
            .head = "script:\n  hop 0 mail defer\n  submit 1 local\n  wait 1s\n"
                    "  clock back 30d\n  wait 1h\n  clock forward 60d\n  hop 0 mail accept\n" },
        { TARGET, "hold-release", "held by an administrator, and released", PLAIN("held"),
            .head = "script:\n  scan 1 busy\n  submit 1 local\n  hold 1\n  wait 1h\n"
                    "  scan 1 clean\n  wait 1h\n  release 1\n" },
        { TARGET, "delete", "deleted by an administrator while it waits", PLAIN("deleted"),
            .head = "script:\n  hop 1 dot defer\n  submit 1 local\n  wait 1m\n  delete 1\n" },
};
const size_t up_seed_scan_submit_count = G_N_ELEMENTS(up_seed_scan_submit);
