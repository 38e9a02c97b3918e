/*
 * A tree that is not edited is written byte for byte as it was read, whatever the bytes; an edit
 * changes what it says and nothing else; and each operator, on each seed, makes a message that
 * differs, fits and is the same each time, and does not call a signature good that it changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mail/entity.h"
#include "mutate/drafts.h"
#include "mutate/tree_edit.h"

#define MULTIPART(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n"
#define RFC822              "Content-Type: message/rfc822\n"

static struct up_limits limits;

static GBytes *bytes_of(const char *text)
{
        return g_bytes_new(text, strlen(text));
}

static struct up_node *tree_of(const char *text)
{
        g_autoptr(GBytes) bytes = bytes_of(text);

        return up_tree_read(bytes, &limits);
}

static char *text_of(GBytes *bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        return g_strndup(data != NULL ? data : "", size);
}

static void assert_node(const struct up_node *node, const char *expected)
{
        g_autoptr(GBytes) bytes = up_node_bytes(node);
        g_autofree char *text = text_of(bytes);

        assert_string_equal(text, expected);
        assert_int_equal(up_node_size(node), strlen(expected));
}

static struct up_node *part_of(const struct up_node *node, guint index)
{
        assert_non_null(node->parts);
        assert_true(index < node->parts->len);
        return g_ptr_array_index(node->parts, index);
}

static GString *string_of(const char *text)
{
        return g_string_new(text);
}

static GPtrArray *seeds;

static int set_up(void **state)
{
        static const char *const folders[] = { "seeds/mime", "seeds/smime", "seeds/scan_submit",
                "seeds/machine", NULL };

        (void)state;
        up_limits_init(&limits);
        seeds = read_seeds(folders);
        return seeds->len > 100 ? 0 : -1;
}

static int tear_down(void **state)
{
        (void)state;
        g_ptr_array_unref(seeds);
        return 0;
}

/* --- reading and writing ---------------------------------------------------------------------- */

static void assert_written_as_read(GBytes *message, const struct up_limits *under, const char *what)
{
        g_autoptr(up_node) root = up_tree_read(message, under);
        g_autoptr(GBytes) written = up_node_bytes(root);

        if (!g_bytes_equal(written, message))
                fail_msg("%s is written otherwise than it was read", what);
        assert_int_equal(up_node_size(root), g_bytes_get_size(message));
}

static void seeds_are_written_as_they_were_read(void **state)
{
        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                g_autoptr(up_case) c = read_case(seed->file);
                struct up_limits tight = limits;
                assert_written_as_read(c->message, &limits, seed->path);
                tight.depth = i % 3;
                tight.parts = 1 + i % 4;
                tight.header_bytes = 100;
                assert_written_as_read(c->message, &tight, seed->path);
        }
}

static void noise_is_written_as_it_was_read(void **state)
{
        static const char *const pieces[] = { MULTIPART("b"), MULTIPART("bb"), MULTIPART("\"\""),
                RFC822, "Content-Type: multipart/digest; boundary=b\n", "\n", "\r\n", "--b\n",
                "--b", "--b--\n", "--bb\r\n", "--bb--\n", "--\n", "----\n", "A: 1\n", " folded\n",
                "text", ":", "\r", "\t" };
        g_autoptr(GRand) chance = g_rand_new_with_seed(1);

        (void)state;
        for (unsigned round = 0; round < 1000; round++) {
                g_autoptr(GString) text = g_string_new(NULL);
                struct up_limits under = limits;
                for (int left = g_rand_int_range(chance, 0, 30); left > 0; left--)
                        g_string_append(
                            text, pieces[g_rand_int_range(chance, 0, (int)G_N_ELEMENTS(pieces))]);
                if (g_rand_int_range(chance, 0, 8) == 0 && text->len > 0)
                        text->str[g_rand_int_range(chance, 0, (int)text->len)] = '\0';
                under.depth = (uint64_t)g_rand_int_range(chance, 0, 6);
                under.parts = (uint64_t)g_rand_int_range(chance, 1, 9);
                g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
                assert_written_as_read(bytes, &under, text->str);
        }
}

/* As a fuzzer's input never is, but a corpus' message may be. */
static void large_message_takes_linear_time(void **state)
{
        static const char *const repeated[] = { "--b\n\na\n", "--b\n" RFC822 "\nA: 1\n\n--b\n",
                "A: 1\n", "--b\n" MULTIPART("b") "\n", " folded\n" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(repeated); i++) {
                g_autoptr(GString) text = g_string_new(MULTIPART("b"));
                if (strncmp(repeated[i], "--", 2) == 0)
                        g_string_append_c(text, '\n');
                while (text->len < 1 << 18)
                        g_string_append(text, repeated[i]);
                g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
                clock_t start = clock();
                assert_written_as_read(bytes, &limits, repeated[i]);
                assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2);
        }
}

/* --- what the tree is ------------------------------------------------------------------------- */

static void nodes_hold_raw_pieces(void **state)
{
        g_autoptr(up_node) root = tree_of("A: 1\n\tfolded\n" MULTIPART(
            "b") "\npre\n--b\nB: 2\n\none\n--b\n" RFC822 "\nS: 3\n\ntwo\n--b--\nepilogue\n");
        const struct up_node *part;

        (void)state;
        assert_int_equal(root->fields->len, 2);
        g_autofree char *folded = text_of(g_ptr_array_index(root->fields, 0));
        assert_string_equal(folded, "A: 1\n\tfolded\n");
        assert_string_equal(root->type, "multipart/mixed");
        assert_string_equal(root->boundary, "b");
        g_autofree char *preamble = text_of(g_ptr_array_index(root->seams, 0));
        g_autofree char *between = text_of(g_ptr_array_index(root->seams, 1));
        g_autofree char *epilogue = text_of(g_ptr_array_index(root->seams, 2));
        assert_string_equal(preamble, "pre\n--b\n");
        assert_string_equal(between, "\n--b\n");
        assert_string_equal(epilogue, "\n--b--\nepilogue\n");
        assert_node(part_of(root, 0), "B: 2\n\none");
        part = part_of(root, 1);
        assert_node(part, RFC822 "\nS: 3\n\ntwo");
        assert_false(up_node_holds_parts(part));
        assert_node(part_of(part, 0), "S: 3\n\ntwo");
        assert_ptr_equal(part_of(part, 0)->parent, part);
        g_autoptr(GPtrArray) nodes = up_tree_nodes(root);
        assert_int_equal(nodes->len, 4);
}

static void signed_entity_is_found_and_replaced(void **state)
{
        static const struct {
                const char *field;
                bool is;
        } rows[] = {
                { "Content-Type: multipart/signed; boundary=s", true },
                { "Content-Type : multipart/signed; boundary=s", true },
                { "Content-Type: Application/PKCS7-mime; smime-type=signed-data", true },
                { "Content-Type: application/x-pkcs7-mime", true },
                { "Content-Type: application/octet-stream; name=smime.P7M", true },
                { "Content-Type: application/octet-stream; name=p7m", false },
                { "Content-Type: multipart/mixed; boundary=s", false },
                { "Content-Type: application/pkcs7-signature", false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = g_strconcat(MULTIPART("b"), "\n--b\n\none\n--b\n",
                    rows[i].field, "\n\n--s\n\ntwo\n--s--\n--b--\n", NULL);
                g_autoptr(up_node) root = tree_of(text);
                struct up_node *node = up_tree_first_signed(root);
                g_autoptr(GBytes) other = bytes_of("X: 1\n\nother");
                assert_true((node != NULL) == rows[i].is);
                if (node == NULL)
                        continue;
                up_node_become(node, other);
                assert_node(root, MULTIPART("b") "\n--b\n\none\n--b\nX: 1\n\nother\n--b--\n");
        }
}

static void content_is_what_can_be_signed(void **state)
{
        g_autoptr(up_node) root = tree_of("From: a@example.com\nContent-Type: text/plain\n"
                                          "Subject: s\nContent-Language: en\n\ntext\n");
        g_autoptr(GBytes) content = up_node_content(root);
        g_autofree char *text = text_of(content);
        g_autoptr(GBytes) other = bytes_of("Content-Type: text/html\n\n<p>");

        (void)state;
        assert_string_equal(text, "Content-Type: text/plain\nContent-Language: en\n\ntext\n");
        up_node_set_content(root, other);
        assert_node(root, "From: a@example.com\nSubject: s\nContent-Type: text/html\n\n<p>");
}

static void fields_are_edited_alone(void **state)
{
        g_autoptr(up_node) root = tree_of("A: 1\nB: 2\nB: 3\nC: 4");

        (void)state;
        assert_int_equal(up_node_find_field(root, "b"), 1);
        assert_int_equal(up_node_find_field(root, "D"), -1);
        g_autoptr(up_node) blank = tree_of("A: 1\nContent-Type \t: text/html\n\n");
        assert_int_equal(up_node_find_field(blank, "content-type"), 1);
        assert_int_equal(up_field_value_at(g_ptr_array_index(blank->fields, 1)), 15);
        up_node_set_field(root, 1, string_of("B: 5\n"));
        up_node_insert_field(root, 99, string_of("D: 6"));
        assert_node(root, "A: 1\nB: 5\nB: 3\nC: 4\nD: 6\n");
        up_node_move_field(root, 4, 0);
        up_node_remove_field(root, 3);
        assert_node(root, "D: 6\nA: 1\nB: 5\nC: 4\n");
        g_autoptr(up_node) unended = tree_of("A: 1\nB: 2");
        up_node_move_field(unended, 1, 0);
        assert_node(unended, "B: 2\nA: 1\n");
}

#define TWO MULTIPART("b") "\npre\n--b\n\none\n--b\n\ntwo\n--b--\nepi\n"

static void put_in(struct up_node *root, guint index)
{
        g_autoptr(GBytes) bytes = bytes_of("X: 1\n\nnew");

        up_node_insert_part(root, index, up_node_raw(bytes));
}

static void parts_are_put_in_and_taken_out(void **state)
{
        static const char *const with_new[] = {
                MULTIPART("b") "\npre\n--b\nX: 1\n\nnew\n--b\n\none\n--b\n\ntwo\n--b--\nepi\n",
                MULTIPART("b") "\npre\n--b\n\none\n--b\nX: 1\n\nnew\n--b\n\ntwo\n--b--\nepi\n",
                MULTIPART("b") "\npre\n--b\n\none\n--b\n\ntwo\n--b\nX: 1\n\nnew\n--b--\nepi\n",
        };

        (void)state;
        for (guint i = 0; i < G_N_ELEMENTS(with_new); i++) {
                g_autoptr(up_node) root = tree_of(TWO);
                put_in(root, i);
                assert_node(root, with_new[i]);
                up_node_free(up_node_take_part(root, i));
                assert_node(root, TWO);
        }
        g_autoptr(up_node) root = tree_of(TWO);
        up_node_free(up_node_take_part(root, 0));
        assert_node(root, MULTIPART("b") "\npre\n--b\n\ntwo\n--b--\nepi\n");
        up_node_free(up_node_take_part(root, 0));
        assert_node(root, MULTIPART("b") "\npre\n--b\n\n--b--\nepi\n");
        g_autoptr(up_node) empty = tree_of(MULTIPART("b") "\npreamble");
        put_in(empty, 0);
        assert_node(empty, MULTIPART("b") "\npreamble\n--b\nX: 1\n\nnew\n--b--\n");
}

static void boundary_lines_alone_get_another_boundary(void **state)
{
        g_autoptr(up_node) root =
            tree_of(MULTIPART("b") "\n--bb\n--b x\n --b\n--b \n\n--bb\n--b--\t\nepi\n--b--\n");

        (void)state;
        up_node_set_boundary(root, "new");
        assert_node(
            root, MULTIPART("b") "\n--bb\n--b x\n --b\n--new \n\n--bb\n--new--\t\nepi\n--new--\n");
}

/* --- operators -------------------------------------------------------------------------------- */

static void operators_are_sound(void **state)
{
        (void)state;
        assert_sound_layer(&up_tree_layer, seeds, 4);
}

static const struct up_operator *find_operator(const char *name)
{
        return operator_named(&up_tree_layer, name);
}

/* Back to the beginning, with another seed. */
static void draft_restart(struct up_draft *draft, GBytes *message, uint64_t seed)
{
        draft->rng.state = seed;
        g_bytes_unref(draft->c->message);
        draft->c->message = g_bytes_ref(message);
}

/* Bytes at both ends that two messages share, in the shorter one at most all. */
static size_t shared_bytes(GBytes *one, GBytes *other)
{
        gsize one_bytes, other_bytes;
        const char *a = g_bytes_get_data(one, &one_bytes);
        const char *b = g_bytes_get_data(other, &other_bytes);
        size_t most = MIN(one_bytes, other_bytes);
        size_t begin = 0, end = 0;

        while (begin < most && a[begin] == b[begin])
                begin++;
        while (end < most - begin && a[one_bytes - 1 - end] == b[other_bytes - 1 - end])
                end++;
        return begin + end;
}

/* All other bytes stay as they are and where they are. */
static void operators_change_one_place(void **state)
{
        enum relation { TAKES_OUT, PUTS_IN };
        static const struct {
                const char *name;
                enum relation relation;
        } rows[] = {
                { "part-drop", TAKES_OUT },
                { "field-drop", TAKES_OUT },
                { "parameter-drop", TAKES_OUT },
                { "body-cut", TAKES_OUT },
                { "part-add", PUTS_IN },
                { "part-duplicate", PUTS_IN },
                { "field-add", PUTS_IN },
                { "field-duplicate", PUTS_IN },
                { "field-length", PUTS_IN },
                { "field-hops", PUTS_IN },
                { "parameter-add", PUTS_IN },
                { "boundary-in-body", PUTS_IN },
                { "line-length", PUTS_IN },
                { "body-mark", PUTS_IN },
        };
        const struct seed *seed = seed_named(seeds, "seeds/smime/triple-rsa.eml");
        g_autoptr(GBytes) message = NULL;
        struct up_draft draft;

        (void)state;
        draft_init(&draft, seed->file, 0);
        message = g_bytes_ref(draft.c->message);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const struct up_operator *operator= find_operator(rows[i].name);
                unsigned changes = 0;
                for (uint64_t rng = 0; rng < 50; rng++) {
                        draft_restart(&draft, message, rng);
                        if (!operator->apply(&draft))
                                continue;
                        size_t shared = shared_bytes(message, draft.c->message);
                        GBytes *whole = rows[i].relation == TAKES_OUT ? draft.c->message : message;
                        if (shared != g_bytes_get_size(whole))
                                fail_msg("%s, rng %d", rows[i].name, (int)rng);
                        changes++;
                }
                if (changes == 0)
                        fail_msg("%s never applies", rows[i].name);
        }
        up_draft_clear(&draft);
}

/* The grade of a signature is doubted after any change: signing comes after this layer. */
static void a_changed_message_has_no_certain_grade(void **state)
{
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-rsa.eml");
        unsigned changes = 0;

        (void)state;
        for (size_t i = 0; i < up_tree_layer.count; i++) {
                struct up_draft draft;
                draft_init(&draft, seed->file, i);
                draft.expected = UP_EXPECTED_VALID;
                bool changed = up_tree_layer.operators[i].apply(&draft);
                assert_int_equal(draft.expected, changed ? UP_EXPECTED_UNKNOWN : UP_EXPECTED_VALID);
                changes += changed;
                up_draft_clear(&draft);
        }
        assert_true(changes > up_tree_layer.count / 2);
}

static unsigned parts_in(GBytes *message)
{
        g_autoptr(up_node) root = up_tree_read(message, &limits);
        g_autoptr(GPtrArray) nodes = up_tree_nodes(root);

        return nodes->len;
}

static unsigned depth_of(GBytes *message)
{
        g_autoptr(up_node) root = up_tree_read(message, &limits);
        g_autoptr(GPtrArray) nodes = up_tree_nodes(root);
        unsigned deepest = 0;

        for (guint i = 0; i < nodes->len; i++) {
                unsigned depth = 0;
                for (const struct up_node *node = g_ptr_array_index(nodes, i); node->parent != NULL;
                     node = node->parent)
                        depth++;
                deepest = MAX(deepest, depth);
        }
        return deepest;
}

/* A limit that is met exactly, and one passed by one, are both found by rng. */
static void limits_are_met_and_passed_by_one(void **state)
{
        static const struct {
                const char *name;
                unsigned (*count)(GBytes *message);
                unsigned limit;
        } rows[] = {
                { "part-duplicate", parts_in, 100 },
                { "part-nest-deep", depth_of, 30 },
        };
        g_autoptr(GBytes) message = bytes_of(MULTIPART("b") "\n--b\n\na\n--b--\n");

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const struct up_operator *operator= find_operator(rows[i].name);
                unsigned at = 0, above = 0;
                struct up_draft draft;
                draft_init(&draft, message, 0);
                draft.c->policy.limits.parts = 100;
                draft.c->policy.limits.depth = 30;
                for (uint64_t rng = 0; rng < 500; rng++) {
                        draft_restart(&draft, message, rng);
                        operator->apply(&draft);
                        unsigned count = rows[i].count(draft.c->message);
                        at += count == rows[i].limit;
                        above += count == rows[i].limit + 1;
                }
                if (at == 0 || above == 0)
                        fail_msg("%s: %u at the limit, %u above", rows[i].name, at, above);
                up_draft_clear(&draft);
        }
}

/* --- two messages ----------------------------------------------------------------------------- */

static void crossing_brings_parts_and_fields_of_the_other(void **state)
{
        const struct seed *seed = seed_named(seeds, "seeds/smime/clear-rsa.eml");
        g_autoptr(up_case) other = up_case_new();
        g_autoptr(GBytes) message = NULL;
        unsigned parts = 0, fields = 0, none = 0;
        struct up_draft draft;

        (void)state;
        g_bytes_unref(other->message);
        other->message = bytes_of("Subject: of the other\nX-Other: field\n" MULTIPART(
            "o") "\n--o\n\nfirst of the other\n--o\n\nsecond of the other\n--o--\n");
        draft_init(&draft, seed->file, 0);
        message = g_bytes_ref(draft.c->message);
        for (uint64_t rng = 0; rng < 200; rng++) {
                draft_restart(&draft, message, rng);
                bool changed = up_tree_cross(&draft, other);
                g_autofree char *text = text_of(draft.c->message);
                assert_true(changed == !g_bytes_equal(draft.c->message, message));
                assert_true(g_bytes_get_size(draft.c->message) <= MOST_BYTES);
                parts += strstr(text, "second of the other") != NULL;
                fields += strstr(text, "X-Other") != NULL;
                none += !changed;
        }
        assert_true(parts > 20);
        assert_true(fields > 5);
        assert_true(none < 100);
        up_draft_clear(&draft);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(seeds_are_written_as_they_were_read),
                cmocka_unit_test(noise_is_written_as_it_was_read),
                cmocka_unit_test(large_message_takes_linear_time),
                cmocka_unit_test(nodes_hold_raw_pieces),
                cmocka_unit_test(signed_entity_is_found_and_replaced),
                cmocka_unit_test(content_is_what_can_be_signed),
                cmocka_unit_test(fields_are_edited_alone),
                cmocka_unit_test(parts_are_put_in_and_taken_out),
                cmocka_unit_test(boundary_lines_alone_get_another_boundary),
                cmocka_unit_test(operators_are_sound),
                cmocka_unit_test(operators_change_one_place),
                cmocka_unit_test(a_changed_message_has_no_certain_grade),
                cmocka_unit_test(limits_are_met_and_passed_by_one),
                cmocka_unit_test(crossing_brings_parts_and_fields_of_the_other),
        };
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
