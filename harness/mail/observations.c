/*
 * observations - counters, remarks and GLib's log
 *
 * The text of a log message or of an error holds pointers, sizes and file lines; a site must be
 * the same for the same fault on any machine, so digits and hexadecimal addresses are folded away.
 */
#include "mail/observations.h"

#include <stdarg.h>
#include <string.h>

#include "fnv.h"

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
        [UP_COUNT_ACCEPTED_JUDGED] = "accepted-judged",
};

static struct up_observations *listening;

static void remark_free(void *data)
{
        struct up_remark *remark = data;

        g_free(remark->site);
        g_free(remark->detail);
        g_free(remark);
}

void up_observations_init(
    struct up_observations *observed, const struct up_limits *limits, int64_t now_s)
{
        memset(observed, 0, sizeof *observed);
        observed->limits = *limits;
        observed->now_s = now_s;
        observed->depth = UP_DEPTH_JUDGE;
        observed->remarks = g_ptr_array_new_with_free_func(remark_free);
}

void up_observations_clear(struct up_observations *observed)
{
        g_assert(listening != observed);
        g_clear_pointer(&observed->remarks, g_ptr_array_unref);
}

void up_observations_count(struct up_observations *observed, enum up_count count)
{
        observed->counts[count]++;
}

static struct up_remark *find_remark(
    const struct up_observations *observed, enum up_remark_kind kind, const char *site)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
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

void up_observations_remark(struct up_observations *observed, enum up_remark_kind kind,
    const char *site, const char *detail_format, ...)
{
        struct up_remark *remark = find_remark(observed, kind, site);

        if (remark == NULL) {
                va_list args;
                va_start(args, detail_format);
                remark = g_new0(struct up_remark, 1);
                remark->kind = kind;
                remark->site = g_strdup(site);
                remark->detail = printable(g_strdup_vprintf(detail_format, args));
                va_end(args);
                g_ptr_array_add(observed->remarks, remark);
        }
        remark->times++;
}

bool up_observations_within(struct up_observations *observed, const uint64_t *field, uint64_t value)
{
        size_t offset = (size_t)((const char *)field - (const char *)&observed->limits);

        if (value <= *field)
                return true;
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++) {
                const struct up_limit_row *row = &up_limit_rows[i];
                if (row->offset == offset)
                        up_observations_remark(observed, UP_REMARK_LIMIT, row->name,
                            "%" G_GUINT64_FORMAT " %s, the limit is %" G_GUINT64_FORMAT, value,
                            row->what, *field);
        }
        observed->unscannable = true;
        return false;
}

bool up_observations_spend(struct up_observations *observed, uint64_t bytes)
{
        observed->decoded_bytes += bytes;
        return up_observations_within(
            observed, &observed->limits.decoded_bytes, observed->decoded_bytes);
}

size_t up_observations_draw(
    const struct up_observations *observed, const char *choice, size_t count)
{
        return up_fnv_number(up_fnv_text(observed->hash, choice), 0) % count;
}

bool up_observations_take(const struct up_observations *observed, const char *choice, size_t row,
    size_t rows, bool examined)
{
        return observed->depth == UP_DEPTH_JUDGE ||
               (observed->depth == UP_DEPTH_EXAMINE && examined) ||
               row == up_observations_draw(observed, choice, rows);
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
                up_observations_remark(listening, UP_REMARK_LOG, site, "%s: %s",
                    (level & G_LOG_LEVEL_CRITICAL) != 0 ? "CRITICAL" : "WARNING", message);
        }
        return G_LOG_WRITER_HANDLED;
}

void up_observations_listen(struct up_observations *observed)
{
        static bool installed;

        g_assert(listening == NULL);
        if (!installed) {
                g_log_set_writer_func(log_writer, NULL, NULL);
                installed = true;
        }
        listening = observed;
}

void up_observations_unlisten(struct up_observations *observed)
{
        g_assert(listening == observed);
        listening = NULL;
}
