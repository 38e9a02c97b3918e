/*
 * A tree that is not edited is written byte for byte as it was read, whatever the bytes; an edit
 * changes what it says and nothing else; and each operator, on each seed, makes a message that
 * differs, fits and is the same each time, and does not call a signature good that it changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "case/case.h"
#include "mail/entity.h"
#include "mutate/tree.h"

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

/* --- seeds ------------------------------------------------------------------------------------ */

struct seed {
        char *path;
        struct up_case *c;
};

static GPtrArray *seeds;

static int compare_paths(const void *a, const void *b)
{
        const struct seed *const *one = a;
        const struct seed *const *other = b;

        return strcmp((*one)->path, (*other)->path);
}

static int read_seeds(void **state)
{
        static const char *const folders[] = { "seeds/mime", "seeds/smime", "seeds/scan_submit",
                "seeds/machine" };

        (void)state;
        up_limits_init(&limits);
        seeds = g_ptr_array_new();
        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
                g_autoptr(GDir) folder = g_dir_open(folders[i], 0, NULL);
                const char *name;

                while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
                        struct seed *seed = g_new0(struct seed, 1);
                        g_autofree char *data = NULL;
                        gsize bytes = 0;
                        seed->path = g_build_filename(folders[i], name, NULL);
                        if (!g_file_get_contents(seed->path, &data, &bytes, NULL))
                                return -1;
                        seed->c = up_case_read((const uint8_t *)data, bytes, NULL);
                        g_ptr_array_add(seeds, seed);
                }
        }
        g_ptr_array_sort(seeds, compare_paths);
        return seeds->len > 100 ? 0 : -1;
}

static int free_seeds(void **state)
{
        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                struct seed *seed = g_ptr_array_index(seeds, i);
                up_case_free(seed->c);
                g_free(seed->path);
                g_free(seed);
        }
        g_ptr_array_unref(seeds);
        return 0;
}

static const struct seed *find_seed(const char *path)
{
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                if (strcmp(seed->path, path) == 0)
                        return seed;
        }
        fail_msg("no %s", path);
        return NULL;
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
                struct up_limits tight = limits;
                assert_written_as_read(seed->c->message, &limits, seed->path);
                tight.depth = i % 3;
                tight.parts = 1 + i % 4;
                tight.header_bytes = 100;
                assert_written_as_read(seed->c->message, &tight, seed->path);
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
        for (unsigned round = 0; round < 4000; round++) {
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
                while (text->len < 1 << 20)
                        g_string_append(text, repeated[i]);
                g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
                clock_t start = clock();
                assert_written_as_read(bytes, &limits, repeated[i]);
                assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
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
                const char *type;
                bool is;
        } rows[] = {
                { "multipart/signed; boundary=s", true },
                { "Application/PKCS7-mime; smime-type=signed-data", true },
                { "application/x-pkcs7-mime", true },
                { "application/octet-stream; name=smime.P7M", true },
                { "application/octet-stream; name=p7m", false },
                { "multipart/mixed; boundary=s", false },
                { "application/pkcs7-signature", false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text =
                    g_strconcat(MULTIPART("b"), "\n--b\n\none\n--b\nContent-Type: ", rows[i].type,
                        "\n\n--s\n\ntwo\n--s--\n--b--\n", NULL);
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

#define MOST_BYTES (64 * 1024)
/* Each seed gets so many throws for each operator; the few large ones, which take long, get one. */
#define THROWS      2
#define LARGE_BYTES (16 * 1024)

static void draft_init(struct up_draft *draft, const struct up_case *c, uint64_t seed)
{
        g_autoptr(GBytes) file = up_case_write(c);
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        *draft = (struct up_draft){ .c = up_case_read(data, bytes, NULL),
                .rng = { seed },
                .most_bytes = MOST_BYTES,
                .done = g_string_new(NULL) };
}

static void draft_clear(struct up_draft *draft)
{
        up_case_free(draft->c);
        g_string_free(draft->done, TRUE);
}

/* Back to the beginning, with other rng. */
static void draft_restart(struct up_draft *draft, GBytes *message, uint64_t seed)
{
        draft->rng.state = seed;
        g_bytes_unref(draft->c->message);
        draft->c->message = g_bytes_ref(message);
}

static void assert_reads_as_written(const struct up_case *c, const char *what)
{
        g_autoptr(GBytes) file = up_case_write(c);
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        g_autoptr(up_case) again = up_case_read(data, bytes, NULL);

        if (!g_bytes_equal(again->message, c->message))
                fail_msg("%s: the case does not read as it was written", what);
}

static bool apply_to_seed(
    const struct up_operator *operator, struct up_draft * draft, GBytes *message, uint64_t rng)
{
        draft_restart(draft, message, rng);
        bool changed = operator->apply(draft);
        if (g_bytes_equal(draft->c->message, message) == changed)
                fail_msg("%s says %d", operator->name, changed);
        assert_true(g_bytes_get_size(draft->c->message) <= MOST_BYTES);
        assert_int_equal(draft->graded, UP_INTENDED_UNSIGNED);
        if (!changed || rng % 4 != 0)
                return changed;
        assert_reads_as_written(draft->c, operator->name);
        g_autoptr(GBytes) first = g_bytes_ref(draft->c->message);
        draft_restart(draft, message, rng);
        assert_true(operator->apply(draft));
        if (!g_bytes_equal(first, draft->c->message))
                fail_msg("%s is not deterministic", operator->name);
        return true;
}

static void each_operator_changes_each_seed_within_bounds(void **state)
{
        g_autofree unsigned *changes = g_new0(unsigned, up_tree_operators_count);

        (void)state;
        for (guint i = 0; i < seeds->len; i++) {
                const struct seed *seed = g_ptr_array_index(seeds, i);
                struct up_draft draft;
                draft_init(&draft, seed->c, 0);
                g_autoptr(GBytes) message = g_bytes_ref(draft.c->message);
                uint64_t throws = g_bytes_get_size(message) > LARGE_BYTES ? 1 : THROWS;
                for (size_t j = 0; j < up_tree_operators_count; j++)
                        for (uint64_t rng = 0; rng < throws; rng++)
                                changes[j] += apply_to_seed(&up_tree_operators[j], &draft, message,
                                    (uint64_t)i * THROWS + rng);
                draft_clear(&draft);
        }
        for (size_t j = 0; j < up_tree_operators_count; j++)
                if (changes[j] < 10)
                        fail_msg(
                            "%s changed only %u messages", up_tree_operators[j].name, changes[j]);
}

static const struct up_operator *find_operator(const char *name)
{
        for (size_t i = 0; i < up_tree_operators_count; i++)
                if (strcmp(up_tree_operators[i].name, name) == 0)
                        return &up_tree_operators[i];
        fail_msg("no operator %s", name);
        return NULL;
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
        const struct seed *seed = find_seed("seeds/smime/triple-rsa.eml");
        struct up_draft draft;

        (void)state;
        draft_init(&draft, seed->c, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const struct up_operator *operator= find_operator(rows[i].name);
                for (uint64_t rng = 0; rng < 50; rng++) {
                        draft_restart(&draft, seed->c->message, rng);
                        if (!operator->apply(&draft))
                                continue;
                        size_t shared = shared_bytes(seed->c->message, draft.c->message);
                        GBytes *whole =
                            rows[i].relation == TAKES_OUT ? draft.c->message : seed->c->message;
                        if (shared != g_bytes_get_size(whole))
                                fail_msg("%s, rng %d", rows[i].name, (int)rng);
                }
        }
        draft_clear(&draft);
}

/* The entity under the signature, and the signature, found by themselves in the seed. */
static bool holds(GBytes *message, const struct up_node *node)
{
        g_autoptr(GBytes) piece = up_node_bytes(node);
        gsize bytes, piece_bytes;
        const void *data = g_bytes_get_data(message, &bytes);
        const void *piece_data = g_bytes_get_data(piece, &piece_bytes);

        return memmem(data, bytes, piece_data, piece_bytes) != NULL;
}

static bool holds_both(GBytes *message, GBytes *seed)
{
        g_autoptr(up_node) root = up_tree_read(seed, &limits);
        const struct up_node *node = up_tree_first_signed(root);

        return holds(message, part_of(node, 0)) && holds(message, part_of(node, 1));
}

static void grade_is_unknown_once_signed_bytes_change(void **state)
{
        const struct seed *seed = find_seed("seeds/smime/clear-rsa.eml");
        struct up_draft draft;
        unsigned kept = 0, lost = 0;

        (void)state;
        draft_init(&draft, seed->c, 0);
        for (size_t i = 0; i < up_tree_operators_count; i++) {
                for (uint64_t rng = 0; rng < 50; rng++) {
                        draft_restart(&draft, seed->c->message, rng);
                        draft.graded = UP_INTENDED_VALID;
                        bool changed = up_tree_operators[i].apply(&draft);
                        if (draft.graded == UP_INTENDED_UNKNOWN) {
                                assert_true(changed);
                                lost++;
                                continue;
                        }
                        assert_int_equal(draft.graded, UP_INTENDED_VALID);
                        if (!holds_both(draft.c->message, seed->c->message))
                                fail_msg("%s, rng %d", up_tree_operators[i].name, (int)rng);
                        kept += changed;
                }
        }
        assert_true(kept > 100);
        assert_true(lost > 100);
        draft_clear(&draft);
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
        g_autoptr(up_case) c = up_case_new();

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const struct up_operator *operator= find_operator(rows[i].name);
                unsigned at = 0, above = 0;
                struct up_draft draft;
                draft_init(&draft, c, 0);
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
                draft_clear(&draft);
        }
}

static void what_does_not_fit_is_not_done(void **state)
{
        const struct seed *seed = find_seed("seeds/smime/clear-rsa.eml");
        size_t size = g_bytes_get_size(seed->c->message);
        struct up_draft draft;

        (void)state;
        draft_init(&draft, seed->c, 0);
        for (size_t i = 0; i < up_tree_operators_count; i++) {
                for (uint64_t rng = 0; rng < 30; rng++) {
                        draft_restart(&draft, seed->c->message, rng);
                        draft.most_bytes = rng % 2 == 0 ? size : size / 2;
                        bool changed = up_tree_operators[i].apply(&draft);
                        if (changed)
                                assert_true(g_bytes_get_size(draft.c->message) <= draft.most_bytes);
                        else
                                assert_true(g_bytes_equal(draft.c->message, seed->c->message));
                }
        }
        draft_clear(&draft);
}

/* --- two messages ----------------------------------------------------------------------------- */

static void crossing_brings_parts_and_fields_of_the_other(void **state)
{
        const struct seed *seed = find_seed("seeds/smime/clear-rsa.eml");
        g_autoptr(up_case) other = up_case_new();
        unsigned parts = 0, fields = 0, none = 0;
        struct up_draft draft;

        (void)state;
        g_bytes_unref(other->message);
        other->message = bytes_of("Subject: of the other\nX-Other: field\n" MULTIPART(
            "o") "\n--o\n\nfirst of the other\n--o\n\nsecond of the other\n--o--\n");
        draft_init(&draft, seed->c, 0);
        for (uint64_t rng = 0; rng < 200; rng++) {
                draft_restart(&draft, seed->c->message, rng);
                bool changed = up_tree_cross(&draft, other);
                g_autofree char *text = text_of(draft.c->message);
                assert_true(changed == !g_bytes_equal(draft.c->message, seed->c->message));
                assert_true(g_bytes_get_size(draft.c->message) <= MOST_BYTES);
                parts += strstr(text, "second of the other") != NULL;
                fields += strstr(text, "X-Other") != NULL;
                none += !changed;
        }
        assert_true(parts > 20);
        assert_true(fields > 5);
        assert_true(none < 100);
        draft_clear(&draft);
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
                cmocka_unit_test(each_operator_changes_each_seed_within_bounds),
                cmocka_unit_test(operators_change_one_place),
                cmocka_unit_test(grade_is_unknown_once_signed_bytes_change),
                cmocka_unit_test(limits_are_met_and_passed_by_one),
                cmocka_unit_test(what_does_not_fit_is_not_done),
                cmocka_unit_test(crossing_brings_parts_and_fields_of_the_other),
        };
        return cmocka_run_group_tests(tests, read_seeds, free_seeds);
}
