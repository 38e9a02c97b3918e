/*
 * trace - a run as text for a person, step by step
 *
 * Each step (one call of the pipeline: from its cause to the entry UP_ENTRY_STEP) is written as
 * paragraphs, by a table of one function for each kind of entry. Steps with the same text are
 * folded, and what is left is wrapped (page.h).
 *
 * Two steps are the same if their paragraphs are, except for times and request numbers. Those stand
 * between two marks in the paragraphs; all other text comes from display.h, which leaves no control
 * character, so a message cannot forge the marks. A step with a mark of the reader is never folded.
 *
 * BUGS: a pipeline that makes a new message in each round has a new text in each, and nothing is
 * folded.
 */
#include "ledger/trace.h"

#include <string.h>

#include "ledger/display.h"
#include "ledger/page.h"

#define BLANK UP_PAGE_FIXED_BLANK

/* More recipients with the same change are counted instead of listed. */
#define MOST_NAMED 8

/* More different changes in one step are counted instead of shown. */
#define MOST_GROUPS 20

/* Recipients with the same change. */
struct group {
        char *text;
        GPtrArray *recipients; /* of const struct up_index_recipient * */
};

struct trace {
        const struct up_ledger_index *index;
        const struct up_trace_mark *marks;
        size_t mark_count, mark_next;

        char **names;                 /* by message */
        const struct up_view **views; /* by recipient: the last one so far */

        /* The step that is being written. */
        GString *text;
        const struct up_entry *head; /* its first entry; NULL between steps */
        bool has_text, is_marked;
        GPtrArray *groups; /* of struct group: changes not yet written */
        GHashTable *group_by_text;

        GArray *steps;    /* of struct up_page_step */
        GHashTable *keys; /* the text of a step to its key */
        GString *key;     /* buffer */
};

G_GNUC_PRINTF(2, 3)
static void put(struct trace *trace, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        g_string_append_vprintf(trace->text, format, args);
        va_end(args);
}

static void end_paragraph(struct trace *trace)
{
        g_string_append_c(trace->text, '\n');
        trace->has_text = true;
}

/* The word for a value that a pipeline may have invented. */
static const char *word_of(unsigned value, const char *const *words, size_t count)
{
        return value < count ? words[value] : "unknown value";
}
#define WORD_OF(value, words) word_of(value, words, G_N_ELEMENTS(words))

static char *request_name(up_request request)
{
        return g_strdup_printf(
            UP_PAGE_VARIES_BEGIN "#%" G_GUINT64_FORMAT UP_PAGE_VARIES_END, request);
}

/* --- names of messages ------------------------------------------------------------------------ */

/* Submissions by their number in the script, notices by a count of their own. */
static void name_messages(struct trace *trace)
{
        g_autoptr(GHashTable) copies = g_hash_table_new(NULL, NULL);
        unsigned notices = 0;

        for (guint i = 0; i < trace->index->messages->len; i++) {
                const struct up_index_message *message = up_index_message(trace->index, i);
                unsigned number = message->submit != NULL ? message->submit->number : 0;
                gpointer key = GUINT_TO_POINTER(number);
                guint nth = GPOINTER_TO_UINT(g_hash_table_lookup(copies, key)) + 1;

                if (number != 0) {
                        g_hash_table_insert(copies, key, GUINT_TO_POINTER(nth));
                        trace->names[i] = nth == 1 ? g_strdup_printf("message" BLANK "%u", number)
                                                   : g_strdup_printf("message" BLANK "%u" BLANK
                                                                     "(copy" BLANK "%u)",
                                                         number, nth);
                } else if (message->parent_id != 0) {
                        trace->names[i] = g_strdup_printf("notice" BLANK "%u", ++notices);
                } else {
                        trace->names[i] = g_strdup_printf("message" BLANK "with" BLANK "id" BLANK
                                                          "%" G_GUINT64_FORMAT,
                            message->id);
                }
        }
}

/* Owned by the caller. A message that never got an id has its number alone. */
static char *name_of(const struct trace *trace, up_id id, unsigned number)
{
        const struct up_index_message *message = up_index_find_message(trace->index, id);

        if (message != NULL)
                return g_strdup(trace->names[message->place]);
        if (number != 0)
                return g_strdup_printf("message" BLANK "%u", number);
        if (id != 0)
                return g_strdup_printf("unknown message, id" BLANK "%" G_GUINT64_FORMAT, id);
        return g_strdup("no message");
}

/* --- changes of recipients -------------------------------------------------------------------- */

static const char *const owner_phrases[] = {
        [UP_OWNER_NONE] = "no owner",
        [UP_OWNER_QUEUE] = "ready for a worker",
        [UP_OWNER_TIMER] = "next attempt at" BLANK,
        [UP_OWNER_WORKER] = "time-out at" BLANK,
        [UP_OWNER_ADMINISTRATOR] = "held by an administrator",
};

static const char *const last_owner_phrases[] = {
        [UP_OWNER_NONE] = "no owner",
        [UP_OWNER_QUEUE] = "ready for a worker",
        [UP_OWNER_TIMER] = "waiting for its next attempt",
        [UP_OWNER_WORKER] = "attempt in progress",
        [UP_OWNER_ADMINISTRATOR] = "held by an administrator",
};

static const char *const access_phrases[] = {
        [UP_ACCESS_OPEN] = "readable",
        [UP_ACCESS_UNDECIDED] = "not readable yet",
        [UP_ACCESS_REFUSED] = "never readable",
};

static void add_phrase(GString *phrases, const char *phrase, const char *object)
{
        if (*phrase == '\0')
                return;
        if (phrases->len > 0)
                g_string_append(phrases, ", ");
        g_string_append(phrases, phrase);
        g_string_append(phrases, object);
}

static void add_owner(GString *phrases, const struct up_view *view)
{
        bool has_time = view->owner == UP_OWNER_TIMER || view->owner == UP_OWNER_WORKER;
        g_autofree char *time = has_time ? up_display_time(view->owner_ms) : g_strdup("");

        add_phrase(phrases, WORD_OF(view->owner, owner_phrases), time);
}

static void add_expiry(GString *phrases, const struct up_view *view)
{
        g_autofree char *time = up_display_time(view->expiry_ms);

        if (view->expiry_ms == UP_NEVER_MS)
                add_phrase(phrases, "never expires", "");
        else
                add_phrase(phrases, "expires at" BLANK, time);
}

/* Empty if nothing changed that matters. */
static char *describe_change(
    const struct trace *trace, const struct up_view *before, const struct up_view *view)
{
        bool is_new = before == NULL,
             reports_owner = (trace->index->ledger->capabilities & UP_CAN_OWNER) != 0;
        GString *phrases = g_string_new(NULL);
        enum up_disposition was = is_new ? UP_DISPOSITION_NONE : before->disposition;
        bool is_open = view->disposition == UP_DISPOSITION_NONE;
        bool is_new_state = is_new || g_strcmp0(view->state, before->state) != 0;

        if (is_new && view->parent != 0) {
                g_autofree char *parent = name_of(trace, view->parent, 0);
                add_phrase(phrases, "reports on ", parent);
        }
        if (view->disposition != was) {
                add_phrase(phrases,
                    is_open ? "pending again" : WORD_OF(view->disposition, up_disposition_names),
                    "");
                if (was != UP_DISPOSITION_NONE)
                        add_phrase(phrases, "was ", WORD_OF(was, up_disposition_names));
        }
        if (is_new_state && (is_open || was != UP_DISPOSITION_NONE)) {
                g_autofree char *state = up_display_value(view->state);
                add_phrase(phrases, state, "");
        }
        if (is_open && reports_owner &&
            (is_new || view->owner != before->owner || view->owner_ms != before->owner_ms))
                add_owner(phrases, view);
        if (is_open && reports_owner && (is_new || view->expiry_ms != before->expiry_ms))
                add_expiry(phrases, view);
        if (view->access != (is_new ? UP_ACCESS_OPEN : before->access))
                add_phrase(phrases, WORD_OF(view->access, access_phrases), "");
        return g_string_free(phrases, FALSE);
}

/* The state at the end of the run, without times, which would make each recipient differ. */
static char *describe_end(const struct trace *trace, const struct up_view *view)
{
        GString *phrases = g_string_new(NULL);

        if (view->disposition != UP_DISPOSITION_NONE) {
                add_phrase(phrases, WORD_OF(view->disposition, up_disposition_names), "");
        } else {
                g_autofree char *state = up_display_value(view->state);
                add_phrase(phrases, "PENDING", "");
                add_phrase(phrases, state, "");
                if (trace->index->ledger->capabilities & UP_CAN_OWNER) {
                        add_phrase(phrases, WORD_OF(view->owner, last_owner_phrases), "");
                        if (view->expiry_ms == UP_NEVER_MS)
                                add_phrase(phrases, "never expires", "");
                }
        }
        if (view->access != UP_ACCESS_OPEN)
                add_phrase(phrases, WORD_OF(view->access, access_phrases), "");
        return g_string_free(phrases, FALSE);
}

static void group_free(void *data)
{
        struct group *group = data;

        g_free(group->text);
        g_ptr_array_unref(group->recipients);
        g_free(group);
}

/* Adds a recipient to the group with that text, which is taken over. */
static void add_to_group(
    struct trace *trace, char *text, const struct up_index_recipient *recipient)
{
        struct group *group = g_hash_table_lookup(trace->group_by_text, text);

        if (group == NULL) {
                group = g_new(struct group, 1);
                group->text = text;
                group->recipients = g_ptr_array_new();
                g_hash_table_insert(trace->group_by_text, group->text, group);
                g_ptr_array_add(trace->groups, group);
        } else {
                g_free(text);
        }
        g_ptr_array_add(group->recipients, (gpointer)recipient);
}

/* "message 1 to <v@example.com>, <w@example.com>" */
static void put_named(struct trace *trace, const GPtrArray *recipients)
{
        const struct up_index_message *last = NULL;

        for (guint i = 0; i < recipients->len; i++) {
                const struct up_index_recipient *recipient = g_ptr_array_index(recipients, i);
                g_autofree char *to = up_display_address(recipient->last_view->to);

                if (i > 0)
                        put(trace, ", ");
                if (recipient->message != last)
                        put(trace, "%s to ", trace->names[recipient->message->place]);
                put(trace, "%s", to);
                last = recipient->message;
        }
}

/* "1,000 recipients of message 1" */
static void put_counted(struct trace *trace, const GPtrArray *recipients)
{
        g_autofree char *count = up_page_counted(recipients->len, "recipient", "recipients");
        const struct up_index_recipient *first = g_ptr_array_index(recipients, 0);
        g_autoptr(GHashTable) messages = g_hash_table_new(NULL, NULL);

        for (guint i = 0; i < recipients->len; i++) {
                const struct up_index_recipient *recipient = g_ptr_array_index(recipients, i);
                g_hash_table_add(messages, recipient->message);
        }
        put(trace, "%s of %s", count, trace->names[first->message->place]);
        if (g_hash_table_size(messages) > 1) {
                g_autofree char *more =
                    up_page_counted(g_hash_table_size(messages) - 1, "other", "others");
                put(trace, " and %s", more);
        }
}

static void put_groups(struct trace *trace)
{
        uint64_t rest = 0;

        for (guint i = 0; i < trace->groups->len; i++) {
                const struct group *group = g_ptr_array_index(trace->groups, i);

                if (i >= MOST_GROUPS) {
                        rest += group->recipients->len;
                        continue;
                }
                if (group->recipients->len <= MOST_NAMED)
                        put_named(trace, group->recipients);
                else
                        put_counted(trace, group->recipients);
                put(trace, ": %s", group->text);
                end_paragraph(trace);
        }
        if (rest > 0) {
                g_autofree char *count = up_page_counted(rest, "more recipient", "more recipients");
                g_autofree char *ways = up_page_counted(
                    trace->groups->len - MOST_GROUPS, "other change", "other changes");
                put(trace, "and %s with %s", count, ways);
                end_paragraph(trace);
        }
        g_hash_table_remove_all(trace->group_by_text);
        g_ptr_array_set_size(trace->groups, 0);
}

static void put_final_states(struct trace *trace)
{
        for (guint i = 0; i < trace->index->recipients->len; i++)
                if (trace->views[i] != NULL)
                        add_to_group(trace, describe_end(trace, trace->views[i]),
                            up_index_recipient(trace->index, i));
        put_groups(trace);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void put_envelope(struct trace *trace, const char *from, const char *const *to)
{
        g_autofree char *sender = up_display_address(from);
        g_autofree char *recipients = up_display_addresses(to);

        put(trace, "from %s to %s", sender, recipients);
}

static void put_event(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *line = up_display_sentence(entry->text);

        (void)at;
        put(trace, "script: %s", line);
}

static const char *const receipt_phrases[] = {
        [UP_RECEIPT_ACCEPTED] = "accepted",
        [UP_RECEIPT_DEFERRED] = "deferred (4xx)",
        [UP_RECEIPT_REJECTED] = "rejected (5xx)",
};

static const char *const origin_phrases[] = {
        [UP_ORIGIN_LOCAL] = "submitted locally",
        [UP_ORIGIN_SMTP] = "submitted by SMTP",
};

static void put_submit(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = up_display_size(entry->bytes);
        g_autofree char *bound = up_display_time(entry->as.submit.bound_ms);
        const struct up_policy *policy = entry->as.submit.policy;

        (void)at;
        put(trace, "%s: %s, %s, %s, ", WORD_OF(entry->as.submit.receipt, receipt_phrases), name,
            WORD_OF(entry->as.submit.origin, origin_phrases), size);
        put_envelope(trace, entry->as.submit.from, entry->as.submit.to);
        if (!entry->as.submit.notify)
                put(trace, ", NOTIFY=NEVER");
        if (policy != NULL && policy->transport_scan == 0)
                put(trace, ", not scanned in transport");
        if (policy != NULL && policy->store_scan != 0)
                put(trace, ", scanned in the store");
        if (entry->as.submit.copy)
                put(trace, ", looped back, hop" BLANK "%u", entry->as.submit.hops);
        if (entry->as.submit.receipt != UP_RECEIPT_ACCEPTED)
                return;
        if (entry->message != entry->number)
                put(trace, ", id %" G_GUINT64_FORMAT, entry->message);
        put(trace, "; bound" BLANK "%s", bound);
}

/* Returns the request of an answer, or NULL. */
static const struct up_index_request *put_answer(
    struct trace *trace, const char *answerer, const struct up_entry *entry, guint at)
{
        const struct up_index_request *request = trace->index->subjects[at].request;
        g_autofree char *name = request_name(entry->request);
        bool is_known = request != NULL && request->asked_at < at;

        put(trace, "%s answers %s%s: ", answerer, name,
            !is_known                    ? " (unknown request)"
            : request->answered_at != at ? " again"
                                         : "");
        return is_known ? request : NULL;
}

static void put_scan(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *request = request_name(entry->request);
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = up_display_size(entry->bytes);

        (void)at;
        put(trace, "scan %s requested: %s, %s, %s", request, name,
            WORD_OF(entry->as.scan.level, up_level_names), size);
}

static const char *const verdict_phrases[] = {
        [UP_VERDICT_CLEAN] = "clean",
        [UP_VERDICT_INFECTED] = "INFECTED",
        [UP_VERDICT_UNSCANNABLE] = "unscannable",
        [UP_VERDICT_REWRITTEN] = "rewritten",
        [UP_VERDICT_NONE] = "no verdict",
};

static void put_scanned(struct trace *trace, const struct up_entry *entry, guint at)
{
        const struct up_index_request *request = put_answer(trace, "scanner", entry, at);
        const struct up_scan_answer *answer = &entry->as.scan.answer;
        up_id asked_about = request == NULL ? entry->message : request->asked->message;

        put(trace, "%s", WORD_OF(answer->verdict, verdict_phrases));
        if (answer->reason != NULL)
                put(trace, " (%s)", answer->reason);
        if (answer->verdict == UP_VERDICT_NONE || answer->code != 0)
                put(trace, ", error code" BLANK "0x%x", answer->code);
        if (entry->text != NULL)
                put(trace, ": %s", entry->text);
        if (answer->message != asked_about) {
                g_autofree char *named = name_of(trace, answer->message, 0);
                g_autofree char *asked = name_of(trace, asked_about, entry->number);
                put(trace, "; the answer names %s, the request %s", named, asked);
        }
}

static void put_send(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *request = request_name(entry->request);
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = up_display_size(entry->bytes);

        (void)at;
        put(trace, "send %s begins: %s, %s, ", request, name, size);
        put_envelope(trace, entry->as.send.from, entry->as.send.to);
        if (entry->as.send.gated)
                put(trace, ", not readable until opened");
}

static const char *const reply_phrases[] = {
        [UP_REPLY_ACCEPT] = "accepted",
        [UP_REPLY_DEFER] = "deferred (4xx)",
        [UP_REPLY_REJECT] = "rejected (5xx)",
        [UP_REPLY_LOST] = "connection lost",
};

/* Writes the recipients that were not accepted, by reply. Returns how many were accepted. */
static unsigned put_rcpt(struct trace *trace, const struct up_entry *entry, const char *const *to)
{
        unsigned accepted = 0, count = entry->as.send.rcpt == NULL ? 0 : entry->as.send.count;

        for (unsigned reply = UP_REPLY_ACCEPT; reply < G_N_ELEMENTS(reply_phrases); reply++) {
                g_autoptr(GPtrArray) replied = g_ptr_array_new();
                unsigned replies = 0;

                for (unsigned i = 0; i < count; i++) {
                        if (MIN(entry->as.send.rcpt[i], UP_REPLY_LOST) != reply)
                                continue;
                        replies++;
                        if (to != NULL && i < g_strv_length((char **)(gpointer)to))
                                g_ptr_array_add(replied, (gpointer)to[i]);
                }
                if (reply == UP_REPLY_ACCEPT)
                        accepted = replies;
                if (reply == UP_REPLY_ACCEPT || replies == 0)
                        continue;
                g_ptr_array_add(replied, NULL);
                g_autofree char *addresses =
                    up_display_addresses((const char *const *)replied->pdata);
                put(trace, "RCPT %s for %s; ", reply_phrases[reply], addresses);
        }
        return accepted;
}

static void put_sent(struct trace *trace, const struct up_entry *entry, guint at)
{
        const struct up_index_request *request = put_answer(trace, "next hop", entry, at);
        const char *const *to = entry->as.send.to;

        if (to == NULL && request != NULL && request->asked->kind == UP_ENTRY_SEND)
                to = request->asked->as.send.to;
        if (entry->as.send.mail != UP_REPLY_ACCEPT)
                put(trace, "MAIL %s", WORD_OF(entry->as.send.mail, reply_phrases));
        else if (put_rcpt(trace, entry, to) == 0 && entry->as.send.rcpt != NULL)
                g_string_truncate(trace->text, trace->text->len - strlen("; "));
        else if (entry->as.send.data != UP_REPLY_ACCEPT)
                put(trace, "DATA %s", WORD_OF(entry->as.send.data, reply_phrases));
        else if (entry->as.send.dot == UP_REPLY_LOST)
                put(trace, "connection lost after the dot, delivered or not");
        else
                put(trace, "%s after the dot", WORD_OF(entry->as.send.dot, reply_phrases));
}

static void put_open(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);

        (void)at;
        put(trace, "opened for reading: %s", name);
}

/* The text of an entry may name the message and the code already. */
static void put_log(struct trace *trace, const struct up_entry *entry, guint at)
{
        const struct up_log_entry *log = &entry->as.log;
        const char *whole = log->text != NULL ? log->text : entry->text;
        g_autofree char *source = up_display_sentence(log->source);
        g_autofree char *category = up_display_sentence(log->category);
        g_autofree char *text = up_display_sentence(whole);
        g_autofree char *message_id = up_display_value(log->message_id);
        g_autofree char *code = g_strdup_printf("0x%x", log->code);
        const char *stop = g_str_has_suffix(text, ".") ? "" : ".";

        (void)at;
        put(trace, "event" BLANK "%u, %s, %s: %s", log->event, source, category, text);
        if (*message_id != '\0' && strstr(whole == NULL ? "" : whole, log->message_id) == NULL) {
                put(trace, "%s Message-ID %s", stop, message_id);
                stop = ",";
        }
        if ((log->failure || log->code != 0) && strcasestr(text, code) == NULL)
                put(trace, "%s error code" BLANK "%s", stop, code);
}

static void put_command(struct trace *trace, const struct up_entry *entry, guint at)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *text = up_display_sentence(entry->text);

        (void)at;
        if (entry->text != NULL && g_strcmp0(entry->text, trace->head->text) == 0)
                return; /* the line of the script is there already */
        if (*text != '\0')
                put(trace, "command: %s", text);
        else
                put(trace, "administrator: %s %s",
                    WORD_OF(entry->as.command.command, up_command_names), name);
}

static void put_clock(struct trace *trace, const struct up_entry *entry, guint at)
{
        int64_t jump_s = CLAMP(entry->as.jump_s, -INT64_MAX / 1000, INT64_MAX / 1000);
        g_autofree char *jump = up_display_time(ABS(jump_s) * 1000);

        (void)at;
        put(trace, "wall clock jumps %s by %s", jump_s < 0 ? "back" : "ahead", jump);
}

static void put_crash(struct trace *trace, const struct up_entry *entry, guint at)
{
        (void)at;
        put(trace, "CRASH: power lost at storage operation" BLANK "%u", entry->as.operation);
}

static void put_restart(struct trace *trace, const struct up_entry *entry, guint at)
{
        (void)entry;
        (void)at;
        put(trace, "pipeline restarted");
}

static void put_view(struct trace *trace, const struct up_entry *entry, guint at)
{
        const struct up_index_recipient *recipient = trace->index->subjects[at].recipient;
        const struct up_view **last = &trace->views[recipient->place];
        g_autofree char *change = describe_change(trace, *last, &entry->as.view);

        *last = &entry->as.view;
        if (*change != '\0')
                add_to_group(trace, g_steal_pointer(&change), recipient);
}

static void put_script_end(struct trace *trace, const struct up_entry *entry, guint at)
{
        (void)entry;
        (void)at;
        put(trace, "end of script; scanner and next hop %s",
            trace->index->ledger->healed ? "are healthy from here on"
                                         : "keep their last behaviour");
}

static const char *const ending_phrases[UP_ENDING_COUNT] = {
        [UP_ENDING_SETTLED] = "every recipient has a disposition, and nothing is due",
        [UP_ENDING_IDLE] = "nothing is due or outstanding, and recipients are waiting",
        [UP_ENDING_BOUND] = "every bound has passed, and recipients are waiting",
        [UP_ENDING_CYCLE] = "the same state recurs, and recipients are waiting",
        [UP_ENDING_SPIN] = "the pipeline keeps running while time stands still",
        [UP_ENDING_STEPS] = "limit of steps reached",
};

static void put_end(struct trace *trace, const struct up_entry *entry, guint at)
{
        (void)at;
        put(trace, "END: %s", WORD_OF(entry->as.ending, ending_phrases));
        end_paragraph(trace);
        put_final_states(trace);
}

/* What writes each kind; a step begins with the kinds that cause one. */
static const struct {
        void (*put)(struct trace *trace, const struct up_entry *entry, guint at);
        bool begins_step;
} kinds[UP_ENTRY_KIND_COUNT] = {
        [UP_ENTRY_EVENT] = { put_event, true },
        [UP_ENTRY_SUBMIT] = { put_submit, false },
        [UP_ENTRY_SCAN] = { put_scan, false },
        [UP_ENTRY_SCANNED] = { put_scanned, true },
        [UP_ENTRY_SEND] = { put_send, false },
        [UP_ENTRY_SENT] = { put_sent, true },
        [UP_ENTRY_OPEN] = { put_open, false },
        [UP_ENTRY_LOG] = { put_log, false },
        [UP_ENTRY_RUN] = { NULL, true },
        [UP_ENTRY_COMMAND] = { put_command, false },
        [UP_ENTRY_CLOCK] = { put_clock, false },
        [UP_ENTRY_CRASH] = { put_crash, false },
        [UP_ENTRY_RESTART] = { put_restart, true },
        [UP_ENTRY_VIEW] = { put_view, false },
        [UP_ENTRY_SCRIPT_END] = { put_script_end, true },
        [UP_ENTRY_END] = { put_end, true },
};

/* --- steps ------------------------------------------------------------------------------------ */

/* The key of a step: by its text, without what may vary. */
static guint key_of(struct trace *trace, const char *text)
{
        g_string_truncate(trace->key, 0);
        while (*text != '\0') {
                size_t same = strcspn(text, UP_PAGE_VARIES_BEGIN);
                g_string_append_len(trace->key, text, (gssize)same);
                text += same;
                text += strcspn(text, UP_PAGE_VARIES_END);
        }

        guint key = GPOINTER_TO_UINT(g_hash_table_lookup(trace->keys, trace->key->str));
        if (key == 0) {
                key = g_hash_table_size(trace->keys) + 1;
                g_hash_table_insert(trace->keys, g_strdup(trace->key->str), GUINT_TO_POINTER(key));
        }
        return key;
}

static void end_step(struct trace *trace)
{
        if (trace->head == NULL)
                return;
        put_groups(trace);
        if (!trace->has_text && trace->head->kind == UP_ENTRY_RUN) {
                put(trace, "pipeline runs, nothing changes");
                end_paragraph(trace);
        }
        if (trace->text->len > 0) {
                struct up_page_step step = {
                        .at_ms = trace->head->at_ms,
                        .text = g_strndup(trace->text->str, trace->text->len),
                        .key = trace->is_marked ? 0 : key_of(trace, trace->text->str),
                };
                g_array_append_val(trace->steps, step);
        }
        g_string_truncate(trace->text, 0);
        trace->head = NULL;
        trace->has_text = trace->is_marked = false;
}

static void put_marks(struct trace *trace, guint at)
{
        while (trace->mark_next < trace->mark_count && trace->marks[trace->mark_next].entry <= at) {
                g_autofree char *text = up_display_sentence(trace->marks[trace->mark_next++].text);

                put_groups(trace);
                put(trace, UP_PAGE_STANDS_OUT "%s\n", text);
                trace->is_marked = true;
        }
}

static void put_entry(struct trace *trace, guint at)
{
        const struct up_entry *entry = up_index_entry(trace->index, at);
        gsize before;

        if (kinds[entry->kind].begins_step)
                end_step(trace);
        if (trace->head == NULL)
                trace->head = entry;
        put_marks(trace, at);
        if (entry->kind != UP_ENTRY_VIEW)
                put_groups(trace);
        before = trace->text->len;
        if (kinds[entry->kind].put != NULL)
                kinds[entry->kind].put(trace, entry, at);
        if (trace->text->len > before && entry->kind != UP_ENTRY_END)
                end_paragraph(trace);
        if (entry->kind == UP_ENTRY_STEP)
                end_step(trace);
}

static void put_all(struct trace *trace)
{
        static const struct up_entry none = { .kind = UP_ENTRY_END };
        guint count = trace->index->ledger->entries->len;
        const struct up_entry *last = count == 0 ? &none : up_index_entry(trace->index, count - 1);

        for (guint at = 0; at < count; at++)
                put_entry(trace, at);
        end_step(trace);
        trace->head = last;
        if (count == 0 || last->kind != UP_ENTRY_END) {
                put(trace, "%s", count == 0 ? "empty ledger" : "the ledger ends here");
                end_paragraph(trace);
                put_final_states(trace);
        }
        put_marks(trace, G_MAXUINT);
        end_step(trace);
}

char *up_ledger_trace(const struct up_ledger_index *index, unsigned columns,
    const struct up_trace_mark *marks, size_t mark_count)
{
        struct trace trace = {
                .index = index,
                .marks = marks,
                .mark_count = mark_count,
                .names = g_new0(char *, index->messages->len + 1),
                .views = g_new0(const struct up_view *, index->recipients->len + 1),
                .text = g_string_new(NULL),
                .groups = g_ptr_array_new_with_free_func(group_free),
                .group_by_text = g_hash_table_new(g_str_hash, g_str_equal),
                .steps = g_array_new(FALSE, FALSE, sizeof(struct up_page_step)),
                .keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .key = g_string_new(NULL),
        };
        char *page;

        name_messages(&trace);
        put_all(&trace);
        page = up_page_write(trace.steps, columns);

        for (guint i = 0; i < trace.steps->len; i++)
                g_free(g_array_index(trace.steps, struct up_page_step, i).text);
        g_array_unref(trace.steps);
        g_strfreev(trace.names);
        g_free(trace.views);
        g_hash_table_unref(trace.group_by_text);
        g_ptr_array_unref(trace.groups);
        g_hash_table_unref(trace.keys);
        g_string_free(trace.text, TRUE);
        g_string_free(trace.key, TRUE);
        return page;
}
