/*
 * Every seed has the structures, grade, trust and signers that its name promises; virtual time
 * alone decides on certificates; a changed byte costs the grade that it must; limits hold at their
 * exact value and in bounded time; and what is observed depends on nothing that came before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "case/case.h"
#include "cms/random.h"
#include "cms/protect.h"
#include "cms/identity.h"
#include "cms/smime.h"

#define SEEDS        "seeds/smime/"
#define SIGNED_AT    "2025-06-01T12:00:00Z"
#define SIGNED_AT_S  1748779200
#define MOST_SECONDS 3

/* --- one message examined --------------------------------------------------------------------- */

struct run {
        struct up_limits limits;
        int64_t now_s;
        struct up_observations observed;
        GString *trace;   /* what was seen, see tell() */
        GBytes *opened;   /* the last content that was opened, or NULL */
        bool signed_then; /* each signer signed at SIGNED_AT */
};

static const char *after(const char *text, const char *prefix)
{
        return g_str_has_prefix(text, prefix) ? text + strlen(prefix) : text;
}

/*
 * "LAYER KIND", then for signatures " GRADE", " trusted" or " (reason)", " by WHO ALGORITHM" and
 * so on for each signer, then " opens" when there was content; structures are parted by "; ".
 */
static void tell(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data)
{
        struct run *run = data;

        (void)message, (void)entity;
        g_string_append_printf(run->trace, "%s%u %s", run->trace->len > 0 ? "; " : "", layer,
            report->kind != NULL ? report->kind : "nothing");
        if (report->grade != UP_GRADE_UNSIGNED)
                g_string_append_printf(run->trace, " %s", up_grade_names[report->grade]);
        assert_int_equal(report->grade_reason != NULL,
            report->grade == UP_GRADE_DIGEST || report->grade == UP_GRADE_BROKEN);
        if (report->trusted)
                g_string_append(run->trace, " trusted");
        if (report->trust_reason != NULL)
                g_string_append_printf(run->trace, " (%s)",
                    after(report->trust_reason, "certificate verify error: Verify error: "));
        for (guint i = 0; i < report->signers->len; i++) {
                const struct up_cms_signer *signer = g_ptr_array_index(report->signers, i);
                g_string_append_printf(run->trace, " %s %s %s", i == 0 ? "by" : "and",
                    after(signer->who, "CN=unpend test "), signer->algorithm);
                run->signed_then &= g_strcmp0(signer->signed_at, SIGNED_AT) == 0;
        }
        if (report->content != NULL) {
                g_string_append(run->trace, " opens");
                g_clear_pointer(&run->opened, g_bytes_unref);
                run->opened = g_bytes_ref(report->content);
        }
}

/* Limits and time may be changed between the two. */
static void prepare(struct run *run)
{
        *run = (struct run){ .now_s = UP_CASE_TIME_S, .signed_then = true };
        up_limits_init(&run->limits);
}

static void examine(struct run *run, GBytes *message)
{
        up_random_restart(0);
        run->trace = g_string_new(NULL);
        up_observations_init(&run->observed, &run->limits, run->now_s);
        up_smime_walk(message, &run->observed, tell, run);
}

static void finish(struct run *run)
{
        up_observations_clear(&run->observed);
        g_string_free(run->trace, TRUE);
        g_clear_pointer(&run->opened, g_bytes_unref);
}

static GBytes *seed(const char *name)
{
        g_autofree char *path = g_strconcat(SEEDS, name, NULL);
        g_autofree char *data = NULL;
        gsize bytes;

        if (!g_file_get_contents(path, &data, &bytes, NULL))
                fail_msg("%s cannot be read", path);
        g_autoptr(up_case) c = up_case_read((const uint8_t *)data, bytes, NULL);
        return g_bytes_ref(c->message);
}

static void examine_seed(struct run *run, const char *name)
{
        g_autoptr(GBytes) message = seed(name);

        examine(run, message);
}

static bool remarks(
    const struct up_observations *observed, enum up_remark_kind kind, const char *site)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                if (remark->kind == kind && (site == NULL || strcmp(remark->site, site) == 0))
                        return true;
        }
        return false;
}

/* --- what each seed promises ------------------------------------------------------------------ */

#define RSA    "alice rsaEncryption, SHA256"
#define PSS    "alice RSASSA-PSS, SHA256"
#define EC     "alice-ec ecdsa-with-SHA256, SHA256"
#define MIDDLE "alice-middle ecdsa-with-SHA384, SHA384"

#define CLEAR(layer, who)      layer " signed-data valid trusted by " who
#define OPAQUE(layer, who)     CLEAR(layer, who) " opens"
#define UNTRUSTED(reason, who) "0 signed-data valid (" reason ") by " who
#define ENCRYPTED(layer)       layer " enveloped-data opens"
#define AUTH_ENCRYPTED(layer)  layer " authEnveloped-data opens"
#define COMPRESSED(layer)      layer " compressed-data opens"
#define TRIPLE(who)            CLEAR("0", who) "; " ENCRYPTED("0") "; " CLEAR("1", who)
#define SIGNED_ENCRYPTED(who)  ENCRYPTED("0") "; " CLEAR("1", who)
#define WITH(structure, next)  structure "; " next

static const struct {
        const char *name, *trace;
} promises[] = {
        { "attachments-ec.eml", CLEAR("0", EC) },
        { "attachments-eicar.case", CLEAR("0", RSA) },
        { "attachments-pss.eml", CLEAR("0", PSS) },
        { "attachments-rsa.eml", CLEAR("0", RSA) },
        { "auth-enveloped-ec.eml", WITH(AUTH_ENCRYPTED("0"), CLEAR("1", EC)) },
        { "auth-enveloped.eml", AUTH_ENCRYPTED("0") },
        { "bare.p7m", OPAQUE("0", EC) },
        { "bomb.eml", COMPRESSED("0") },
        { "broken-chain.eml", UNTRUSTED("unable to get local issuer certificate", MIDDLE) },
        { "by-key.eml", SIGNED_ENCRYPTED(EC) },
        { "certs-only.eml", "0 signed-data" },
        { "chain.eml", CLEAR("0", MIDDLE) },
        { "clear-ec.eml", CLEAR("0", EC) },
        { "clear-eicar.case", CLEAR("0", RSA) },
        { "clear-pss.eml", CLEAR("0", PSS) },
        { "clear-rsa.eml", CLEAR("0", RSA) },
        { "compressed-eicar.case", COMPRESSED("0") },
        { "compressed-signed.eml", WITH(CLEAR("0", EC), COMPRESSED("0")) },
        { "compressed.eml", COMPRESSED("0") },
        { "encrypted-ec.eml", ENCRYPTED("0") },
        { "encrypted-eicar.case", ENCRYPTED("0") },
        { "encrypted-pss.eml", ENCRYPTED("0") },
        { "encrypted-rsa.eml", ENCRYPTED("0") },
        { "encrypted-signed.eml", WITH(CLEAR("0", RSA), ENCRYPTED("0")) },
        { "encrypted-twice.eml", WITH(ENCRYPTED("0"), ENCRYPTED("1")) },
        { "expired.eml", UNTRUSTED("certificate has expired", "expired rsaEncryption, SHA256") },
        { "forged.eml", "0 signed-data broken by " RSA },
        { "forwarded-ec.eml", CLEAR("0", EC) },
        { "forwarded-eicar.case", CLEAR("0", RSA) },
        { "forwarded-opaque.eml", OPAQUE("0", EC) },
        { "forwarded-pss.eml", CLEAR("0", PSS) },
        { "forwarded-rsa.eml", CLEAR("0", RSA) },
        { "indefinite-encrypted.eml", ENCRYPTED("0") },
        { "indefinite-opaque.eml", OPAQUE("0", RSA) },
        { "list-footer.eml", CLEAR("0", EC) },
        { "md5.eml", CLEAR("0", "alice rsaEncryption, MD5") },
        { "mismatched-sender.eml", CLEAR("0", RSA) },
        { "mismatched.eml", CLEAR("0", "mallory rsaEncryption, SHA256") },
        { "no-attributes-pss.eml", OPAQUE("0", PSS) },
        { "no-attributes.eml", CLEAR("0", RSA) },
        { "no-certificate.eml", CLEAR("0", RSA) },
        { "not-yet-valid.eml",
            UNTRUSTED("certificate is not yet valid", "future rsaEncryption, SHA256") },
        { "octet-stream-clear.eml", CLEAR("0", RSA) },
        { "octet-stream-compressed.eml", COMPRESSED("0") },
        { "octet-stream-encrypted.eml", ENCRYPTED("0") },
        { "octet-stream-opaque.eml", OPAQUE("0", RSA) },
        { "old-names-clear.eml", CLEAR("0", RSA) },
        { "old-names-encrypted.eml", ENCRYPTED("0") },
        { "old-names-opaque.eml", OPAQUE("0", RSA) },
        { "opaque-ec.eml", OPAQUE("0", EC) },
        { "opaque-eicar.case", OPAQUE("0", RSA) },
        { "opaque-encrypted.eml", WITH(ENCRYPTED("0"), OPAQUE("1", EC)) },
        { "opaque-in-clear.eml", WITH(CLEAR("0", EC), OPAQUE("0", EC)) },
        { "opaque-pss.eml", OPAQUE("0", PSS) },
        { "opaque-rsa.eml", OPAQUE("0", RSA) },
        { "opaque-twice.eml", WITH(OPAQUE("0", EC), OPAQUE("1", EC)) },
        { "password-or-key.eml", AUTH_ENCRYPTED("0") },
        { "password.eml", ENCRYPTED("0") },
        { "pss-key.eml", CLEAR("0", "alice-pss RSASSA-PSS, SHA256") },
        { "sha1.eml", CLEAR("0", "alice rsaEncryption, SHA1") },
        { "sha512.eml", CLEAR("0", "alice-ec ecdsa-with-SHA512, SHA512") },
        { "signed-8bit.eml", CLEAR("0", EC) },
        { "signed-blanks.eml", CLEAR("0", EC) },
        { "signed-compressed-encrypted.eml",
            WITH(ENCRYPTED("0"), WITH(COMPRESSED("1"), OPAQUE("2", EC))) },
        { "signed-compressed.eml", WITH(COMPRESSED("0"), CLEAR("1", EC)) },
        { "signed-empty.eml", CLEAR("0", EC) },
        { "signed-encrypted-ec.eml", SIGNED_ENCRYPTED(EC) },
        { "signed-encrypted-eicar.case", SIGNED_ENCRYPTED(RSA) },
        { "signed-encrypted-pss.eml", SIGNED_ENCRYPTED(PSS) },
        { "signed-encrypted-rsa.eml", SIGNED_ENCRYPTED(RSA) },
        { "signed-lf.eml", CLEAR("0", EC) },
        { "signed-multipart.eml", CLEAR("0", EC) },
        { "signed-no-header.eml", CLEAR("0", EC) },
        { "signed-twice.eml", WITH(CLEAR("0", EC), CLEAR("0", EC)) },
        { "tampered.eml", "0 signed-data content digest broken by " RSA },
        { "triple-des.eml", ENCRYPTED("0") },
        { "triple-ec.eml", TRIPLE(EC) },
        { "triple-eicar.case", TRIPLE(RSA) },
        { "triple-pss.eml", TRIPLE(PSS) },
        { "triple-rsa.eml", TRIPLE(RSA) },
        { "two-kinds-of-signer.eml",
            CLEAR("0", "alice-ec ecdsa-with-SHA384, SHA384 and " PSS " opens") },
        { "two-recipients.eml", ENCRYPTED("0") },
        { "two-signers.eml", CLEAR("0", RSA " and carol rsaEncryption, SHA512") },
        { "untrusted.eml",
            UNTRUSTED("self-signed certificate", "untrusted rsaEncryption, SHA256") },
};

static unsigned times(const char *text, const char *word)
{
        unsigned count = 0;

        for (; (text = strstr(text, word)) != NULL; text += strlen(word))
                count++;
        return count;
}

static void assert_counts_tell_the_story(const struct run *run)
{
        const uint64_t *counts = run->observed.counts;
        const char *trace = run->trace->str;

        assert_int_equal(counts[UP_COUNT_CMS], times(trace, "-data"));
        assert_int_equal(counts[UP_COUNT_SIGNED], times(trace, "signed-data"));
        assert_int_equal(counts[UP_COUNT_VERIFIED], times(trace, "signed-data valid"));
        assert_int_equal(counts[UP_COUNT_DIGEST_ONLY], times(trace, "digest broken"));
        assert_int_equal(counts[UP_COUNT_TRUSTED], times(trace, "trusted by"));
        assert_int_equal(counts[UP_COUNT_DECRYPTED], times(trace, "nveloped-data opens"));
        assert_int_equal(counts[UP_COUNT_DECOMPRESSED], times(trace, "compressed-data opens"));
        assert_int_equal(counts[UP_COUNT_LOGS_JUDGED], 1);
}

static bool contains(GBytes *bytes, const char *text)
{
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        return memmem(data, size, text, strlen(text)) != NULL;
}

static void each_seed_keeps_its_promise(void **state)
{
        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
                const char *name = promises[i].name;
                struct run run;

                prepare(&run);
                examine_seed(&run, name);
                if (strcmp(run.trace->str, promises[i].trace) != 0)
                        fail_msg("%s: %s", name, run.trace->str);
                if (run.observed.remarks->len > 0)
                        fail_msg("%s has a remark", name);
                assert_false(run.observed.unscannable);
                assert_counts_tell_the_story(&run);
                assert_int_equal(run.signed_then, strstr(name, "no-attributes") == NULL);
                if (run.opened != NULL && strcmp(name, "bomb.eml") != 0 &&
                    strstr(run.trace->str, "1 signed-data valid trusted by") == NULL)
                        assert_true(contains(run.opened,
                            strstr(name, "eicar") != NULL ? "EICAR-STANDARD" : "minutes"));
                finish(&run);
        }
}

static void each_seed_has_a_promise(void **state)
{
        g_autoptr(GDir) folder = g_dir_open(SEEDS, 0, NULL);
        size_t files = 0;

        (void)state;
        assert_non_null(folder);
        for (const char *name; (name = g_dir_read_name(folder)) != NULL; files++) {
                bool known = false;
                for (size_t i = 0; i < G_N_ELEMENTS(promises); i++)
                        known |= strcmp(promises[i].name, name) == 0;
                if (!known)
                        fail_msg("%s has no row here", name);
        }
        assert_int_equal(files, G_N_ELEMENTS(promises));
}

/* --- time ------------------------------------------------------------------------------------- */

#define IN_1999 INT64_C(930787200)
#define IN_2000 INT64_C(962409600)
#define IN_2998 INT64_C(32457283200)
#define IN_3000 INT64_C(32503680000)

static void virtual_time_alone_decides_on_certificates(void **state)
{
        static const struct {
                const char *name;
                int64_t now_s;
                const char *reason; /* NULL: trusted */
        } rows[] = {
                { "expired.eml", IN_1999, "not yet valid" },
                { "expired.eml", IN_2000, NULL },
                { "expired.eml", UP_CASE_TIME_S, "expired" },
                { "not-yet-valid.eml", UP_CASE_TIME_S, "not yet valid" },
                { "not-yet-valid.eml", IN_2998, NULL },
                { "not-yet-valid.eml", IN_3000, "expired" },
                { "clear-ec.eml", IN_1999, "not yet valid" },
                { "clear-ec.eml", IN_2000, NULL },
                { "clear-ec.eml", IN_3000, "expired" },
                { "untrusted.eml", IN_2000, "self-signed" },
                { "clear-ec.eml", 0, "not yet valid" },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                struct run run;

                prepare(&run);
                run.now_s = rows[i].now_s;
                examine_seed(&run, rows[i].name);
                assert_int_equal(run.observed.counts[UP_COUNT_VERIFIED], 1);
                assert_int_equal(run.observed.counts[UP_COUNT_TRUSTED], rows[i].reason == NULL);
                if (rows[i].reason != NULL)
                        assert_non_null(strstr(run.trace->str, rows[i].reason));
                finish(&run);
        }
}

/* --- damage ----------------------------------------------------------------------------------- */

/* The bytes @from, which must be there, replaced by as many or other ones. */
static GBytes *replaced(
    GBytes *message, const char *from, size_t from_bytes, const char *to, size_t to_bytes)
{
        gsize size;
        const char *data = g_bytes_get_data(message, &size);
        const char *at = memmem(data, size, from, from_bytes);
        GByteArray *result = g_byte_array_new();

        assert_non_null(at);
        g_byte_array_append(result, (const guint8 *)data, (guint)(at - data));
        g_byte_array_append(result, (const guint8 *)to, (guint)to_bytes);
        at += from_bytes;
        g_byte_array_append(result, (const guint8 *)at, (guint)(data + size - at));
        return g_byte_array_free_to_bytes(result);
}

static GBytes *flipped(GBytes *message, size_t at)
{
        gsize size;
        const void *data = g_bytes_get_data(message, &size);
        uint8_t *copy = g_memdup2(data, size);

        assert_true(at < size);
        copy[at] ^= 1;
        return g_bytes_new_take(copy, size);
}

#define BYTES(text) text, sizeof text - 1

static void each_change_costs_its_grade(void **state)
{
        static const struct {
                const char *name;
                const char *from;
                size_t from_bytes;
                const char *to;
                size_t to_bytes;
                const char *trace;
        } rows[] = {
                { "clear-rsa.eml", BYTES("minutes"), BYTES("Minutes"),
                    "0 signed-data content digest broken by " RSA },
                { "clear-pss.eml", BYTES("ready."), BYTES("ready. "),
                    "0 signed-data content digest broken by " PSS },
                { "clear-ec.eml", BYTES("-- \r\n"), BYTES("--\r\n"),
                    "0 signed-data content digest broken by " EC },
                { "two-signers.eml", BYTES("minutes"), BYTES("Minutes"),
                    "0 signed-data content digest broken by " RSA
                    " and carol rsaEncryption, SHA512" },
                { "triple-ec.eml", BYTES("smime-type=enveloped-data"), BYTES("smime-type=x"),
                    "0 signed-data content digest broken by " EC
                    "; 0 enveloped-data opens; " CLEAR("1", EC) },
                /* Without attributes nothing tells content from signature. */
                { "no-attributes.eml", BYTES("minutes"), BYTES("Minutes"),
                    "0 signed-data broken by " RSA },
                { "bare.p7m", BYTES("minutes"), BYTES("Minutes"),
                    "0 signed-data content digest broken by " EC " opens" },
                { "bare.p7m", BYTES("250601120000Z"), BYTES("250601120001Z"),
                    "0 signed-data broken by " EC " opens" },
                /* A line end is no change in text, and is one in what was signed as bytes. */
                { "clear-rsa.eml", BYTES("ready.\r\n"), BYTES("ready.\n"), CLEAR("0", RSA) },
                { "signed-lf.eml", BYTES("inside\n"), BYTES("inside\r\n"),
                    "0 signed-data content digest broken by " EC },
                /* Outside the signed part anything may change. */
                { "clear-rsa.eml", BYTES("Subject: "), BYTES("Subject: changed "),
                    CLEAR("0", RSA) },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) message = seed(rows[i].name);
                g_autoptr(GBytes) changed = replaced(
                    message, rows[i].from, rows[i].from_bytes, rows[i].to, rows[i].to_bytes);
                struct run run;

                prepare(&run);
                examine(&run, changed);
                if (strcmp(run.trace->str, rows[i].trace) != 0)
                        fail_msg("%s, row %zu: %s", rows[i].name, i, run.trace->str);
                assert_counts_tell_the_story(&run);
                assert_false(run.observed.unscannable);
                finish(&run);
        }
}

static void changed_attribute_or_signature_is_broken(void **state)
{
        static const char digest[] = "\x09\x04\x31\x22\x04\x20"; /* messageDigest, 32 bytes */
        g_autoptr(GBytes) message = seed("bare.p7m");
        gsize size;
        const char *data = g_bytes_get_data(message, &size);
        const char *attribute = memmem(data, size, digest, strlen(digest));
        /* The last element of a SignedData is the last signer's signature. */
        const size_t places[] = { (size_t)(attribute - data) + strlen(digest), size - 1 };

        (void)state;
        assert_non_null(attribute);
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
                g_autoptr(GBytes) changed = flipped(message, places[i]);
                struct run run;

                prepare(&run);
                examine(&run, changed);
                assert_string_equal(run.trace->str, "0 signed-data broken by " EC " opens");
                assert_int_equal(run.observed.counts[UP_COUNT_VERIFIED], 0);
                assert_int_equal(run.observed.counts[UP_COUNT_DIGEST_ONLY], 0);
                finish(&run);
        }
}

/* What the line end before a boundary belongs to matters most where hardly anything is signed. */
static void part_without_body_holds(void **state)
{
        static const char *const entities[] = { "Content-Type: text/plain\r\n",
                "Content-Type: text/plain\r\n\r\n", "Content-Type: text/plain", "\r\n",
                "\r\n\r\n" };
        struct up_signing signing = {
                .signers = { { .identity = "alice-ec" } }, .time_s = SIGNED_AT_S, .boundary = "b"
        };

        (void)state;
        up_identities_load();
        for (size_t i = 0; i < G_N_ELEMENTS(entities); i++) {
                g_autoptr(GBytes) entity = g_bytes_new_static(entities[i], strlen(entities[i]));
                g_autoptr(GBytes) message = up_sign_entity(entity, &signing, NULL);
                struct run run;

                assert_non_null(message);
                prepare(&run);
                examine(&run, message);
                assert_string_equal(run.trace->str, CLEAR("0", EC));
                assert_int_equal(run.observed.remarks->len, 0);
                finish(&run);
        }
}

static void nothing_signed_is_no_signature(void **state)
{
        static const char message[] =
            "Content-Type: multipart/signed; boundary=b\n\n"
            "--b\n--b\nContent-Type: application/pkcs7-signature\n\nMAA=\n--b--\n";
        g_autoptr(GBytes) bytes = g_bytes_new_static(message, strlen(message));
        struct run run;

        (void)state;
        prepare(&run);
        examine(&run, bytes);
        assert_string_equal(run.trace->str, "0 nothing");
        assert_false(run.observed.unscannable);
        finish(&run);
}

/* --- limits ----------------------------------------------------------------------------------- */

static uint64_t *limit(struct up_limits *limits, const char *name)
{
        for (size_t i = 0; i < UP_LIMIT_ROWS; i++)
                if (strcmp(up_limit_rows[i].name, name) == 0)
                        return up_limit_field(limits, &up_limit_rows[i]);
        fail_msg("there is no limit %s", name);
        return NULL;
}

#define BOMB_BYTES (1 << 20)

static void each_limit_holds_at_its_exact_value(void **state)
{
        static const struct {
                const char *name, *limit;
                uint64_t value;    /* what the seed needs, */
                bool and_message;  /* and its own size */
                const char *below; /* the trace at one less */
        } rows[] = {
                { "clear-rsa.eml", "max-message", 0, true, "" },
                { "clear-rsa.eml", "max-decoded", 0, true, "" },
                { "clear-rsa.eml", "max-parts", 3, false, "" },
                { "clear-rsa.eml", "max-depth", 1, false, "" },
                { "clear-rsa.eml", "max-key-bits", 2048, false, "0 signed-data not looked at" },
                { "clear-ec.eml", "max-key-bits", 256, false, "0 signed-data not looked at" },
                { "certs-only.eml", "max-certificates", 4, false, "0 signed-data not looked at" },
                { "two-signers.eml", "max-signers", 2, false, "0 signed-data not looked at" },
                { "two-recipients.eml", "max-signers", 2, false, "0 enveloped-data not looked at" },
                { "password.eml", "max-iterations", 16, false, "0 enveloped-data not looked at" },
                { "password-or-key.eml", "max-iterations", 16, false,
                    "0 authEnveloped-data not looked at" },
                { "triple-rsa.eml", "max-structures", 3, false,
                    WITH(CLEAR("0", RSA), ENCRYPTED("0")) },
                { "encrypted-twice.eml", "max-layers", 2, false,
                    WITH(ENCRYPTED("0"), ENCRYPTED("1")) },
                { "compressed.eml", "max-decompressed", 90, false, "0 compressed-data" },
                { "bomb.eml", "max-decompressed", BOMB_BYTES, false, COMPRESSED("0") },
                { "bomb.eml", "max-decoded", BOMB_BYTES, true, COMPRESSED("0") },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) message = seed(rows[i].name);
                uint64_t value =
                    rows[i].value + (rows[i].and_message ? g_bytes_get_size(message) : 0);
                struct run at, below;

                prepare(&at);
                *limit(&at.limits, rows[i].limit) = value;
                examine(&at, message);
                prepare(&below);
                *limit(&below.limits, rows[i].limit) = value - 1;
                examine(&below, message);
                if (strcmp(below.trace->str, rows[i].below) != 0)
                        fail_msg("%s below %s: %s", rows[i].name, rows[i].limit, below.trace->str);
                assert_true(below.observed.unscannable);
                assert_true(remarks(&below.observed, UP_REMARK_LIMIT, rows[i].limit));
                assert_false(at.observed.unscannable);
                assert_counts_tell_the_story(&at);
                finish(&at);
                finish(&below);
        }
}

/* Content that decompresses beyond what may be decoded in all is never quietly left out. */
static void bomb_beyond_the_decoded_bytes_is_unscannable(void **state)
{
        static const uint64_t limits[] = { 10000, 20000, 100000, BOMB_BYTES - 1 };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
                struct run run;

                prepare(&run);
                run.limits.decoded_bytes = limits[i];
                examine_seed(&run, "bomb.eml");
                assert_true(run.observed.unscannable);
                assert_true(remarks(&run.observed, UP_REMARK_LIMIT, "max-decoded"));
                assert_int_equal(run.observed.counts[UP_COUNT_DECOMPRESSED], 0);
                finish(&run);
        }
}

/* Object identifiers and values in DER, as hexadecimal digits. */
#define DATA        "06092a864886f70d010701"
#define ENVELOPED   "06092a864886f70d010703"
#define PWRI_KEK    "060b2a864886f70d0109100309"
#define PBKDF2      "06092a864886f70d01050c"
#define PBES2       "06092a864886f70d01050d"
#define SCRYPT      "06092b06010401da47040b"
#define PKCS12      "060a2a864886f70d010c0103"
#define SALT        "04080001020304050607"
#define IV          "000102030405060708090a0b0c0d0e0f"
#define AES_256_CBC "301d060960864801650304012a0410" IV

static void append_hex(GByteArray *bytes, const char *hex)
{
        for (; hex[0] != '\0'; hex += 2) {
                guint8 byte =
                    (guint8)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]));
                g_byte_array_append(bytes, &byte, 1);
        }
}

/* Hexadecimal digits of tag, length and value, whose digits are given. */
static char *tlv(const char *tag, const char *value)
{
        size_t bytes = strlen(value) / 2;

        return bytes < 128 ? g_strdup_printf("%s%02zx%s", tag, bytes, value)
                           : g_strdup_printf("%s82%04zx%s", tag, bytes, value);
}

/* EnvelopedData for one password, whose key is derived as the digits of @derivation say. */
static GBytes *password_recipient(const char *derivation)
{
        g_autofree char *algorithm = tlv("a0", derivation);
        g_autofree char *wrap = tlv("30", PWRI_KEK AES_256_CBC);
        g_autofree char *key = tlv("04", IV IV);
        g_autofree char *recipient = g_strconcat("020100", algorithm, wrap, key, NULL);
        g_autofree char *password = tlv("a3", recipient);
        g_autofree char *recipients = tlv("31", password);
        g_autofree char *encrypted = tlv("30", DATA AES_256_CBC "8010" IV);
        g_autofree char *enveloped = g_strconcat("020103", recipients, encrypted, NULL);
        g_autofree char *sequence = tlv("30", enveloped);
        g_autofree char *explicit = tlv("a0", sequence);
        g_autofree char *info = g_strconcat(ENVELOPED, explicit, NULL);
        g_autofree char *whole = tlv("30", info);
        GByteArray *bytes = g_byte_array_new();

        append_hex(bytes, whole);
        return g_byte_array_free_to_bytes(bytes);
}

static void asking_for_much_work_is_unscannable(void **state)
{
        static const struct {
                const char *what, *derivation;
                bool affordable;
        } rows[] = {
                { "16 iterations", PBKDF2 "300d" SALT "020110", true },
                { "100000, the limit", PBKDF2 "300f" SALT "02030186a0", true },
                { "100001", PBKDF2 "300f" SALT "02030186a1", false },
                { "2147483647", PBKDF2 "3010" SALT "02047fffffff", false },
                { "more than 64 bits", PBKDF2 "3015" SALT "020900ffffffffffffffff", false },
                { "-2147483649, of which OpenSSL makes 2147483647",
                    PBKDF2 "3011" SALT "0205ff7fffffff", false },
                { "a length in more bytes than it needs",
                    "0681092a864886f70d01050c"
                    "3010" SALT "02047fffffff",
                    false },
                { "PKCS #12", PKCS12 "3010" SALT "02047fffffff", false },
                { "PBES2, PBKDF2 inside",
                    PBES2 "303e"
                          "301d" PBKDF2 "3010" SALT "02047fffffff" AES_256_CBC,
                    false },
                { "PBES2, scrypt inside that asks for little",
                    PBES2 "3041"
                          "3020" SCRYPT "3013" SALT "020110"
                          "020101"
                          "020101" AES_256_CBC,
                    true },
                { "PBES2, scrypt inside that asks for 6442450944 rounds",
                    PBES2 "3045"
                          "3024" SCRYPT "3017" SALT "0203008000"
                          "020101"
                          "0203030000" AES_256_CBC,
                    false },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) message = password_recipient(rows[i].derivation);
                clock_t start = clock();
                struct run run;

                prepare(&run);
                examine(&run, message);
                if (run.observed.unscannable == rows[i].affordable)
                        fail_msg("%s: %s", rows[i].what, run.trace->str);
                if (rows[i].affordable)
                        assert_string_equal(run.trace->str, "0 enveloped-data");
                else
                        assert_true(remarks(&run.observed, UP_REMARK_LIMIT, "max-iterations"));
                assert_true((clock() - start) / CLOCKS_PER_SEC < MOST_SECONDS);
                finish(&run);
        }
}

/* --- nothing is left over --------------------------------------------------------------------- */

#define OPAQUE_HEADER "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"

/* The first test of the program, so that the test identities are first loaded here. */
static void error_queue_is_left_empty(void **state)
{
        static const struct {
                const char *message;
                size_t bytes;
        } rows[] = {
                { BYTES("") },
                { BYTES("Subject: nothing\n\ntext\n") },
                { BYTES(OPAQUE_HEADER) },
                { BYTES(OPAQUE_HEADER "MAA=\n") },
                { BYTES(OPAQUE_HEADER "!!!!") },
                { BYTES("0") },
                { BYTES("0\x82") },
                { BYTES("0\x80\0\0") },
                { BYTES("0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\0\0\0\0") },
                { BYTES("0: is also a header\n\ntext\n") },
        };

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GBytes) message = g_bytes_new(rows[i].message, rows[i].bytes);
                struct up_limits limits;
                struct up_observations observed;

                up_limits_init(&limits);
                up_observations_init(&observed, &limits, UP_CASE_TIME_S);
                up_smime_examine(message, &observed);
                if (ERR_peek_error() != 0)
                        fail_msg("row %zu leaves %s", i, ERR_reason_error_string(ERR_peek_error()));
                assert_int_equal(observed.counts[UP_COUNT_LOGS_JUDGED], 1);
                up_observations_clear(&observed);
        }
}

static void damaged_structures_leave_nothing_behind(void **state)
{
        g_autoptr(GBytes) message = seed("bare.p7m");
        gsize size = g_bytes_get_size(message);

        (void)state;
        for (size_t at = 0; at < size; at += 11) {
                g_autoptr(GBytes) cut = g_bytes_new_from_bytes(message, 0, at);
                g_autoptr(GBytes) changed = flipped(message, at);
                GBytes *const damaged[] = { cut, changed };

                for (size_t i = 0; i < G_N_ELEMENTS(damaged); i++) {
                        struct run run;

                        prepare(&run);
                        examine(&run, damaged[i]);
                        assert_int_equal(ERR_peek_error(), 0);
                        assert_true(run.observed.counts[UP_COUNT_VERIFIED] <= 1);
                        finish(&run);
                }
        }
}

/* All observations, as text. */
static char *observations_text(const struct run *run)
{
        GString *text = g_string_new(run->trace->str);

        for (int i = 0; i < UP_COUNTS; i++)
                g_string_append_printf(
                    text, " %s=%" G_GUINT64_FORMAT, up_count_names[i], run->observed.counts[i]);
        for (guint i = 0; i < run->observed.remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(run->observed.remarks, i);
                g_string_append_printf(text, "\n%d %s: %s, %u times", remark->kind, remark->site,
                    remark->detail, remark->times);
        }
        return g_string_free(text, FALSE);
}

static char *observations_of_seed(const char *name)
{
        struct run run;
        char *text;

        prepare(&run);
        examine_seed(&run, name);
        text = observations_text(&run);
        finish(&run);
        return text;
}

/* Each seed again, and after another one than the first time. */
static void observations_are_the_same_whatever_came_before(void **state)
{
        char *first[G_N_ELEMENTS(promises)];

        (void)state;
        for (size_t i = 0; i < G_N_ELEMENTS(promises); i++)
                first[i] = observations_of_seed(promises[i].name);
        for (size_t i = G_N_ELEMENTS(promises); i-- > 0;) {
                g_autofree char *again = observations_of_seed(promises[i].name);
                assert_string_equal(again, first[i]);
                g_free(first[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(error_queue_is_left_empty),
                cmocka_unit_test(each_seed_keeps_its_promise),
                cmocka_unit_test(each_seed_has_a_promise),
                cmocka_unit_test(virtual_time_alone_decides_on_certificates),
                cmocka_unit_test(each_change_costs_its_grade),
                cmocka_unit_test(changed_attribute_or_signature_is_broken),
                cmocka_unit_test(part_without_body_holds),
                cmocka_unit_test(nothing_signed_is_no_signature),
                cmocka_unit_test(each_limit_holds_at_its_exact_value),
                cmocka_unit_test(bomb_beyond_the_decoded_bytes_is_unscannable),
                cmocka_unit_test(asking_for_much_work_is_unscannable),
                cmocka_unit_test(damaged_structures_leave_nothing_behind),
                cmocka_unit_test(observations_are_the_same_whatever_came_before),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
