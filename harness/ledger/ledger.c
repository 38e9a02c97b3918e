/*
 * ledger - entries in one array, and one table of their fields
 *
 * Each kind of entry has a list of fields: name, type, and where it lies in struct up_entry. What
 * is copied when an entry is added, and what is written of it, both follow that list, so a field
 * that is a row is neither forgotten in the text nor left pointing at what is not ours.
 *
 * Strings are kept once, in one chunk; arrays are blocks of their own; bytes are references. A
 * fuzzer makes thousands of ledgers a second, so nothing here is clever but that.
 *
 * Values come from the pipeline under test, and an enumeration may hold anything: one without a
 * name is written as its number. What count fields say of arrays is believed, for the world
 * writes them.
 */
#include "ledger/ledger.h"

#include <string.h>

enum field_type {
        TEXT,    /* const char * */
        TEXTS,   /* const char *const *, NULL-terminated */
        WORD,    /* an enumeration */
        FLAG,    /* bool */
        NUMBER,  /* unsigned */
        CODE,    /* uint32_t, in hexadecimal */
        LONG,    /* uint64_t */
        SECONDS, /* int64_t */
        TIME,    /* int64_t, milliseconds */
        PLACES,  /* const unsigned *, as many as the transaction has recipients */
        REPLIES, /* const enum up_reply *, as many */
        BYTES,   /* GBytes * */
        POLICY,  /* const struct up_policy * */
};

struct field {
        const char *name;
        enum field_type type;
        size_t offset;            /* in struct up_entry */
        const char *const *names; /* of a WORD */
        unsigned count;           /* of names */
};

#define AT(member) offsetof(struct up_entry, member)
/* clang-format off */
#define WORD_ROW(name, member, names) { name, WORD, AT(member), names, G_N_ELEMENTS(names) }

/* Of each kind; left out of the text where they are 0. */
static const struct field common_fields[] = {
        { "number", NUMBER, AT(number), NULL, 0 },
        { "message", LONG, AT(message), NULL, 0 },
        { "request", LONG, AT(request), NULL, 0 },
        { "bytes", BYTES, AT(bytes), NULL, 0 },
        { "text", TEXT, AT(text), NULL, 0 },
};

static const struct field submit_fields[] = {
        WORD_ROW("origin", as.submit.origin, up_origin_names),
        WORD_ROW("receipt", as.submit.receipt, up_receipt_names),
        { "from", TEXT, AT(as.submit.from), NULL, 0 },
        { "to", TEXTS, AT(as.submit.to), NULL, 0 },
        { "notify", FLAG, AT(as.submit.notify), NULL, 0 },
        { "copy", FLAG, AT(as.submit.copy), NULL, 0 },
        { "hops", NUMBER, AT(as.submit.hops), NULL, 0 },
        { "bound", TIME, AT(as.submit.bound_ms), NULL, 0 },
        { "policy", POLICY, AT(as.submit.policy), NULL, 0 },
};

static const struct field scan_fields[] = {
        WORD_ROW("level", as.scan.level, up_level_names),
};

static const struct field scanned_fields[] = {
        WORD_ROW("level", as.scan.level, up_level_names),
        { "about", LONG, AT(as.scan.answer.message), NULL, 0 },
        WORD_ROW("verdict", as.scan.answer.verdict, up_verdict_names),
        { "code", CODE, AT(as.scan.answer.code), NULL, 0 },
        { "reason", TEXT, AT(as.scan.answer.reason), NULL, 0 },
};

static const struct field send_fields[] = {
        { "from", TEXT, AT(as.send.from), NULL, 0 },
        { "to", TEXTS, AT(as.send.to), NULL, 0 },
        { "count", NUMBER, AT(as.send.count), NULL, 0 },
        { "recipients", PLACES, AT(as.send.recipients), NULL, 0 },
        { "gated", FLAG, AT(as.send.gated), NULL, 0 },
};

static const struct field sent_fields[] = {
        { "from", TEXT, AT(as.send.from), NULL, 0 },
        { "to", TEXTS, AT(as.send.to), NULL, 0 },
        { "count", NUMBER, AT(as.send.count), NULL, 0 },
        { "recipients", PLACES, AT(as.send.recipients), NULL, 0 },
        { "gated", FLAG, AT(as.send.gated), NULL, 0 },
        WORD_ROW("mail", as.send.mail, up_reply_names),
        { "rcpt", REPLIES, AT(as.send.rcpt), up_reply_names, UP_REPLY_COUNT },
        WORD_ROW("data", as.send.data, up_reply_names),
        WORD_ROW("dot", as.send.dot, up_reply_names),
};

static const struct field log_fields[] = {
        { "event", NUMBER, AT(as.log.event), NULL, 0 },
        { "source", TEXT, AT(as.log.source), NULL, 0 },
        { "category", TEXT, AT(as.log.category), NULL, 0 },
        { "about", LONG, AT(as.log.message), NULL, 0 },
        { "message-id", TEXT, AT(as.log.message_id), NULL, 0 },
        { "failure", FLAG, AT(as.log.failure), NULL, 0 },
        { "code", CODE, AT(as.log.code), NULL, 0 },
        { "says", TEXT, AT(as.log.text), NULL, 0 },
};

static const struct field command_fields[] = {
        WORD_ROW("command", as.command.command, up_command_names),
};

static const struct field clock_fields[] = {
        { "jump", SECONDS, AT(as.jump_s), NULL, 0 },
};

static const struct field crash_fields[] = {
        { "operation", NUMBER, AT(as.operation), NULL, 0 },
};

static const struct field view_fields[] = {
        { "of", LONG, AT(as.view.message), NULL, 0 },
        { "parent", LONG, AT(as.view.parent), NULL, 0 },
        { "from", TEXT, AT(as.view.from), NULL, 0 },
        { "recipient", NUMBER, AT(as.view.recipient), NULL, 0 },
        { "to", TEXT, AT(as.view.to), NULL, 0 },
        { "state", TEXT, AT(as.view.state), NULL, 0 },
        WORD_ROW("disposition", as.view.disposition, up_disposition_names),
        WORD_ROW("reading", as.view.access, up_access_names),
        WORD_ROW("owner", as.view.owner, up_owner_names),
        { "due", TIME, AT(as.view.owner_ms), NULL, 0 },
        { "expiry", TIME, AT(as.view.expiry_ms), NULL, 0 },
        { "rank", LONG, AT(as.view.rank), NULL, 0 },
        { "eligible", FLAG, AT(as.view.eligible), NULL, 0 },
};

static const struct field step_fields[] = {
        { "digest", LONG, AT(as.step.digest), NULL, 0 },
        { "next", TIME, AT(as.step.next_ms), NULL, 0 },
        { "outstanding", NUMBER, AT(as.step.outstanding), NULL, 0 },
};

static const struct field end_fields[] = {
        WORD_ROW("ending", as.ending, up_ending_names),
};

#define LIST(fields) { fields, G_N_ELEMENTS(fields) }
/* clang-format on */

static const struct {
        const struct field *rows;
        size_t count;
} fields_of[UP_ENTRY_KIND_COUNT] = {
        [UP_ENTRY_SUBMIT] = LIST(submit_fields),
        [UP_ENTRY_SCAN] = LIST(scan_fields),
        [UP_ENTRY_SCANNED] = LIST(scanned_fields),
        [UP_ENTRY_SEND] = LIST(send_fields),
        [UP_ENTRY_SENT] = LIST(sent_fields),
        [UP_ENTRY_LOG] = LIST(log_fields),
        [UP_ENTRY_COMMAND] = LIST(command_fields),
        [UP_ENTRY_CLOCK] = LIST(clock_fields),
        [UP_ENTRY_CRASH] = LIST(crash_fields),
        [UP_ENTRY_VIEW] = LIST(view_fields),
        [UP_ENTRY_STEP] = LIST(step_fields),
        [UP_ENTRY_END] = LIST(end_fields),
};

G_STATIC_ASSERT(sizeof(enum up_reply) == sizeof(unsigned)); /* a WORD is read as one */

/* --- writing down ----------------------------------------------------------------------------- */

struct up_ledger *up_ledger_new(const struct up_pipeline *pipeline, bool healed)
{
        struct up_ledger *ledger = g_new0(struct up_ledger, 1);

        ledger->strings = g_string_chunk_new(1024);
        ledger->pipeline = g_string_chunk_insert_const(ledger->strings, pipeline->name);
        ledger->capabilities = pipeline->capabilities;
        ledger->healed = healed;
        ledger->entries = g_array_sized_new(FALSE, FALSE, sizeof(struct up_entry), 64);
        ledger->blocks = g_ptr_array_new_with_free_func(g_free);
        return ledger;
}

void up_ledger_free(struct up_ledger *ledger)
{
        if (ledger == NULL)
                return;
        for (guint i = 0; i < ledger->entries->len; i++)
                g_bytes_unref(up_ledger_at(ledger, i)->bytes);
        g_array_unref(ledger->entries);
        g_ptr_array_unref(ledger->blocks);
        g_string_chunk_free(ledger->strings);
        g_free(ledger);
}

static const char *own_text(struct up_ledger *ledger, const char *text)
{
        return text == NULL ? NULL : g_string_chunk_insert_const(ledger->strings, text);
}

static void *own_block(struct up_ledger *ledger, const void *block, size_t bytes)
{
        void *copy = g_memdup2(block, bytes);

        if (copy != NULL)
                g_ptr_array_add(ledger->blocks, copy);
        return copy;
}

static const char *const *own_texts(struct up_ledger *ledger, const char *const *texts)
{
        size_t count = 0;

        if (texts == NULL)
                return NULL;
        while (texts[count] != NULL)
                count++;

        const char **copy = own_block(ledger, texts, (count + 1) * sizeof(*texts));
        for (size_t i = 0; i < count; i++)
                copy[i] = own_text(ledger, texts[i]);
        return copy;
}

/* Policies seldom change, so that most submissions share one copy. */
static const struct up_policy *own_policy(struct up_ledger *ledger, const struct up_policy *policy)
{
        if (policy != NULL &&
            (ledger->policy == NULL || memcmp(ledger->policy, policy, sizeof *policy) != 0))
                ledger->policy = own_block(ledger, policy, sizeof *policy);
        return policy != NULL ? ledger->policy : NULL;
}

/* Replaces what the field points to, if it does, by a copy of the ledger's own. */
static void own(struct up_ledger *ledger, struct up_entry *entry, const struct field *field)
{
        void *at = (char *)entry + field->offset;

        switch (field->type) {
        case TEXT:
                *(const char **)at = own_text(ledger, *(const char **)at);
                break;
        case TEXTS:
                *(const char *const **)at = own_texts(ledger, *(const char *const **)at);
                break;
        case PLACES:
                *(const unsigned **)at = own_block(
                    ledger, *(const unsigned **)at, entry->as.send.count * sizeof(unsigned));
                break;
        case REPLIES:
                *(const enum up_reply **)at = own_block(ledger, *(const enum up_reply **)at,
                    entry->as.send.count * sizeof(enum up_reply));
                break;
        case BYTES:
                if (entry->bytes != NULL)
                        g_bytes_ref(entry->bytes);
                break;
        case POLICY:
                *(const struct up_policy **)at =
                    own_policy(ledger, *(const struct up_policy *const *)at);
                break;
        default:
                break;
        }
}

guint up_ledger_add(struct up_ledger *ledger, const struct up_entry *entry)
{
        struct up_entry copy = *entry;

        g_assert(entry->kind < UP_ENTRY_KIND_COUNT);
        for (size_t i = 0; i < G_N_ELEMENTS(common_fields); i++)
                own(ledger, &copy, &common_fields[i]);
        for (size_t i = 0; i < fields_of[entry->kind].count; i++)
                own(ledger, &copy, &fields_of[entry->kind].rows[i]);
        g_array_append_val(ledger->entries, copy);
        return ledger->entries->len - 1;
}

/* --- comparing -------------------------------------------------------------------------------- */

/* Entries of one kind, whose other fields are the same so far: the count of an array is one. */
static bool is_same_block(const void *a, const void *b, size_t bytes)
{
        return a == b || (a != NULL && b != NULL && memcmp(a, b, bytes) == 0);
}

static bool is_same_list(const char *const *a, const char *const *b)
{
        return a == b || (a != NULL && b != NULL && g_strv_equal(a, b));
}

static bool is_same_bytes(GBytes *a, GBytes *b)
{
        return a == b || (a != NULL && b != NULL && g_bytes_equal(a, b));
}

static bool is_same_field(
    const struct up_entry *a, const struct up_entry *b, const struct field *field)
{
        const void *one = (const char *)a + field->offset;
        const void *other = (const char *)b + field->offset;

        switch (field->type) {
        case TEXT:
                return g_strcmp0(*(const char *const *)one, *(const char *const *)other) == 0;
        case TEXTS:
                return is_same_list(
                    *(const char *const *const *)one, *(const char *const *const *)other);
        case PLACES:
        case REPLIES: /* as wide as a place: see the assertion above */
                return is_same_block(*(const void *const *)one, *(const void *const *)other,
                    a->as.send.count * sizeof(unsigned));
        case BYTES:
                return is_same_bytes(*(GBytes *const *)one, *(GBytes *const *)other);
        case POLICY:
                return is_same_block(*(const void *const *)one, *(const void *const *)other,
                    sizeof(struct up_policy));
        case FLAG:
                return *(const bool *)one == *(const bool *)other;
        case WORD:
        case NUMBER:
        case CODE:
                return *(const uint32_t *)one == *(const uint32_t *)other;
        case LONG:
        case SECONDS:
        case TIME:
        default:
                return *(const uint64_t *)one == *(const uint64_t *)other;
        }
}

bool up_entry_is_same(const struct up_entry *a, const struct up_entry *b)
{
        if (a->kind != b->kind || a->at_ms != b->at_ms)
                return false;
        for (size_t i = 0; i < G_N_ELEMENTS(common_fields); i++)
                if (!is_same_field(a, b, &common_fields[i]))
                        return false;
        for (size_t i = 0; i < fields_of[a->kind].count; i++)
                if (!is_same_field(a, b, &fields_of[a->kind].rows[i]))
                        return false;
        return true;
}

/* --- as text ---------------------------------------------------------------------------------- */

struct writer {
        GString *text;
        GHashTable *sums; /* GBytes to their sums: one message is asked about again and again */
        const struct up_entry *entry;
};

/* printf would be most of the time that a ledger takes. */
static void put_unsigned(GString *text, uint64_t value)
{
        char digits[20];
        size_t at = sizeof(digits);

        do {
                digits[--at] = (char)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        g_string_append_len(text, digits + at, (gssize)(sizeof(digits) - at));
}

static void put_signed(GString *text, int64_t value)
{
        if (value < 0)
                g_string_append_c(text, '-');
        put_unsigned(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void put_ms(GString *text, int64_t ms)
{
        if (ms == UP_NEVER_MS) {
                g_string_append(text, "never");
                return;
        }
        put_signed(text, ms);
        g_string_append(text, "ms");
}

/* In quotes, on one line, and back again without doubt; NULL is a dash. */
static void put_text(GString *text, const char *value)
{
        if (value == NULL) {
                g_string_append_c(text, '-');
                return;
        }
        g_string_append_c(text, '"');
        while (*value != '\0') {
                size_t plain = 0;
                while (value[plain] >= ' ' && value[plain] < 0x7f && value[plain] != '"' &&
                       value[plain] != '\\')
                        plain++;
                g_string_append_len(text, value, (gssize)plain);
                value += plain;
                if (*value != '\0')
                        g_string_append_printf(text, "\\x%02x", (unsigned char)*value++);
        }
        g_string_append_c(text, '"');
}

static void put_texts(GString *text, const char *const *values)
{
        if (values == NULL) {
                g_string_append_c(text, '-');
                return;
        }
        g_string_append_c(text, '[');
        for (size_t i = 0; values[i] != NULL; i++) {
                if (i > 0)
                        g_string_append_c(text, ' ');
                put_text(text, values[i]);
        }
        g_string_append_c(text, ']');
}

static void put_word(GString *text, unsigned value, const struct field *field)
{
        if (value < field->count)
                g_string_append(text, field->names[value]);
        else
                put_unsigned(text, value);
}

static void put_sum(struct writer *writer, GBytes *bytes)
{
        char *sum = g_hash_table_lookup(writer->sums, bytes);

        if (sum == NULL) {
                g_autofree char *whole = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
                sum = g_strdup_printf("%zu:%.12s", g_bytes_get_size(bytes), whole);
                g_hash_table_insert(writer->sums, bytes, sum);
        }
        g_string_append(writer->text, sum);
}

/* The settings that are not standard. */
static void put_policy(GString *text, const struct up_policy *policy)
{
        const char *blank = "";

        g_string_append_c(text, policy != NULL ? '[' : '-');
        for (size_t i = 0; policy != NULL && i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);

                if (up_policy_is_standard(policy, &setting))
                        continue;
                g_autofree char *value = up_policy_get(policy, &setting);
                g_string_append_printf(text, "%s%s=%s", blank, setting.name, value);
                blank = " ";
        }
        if (policy != NULL)
                g_string_append_c(text, ']');
}

/* The places or replies of a transaction; both are arrays of unsigned. */
static void put_array(struct writer *writer, const unsigned *values, const struct field *field)
{
        if (values == NULL) {
                g_string_append_c(writer->text, '-');
                return;
        }
        for (unsigned i = 0; i < writer->entry->as.send.count; i++) {
                if (i > 0)
                        g_string_append_c(writer->text, ',');
                put_word(writer->text, values[i], field);
        }
}

static void put_field(struct writer *writer, const struct field *field)
{
        const void *at = (const char *)writer->entry + field->offset;
        GString *text = writer->text;

        g_string_append_c(text, ' ');
        g_string_append(text, field->name);
        g_string_append_c(text, '=');
        switch (field->type) {
        case TEXT:
                put_text(text, *(const char *const *)at);
                break;
        case TEXTS:
                put_texts(text, *(const char *const *const *)at);
                break;
        case WORD:
                put_word(text, *(const unsigned *)at, field);
                break;
        case FLAG:
                g_string_append(text, *(const bool *)at ? "yes" : "no");
                break;
        case NUMBER:
                put_unsigned(text, *(const unsigned *)at);
                break;
        case CODE:
                g_string_append_printf(text, "0x%x", *(const uint32_t *)at);
                break;
        case LONG:
                put_unsigned(text, *(const uint64_t *)at);
                break;
        case SECONDS:
                put_signed(text, *(const int64_t *)at);
                g_string_append_c(text, 's');
                break;
        case TIME:
                put_ms(text, *(const int64_t *)at);
                break;
        case PLACES:
        case REPLIES:
                put_array(writer, *(const unsigned *const *)at, field);
                break;
        case BYTES:
                put_sum(writer, *(GBytes *const *)at);
                break;
        case POLICY:
                put_policy(text, *(const struct up_policy *const *)at);
                break;
        }
}

static bool is_zero(const struct up_entry *entry, const struct field *field)
{
        const char *at = (const char *)entry + field->offset;

        switch (field->type) {
        case NUMBER:
                return *(const unsigned *)at == 0;
        case LONG:
                return *(const uint64_t *)at == 0;
        case TEXT:
                return *(const char *const *)at == NULL;
        case BYTES:
                return *(GBytes *const *)at == NULL;
        default:
                return false;
        }
}

static void put_entry(struct writer *writer, const struct up_entry *entry)
{
        writer->entry = entry;
        put_ms(writer->text, entry->at_ms);
        g_string_append_c(writer->text, ' ');
        g_string_append(writer->text, up_entry_kind_names[entry->kind]);
        for (size_t i = 0; i < G_N_ELEMENTS(common_fields); i++) {
                if (!is_zero(entry, &common_fields[i]))
                        put_field(writer, &common_fields[i]);
        }
        for (size_t i = 0; i < fields_of[entry->kind].count; i++)
                put_field(writer, &fields_of[entry->kind].rows[i]);
        g_string_append_c(writer->text, '\n');
}

char *up_ledger_write(const struct up_ledger *ledger)
{
        struct writer writer = {
                .text = g_string_sized_new(128 + (size_t)ledger->entries->len * 128),
                .sums = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        };

        g_string_append(writer.text, "ledger pipeline=");
        put_text(writer.text, ledger->pipeline);
        g_string_append_printf(writer.text, " can=0x%x healed=%s healthy=%s\n",
            ledger->capabilities, ledger->healed ? "yes" : "no", ledger->healthy ? "yes" : "no");
        for (guint i = 0; i < ledger->entries->len; i++)
                put_entry(&writer, up_ledger_at(ledger, i));
        g_hash_table_unref(writer.sums);
        return g_string_free(writer.text, FALSE);
}

/* --- time ------------------------------------------------------------------------------------- */

char *up_ledger_time(int64_t ms)
{
        const char *sign = ms < 0 ? "-" : "";
        uint64_t whole = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
        unsigned fraction = (unsigned)(whole % 1000), second = (unsigned)(whole / 1000 % 60);
        unsigned minute = (unsigned)(whole / 60000 % 60), hour = (unsigned)(whole / 3600000 % 24);
        uint64_t day = whole / 86400000;

        if (ms == UP_NEVER_MS)
                return g_strdup("never");
        if (day > 0)
                return g_strdup_printf("%s%" G_GUINT64_FORMAT "d %02u:%02u:%02u.%03u", sign, day,
                    hour, minute, second, fraction);
        if (hour > 0)
                return g_strdup_printf("%s%u:%02u:%02u.%03u", sign, hour, minute, second, fraction);
        if (minute > 0)
                return g_strdup_printf("%s%u:%02u.%03u", sign, minute, second, fraction);
        return g_strdup_printf("%s%u.%03u", sign, second, fraction);
}
