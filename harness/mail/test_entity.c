/*
 * Each entity's slices are exactly the bytes that a signature over it covers, however odd the
 * message; they stay inside the message and inside each other whatever the bytes; and on all seeds
 * the reader sees the same tree as GMime, but for differences that are named here.
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
#include "gmime/objects.h"
#include "mail/entity.h"

#define NOW_S 1800000000

struct run {
        struct up_limits limits;
        struct up_observations observed;
        GBytes *bytes;
        GPtrArray *entities;
};

static void read_bytes(struct run *run, GBytes *bytes)
{
        up_observations_init(&run->observed, &run->limits, NOW_S);
        run->bytes = g_bytes_ref(bytes);
        run->entities = up_entities_read(bytes, &run->observed);
}

static void read_text(struct run *run, const char *text)
{
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

        up_limits_init(&run->limits);
        read_bytes(run, bytes);
}

static void finish(struct run *run)
{
        g_ptr_array_unref(run->entities);
        g_bytes_unref(run->bytes);
        up_observations_clear(&run->observed);
}

static const struct up_entity *entity_of(const struct run *run, guint index)
{
        assert_true(index < run->entities->len);
        return g_ptr_array_index(run->entities, index);
}

static char *slice_text(const struct run *run, struct up_slice slice)
{
        g_autoptr(GBytes) view = up_slice_bytes(run->bytes, slice);
        gsize bytes;
        const char *data = g_bytes_get_data(view, &bytes);

        return g_strndup(data != NULL ? data : "", bytes);
}

/* Every entity but the message itself: "PARENT [HEADER] [BODY]" and the line end. */
static char *parts_text(const struct run *run, const char *line_end)
{
        GString *text = g_string_new(NULL);

        for (guint i = 1; i < run->entities->len; i++) {
                const struct up_entity *entity = entity_of(run, i);
                g_autofree char *header = slice_text(run, entity->header);
                g_autofree char *body = slice_text(run, entity->body);
                g_string_append_printf(
                    text, "%d [%s] [%s]%s", entity->parent, header, body, line_end);
        }
        return g_string_free(text, FALSE);
}

/* LF becomes CRLF. */
static char *with_crlf(const char *text)
{
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        return g_strjoinv("\r\n", lines);
}

/* --- what lies where -------------------------------------------------------------------------- */

#define MULTIPART(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n"
#define RFC822              "Content-Type: message/rfc822\n"

static const struct {
        const char *what, *message, *parts;
} readings[] = {
        { "two parts, preamble and epilogue",
            MULTIPART("b") "\npreamble\n--b\n\none\n--b\nA: 1\n\ntwo\n\n--b--\nepilogue\n",
            "0 [] [one]\n0 [A: 1\n] [two\n]\n" },
        { "an epilogue has no parts", MULTIPART("b") "\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
            "0 [] [one]\n" },
        { "without the closing line the last part ends with the message",
            MULTIPART("b") "\n--b\n\none\n--b\n\ntwo\n", "0 [] [one]\n0 [] [two\n]\n" },
        { "the closing line need not end", MULTIPART("b") "\n--b\n\none\n--b--", "0 [] [one]\n" },
        { "boundary lines with trailing blanks",
            MULTIPART("b") "\n--b \t\n\none\n--b\t \n\ntwo\n--b-- \n--b\n",
            "0 [] [one]\n0 [] [two]\n" },
        { "a boundary line with more on it is text",
            MULTIPART("b") "\n--b\n\n--b x\n --b\n--b-\n--b--x\n-- b\n--b--\n",
            "0 [] [--b x\n --b\n--b-\n--b--x\n-- b]\n" },
        { "a boundary that begins with another one",
            MULTIPART("b") "\n--b\n" MULTIPART("bb") "\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n",
            "0 [" MULTIPART("bb") "] [--bb\n\none\n--bb--]\n1 [] [one]\n0 [] [two]\n" },
        { "the outer boundary ends the inner multipart",
            MULTIPART("o") "\n--o\n" MULTIPART("i") "\n--i\n\none\n--o\n\n--i\n--o--\n",
            "0 [" MULTIPART("i") "] [--i\n\none]\n1 [] [one]\n0 [] [--i]\n" },
        { "the outer closing line ends the inner multipart",
            MULTIPART("o") "\n--o\n" MULTIPART("i") "\n--i\n\none\n--o--\n--i\n",
            "0 [" MULTIPART("i") "] [--i\n\none]\n1 [] [one]\n" },
        { "one boundary for both: the inner one takes it until it is closed",
            MULTIPART("b") "\n--b\n" MULTIPART("b") "\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
            "0 [" MULTIPART("b") "] [--b\n\none\n--b--]\n1 [] [one]\n0 [] [two]\n" },
        { "a quoted boundary", MULTIPART("\"a b:\\\"c\"") "\n--a b:\"c\n\none\n--a b:\"c--\n",
            "0 [] [one]\n" },
        { "a folded Content-Type, and names in any case",
            "CONTENT-type:\n multipart/mixed;\n\tBoundary=\n \"b\"\n\n--b\n\none\n--b--\n",
            "0 [] [one]\n" },
        { "blanks before the colon",
            "Content-Type \t: multipart/signed; boundary=b\n\n--b\n\none\n--b--\n",
            "0 [] [one]\n" },
        { "the first Content-Type counts",
            MULTIPART("a") MULTIPART("b") "\n--b\n\n--a\n\none\n--a--\n", "0 [] [one]\n" },
        { "a multipart without boundary has no parts",
            "Content-Type: multipart/mixed\n\n--\n\none\n", "" },
        { "an empty boundary", MULTIPART("\"\"") "\n--\n\none\n----\n", "0 [] [one]\n" },
        { "a header cut off by a boundary", MULTIPART("b") "\n--b\nA: 1\nB: 2\n--b\n\ntwo\n--b--\n",
            "0 [A: 1\nB: 2] []\n0 [] [two]\n" },
        { "the line end before a boundary is the boundary's, after a header too",
            MULTIPART("b") "\n--b\nA: 1\n\n--b\n\n--b\n\n\n--b--\n",
            "0 [A: 1\n] []\n0 [] []\n0 [] []\n" },
        { "between two boundary lines is nothing, not a part",
            MULTIPART("b") "\n--b\n--b\n\none\n--b\n--b--\n", "0 [] [one]\n" },
        { "a message inside", MULTIPART("b") "\n--b\n" RFC822 "\nS: 1\n\ntext\n--b--\n",
            "0 [" RFC822 "] [S: 1\n\ntext]\n1 [S: 1\n] [text]\n" },
        { "a multipart in a message inside",
            MULTIPART("b") "\n--b\n" RFC822 "\n" MULTIPART("i") "\n--i\n\none\n--i--\n--b--\n",
            "0 [" RFC822
            "] [" MULTIPART("i") "\n--i\n\none\n--i--]\n"
                                 "1 [" MULTIPART("i") "] [--i\n\none\n--i--]\n2 [] [one]\n" },
        { "a message inside whose header is cut off",
            MULTIPART("b") "\n--b\n" RFC822 "\nS: 1\n--b--\n",
            "0 [" RFC822 "] [S: 1]\n1 [S: 1] []\n" },
        { "a message inside that is not there",
            MULTIPART("b") "\n--b\n" RFC822 "\n--b\n" RFC822 "--b--\n",
            "0 [" RFC822 "] []\n0 [Content-Type: message/rfc822] []\n" },
        { "in a digest, what has no type is a message",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nS: 1\n\ntext\n--b--\n",
            "0 [] [S: 1\n\ntext]\n1 [S: 1\n] [text]\n" },
};

static void slices_are_as_they_were_sent(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(readings); i++) {
                g_autofree char *crlf_message = with_crlf(readings[i].message);
                g_autofree char *crlf_expected = with_crlf(readings[i].parts);
                struct run lf, crlf;

                read_text(&lf, readings[i].message);
                read_text(&crlf, crlf_message);
                g_autofree char *parts = parts_text(&lf, "\n");
                g_autofree char *crlf_parts = parts_text(&crlf, "\r\n");
                if (strcmp(parts, readings[i].parts) != 0)
                        fail_msg("%s: %s", readings[i].what, parts);
                if (strcmp(crlf_parts, crlf_expected) != 0)
                        fail_msg("%s, CRLF: %s", readings[i].what, crlf_parts);
                assert_false(lf.observed.unscannable);
                finish(&lf);
                finish(&crlf);
        }
}

static void message_without_a_body_has_one_entity(void **state)
{
        static const struct {
                const char *message, *header, *body;
        } rows[] = {
                { "", "", "" },
                { "\n", "", "" },
                { "\r\n", "", "" },
                { "S: 1", "S: 1", "" },
                { "S: 1\n", "S: 1\n", "" },
                { "S: 1\n\n", "S: 1\n", "" },
                { "S: 1\r\n\r\n\r\n", "S: 1\r\n", "\r\n" },
                { RFC822, RFC822, "" },
                { RFC822 "\n", RFC822, "" },
                { "\ntext", "", "text" },
                { "S: 1\n \n\ntext", "S: 1\n \n", "text" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct run run;

                read_text(&run, rows[i].message);
                g_autofree char *header = slice_text(&run, entity_of(&run, 0)->header);
                g_autofree char *body = slice_text(&run, entity_of(&run, 0)->body);
                assert_int_equal(run.entities->len, 1);
                assert_int_equal(entity_of(&run, 0)->parent, -1);
                assert_string_equal(header, rows[i].header);
                assert_string_equal(body, rows[i].body);
                finish(&run);
        }
}

/* Trailing blanks, a line end and an empty body: what any rewriting loses. */
static void signed_part_is_whole(void **state)
{
        static const char *const signed_parts[] = {
                "Content-Type: text/plain \r\nX-Folded: a\r\n\tb  \r\n\r\ntrailing  \r\n\t\r\n",
                "Content-Type: text/plain\r\n\r\nmixed\nline ends\r\n\n",
                "Content-Type: text/plain\r\n\r\n",
                "Content-Type: text/plain\r\n",
                "\r\nno header",
                "\r\n",
                "--c\r\n--",
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(signed_parts); i++) {
                g_autofree char *message = g_strconcat(
                    "Content-Type: multipart/signed; boundary=b\r\n", "\r\npreamble\r\n--b\r\n",
                    signed_parts[i],
                    "\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMAA=\r\n--b--\r\n",
                    NULL);
                struct run run;

                read_text(&run, message);
                assert_int_equal(run.entities->len, 3);
                g_autofree char *whole = slice_text(&run, up_entity_whole(entity_of(&run, 1)));
                g_autofree char *signature = slice_text(&run, entity_of(&run, 2)->body);
                assert_string_equal(whole, signed_parts[i]);
                assert_string_equal(signature, "MAA=");
                finish(&run);
        }
}

static void fields_are_read(void **state)
{
        static const struct {
                const char *header, *type, *filename;
                GMimeContentEncoding encoding;
        } rows[] = {
                { "", "text/plain", NULL, GMIME_CONTENT_ENCODING_DEFAULT },
                { "Content-Type: application/pkcs7-mime; name=smime.p7m\n"
                  "Content-Transfer-Encoding: Base64 \n",
                    "application/pkcs7-mime", "smime.p7m", GMIME_CONTENT_ENCODING_BASE64 },
                { "Content-Type: application/octet-stream; name=a.bin\n"
                  "Content-Disposition: attachment;\n filename=\"smime.p7m\"\n",
                    "application/octet-stream", "smime.p7m", GMIME_CONTENT_ENCODING_DEFAULT },
                { "Content-Disposition: attachment\nContent-Type: a/b; name*=utf-8''%c3%bc.p7s\n"
                  "content-transfer-encoding:\n quoted-printable\n",
                    "a/b", "\u00fc.p7s", GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE },
                { "Content-Type: nonsense\n", "application/octet-stream", NULL,
                    GMIME_CONTENT_ENCODING_DEFAULT },
                { "Content-Type:\n", "application/octet-stream", NULL,
                    GMIME_CONTENT_ENCODING_DEFAULT },
                { "Content-Type2: a/b\nX-Content-Type: c/d\nContent-Typ: e/f\n", "text/plain", NULL,
                    GMIME_CONTENT_ENCODING_DEFAULT },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *message = g_strconcat(rows[i].header, "\ntext\n", NULL);
                struct run run;

                read_text(&run, message);
                const struct up_entity *entity = entity_of(&run, 0);
                g_autofree char *type = g_mime_content_type_get_mime_type(entity->type);
                assert_string_equal(type, rows[i].type);
                assert_int_equal(entity->encoding, rows[i].encoding);
                assert_true(g_strcmp0(entity->filename, rows[i].filename) == 0);
                finish(&run);
        }
}

static void nul_bytes_are_bytes(void **state)
{
        static const char message[] = "A: \0\nContent-Type: multipart/mixed; "
                                      "boundary=b\n\n\0--b\n--b\nB: \0\n\n\0\n--b\0\n--b--\n";
        g_autoptr(GBytes) bytes = g_bytes_new_static(message, sizeof message - 1);
        struct run run;

        (void)state;
        up_limits_init(&run.limits);
        read_bytes(&run, bytes);
        assert_int_equal(run.entities->len, 2);
        const struct up_entity *part = entity_of(&run, 1);
        assert_int_equal(part->header.end - part->header.begin, strlen("B: ?\n"));
        assert_int_equal(part->body.end - part->body.begin, strlen("?\n--b?"));
        assert_memory_equal(message + part->body.begin, "\0\n--b\0", 6);
        finish(&run);
}

/* --- limits ----------------------------------------------------------------------------------- */

static bool remarks_limit(const struct up_observations *observed, const char *name)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == UP_REMARK_LIMIT && strcmp(remark->site, name) == 0)
                        return true;
        }
        return false;
}

static void each_limit_ends_the_reading_where_it_is_hit(void **state)
{
        static const char message[] =
            MULTIPART("o") "\n--o\n" MULTIPART("i") "\n--i\n" RFC822 "\nS: 1\n\none\n--i--\n"
                                                    "--o\nA: a long header\n\ntwo\n--o--\n";
        static const struct {
                const char *name;
                size_t offset;
                uint64_t value;
                guint entities;
        } rows[] = {
                { "max-depth", offsetof(struct up_limits, depth), 0, 1 },
                { "max-depth", offsetof(struct up_limits, depth), 1, 3 },
                { "max-depth", offsetof(struct up_limits, depth), 2, 4 },
                { NULL, offsetof(struct up_limits, depth), 3, 5 },
                { "max-parts", offsetof(struct up_limits, parts), 0, 1 },
                { "max-parts", offsetof(struct up_limits, parts), 1, 1 },
                { "max-parts", offsetof(struct up_limits, parts), 4, 4 },
                { NULL, offsetof(struct up_limits, parts), 5, 5 },
                { "max-header", offsetof(struct up_limits, header_bytes), 10, 1 },
                { NULL, offsetof(struct up_limits, header_bytes), strlen(MULTIPART("o")), 5 },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) bytes = g_bytes_new_static(message, strlen(message));
                struct run run;

                up_limits_init(&run.limits);
                *(uint64_t *)(void *)((char *)&run.limits + rows[i].offset) = rows[i].value;
                read_bytes(&run, bytes);
                assert_int_equal(run.entities->len, rows[i].entities);
                assert_int_equal(run.observed.unscannable, rows[i].name != NULL);
                if (rows[i].name != NULL)
                        assert_true(remarks_limit(&run.observed, rows[i].name));
                finish(&run);
        }
}

#define LINES_BYTES (1 << 20)

/* As many lines as fit that could be a boundary, below as many open multiparts as there may be. */
static void boundary_like_lines_take_bounded_time(void **state)
{
        static const char *const lines[] = { "--\n", "--b\n", "--b0\n", "--b1023\n", "--b0--\n" };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_autoptr(GString) text = g_string_new(NULL);
                struct run run;

                for (unsigned depth = 0; depth < 1024; depth++)
                        g_string_append_printf(text,
                            "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", depth, depth);
                g_string_append_c(text, '\n');
                while (text->len < LINES_BYTES)
                        g_string_append(text, lines[i]);
                clock_t start = clock();
                read_text(&run, text->str);
                double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
                assert_true(run.entities->len > 1024);
                assert_true(seconds < 5);
                finish(&run);
        }
}

/* --- any bytes at all ------------------------------------------------------------------------- */

static void assert_tree_is_sound(const struct run *run)
{
        size_t size = g_bytes_get_size(run->bytes);
        g_autofree size_t *taken = g_new0(size_t, run->entities->len);

        assert_int_equal(entity_of(run, 0)->parent, -1);
        assert_int_equal(entity_of(run, 0)->header.begin, 0);
        assert_int_equal(entity_of(run, 0)->body.end, size);
        for (guint i = 0; i < run->entities->len; i++) {
                const struct up_entity *entity = entity_of(run, i);

                assert_non_null(entity->type);
                assert_true(entity->header.begin <= entity->header.end);
                assert_true(entity->header.end <= entity->body.begin);
                assert_true(entity->body.begin <= entity->body.end);
                assert_true(entity->body.end <= size);
                taken[i] = entity->body.begin;
                if (i == 0)
                        continue;
                assert_in_range(entity->parent, 0, i - 1);
                const struct up_entity *parent = entity_of(run, (guint)entity->parent);
                assert_int_equal(entity->depth, parent->depth + 1);
                assert_true(entity->header.begin >= taken[entity->parent]);
                assert_true(entity->body.end <= parent->body.end);
                taken[entity->parent] = entity->body.end;
        }
}

static void noise_gives_a_sound_tree(void **state)
{
        static const char *const pieces[] = { "\n", "\n", "\r\n", "\r\n\r\n", "\n\n", "\r", "--b",
                "--b\n", "--b--\n", "--c\r\n", "--c--\r\n", "--", " ", "\t", "text", "A: 1\n",
                "Content-Type: multipart/mixed; boundary=b\n",
                "Content-Type: multipart/signed; boundary=\"c\"\r\n",
                "Content-Type: multipart/digest; boundary=bc\n", RFC822,
                "Content-Type: message/global\r\n\r\n", "Content-Type:", "boundary=\"\";", "\xff" };
        g_autoptr(GRand) chance = g_rand_new_with_seed(1);

        (void)state;
        for (unsigned round = 0; round < 20000; round++) {
                g_autoptr(GString) text = g_string_new(NULL);
                struct run run;

                for (int left = g_rand_int_range(chance, 0, 40); left > 0; left--)
                        g_string_append(
                            text, pieces[g_rand_int_range(chance, 0, (int)G_N_ELEMENTS(pieces))]);
                if (g_rand_int_range(chance, 0, 8) == 0 && text->len > 0)
                        text->str[g_rand_int_range(chance, 0, (int)text->len)] = '\0';
                g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
                up_limits_init(&run.limits);
                run.limits.depth = (uint64_t)g_rand_int_range(chance, 0, 6);
                run.limits.parts = (uint64_t)g_rand_int_range(chance, 1, 9);
                read_bytes(&run, bytes);
                assert_tree_is_sound(&run);
                finish(&run);
        }
}

/* --- the same tree as GMime ------------------------------------------------------------------- */

/* Seeds of which the two make different trees, and why. */
static const struct {
        const char *path, *ours, *gmime;
        const char *why;
} differences[] = {
        { "seeds/mime/duplicate-content-type.eml", "text/plain", "multipart/mixed text/plain",
            "we go by the first Content-Type, GMime by the last" },
        { "seeds/smime/bare.p7m", "text/plain", "", "GMime makes no message of DER" },
};

static char *types_by_slices(const struct run *run)
{
        GString *types = g_string_new(NULL);

        for (guint i = 0; i < run->entities->len; i++) {
                g_autofree char *type = g_mime_content_type_get_mime_type(entity_of(run, i)->type);
                g_string_append_printf(types, "%s%s", i > 0 ? " " : "", type);
        }
        return g_string_free(types, FALSE);
}

static char *types_by_gmime(struct run *run)
{
        g_autoptr(GMimeMessage) message = up_mime_parse(run->bytes, &run->observed);
        g_autoptr(GPtrArray) objects =
            message != NULL ? up_mime_objects(message, &run->observed) : g_ptr_array_new();
        GString *types = g_string_new(NULL);

        for (guint i = 0; i < objects->len; i++) {
                GMimeObject *object = g_ptr_array_index(objects, i);
                if (GMIME_IS_MESSAGE(object))
                        continue;
                g_autofree char *type =
                    g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
                g_string_append_printf(types, "%s%s", types->len > 0 ? " " : "", type);
        }
        return g_string_free(types, FALSE);
}

static void compare_seed(const char *path)
{
        g_autofree char *data = NULL;
        gsize bytes;
        struct run run;

        assert_true(g_file_get_contents(path, &data, &bytes, NULL));
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);
        up_limits_init(&run.limits);
        read_bytes(&run, c->message);
        g_autofree char *ours = types_by_slices(&run);
        g_autofree char *gmime = types_by_gmime(&run);
        const char *expected = ours;
        for (size_t i = 0; i < G_N_ELEMENTS(differences); i++) {
                if (strcmp(differences[i].path, path) == 0) {
                        assert_string_equal(ours, differences[i].ours);
                        expected = differences[i].gmime;
                }
        }
        if (strcmp(gmime, expected) != 0)
                fail_msg("%s: ours %s\nGMime's %s", path, ours, gmime);
        finish(&run);
}

static void seeds_have_the_tree_that_gmime_sees(void **state)
{
        static const char *const folders[] = { "seeds/mime", "seeds/smime" };
        unsigned compared = 0;

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
                g_autoptr(GDir) folder = g_dir_open(folders[i], 0, NULL);
                const char *name;

                assert_non_null(folder);
                for (; (name = g_dir_read_name(folder)) != NULL; compared++) {
                        g_autofree char *path = g_build_filename(folders[i], name, NULL);
                        compare_seed(path);
                }
        }
        assert_true(compared > 100);
}

/* --- encoded composites, and paths --------------------------------------------------------------
 */

static void an_encoded_composite_is_decoded_as_a_message(void **state)
{
        static const struct {
                const char *message, *decoded;
        } rows[] = {
                { RFC822 "Content-Transfer-Encoding: base64\n\nQTogYgoKeA==\n", "A: b\n\nx" },
                { RFC822 "Content-Transfer-Encoding: quoted-printable\n\nA=3A b\n\nx",
                    "A: b\n\nx" },
                { RFC822 "Content-Transfer-Encoding: 8bit\n\nA: b\n", NULL },
                { "A: 1\n" MULTIPART("b") "Content-Transfer-Encoding: base64\n\nLS1iCgp4Cg==\n",
                    MULTIPART("b") "\n--b\n\nx\n" },
                { "Content-Transfer-Encoding: base64\n\nQTogYgoKeA==\n", NULL },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct run run;
                read_text(&run, rows[i].message);
                g_autoptr(GBytes) decoded =
                    up_entity_decoded_composite(run.bytes, entity_of(&run, 0));
                assert_int_equal(
                    decoded != NULL, up_entity_is_encoded_composite(entity_of(&run, 0)));
                assert_int_equal(decoded != NULL, rows[i].decoded != NULL);
                if (decoded != NULL)
                        assert_memory_equal(g_bytes_get_data(decoded, NULL), rows[i].decoded,
                            strlen(rows[i].decoded));
                finish(&run);
        }
}

static void a_path_counts_parts(void **state)
{
        static const char *const paths[] = { "", "1", "2", "2.1", "2.1.1", "2.1.2", "3" };
        struct run run;

        (void)state;
        read_text(&run, MULTIPART("a") "\n--a\n\n1\n--a\n" RFC822 "\n" MULTIPART(
                            "b") "\n--b\n\n1\n--b\n\n2\n--b--\n--a\n\n3\n--a--\n");
        assert_int_equal(run.entities->len, G_N_ELEMENTS(paths));
        for (int i = 0; i < (int)G_N_ELEMENTS(paths); i++) {
                g_autofree char *path = up_entity_path(run.entities, i);
                assert_string_equal(path, paths[i]);
        }
        finish(&run);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(slices_are_as_they_were_sent),
                cmocka_unit_test(message_without_a_body_has_one_entity),
                cmocka_unit_test(signed_part_is_whole),
                cmocka_unit_test(fields_are_read),
                cmocka_unit_test(nul_bytes_are_bytes),
                cmocka_unit_test(each_limit_ends_the_reading_where_it_is_hit),
                cmocka_unit_test(boundary_like_lines_take_bounded_time),
                cmocka_unit_test(noise_gives_a_sound_tree),
                cmocka_unit_test(an_encoded_composite_is_decoded_as_a_message),
                cmocka_unit_test(a_path_counts_parts),
                cmocka_unit_test(seeds_have_the_tree_that_gmime_sees),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
