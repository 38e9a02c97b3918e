/*
 * test_damage - each operator does what its name says, and a grade stays where nothing that is
 * signed was touched, and only there
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cms/random.h"
#include "mutate/sign.h"
#include "mutate/drafts.h"

#define TRIES 200

static const char *const folders[] = { "seeds/smime", "seeds/mime", NULL };
static GPtrArray *seeds;

/* Lines that few seeds have. */
static const char rich[] = "Subject: s\r\nContent-Type: multipart/mixed;\r\n boundary=bbb\r\n\r\n"
                           "--bbb\r\n\r\nFrom the beginning\r\n.\r\n..\r\nblanks  \r\n"
                           "na\xc3\xafve\r\na zero: \0\r\n--bbb--\r\n";

static int set_up(void **state)
{
        struct seed *seed = g_new(struct seed, 1);

        (void)state;
        up_random_restart(0);
        seeds = read_seeds(folders);
        *seed = (struct seed){ g_strdup("rich"), g_bytes_new_static(rich, sizeof rich - 1) };
        g_ptr_array_add(seeds, seed);
        return seeds->len > 100 ? 0 : -1;
}

static int tear_down(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

static const struct up_operator *find(const char *name)
{
        return operator_named(&up_damage_layer, name);
}

/* --- what each does --------------------------------------------------------------------------- */

struct row {
        const char *name;
        const char *before;
        const char *after; /* stands in what some rng make of it; NULL: nothing is ever done */
};

#define HEAD "From: a@example.com\r\nSubject: one two\r\n"

static const struct row rows[] = {
        { "lf", HEAD "\r\na\r\nb\r\n", "Subject: one two\n\na\nb\n" },
        { "lf", "Subject: s\n\na\nb\n", NULL },
        { "crlf", "Subject: s\n\na\nb\n", "Subject: s\r\n\r\na\r\nb\r\n" },
        { "crlf", HEAD "\r\na\r\n", NULL },
        { "bare-cr", HEAD "\r\na\r\nb\r\n", "\r\n\r\na\rb\r" },
        { "blanks-stripped", HEAD "\r\na \t\r\n \r\nb", "\r\n\r\na\r\n\r\nb" },
        { "blanks-stripped", HEAD "\r\na\r\n", NULL },
        { "blanks-added", HEAD "\r\na\r\n", "\r\n\r\na \r\n" },
        { "lines-folded", HEAD "\r\na\r\n", NULL },
        { "from-escaped", HEAD "\r\nFrom here\r\n", "\r\n\r\n>From here\r\n" },
        { "from-escaped", HEAD "\r\n>From here\r\n", "\r\n\r\n>>From here\r\n" },
        { "from-escaped", HEAD "\r\nFrom: here\r\n From here\r\n", NULL },
        { "dots-doubled", HEAD "\r\n.\r\na\r\n", "\r\n\r\n..\r\na\r\n" },
        { "dots-lost", HEAD "\r\n..\r\na.\r\n", "\r\n\r\n.\r\na.\r\n" },
        { "high-bits-cleared", HEAD "\r\n\xe1\xe2\r\n", "\r\n\r\nab\r\n" },
        { "field-folded", HEAD "\r\na b\r\n", "Subject: one\r\n two\r\n\r\na b\r\n" },
        { "field-unfolded", "Subject: one\r\n two\r\n\tthree\r\n\r\na\r\n b\r\n",
            "Subject: one two\tthree\r\n\r\na\r\n b\r\n" },
        { "field-case", HEAD "\r\nSubject: a\r\n", "SUBJECT: one two\r\n\r\nSubject: a\r\n" },
        { "fields-reordered", HEAD "\r\na\r\n",
            "Subject: one two\r\nFrom: a@example.com\r\n\r\na\r\n" },
        { "field-case", "Subject : a\n\na\n", "SUBJECT : a\n" },
        { "fields-reordered", "A: 1\n\na\n", NULL },
        { "trace-added", HEAD "\r\na\r\n", ";\r\n\tSun, 1 Jun 2025 12:00:00 +0000 (UTC)\r\n" },
        { "trace-added", "A: 1\n\na\n", "(UTC)\nA: 1\n\na\n" },
        { "parameters-reordered", "Content-Type: a/b; c=\"d;e\";\r\n f=g\r\n\r\n",
            "Content-Type: a/b;\r\n f=g; c=\"d;e\"\r\n\r\n" },
        { "boundary-changed",
            "Content-Type: multipart/mixed; boundary=bbb\r\n\r\n--bbb\r\n\r\na\r\n--bbb--\r\n",
            "boundary=----=_Part_" },
        { "quoted-printable",
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\nX: y\r\n\r\na=\xfc "
            "\r\n",
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\nX: y\r\n"
            "\r\na=3D=FC=20\r\n" },
        { "quoted-printable", HEAD "\r\nX=\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n" },
        { "quoted-printable", HEAD, NULL },
        { "base64-wrapped", "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\nREVG\r\n",
            "\r\n\r\nQUJDREVG\r\n" },
        { "footer-added", HEAD "\r\na\r\n", "a\r\n\r\n____\r\nseeds mailing list\r\n" },
        { "final-newline", HEAD "\r\na\r\n", "\r\na" },
        { "final-newline", HEAD "\r\na", "\r\na\r\n" },
        { "cut-off", HEAD "\r\nabc\r\n", "\r\na" },
};

static void each_does_what_it_says(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const struct row *row = &rows[i];
                g_autoptr(GBytes) file = g_bytes_new(row->before, strlen(row->before));
                bool seen = false, done = false;
                for (uint64_t rng = 0; rng < TRIES && !seen; rng++) {
                        struct up_draft draft;
                        draft_init(&draft, file, rng);
                        done |= find(row->name)->apply(&draft);
                        if (row->after != NULL)
                                seen = memmem(g_bytes_get_data(draft.c->message, NULL),
                                           g_bytes_get_size(draft.c->message), row->after,
                                           strlen(row->after)) != NULL;
                        up_draft_clear(&draft);
                }
                if (row->after == NULL ? done : !seen)
                        fail_msg("row %zu: %s of %s", i, row->name, row->before);
        }
}

static void long_lines_are_folded_where_they_must(void **state)
{
        g_autofree char *line = g_strnfill(1000, 'x');
        g_autofree char *text = g_strdup_printf(HEAD "\r\n%s\r\nshort\r\n", line);
        g_autofree char *folded = g_strdup_printf("%.998s\r\n xx\r\nshort\r\n", line);
        g_autoptr(GBytes) file = g_bytes_new(text, strlen(text));
        bool seen = false;

        (void)state;
        for (uint64_t rng = 0; rng < TRIES && !seen; rng++) {
                struct up_draft draft;
                draft_init(&draft, file, rng);
                assert_true(find("lines-folded")->apply(&draft));
                seen = memmem(g_bytes_get_data(draft.c->message, NULL),
                           g_bytes_get_size(draft.c->message), folded, strlen(folded)) != NULL;
                up_draft_clear(&draft);
        }
        assert_true(seen);
}

static void zeros_are_removed(void **state)
{
        static const char text[] = "Subject: s\r\n\r\na\0b\0\0c\r\n";
        g_autoptr(GBytes) file = g_bytes_new(text, sizeof text - 1);
        struct up_draft draft;
        bool seen = false;

        (void)state;
        for (uint64_t rng = 0; rng < TRIES && !seen; rng++) {
                draft_init(&draft, file, rng);
                seen = find("nul-removed")->apply(&draft) &&
                       memmem(g_bytes_get_data(draft.c->message, NULL),
                           g_bytes_get_size(draft.c->message), "abc\r\n", 5) != NULL;
                up_draft_clear(&draft);
        }
        assert_true(seen);
}

/* What LF and CRLF do to a message of plain lines, they undo. */
static void line_ends_go_there_and_back(void **state)
{
        static const char text[] = HEAD "\r\na\r\n\r\nb";
        g_autoptr(GBytes) file = g_bytes_new(text, sizeof text - 1);
        bool came_back = false;

        (void)state;
        for (uint64_t rng = 0; rng < TRIES && !came_back; rng++) {
                struct up_draft draft;
                draft_init(&draft, file, rng);
                came_back = find("lf")->apply(&draft) && find("crlf")->apply(&draft) &&
                            g_bytes_equal(draft.c->message, file);
                up_draft_clear(&draft);
        }
        assert_true(came_back);
}

/* --- the grade -------------------------------------------------------------------------------- */

static bool sign(struct up_draft *draft, const char *name)
{
        return operator_named(&up_sign_layer, name)->apply(draft);
}

/* Judging is slow, so each seed meets few operators. */
#define JUDGE_ONE_IN 40

static void what_stays_valid_is_valid(void **state)
{
        unsigned judged = 0;

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                if (g_bytes_get_size(seed->file) > SMALL_BYTES)
                        continue;
                for (size_t at = 0; at < up_damage_layer.count; at++) {
                        const struct up_operator *row = &up_damage_layer.operators[at];
                        struct up_draft draft;
                        if ((i * up_damage_layer.count + at) % JUDGE_ONE_IN > 3)
                                continue;
                        draft_init(&draft, seed->file, i * 100 + at);
                        if (sign(&draft, "sign-clear") && draft.expected == UP_EXPECTED_VALID &&
                            row->apply(&draft) && draft.expected == UP_EXPECTED_VALID) {
                                struct up_signatures found = judge(draft.c);
                                if (!found.unscannable &&
                                    !up_expected_grade_holds(UP_EXPECTED_VALID, &found))
                                        fail_msg("%s breaks %s", row->name, seed->path);
                                judged++;
                        }
                        up_draft_clear(&draft);
                }
        }
        assert_true(judged > 20);
}

/* By name, whether a grade can stay. */
static void only_header_fields_are_harmless(void **state)
{
        static const char *const harmless[] = { "field-folded", "field-unfolded", "field-case",
                "fields-reordered", "trace-added" };
        static const char text[] = "Subject: a\r\n b\r\nTo: b@example.com\r\n\r\n"
                                   "From x \r\n.\r\n\xfc\r\n";
        g_autoptr(GBytes) file = g_bytes_new(text, sizeof text - 1);

        struct up_draft signed_draft;

        (void)state;
        draft_init(&signed_draft, file, 1);
        assert_true(sign(&signed_draft, "sign-clear"));
        for (size_t at = 0; at < up_damage_layer.count; at++) {
                const struct up_operator *row = &up_damage_layer.operators[at];
                bool may_stay = false, stayed = false, corrupted = false;
                for (size_t i = 0; i < G_N_ELEMENTS(harmless); i++)
                        may_stay |= strcmp(row->name, harmless[i]) == 0;
                for (uint64_t rng = 0; rng < 16; rng++) {
                        struct up_draft draft;
                        up_draft_init(&draft, up_case_copy(signed_draft.c), (struct up_rng){ rng },
                            MOST_BYTES);
                        draft.expected = UP_EXPECTED_VALID;
                        if (row->apply(&draft)) {
                                stayed |= draft.expected == UP_EXPECTED_VALID;
                                corrupted |= draft.expected == UP_EXPECTED_UNKNOWN;
                        }
                        up_draft_clear(&draft);
                }
                if (stayed != may_stay)
                        fail_msg("after %s the grade %s", row->name, stayed ? "stays" : "is gone");
                assert_true(stayed || corrupted || strcmp(row->name, "nul-removed") == 0 ||
                            strcmp(row->name, "lines-folded") == 0 ||
                            strcmp(row->name, "crlf") == 0);
        }
        up_draft_clear(&signed_draft);
}

/* A bare structure has no header that could be added to. */
static void nothing_is_harmless_to_a_bare_structure(void **state)
{
        struct up_draft draft;

        (void)state;
        draft_init(&draft, seed_named(seeds, "seeds/smime/bare.p7m")->file, 1);
        draft.expected = UP_EXPECTED_VALID;
        assert_true(find("trace-added")->apply(&draft));
        assert_int_equal(draft.expected, UP_EXPECTED_UNKNOWN);
        up_draft_clear(&draft);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void operators_are_sound(void **state)
{
        (void)state;
        assert_sound_layer(&up_damage_layer, seeds, 4);
}

static void odd_messages_are_taken(void **state)
{
        static const char *const texts[] = { "", "\n", "\r\n", "a", "a:", " a", "\r", "a:\n b",
                "Content-Type: text/plain;;\n\n", "Content-Transfer-Encoding: base64\n\n",
                "Content-Transfer-Encoding: base64\n\n=",
                "Content-Type: multipart/mixed; boundary=\"abc\"\n\n--abc\n--abc\n\n--abc--" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                struct seed seed = { (char *)texts[i],
                        g_bytes_new_static(texts[i], strlen(texts[i])) };
                for (size_t at = 0; at < up_damage_layer.count; at++)
                        for (uint64_t rng = 0; rng < 3; rng++)
                                assert_sound_operator(
                                    &up_damage_layer.operators[at], &seed, rng, MOST_BYTES);
                g_bytes_unref(seed.file);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_does_what_it_says),
                cmocka_unit_test(long_lines_are_folded_where_they_must),
                cmocka_unit_test(zeros_are_removed),
                cmocka_unit_test(line_ends_go_there_and_back),
                cmocka_unit_test(what_stays_valid_is_valid),
                cmocka_unit_test(only_header_fields_are_harmless),
                cmocka_unit_test(nothing_is_harmless_to_a_bare_structure),
                cmocka_unit_test(operators_are_sound),
                cmocka_unit_test(odd_messages_are_taken),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
