/*
 * dictionary - `unpend dictionary`: the words that a fuzzer of a target is given
 *
 * Nearly all words come from the tables of the code that looks for them; `groups` says which. A
 * word is written as it stands in a message, a field with its colon and a parameter with its
 * equals sign, so that it does something wherever the engine puts it.
 *
 * What is printed is the syntax that libFuzzer and AFL++ share: a line for each entry, which is
 * "word" or name="word" with bytes as \xAB, and comments. An entry stands once, in the first group
 * that has it.
 */
#include "tools/cli/tool.h"

#include <openssl/objects.h>
#include <string.h>

#include "case/case.h"
#include "mail/charset.h"
#include "cms/cms.h"
#include "cms/open_layer.h"
#include "mail/words.h"

/* --- entries ---------------------------------------------------------------------------------- */

static void add_word(GPtrArray *entries, const char *word)
{
        GString *entry = g_string_new("\"");

        for (const char *at = word; *at != '\0'; at++)
                if (g_ascii_isprint(*at) && *at != '"' && *at != '\\')
                        g_string_append_c(entry, *at);
                else
                        g_string_append_printf(entry, "\\x%02X", (guint8)*at);
        g_string_append_c(entry, '"');
        g_ptr_array_add(entries, g_string_free(entry, FALSE));
}

/* Each word of the list between what stands before and after it; NULL is nothing. */
static void add_list(
    GPtrArray *entries, const char *before, const char *const *list, const char *after)
{
        for (; *list != NULL; list++) {
                g_autofree char *word = g_strdup_printf(
                    "%s%s%s", before != NULL ? before : "", *list, after != NULL ? after : "");
                add_word(entries, word);
        }
}

/* AFL++ allows letters, digits and underscores in a name, and nothing else. */
static void add_bytes(GPtrArray *entries, const char *name, const void *data, size_t bytes)
{
        GString *entry = g_string_new(name);

        g_strcanon(entry->str, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS, '_');
        g_string_append(entry, "=\"");
        for (size_t i = 0; i < bytes; i++)
                g_string_append_printf(entry, "\\x%02X", ((const guint8 *)data)[i]);
        g_string_append_c(entry, '"');
        g_ptr_array_add(entries, g_string_free(entry, FALSE));
}

static void add_object(GPtrArray *entries, int nid)
{
        unsigned char *der = NULL;
        int bytes = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);

        g_assert(bytes > 0);
        add_bytes(entries, OBJ_nid2sn(nid), der, (size_t)bytes);
        OPENSSL_free(der);
}

/* --- of a case -------------------------------------------------------------------------------- */

static void add_keys(GPtrArray *entries)
{
        for (size_t i = 0; i < UP_CASE_KEY_COUNT; i++) {
                g_autofree char *key = g_strconcat(up_case_key_rows[i].name, ":", NULL);
                add_word(entries, key);
        }
}

static void add_settings(GPtrArray *entries)
{
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                g_autofree char *assigned = g_strconcat(setting.name, "=", NULL);

                if (setting.kind == UP_POLICY_WORD)
                        add_list(entries, assigned, setting.words, NULL);
                else
                        add_word(entries, assigned);
        }
}

static void add_value(
    GPtrArray *entries, const struct up_policy *policy, const struct up_policy_row *setting)
{
        g_autofree char *value = up_policy_get(policy, setting);
        g_autofree char *assigned = g_strdup_printf(" %s=%s", setting->name, value);

        add_word(entries, assigned);
}

/* Of the pipeline's own settings, those that are counts: the standard value, and the least. */
static void add_values(GPtrArray *entries)
{
        struct up_policy policy;

        for (size_t i = 0; i < UP_POLICY_ROWS; i++) {
                const struct up_policy_row *setting = &up_policy_rows[i];
                const char *nothing = setting->kind == UP_POLICY_NUMBER       ? "0"
                                      : setting->kind == UP_POLICY_TIME_RANGE ? "0s..0s"
                                                                              : "0s";
                if (setting->kind == UP_POLICY_WORD)
                        continue;
                up_policy_init(&policy);
                add_value(entries, &policy, setting);
                up_policy_set(&policy, setting, nothing, NULL); /* brought back into bounds */
                add_value(entries, &policy, setting);
        }
}

/* What stands for an argument: each choice, or some numbers or times that are within its range. */
static char **values_of(const char *pattern)
{
        const char *range = strstr(pattern, "..");

        if (range == NULL)
                return g_strsplit(pattern, "|", -1);
        if (!g_ascii_isdigit(pattern[strlen(pattern) - 1]))
                return g_strsplit(g_str_has_prefix(pattern, "1ms") ? "1m 2h 3d" : "1h 2d", " ", -1);
        return g_strsplit(pattern[0] == '0' ? "0 1" : "1 2", " ", -1);
}

/* Each way to end a line that begins so. */
static void add_lines(GPtrArray *entries, const char *begin, char **patterns)
{
        g_auto(GStrv) values = *patterns != NULL ? values_of(*patterns) : NULL;

        if (*patterns == NULL) {
                g_autofree char *line = g_strconcat(begin, "\n", NULL);
                add_word(entries, line);
                return;
        }
        for (char **value = values; *value != NULL; value++) {
                g_autofree char *longer = g_strconcat(begin, " ", *value, NULL);
                add_lines(entries, longer, patterns + 1);
        }
}

/* Whole events, as lines: of a word in the midst of one the reader could make nothing. */
static void add_events(GPtrArray *entries)
{
        add_word(entries, "\nscript:\n");
        for (size_t i = 0; i < UP_VERB_COUNT; i++) {
                g_autofree char *begin = g_strconcat("  ", up_verb_rows[i].name, NULL);
                g_auto(GStrv) patterns = g_strsplit(up_verb_rows[i].arguments, " ", -1);

                add_lines(entries, begin, patterns);
        }
}

/* --- of a message ----------------------------------------------------------------------------- */

/* What separates header fields, headers and parts. */
static const char *const separators[] = { "\n\n", "\r\n\r\n", "\n ", "\n--", "--\n", NULL };

/* Encoded words (RFC 2047), pieces of parameters (2231), quotes, comments, groups (5322). */
static const char *const field_marks[] = { "=?utf-8?q?", "=?utf-8?b?", "?=", "?= =?", "*=utf-8''",
        "*0=", "*0*=", "*1*=", "\"\"", "\\\"", "()", "((", "<>", "<@a,@b:", ":;", "@[192.0.2.1]",
        "@xn--", NULL };

static bool stands_in_any_part(enum up_form form)
{
        return form == UP_FORM_CONTENT_TYPE || form == UP_FORM_DISPOSITION ||
               form == UP_FORM_ENCODING;
}

static void add_part_fields(GPtrArray *entries)
{
        for (enum up_form form = 0; form < UP_FORMS; form++)
                if (stands_in_any_part(form))
                        add_list(entries, "\n", up_fields[form], ": ");
}

static void add_other_fields(GPtrArray *entries)
{
        for (enum up_form form = 0; form < UP_FORMS; form++)
                if (!stands_in_any_part(form))
                        add_list(entries, "\n", up_fields[form], ": ");
}

static void add_carriers(GPtrArray *entries)
{
        for (size_t i = 0; up_carriers[i].type != NULL; i++) {
                const struct up_carrier *carrier = &up_carriers[i];
                g_autofree char *type = g_strconcat(carrier->type, "/", carrier->subtype, NULL);

                add_word(entries, type);
                if (carrier->suffixes != NULL)
                        add_list(entries, NULL, carrier->suffixes, NULL);
        }
}

/* --- of CMS, where OpenSSL treats each in a way of its own ------------------------------------ */

static const int attributes[] = { NID_pkcs9_contentType, NID_pkcs9_messageDigest,
        NID_pkcs9_signingTime, NID_pkcs9_countersignature, NID_SMIMECapabilities,
        NID_id_smime_aa_receiptRequest, NID_id_smime_aa_signingCertificate,
        NID_id_smime_aa_signingCertificateV2, NID_undef };

static const int digests[] = { NID_md5, NID_sha1, NID_sha256, NID_sha384, NID_sha512, NID_sha3_256,
        NID_shake256, NID_undef };

static const int signatures[] = { NID_rsaEncryption, NID_rsassaPss, NID_mgf1,
        NID_sha1WithRSAEncryption, NID_sha256WithRSAEncryption, NID_X9_62_id_ecPublicKey,
        NID_X9_62_prime256v1, NID_ecdsa_with_SHA256, NID_ED25519, NID_dsa, NID_undef };

/* How the content's key is sent to a recipient: by its key, agreed on, wrapped, by password. */
static const int key_transports[] = { NID_rsaesOaep, NID_pSpecified, NID_dhpublicnumber,
        NID_id_smime_alg_ESDH, NID_dhSinglePass_stdDH_sha256kdf_scheme,
        NID_id_smime_alg_CMS3DESwrap, NID_id_aes256_wrap, NID_id_alg_PWRI_KEK, NID_id_pbkdf2,
        NID_id_scrypt, NID_pbes2, NID_hmacWithSHA256, NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
        NID_undef };

static const int ciphers[] = { NID_rc2_cbc, NID_des_ede3_cbc, NID_aes_128_cbc, NID_aes_256_cbc,
        NID_aes_256_gcm, NID_zlib_compression, NID_undef };

static void add_content_types(GPtrArray *entries)
{
        int nid;

        for (size_t i = 0; (nid = up_cms_content_type(i)) != NID_undef; i++)
                add_object(entries, nid);
}

/* X.690: beginnings, ends, and whole elements that CMS structures hold. */
static void add_encodings(GPtrArray *entries)
{
        static const struct {
                const char *name;
                const char *data;
                size_t bytes;
        } encodings[] = {
                { "indefinite_sequence", "\x30\x80", 2 },
                { "indefinite_set", "\x31\x80", 2 },
                { "indefinite_string", "\x24\x80", 2 },
                { "indefinite_explicit_0", "\xa0\x80", 2 },
                { "indefinite_explicit_1", "\xa1\x80", 2 },
                { "end_of_contents", "\0\0", 2 },
                { "empty_sequence", "\x30\0", 2 },
                { "empty_set", "\x31\0", 2 },
                { "empty_string", "\x04\0", 2 },
                { "null", "\x05\0", 2 },
                { "version_1", "\x02\x01\x01", 3 },
                { "version_3", "\x02\x01\x03", 3 },
                { "negative", "\x02\x01\xff", 3 },
                { "longest_sequence", "\x30\x84\x7f\xff\xff\xff", 6 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++)
                add_bytes(entries, encodings[i].name, encodings[i].data, encodings[i].bytes);
}

/* --- the whole -------------------------------------------------------------------------------- */

#define MAIL     "mime smime scan_submit mutate"
#define PIPELINE "scan_submit machine"

/* Its entries are a list of words, a list of object identifiers, or what a function adds. */
static const struct group {
        const char *what;
        const char *targets;        /* with blanks between; NULL: each */
        const char *const *words;   /* NULL-terminated */
        const char *before, *after; /* each word; NULL: nothing */
        const int *objects;         /* OpenSSL's numbers; NID_undef ends them */
        void (*add)(GPtrArray *entries);
} groups[] = {
        { "keys of a case", .add = add_keys },
        { "settings of its policy", .add = add_settings },
        { "values of the pipeline's settings", PIPELINE, .add = add_values },
        { "events of its script", "scan_submit mutate", .add = add_events },
        { "separators", MAIL, .words = separators },
        { "header fields of any part", MAIL, .add = add_part_fields },
        { "other header fields", "mime", .add = add_other_fields },
        { "inside header fields", "mime", .words = field_marks },
        { "parameters of Content-Type", MAIL, .words = up_type_parameters, .before = "; ",
            .after = "=" },
        { "parameters of Content-Disposition", MAIL, .words = up_disposition_parameters,
            .before = "; ", .after = "=" },
        { "dispositions", MAIL, .words = up_dispositions },
        { "transfer encodings", MAIL, .words = up_encodings },
        { "media types", MAIL, .words = up_media_types },
        { "carriers of CMS", MAIL, .add = add_carriers },
        { "smime-types", MAIL, .words = up_smime_types },
        { "character sets", "mime", .words = up_charsets },
        { "inside texts", "mime", .words = up_text_marks },
        { "CMS: content types", "smime mutate", .add = add_content_types },
        { "CMS: attributes", "smime", .objects = attributes },
        { "CMS: digests", "smime", .objects = digests },
        { "CMS: keys and signatures", "smime", .objects = signatures },
        { "CMS: key transport, agreement, wrapping, derivation", "smime",
            .objects = key_transports },
        { "CMS: ciphers and compression", "smime", .objects = ciphers },
        { "BER and DER", "smime mutate", .add = add_encodings },
};

static GPtrArray *entries_of(const struct group *group)
{
        GPtrArray *entries = g_ptr_array_new();

        if (group->add != NULL)
                group->add(entries);
        if (group->words != NULL)
                add_list(entries, group->before, group->words, group->after);
        for (const int *nid = group->objects; nid != NULL && *nid != NID_undef; nid++)
                add_object(entries, *nid);
        return entries;
}

/* @printed owns the entries. */
static void print_group(const struct group *group, GHashTable *printed)
{
        g_autoptr(GPtrArray) entries = entries_of(group);

        printf("\n# %s\n", group->what);
        for (guint i = 0; i < entries->len; i++) {
                char *entry = g_ptr_array_index(entries, i);
                if (g_hash_table_add(printed, entry))
                        puts(entry);
        }
}

static bool is_for(const struct group *group, const char *target)
{
        g_auto(GStrv) targets = group->targets != NULL ? g_strsplit(group->targets, " ", -1) : NULL;

        return targets == NULL || g_strv_contains((const char *const *)targets, target);
}

static void print_dictionary(const char *target)
{
        g_autoptr(GHashTable) printed =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        printf("# Made by `unpend dictionary %s`; not to be edited.\n", target);
        for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
                if (is_for(&groups[i], target))
                        print_group(&groups[i], printed);
}

int up_tool_dictionary(int argc, char **argv)
{
        const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
        int status = up_tool_options(&argc, &argv, entries, "TARGET",
            "Prints the dictionary of a target, for libFuzzer and AFL++. make writes it "
            "beside the target.");

        if (status >= 0)
                return status;
        if (argc < 2)
                return up_tool_usage("which target?");
        if (argc > 2)
                return up_tool_usage("unexpected argument %s", argv[2]);
        if (!up_tool_check_target(argv[1]))
                return UP_STATUS_USAGE;
        print_dictionary(argv[1]);
        return UP_STATUS_PASSED;
}
