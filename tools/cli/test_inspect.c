/*
 * test_inspect - what `unpend inspect` prints, and its exit status
 *
 * Runs the program itself from the top of the repository: build/unpend, or what UNPEND names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOSTILE_NAME "\x1b[31mred"

static char *path; /* of the one file that a test makes for itself */

/* What the program did last. */
static struct {
        int status; /* -1: a signal ended it */
        char *out;
        char *err;
} last;

static int make_path(void **state)
{
        (void)state;
        int fd = g_file_open_tmp("inspect-XXXXXX", &path, NULL);

        return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
        (void)state;
        g_unlink(path);
        g_clear_pointer(&path, g_free);
        g_clear_pointer(&last.out, g_free);
        g_clear_pointer(&last.err, g_free);
        return 0;
}

static void write_file(const char *text)
{
        assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Up to two arguments; @second may be NULL. */
static void inspect(const char *first, const char *second)
{
        const char *program = g_getenv("UNPEND");
        const char *argv[] = { program != NULL ? program : "build/unpend", "inspect", first, second,
                NULL };
        g_autoptr(GError) error = NULL;
        int wait_status;

        g_clear_pointer(&last.out, g_free);
        g_clear_pointer(&last.err, g_free);
        if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &last.out,
                &last.err, &wait_status, &error))
                fail_msg("%s", error->message);
        last.status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
}

/* In that order. */
static void assert_prints(const char *first, const char *second)
{
        const char *at = strstr(last.out, first);

        if (at == NULL || strstr(at, second) == NULL)
                fail_msg("no \"%s\", then \"%s\" in:\n%s%s", first, second, last.out, last.err);
}

static void assert_fails_in_one_line(const char *first, const char *second)
{
        size_t bytes = strlen(last.err);

        assert_int_equal(last.status, 2);
        assert_string_equal(last.out, "");
        assert_ptr_equal(strchr(last.err, '\n'), last.err + bytes - 1);
        assert_non_null(strstr(last.err, first));
        assert_non_null(strstr(last.err, second));
}

static void a_signature_is_judged_at_the_time_of_the_case(void **state)
{
        (void)state;
        inspect("seeds/smime/clear-rsa.eml", NULL);
        assert_int_equal(last.status, 0);
        assert_prints("multipart/signed", "signed-data: valid");
        assert_prints("by CN=", "certificate trusted at 2026-01-01T00:00:00Z");
        assert_prints("application/pkcs7-signature", "file \"smime.p7s\"");

        g_autofree char *message = NULL;
        assert_true(g_file_get_contents("seeds/smime/clear-rsa.eml", &message, NULL, NULL));
        g_autofree char *late =
            g_strconcat("unpend-case: 1\ntime: 9999-01-01T00:00:00Z\nmessage:\n", message, NULL);
        write_file(late);
        inspect(path, NULL);
        assert_prints("signed-data: valid", "not trusted at 9999-01-01T00:00:00Z");
        assert_prints("not trusted", "expired");
}

static void broken_signatures_are_distinguished(void **state)
{
        (void)state;
        inspect("seeds/smime/tampered.eml", NULL);
        assert_int_equal(last.status, 0);
        assert_prints("multipart/signed", "signed-data: content digest broken");
        inspect("seeds/smime/untrusted.eml", NULL);
        assert_prints("signed-data: valid", "certificate not trusted");
}

static void layers_are_opened(void **state)
{
        (void)state;
        inspect("seeds/smime/signed-compressed-encrypted.eml", NULL);
        assert_prints("enveloped-data: opened", "compressed-data: opened");
        assert_prints("compressed-data: opened", "signed-data: valid");
        assert_prints("signed-data: valid", "text/plain");
        inspect("seeds/smime/triple-rsa.eml", NULL);
        assert_prints("signed-data: valid", "  enveloped-data: opened");
        assert_prints("enveloped-data: opened", "      signed-data: valid");
}

static void json_has_the_same_content(void **state)
{
        (void)state;
        g_autoptr(JsonParser) parser = json_parser_new();

        inspect("--json", "seeds/smime/clear-rsa.eml");
        assert_int_equal(last.status, 0);
        assert_true(json_parser_load_from_data(parser, last.out, -1, NULL));
        JsonObject *root = json_node_get_object(json_parser_get_root(parser));
        JsonObject *message = json_object_get_object_member(root, "message");
        JsonArray *entities = json_object_get_array_member(message, "entities");
        JsonObject *entity = json_array_get_object_element(entities, 0);
        JsonArray *structures = json_object_get_array_member(entity, "cms");
        JsonObject *cms = json_array_get_object_element(structures, 0);
        JsonObject *part = json_array_get_object_element(entities, 1);

        assert_false(json_object_get_boolean_member(root, "has-head"));
        assert_int_equal(json_array_get_length(entities), 3);
        assert_string_equal(json_object_get_string_member(entity, "type"), "multipart/signed");
        assert_string_equal(json_object_get_string_member(cms, "signature"), "valid");
        assert_true(json_object_get_boolean_member(cms, "trusted"));
        assert_int_equal(json_array_get_length(structures), 1);
        assert_int_equal(json_array_get_length(json_object_get_array_member(part, "cms")), 0);
}

static void the_head_is_printed_where_it_differs(void **state)
{
        (void)state;
        write_file("unpend-case: 1\npolicy: attempts=8 max-depth=64\ntitle: x\nmessage:\n\nx");
        inspect(path, NULL);
        assert_int_equal(last.status, 0);
        assert_prints("title: x\n", "policy: max-depth=64\n");
        assert_null(strstr(last.out, "unpend-case"));
}

static void strict_says_what_is_wrong_where(void **state)
{
        (void)state;
        write_file("unpend-case: 1\nfinding: pendign\npolciy: attempts=9\nmessage:\n");
        inspect("--strict", path);
        assert_int_equal(last.status, 1);

        g_autofree char *expected =
            g_strdup_printf("%s:2:10: unknown finding; did you mean `pending`?\n"
                            "%s:3:1: unknown key `polciy`; did you mean `policy`?\n",
                path, path);
        assert_string_equal(last.out, expected);
        assert_string_equal(last.err, "");
        inspect(path, NULL);
        assert_int_equal(last.status, 0);
        assert_prints("wrong in 2 places", "--strict");
}

static void a_known_breakage_needs_a_finding(void **state)
{
        (void)state;
        write_file("unpend-case: 1\nknown: gmime 3.2.13 https://example.com/\nmessage:\n");
        inspect("--strict", path);
        assert_int_equal(last.status, 1);
        assert_prints(":2:8: ", "add a `finding:` line");
}

static void strict_is_content_with_a_valid_case(void **state)
{
        (void)state;
        write_file("unpend-case: 1\nfinding: crash\nmessage:\n");
        inspect("--strict", path);
        assert_int_equal(last.status, 0);
        assert_prints(path, "nothing is wrong");
}

static void an_empty_file_is_an_empty_message(void **state)
{
        (void)state;
        inspect(path, NULL);
        assert_int_equal(last.status, 0);
        assert_prints("message of 0 bytes", "text/plain");
}

static void a_message_cannot_reach_the_terminal(void **state)
{
        (void)state;
        write_file("Content-Type: text/" HOSTILE_NAME "; name=\"" HOSTILE_NAME "\"\n"
                   "Content-Disposition: attachment; filename=\"" HOSTILE_NAME "\"\n\nx");
        inspect(path, NULL);
        assert_int_equal(last.status, 0);
        assert_null(strchr(last.out, '\x1b'));
        assert_prints("file", "red");
        inspect("--json", path);
        assert_null(strchr(last.out, '\x1b'));
        assert_null(strstr(last.out, "u001b"));
}

static void what_cannot_be_read_is_reported_in_one_line(void **state)
{
        (void)state;
        inspect("no-such-file.eml", NULL);
        assert_fails_in_one_line("no-such-file.eml", "no such file");
        inspect("seeds", NULL);
        assert_fails_in_one_line("seeds", "is a folder");
        assert_int_equal(truncate(path, 100 << 20), 0);
        inspect(path, NULL);
        assert_fails_in_one_line(path, "larger than");
}

static void wrong_usage_is_reported_in_one_line(void **state)
{
        (void)state;
        inspect(NULL, NULL);
        assert_fails_in_one_line("no FILE given", "--help");
        inspect("one.eml", "two.eml");
        assert_fails_in_one_line("more than one FILE", "--help");
        inspect("--stric", path);
        assert_fails_in_one_line("--stric", "did you mean --strict");
}

static void help_lists_all_that_a_head_can_say(void **state)
{
        (void)state;
        inspect("--help", NULL);
        assert_int_equal(last.status, 0);
        assert_prints("--strict", "--json");
        assert_prints("envelope", "script");
        assert_prints("lifetime", "max-depth");
        assert_prints("repeated-content-type", "file-in-text");
        assert_prints("submit", "local|smtp");
}

static void readers_that_differ_are_shown(void **state)
{
        static const char message[] = "Content-Type: text/plain\nContent-Type: text/html\n\ntext\n";

        (void)state;
        write_file("Content-Type: text/html\n\ntext\n");
        inspect(path, NULL);
        assert_null(strstr(last.out, "ambiguous"));
        assert_null(strstr(last.out, "GMime"));
        write_file(message);
        inspect(path, NULL);
        assert_prints("text/plain", "ambiguous  repeated-content-type, at byte 25");
        assert_prints("GMime sees another type", "text/html");
        inspect("--json", path);
        assert_prints("\"name\" : \"repeated-content-type\"", "\"gmime-differs-in\" : \"type\"");
        write_file("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
                   "Q29udGVudC1UeXBlOiBpbWFnZS9wbmcKCg==\n");
        inspect(path, NULL);
        assert_prints("encoded-composite", "image/png");
        inspect("--json", path);
        assert_prints("\"decoded\" : {", "image/png");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_signature_is_judged_at_the_time_of_the_case),
                TEST(broken_signatures_are_distinguished),
                TEST(layers_are_opened),
                TEST(json_has_the_same_content),
                TEST(the_head_is_printed_where_it_differs),
                TEST(strict_says_what_is_wrong_where),
                TEST(a_known_breakage_needs_a_finding),
                TEST(strict_is_content_with_a_valid_case),
                TEST(an_empty_file_is_an_empty_message),
                TEST(readers_that_differ_are_shown),
                TEST(a_message_cannot_reach_the_terminal),
                TEST(what_cannot_be_read_is_reported_in_one_line),
                TEST(wrong_usage_is_reported_in_one_line),
                TEST(help_lists_all_that_a_head_can_say),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
