/*
 * against_policy - is each disposition one that verdicts, replies, commands and policy ask for?
 *
 * Policy is the one in force when the message was handed in. A notice has no verdict and no policy
 * of its own; notices.c judges it.
 */
#include "oracle/facts.h"

struct walk {
        struct up_facts facts;
        GPtrArray *findings;
        uint64_t judged;
        bool *reported; /* by message: for what is reported of it once */
};

/* Calls @judge at each entry, after it was taken. Returns what @judge counted. */
static uint64_t walk_ledger(const struct up_ledger_index *index, GPtrArray *findings,
    void (*judge)(struct walk *walk, guint at))
{
        g_autofree bool *reported = g_new0(bool, index->messages->len + 1);
        struct walk walk = { .findings = findings, .reported = reported };

        up_facts_init(&walk.facts, index);
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                up_facts_take(&walk.facts, at);
                judge(&walk, at);
        }
        up_facts_clear(&walk.facts);
        return walk.judged;
}

/* Reports once per message what is wrong with it, not with a recipient. */
static void report_message(struct walk *walk, enum up_class class,
    const struct up_index_message *message, guint at, const char *problem)
{
        if (walk->reported[message->place])
                return;
        walk->reported[message->place] = true;
        up_report(walk->facts.index, walk->findings, class, message, NULL, at, problem, "it was %s",
            problem);
}

/* --- dispositions ----------------------------------------------------------------------------- */

static bool has(
    const struct walk *walk, const struct up_index_message *message, enum up_verdict verdict)
{
        return up_facts_has(&walk->facts, message, UP_LEVEL_TRANSPORT, verdict) ||
               up_facts_has(&walk->facts, message, UP_LEVEL_STORE, verdict);
}

/* What the message may be, and so what policy says is to be done with it. */
struct fate {
        bool infected, rewritten, unscannable;
        bool quarantine, discard, bounce;
};

static struct fate fate_of(
    struct walk *walk, const struct up_index_message *message, const struct up_entry *entry)
{
        const struct up_policy *policy = message->policy;
        struct fate fate = { .infected = has(walk, message, UP_VERDICT_INFECTED),
                .rewritten = has(walk, message, UP_VERDICT_REWRITTEN),
                .unscannable =
                    up_facts_is_unscannable(&walk->facts, message, UP_LEVEL_TRANSPORT, entry) };

        fate.quarantine = (fate.infected && policy->infected == UP_INFECTED_QUARANTINE) ||
                          (fate.rewritten && policy->rewritten == UP_REWRITTEN_QUARANTINE) ||
                          (fate.unscannable && policy->unscannable == UP_UNSCANNABLE_QUARANTINE);
        fate.discard = fate.infected && policy->infected == UP_INFECTED_DISCARD;
        fate.bounce = (fate.rewritten && policy->rewritten == UP_REWRITTEN_BOUNCE) ||
                      (fate.unscannable && policy->unscannable == UP_UNSCANNABLE_BOUNCE);
        return fate;
}

/* What policy says of it; NULL: nothing. */
static const char *name_of(const struct up_policy *policy, const struct fate *fate)
{
        static const char *const infected[] = { "infected, for quarantine",
                "infected, to be discarded" };
        static const char *const unscannable[] = { "unscannable, to be bounced",
                "unscannable, to be delivered", "unscannable, for quarantine" };
        static const char *const rewritten[] = { "rewritten, to be bounced",
                "rewritten, for quarantine" };

        return fate->infected      ? infected[policy->infected]
               : fate->rewritten   ? rewritten[policy->rewritten]
               : fate->unscannable ? unscannable[policy->unscannable]
                                   : NULL;
}

static bool is_deleted(const struct up_index_change *change)
{
        for (const struct up_index_command *command = change->recipient->message->first_command;
             command != NULL && command->step <= change->step; command = command->next)
                if (command->command == UP_COMMAND_DELETE)
                        return true;
        return false;
}

/* Its failure cannot be reported, so it may be dropped instead of bounced. */
static bool is_unreportable(const struct up_index_message *message)
{
        return *message->from == '\0' || !message->submit->as.submit.notify;
}

/* The change at an entry by which a submitted recipient got its first disposition; NULL: it is
 * none. */
static const struct up_index_change *end_at(const struct walk *walk, guint at)
{
        const struct up_index_change *change = walk->facts.index->subjects[at].change;

        if (change == NULL || change->recipient->message->submit == NULL ||
            change->view->disposition == UP_DISPOSITION_NONE)
                return NULL;
        const struct up_index_change *before =
            walk->facts.recipients[change->recipient->place].before;
        return before == NULL || before->view->disposition == UP_DISPOSITION_NONE ? change : NULL;
}

static void judge_parked(struct walk *walk, guint at)
{
        const struct up_index_change *end = end_at(walk, at);

        walk->judged += end != NULL;
        if (end == NULL || end->view->disposition != UP_DISPOSITION_QUARANTINED)
                return;
        const struct up_index_message *message = end->recipient->message;
        struct fate fate = fate_of(walk, message, up_index_entry(walk->facts.index, at));
        if (name_of(message->policy, &fate) != NULL)
                return;
        g_autofree char *signature = g_strdup_printf("parked: %s", up_state_of(end));
        struct up_finding *finding = up_report(walk->facts.index, walk->findings, UP_CLASS_PENDING,
            message, end->recipient, at, signature,
            "it was put into quarantine, and no verdict and no policy asked for that");
        finding->evidence = UP_EVIDENCE_PARKED;
}

uint64_t up_judge_parked(const struct up_ledger_index *index, GPtrArray *findings)
{
        return walk_ledger(index, findings, judge_parked);
}

/* For sure, and before it was sent: a verdict that came late need not have been seen, and one in
 * the store is on what other recipients have. */
static bool is_infected(const struct walk *walk, const struct up_index_message *message)
{
        return walk->facts.messages[message->place].verdict[UP_LEVEL_TRANSPORT] ==
               UP_VERDICT_INFECTED;
}

/* Is this how policy wants it to end? Quarantine that nothing asks for is `parked`, and a discarded
 * message that nobody deleted is `lost`. */
static bool is_right_end(
    struct walk *walk, const struct up_index_change *end, const struct fate *fate)
{
        const struct up_index_message *message = end->recipient->message;
        const struct up_entry *entry = up_index_entry(walk->facts.index, end->entry);

        switch (end->view->disposition) {
        case UP_DISPOSITION_QUARANTINED:
                return fate->quarantine || name_of(message->policy, fate) == NULL;
        case UP_DISPOSITION_DISCARDED:
                if (fate->discard || is_deleted(end))
                        return true;
                if (!fate->infected && !is_unreportable(message))
                        return true;
                break;
        case UP_DISPOSITION_BOUNCED:
        case UP_DISPOSITION_ABANDONED:
                break;
        default:
                return true;
        }
        return fate->bounce || (!is_infected(walk, message) &&
                                   up_facts_is_undeliverable(&walk->facts, end->recipient, entry));
}

static void judge_end(struct walk *walk, const struct up_index_change *end)
{
        const struct up_index_message *message = end->recipient->message;
        struct fate fate = fate_of(walk, message, up_index_entry(walk->facts.index, end->entry));

        walk->judged++;
        if (is_right_end(walk, end, &fate))
                return;
        const char *name = name_of(message->policy, &fate);
        g_autofree char *signature = g_strdup_printf("%s: %s", up_disposition_of(end),
            name != NULL ? name : "attempts and lifetime were not used up");
        up_report(walk->facts.index, walk->findings, UP_CLASS_AGAINST_POLICY, message,
            end->recipient, end->entry, signature, "%s after %u scans and %u transactions",
            signature, walk->facts.messages[message->place].scans[UP_LEVEL_TRANSPORT],
            walk->facts.recipients[end->recipient->place].sends);
}

/* --- attempts --------------------------------------------------------------------------------- */

/* Restarts cut attempts off, and new signatures are a reason for one more. */
static const char *excess_of(const struct walk *walk, const struct up_index_recipient *recipient)
{
        const struct up_index_message *message = recipient->message;
        const struct up_facts *facts = &walk->facts;
        const struct up_message_facts *of = &facts->messages[message->place];
        unsigned excused = facts->restarts - of->born_restarts;
        unsigned excused_scans = excused + facts->signatures - of->born_signatures;

        for (size_t level = 0; level < UP_LEVEL_COUNT; level++)
                if (of->scans[level] > message->policy->attempts + excused_scans)
                        return "scanned more often than policy allows";
        return facts->recipients[recipient->place].sends > message->policy->send_attempts + excused
                   ? "sent more often than policy allows"
                   : NULL;
}

/* --- access ----------------------------------------------------------------------------------- */

/* Only what is in the store and was undecided can be refused. */
static void judge_access(struct walk *walk, guint at)
{
        const struct up_index_change *change = walk->facts.index->subjects[at].change;

        if (change == NULL || change->view->access != UP_ACCESS_REFUSED ||
            change->recipient->message->submit == NULL)
                return;
        const struct up_index_message *message = change->recipient->message;
        struct up_facts *facts = &walk->facts;
        walk->judged++;
        if (up_facts_has(facts, message, UP_LEVEL_STORE, UP_VERDICT_INFECTED) ||
            up_facts_has(facts, message, UP_LEVEL_STORE, UP_VERDICT_REWRITTEN) ||
            (message->policy->unscannable != UP_UNSCANNABLE_DELIVER &&
                up_facts_is_unscannable(
                    facts, message, UP_LEVEL_STORE, up_index_entry(facts->index, at))))
                return;
        report_message(walk, UP_CLASS_AGAINST_POLICY, message, at,
            up_facts_is_clean(facts, message, UP_LEVEL_STORE)
                ? "refused in the store, though clean"
                : "refused in the store, and neither verdict nor policy says so");
}

/* --- requests --------------------------------------------------------------------------------- */

static void judge_scan(struct walk *walk, guint at, const struct up_index_request *request)
{
        const struct up_index_message *message = request->message;
        enum up_level level = request->asked->as.scan.level;

        walk->judged++;
        if (level == UP_LEVEL_TRANSPORT ? message->policy->transport_scan == 0
                                        : message->policy->store_scan == 0)
                report_message(walk, UP_CLASS_AGAINST_POLICY, message, at,
                    level == UP_LEVEL_TRANSPORT ? "scanned in transport, which is switched off"
                                                : "scanned in the store, which is switched off");
}

/* In the step of a crash, views are those of the dead process. A second delivery is `duplicate`. */
static void judge_send(struct walk *walk, guint at, const struct up_index_request *request)
{
        const struct up_ledger_index *index = walk->facts.index;

        for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                const struct up_index_recipient *recipient =
                    up_index_send_recipient(index, request->asked, i);
                if (recipient == NULL || up_index_step(index, request->asked_step)->crashed)
                        continue;
                const struct up_index_change *current =
                    walk->facts.recipients[recipient->place].current;
                walk->judged++;
                if (current != NULL && current->view->disposition != UP_DISPOSITION_NONE &&
                    current->view->disposition != UP_DISPOSITION_DELIVERED) {
                        g_autofree char *problem =
                            g_strdup_printf("sent after it was %s", up_disposition_of(current));
                        report_message(
                            walk, UP_CLASS_AGAINST_POLICY, request->message, at, problem);
                }
        }
}

static void judge_entry(struct walk *walk, guint at)
{
        const struct up_entry *entry = up_index_entry(walk->facts.index, at);
        const struct up_index_request *request = walk->facts.index->subjects[at].request;
        const struct up_index_change *end = end_at(walk, at);

        if (request != NULL && request->message != NULL && request->message->submit != NULL) {
                if (entry->kind == UP_ENTRY_SCAN)
                        judge_scan(walk, at, request);
                if (entry->kind == UP_ENTRY_SEND)
                        judge_send(walk, at, request);
        }
        judge_access(walk, at);
        if (end == NULL)
                return;
        judge_end(walk, end);
        const char *excess = excess_of(walk, end->recipient);
        if (excess != NULL)
                report_message(walk, UP_CLASS_AGAINST_POLICY, end->recipient->message, at, excess);
}

uint64_t up_judge_against_policy(const struct up_ledger_index *index, GPtrArray *findings)
{
        return walk_ledger(index, findings, judge_entry);
}

/* --- delivered-unscanned/given-up ------------------------------------------------------------- */

/* Where policy wants unscanned mail delivered, a scan has to be tried nevertheless. Infected mail
 * is `delivered-infected`. */
static const char *unscanned_problem(struct walk *walk, const struct up_index_message *message,
    enum up_level level, const struct up_entry *entry)
{
        struct up_facts *facts = &walk->facts;

        if (up_facts_has(facts, message, level, UP_VERDICT_CLEAN) ||
            up_facts_has(facts, message, level, UP_VERDICT_INFECTED) ||
            up_facts_is_unscannable(facts, message, level, entry))
                return NULL;
        if (up_facts_has(facts, message, level, UP_VERDICT_REWRITTEN))
                return "released although the scanner wants other bytes";
        return facts->messages[message->place].scans[level] == 0
                   ? "released and never scanned"
                   : "released before its scan was given up";
}

static void judge_release(struct walk *walk, guint at)
{
        const struct up_index_message *message = walk->facts.index->subjects[at].message;
        const struct up_entry *entry = up_index_entry(walk->facts.index, at);
        enum up_level level = entry->kind == UP_ENTRY_OPEN ? UP_LEVEL_STORE : UP_LEVEL_TRANSPORT;

        if ((entry->kind != UP_ENTRY_OPEN && entry->kind != UP_ENTRY_SEND) || message == NULL ||
            message->submit == NULL || message->policy->unscannable != UP_UNSCANNABLE_DELIVER ||
            (level == UP_LEVEL_STORE ? message->policy->store_scan
                                     : message->policy->transport_scan) == 0)
                return;
        walk->judged++;
        const char *problem = unscanned_problem(walk, message, level, entry);
        if (problem != NULL)
                report_message(walk, UP_CLASS_DELIVERED_UNSCANNED, message, at, problem);
}

uint64_t up_judge_given_up(const struct up_ledger_index *index, GPtrArray *findings)
{
        return walk_ledger(index, findings, judge_release);
}
