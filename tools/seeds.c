/*
 * seeds - `unpend seeds`: writes the seeds of the table, the same bytes each time
 *
 * What of the table is a product (each wrapping by each suite, each wrapping with EICAR) is
 * multiplied out here. Chance restarts for each seed from its name, so that adding one changes no
 * other.
 */
#include "tools/tool.h"

#include <string.h>

#include "case/case.h"
#include "mail/chance.h"
#include "mail/eicar.h"
#include "mail/identity.h"
#include "tools/seed_table.h"

/* 2025-06-01 12:00:00 UTC: before the standard time of a case. */
#define SIGNED_S INT64_C(1748779200)

char *up_seed_header(const char *subject)
{
        return g_strdup_printf(UP_SEED_USUAL("%s"), subject);
}

/* --- composing -------------------------------------------------------------------------------- */

static GBytes *text_bytes(const struct up_seed *seed, const char *text)
{
        g_autoptr(GBytes) lines =
            seed->raw ? g_bytes_new_static(text, strlen(text)) : up_compose_lines(text);
        gsize size;
        const uint8_t *data = g_bytes_get_data(lines, &size);

        return up_eicar_expand(data, size);
}

/* The last byte of the DER, where a signer has no unsigned attributes, is one of the signature. */
static GBytes *flip_last_bit(GBytes *der)
{
        gsize size;
        const guint8 *data = g_bytes_get_data(der, &size);
        guint8 *copy = g_memdup2(data, size);

        copy[size - 1] ^= 1;
        return g_bytes_new_take(copy, size);
}

static GBytes *sign_falsely(
    GBytes *entity, const struct up_signing *signing, bool tampered, GError **error)
{
        g_autoptr(GBytes) other = up_compose_lines(up_seed_note);
        g_autoptr(GBytes) der = up_compose_signature(entity, signing, error);
        g_autoptr(GBytes) forged = NULL;

        if (der == NULL)
                return NULL;
        if (tampered)
                return up_compose_signed(other, der, signing);
        forged = flip_last_bit(der);
        return up_compose_signed(entity, forged, signing);
}

static GBytes *certificates(const struct up_signing *signing, GError **error)
{
        const char *names[UP_SIGNERS + 1] = { NULL };

        for (size_t i = 0; i < UP_SIGNERS; i++)
                names[i] = signing->signers[i].identity;
        return up_compose_certificates(names, error);
}

static GBytes *sign(GBytes *entity, enum up_seed_step step, const struct up_seed_suite *suite,
    size_t nth, GError **error)
{
        g_autofree char *boundary = g_strdup_printf("=_signed_%zu", nth);
        struct up_signing signing = suite->signing;

        signing.opaque = step == UP_STEP_OPAQUE || step == UP_STEP_BARE;
        signing.boundary = boundary;
        signing.time_s = SIGNED_S;
        switch (step) {
        case UP_STEP_CERTIFICATES:
                return certificates(&signing, error);
        case UP_STEP_BARE:
                return up_compose_signature(entity, &signing, error);
        case UP_STEP_TAMPERED:
        case UP_STEP_FORGED:
                return sign_falsely(entity, &signing, step == UP_STEP_TAMPERED, error);
        default:
                return up_compose_sign(entity, &signing, error);
        }
}

static GBytes *mixed(const char *note, GBytes *part, const char *last, size_t nth)
{
        g_autofree char *boundary = g_strdup_printf("=_mixed_%zu", nth);
        g_autoptr(GBytes) first = up_compose_lines(note != NULL ? note : "");
        g_autoptr(GBytes) third = up_compose_lines(last != NULL ? last : "");
        GBytes *parts[4] = { NULL };
        size_t used = 0;

        if (note != NULL)
                parts[used++] = first;
        parts[used++] = part;
        if (last != NULL)
                parts[used++] = third;
        return up_compose_multipart("multipart/mixed", boundary, parts);
}

static GBytes *forward(GBytes *entity, size_t nth)
{
        g_autofree char *header = up_seed_header("What was forwarded");
        g_autoptr(GBytes) message = up_compose_message(header, entity);
        g_autoptr(GBytes) attached = up_compose_attached(message);

        return mixed(up_seed_note, attached, NULL, nth);
}

static GBytes *take_step(GBytes *entity, enum up_seed_step step, const struct up_seed_suite *suite,
    size_t nth, GError **error)
{
        switch (step) {
        case UP_STEP_CLEAR:
        case UP_STEP_TAMPERED:
        case UP_STEP_FORGED:
        case UP_STEP_OPAQUE:
        case UP_STEP_BARE:
        case UP_STEP_CERTIFICATES:
                return sign(entity, step, suite, nth, error);
        case UP_STEP_ENCRYPT:
                return up_compose_encrypt(entity, &suite->encrypting, error);
        case UP_STEP_COMPRESS:
                return up_compose_compress(entity, suite->encrypting.naming);
        case UP_STEP_FORWARD:
                return forward(entity, nth);
        case UP_STEP_LIST:
                return mixed(NULL, entity, up_seed_footer, nth);
        case UP_STEP_ATTACH:
                return mixed(up_seed_note, entity, up_seed_picture, nth);
        case UP_STEP_END:
                break;
        }
        g_assert_not_reached();
}

static GBytes *message_of_steps(const struct up_seed *seed, GError **error)
{
        g_autofree char *usual = up_seed_header(seed->what);
        const char *standard = seed->infected ? up_seed_infected : up_seed_plain;
        g_autoptr(GBytes) entity = text_bytes(seed, seed->entity != NULL ? seed->entity : standard);

        for (size_t i = 0; i < UP_SEED_STEPS && seed->steps[i] != UP_STEP_END; i++) {
                GBytes *next = take_step(entity, seed->steps[i], seed->suite, i, error);
                if (next == NULL)
                        return NULL;
                g_bytes_unref(entity);
                entity = next;
        }
        return up_compose_message(seed->header != NULL ? seed->header : usual, entity);
}

static GBytes *compose(const struct up_seed *seed, GError **error)
{
        up_chance_restart(g_str_hash(seed->name));
        if (seed->text != NULL)
                return text_bytes(seed, seed->text);
        if (seed->make != NULL)
                return seed->make();
        return message_of_steps(seed, error);
}

/* --- files ------------------------------------------------------------------------------------ */

static bool is_case(const struct up_seed *seed)
{
        return seed->infected || seed->head != NULL;
}

static char *path_of(const struct up_seed *seed)
{
        const char *ending = is_case(seed) ? "case" : "eml";

        if (seed->ending != NULL)
                ending = seed->ending;
        return g_strdup_printf("%s/%s.%s", seed->target, seed->name, ending);
}

/* The tables have no mistakes: a complaint about one is ours. */
static struct up_case *case_of(const char *head)
{
        g_autofree char *file = g_strconcat("unpend-case: 1\n", head, "message:\n", NULL);
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        struct up_case *c = up_case_read((const uint8_t *)file, strlen(file), complaints);

        g_assert(complaints->len == 0);
        return c;
}

static GBytes *file_of(const struct up_seed *seed, GBytes *message)
{
        g_autoptr(up_case) c = NULL;

        if (!is_case(seed))
                return g_bytes_ref(message);
        c = case_of(seed->head != NULL ? seed->head : "");
        c->title = g_strdup(seed->what);
        g_bytes_unref(c->message);
        c->message = g_bytes_ref(message);
        return up_case_write(c);
}

static bool write_seed(const struct up_seed *seed, const char *folder, GError **error)
{
        g_autofree char *path = path_of(seed);
        g_autofree char *whole = g_build_filename(folder, path, NULL);
        g_autofree char *parent = g_path_get_dirname(whole);
        g_autoptr(GBytes) message = compose(seed, error);
        g_autoptr(GBytes) file = NULL;
        const char *data;
        gsize size;

        if (message == NULL) {
                g_prefix_error(error, "%s: ", path);
                return false;
        }
        file = file_of(seed, message);
        data = g_bytes_get_data(file, &size);
        g_mkdir_with_parents(parent, 0777);
        return g_file_set_contents(whole, data, (gssize)size, error);
}

/* --- the list --------------------------------------------------------------------------------- */

struct collection {
        GPtrArray *seeds;      /* of struct up_seed, owned */
        GStringChunk *strings; /* that those made here refer to */
};

static struct up_seed *add(struct collection *all, const struct up_seed *seed)
{
        struct up_seed *copy = g_memdup2(seed, sizeof *seed);

        g_ptr_array_add(all->seeds, copy);
        return copy;
}

static const char *joined(
    struct collection *all, const char *first, const char *between, const char *second)
{
        g_autofree char *text = g_strconcat(first, between, second, NULL);

        return g_string_chunk_insert(all->strings, text);
}

static void add_products(struct collection *all, const struct up_seed *wrapping)
{
        struct up_seed *seed;

        for (size_t i = 0; i < up_seed_suites_count; i++) {
                const struct up_seed_suite *suite = &up_seed_suites[i];
                seed = add(all, wrapping);
                seed->name = joined(all, wrapping->name, "-", suite->name);
                seed->what = joined(all, wrapping->what, ", ", suite->what);
                seed->suite = suite;
        }
        seed = add(all, wrapping);
        seed->name = joined(all, wrapping->name, "-", "eicar");
        seed->what = joined(all, wrapping->what, ", ", "EICAR inside");
        seed->suite = &up_seed_suites[0];
        seed->infected = true;
}

static void collection_init(struct collection *all)
{
        all->seeds = g_ptr_array_new_with_free_func(g_free);
        all->strings = g_string_chunk_new(1024);
        for (size_t i = 0; i < up_seed_wrappings_count; i++)
                add_products(all, &up_seed_wrappings[i]);
        for (size_t i = 0; i < up_seed_smime_count; i++)
                add(all, &up_seed_smime[i]);
        for (size_t i = 0; i < up_seed_mime_count; i++)
                add(all, &up_seed_mime[i]);
        for (size_t i = 0; i < up_seed_scan_submit_count; i++)
                add(all, &up_seed_scan_submit[i]);
        for (size_t i = 0; i < up_seed_machine_count; i++)
                add(all, &up_seed_machine[i]);
        for (size_t i = 0; i < up_seed_mutate_count; i++)
                add(all, &up_seed_mutate[i]);
}

static void collection_clear(struct collection *all)
{
        g_ptr_array_unref(all->seeds);
        g_string_chunk_free(all->strings);
}

static void print_all(const struct collection *all)
{
        for (guint i = 0; i < all->seeds->len; i++) {
                const struct up_seed *seed = g_ptr_array_index(all->seeds, i);
                g_autofree char *path = path_of(seed);
                printf("%-40s %s\n", path, seed->what);
        }
}

static int write_all(const struct collection *all, const char *folder)
{
        g_autoptr(GError) error = NULL;

        up_identities_load();
        for (guint i = 0; i < all->seeds->len; i++)
                if (!write_seed(g_ptr_array_index(all->seeds, i), folder, &error))
                        return up_tool_fail(
                            UP_STATUS_CANNOT, "%s; choose another with --out", error->message);
        printf("%u seeds in %s\n", all->seeds->len, folder);
        return UP_STATUS_PASSED;
}

int up_tool_seeds(int argc, char **argv)
{
        g_autofree char *folder = NULL;
        gboolean only_list = FALSE;
        const GOptionEntry entries[] = {
                { "out", 'o', 0, G_OPTION_ARG_FILENAME, &folder, "write them here", "DIR" },
                { "list", 'l', 0, G_OPTION_ARG_NONE, &only_list, "say which there are", NULL },
                G_OPTION_ENTRY_NULL,
        };
        int status = up_tool_options(&argc, &argv, entries, NULL,
            "Composes the seeds, each in the folder of its target. The committed ones are in "
            "seeds/.");
        struct collection all;

        if (status >= 0)
                return status;
        if (argc > 1)
                return up_tool_usage("unexpected argument %s", argv[1]);
        if (folder == NULL && !only_list)
                return up_tool_usage("--out DIR or --list is needed");
        collection_init(&all);
        if (only_list)
                print_all(&all);
        status = folder != NULL ? write_all(&all, folder) : UP_STATUS_PASSED;
        collection_clear(&all);
        return status;
}
