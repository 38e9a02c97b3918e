/*
 * trace - the ledger told to a person, step by step
 *
 * Four stages. Names are given to messages, by one look over the whole ledger, for a scan is asked
 * for before the message is known to be accepted. Each step (one call of the pipeline: from what
 * caused it to the entry UP_ENTRY_STEP) is told as paragraphs, by a table of what tells each kind
 * of entry. Steps that tell the same are folded, and what is left is wrapped (page.h).
 *
 * Two steps tell the same if their paragraphs are alike but for times and request numbers. Those
 * stand between two marks inside the paragraphs; all other text comes through printable(), which
 * leaves no control character, so the marks cannot be forged by a message. A step into which the
 * reader put a mark of his own is like no other, and thereby always shown.
 *
 * What it does not do: a pipeline that makes a new message in each round tells a new trace in each,
 * and nothing is folded. And it does not judge: what is odd is told, the oracles say if it is
 * wrong.
 */
#include "ledger/ledger.h"

#include <string.h>

#include "ledger/page.h"

/* A longer value is told by its two ends. An address has 320 bytes at most (RFC 5321). */
#define VALUE_BYTES    320
#define SENTENCE_BYTES 1000

/* So many recipients are told by name; more are counted. */
#define NAMED_RECIPIENTS 8

/* So many groups of recipients who fare alike are told of one step; the rest is counted. */
#define TOLD_GROUPS 20

/* What was asked by a request. */
struct question {
        up_request request;
        const struct up_entry *entry;
        bool answered;
};

/* A message, as the trace calls it. */
struct label {
        up_id id;
        unsigned number;
        up_id parent;
        char *name;
};

/* Recipients of whom the same is to be told. */
struct alike {
        char *text;
        GPtrArray *views; /* of const struct up_view * */
};

struct trace {
        const struct up_ledger *ledger;
        const struct up_trace_mark *marks;
        size_t mark_count, mark_next;
        unsigned columns;

        GHashTable *labels;    /* id to struct label */
        GHashTable *questions; /* request to struct question */
        struct up_replay replay;

        /* The step that is being told. */
        GString *text;
        const struct up_entry *head; /* its first entry; NULL between steps */
        bool has_told, is_marked;
        const char *separator; /* before what is said next, within a list */
        GPtrArray *alike;      /* of struct alike: changes not yet told */
        GHashTable *alike_by_text;

        GArray *steps;    /* of struct up_page_step */
        GHashTable *keys; /* what a step tells to its key */
        GString *key;     /* for making one */
};

/* --- words ------------------------------------------------------------------------------------ */

/* Is it safe on a terminal, and seen there? */
static bool is_shown(gunichar c)
{
        GUnicodeType type = g_unichar_type(c);

        return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
               type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

/* Appends text up to @end, with escapes for what cannot be shown. */
static void put_printable(GString *out, const char *text, const char *end)
{
        while (text < end) {
                unsigned char byte = (unsigned char)*text;
                gunichar c = byte < 0x80 ? byte : g_utf8_get_char_validated(text, end - text);
                bool valid = c != (gunichar)-1 && c != (gunichar)-2;

                if (byte >= ' ' && byte < 0x7f)
                        g_string_append_c(out, *text);
                else if (valid && is_shown(c))
                        g_string_append_unichar(out, c);
                else if (valid && byte >= 0x80)
                        g_string_append_printf(out, "\\u{%x}", c);
                else
                        g_string_append_printf(out, "\\x%02x", byte);
                text += valid && byte >= 0x80 ? g_utf8_next_char(text) - text : 1;
        }
}

static const char *character_start(const char *text, const char *at)
{
        while (at > text && ((unsigned char)*at & 0xc0) == 0x80)
                at--;
        return at;
}

/* What the text looks like, of at most so many of its bytes. NULL is empty. */
static char *printable(const char *text, size_t most)
{
        GString *out = g_string_new(NULL);
        size_t bytes;

        if (text == NULL)
                text = "";
        bytes = strlen(text);
        if (bytes <= most) {
                put_printable(out, text, text + bytes);
        } else {
                size_t tail = most / 3;
                put_printable(out, text, character_start(text, text + most - tail));
                g_string_append(out, "…");
                put_printable(out, character_start(text, text + bytes - tail), text + bytes);
        }
        return g_string_free(out, FALSE);
}

/* The same of what may have several lines. */
static char *sentence(const char *text)
{
        g_autofree char *one_line = g_strdup(text);

        if (one_line != NULL)
                g_strdelimit(one_line, "\r\n\t", ' ');
        return printable(one_line, SENTENCE_BYTES);
}

static char *address(const char *text)
{
        g_autofree char *shown = printable(text, VALUE_BYTES);

        return g_strdup_printf("<%s>", shown);
}

static char *size_of(GBytes *bytes)
{
        return up_page_counted(bytes == NULL ? 0 : g_bytes_get_size(bytes), "byte", "bytes");
}

/* A time inside a paragraph. */
static char *when(int64_t ms)
{
        g_autofree char *time = up_page_time(ms);

        return g_strconcat(UP_PAGE_VARIES_BEGIN, g_strdelimit(time, " ", *UP_PAGE_FIXED_BLANK),
            UP_PAGE_VARIES_END, NULL);
}

static char *request_name(up_request request)
{
        return g_strdup_printf(
            UP_PAGE_VARIES_BEGIN "#%" G_GUINT64_FORMAT UP_PAGE_VARIES_END, request);
}

/* The word for a value that a pipeline may have made up. */
static const char *word_of(unsigned value, const char *const *words, size_t count)
{
        return value < count ? words[value] : "of no known kind";
}
#define WORD_OF(value, words) word_of(value, words, G_N_ELEMENTS(words))

G_GNUC_PRINTF(2, 3)
static void say(struct trace *trace, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        g_string_append_vprintf(trace->text, format, args);
        va_end(args);
}

static void end_paragraph(struct trace *trace)
{
        g_string_append_c(trace->text, '\n');
        trace->has_told = true;
}

/* --- names of messages ------------------------------------------------------------------------ */

static void label_free(void *data)
{
        struct label *label = data;

        g_free(label->name);
        g_free(label);
}

/* Collects what is known of each message, in the order in which they were first seen. */
static void collect(struct trace *trace, GPtrArray *order, up_id id, unsigned number, up_id parent)
{
        if (id == 0)
                return;

        struct label *label = g_hash_table_lookup(trace->labels, &id);
        if (label == NULL) {
                label = g_new0(struct label, 1);
                label->id = id;
                g_hash_table_insert(trace->labels, &label->id, label);
                g_ptr_array_add(order, label);
        }
        if (label->number == 0)
                label->number = number;
        if (label->parent == 0)
                label->parent = parent;
}

static void name_label(struct label *label, GHashTable *seen, unsigned *notices)
{
        if (label->number != 0) {
                gpointer number = GUINT_TO_POINTER(label->number);
                guint nth = GPOINTER_TO_UINT(g_hash_table_lookup(seen, number)) + 1;

                g_hash_table_insert(seen, number, GUINT_TO_POINTER(nth));
                label->name =
                    nth == 1
                        ? g_strdup_printf("message" UP_PAGE_FIXED_BLANK "%u", label->number)
                        : g_strdup_printf("message" UP_PAGE_FIXED_BLANK "%u" UP_PAGE_FIXED_BLANK
                                          "(copy" UP_PAGE_FIXED_BLANK "%u)",
                              label->number, nth);
        } else if (label->parent != 0) {
                label->name = g_strdup_printf("notice" UP_PAGE_FIXED_BLANK "%u", ++*notices);
        } else {
                label->name =
                    g_strdup_printf("message" UP_PAGE_FIXED_BLANK "with" UP_PAGE_FIXED_BLANK
                                    "id" UP_PAGE_FIXED_BLANK "%" G_GUINT64_FORMAT,
                        label->id);
        }
}

/* Messages of the script by their number there, notices by a count of their own. */
static void name_messages(struct trace *trace)
{
        g_autoptr(GPtrArray) order = g_ptr_array_new();
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        unsigned notices = 0;

        for (guint i = 0; i < trace->ledger->entries->len; i++) {
                const struct up_entry *entry = up_ledger_at(trace->ledger, i);
                collect(trace, order, entry->message, entry->number, 0);
                if (entry->kind == UP_ENTRY_VIEW)
                        collect(trace, order, entry->as.view.message, 0, entry->as.view.parent);
        }
        for (guint i = 0; i < order->len; i++)
                name_label(g_ptr_array_index(order, i), seen, &notices);
}

/* Owned by the caller. An entry of a message that never got an id has its number alone. */
static char *name_of(const struct trace *trace, up_id id, unsigned number)
{
        const struct label *label = g_hash_table_lookup(trace->labels, &id);

        if (label != NULL)
                return g_strdup(label->name);
        if (number != 0)
                return g_strdup_printf("message" UP_PAGE_FIXED_BLANK "%u", number);
        if (id != 0)
                return g_strdup_printf(
                    "an unknown message, id" UP_PAGE_FIXED_BLANK "%" G_GUINT64_FORMAT, id);
        return g_strdup("no message");
}

/* --- what is told of a recipient -------------------------------------------------------------- */

static const char *const owner_phrases[UP_OWNER_COUNT] = {
        [UP_OWNER_NONE] = "nobody will move it on",
        [UP_OWNER_QUEUE] = "ready for a worker",
        [UP_OWNER_TIMER] = "tries again at" UP_PAGE_FIXED_BLANK,
        [UP_OWNER_WORKER] = "time-out at" UP_PAGE_FIXED_BLANK,
        [UP_OWNER_ADMINISTRATOR] = "held by an administrator",
};

static const char *const last_owner_phrases[UP_OWNER_COUNT] = {
        [UP_OWNER_NONE] = "and nobody will move it on",
        [UP_OWNER_QUEUE] = "ready for a worker",
        [UP_OWNER_TIMER] = "waits for its next attempt",
        [UP_OWNER_WORKER] = "a worker has it",
        [UP_OWNER_ADMINISTRATOR] = "held by an administrator",
};

static const char *const reading_phrases[UP_ACCESS_COUNT] = {
        [UP_ACCESS_OPEN] = "may be read",
        [UP_ACCESS_UNDECIDED] = "may not be read yet",
        [UP_ACCESS_REFUSED] = "may never be read",
};

static void add_phrase(GString *phrases, const char *phrase, const char *object)
{
        if (phrases->len > 0)
                g_string_append(phrases, ", ");
        g_string_append(phrases, phrase);
        g_string_append(phrases, object);
}

static void add_owner(const struct trace *trace, GString *phrases, const struct up_view *view)
{
        bool has_time = view->owner == UP_OWNER_TIMER || view->owner == UP_OWNER_WORKER;
        g_autofree char *time = has_time ? when(view->owner_ms) : g_strdup("");

        if (trace->ledger->capabilities & UP_CAN_OWNER)
                add_phrase(phrases, WORD_OF(view->owner, owner_phrases), time);
}

static void add_expiry(const struct trace *trace, GString *phrases, const struct up_view *view)
{
        g_autofree char *time = when(view->expiry_ms);

        if (!(trace->ledger->capabilities & UP_CAN_OWNER))
                return;
        if (view->expiry_ms == UP_NEVER_MS)
                add_phrase(phrases, "never expires", "");
        else
                add_phrase(phrases, "expires at" UP_PAGE_FIXED_BLANK, time);
}

static void add_state(GString *phrases, const struct up_view *view)
{
        g_autofree char *state = printable(view->state, VALUE_BYTES);

        if (*state != '\0')
                add_phrase(phrases, state, "");
}

/* What has changed and matters, of one who has a disposition, or had one. */
static void add_disposition(
    GString *phrases, const struct up_view *before, const struct up_view *view)
{
        enum up_disposition was = before == NULL ? UP_DISPOSITION_NONE : before->disposition;

        if (view->disposition != was) {
                if (view->disposition == UP_DISPOSITION_NONE)
                        add_phrase(phrases, "pending again", "");
                else
                        add_phrase(phrases, WORD_OF(view->disposition, up_disposition_names), "");
                if (was != UP_DISPOSITION_NONE)
                        add_phrase(phrases, "and was ", WORD_OF(was, up_disposition_names));
        }
        if (was != UP_DISPOSITION_NONE && g_strcmp0(view->state, before->state) != 0)
                add_state(phrases, view);
}

/* What has changed and matters, of one who waits. */
static void add_waiting(const struct trace *trace, GString *phrases, const struct up_view *before,
    const struct up_view *view)
{
        if (before == NULL || g_strcmp0(view->state, before->state) != 0)
                add_state(phrases, view);
        if (before == NULL || view->owner != before->owner || view->owner_ms != before->owner_ms)
                add_owner(trace, phrases, view);
        if (before == NULL || view->expiry_ms != before->expiry_ms)
                add_expiry(trace, phrases, view);
}

/* Empty when nothing has changed that matters. */
static char *describe_change(
    const struct trace *trace, const struct up_view *before, const struct up_view *view)
{
        GString *phrases = g_string_new(NULL);
        enum up_access was = before == NULL ? UP_ACCESS_OPEN : before->access;

        if (before == NULL && view->parent != 0) {
                g_autofree char *parent = name_of(trace, view->parent, 0);
                add_phrase(phrases, "reports on ", parent);
        }
        add_disposition(phrases, before, view);
        if (view->disposition == UP_DISPOSITION_NONE)
                add_waiting(trace, phrases, before, view);
        if (view->access != was)
                add_phrase(phrases, WORD_OF(view->access, reading_phrases), "");
        return g_string_free(phrases, FALSE);
}

/* How it stands in the end. Times were told before, and would make each recipient another case. */
static char *describe_end(const struct trace *trace, const struct up_view *view)
{
        GString *phrases = g_string_new(NULL);

        if (view->disposition != UP_DISPOSITION_NONE) {
                add_phrase(phrases, WORD_OF(view->disposition, up_disposition_names), "");
        } else {
                add_phrase(phrases, "PENDING", "");
                add_state(phrases, view);
                if (trace->ledger->capabilities & UP_CAN_OWNER)
                        add_phrase(phrases, WORD_OF(view->owner, last_owner_phrases), "");
                if (trace->ledger->capabilities & UP_CAN_OWNER && view->expiry_ms == UP_NEVER_MS)
                        add_phrase(phrases, "never expires", "");
        }
        if (view->access != UP_ACCESS_OPEN)
                add_phrase(phrases, WORD_OF(view->access, reading_phrases), "");
        return g_string_free(phrases, FALSE);
}

static void alike_free(void *data)
{
        struct alike *alike = data;

        g_free(alike->text);
        g_ptr_array_unref(alike->views);
        g_free(alike);
}

/* Takes the text. */
static void add_alike(struct trace *trace, char *text, const struct up_view *view)
{
        struct alike *alike = g_hash_table_lookup(trace->alike_by_text, text);

        if (alike == NULL) {
                alike = g_new(struct alike, 1);
                alike->text = text;
                alike->views = g_ptr_array_new();
                g_hash_table_insert(trace->alike_by_text, alike->text, alike);
                g_ptr_array_add(trace->alike, alike);
        } else {
                g_free(text);
        }
        g_ptr_array_add(alike->views, (gpointer)view);
}

/* "message 1 to <v@example.com>, <w@example.com>" */
static void say_named(struct trace *trace, const GPtrArray *views)
{
        up_id last = 0;

        for (guint i = 0; i < views->len; i++) {
                const struct up_view *view = g_ptr_array_index(views, i);
                g_autofree char *name = name_of(trace, view->message, 0);
                g_autofree char *to = address(view->to);

                if (i > 0)
                        say(trace, ", ");
                if (i == 0 || view->message != last)
                        say(trace, "%s to ", name);
                say(trace, "%s", to);
                last = view->message;
        }
}

/* "1,000 recipients of message 1" */
static void say_counted(struct trace *trace, const GPtrArray *views)
{
        g_autofree char *recipients = up_page_counted(views->len, "recipient", "recipients");
        const struct up_view *first = g_ptr_array_index(views, 0);
        g_autofree char *name = name_of(trace, first->message, 0);
        g_autoptr(GHashTable) messages = g_hash_table_new(g_int64_hash, g_int64_equal);

        for (guint i = 0; i < views->len; i++) {
                const struct up_view *view = g_ptr_array_index(views, i);
                g_hash_table_add(messages, (gpointer)&view->message);
        }
        guint others = g_hash_table_size(messages) - 1;
        say(trace, "%s of %s", recipients, name);
        if (others > 0) {
                g_autofree char *more = up_page_counted(others, "other", "others");
                say(trace, " and %s", more);
        }
}

static void tell_rest(struct trace *trace, guint from)
{
        uint64_t recipients = 0;

        for (guint i = from; i < trace->alike->len; i++)
                recipients +=
                    ((const struct alike *)g_ptr_array_index(trace->alike, i))->views->len;
        g_autofree char *count = up_page_counted(recipients, "more recipient", "more recipients");
        g_autofree char *ways =
            up_page_counted(trace->alike->len - from, "other way", "other ways");
        say(trace, "and %s in %s", count, ways);
        end_paragraph(trace);
}

static void tell_alike(struct trace *trace)
{
        if (trace->alike->len == 0)
                return;
        for (guint i = 0; i < trace->alike->len && i < TOLD_GROUPS; i++) {
                const struct alike *alike = g_ptr_array_index(trace->alike, i);

                if (alike->views->len <= NAMED_RECIPIENTS)
                        say_named(trace, alike->views);
                else
                        say_counted(trace, alike->views);
                say(trace, ": %s", alike->text);
                end_paragraph(trace);
        }
        if (trace->alike->len > TOLD_GROUPS)
                tell_rest(trace, TOLD_GROUPS);
        g_hash_table_remove_all(trace->alike_by_text);
        g_ptr_array_set_size(trace->alike, 0);
}

static void tell_where_all_stand(struct trace *trace)
{
        const GPtrArray *order = trace->replay.order;

        for (guint i = 0; i < order->len; i++) {
                const struct up_view *const *slot = g_ptr_array_index(order, i);
                add_alike(trace, describe_end(trace, *slot), *slot);
        }
        tell_alike(trace);
}

/* --- what is told of each entry --------------------------------------------------------------- */

/* "<a@example.com>, <b@example.com>", or the first three and how many more. */
static void say_addresses(struct trace *trace, const char *const *to)
{
        guint count = to == NULL ? 0 : g_strv_length((char **)(gpointer)to);
        guint named = count <= NAMED_RECIPIENTS ? count : 3;

        for (guint i = 0; i < named; i++) {
                g_autofree char *one = address(to[i]);
                say(trace, "%s%s", i == 0 ? "" : ", ", one);
        }
        if (count == 0)
                say(trace, "nobody");
        if (named < count) {
                g_autofree char *more = up_page_counted(count - named, "more", "more");
                say(trace, " and %s", more);
        }
}

static void say_envelope(struct trace *trace, const char *from, const char *const *to)
{
        g_autofree char *sender = address(from);

        say(trace, "from %s to ", sender);
        say_addresses(trace, to);
}

static void tell_event(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *line = sentence(entry->text);

        say(trace, "script: %s", line);
        end_paragraph(trace);
}

static const char *const receipt_phrases[UP_RECEIPT_COUNT] = {
        [UP_RECEIPT_ACCEPTED] = "accepted",
        [UP_RECEIPT_DEFERRED] = "refused for now (4xx)",
        [UP_RECEIPT_REJECTED] = "rejected (5xx)",
};

static const char *const origin_phrases[UP_ORIGIN_COUNT] = {
        [UP_ORIGIN_LOCAL] = "of a local user",
        [UP_ORIGIN_SMTP] = "by SMTP",
};

static void tell_submit(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = size_of(entry->bytes);
        g_autofree char *bound = when(entry->as.submit.bound_ms);

        say(trace, "%s: %s %s, %s, ", WORD_OF(entry->as.submit.receipt, receipt_phrases), name,
            WORD_OF(entry->as.submit.origin, origin_phrases), size);
        say_envelope(trace, entry->as.submit.from, entry->as.submit.to);
        if (!entry->as.submit.notify)
                say(trace, ", no notice wanted");
        if (!entry->as.submit.transport_scan)
                say(trace, ", not scanned in transport");
        if (entry->as.submit.store_scan)
                say(trace, ", scanned in the store");
        if (entry->as.submit.copy)
                say(trace, ", a copy that came back (%u)", entry->as.submit.hops);
        if (entry->as.submit.receipt == UP_RECEIPT_ACCEPTED) {
                if (entry->message != entry->number)
                        say(trace, ", id %" G_GUINT64_FORMAT, entry->message);
                say(trace, "; to be done with by" UP_PAGE_FIXED_BLANK "%s", bound);
        }
        end_paragraph(trace);
}

static struct question *find_question(struct trace *trace, up_request request)
{
        return g_hash_table_lookup(trace->questions, &request);
}

static void ask(struct trace *trace, const struct up_entry *entry)
{
        struct question *question = g_new0(struct question, 1);

        question->request = entry->request;
        question->entry = entry;
        g_hash_table_replace(trace->questions, &question->request, question);
}

static void say_answer_to(
    struct trace *trace, const char *who, const struct up_entry *entry, struct question *question)
{
        g_autofree char *request = request_name(entry->request);

        say(trace, "%s on %s", who, request);
        if (question == NULL)
                say(trace, ", which nobody asked");
        else if (question->answered)
                say(trace, " once more");
        if (question != NULL)
                question->answered = true;
        say(trace, ": ");
}

static void tell_scan(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *request = request_name(entry->request);
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = size_of(entry->bytes);

        ask(trace, entry);
        say(trace, "scan %s asked: %s, %s, %s", request, name,
            WORD_OF(entry->as.scan.level, up_level_names), size);
        end_paragraph(trace);
}

static const char *const verdict_phrases[UP_VERDICT_COUNT] = {
        [UP_VERDICT_CLEAN] = "clean",
        [UP_VERDICT_INFECTED] = "INFECTED",
        [UP_VERDICT_UNSCANNABLE] = "unscannable",
        [UP_VERDICT_REWRITTEN] = "wants other bytes delivered",
        [UP_VERDICT_NONE] = "no verdict",
};

static void tell_scanned(struct trace *trace, const struct up_entry *entry)
{
        struct question *question = find_question(trace, entry->request);
        const struct up_scan_answer *answer = &entry->as.scan.answer;
        up_id asked_about = question == NULL ? entry->message : question->entry->message;

        say_answer_to(trace, "scanner", entry, question);
        say(trace, "%s", WORD_OF(answer->verdict, verdict_phrases));
        if (answer->verdict == UP_VERDICT_NONE || answer->code != 0)
                say(trace, ", error code" UP_PAGE_FIXED_BLANK "0x%x", answer->code);
        if (entry->text != NULL)
                say(trace, ": %s", entry->text);
        if (answer->message != asked_about) {
                g_autofree char *meant = name_of(trace, answer->message, 0);
                g_autofree char *asked = name_of(trace, asked_about, entry->number);
                say(trace, ", but speaks of %s, asked about %s", meant, asked);
        }
        end_paragraph(trace);
}

static void tell_send(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *request = request_name(entry->request);
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *size = size_of(entry->bytes);

        ask(trace, entry);
        say(trace, "send %s begins: %s, %s, ", request, name, size);
        say_envelope(trace, entry->as.send.from, entry->as.send.to);
        if (entry->as.send.gated)
                say(trace, ", not to be read before it is opened");
        end_paragraph(trace);
}

static const char *const reply_phrases[UP_REPLY_COUNT] = {
        [UP_REPLY_ACCEPT] = "accepted",
        [UP_REPLY_DEFER] = "deferred (4xx)",
        [UP_REPLY_REJECT] = "rejected (5xx)",
        [UP_REPLY_LOST] = "connection lost",
};

/* Says how RCPT went for those who were not accepted; returns how many were. */
static unsigned say_rcpt(struct trace *trace, const struct up_entry *entry, const char *const *to)
{
        unsigned counts[UP_REPLY_COUNT] = { 0 };
        unsigned count = entry->as.send.rcpt == NULL ? 0 : entry->as.send.count;

        for (unsigned i = 0; i < count; i++)
                counts[MIN(entry->as.send.rcpt[i], UP_REPLY_LOST)]++;
        for (unsigned reply = UP_REPLY_DEFER; reply < UP_REPLY_COUNT; reply++) {
                g_autoptr(GPtrArray) refused = g_ptr_array_new();

                if (counts[reply] == 0)
                        continue;
                for (unsigned i = 0; i < count && to != NULL && to[i] != NULL; i++) {
                        if (MIN(entry->as.send.rcpt[i], UP_REPLY_LOST) == reply)
                                g_ptr_array_add(refused, (gpointer)to[i]);
                }
                g_ptr_array_add(refused, NULL);
                say(trace, "%sRCPT %s for ", trace->separator, reply_phrases[reply]);
                say_addresses(trace, (const char *const *)refused->pdata);
                trace->separator = "; ";
        }
        return counts[UP_REPLY_ACCEPT];
}

static void say_after_rcpt(struct trace *trace, const struct up_entry *entry)
{
        say(trace, "%s", trace->separator);
        if (entry->as.send.data != UP_REPLY_ACCEPT)
                say(trace, "DATA %s", WORD_OF(entry->as.send.data, reply_phrases));
        else if (entry->as.send.dot == UP_REPLY_LOST)
                say(trace, "connection lost after the dot, delivered or not");
        else
                say(trace, "%s after the dot", WORD_OF(entry->as.send.dot, reply_phrases));
}

static void tell_sent(struct trace *trace, const struct up_entry *entry)
{
        struct question *question = find_question(trace, entry->request);
        const char *const *to = entry->as.send.to;

        if (to == NULL && question != NULL && question->entry->kind == UP_ENTRY_SEND)
                to = question->entry->as.send.to;
        say_answer_to(trace, "next hop", entry, question);
        trace->separator = "";
        if (entry->as.send.mail != UP_REPLY_ACCEPT)
                say(trace, "MAIL %s", WORD_OF(entry->as.send.mail, reply_phrases));
        else if (say_rcpt(trace, entry, to) > 0 || entry->as.send.rcpt == NULL)
                say_after_rcpt(trace, entry);
        end_paragraph(trace);
}

static void tell_open(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);

        say(trace, "opened for reading: %s", name);
        end_paragraph(trace);
}

/* The text of an entry may name the message and the code already. */
static void tell_log(struct trace *trace, const struct up_entry *entry)
{
        const struct up_log_entry *log = &entry->as.log;
        const char *whole = log->text != NULL ? log->text : entry->text;
        g_autofree char *source = sentence(log->source);
        g_autofree char *category = sentence(log->category);
        g_autofree char *text = sentence(whole);
        g_autofree char *message_id = printable(log->message_id, VALUE_BYTES);
        g_autofree char *code = g_strdup_printf("0x%x", log->code);
        const char *stop = g_str_has_suffix(text, ".") ? "" : ".";

        say(trace, "event" UP_PAGE_FIXED_BLANK "%u, %s, %s: %s", log->event, source, category,
            text);
        if (*message_id != '\0' && strstr(whole == NULL ? "" : whole, log->message_id) == NULL) {
                say(trace, "%s Message-ID %s", stop, message_id);
                stop = ",";
        }
        if ((log->failure || log->code != 0) && strcasestr(text, code) == NULL)
                say(trace, "%s error code" UP_PAGE_FIXED_BLANK "%s", stop, code);
        end_paragraph(trace);
}

static void tell_command(struct trace *trace, const struct up_entry *entry)
{
        g_autofree char *name = name_of(trace, entry->message, entry->number);
        g_autofree char *text = sentence(entry->text);

        if (entry->text != NULL && g_strcmp0(entry->text, trace->head->text) == 0)
                return; /* the line of the script said it */
        if (*text != '\0')
                say(trace, "told: %s", text);
        else
                say(trace, "administrator: %s %s",
                    WORD_OF(entry->as.command.command, up_command_names), name);
        end_paragraph(trace);
}

static void tell_clock(struct trace *trace, const struct up_entry *entry)
{
        int64_t jump_s = CLAMP(entry->as.jump_s, -INT64_MAX / 1000, INT64_MAX / 1000);
        g_autofree char *jump = when(ABS(jump_s) * 1000);

        say(trace, "the wall clock jumps %s by %s", jump_s < 0 ? "back" : "ahead", jump);
        end_paragraph(trace);
}

static void tell_crash(struct trace *trace, const struct up_entry *entry)
{
        say(trace, "CRASH: the power goes out at storage operation" UP_PAGE_FIXED_BLANK "%u",
            entry->as.operation);
        end_paragraph(trace);
}

static void tell_restart(struct trace *trace, const struct up_entry *entry)
{
        (void)entry;
        say(trace, "the pipeline is started again");
        end_paragraph(trace);
}

static void tell_view(struct trace *trace, const struct up_entry *entry)
{
        const struct up_view *view = &entry->as.view;
        const struct up_view *before =
            up_replay_view(&trace->replay, view->message, view->recipient);
        g_autofree char *change = describe_change(trace, before, view);

        if (*change != '\0')
                add_alike(trace, g_steal_pointer(&change), view);
}

static void tell_script_end(struct trace *trace, const struct up_entry *entry)
{
        (void)entry;
        say(trace, "end of the script; from here on %s",
            trace->ledger->healed ? "scanner and next hop are well"
                                  : "scanner and next hop go on as they last did");
        end_paragraph(trace);
}

static const char *const ending_phrases[UP_ENDINGS] = {
        [UP_ENDING_SETTLED] = "every recipient has a disposition, and nothing is due",
        [UP_ENDING_IDLE] = "nothing is due, nobody will answer, and somebody waits",
        [UP_ENDING_BOUND] = "the time is past every bound, and somebody waits",
        [UP_ENDING_CYCLE] = "the same state comes again and again, and somebody waits",
        [UP_ENDING_SPIN] = "the pipeline is busy without end, and no time passes",
        [UP_ENDING_STEPS] = "too many steps; stopped here",
};

static void tell_end(struct trace *trace, const struct up_entry *entry)
{
        say(trace, "THE END: %s", WORD_OF(entry->as.ending, ending_phrases));
        end_paragraph(trace);
        tell_where_all_stand(trace);
}

/* What tells each kind; a step begins with the kinds that cause one. */
static const struct {
        void (*tell)(struct trace *trace, const struct up_entry *entry);
        bool begins_step;
} tellers[UP_ENTRY_KINDS] = {
        [UP_ENTRY_EVENT] = { tell_event, true },
        [UP_ENTRY_SUBMIT] = { tell_submit, false },
        [UP_ENTRY_SCAN] = { tell_scan, false },
        [UP_ENTRY_SCANNED] = { tell_scanned, true },
        [UP_ENTRY_SEND] = { tell_send, false },
        [UP_ENTRY_SENT] = { tell_sent, true },
        [UP_ENTRY_OPEN] = { tell_open, false },
        [UP_ENTRY_LOG] = { tell_log, false },
        [UP_ENTRY_RUN] = { NULL, true },
        [UP_ENTRY_COMMAND] = { tell_command, false },
        [UP_ENTRY_CLOCK] = { tell_clock, false },
        [UP_ENTRY_CRASH] = { tell_crash, false },
        [UP_ENTRY_RESTART] = { tell_restart, true },
        [UP_ENTRY_VIEW] = { tell_view, false },
        [UP_ENTRY_STEP] = { NULL, false },
        [UP_ENTRY_SCRIPT_END] = { tell_script_end, true },
        [UP_ENTRY_END] = { tell_end, true },
};

/* --- steps ------------------------------------------------------------------------------------ */

/* The key of what a step tells: its text, without what may vary. */
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
        tell_alike(trace);
        if (!trace->has_told && trace->head->kind == UP_ENTRY_RUN) {
                say(trace, "the pipeline runs, and nothing changes");
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
        trace->has_told = trace->is_marked = false;
}

static void tell_marks(struct trace *trace, guint index)
{
        while (
            trace->mark_next < trace->mark_count && trace->marks[trace->mark_next].entry <= index) {
                g_autofree char *text = sentence(trace->marks[trace->mark_next++].text);

                tell_alike(trace);
                say(trace, UP_PAGE_STANDS_OUT "%s\n", text);
                trace->is_marked = true;
        }
}

static void tell_entry(struct trace *trace, guint index)
{
        const struct up_entry *entry = up_ledger_at(trace->ledger, index);

        if (tellers[entry->kind].begins_step)
                end_step(trace);
        if (trace->head == NULL)
                trace->head = entry;
        tell_marks(trace, index);
        if (entry->kind != UP_ENTRY_VIEW)
                tell_alike(trace);
        if (tellers[entry->kind].tell != NULL)
                tellers[entry->kind].tell(trace, entry);
        up_replay_next(&trace->replay);
        if (entry->kind == UP_ENTRY_STEP)
                end_step(trace);
}

static void tell_all(struct trace *trace)
{
        guint count = trace->ledger->entries->len;
        const struct up_entry *last = count == 0 ? NULL : up_ledger_at(trace->ledger, count - 1);

        for (guint i = 0; i < count; i++)
                tell_entry(trace, i);
        end_step(trace);
        if (last == NULL || last->kind != UP_ENTRY_END) {
                static const struct up_entry nothing = { .kind = UP_ENTRY_END };

                trace->head = last == NULL ? &nothing : last;
                say(trace, "%s", last == NULL ? "nothing was seen" : "the record ends here");
                end_paragraph(trace);
                tell_where_all_stand(trace);
        }
        if (trace->head == NULL)
                trace->head = last;
        tell_marks(trace, G_MAXUINT);
        end_step(trace);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void story_init(struct trace *trace, const struct up_ledger *ledger)
{
        *trace = (struct trace){
                .ledger = ledger,
                .labels = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, label_free),
                .questions = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free),
                .text = g_string_new(NULL),
                .alike = g_ptr_array_new_with_free_func(alike_free),
                .alike_by_text = g_hash_table_new(g_str_hash, g_str_equal),
                .steps = g_array_new(FALSE, FALSE, sizeof(struct up_page_step)),
                .keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .key = g_string_new(NULL),
        };
        up_replay_init(&trace->replay, ledger);
        name_messages(trace);
}

static void story_clear(struct trace *trace)
{
        for (guint i = 0; i < trace->steps->len; i++)
                g_free(g_array_index(trace->steps, struct up_page_step, i).text);
        g_array_unref(trace->steps);
        g_hash_table_unref(trace->labels);
        g_hash_table_unref(trace->questions);
        g_hash_table_unref(trace->alike_by_text);
        g_ptr_array_unref(trace->alike);
        g_hash_table_unref(trace->keys);
        g_string_free(trace->text, TRUE);
        g_string_free(trace->key, TRUE);
        up_replay_clear(&trace->replay);
}

char *up_ledger_trace(const struct up_ledger *ledger, unsigned columns,
    const struct up_trace_mark *marks, size_t mark_count)
{
        struct trace trace;
        char *page;

        story_init(&trace, ledger);
        trace.marks = marks;
        trace.mark_count = mark_count;
        tell_all(&trace);
        page = up_page_write(trace.steps, columns);
        story_clear(&trace);
        return page;
}
