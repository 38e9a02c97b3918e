/*
 * readings - a cache of results by the bytes that are decoded
 *
 * It must not outlive a case: what is read again and again (memory that leaks, edges that a fuzzer
 * counts) would show in the first one only.
 *
 * Messages are read with the standard limits of mail/limits.h and with no certificates but those in
 * the message and those of the test identities. Validity periods are ignored, so no clock is
 * needed.
 */
#include "world/readings.h"

#include <string.h>

#include "case/case.h"
#include "fnv.h"
#include "mail/ambiguity.h"
#include "mail/eicar.h"
#include "mail/header.h"
#include "gmime/objects.h"
#include "cms/smime.h"

struct up_readings {
        GHashTable *found; /* struct found, by the bytes that are decoded */
};

struct found {
        enum up_verdict verdict;
        const char *reason;
        uint64_t counts[UP_COUNTS];
};

/* The counts of what a message contains; the others count what the reader did. */
static const enum up_count content_counts[] = {
        UP_COUNT_PARTS,
        UP_COUNT_CMS,
        UP_COUNT_SIGNED,
        UP_COUNT_VERIFIED,
        UP_COUNT_DIGEST_ONLY,
        UP_COUNT_DECOMPRESSED,
};

static guint hash_bytes(gconstpointer key)
{
        gsize size;
        const void *data = g_bytes_get_data((GBytes *)key, &size);
        uint64_t hash = up_fnv_bytes(UP_FNV_BASIS, data, size);

        return (guint)(hash ^ hash >> 32);
}

struct up_readings *up_readings_new(void)
{
        struct up_readings *readings = g_new0(struct up_readings, 1);

        readings->found =
            g_hash_table_new_full(hash_bytes, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_free);
        return readings;
}

void up_readings_free(struct up_readings *readings)
{
        if (readings == NULL)
                return;
        g_hash_table_unref(readings->found);
        g_free(readings);
}

/* --- looking for the test file ---------------------------------------------------------------- */

static GBytes *test_file(void)
{
        static GBytes *file;

        if (file == NULL)
                file = up_eicar_expand(
                    (const uint8_t *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));
        return file;
}

static bool holds_test_file(GBytes *bytes)
{
        gsize size, wanted;
        const void *data = g_bytes_get_data(bytes, &size);
        const void *file = g_bytes_get_data(test_file(), &wanted);
        return size >= wanted && memmem(data, size, file, wanted) != NULL;
}

static bool decodes_to_test_file(GBytes *bytes, struct up_observations *observed)
{
        g_autoptr(GMimeMessage) message = up_mime_parse(bytes, observed);

        if (message == NULL)
                return false;

        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);
        for (guint i = 0; i < objects->len && !observed->unscannable; i++) {
                if (!GMIME_IS_PART(objects->pdata[i]))
                        continue;
                g_autoptr(GBytes) content =
                    up_mime_decoded(GMIME_PART(objects->pdata[i]), observed->limits.decoded_bytes);
                if (holds_test_file(content))
                        return true;
                up_observations_spend(observed, g_bytes_get_size(content));
        }
        return false;
}

/* Each of the two readers has a budget of its own. */
struct search {
        struct up_observations cms, mime;
        bool infected;
        const char *ambiguity; /* name of the first; NULL: none */
};

static const char *first_ambiguity(GBytes *message, const GPtrArray *entities)
{
        struct up_ambiguities found = up_ambiguities_find(message, entities);

        return found.count > 0 ? up_ambiguity_rows[found.hits[0].row].name : NULL;
}

static void search_layer(GBytes *message, const GPtrArray *entities, void *data)
{
        struct search *search = data;

        search->infected = search->infected || holds_test_file(message) ||
                           decodes_to_test_file(message, &search->mime);
        if (search->ambiguity == NULL && !search->infected)
                search->ambiguity = first_ambiguity(message, entities);
}

/* What was found before memory ran out, or a limit was met, is found. */
static enum up_verdict verdict_of(const struct search *search)
{
        bool unscannable =
            search->cms.unscannable || search->mime.unscannable || search->ambiguity != NULL;

        return search->infected            ? UP_VERDICT_INFECTED
               : search->cms.out_of_memory ? UP_VERDICT_NONE
               : unscannable               ? UP_VERDICT_UNSCANNABLE
                                           : UP_VERDICT_CLEAN;
}

static const char *limit_of(const struct up_observations *observed)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_LIMIT)
                        return g_intern_string(remark->site);
        }
        return NULL;
}

/* Why it is unscannable; else NULL. */
static const char *reason_of(const struct search *search)
{
        const char *reason = search->ambiguity;

        if (verdict_of(search) != UP_VERDICT_UNSCANNABLE)
                return NULL;
        if (reason == NULL)
                reason = limit_of(&search->cms);
        return reason != NULL ? reason : limit_of(&search->mime);
}

static void search_clear(struct search *search)
{
        up_observations_clear(&search->cms);
        up_observations_clear(&search->mime);
}

/* Clear the search afterwards. */
static void look(struct search *search, GBytes *bytes, uint64_t failing)
{
        struct up_limits limits;

        up_limits_init(&limits);
        *search = (struct search){ .infected = holds_test_file(bytes) };
        up_observations_init(&search->cms, &limits, UP_CASE_TIME_S);
        up_observations_init(&search->mime, &limits, UP_CASE_TIME_S);
        up_observations_listen(&search->mime);
        up_smime_open(bytes, &search->cms, failing, search_layer, search);
        up_observations_unlisten(&search->mime);
}

/* --- trace fields ----------------------------------------------------------------------------- */

/* Printable ASCII in whole lines, as relays write it. */
static bool is_plain(const char *data, struct up_slice slice)
{
        if (slice.end == slice.begin || data[slice.end - 1] != '\n')
                return false;
        for (size_t i = slice.begin; i < slice.end; i++) {
                bool line_end = data[i] == '\n' || (data[i] == '\r' && data[i + 1] == '\n');
                if (!line_end && data[i] != '\t' && (data[i] < ' ' || data[i] > '~'))
                        return false;
        }
        return true;
}

static bool has_plain_name(const char *data, const struct up_field *field)
{
        for (size_t i = field->name.begin; i < field->name.end; i++)
                if (data[i] <= ' ' || data[i] > '~')
                        return false;
        return field->name.end > field->name.begin && data[field->name.end] == ':';
}

/*
 * How many bytes of Received fields stand first. None unless a field follows them, by which any
 * reader begins a header. None either if the test file is in them, because it counts wherever it is
 * in a message as it stands.
 */
static size_t trace_bytes(GBytes *bytes)
{
        gsize size, wanted = g_bytes_get_size(test_file());
        const char *data = g_bytes_get_data(bytes, &size);
        struct up_header header = up_header_of(bytes);
        struct up_field field;
        size_t trace = 0;

        while (up_header_next(&header, &field)) {
                if (!has_plain_name(data, &field))
                        return 0;
                if (!up_field_is(data, &field, "Received")) {
                        g_autoptr(GBytes) before =
                            g_bytes_new_from_bytes(bytes, 0, MIN(size, trace + wanted - 1));
                        return trace > 0 && holds_test_file(before) ? 0 : trace;
                }
                if (!is_plain(data, field.whole))
                        return 0;
                trace = field.whole.end;
        }
        return 0;
}

/* The caller owns the result. */
static GBytes *without_trace(GBytes *bytes)
{
        size_t trace = trace_bytes(bytes);

        return g_bytes_new_from_bytes(bytes, trace, g_bytes_get_size(bytes) - trace);
}

/* --- the whole -------------------------------------------------------------------------------- */

static const struct found *find(struct up_readings *readings, GBytes *bytes)
{
        struct found *found = g_hash_table_lookup(readings->found, bytes);
        struct search search;

        if (found != NULL)
                return found;
        found = g_new(struct found, 1);
        look(&search, bytes, 0);
        found->verdict = verdict_of(&search);
        found->reason = reason_of(&search);
        memcpy(found->counts, search.cms.counts, sizeof found->counts);
        search_clear(&search);
        g_hash_table_insert(readings->found, g_bytes_ref(bytes), found);
        return found;
}

struct up_found up_readings_read(struct up_readings *readings, GBytes *bytes, uint64_t failing)
{
        g_autoptr(GBytes) decoded = without_trace(bytes);
        const struct found *found = find(readings, decoded);
        struct up_found reading = { found->verdict, found->reason, 0 };
        struct search search;

        if (failing == 0)
                return reading;
        look(&search, decoded, failing);
        reading = (struct up_found){ verdict_of(&search), reason_of(&search), 0 };
        if (reading.verdict == UP_VERDICT_NONE)
                reading.code = search.cms.memory_code;
        search_clear(&search);
        return reading;
}

void up_readings_count(const struct up_readings *readings, struct up_observations *observed)
{
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, readings->found);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const struct found *found = value;
                for (size_t i = 0; i < G_N_ELEMENTS(content_counts); i++)
                        observed->counts[content_counts[i]] += found->counts[content_counts[i]];
        }
}
