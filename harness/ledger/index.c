/*
 * index - two passes over the ledger
 *
 * The first finds steps and messages: a submission is written down with its receipt, which may come
 * after the pipeline has requested a scan of it. The second goes through the steps and places each
 * entry.
 *
 * A submission during which the power went out has no receipt, and yet the message may be there
 * after the restart (RFC 1047). Such a message gets its submission by its envelope, and counts
 * neither as accepted nor as of unknown origin.
 *
 * Arrays are made as large as they can become, so that pointers into them are good.
 */
#include "ledger/index.h"

guint up_recipient_key_hash(gconstpointer data)
{
        const struct up_recipient_key *key = data;
        uint64_t mixed =
            (key->message ^ ((uint64_t)key->number << 40)) * UINT64_C(0x9e3779b97f4a7c15);

        return (guint)(mixed >> 32);
}

gboolean up_recipient_key_equal(gconstpointer a, gconstpointer b)
{
        const struct up_recipient_key *one = a, *other = b;

        return one->message == other->message && one->number == other->number;
}

struct up_index_message *up_index_find_message(const struct up_ledger_index *index, up_id id)
{
        return g_hash_table_lookup(index->message_by_id, &id);
}

struct up_index_recipient *up_index_find_recipient(
    const struct up_ledger_index *index, up_id id, unsigned number)
{
        const struct up_recipient_key key = { id, number };

        return g_hash_table_lookup(index->recipient_by_key, &key);
}

/* --- first pass: steps and messages ----------------------------------------------------------- */

struct survey {
        struct up_ledger_index *index;
        struct up_index_step step; /* the one that is being read */
        bool alive;
        const struct up_entry *submit; /* of the latest accepted message; NULL: none */
        GArray *unsure;                /* of guint: submissions cut off by a crash */
        GArray *refused; /* of guint: submissions of this step that were not accepted */
};

static struct up_index_message *add_message(struct survey *survey, up_id id, guint entry)
{
        struct up_ledger_index *index = survey->index;
        struct up_index_message *message = g_new(struct up_index_message, 1);

        *message = (struct up_index_message){
                .place = index->messages->len,
                .id = id,
                .born = entry,
                .born_step = index->steps->len,
                .infected = { UP_NOWHERE, UP_NOWHERE },
                .clean = { UP_NOWHERE, UP_NOWHERE },
                .last_scanned = UP_NOWHERE,
        };
        g_ptr_array_add(index->messages, message);
        g_hash_table_insert(index->message_by_id, &message->id, message);
        return message;
}

static void set_submit(struct up_index_message *message, const struct up_entry *entry)
{
        message->submit = entry;
        message->from = entry->as.submit.from;
        message->policy = entry->as.submit.policy;
        message->bound_ms = entry->as.submit.bound_ms;
        message->length_ms = entry->as.submit.bound_ms - entry->at_ms;
}

static void survey_submit(struct survey *survey, const struct up_entry *entry, guint at)
{
        struct up_ledger_index *index = survey->index;

        if (entry->as.submit.receipt != UP_RECEIPT_ACCEPTED) {
                g_array_append_val(survey->refused, at);
                return;
        }
        survey->submit = entry;
        struct up_index_message *message = up_index_find_message(index, entry->message);
        if (message == NULL)
                message = add_message(survey, entry->message, at);
        /* An id that was used before names another message. */
        if (entry->message == 0 || message->submit != NULL || message->parent_id != 0 ||
            message->born_step != index->steps->len)
                return;
        set_submit(message, entry);
        message->accepted = true;
        index->subjects[at].message = message;
}

static void survey_view(struct survey *survey, const struct up_entry *entry, guint at)
{
        const struct up_view *view = &entry->as.view;

        if (up_index_find_message(survey->index, view->message) != NULL)
                return;
        struct up_index_message *message = add_message(survey, view->message, at);
        message->parent_id = view->parent;
        message->from = view->from;
        if (survey->submit != NULL) {
                message->policy = survey->submit->as.submit.policy;
                message->length_ms = survey->submit->as.submit.bound_ms - survey->submit->at_ms;
        }
        message->bound_ms = entry->at_ms + message->length_ms;
        if (view->parent != 0)
                message->parent = up_index_find_message(survey->index, view->parent);
}

static void end_step(struct survey *survey, guint end, bool whole)
{
        struct up_index_step *step = &survey->step;
        const struct up_entry *last = up_index_entry(survey->index, end - 1);

        step->end = end;
        step->whole = whole;
        step->at_ms = last->at_ms;
        step->next_ms = whole ? last->as.step.next_ms : UP_NEVER_MS;
        g_array_append_val(survey->index->steps, *step);
        if (step->crashed)
                g_array_append_vals(survey->unsure, survey->refused->data, survey->refused->len);
        g_array_set_size(survey->refused, 0);
        *step = (struct up_index_step){ .begin = end };
}

static void survey_entry(struct survey *survey, guint at)
{
        const struct up_entry *entry = up_index_entry(survey->index, at);

        switch (entry->kind) {
        case UP_ENTRY_SUBMIT:
                survey_submit(survey, entry, at);
                break;
        case UP_ENTRY_VIEW:
                survey_view(survey, entry, at);
                break;
        case UP_ENTRY_RUN:
                survey->step.run = true;
                break;
        case UP_ENTRY_CRASH:
        case UP_ENTRY_RESTART:
                survey->step.crashed = true;
                survey->alive = entry->kind == UP_ENTRY_RESTART;
                break;
        case UP_ENTRY_STEP:
                if (survey->alive)
                        end_step(survey, at + 1, true);
                break;
        case UP_ENTRY_SCRIPT_END:
                survey->index->script_end = at;
                break;
        case UP_ENTRY_END:
                survey->index->end = at;
                break;
        default:
                break;
        }
}

/* Finds the submission with the message's envelope; each stands for one message at most. */
static void find_submission(struct survey *survey, struct up_index_message *message)
{
        const struct up_view *view = &up_index_entry(survey->index, message->born)->as.view;

        for (guint i = 0; i < survey->unsure->len; i++) {
                const struct up_entry *submit =
                    up_index_entry(survey->index, g_array_index(survey->unsure, guint, i));
                if (g_strcmp0(submit->as.submit.from, view->from) == 0 &&
                    g_strv_contains(submit->as.submit.to, view->to != NULL ? view->to : "")) {
                        set_submit(message, submit);
                        g_array_remove_index(survey->unsure, i);
                        return;
                }
        }
}

static void survey_ledger(struct up_ledger_index *index)
{
        guint count = index->ledger->entries->len;
        g_autoptr(GArray) unsure = g_array_new(FALSE, FALSE, sizeof(guint));
        g_autoptr(GArray) refused = g_array_new(FALSE, FALSE, sizeof(guint));
        struct survey survey = {
                .index = index, .alive = true, .unsure = unsure, .refused = refused
        };

        for (guint at = 0; at < count; at++)
                survey_entry(&survey, at);
        if (survey.step.begin < count)
                end_step(&survey, count, false);
        for (guint i = 0; unsure->len > 0 && i < index->messages->len; i++) {
                struct up_index_message *message = up_index_message(index, i);
                if (message->submit == NULL && message->parent_id == 0)
                        find_submission(&survey, message);
        }
}

/* --- second pass: views, requests, commands --------------------------------------------------- */

static struct up_index_recipient *add_recipient(
    struct up_ledger_index *index, const struct up_view *view)
{
        struct up_index_recipient *recipient = g_new0(struct up_index_recipient, 1);
        struct up_index_message *message = up_index_find_message(index, view->message);

        recipient->place = index->recipients->len;
        recipient->key = (struct up_recipient_key){ view->message, view->recipient };
        recipient->message = message;
        recipient->to = view->to;
        g_ptr_array_add(index->recipients, recipient);
        g_hash_table_insert(index->recipient_by_key, &recipient->key, recipient);
        if (message->last_recipient == NULL)
                message->first_recipient = recipient;
        else
                message->last_recipient->next = recipient;
        message->last_recipient = recipient;
        message->recipients++;
        return recipient;
}

/* For a recipient that is no longer listed the world writes a last view, without state and owner. A
 * pipeline that never gave a state looks the same. */
static bool is_gone(const struct up_view *view, const struct up_index_change *last)
{
        bool had_state = last != NULL && last->view->state != NULL && *last->view->state != '\0';

        return view->disposition == UP_DISPOSITION_NONE && view->owner == UP_OWNER_NONE &&
               had_state && g_strcmp0(view->state, "") == 0;
}

static void add_change(struct up_ledger_index *index, struct up_index_recipient *recipient,
    const struct up_view *view, guint at, guint step)
{
        struct up_index_change *last = recipient->last_change;
        struct up_index_change change = { .recipient = recipient,
                .entry = at,
                .step = step,
                .view = view,
                .gone = is_gone(view, last) };

        recipient->reports_access |= view->access == UP_ACCESS_UNDECIDED;
        /* A pipeline may forget a recipient that has its disposition. */
        if (change.gone && last->view->disposition != UP_DISPOSITION_NONE)
                return;
        if (last != NULL && last->step == step) {
                index->subjects[last->entry].change = NULL;
                *last = change;
        } else {
                g_array_append_val(index->changes, change);
                struct up_index_change *added = up_index_change(index, index->changes->len - 1);
                if (last != NULL)
                        last->next = added;
                else
                        recipient->first_change = added;
                recipient->last_change = added;
        }
        index->subjects[at].change = recipient->last_change;
}

static void add_view(struct up_ledger_index *index, guint at, guint step, bool counts)
{
        const struct up_view *view = &up_index_entry(index, at)->as.view;
        struct up_index_recipient *recipient =
            up_index_find_recipient(index, view->message, view->recipient);

        if (recipient == NULL)
                recipient = add_recipient(index, view);
        recipient->last_view = view;
        index->subjects[at].recipient = recipient;
        if (counts)
                add_change(index, recipient, view, at, step);
}

static void add_request(struct up_ledger_index *index, guint at, guint step)
{
        const struct up_entry *entry = up_index_entry(index, at);
        struct up_index_message *message = up_index_find_message(index, entry->message);
        struct up_index_request added = {
                .message = message,
                .asked = entry,
                .asked_at = at,
                .asked_step = step,
                .answered_at = UP_NOWHERE,
                .answered_step = UP_NOWHERE,
        };

        g_array_append_val(index->requests, added);
        struct up_index_request *request = up_index_request(index, index->requests->len - 1);
        g_hash_table_insert(index->request_by_id, (gpointer)&entry->request, request);
        index->subjects[at].request = request;
        index->subjects[at].message = message;
        if (message == NULL)
                return;
        message->attempts++;
        if (entry->kind == UP_ENTRY_SCAN)
                message->last_scan[entry->as.scan.level != UP_LEVEL_TRANSPORT] = request;
}

/* Is a worker still waiting for the answer? In transport the views of recipients without a
 * disposition say so, in the store those of delivered ones; but not every pipeline reports an owner
 * for these, or whether they can be read. */
static bool is_awaited(const struct up_ledger_index *index, const struct up_index_request *request,
    enum up_level level, int64_t at_ms)
{
        bool reported = level == UP_LEVEL_TRANSPORT;

        if ((index->ledger->capabilities & UP_CAN_OWNER) == 0 ||
            request->asked_step == request->answered_step)
                return true;
        for (const struct up_index_recipient *recipient = request->message->first_recipient;
             recipient != NULL; recipient = recipient->next) {
                if (recipient->last_change == NULL)
                        continue;
                const struct up_view *view = recipient->last_change->view;
                bool concerned =
                    (view->disposition == UP_DISPOSITION_NONE) == (level == UP_LEVEL_TRANSPORT);
                if (concerned && view->owner == UP_OWNER_WORKER && view->owner_ms > at_ms)
                        return true;
                reported =
                    reported ||
                    (concerned && (view->owner != UP_OWNER_NONE || recipient->reports_access));
        }
        return !reported;
}

static void add_verdict(struct up_ledger_index *index, struct up_index_request *request, guint at)
{
        const struct up_entry *entry = up_index_entry(index, at);
        struct up_index_message *message = request->message;
        guint level = entry->as.scan.level != UP_LEVEL_TRANSPORT;
        bool is_first = request->answered_at == at;

        message->last_scanned = at;
        if (is_first)
                request->in_time = !request->crashed && request == message->last_scan[level] &&
                                   is_awaited(index, request, entry->as.scan.level, entry->at_ms);
        if (entry->as.scan.answer.message != message->id)
                return;
        if (entry->as.scan.answer.verdict == UP_VERDICT_CLEAN &&
            message->clean[level] == UP_NOWHERE)
                message->clean[level] = at;
        if (entry->as.scan.answer.verdict == UP_VERDICT_INFECTED) {
                message->maybe_infected = true;
                if (is_first && request->in_time && message->infected[level] == UP_NOWHERE)
                        message->infected[level] = at;
        }
}

static void add_answer(struct up_ledger_index *index, guint at, guint step, guint last_crash)
{
        const struct up_entry *entry = up_index_entry(index, at);
        struct up_index_request *request =
            g_hash_table_lookup(index->request_by_id, &entry->request);

        index->subjects[at].request = request;
        if (request == NULL)
                return;
        if (request->answered_at == UP_NOWHERE) {
                request->answered_at = at;
                request->answered_step = step;
                request->crashed = last_crash != UP_NOWHERE && last_crash >= request->asked_step;
        }
        if (entry->kind == UP_ENTRY_SCANNED && request->message != NULL)
                add_verdict(index, request, at);
}

static void add_command(struct up_ledger_index *index, guint at, guint step)
{
        const struct up_entry *entry = up_index_entry(index, at);
        struct up_index_message *message = up_index_find_message(index, entry->message);
        struct up_index_command added = { .step = step, .command = entry->as.command.command };

        index->subjects[at].message = message;
        if (message == NULL)
                return; /* a reload, new signatures, or an unknown message */
        g_array_append_val(index->commands, added);
        struct up_index_command *command =
            &g_array_index(index->commands, struct up_index_command, index->commands->len - 1);
        if (message->last_command == NULL)
                message->first_command = command;
        else
                message->last_command->next = command;
        message->last_command = command;
}

static void place_step(struct up_ledger_index *index, guint number, guint last_crash)
{
        const struct up_index_step *step = up_index_step(index, number);

        for (guint at = step->begin; at < step->end; at++) {
                const struct up_entry *entry = up_index_entry(index, at);

                switch (entry->kind) {
                case UP_ENTRY_SCAN:
                case UP_ENTRY_SEND:
                        add_request(index, at, number);
                        break;
                case UP_ENTRY_SCANNED:
                case UP_ENTRY_SENT:
                        add_answer(index, at, number, last_crash);
                        break;
                case UP_ENTRY_OPEN:
                        index->subjects[at].message = up_index_find_message(index, entry->message);
                        break;
                case UP_ENTRY_LOG:
                        index->subjects[at].message =
                            up_index_find_message(index, entry->as.log.message);
                        break;
                case UP_ENTRY_COMMAND:
                        add_command(index, at, number);
                        break;
                case UP_ENTRY_VIEW:
                        add_view(index, at, number, step->whole || !step->crashed);
                        break;
                default:
                        break;
                }
        }
}

struct up_ledger_index *up_ledger_index_new(const struct up_ledger *ledger)
{
        struct up_ledger_index *index = g_new0(struct up_ledger_index, 1);
        guint counts[UP_ENTRY_KIND_COUNT] = { 0 }, last_crash = UP_NOWHERE;

        for (guint at = 0; at < ledger->entries->len; at++)
                counts[up_ledger_at(ledger, at)->kind]++;
        index->ledger = ledger;
        index->script_end = index->end = UP_NOWHERE;
        index->steps = g_array_new(FALSE, FALSE, sizeof(struct up_index_step));
        index->messages = g_ptr_array_new_with_free_func(g_free);
        index->recipients = g_ptr_array_new_with_free_func(g_free);
        index->changes =
            g_array_sized_new(FALSE, FALSE, sizeof(struct up_index_change), counts[UP_ENTRY_VIEW]);
        index->requests = g_array_sized_new(FALSE, FALSE, sizeof(struct up_index_request),
            counts[UP_ENTRY_SCAN] + counts[UP_ENTRY_SEND]);
        index->commands = g_array_sized_new(
            FALSE, FALSE, sizeof(struct up_index_command), counts[UP_ENTRY_COMMAND]);
        index->subjects = g_new0(struct up_index_subject, ledger->entries->len + 1);
        index->message_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
        index->recipient_by_key = g_hash_table_new(up_recipient_key_hash, up_recipient_key_equal);
        index->request_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
        index->kept = g_new0(GData *, 1);

        survey_ledger(index);
        for (guint step = 0; step < index->steps->len; step++) {
                if (up_index_step(index, step)->crashed)
                        last_crash = step;
                place_step(index, step, last_crash);
        }
        for (guint i = 0; last_crash != UP_NOWHERE && i < index->requests->len; i++) {
                struct up_index_request *request = up_index_request(index, i);
                if (request->answered_at == UP_NOWHERE)
                        request->crashed = request->asked_step <= last_crash;
        }
        return index;
}

void up_ledger_index_free(struct up_ledger_index *index)
{
        if (index == NULL)
                return;
        g_hash_table_unref(index->message_by_id);
        g_hash_table_unref(index->recipient_by_key);
        g_hash_table_unref(index->request_by_id);
        g_array_unref(index->steps);
        g_ptr_array_unref(index->messages);
        g_ptr_array_unref(index->recipients);
        g_array_unref(index->changes);
        g_array_unref(index->requests);
        g_array_unref(index->commands);
        g_free(index->subjects);
        g_datalist_clear(index->kept);
        g_free(index->kept);
        g_free(index);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A release or deletion that a crash cut off may not have happened. */
bool up_index_on_hold(
    const struct up_ledger_index *index, const struct up_index_message *message, guint step)
{
        bool held = false;

        for (const struct up_index_command *command = message->first_command;
             command != NULL && command->step <= step; command = command->next) {
                if (command->command == UP_COMMAND_HOLD)
                        held = true;
                else if (!up_index_step(index, command->step)->crashed)
                        held = false;
        }
        return held;
}

/* Sets the end of the span that begins at @span->begin. */
static void close_span(const struct up_ledger_index *index, struct up_index_span *span)
{
        const struct up_index_message *message = span->change->recipient->message;
        const struct up_index_command *command = message->first_command;

        span->end = span->change->next != NULL ? span->change->next->step : index->steps->len;
        while (command != NULL && command->step <= span->begin)
                command = command->next;
        if (command != NULL)
                span->end = MIN(span->end, command->step);
        span->held = up_index_on_hold(index, message, span->begin) &&
                     ((index->ledger->capabilities & UP_CAN_OWNER) == 0 ||
                         span->change->view->owner == UP_OWNER_ADMINISTRATOR);
}

bool up_index_span_first(const struct up_ledger_index *index,
    const struct up_index_recipient *recipient, struct up_index_span *ret_span)
{
        if (recipient->first_change == NULL)
                return false;
        ret_span->change = recipient->first_change;
        ret_span->begin = ret_span->change->step;
        close_span(index, ret_span);
        return true;
}

bool up_index_span_next(const struct up_ledger_index *index, struct up_index_span *span)
{
        const struct up_index_change *next = span->change->next;

        if (span->end >= index->steps->len)
                return false;
        span->begin = span->end;
        if (next != NULL && next->step == span->begin)
                span->change = next;
        close_span(index, span);
        return true;
}

int64_t up_index_span_end_ms(const struct up_ledger_index *index, const struct up_index_span *span)
{
        if (span->end >= index->steps->len)
                return up_index_entry(index, index->ledger->entries->len - 1)->at_ms;
        const struct up_index_step *step = up_index_step(index, span->end);
        return step->crashed ? up_index_entry(index, step->begin)->at_ms : step->at_ms;
}

guint up_index_first_after(const struct up_ledger_index *index, int64_t at_ms)
{
        guint low = 0, high = index->ledger->entries->len;

        while (low < high) {
                guint middle = low + (high - low) / 2;
                if (up_index_entry(index, middle)->at_ms > at_ms)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low < index->ledger->entries->len ? low : UP_NOWHERE;
}
