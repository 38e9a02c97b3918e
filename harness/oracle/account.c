/*
 * account - two passes over the ledger
 *
 * The first finds the steps and who is spoken of at all: whoever handed a message in is written
 * down with its receipt, which may be after the pipeline has already asked for a scan of it. The
 * second goes through the steps and gives each entry its place.
 *
 * A submission during which the power went out has no receipt, and yet the message may be there
 * after the restart: whoever handed it in cannot know (RFC 1047). Such a message is nobody's stray,
 * but nothing is promised about it either. It is known by its envelope.
 *
 * Three hash tables, each keyed by what lies in the ledger. Lists are indices into arrays, so an
 * account is a handful of allocations, however long the ledger is.
 */
#include "oracle/account.h"

#include <string.h>

static guint view_hash(gconstpointer data)
{
        const struct up_view *view = data;
        guint64 mixed =
            (view->message * 31 + view->recipient) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

        return (guint)(mixed >> 32);
}

static gboolean view_equal(gconstpointer a, gconstpointer b)
{
        const struct up_view *one = a, *other = b;

        return one->message == other->message && one->recipient == other->recipient;
}

static guint find(GHashTable *table, gconstpointer key)
{
        gpointer index;

        return g_hash_table_lookup_extended(table, key, NULL, &index) ? GPOINTER_TO_UINT(index)
                                                                      : UP_NOWHERE;
}

guint up_account_find_message(const struct up_account *account, up_id id)
{
        return find(account->message_by_id, &id);
}

guint up_account_find_recipient(const struct up_account *account, up_id id, unsigned number)
{
        const struct up_view key = { .message = id, .recipient = number };

        return find(account->recipient_by_view, &key);
}

/* --- first pass: steps and messages ----------------------------------------------------------- */

struct survey {
        struct up_account *account;
        struct up_account_step step; /* the one that is being read */
        bool alive;
        int64_t length_ms; /* of the latest message that was accepted */
        GArray *unsure;    /* of guint: submissions cut off by a crash */
        GArray *refused;   /* of guint: those without a receipt, of this step */
};

static guint add_message(struct survey *survey, const up_id *id, guint entry)
{
        struct up_account *account = survey->account;
        struct up_account_message message = {
                .id = *id,
                .parent_message = UP_NOWHERE,
                .born = entry,
                .born_step = account->steps->len,
                .first_recipient = UP_NOWHERE,
                .last_recipient = UP_NOWHERE,
                .first_command = UP_NOWHERE,
                .last_command = UP_NOWHERE,
                .infected = { UP_NOWHERE, UP_NOWHERE },
                .clean = { UP_NOWHERE, UP_NOWHERE },
                .last_scan = { UP_NOWHERE, UP_NOWHERE },
        };
        guint index = account->messages->len;

        g_array_append_val(account->messages, message);
        g_hash_table_insert(account->message_by_id, (gpointer)id, GUINT_TO_POINTER(index));
        return index;
}

static void set_submit(struct up_account_message *message, const struct up_entry *entry)
{
        message->submit = entry;
        message->from = entry->as.submit.from;
        message->bound_ms = entry->as.submit.bound_ms;
        message->length_ms = entry->as.submit.bound_ms - entry->at_ms;
}

static void survey_submit(struct survey *survey, const struct up_entry *entry, guint at)
{
        struct up_account *account = survey->account;

        if (entry->as.submit.receipt != UP_RECEIPT_ACCEPTED) {
                g_array_append_val(survey->refused, at);
                return;
        }
        survey->length_ms = entry->as.submit.bound_ms - entry->at_ms;
        guint index = up_account_find_message(account, entry->message);
        if (index == UP_NOWHERE)
                index = add_message(survey, &entry->message, at);
        struct up_account_message *message = up_account_message_at(account, index);
        /* An id that is given again is not this message's. */
        if (entry->message == 0 || message->submit != NULL || message->parent != 0 ||
            message->born_step != account->steps->len)
                return;
        set_submit(message, entry);
        message->accepted = true;
        account->subjects[at] = index;
}

static void survey_view(struct survey *survey, const struct up_entry *entry, guint at)
{
        const struct up_view *view = &entry->as.view;
        struct up_account *account = survey->account;

        if (up_account_find_message(account, view->message) != UP_NOWHERE)
                return;
        struct up_account_message *message =
            up_account_message_at(account, add_message(survey, &view->message, at));
        message->parent = view->parent;
        message->from = view->from;
        message->length_ms = survey->length_ms;
        message->bound_ms = entry->at_ms + survey->length_ms;
        if (view->parent != 0)
                message->parent_message = up_account_find_message(account, view->parent);
}

static void end_step(struct survey *survey, guint end, bool whole)
{
        struct up_account *account = survey->account;
        struct up_account_step *step = &survey->step;
        const struct up_entry *last = up_ledger_at(account->ledger, end - 1);

        step->end = end;
        step->whole = whole;
        step->at_ms = last->at_ms;
        step->next_ms = whole ? last->as.step.next_ms : UP_NEVER_MS;
        g_array_append_val(account->steps, *step);
        if (step->crashed)
                g_array_append_vals(survey->unsure, survey->refused->data, survey->refused->len);
        g_array_set_size(survey->refused, 0);
        *step = (struct up_account_step){ .begin = end };
}

static void survey_entry(struct survey *survey, guint at)
{
        const struct up_entry *entry = up_ledger_at(survey->account->ledger, at);

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
                survey->step.crashed = true;
                survey->alive = false;
                break;
        case UP_ENTRY_RESTART:
                survey->step.crashed = true;
                survey->alive = true;
                break;
        case UP_ENTRY_STEP:
                if (survey->alive)
                        end_step(survey, at + 1, true);
                break;
        case UP_ENTRY_SCRIPT_END:
                survey->account->script_end = at;
                break;
        case UP_ENTRY_END:
                survey->account->end = at;
                break;
        default:
                break;
        }
}

/* Whose envelope is it? Each submission without a receipt stands for one message at most. */
static void adopt(struct survey *survey, struct up_account_message *message)
{
        const struct up_ledger *ledger = survey->account->ledger;
        const struct up_view *view = &up_ledger_at(ledger, message->born)->as.view;

        for (guint i = 0; i < survey->unsure->len; i++) {
                const struct up_entry *submit =
                    up_ledger_at(ledger, g_array_index(survey->unsure, guint, i));
                if (message->submit == NULL && g_strcmp0(submit->as.submit.from, view->from) == 0 &&
                    g_strv_contains(submit->as.submit.to, view->to != NULL ? view->to : "")) {
                        set_submit(message, submit);
                        g_array_remove_index(survey->unsure, i);
                        return;
                }
        }
}

static void survey_ledger(struct up_account *account)
{
        const GArray *entries = account->ledger->entries;
        g_autoptr(GArray) unsure = g_array_new(FALSE, FALSE, sizeof(guint));
        g_autoptr(GArray) refused = g_array_new(FALSE, FALSE, sizeof(guint));
        struct survey survey = { .account = account, .alive = true, .unsure = unsure };

        survey.refused = refused;
        for (guint at = 0; at < entries->len; at++)
                survey_entry(&survey, at);
        if (survey.step.begin < entries->len)
                end_step(&survey, entries->len, false);
        if (unsure->len == 0)
                return;
        for (guint i = 0; i < account->messages->len; i++) {
                struct up_account_message *message = up_account_message_at(account, i);
                if (message->submit == NULL && message->parent == 0)
                        adopt(&survey, message);
        }
}

/* --- second pass: views, requests, commands --------------------------------------------------- */

static guint add_recipient(struct up_account *account, const struct up_view *view)
{
        guint index = account->recipients->len;
        struct up_account_recipient recipient = {
                .message = up_account_find_message(account, view->message),
                .number = view->recipient,
                .to = view->to,
                .next = UP_NOWHERE,
                .first_change = UP_NOWHERE,
                .last_change = UP_NOWHERE,
        };
        struct up_account_message *message = up_account_message_at(account, recipient.message);

        g_array_append_val(account->recipients, recipient);
        g_hash_table_insert(account->recipient_by_view, (gpointer)view, GUINT_TO_POINTER(index));
        if (message->last_recipient == UP_NOWHERE)
                message->first_recipient = index;
        else
                up_account_recipient_at(account, message->last_recipient)->next = index;
        message->last_recipient = index;
        message->recipients++;
        return index;
}

/* Of whom a pipeline tells no more the world writes a last view, without state and owner. A
 * pipeline that has never told of a state is not taken at its word for that. */
static bool is_gone(const struct up_view *view, const struct up_account_change *last)
{
        bool had_state = last != NULL && last->view->state != NULL && *last->view->state != '\0';

        return view->disposition == UP_DISPOSITION_NONE && view->owner == UP_OWNER_NONE &&
               had_state && g_strcmp0(view->state, "") == 0;
}

static void add_change(struct up_account *account, guint at, guint step)
{
        const struct up_view *view = &up_ledger_at(account->ledger, at)->as.view;
        guint index = find(account->recipient_by_view, view);
        struct up_account_change change = { .entry = at, .step = step, .next = UP_NOWHERE };

        change.recipient = index == UP_NOWHERE ? add_recipient(account, view) : index;
        change.view = view;
        struct up_account_recipient *recipient = up_account_recipient_at(account, change.recipient);
        struct up_account_change *last = recipient->last_change != UP_NOWHERE
                                             ? up_account_change_at(account, recipient->last_change)
                                             : NULL;
        change.gone = is_gone(view, last);
        recipient->tells_reading |= view->access == UP_ACCESS_UNDECIDED;
        /* Who is done with may be forgotten. */
        if (change.gone && last != NULL && last->view->disposition != UP_DISPOSITION_NONE)
                return;
        if (last != NULL && last->step == step) {
                account->subjects[last->entry] = UP_NOWHERE;
                account->subjects[at] = recipient->last_change;
                *last = change;
                return;
        }
        guint place = account->changes->len;
        if (last != NULL)
                last->next = place;
        else
                recipient->first_change = place;
        recipient->last_change = place;
        account->subjects[at] = place;
        g_array_append_val(account->changes, change);
}

static void add_request(struct up_account *account, guint at, guint step)
{
        const struct up_entry *entry = up_ledger_at(account->ledger, at);
        guint index = account->requests->len;
        struct up_account_request request = {
                .message = up_account_find_message(account, entry->message),
                .asked = at,
                .asked_step = step,
                .answered = UP_NOWHERE,
                .answered_step = UP_NOWHERE,
        };

        g_array_append_val(account->requests, request);
        g_hash_table_insert(
            account->request_by_id, (gpointer)&entry->request, GUINT_TO_POINTER(index));
        account->subjects[at] = index;
        if (request.message == UP_NOWHERE)
                return;
        struct up_account_message *message = up_account_message_at(account, request.message);
        message->attempts++;
        if (entry->kind == UP_ENTRY_SCAN)
                message->last_scan[entry->as.scan.level != UP_LEVEL_TRANSPORT] = index;
}

/* Does a worker still wait for it? In transport that is told of who has no disposition, in the
 * store of who is delivered; and of those not every pipeline tells an owner, or whether they can
 * read. */
static bool is_awaited(const struct up_account *account, const struct up_account_request *request,
    enum up_level level, int64_t at_ms)
{
        const struct up_account_message *message = up_account_message_at(account, request->message);
        bool told = level == UP_LEVEL_TRANSPORT;

        if ((account->ledger->capabilities & UP_CAN_OWNER) == 0 ||
            request->asked_step == request->answered_step)
                return true;
        for (guint i = message->first_recipient; i != UP_NOWHERE;) {
                const struct up_account_recipient *recipient = up_account_recipient_at(account, i);
                const struct up_view *view =
                    up_account_change_at(account, recipient->last_change)->view;
                bool concerned =
                    (view->disposition == UP_DISPOSITION_NONE) == (level == UP_LEVEL_TRANSPORT);
                if (concerned && view->owner == UP_OWNER_WORKER && view->owner_ms > at_ms)
                        return true;
                told = told ||
                       (concerned && (view->owner != UP_OWNER_NONE || recipient->tells_reading));
                i = recipient->next;
        }
        return !told;
}

static void hear_verdict(struct up_account *account, struct up_account_request *request, guint at)
{
        const struct up_entry *entry = up_ledger_at(account->ledger, at);
        struct up_account_message *message = up_account_message_at(account, request->message);
        guint level = entry->as.scan.level != UP_LEVEL_TRANSPORT;

        if (request->answered == at)
                request->in_time =
                    !request->crashed &&
                    request == up_account_request_at(account, message->last_scan[level]) &&
                    is_awaited(account, request, entry->as.scan.level, entry->at_ms);
        if (entry->as.scan.answer.message != message->id)
                return;
        if (entry->as.scan.answer.verdict == UP_VERDICT_CLEAN &&
            message->clean[level] == UP_NOWHERE)
                message->clean[level] = at;
        if (entry->as.scan.answer.verdict == UP_VERDICT_INFECTED) {
                message->maybe_infected = true;
                if (request->answered == at && request->in_time &&
                    message->infected[level] == UP_NOWHERE)
                        message->infected[level] = at;
        }
}

static void add_answer(struct up_account *account, guint at, guint step, guint last_crash)
{
        const struct up_entry *entry = up_ledger_at(account->ledger, at);
        guint index = find(account->request_by_id, &entry->request);

        if (index == UP_NOWHERE)
                return;
        struct up_account_request *request = up_account_request_at(account, index);
        account->subjects[at] = index;
        if (request->answered == UP_NOWHERE) {
                request->answered = at;
                request->answered_step = step;
                request->crashed = last_crash != UP_NOWHERE && last_crash >= request->asked_step;
        }
        if (entry->kind == UP_ENTRY_SCANNED && request->message != UP_NOWHERE)
                hear_verdict(account, request, at);
}

static void add_command(struct up_account *account, guint at, guint step)
{
        guint place = account->commands->len;
        guint index = up_account_find_message(account, up_ledger_at(account->ledger, at)->message);
        struct up_account_command command = { .entry = at, .step = step, .next = UP_NOWHERE };

        if (index == UP_NOWHERE)
                return; /* a reload, new signatures, or about nobody */
        struct up_account_message *message = up_account_message_at(account, index);
        g_array_append_val(account->commands, command);
        if (message->last_command == UP_NOWHERE)
                message->first_command = place;
        else
                g_array_index(account->commands, struct up_account_command, message->last_command)
                    .next = place;
        message->last_command = place;
        account->subjects[at] = index;
}

static void place_step(struct up_account *account, guint index, guint last_crash)
{
        const struct up_account_step step = *up_account_step_at(account, index);

        for (guint at = step.begin; at < step.end; at++) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);

                switch (entry->kind) {
                case UP_ENTRY_SCAN:
                case UP_ENTRY_SEND:
                        add_request(account, at, index);
                        break;
                case UP_ENTRY_SCANNED:
                case UP_ENTRY_SENT:
                        add_answer(account, at, index, last_crash);
                        break;
                case UP_ENTRY_OPEN:
                        account->subjects[at] = up_account_find_message(account, entry->message);
                        break;
                case UP_ENTRY_COMMAND:
                        add_command(account, at, index);
                        break;
                case UP_ENTRY_VIEW:
                        if (step.whole || !step.crashed)
                                add_change(account, at, index);
                        break;
                default:
                        break;
                }
        }
}

/* A request that a crash cut off, and that was never answered. */
static void mark_cut_off(struct up_account *account, guint last_crash)
{
        for (guint i = 0; last_crash != UP_NOWHERE && i < account->requests->len; i++) {
                struct up_account_request *request = up_account_request_at(account, i);
                if (request->answered == UP_NOWHERE)
                        request->crashed = request->asked_step <= last_crash;
        }
}

struct up_account *up_account_new(const struct up_ledger *ledger, const char *run)
{
        struct up_account *account = g_new0(struct up_account, 1);
        guint last_crash = UP_NOWHERE;

        account->ledger = ledger;
        account->run = run;
        account->steps = g_array_new(FALSE, FALSE, sizeof(struct up_account_step));
        account->messages = g_array_new(FALSE, FALSE, sizeof(struct up_account_message));
        account->recipients = g_array_new(FALSE, FALSE, sizeof(struct up_account_recipient));
        account->changes = g_array_new(FALSE, FALSE, sizeof(struct up_account_change));
        account->requests = g_array_new(FALSE, FALSE, sizeof(struct up_account_request));
        account->commands = g_array_new(FALSE, FALSE, sizeof(struct up_account_command));
        account->script_end = account->end = UP_NOWHERE;
        account->subjects = g_new(guint, ledger->entries->len + 1);
        memset(account->subjects, 0xff, (ledger->entries->len + 1) * sizeof(guint));
        account->message_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
        account->recipient_by_view = g_hash_table_new(view_hash, view_equal);
        account->request_by_id = g_hash_table_new(g_int64_hash, g_int64_equal);

        survey_ledger(account);
        for (guint step = 0; step < account->steps->len; step++) {
                if (up_account_step_at(account, step)->crashed)
                        last_crash = step;
                place_step(account, step, last_crash);
        }
        mark_cut_off(account, last_crash);
        return account;
}

void up_account_free(struct up_account *account)
{
        if (account == NULL)
                return;
        g_array_unref(account->steps);
        g_array_unref(account->messages);
        g_array_unref(account->recipients);
        g_array_unref(account->changes);
        g_array_unref(account->requests);
        g_array_unref(account->commands);
        g_hash_table_unref(account->message_by_id);
        g_hash_table_unref(account->recipient_by_view);
        g_hash_table_unref(account->request_by_id);
        g_free(account->subjects);
        g_free(account);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A release or deletion that the power cut off may not have happened. */
bool up_account_on_hold(
    const struct up_account *account, const struct up_account_message *message, guint step)
{
        bool held = false;

        for (guint i = message->first_command; i != UP_NOWHERE;) {
                const struct up_account_command *command =
                    &g_array_index(account->commands, struct up_account_command, i);
                if (command->step > step)
                        break;
                if (up_ledger_at(account->ledger, command->entry)->as.command.command ==
                    UP_COMMAND_HOLD)
                        held = true;
                else if (!up_account_step_at(account, command->step)->crashed)
                        held = false;
                i = command->next;
        }
        return held;
}

/* Where the span ends that begins at @span->begin. */
static void close_span(const struct up_account *account, struct up_span *span)
{
        const struct up_account_message *message = up_account_message_at(
            account, up_account_recipient_at(account, span->change->recipient)->message);

        span->end = span->change->next != UP_NOWHERE
                        ? up_account_change_at(account, span->change->next)->step
                        : account->steps->len;
        for (guint i = message->first_command; i != UP_NOWHERE;) {
                const struct up_account_command *command =
                    &g_array_index(account->commands, struct up_account_command, i);
                if (command->step > span->begin) {
                        span->end = MIN(span->end, command->step);
                        break;
                }
                i = command->next;
        }
        span->held = message->first_command != UP_NOWHERE &&
                     up_account_on_hold(account, message, span->begin) &&
                     ((account->ledger->capabilities & UP_CAN_OWNER) == 0 ||
                         span->change->view->owner == UP_OWNER_ADMINISTRATOR);
}

bool up_span_first(const struct up_account *account, guint recipient, struct up_span *ret_span)
{
        guint first = up_account_recipient_at(account, recipient)->first_change;

        if (first == UP_NOWHERE)
                return false;
        ret_span->change = up_account_change_at(account, first);
        ret_span->begin = ret_span->change->step;
        close_span(account, ret_span);
        return true;
}

bool up_span_next(const struct up_account *account, struct up_span *span)
{
        guint next = span->change->next;

        if (span->end >= account->steps->len)
                return false;
        span->begin = span->end;
        if (next != UP_NOWHERE && up_account_change_at(account, next)->step == span->begin)
                span->change = up_account_change_at(account, next);
        close_span(account, span);
        return true;
}

int64_t up_span_end_ms(const struct up_account *account, const struct up_span *span)
{
        const struct up_account_step *step;

        if (span->end >= account->steps->len)
                return up_ledger_at(account->ledger, account->ledger->entries->len - 1)->at_ms;
        step = up_account_step_at(account, span->end);
        return step->crashed ? up_ledger_at(account->ledger, step->begin)->at_ms : step->at_ms;
}

bool up_account_is_promised(const struct up_account_message *message)
{
        return message->accepted || message->parent != 0;
}

bool up_account_waits(const struct up_account_change *change)
{
        const struct up_view *view = change->view;

        return !change->gone && (view->disposition == UP_DISPOSITION_NONE ||
                                    (view->disposition == UP_DISPOSITION_DELIVERED &&
                                        view->access == UP_ACCESS_UNDECIDED));
}

guint up_account_first_after(const struct up_account *account, int64_t at_ms)
{
        guint low = 0, high = account->ledger->entries->len;

        while (low < high) {
                guint middle = low + (high - low) / 2;
                if (up_ledger_at(account->ledger, middle)->at_ms > at_ms)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low < account->ledger->entries->len ? low : UP_NOWHERE;
}

/* --- findings --------------------------------------------------------------------------------- */

const char *up_account_disposition(enum up_disposition disposition)
{
        return (unsigned)disposition < UP_DISPOSITION_COUNT ? up_disposition_names[disposition]
                                                            : "no known disposition";
}

/* A message of the script has a number there; one born inside is known by its parent. */
static char *name_message(
    const struct up_account *account, const struct up_account_message *message)
{
        if (message->submit != NULL && message->submit->number != 0)
                return g_strdup_printf("message %u", message->submit->number);
        if (message->parent_message != UP_NOWHERE) {
                const struct up_account_message *parent =
                    up_account_message_at(account, message->parent_message);
                if (parent->submit != NULL && parent->submit->number != 0)
                        return g_strdup_printf("a notice on message %u", parent->submit->number);
                return g_strdup("a notice on a notice");
        }
        return g_strdup_printf("the message with id %" G_GUINT64_FORMAT, message->id);
}

char *up_account_whose(const struct up_account *account, guint message, guint recipient)
{
        g_autofree char *name = NULL;

        if (message == UP_NOWHERE)
                return g_strdup("a message that nobody knows");
        name = name_message(account, up_account_message_at(account, message));
        if (recipient == UP_NOWHERE)
                return g_steal_pointer(&name);
        const struct up_account_recipient *who = up_account_recipient_at(account, recipient);
        return g_strdup_printf("recipient %u (%s) of %s", who->number,
            who->to != NULL ? who->to : "address not known", name);
}

/* Whoever was handed in came by the last event of the script before it. */
static enum up_role role_of(const struct up_account *account, guint message)
{
        const struct up_account_message *it = up_account_message_at(account, message);

        if (it->parent != 0)
                return UP_ROLE_NOTICE;
        if (it->submit == NULL)
                return UP_ROLE_NONE;
        if (it->submit->as.submit.copy)
                return UP_ROLE_COPY;
        for (guint at = it->born; at-- > 0;) {
                const struct up_entry *entry = up_ledger_at(account->ledger, at);
                const char *verb = up_verb_rows[UP_VERB_BYSTANDER].name;
                if (entry->kind == UP_ENTRY_EVENT)
                        return g_str_has_prefix(entry->text, verb) ? UP_ROLE_BYSTANDER
                                                                   : UP_ROLE_SUBMITTED;
        }
        return UP_ROLE_SUBMITTED;
}

struct up_finding *up_account_find(const struct up_account *account, GPtrArray *findings,
    enum up_class class, guint message, guint recipient, guint shown_at, const char *signature,
    const char *detail_format, ...)
{
        g_autofree char *whose = up_account_whose(account, message, recipient), *text, *detail;
        struct up_finding *finding;
        va_list arguments;

        va_start(arguments, detail_format);
        text = g_strdup_vprintf(detail_format, arguments);
        va_end(arguments);
        detail = g_strdup_printf("%s: %s", whose, text);
        finding = up_finding_new(class, signature, detail);
        if (message != UP_NOWHERE) {
                finding->role = role_of(account, message);
                finding->message = up_account_message_at(account, message)->id;
        }
        if (recipient != UP_NOWHERE)
                finding->recipient = up_account_recipient_at(account, recipient)->number;
        finding->shown_at = shown_at;
        g_ptr_array_add(findings, finding);
        return finding;
}
