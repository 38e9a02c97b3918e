/*
 * sign - a table of recipes: how it is signed, what is broken on purpose, what is wrapped around
 *
 * peel.h finds what is to be signed and where it goes, corrupt.h breaks it. The rng chooses all
 * else: signers, algorithms, what is left out, media types and file names.
 */
#include "mutate/sign.h"

#include <openssl/x509.h>
#include <string.h>

#include "cms/random.h"
#include "cms/protect.h"
#include "mail/compose.h"
#include "mail/eicar.h"
#include "cms/identity.h"
#include "mutate/peel.h"
#include "mutate/raw.h"
#include "mutate/corrupt.h"

#define STEPS 4

/* What is done to the innermost entity, one after the other. */
enum step { END, SIGN, ENCRYPT, COMPRESS };

enum form { ANY_FORM, CLEAR, OPAQUE };

struct recipe {
        enum step steps[STEPS];
        enum form form;                /* of the first signature */
        enum up_corruption corruption; /* of the first signature; the others are left alone */
        bool several;                  /* signers */
        bool fragile;                  /* what relays change is put into the content first */
        bool odd;                      /* the signer is one that must not be trusted */
        bool keeps_layers;             /* the layers of the message are not taken off first */
        unsigned again;                /* weight for up_sign_again() */
};

/* --- what is signed --------------------------------------------------------------------------- */

static bool is_canonical(GBytes *entity)
{
        gsize bytes;
        const char *data = g_bytes_get_data(entity, &bytes);

        for (gsize i = 0; i < bytes; i++) {
                bool after_cr = i > 0 && data[i - 1] == '\r';
                if ((data[i] == '\n') != after_cr || (data[i] == '\r' && i + 1 == bytes))
                        return false;
        }
        return true;
}

/* RFC 8551 section 3.1.1: every line end becomes CRLF. */
static GBytes *canonical(GBytes *entity)
{
        gsize bytes;
        const char *data = g_bytes_get_data(entity, &bytes);
        GByteArray *lines = g_byte_array_sized_new((guint)bytes);

        for (gsize i = 0; i < bytes; i++) {
                bool crlf = data[i] == '\r' && i + 1 < bytes && data[i + 1] == '\n';
                if (data[i] == '\n' || data[i] == '\r')
                        g_byte_array_append(lines, (const guint8 *)"\r\n", 2);
                else
                        g_byte_array_append(lines, (const guint8 *)&data[i], 1);
                i += crlf ? 1 : 0;
        }
        return g_byte_array_free_to_bytes(lines);
}

struct fragile_line {
        const char *bytes;
        size_t length;
        unsigned times;
};

#define FRAGILE(text, times)                                                                       \
        {                                                                                          \
                text, sizeof(text) - 1, times                                                      \
        }

/* What some relay or other does not let through as it is. */
static const struct fragile_line fragile_lines[] = {
        FRAGILE("From here on\r\n", 1),
        FRAGILE(">From there\r\n", 1),
        FRAGILE(".\r\n", 1),
        FRAGILE("..\r\n", 2),
        FRAGILE("trailing blanks \t \r\n", 1),
        FRAGILE("-- \r\n", 1),
        FRAGILE("0123456789", 150), /* longer than RFC 5322 allows, and without an end */
        FRAGILE("Gr\xc3\xbc\xc3\x9f"
                "e\r\n",
            1),
        FRAGILE("Gr\xfc\xdf"
                "e\r\n",
            1),
        FRAGILE("a\0b\r\n", 1),
        FRAGILE("a\rb\r\n", 1),
        FRAGILE("a\nb\r\n", 1),
        FRAGILE("\r\n", 5),
        FRAGILE("soft=\r\nend=20\r\n", 1),
        FRAGILE("begin 644 a\r\n#86)C\r\n`\r\nend\r\n", 1),
        FRAGILE("no end of the line", 1),
};

/* Takes @entity. */
static GBytes *made_fragile(struct up_rng *rng, GBytes *entity)
{
        size_t count = 1 + up_rng_below(rng, 4);
        GByteArray *bytes = g_bytes_unref_to_array(entity);

        while (count-- > 0) {
                const struct fragile_line *line =
                    &fragile_lines[up_rng_below(rng, G_N_ELEMENTS(fragile_lines))];
                for (unsigned i = 0; i < line->times; i++)
                        g_byte_array_append(
                            bytes, (const guint8 *)line->bytes, (guint)line->length);
        }
        return g_byte_array_free_to_bytes(bytes);
}

/*
 * A part of no bytes at all is no part. The placeholder of the anti-virus test file
 * would become that file when the case is read again, and the signature would not hold.
 */
static GBytes *prepared(struct up_rng *rng, GBytes *inside, bool keeps_layers)
{
        gsize bytes;
        const guint8 *data = g_bytes_get_data(inside, &bytes);
        g_autoptr(GBytes) expanded = up_eicar_expand(data, bytes);

        if (bytes == 0)
                return g_bytes_new_static("\r\n", 2);
        if (keeps_layers || up_rng_one_in(rng, 6))
                return g_steal_pointer(&expanded);
        return canonical(expanded);
}

/* --- who signs, and how ----------------------------------------------------------------------- */

struct candidate {
        const char *identity;
        bool pss;
        const char *chain;
        unsigned weight;
};

/*
 * Certified by the test authority, and valid but for the years before 2000 and after 2999. With
 * P-256 signing takes 40 us, with RSA 1 ms, with P-384 (alice-middle) 3 ms together with verifying.
 */
static const struct candidate trusted[] = {
        { "alice", false, NULL, 3 },
        { "alice", true, NULL, 2 },
        { "alice-pss", true, NULL, 1 },
        { "alice-ec", false, NULL, 96 },
        { "alice-middle", false, "middle", 1 },
        { "carol", false, NULL, 1 },
        { "carol", true, NULL, 1 },
        { "bob", false, NULL, 1 },
        { "bob-ec", false, NULL, 32 },
};

/* Signers that must not be trusted, each for a reason of its own. */
static const struct candidate odd[] = {
        { "expired", false, NULL, 1 },
        { "future", false, NULL, 1 },
        { "untrusted", false, NULL, 1 },
        { "mallory", false, NULL, 1 },
        { "alice-middle", false, NULL, 1 },
        { "middle", false, NULL, 6 },
        { "root", false, NULL, 1 },
};

static const char *const digests[] = { NULL, "sha256", "sha1", "sha224", "sha384", "sha512" };

static bool is_valid_at(const char *name, int64_t time_s)
{
        const X509 *certificate = up_identity_find(name)->certificate;
        time_t time = (time_t)time_s;

        return X509_cmp_time(X509_get0_notBefore(certificate), &time) < 0 &&
               X509_cmp_time(X509_get0_notAfter(certificate), &time) > 0;
}

static bool signs_already(const struct up_signing *signing, size_t count, const char *identity)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(signing->signers[i].identity, identity) == 0)
                        return true;
        return false;
}

/* False when that identity signs already: its certificate cannot stand in the structure twice. */
static bool add_signer(struct up_rng *rng, struct up_signing *signing, size_t at, bool of_odd)
{
        const struct candidate *candidates = of_odd ? odd : trusted;
        const struct candidate *who = &candidates[up_rng_weighted(rng, &candidates->weight,
            of_odd ? G_N_ELEMENTS(odd) : G_N_ELEMENTS(trusted), sizeof *candidates)];

        if (signs_already(signing, at, who->identity))
                return false;
        signing->signers[at] = (struct up_signer){ .identity = who->identity,
                .digest = digests[up_rng_below(rng, G_N_ELEMENTS(digests))],
                .pss = who->pss };
        if (who->chain != NULL)
                signing->chain = who->chain;
        return true;
}

static void choose_signers(
    struct up_rng *rng, const struct recipe *recipe, struct up_signing *signing)
{
        size_t wanted = recipe->several ? 2 + up_rng_below(rng, UP_SIGNERS - 1) : 1;
        size_t count = 0;

        for (unsigned tries = 0; count < wanted && tries < 4 * UP_SIGNERS; tries++)
                if (add_signer(rng, signing, count, recipe->odd && count == 0))
                        count++;
}

static bool any_pss(const struct up_signing *signing)
{
        for (size_t i = 0; i < UP_SIGNERS && signing->signers[i].identity != NULL; i++)
                if (signing->signers[i].pss)
                        return true;
        return false;
}

static char *new_boundary(struct up_rng *rng)
{
        return g_strdup_printf("=_%016" G_GINT64_MODIFIER "x", up_rng_next(rng));
}

static bool is_opaque(struct up_rng *rng, enum form form)
{
        return form == OPAQUE || (form == ANY_FORM && up_rng_one_in(rng, 2));
}

static void choose_signing(
    struct up_draft *draft, const struct recipe *recipe, struct up_signing *signing)
{
        struct up_rng *rng = &draft->rng;
        bool whole = recipe->corruption == UP_CORRUPT_NOTHING;

        *signing = (struct up_signing){ .time_s = draft->c->time_s,
                .naming = (enum up_naming)up_rng_below(rng, 3),
                .by_key = up_rng_one_in(rng, 4),
                .opaque = is_opaque(rng, recipe->form) };
        choose_signers(rng, recipe, signing);
        /* What is broken on purpose needs attributes and a structure in DER; OpenSSL 3.0 cannot
         * stream RSASSA-PSS. */
        signing->indefinite =
            whole && signing->opaque && !any_pss(signing) && up_rng_one_in(rng, 4);
        signing->without_attributes = whole && up_rng_one_in(rng, 6);
        signing->without_certificates = whole && up_rng_one_in(rng, 10);
}

/* Is it valid for a verifier that has only the message and the root's certificate? */
static bool is_independent(
    const struct up_signing *signing, const struct recipe *recipe, bool plain)
{
        if (recipe->odd || signing->without_certificates || (!signing->opaque && !plain))
                return false;
        for (size_t i = 0; i < UP_SIGNERS && signing->signers[i].identity != NULL; i++)
                if (!is_valid_at(signing->signers[i].identity, signing->time_s))
                        return false;
        return is_valid_at("root", signing->time_s);
}

/* --- one signature ---------------------------------------------------------------------------- */

static GBytes *opaque_entity(GBytes *der, enum up_naming naming)
{
        static const char *const types[] = {
                [UP_NAMING_STANDARD] = "application/pkcs7-mime; smime-type=signed-data",
                [UP_NAMING_OLD] = "application/x-pkcs7-mime; smime-type=signed-data",
                [UP_NAMING_OCTET_STREAM] = "application/octet-stream",
        };
        g_autofree char *header =
            g_strdup_printf("Content-Type: %s;\n name=\"smime.p7m\"\n"
                            "Content-Transfer-Encoding: base64\n"
                            "Content-Disposition: attachment; filename=\"smime.p7m\"\n",
                types[naming]);

        return up_compose_base64(header, der);
}

static GBytes *signed_entity(struct up_draft *draft, GBytes *entity, GBytes *der,
    enum up_corruption corruption, const struct up_signing *signing)
{
        g_autoptr(GBytes) content = NULL;

        if (signing->opaque)
                return opaque_entity(der, signing->naming);
        content = corruption == UP_CORRUPT_DIGEST ? up_corrupt_content(&draft->rng, entity)
                                                  : g_bytes_ref(entity);
        return up_entity_of_signature(content, der, signing);
}

static enum up_expected_grade graded_as(enum up_corruption corruption, bool independent)
{
        switch (corruption) {
        case UP_CORRUPT_DIGEST:
                return UP_EXPECTED_DIGEST;
        case UP_CORRUPT_ATTRIBUTES:
                return UP_EXPECTED_ATTRIBUTES;
        case UP_CORRUPT_STRUCTURE:
        case UP_CORRUPT_ATTRIBUTES_AGAIN:
                return UP_EXPECTED_STRUCTURE;
        case UP_CORRUPT_NOTHING:
                break;
        }
        return independent ? UP_EXPECTED_VALID : UP_EXPECTED_UNKNOWN;
}

/* NULL when OpenSSL refuses, or when there is nothing to break so. */
static GBytes *sign_once(struct up_draft *draft, GBytes *entity, const struct recipe *recipe,
    enum up_expected_grade *ret_graded)
{
        struct up_signing signing;
        g_autofree char *boundary = new_boundary(&draft->rng);
        enum up_corruption corruption = recipe->corruption;
        GBytes *der, *corrupted, *result;

        choose_signing(draft, recipe, &signing);
        if (corruption == UP_CORRUPT_DIGEST && !signing.opaque)
                corruption = UP_CORRUPT_NOTHING; /* the content is not in it */
        signing.boundary = boundary;
        up_random_restart(up_rng_next(&draft->rng));
        der = up_sign_content(entity, &signing, NULL);
        if (der == NULL)
                return NULL;
        corrupted = up_corrupt(der, corruption, &signing.signers[0], &draft->rng);
        g_bytes_unref(der);
        if (corrupted == NULL)
                return NULL;
        *ret_graded =
            graded_as(recipe->corruption, is_independent(&signing, recipe, is_canonical(entity)));
        result = signed_entity(draft, entity, corrupted, recipe->corruption, &signing);
        g_bytes_unref(corrupted);
        return result;
}

/* --- what is wrapped around ------------------------------------------------------------------- */

/* All are opened by a test identity or by the test password. */
static GBytes *encrypt(struct up_draft *draft, GBytes *entity)
{
        static const char *const readers[] = { "bob", "bob-ec", "alice", "carol", "alice-ec" };
        static const char *const ciphers[] = { NULL, "aes-128-cbc", "aes-256-gcm", "aes-128-gcm",
                "des-ede3-cbc", "camellia-128-cbc" };
        struct up_rng *rng = &draft->rng;
        struct up_encrypting encrypting = {
                .recipients = { readers[up_rng_below(rng, G_N_ELEMENTS(readers))] },
                .oaep = up_rng_one_in(rng, 3),
                .by_key = up_rng_one_in(rng, 4),
                .cipher = ciphers[up_rng_below(rng, G_N_ELEMENTS(ciphers))],
                .naming = (enum up_naming)up_rng_below(rng, 3),
        };
        bool authenticated =
            encrypting.cipher != NULL && g_str_has_suffix(encrypting.cipher, "gcm");

        encrypting.indefinite = !authenticated && up_rng_one_in(rng, 4);
        if (up_rng_one_in(rng, 3))
                encrypting.recipients[1] =
                    strcmp(encrypting.recipients[0], "bob") == 0 ? "bob-ec" : "bob";
        if (up_rng_one_in(rng, 8)) {
                encrypting.password = UP_TEST_PASSWORD;
                encrypting.iterations = 1 << up_rng_below(rng, 10);
        }
        up_random_restart(up_rng_next(rng));
        return up_encrypt_entity(entity, &encrypting, NULL);
}

static GBytes *compress_entity(struct up_draft *draft, GBytes *entity)
{
        return up_compress_entity(entity, (enum up_naming)up_rng_below(&draft->rng, 3));
}

static bool signs_later(const struct recipe *recipe, unsigned at)
{
        for (unsigned i = at + 1; i < STEPS && recipe->steps[i] != END; i++)
                if (recipe->steps[i] == SIGN)
                        return true;
        return false;
}

/* What the recipe says of its signature is of the outermost one; another one inside it holds. */
static GBytes *take_step(struct up_draft *draft, GBytes *entity, const struct recipe *recipe,
    unsigned at, enum up_expected_grade *graded)
{
        static const struct recipe sound = { .steps = { SIGN } };

        switch (recipe->steps[at]) {
        case SIGN:
                return sign_once(draft, entity, signs_later(recipe, at) ? &sound : recipe, graded);
        case ENCRYPT:
                return encrypt(draft, entity);
        case COMPRESS:
                return compress_entity(draft, entity);
        case END:
                break;
        }
        return g_bytes_ref(entity);
}

/* Does the grade say something about all signatures of the message? */
static bool is_of_all(enum up_expected_grade graded)
{
        return graded == UP_EXPECTED_VALID || graded == UP_EXPECTED_DIGEST;
}

/*
 * What the recipe makes of the peeled content; NULL when it cannot be. Other signatures, beside it
 * or deeper in it, are of unknown grade.
 */
static GBytes *made(struct up_draft *draft, const struct recipe *recipe,
    const struct up_peeled *peeled, enum up_expected_grade *graded)
{
        GBytes *inside = peeled->inside;
        bool is_signed = recipe->steps[0] == SIGN;
        GBytes *entity = recipe->keeps_layers && !is_signed
                             ? g_bytes_ref(inside)
                             : prepared(&draft->rng, inside, recipe->keeps_layers);

        if (recipe->fragile)
                entity = made_fragile(&draft->rng, entity);
        g_autoptr(GBytes) content = g_bytes_ref(entity);
        for (unsigned i = 0; i < STEPS && entity != NULL && recipe->steps[i] != END; i++) {
                GBytes *next = g_bytes_get_size(entity) <= draft->most_bytes
                                   ? take_step(draft, entity, recipe, i, graded)
                                   : NULL;
                g_bytes_unref(entity);
                entity = next;
        }
        if (entity != NULL && is_signed && is_of_all(*graded) &&
            (peeled->others || up_peel_holds_more(content)))
                *graded = UP_EXPECTED_UNKNOWN;
        return entity;
}

static bool follow(struct up_draft *draft, const struct recipe *recipe)
{
        struct recipe chosen = *recipe;
        enum up_expected_grade graded =
            recipe->keeps_layers ? draft->expected : UP_EXPECTED_UNSIGNED;
        g_autoptr(GBytes) entity = NULL;
        g_autoptr(GBytes) message = NULL;
        struct up_peeled peeled;

        if (recipe->keeps_layers && up_raw_is_bare(draft->c->message))
                return false;
        up_identities_load();
        up_peel(draft->c->message, recipe->keeps_layers, draft->most_bytes, &peeled);
        if (peeled.cut)
                chosen.form = OPAQUE;
        if (peeled.layers || recipe->steps[0] != END)
                entity = made(draft, &chosen, &peeled, &graded);
        if (entity != NULL)
                message = up_peeled_put(draft->c->message, &peeled, entity);
        up_peeled_clear(&peeled);
        if (message == NULL || !up_draft_set_message(draft, message))
                return false;
        draft->expected = graded;
        return true;
}

/* --- the table -------------------------------------------------------------------------------- */

/* X(symbol, name, weight, what, recipe...) */
#define RECIPES(X)                                                                                 \
        X(clear, "sign-clear", 6, "clear-signed again", .again = 30, .steps = { SIGN },            \
            .form = CLEAR)                                                                         \
        X(opaque, "sign-opaque", 5, "opaque-signed again", .again = 20, .steps = { SIGN },         \
            .form = OPAQUE)                                                                        \
        X(several, "sign-several", 3, "signed by several", .again = 4, .steps = { SIGN },          \
            .several = true)                                                                       \
        X(fragile, "sign-fragile", 3, "signed with lines in it that relays change", .again = 6,    \
            .steps = { SIGN }, .form = CLEAR, .fragile = true)                                     \
        X(odd, "sign-odd", 3, "signed by an identity that should not be trusted", .again = 4,      \
            .steps = { SIGN }, .odd = true)                                                        \
        X(digest, "sign-digest", 5, "signed, then a letter of the content changed", .again = 30,   \
            .steps = { SIGN }, .corruption = UP_CORRUPT_DIGEST)                                    \
        X(attributes, "sign-attributes", 3, "signed, then signature or attributes changed",        \
            .again = 6, .steps = { SIGN }, .corruption = UP_CORRUPT_ATTRIBUTES)                    \
        X(structure, "sign-structure", 5, "signed, then changed where no signature reaches",       \
            .again = 9, .steps = { SIGN }, .corruption = UP_CORRUPT_STRUCTURE)                     \
        X(attributes_again, "sign-attributes-again", 5,                                            \
            "signed attributes changed, and signed again", .again = 8, .steps = { SIGN },          \
            .corruption = UP_CORRUPT_ATTRIBUTES_AGAIN)                                             \
        X(sign_encrypt, "sign-encrypt", 3, "signed, then encrypted", .again = 4,                   \
            .steps = { SIGN, ENCRYPT })                                                            \
        X(triple, "sign-triple", 2, "signed, encrypted, signed again", .again = 2,                 \
            .steps = { SIGN, ENCRYPT, SIGN })                                                      \
        X(digest_triple, "sign-digest-triple", 1, "the same, but the outer digest broken",         \
            .again = 2, .steps = { SIGN, ENCRYPT, SIGN }, .corruption = UP_CORRUPT_DIGEST)         \
        X(twice, "sign-twice", 2, "signed, then signed again", .again = 2,                         \
            .steps = { SIGN, SIGN })                                                               \
        X(sign_compress, "sign-compress", 2, "signed, then compressed", .again = 2,                \
            .steps = { SIGN, COMPRESS })                                                           \
        X(sign_compress_encrypt, "sign-compress-encrypt", 1, "signed, compressed, encrypted",      \
            .again = 2, .steps = { SIGN, COMPRESS, ENCRYPT })                                      \
        X(around, "sign-around", 2, "signed as it is, with any signature that it has",             \
            .steps = { SIGN }, .keeps_layers = true)                                               \
        X(encrypt_whole, "encrypt", 2, "the whole message encrypted", .steps = { ENCRYPT },        \
            .keeps_layers = true)                                                                  \
        X(compress_whole, "compress", 1, "the whole message compressed", .steps = { COMPRESS },    \
            .keeps_layers = true)                                                                  \
        X(unwrap, "unwrap", 1, "signature, encryption and compression taken off", .steps = { END })

#define INDEX(symbol, ...) symbol##_index,
enum { RECIPES(INDEX) };

#define RECIPE(symbol, name, weight, what, ...) { __VA_ARGS__ },
static const struct recipe recipes[] = { RECIPES(RECIPE) };

#define OPERATOR(symbol, ...)                                                                      \
        static bool apply_##symbol(struct up_draft *draft)                                         \
        {                                                                                          \
                return follow(draft, &recipes[symbol##_index]);                                    \
        }
RECIPES(OPERATOR)

#define ROW(symbol, name, weight, what, ...) { name, weight, what, apply_##symbol },
static const struct up_operator operators[] = { RECIPES(ROW) };
const struct up_layer up_sign_layer = { "sign", operators, G_N_ELEMENTS(operators) };

static bool apply_recipe(struct up_draft *draft, size_t index)
{
        if (!follow(draft, &recipes[index]))
                return false;
        up_draft_add_applied(draft, operators[index].name);
        return true;
}

bool up_sign_again(struct up_draft *draft)
{
        size_t chosen = up_rng_weighted(
            &draft->rng, &recipes[0].again, G_N_ELEMENTS(recipes), sizeof recipes[0]);

        return apply_recipe(draft, chosen) ||
               apply_recipe(draft, clear_index); /* needs the least room */
}

bool up_sign_around(struct up_draft *draft)
{
        return apply_recipe(draft, around_index);
}

bool up_sign_unwrap(struct up_draft *draft)
{
        return apply_recipe(draft, unwrap_index);
}
