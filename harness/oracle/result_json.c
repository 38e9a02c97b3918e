/*
 * result_json - a table of a finding's members, and the result around it
 */
#include "oracle/result_json.h"

#include <stddef.h>
#include <string.h>

/* What a member holds, and when it is left out. */
enum member_type {
        TEXT,
        CLASS,
        EVIDENCE, /* left out: none */
        ROLE,     /* left out: none */
        ID,       /* left out: 0 */
        INDEX,    /* left out: G_MAXUINT */
};

static const struct {
        const char *name;
        enum member_type type;
        size_t offset;
} members[] = {
        { "class", CLASS, offsetof(struct up_finding, class) },
        { "evidence", EVIDENCE, offsetof(struct up_finding, evidence) },
        { "signature", TEXT, offsetof(struct up_finding, signature) },
        { "detail", TEXT, offsetof(struct up_finding, detail) },
        { "message", ID, offsetof(struct up_finding, message) },
        { "role", ROLE, offsetof(struct up_finding, role) },
        { "recipient", INDEX, offsetof(struct up_finding, recipient) },
        { "shown-at", INDEX, offsetof(struct up_finding, shown_at) },
        { "critical-at", INDEX, offsetof(struct up_finding, critical_at) },
};

char *up_printable(const char *text)
{
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        GString *result = g_string_new(NULL);

        for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
                gunichar character = g_utf8_get_char(at);
                g_string_append_unichar(result, g_unichar_iscntrl(character) ? '?' : character);
        }
        return g_string_free(result, FALSE);
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
        g_autofree char *printable = up_printable(text);

        json_builder_set_member_name(json, name);
        json_builder_add_string_value(json, printable);
}

static void add_number(JsonBuilder *json, const char *name, uint64_t number)
{
        json_builder_set_member_name(json, name);
        json_builder_add_int_value(json, (gint64)number);
}

static void add_member(
    JsonBuilder *json, const char *name, enum member_type type, const void *member)
{
        switch (type) {
        case TEXT:
                add_text(json, name, *(char *const *)member);
                break;
        case CLASS:
                add_text(json, name, up_class_rows[*(const enum up_class *)member].name);
                break;
        case EVIDENCE:
                if (*(const enum up_evidence *)member != UP_EVIDENCE_NONE)
                        add_text(
                            json, name, up_evidence_rows[*(const enum up_evidence *)member].name);
                break;
        case ROLE:
                if (*(const enum up_role *)member != UP_ROLE_NONE)
                        add_text(json, name, up_role_names[*(const enum up_role *)member]);
                break;
        case ID:
                if (*(const uint64_t *)member != 0)
                        add_number(json, name, *(const uint64_t *)member);
                break;
        case INDEX:
                if (*(const unsigned *)member != G_MAXUINT)
                        add_number(json, name, *(const unsigned *)member);
                break;
        }
}

void up_finding_build_members(const struct up_finding *finding, JsonBuilder *json)
{
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
                add_member(json, members[i].name, members[i].type,
                    (const char *)finding + members[i].offset);
}

void up_finding_build_json(const struct up_finding *finding, JsonBuilder *json)
{
        g_autofree char *slug = up_finding_slug(finding);

        json_builder_begin_object(json);
        up_finding_build_members(finding, json);
        add_text(json, "slug", slug);
        json_builder_end_object(json);
}

void up_input_result_build_members(const struct up_input_result *result, JsonBuilder *json)
{
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < result->findings->len; i++)
                up_finding_build_json(result->findings->pdata[i], json);
        json_builder_end_array(json);
        json_builder_set_member_name(json, "counts");
        json_builder_begin_object(json);
        for (int i = 0; i < UP_COUNTS; i++)
                add_number(json, up_count_names[i], result->counts[i]);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                if (result->judged[i] > 0)
                        add_number(json, up_oracle_rows[i].name, result->judged[i]);
        json_builder_end_object(json);
        if (result->fuel > 0)
                add_number(json, "fuel", result->fuel);
        if (result->outage.bounced > 0) {
                add_number(json, "bounced-by-outage", result->outage.bounced);
                add_number(json, "bounced-after-ms", (uint64_t)result->outage.earliest_ms);
        }
        json_builder_set_member_name(json, "unscannable");
        json_builder_add_boolean_value(json, result->unscannable);
        json_builder_set_member_name(json, "limits");
        json_builder_begin_array(json);
        for (char **limit = result->limits; *limit != NULL; limit++)
                json_builder_add_string_value(json, *limit);
        json_builder_end_array(json);
        if (result->trace != NULL) {
                g_autofree char *trace = g_utf8_make_valid(result->trace, -1);
                json_builder_set_member_name(json, "trace");
                json_builder_add_string_value(json, trace);
        }
}

/* --- reading -------------------------------------------------------------------------------- */

static void read_member(JsonObject *object, const char *name, enum member_type type, void *member)
{
        const char *text = json_object_get_string_member_with_default(object, name, "");

        switch (type) {
        case TEXT:
        case CLASS: /* the finding was made with these */
                break;
        case EVIDENCE:
                up_evidence_by_name(text, member);
                break;
        case ROLE:
                *(enum up_role *)member = up_role_by_name(text);
                break;
        case ID:
                *(uint64_t *)member =
                    (uint64_t)json_object_get_int_member_with_default(object, name, 0);
                break;
        case INDEX:
                *(unsigned *)member =
                    (unsigned)json_object_get_int_member_with_default(object, name, G_MAXUINT);
                break;
        }
}

struct up_finding *up_finding_read_json(JsonObject *object)
{
        const char *class_name = json_object_get_string_member_with_default(object, "class", "");
        const char *signature =
            json_object_get_string_member_with_default(object, "signature", NULL);
        const char *detail = json_object_get_string_member_with_default(object, "detail", NULL);
        struct up_finding *finding;
        enum up_class class;

        if (!up_class_by_name(class_name, &class) || signature == NULL || detail == NULL)
                return NULL;
        finding = up_finding_new(class, signature, detail);
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
                read_member(
                    object, members[i].name, members[i].type, (char *)finding + members[i].offset);
        return finding;
}

static void read_findings(GPtrArray *findings, JsonArray *array)
{
        for (guint i = 0; i < json_array_get_length(array); i++) {
                struct up_finding *finding =
                    up_finding_read_json(json_array_get_object_element(array, i));
                if (finding != NULL)
                        g_ptr_array_add(findings, finding);
        }
}

static char **read_texts(JsonArray *array)
{
        g_autoptr(GStrvBuilder) texts = g_strv_builder_new();

        for (guint i = 0; i < json_array_get_length(array); i++)
                g_strv_builder_add(texts, json_array_get_string_element(array, i));
        return g_strv_builder_end(texts);
}

static bool has_member(JsonObject *object, const char *name, JsonNodeType type)
{
        JsonNode *node = json_object_get_member(object, name);

        return node != NULL && JSON_NODE_TYPE(node) == type;
}

bool up_input_result_read(struct up_input_result *result, JsonObject *object)
{
        JsonObject *counts;

        if (!has_member(object, "findings", JSON_NODE_ARRAY) ||
            !has_member(object, "counts", JSON_NODE_OBJECT) ||
            !has_member(object, "unscannable", JSON_NODE_VALUE) ||
            !has_member(object, "limits", JSON_NODE_ARRAY))
                return false;
        counts = json_object_get_object_member(object, "counts");
        read_findings(result->findings, json_object_get_array_member(object, "findings"));
        for (int i = 0; i < UP_COUNTS; i++)
                result->counts[i] =
                    (uint64_t)json_object_get_int_member_with_default(counts, up_count_names[i], 0);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                result->judged[i] = (uint64_t)json_object_get_int_member_with_default(
                    counts, up_oracle_rows[i].name, 0);
        result->fuel = (uint64_t)json_object_get_int_member_with_default(object, "fuel", 0);
        result->outage.bounced =
            (uint64_t)json_object_get_int_member_with_default(object, "bounced-by-outage", 0);
        result->outage.earliest_ms =
            json_object_get_int_member_with_default(object, "bounced-after-ms", 0);
        result->unscannable = json_object_get_boolean_member(object, "unscannable");
        g_strfreev(result->limits);
        result->limits = read_texts(json_object_get_array_member(object, "limits"));
        result->trace = g_strdup(json_object_get_string_member_with_default(object, "trace", NULL));
        return true;
}

void up_input_result_init(struct up_input_result *result)
{
        *result = (struct up_input_result){
                .findings = g_ptr_array_new_with_free_func((GDestroyNotify)up_finding_free),
                .limits = g_new0(char *, 1),
        };
}

void up_input_result_clear(struct up_input_result *result)
{
        g_ptr_array_unref(result->findings);
        g_strfreev(result->limits);
        g_free(result->trace);
}
