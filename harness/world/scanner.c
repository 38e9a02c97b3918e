/*
 * scanner - a table of manners, and a reader that looks for the test file
 *
 * Pipelines ask again and again about the same bytes, so a verdict is kept for as long as the run
 * lasts. Encrypted content is not opened: a scanner in transport has no key. Archives are not
 * opened either.
 */
#include "world/scanner.h"

#include <string.h>

#include "mail/eicar.h"
#include "mail/inside.h"
#include "world/world.h"

/* One way of treating a message. All zero is what a healthy scanner does, but for the answers. */
static const struct manner {
        const char *name;
        unsigned answers;
        bool scripted; /* the verdict is given here, whatever the content is */
        enum up_verdict verdict;
        uint32_t code;
        bool late;
        bool other;
} manners[] = {
        { .name = "by-content", .answers = 1 },
        { .name = "clean", .answers = 1, .scripted = true, .verdict = UP_VERDICT_CLEAN },
        { .name = "infected", .answers = 1, .scripted = true, .verdict = UP_VERDICT_INFECTED },
        { .name = "unscannable",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_UNSCANNABLE },
        { .name = "rewritten", .answers = 1, .scripted = true, .verdict = UP_VERDICT_REWRITTEN },
        { .name = "busy",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_BUSY },
        { .name = "error",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_ERROR },
        { .name = "died",
            .answers = 1,
            .scripted = true,
            .verdict = UP_VERDICT_NONE,
            .code = UP_SCANNER_DIED },
        { .name = "no-verdict", .answers = 1, .scripted = true, .verdict = UP_VERDICT_NONE },
        { .name = "never" },
        { .name = "late", .answers = 1, .late = true },
        { .name = "twice", .answers = 2 },
        { .name = "other", .answers = 1, .other = true },
};

#define UNSET   -1
#define HEALTHY 0

void up_scanner_init(struct up_scanner *scanner)
{
        scanner->verdicts =
            g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
        up_scanner_heal(scanner);
}

void up_scanner_clear(struct up_scanner *scanner)
{
        g_clear_pointer(&scanner->verdicts, g_hash_table_unref);
}

void up_scanner_heal(struct up_scanner *scanner)
{
        for (size_t i = 0; i < G_N_ELEMENTS(scanner->manners); i++)
                scanner->manners[i] = UNSET;
}

void up_scanner_set(struct up_scanner *scanner, unsigned number, const char *manner)
{
        g_assert(number < G_N_ELEMENTS(scanner->manners));

        for (size_t i = 0; i < G_N_ELEMENTS(manners); i++) {
                if (strcmp(manners[i].name, manner) == 0) {
                        scanner->manners[number] = (int)i;
                        return;
                }
        }
        g_assert_not_reached(); /* the verb has a choice that the table has not */
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool holds_test_file(GBytes *bytes)
{
        static GBytes *test_file;

        if (test_file == NULL)
                test_file = up_eicar_expand(
                    (const uint8_t *)UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER));

        gsize size, wanted;
        const void *data = g_bytes_get_data(bytes, &size);
        const void *file = g_bytes_get_data(test_file, &wanted);
        return size >= wanted && memmem(data, size, file, wanted) != NULL;
}

static bool decodes_to_test_file(GBytes *bytes, struct up_exam *exam)
{
        g_autoptr(GMimeMessage) message = up_mime_parse(bytes, exam);

        if (message == NULL)
                return false;

        g_autoptr(GPtrArray) objects = up_mime_objects(message, exam);
        for (guint i = 0; i < objects->len && !exam->unscannable; i++) {
                if (!GMIME_IS_PART(objects->pdata[i]))
                        continue;
                g_autoptr(GBytes) content =
                    up_mime_decoded(GMIME_PART(objects->pdata[i]), exam->limits.decoded_bytes);
                if (holds_test_file(content))
                        return true;
                up_exam_spend(exam, g_bytes_get_size(content));
        }
        return false;
}

static enum up_verdict read_content(GBytes *bytes)
{
        struct up_limits limits;
        struct up_exam exam;

        if (holds_test_file(bytes))
                return UP_VERDICT_INFECTED;

        up_mime_start();
        up_limits_init(&limits);
        up_exam_init(&exam, &limits, UP_CASE_TIME_S);
        up_exam_listen(&exam);
        bool infected = decodes_to_test_file(bytes, &exam);
        up_exam_unlisten(&exam);
        enum up_verdict verdict = infected           ? UP_VERDICT_INFECTED
                                  : exam.unscannable ? UP_VERDICT_UNSCANNABLE
                                                     : UP_VERDICT_CLEAN;
        up_exam_clear(&exam);
        return verdict;
}

static enum up_verdict verdict_of(struct up_scanner *scanner, GBytes *bytes)
{
        void *known;

        if (g_hash_table_lookup_extended(scanner->verdicts, bytes, NULL, &known))
                return (enum up_verdict)GPOINTER_TO_INT(known);

        enum up_verdict verdict = read_content(bytes);
        g_hash_table_insert(scanner->verdicts, g_bytes_ref(bytes), GINT_TO_POINTER(verdict));
        return verdict;
}

struct up_scanner_plan up_scanner_ask(
    struct up_scanner *scanner, unsigned number, GBytes *bytes, int64_t timeout_ms)
{
        g_assert(number < G_N_ELEMENTS(scanner->manners));

        int row =
            scanner->manners[number] != UNSET ? scanner->manners[number] : scanner->manners[0];
        const struct manner *manner = &manners[row != UNSET ? row : HEALTHY];
        int64_t first_ms = manner->late ? timeout_ms + UP_WORLD_LATE_MS : UP_WORLD_SCAN_MS;
        struct up_scanner_plan plan = {
                .answers = manner->answers,
                .after_ms = { first_ms, first_ms + UP_WORLD_SCAN_MS },
                .verdict = manner->verdict,
                .code = manner->code,
                .other = manner->other,
        };

        if (plan.answers > 0 && !manner->scripted)
                plan.verdict = verdict_of(scanner, bytes);
        return plan;
}
