/*
 * commands - does an administrator's command have an effect?
 *
 * A transaction that is under way may finish. After `hold` none begins until `release`, and after
 * `delete` none at all; nothing that is held bounces, and what is deleted has its disposition as
 * soon as the attempt under way can be over. That a release ends a hold is judged by `pending`.
 *
 * A command in whose step the power failed may have been lost.
 */
#include "oracle/oracles.h"

enum standing { FREE, ON_HOLD, DELETED };

static const char *const standing_names[] = {
        [ON_HOLD] = "while held", [DELETED] = "after its deletion"
};

/* A message during the walk. */
struct subject {
        enum standing standing;
        guint step; /* of the command */
        int64_t at_ms;
        bool reported;
};

struct walk {
        const struct up_ledger_index *index;
        GPtrArray *findings;
        uint64_t judged;
        struct subject *subjects;                  /* by message */
        const struct up_index_request **under_way; /* by recipient: the latest transaction */
};

static void report(struct walk *walk, const struct up_index_message *message,
    const struct up_index_recipient *recipient, guint at, const char *what)
{
        struct subject *subject = &walk->subjects[message->place];

        if (subject->reported)
                return;
        subject->reported = true;
        g_autofree char *signature =
            g_strdup_printf("%s %s", what, standing_names[subject->standing]);
        g_autofree char *since = up_ledger_time(subject->at_ms);
        up_report(walk->index, walk->findings, UP_CLASS_DISOBEYED, message, recipient, at,
            signature, "the command was given at %s, and it was %s", since, signature);
}

static void take_command(struct walk *walk, guint at, guint step)
{
        const struct up_entry *entry = up_index_entry(walk->index, at);
        const struct up_index_message *message = walk->index->subjects[at].message;
        bool crashed = up_index_step(walk->index, step)->crashed;

        if (message == NULL || !message->accepted)
                return;
        struct subject *subject = &walk->subjects[message->place];
        if (subject->standing == DELETED)
                return;
        if (entry->as.command.command == UP_COMMAND_RELEASE) {
                subject->standing = FREE;
        } else if (!crashed) {
                walk->judged++;
                subject->standing =
                    entry->as.command.command == UP_COMMAND_HOLD ? ON_HOLD : DELETED;
                subject->step = step;
                subject->at_ms = entry->at_ms;
        }
}

static void take_send(struct walk *walk, const struct up_index_request *request)
{
        for (unsigned i = 0; i < request->asked->as.send.count; i++) {
                const struct up_index_recipient *recipient =
                    up_index_send_recipient(walk->index, request->asked, i);
                if (recipient != NULL)
                        walk->under_way[recipient->place] = request;
        }
        if (request->message != NULL && walk->subjects[request->message->place].standing != FREE)
                report(walk, request->message, NULL, request->asked_at, "sent");
}

/* Did a transaction last from before the command? */
static bool was_under_way(const struct walk *walk, const struct up_index_recipient *recipient)
{
        const struct up_index_request *request = walk->under_way[recipient->place];
        guint step = walk->subjects[recipient->message->place].step;

        return request != NULL && request->asked_step < step &&
               (request->answered_at == UP_NOWHERE || request->answered_step >= step);
}

static void take_change(struct walk *walk, const struct up_index_change *change)
{
        const struct up_index_message *message = change->recipient->message;

        if (walk->subjects[message->place].standing != FREE &&
            change->view->disposition == UP_DISPOSITION_BOUNCED &&
            change->step >= walk->subjects[message->place].step &&
            !was_under_way(walk, change->recipient))
                report(walk, message, change->recipient, change->entry, "bounced");
}

/* What was deleted and still waits when the longest attempt must be over. */
static void judge_deleted(struct walk *walk, const struct up_index_message *message)
{
        const struct subject *subject = &walk->subjects[message->place];
        int64_t due_ms = subject->at_ms +
                         MAX(message->policy->scan_timeout_ms, message->policy->send_timeout_ms);
        guint at = up_index_first_after(walk->index, due_ms);

        if (at == UP_NOWHERE)
                return; /* the run ended before */
        for (const struct up_index_recipient *recipient = message->first_recipient;
             recipient != NULL; recipient = recipient->next) {
                const struct up_index_change *change = recipient->first_change;
                while (change != NULL && change->next != NULL && change->next->entry < at)
                        change = change->next;
                if (change != NULL && up_is_unfinished(change))
                        report(walk, message, recipient, at, "still there");
        }
}

uint64_t up_judge_disobeyed(const struct up_ledger_index *index, GPtrArray *findings)
{
        if (index->commands->len == 0)
                return 0;
        g_autofree struct subject *subjects = g_new0(struct subject, index->messages->len + 1);
        g_autofree const struct up_index_request **under_way =
            g_new0(const struct up_index_request *, index->recipients->len + 1);
        struct walk walk = {
                .index = index, .findings = findings, .subjects = subjects, .under_way = under_way
        };

        for (guint step = 0; step < index->steps->len; step++) {
                for (guint at = up_index_step(index, step)->begin;
                     at < up_index_step(index, step)->end; at++) {
                        const struct up_index_subject *subject = &index->subjects[at];
                        if (up_index_entry(index, at)->kind == UP_ENTRY_COMMAND)
                                take_command(&walk, at, step);
                        if (up_index_entry(index, at)->kind == UP_ENTRY_SEND &&
                            subject->request != NULL)
                                take_send(&walk, subject->request);
                        if (subject->change != NULL)
                                take_change(&walk, subject->change);
                }
        }
        for (guint i = 0; i < index->messages->len; i++)
                if (subjects[i].standing == DELETED)
                        judge_deleted(&walk, up_index_message(index, i));
        return walk.judged;
}
