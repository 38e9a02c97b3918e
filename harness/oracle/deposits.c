/*
 * deposits - what was put into the store: is it opened, and is it what the store's scan was given?
 */
#include "oracle/oracles.h"

/* --- lost/unopened ---------------------------------------------------------------------------- */

/* Only a pipeline that reports access once said that it was undecided tells when it opens. */
static const struct up_index_change *opening_of(const struct up_index_recipient *recipient)
{
        bool was_undecided = false;

        for (const struct up_index_change *change = recipient->first_change; change != NULL;
             change = change->next) {
                if (change->view->disposition != UP_DISPOSITION_DELIVERED)
                        continue;
                if (was_undecided && change->view->access == UP_ACCESS_OPEN)
                        return change;
                was_undecided = change->view->access == UP_ACCESS_UNDECIDED;
        }
        return NULL;
}

/* By message: the step of the first OPEN; UP_NOWHERE: none. */
static guint *openings(const struct up_ledger_index *index)
{
        guint *opened = g_new(guint, index->messages->len + 1);

        for (guint i = 0; i <= index->messages->len; i++)
                opened[i] = UP_NOWHERE;
        for (guint step = 0; step < index->steps->len; step++) {
                const struct up_index_step *span = up_index_step(index, step);
                for (guint at = span->begin; at < span->end; at++) {
                        const struct up_index_message *message = index->subjects[at].message;
                        if (up_index_entry(index, at)->kind == UP_ENTRY_OPEN && message != NULL)
                                opened[message->place] = MIN(opened[message->place], step);
                }
        }
        return opened;
}

uint64_t up_judge_unopened(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree guint *opened = NULL;
        uint64_t judged = 0;

        for (guint i = 0; i < index->recipients->len; i++) {
                const struct up_index_recipient *recipient = up_index_recipient(index, i);
                const struct up_index_change *opening =
                    recipient->reports_access ? opening_of(recipient) : NULL;

                if (opening == NULL)
                        continue;
                if (opened == NULL)
                        opened = openings(index);
                judged++;
                if (opened[recipient->message->place] > opening->step)
                        up_report(index, findings, UP_CLASS_LOST, recipient->message, recipient,
                            opening->entry, "never opened",
                            "it may be read, says the pipeline, but it was not opened in the "
                            "store");
        }
        return judged;
}

/* --- disagree/scanned-stored ------------------------------------------------------------------ */

/* Were these bytes deposited by one of the transactions before the scan? */
static bool was_deposited(const struct up_ledger_index *index, const struct up_index_request *scan)
{
        for (const struct up_index_request *request = scan;
             request-- > up_index_request(index, 0);) {
                if (request->message == scan->message && request->asked->kind == UP_ENTRY_SEND &&
                    g_bytes_equal(request->asked->bytes, scan->asked->bytes))
                        return true;
        }
        return false;
}

uint64_t up_judge_scanned_stored(const struct up_ledger_index *index, GPtrArray *findings)
{
        g_autofree GBytes **sent = g_new0(GBytes *, index->messages->len + 1);
        g_autofree bool *reported = g_new0(bool, index->messages->len + 1);
        uint64_t judged = 0;

        for (guint i = 0; i < index->requests->len; i++) {
                const struct up_index_request *request = up_index_request(index, i);
                const struct up_entry *asked = request->asked;

                if (request->message == NULL || asked->bytes == NULL)
                        continue;
                guint place = request->message->place;
                if (asked->kind == UP_ENTRY_SEND)
                        sent[place] = asked->bytes;
                if (asked->kind != UP_ENTRY_SCAN || asked->as.scan.level != UP_LEVEL_STORE ||
                    sent[place] == NULL)
                        continue;
                judged++;
                if (reported[place] || g_bytes_equal(sent[place], asked->bytes) ||
                    was_deposited(index, request))
                        continue;
                reported[place] = true;
                up_report(index, findings, UP_CLASS_DISAGREE, request->message, NULL,
                    request->asked_at, "deposited and scanned",
                    "%" G_GSIZE_FORMAT
                    " bytes were deposited, and the store's scan was given %" G_GSIZE_FORMAT
                    " different ones",
                    g_bytes_get_size(sent[place]), g_bytes_get_size(asked->bytes));
        }
        return judged;
}
