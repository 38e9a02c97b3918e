/*
 * exam - counting, noting, listening
 *
 * The text of a log message or of an error holds pointers, sizes and file lines; a site must be
 * the same for the same fault on any machine, so digits and hexadecimal addresses are folded away.
 */
#include "mail/exam.h"

#include <stdarg.h>
#include <string.h>

#define DETAIL_BYTES 400

const char *const up_count_names[UP_COUNTS] = {
        [UP_COUNT_PARTS] = "parts",
        [UP_COUNT_CMS] = "cms",
        [UP_COUNT_SIGNED] = "signed",
        [UP_COUNT_VERIFIED] = "verified",
        [UP_COUNT_DIGEST_ONLY] = "digest-only",
        [UP_COUNT_TRUSTED] = "trusted",
        [UP_COUNT_DECRYPTED] = "decrypted",
        [UP_COUNT_DECOMPRESSED] = "decompressed",
        [UP_COUNT_LOGS_JUDGED] = "logs-judged",
        [UP_COUNT_REASONS_JUDGED] = "reasons-judged",
        [UP_COUNT_DECODERS_JUDGED] = "decoders-judged",
};

static struct up_exam *listening;

static void remark_free(void *data)
{
        struct up_remark *remark = data;

        g_free(remark->site);
        g_free(remark->detail);
        g_free(remark);
}

void up_exam_init(struct up_exam *exam, const struct up_limits *limits, int64_t now_s)
{
        memset(exam, 0, sizeof *exam);
        exam->limits = *limits;
        exam->now_s = now_s;
        exam->remarks = g_ptr_array_new_with_free_func(remark_free);
}

void up_exam_clear(struct up_exam *exam)
{
        g_assert(listening != exam);
        g_clear_pointer(&exam->remarks, g_ptr_array_unref);
}

void up_exam_count(struct up_exam *exam, enum up_count count)
{
        exam->counts[count]++;
}

static struct up_remark *find_remark(
    const struct up_exam *exam, enum up_remark_kind kind, const char *site)
{
        for (guint i = 0; i < exam->remarks->len; i++) {
                struct up_remark *remark = g_ptr_array_index(exam->remarks, i);
                if (remark->kind == kind && strcmp(remark->site, site) == 0)
                        return remark;
        }
        return NULL;
}

static char *printable(char *text)
{
        g_autofree char *owned = text;

        if (strlen(owned) > DETAIL_BYTES)
                owned[DETAIL_BYTES] = '\0';
        return g_strescape(owned, "\"");
}

void up_exam_remark(struct up_exam *exam, enum up_remark_kind kind, const char *site,
    const char *detail_format, ...)
{
        struct up_remark *remark = find_remark(exam, kind, site);

        if (remark == NULL) {
                va_list args;
                va_start(args, detail_format);
                remark = g_new0(struct up_remark, 1);
                remark->kind = kind;
                remark->site = g_strdup(site);
                remark->detail = printable(g_strdup_vprintf(detail_format, args));
                va_end(args);
                g_ptr_array_add(exam->remarks, remark);
        }
        remark->times++;
}

bool up_exam_within(struct up_exam *exam, const uint64_t *field, uint64_t value)
{
        size_t offset = (size_t)((const char *)field - (const char *)&exam->limits);

        if (value <= *field)
                return true;
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++) {
                const struct up_limit_row *row = &up_limit_rows[i];
                if (row->offset == offset)
                        up_exam_remark(exam, UP_REMARK_LIMIT, row->name,
                            "%" G_GUINT64_FORMAT " %s, the limit is %" G_GUINT64_FORMAT, value,
                            row->what, *field);
        }
        exam->unscannable = true;
        return false;
}

bool up_exam_spend(struct up_exam *exam, uint64_t bytes)
{
        exam->decoded_bytes += bytes;
        return up_exam_within(exam, &exam->limits.decoded_bytes, exam->decoded_bytes);
}

/* "assertion 'x' failed at 0x602000 line 12" -> "assertion 'x' failed at # line #" */
static char *fold_numbers(const char *text)
{
        GString *folded = g_string_new(NULL);

        for (const char *at = text; *at != '\0';) {
                bool starts_word = at == text || !g_ascii_isalnum(at[-1]);
                if (starts_word && g_ascii_isdigit(*at)) {
                        g_string_append_c(folded, '#');
                        while (g_ascii_isxdigit(*at) || *at == 'x')
                                at++;
                } else {
                        g_string_append_c(folded, *at++);
                }
        }
        return g_string_free(folded, FALSE);
}

static const char *field_value(const GLogField *fields, gsize count, const char *key)
{
        for (gsize i = 0; i < count; i++)
                if (strcmp(fields[i].key, key) == 0 && fields[i].length < 0)
                        return fields[i].value;
        return NULL;
}

/* Both g_log() and g_log_structured() end here, GLib turns the former into the latter. */
static GLogWriterOutput log_writer(
    GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
        const char *domain = field_value(fields, count, "GLIB_DOMAIN");
        const char *message = field_value(fields, count, "MESSAGE");

        if (listening == NULL)
                return g_log_writer_standard_streams(level, fields, count, data);
        if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0 && message != NULL) {
                g_autofree char *folded = fold_numbers(message);
                g_autofree char *site = printable(
                    g_strdup_printf("%s: %s", domain != NULL ? domain : "(no domain)", folded));
                up_exam_remark(listening, UP_REMARK_LOG, site, "%s: %s",
                    (level & G_LOG_LEVEL_CRITICAL) != 0 ? "CRITICAL" : "WARNING", message);
        }
        return G_LOG_WRITER_HANDLED;
}

void up_exam_listen(struct up_exam *exam)
{
        static bool installed;

        g_assert(listening == NULL);
        if (!installed) {
                g_log_set_writer_func(log_writer, NULL, NULL);
                installed = true;
        }
        listening = exam;
}

void up_exam_unlisten(struct up_exam *exam)
{
        g_assert(listening == exam);
        listening = NULL;
}
