/*
 * Shrinking a case: whatever is left out of any seed, what comes out reads without complaint, is
 * smaller, and is the same each time; what stays is as it was; and what is cut inside a signature
 * can be had signed again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate/mutate.h"
#include "mutate/shrink.h"
#include "mutate/drafts.h"

static GPtrArray *seeds;

static int set_up(void **state)
{
        static const char *const folders[] = { "seeds/mime", "seeds/smime", "seeds/scan_submit",
                "regressions/mime", "regressions/smime", "regressions/scan_submit", NULL };
        (void)state;

        seeds = read_seeds(folders);
        assert_true(seeds->len > 100);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

static const struct up_shrink_pass *pass_named(const char *name)
{
        for (size_t i = 0; i < up_shrink_passes_count; i++)
                if (strcmp(up_shrink_passes[i].name, name) == 0)
                        return &up_shrink_passes[i];
        fail_msg("no pass is called %s", name);
        return NULL;
}

static GPtrArray *without(const char *name, const struct up_case *c, size_t from, size_t to)
{
        struct up_shrink_size size = up_shrink_measure(c);

        return up_shrink_without(pass_named(name), c, &size, from, to);
}

/* --- on all seeds ----------------------------------------------------------------------------- */

static void assert_strict_and_smaller(
    const char *what, const struct up_case *less, const struct up_shrink_size *whole)
{
        g_autoptr(GBytes) file = up_case_write(less);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        g_autoptr(up_case) read = up_case_read(data, bytes, complaints);
        struct up_shrink_size size = up_shrink_measure(read);

        if (complaints->len > 0)
                fail_msg("%s does not read: %s", what,
                    ((struct up_complaint *)complaints->pdata[0])->text);
        if (!up_shrink_is_smaller(&size, whole))
                fail_msg("%s is not smaller", what);
}

static unsigned try_range(const struct up_shrink_pass *pass, const struct up_case *c,
    const struct up_shrink_size *size, size_t from, size_t to)
{
        g_autofree char *what = g_strdup_printf("%s: without %zu to %zu", pass->name, from, to);
        g_autoptr(GPtrArray) first = up_shrink_without(pass, c, size, from, to);
        g_autoptr(GPtrArray) second = up_shrink_without(pass, c, size, from, to);

        assert_int_equal(first->len, second->len);
        for (guint i = 0; i < first->len; i++) {
                g_autoptr(GBytes) one = up_case_write(first->pdata[i]);
                g_autoptr(GBytes) other = up_case_write(second->pdata[i]);
                if (!g_bytes_equal(one, other))
                        fail_msg("%s is not the same the second time", what);
                assert_strict_and_smaller(what, first->pdata[i], size);
        }
        return first->len;
}

#define SEED_BYTES 4000

/* One range, and everything if that is possible. How many candidates there were. */
static unsigned try_pass(
    const struct up_shrink_pass *pass, const struct up_case *c, struct up_rng *rng)
{
        size_t count = pass->count(c);
        size_t from = up_rng_below(rng, count);
        size_t to = pass->single ? from + 1 : from + 1 + up_rng_below(rng, count - from);
        unsigned candidates = 0;
        struct up_shrink_size size;

        if (count == 0)
                return 0;
        size = up_shrink_measure(c);
        candidates += try_range(pass, c, &size, from, to);
        if (!pass->single)
                candidates += try_range(pass, c, &size, 0, count);
        return candidates;
}

/* Seeds as they are, and mutants, because any case of a campaign may have to be shrunk. */
static void test_all_seeds(void **state)
{
        g_autofree unsigned *candidates = g_new0(unsigned, up_shrink_passes_count);
        struct up_rng rng = { 1 };

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                gsize bytes;
                const uint8_t *data = g_bytes_get_data(seed->file, &bytes);
                g_autoptr(up_case) c = NULL;
                if (bytes > SEED_BYTES || i % 3 == 0)
                        continue;
                if (i % 3 == 1) {
                        c = read_case(seed->file);
                } else {
                        g_autoptr(GBytes) mutant = up_mutate(data, bytes, SEED_BYTES, i);
                        c = read_case(mutant);
                }
                for (size_t j = i % 2; j < up_shrink_passes_count; j += 2)
                        candidates[j] += try_pass(&up_shrink_passes[j], c, &rng);
        }
        for (size_t j = 0; j < up_shrink_passes_count; j++)
                if (candidates[j] == 0)
                        fail_msg("%s makes no candidate", up_shrink_passes[j].name);
}

/* --- one thing at a time ---------------------------------------------------------------------- */

#define CASE                                                                                       \
        "unpend-case: 1\n"                                                                         \
        "title: a title\n"                                                                         \
        "envelope: from=a@example.com to=b@example.com,c@example.com\n"                            \
        "policy: lifetime=1d attempts=3\n"                                                         \
        "script:\n"                                                                                \
        "  submit 1 local\n"                                                                       \
        "  wait 1m\n"                                                                              \
        "message:\n"                                                                               \
        "Subject: s\n"                                                                             \
        "Content-Type: multipart/mixed; boundary=b; x=y\n"                                         \
        "\n"                                                                                       \
        "--b\n"                                                                                    \
        "Content-Type: text/plain\n"                                                               \
        "\n"                                                                                       \
        "one\n"                                                                                    \
        "two\n"                                                                                    \
        "--b\n"                                                                                    \
        "\n"                                                                                       \
        "three\n"                                                                                  \
        "--b--\n"

static const struct {
        const char *pass;
        size_t count, from, to;
        const char *gone, *then; /* what stood there, and what does now */
} steps[] = {
        { "events", 2, 1, 2, "script:\n  submit 1 local\n  wait 1m\n", "" },
        { "events", 2, 0, 2, "script:\n  submit 1 local\n  wait 1m\n", "" },
        { "recipients", 2, 0, 1, "b@example.com,", "" },
        { "policy", 2, 0, 1, "lifetime=1d ", "" },
        { "policy", 2, 0, 2, "policy: lifetime=1d attempts=3\n", "" },
        { "head", 2, 0, 1, "title: a title\n", "" },
        { "head", 2, 1, 2, "from=a@example.com ", "from=sender@example.com " },
        { "parts", 2, 0, 1, "--b\nContent-Type: text/plain\n\none\ntwo\n", "" },
        { "fields", 3, 0, 1, "Subject: s\n", "" },
        { "fields", 3, 2, 3, "Content-Type: text/plain\n", "" },
        { "parameters", 2, 1, 2, "; x=y", "" },
        { "bodies", 2, 1, 2, "three\n", "\n" },
        { "text", 3, 0, 1, "one\n", "" },
        { "lines", 12, 10, 11, "three\n", "" },
        { "bytes", 110, 0, 9, "Subject: ", "" },
};

static char *replaced(const char *text, const char *gone, const char *then)
{
        const char *at = strstr(text, gone);

        assert_non_null(at);
        return g_strdup_printf("%.*s%s%s", (int)(at - text), text, then, at + strlen(gone));
}

static void test_steps(void **state)
{
        g_autoptr(GBytes) file = g_bytes_new_static(CASE, strlen(CASE));
        g_autoptr(up_case) c = read_case(file);
        size_t tried = 0;
        (void)state;

        for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
                g_autofree char *expected = replaced(CASE, steps[i].gone, steps[i].then);
                bool found = false;
                if (strcmp(steps[i].pass, "bytes") != 0)
                        assert_int_equal(pass_named(steps[i].pass)->count(c), steps[i].count);
                if (strlen(expected) >= strlen(CASE))
                        continue;
                tried++;
                g_autoptr(GPtrArray) less = without(steps[i].pass, c, steps[i].from, steps[i].to);
                for (guint j = 0; j < less->len; j++) {
                        g_autoptr(GBytes) bytes = up_case_write(less->pdata[j]);
                        gsize size;
                        const char *data = g_bytes_get_data(bytes, &size);
                        found |= size == strlen(expected) && memcmp(data, expected, size) == 0;
                }
                if (!found)
                        fail_msg("step %zu (%s) does not make\n%s", i, steps[i].pass, expected);
        }
        assert_true(tried >= G_N_ELEMENTS(steps) - 1);
}

/* --- signed again ----------------------------------------------------------------------------- */

static const struct {
        const char *path;
        bool inside; /* the last line is what is signed, not the first */
} signed_seeds[] = {
        { "seeds/smime/clear-rsa.eml", false },
        { "seeds/smime/opaque-rsa.eml", true },
        { "seeds/smime/clear-pss.eml", false },
        { "seeds/smime/clear-ec.eml", false },
};

/* The best candidate bears a signature that holds; without signing again there is none. */
static void test_signed_again(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(signed_seeds); i++) {
                const struct seed *seed = seed_named(seeds, signed_seeds[i].path);
                g_autoptr(up_case) c = read_case(seed->file);
                size_t at = signed_seeds[i].inside ? pass_named("text")->count(c) - 1 : 0;
                g_autoptr(GPtrArray) less = without("text", c, at, at + 1);
                struct up_signatures before = judge(c), after;
                assert_true(less->len > 0);
                assert_false(
                    g_bytes_equal(((struct up_case *)less->pdata[0])->message, c->message));
                after = judge(less->pdata[0]);
                assert_int_equal(before.count[UP_GRADE_VALID], 1);
                if (after.count[UP_GRADE_VALID] != 1)
                        fail_msg("%s: what is signed again does not hold", seed->path);
        }
}

/* What is encrypted can be had without the encryption. */
static void test_unwrapped(void **state)
{
        const struct seed *seed = seed_named(seeds, "seeds/smime/encrypted-rsa.eml");
        g_autoptr(up_case) c = read_case(seed->file);
        g_autoptr(GPtrArray) less = NULL;
        gsize size;
        const char *data;
        (void)state;

        assert_true(pass_named("inner")->count(c) > 0);
        less = without("inner", c, 0, 1);
        assert_true(less->len > 0);
        data = g_bytes_get_data(((struct up_case *)less->pdata[0])->message, &size);
        assert_null(g_strstr_len(data, (gssize)size, "pkcs7"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_steps),
                cmocka_unit_test(test_signed_again),
                cmocka_unit_test(test_unwrapped),
                cmocka_unit_test(test_all_seeds),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
