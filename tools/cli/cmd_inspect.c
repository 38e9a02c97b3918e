/*
 * unpend inspect - lists the contents of a case or a message
 *
 * The message is examined once (smime.h), and the report of each CMS structure is kept. Then the
 * entities are listed layer by layer: the content of a structure is a message of its own, listed
 * below the entity that holds it, and so is an encoded message or multipart. Where GMime sees other
 * entities than our reader of raw bytes, they are listed, too. Control characters of the message
 * never reach the terminal.
 *
 * BUGS: CMS structures inside an encoded message are not listed.
 *
 * --strict lists only the complaints about the head, in the form that editors can jump to.
 */
#include <string.h>

#include "case/case.h"
#include "case/nearest.h"
#include "faults/faults.h"
#include "cms/random.h"
#include "cms/smime.h"
#include "gmime/two_readers.h"
#include "mail/ambiguity.h"
#include "oracle/finding.h"
#include "oracle/result_json.h"
#include "tools/cli/tool.h"

#define BARE         (-1) /* not in an entity: the layer itself is CMS */
#define INDENT_MOST  24
#define TYPE_COLUMNS 44 /* of 80 */

/* A CMS structure, where it was found. */
struct structure {
        GBytes *message; /* the layer; owned */
        gint64 entity;   /* where the entity begins in it, or BARE */
        struct up_cms_report report;
};

struct inspection {
        char *name; /* of the file, for people */
        bool has_head;
        struct up_case *c;
        GPtrArray *complaints;
        struct up_observations observed;
        GPtrArray *structures; /* of struct structure, in the order they were examined */
};

/* --- inspection ------------------------------------------------------------------------------- */

static void structure_free(void *data)
{
        struct structure *structure = data;

        g_bytes_unref(structure->message);
        up_cms_report_clear(&structure->report);
        g_free(structure);
}

static void keep_structure(unsigned layer, GBytes *message, const struct up_entity *entity,
    const struct up_cms_report *report, void *data)
{
        struct inspection *inspection = data;
        struct structure *structure = g_new0(struct structure, 1);
        (void)layer;

        structure->message = g_bytes_ref(message);
        structure->entity = entity != NULL ? (gint64)entity->header.begin : BARE;
        structure->report = *report;
        structure->report.grade_reason = g_strdup(report->grade_reason);
        structure->report.trust_reason = g_strdup(report->trust_reason);
        structure->report.signers = g_ptr_array_ref(report->signers);
        structure->report.content = report->content != NULL ? g_bytes_ref(report->content) : NULL;
        g_ptr_array_add(inspection->structures, structure);
}

G_GNUC_PRINTF(3, 4)
static void complain(
    struct inspection *inspection, enum up_case_key_id key, const char *format, ...)
{
        struct up_complaint *complaint = g_new0(struct up_complaint, 1);
        va_list args;

        va_start(args, format);
        complaint->place = inspection->c->places[key];
        complaint->text = g_strdup_vprintf(format, args);
        va_end(args);
        g_ptr_array_add(inspection->complaints, complaint);
}

/* Checks that the case layer cannot make: it does not know findings and faults. */

static const char *class_name(size_t index)
{
        return index < UP_CLASS_COUNT ? up_class_rows[index].name : NULL;
}

static const char *evidence_name(size_t index)
{
        index += UP_EVIDENCE_NONE + 1;
        return index < UP_EVIDENCE_COUNT ? up_evidence_rows[index].name : NULL;
}

static const char *fault_name(size_t index)
{
        return index < up_fault_count ? up_fault_rows[index].name : NULL;
}

/* Complains unless @word is one of the names, of which @name_at returns the last one before NULL.
 */
static bool check_name(struct inspection *inspection, enum up_case_key_id key, const char *word,
    const char *(*name_at)(size_t index))
{
        const char *what = up_case_key_rows[key].name, *name;
        struct up_nearest nearest = up_nearest_to(word);
        g_autoptr(GString) list = g_string_new(NULL);

        for (size_t i = 0; (name = name_at(i)) != NULL; i++) {
                if (strcmp(name, word) == 0)
                        return true;
                up_nearest_try(&nearest, name);
                g_string_append_printf(list, "%s %s", i > 0 ? "," : "", name);
        }
        if (nearest.name != NULL)
                complain(inspection, key, "unknown %s; did you mean `%s`?", what, nearest.name);
        else
                complain(inspection, key, "unknown %s; it is one of:%s", what, list->str);
        return false;
}

static void check_head(struct inspection *inspection)
{
        const struct up_case *c = inspection->c;
        g_auto(GStrv) faults = up_fault_names(c->fault != NULL ? c->fault : "");
        const char *pending = up_class_rows[UP_CLASS_PENDING].name;

        if (c->finding != NULL)
                check_name(inspection, UP_CASE_FINDING, c->finding, class_name);
        else if (c->known.name != NULL)
                complain(
                    inspection, UP_CASE_KNOWN, "`known:` needs a class; add a `finding:` line");
        if (c->evidence != NULL &&
            check_name(inspection, UP_CASE_EVIDENCE, c->evidence, evidence_name) &&
            g_strcmp0(c->finding, pending) != 0)
                complain(inspection, UP_CASE_EVIDENCE, "evidence needs `finding: %s`", pending);
        for (char **name = faults; c->fault != NULL && *name != NULL; name++)
                check_name(inspection, UP_CASE_FAULT, *name, fault_name);
}

static gint by_line(gconstpointer a, gconstpointer b)
{
        unsigned left = (*(const struct up_complaint *const *)a)->place.line;
        unsigned right = (*(const struct up_complaint *const *)b)->place.line;

        return (left > right) - (left < right);
}

static void inspection_init(struct inspection *inspection, const char *path, GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);

        inspection->name = g_filename_display_name(path);
        inspection->has_head = up_case_has_head(data, bytes);
        inspection->complaints = up_complaints_new();
        inspection->c = up_case_read(data, bytes, inspection->complaints);
        inspection->structures = g_ptr_array_new_with_free_func(structure_free);
        up_observations_init(
            &inspection->observed, &inspection->c->policy.limits, inspection->c->time_s);
        check_head(inspection);
        g_ptr_array_sort(inspection->complaints, by_line);
}

static void inspection_clear(struct inspection *inspection)
{
        g_free(inspection->name);
        up_case_free(inspection->c);
        g_ptr_array_unref(inspection->complaints);
        g_ptr_array_unref(inspection->structures);
        up_observations_clear(&inspection->observed);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* What GMime sees in a message. */
static GPtrArray *sights_of_gmime(GBytes *message, struct up_observations *observed)
{
        g_autoptr(GMimeMessage) parsed = up_mime_parse(message, observed);

        return parsed != NULL ? up_sights_of_gmime(parsed, observed) : g_ptr_array_new();
}

static char *type_text(const struct up_entity *entity)
{
        g_autofree char *type = g_mime_content_type_get_mime_type(entity->type);

        return up_printable(type);
}

static bool is_sound(const struct up_cms_report *report)
{
        return report->kind != NULL && (report->signers->len > 0 ? report->grade == UP_GRADE_VALID
                                                                 : report->content != NULL);
}

static const char *verdict_of(const struct up_cms_report *report)
{
        if (report->kind == NULL)
                return "OpenSSL cannot read it";
        if (report->signers->len > 0)
                return up_grade_names[report->grade];
        return report->content != NULL ? "opened" : "nothing inside, or no test key opens it";
}

/* The lines of a key in a file; none if its value is the default. */
static char **head_lines(const struct up_case *c, enum up_case_key_id key)
{
        g_autoptr(GString) lines = g_string_new(NULL);

        if (key != UP_CASE_VERSION && key != UP_CASE_MESSAGE)
                up_case_key_rows[key].write(c, &up_case_key_rows[key], lines);
        if (lines->len > 0)
                g_string_truncate(lines, lines->len - 1);
        return g_strsplit(lines->str, "\n", -1);
}

/* --- text ------------------------------------------------------------------------------------- */

/* What other readers may read differently in the entity. */
static void print_ambiguities(const struct up_ambiguities *found, int entity, unsigned depth)
{
        int indent = MIN((int)depth * 2, INDENT_MOST) + 2;

        for (unsigned i = 0; i < found->count; i++) {
                const struct up_ambiguity_hit *hit = &found->hits[i];
                const struct up_ambiguity_row *row = &up_ambiguity_rows[hit->row];
                if (hit->entity != entity)
                        continue;
                g_autofree char *text = g_strdup_printf("%s, at byte %" G_GSIZE_FORMAT ": %s (%s)",
                    row->name, hit->offset, row->what, row->source);
                g_autofree char *wrapped = up_tool_wrap(text, (unsigned)indent + 11);
                printf("%*s", indent, "");
                up_tool_print_coloured(stdout, UP_RED, "ambiguous");
                printf("  %s\n", wrapped);
        }
}

static void print_message(const struct inspection *inspection, GBytes *message, unsigned depth);

static void print_signer(const struct up_cms_signer *signer, int indent)
{
        g_autofree char *who = up_printable(signer->who);

        printf("%*sby %s\n", indent, "", who);
        printf("%*s   %s%s%s\n", indent, "", signer->algorithm,
            signer->signed_at != NULL ? ", at " : "",
            signer->signed_at != NULL ? signer->signed_at : "");
}

static void print_trust(
    const struct inspection *inspection, const struct up_cms_report *report, int indent)
{
        g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(inspection->observed.now_s);
        g_autofree char *time = g_date_time_format_iso8601(now);

        printf("%*s", indent, "");
        if (report->trusted)
                up_tool_print_coloured(stdout, UP_GREEN, "certificate trusted at %s", time);
        else
                up_tool_print_coloured(stdout, UP_RED, "certificate not trusted at %s", time);
        putchar('\n');
        if (report->trust_reason != NULL)
                printf("%*s%s\n", indent + 2, "", report->trust_reason);
}

static void print_structures(
    const struct inspection *inspection, GBytes *message, gint64 entity, unsigned depth)
{
        int indent = MIN((int)depth * 2, INDENT_MOST);

        for (guint i = 0; i < inspection->structures->len; i++) {
                const struct structure *structure = inspection->structures->pdata[i];
                const struct up_cms_report *report = &structure->report;

                if (structure->message != message || structure->entity != entity)
                        continue;
                printf("%*s%s: ", indent, "",
                    report->kind != NULL ? report->kind : "no CMS structure");
                up_tool_print_coloured(
                    stdout, is_sound(report) ? UP_GREEN : UP_RED, "%s", verdict_of(report));
                putchar('\n');
                if (report->grade_reason != NULL)
                        printf("%*s%s\n", indent + 2, "", report->grade_reason);
                for (guint j = 0; j < report->signers->len; j++)
                        print_signer(report->signers->pdata[j], indent + 2);
                if (report->grade == UP_GRADE_VALID)
                        print_trust(inspection, report, indent + 2);
                if (report->content != NULL)
                        print_message(inspection, report->content, depth + 1);
        }
}

static void print_entity(const struct up_entity *entity, unsigned depth)
{
        int indent = MIN((int)depth * 2, INDENT_MOST);
        const char *encoding = g_mime_content_encoding_to_string(entity->encoding);
        g_autofree char *type = type_text(entity);

        printf("%*s%-*s %-16s %8" G_GSIZE_FORMAT " %9" G_GSIZE_FORMAT "\n", indent, "",
            TYPE_COLUMNS - indent, type, encoding != NULL ? encoding : "-",
            entity->header.end - entity->header.begin, entity->body.end - entity->body.begin);
        if (entity->filename != NULL) {
                g_autofree char *name = up_printable(entity->filename);
                printf("%*sfile \"%s\"\n", indent + 2, "", name);
        }
}

/* What GMime sees, if that is anything else. */
static void print_gmime(GBytes *message, unsigned depth, struct up_observations *ignored)
{
        g_autoptr(GPtrArray) ours = up_sights_of_entities(message, ignored);
        g_autoptr(GPtrArray) gmime = sights_of_gmime(message, ignored);
        guint differing;
        const char *what = up_sights_difference(ours, gmime, &differing);

        if (what == NULL)
                return;
        printf("%*s", MIN((int)depth * 2, INDENT_MOST), "");
        up_tool_print_coloured(stdout, UP_RED, "GMime sees another %s", what);
        printf(", and content of so many bytes:\n");
        for (guint i = 0; i < gmime->len; i++) {
                const struct up_sight *sight = gmime->pdata[i];
                int indent = MIN((int)(depth + sight->depth) * 2, INDENT_MOST);
                g_autofree char *type = up_printable(sight->type);

                printf("%*s%-*s %-16s", indent, "", TYPE_COLUMNS - indent, type,
                    sight->encoding != NULL ? sight->encoding : "-");
                if (sight->is_leaf)
                        printf(" %18" G_GSIZE_FORMAT, sight->bytes);
                putchar('\n');
                if (sight->filename != NULL) {
                        g_autofree char *name = up_printable(sight->filename);
                        printf("%*sfile \"%s\"\n", indent + 2, "", name);
                }
        }
}

static void print_message(const struct inspection *inspection, GBytes *message, unsigned depth)
{
        struct up_observations ignored;

        up_observations_init(&ignored, &inspection->observed.limits, inspection->observed.now_s);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &ignored);
        struct up_ambiguities ambiguities = up_ambiguities_find(message, entities);
        print_structures(inspection, message, BARE, depth);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = entities->pdata[i];
                print_entity(entity, depth + entity->depth);
                print_ambiguities(&ambiguities, (int)i, depth + entity->depth);
                print_structures(
                    inspection, message, (gint64)entity->header.begin, depth + entity->depth + 1);
                g_autoptr(GBytes) decoded = up_entity_decoded_composite(message, entity);
                if (decoded != NULL && depth < inspection->observed.limits.layers)
                        print_message(inspection, decoded, depth + entity->depth + 1);
        }
        print_gmime(message, depth, &ignored);
        up_observations_clear(&ignored);
}

static void print_text(const struct inspection *inspection)
{
        printf("%s: %s of %" G_GSIZE_FORMAT " bytes\n", inspection->name,
            inspection->has_head ? "case with a message" : "message",
            g_bytes_get_size(inspection->c->message));
        if (inspection->complaints->len > 0) {
                up_tool_print_coloured(stdout, UP_RED, "wrong in %u places, see --strict",
                    inspection->complaints->len);
                putchar('\n');
        }
        for (int key = 0; key < UP_CASE_KEY_COUNT; key++) {
                g_auto(GStrv) lines = head_lines(inspection->c, (enum up_case_key_id)key);
                for (char **line = lines; *line != NULL; line++)
                        printf("%s\n", *line);
        }
        putchar('\n');
        up_tool_print_coloured(stdout, UP_BOLD, "%-*s %-16s %8s %9s", TYPE_COLUMNS, "entity",
            "encoding", "header", "body");
        putchar('\n');
        print_message(inspection, inspection->c->message, 0);
        for (guint i = 0; i < inspection->observed.remarks->len; i++) {
                const struct up_remark *remark = inspection->observed.remarks->pdata[i];
                if (remark->kind == UP_REMARK_LIMIT)
                        printf("\nunscannable: %s: %s\n", remark->site, remark->detail);
        }
}

static void print_complaints(const struct inspection *inspection)
{
        for (guint i = 0; i < inspection->complaints->len; i++) {
                const struct up_complaint *complaint = inspection->complaints->pdata[i];
                printf("%s:%u:%u: %s\n", inspection->name, complaint->place.line,
                    complaint->place.column, complaint->text);
        }
        if (inspection->complaints->len == 0)
                printf("%s: nothing is wrong with this %s\n", inspection->name,
                    inspection->has_head ? "case" : "message, which has no head");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void build_message(
    const struct inspection *inspection, GBytes *message, unsigned layer, JsonBuilder *json);

static void build_signers(JsonBuilder *json, const GPtrArray *signers)
{
        json_builder_set_member_name(json, "signers");
        json_builder_begin_array(json);
        for (guint i = 0; i < signers->len; i++) {
                const struct up_cms_signer *signer = signers->pdata[i];
                json_builder_begin_object(json);
                up_tool_json_text(json, "who", signer->who);
                up_tool_json_text(json, "algorithm", signer->algorithm);
                up_tool_json_text(json, "signed-at", signer->signed_at);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_structures(const struct inspection *inspection, GBytes *message, gint64 entity,
    unsigned layer, JsonBuilder *json)
{
        json_builder_set_member_name(json, "cms");
        json_builder_begin_array(json);
        for (guint i = 0; i < inspection->structures->len; i++) {
                const struct structure *structure = inspection->structures->pdata[i];
                const struct up_cms_report *report = &structure->report;

                if (structure->message != message || structure->entity != entity)
                        continue;
                json_builder_begin_object(json);
                up_tool_json_text(json, "kind", report->kind);
                up_tool_json_text(json, "signature", up_grade_names[report->grade]);
                up_tool_json_text(json, "signature-reason", report->grade_reason);
                up_tool_json_bool(json, "trusted", report->trusted);
                up_tool_json_text(json, "trust-reason", report->trust_reason);
                build_signers(json, report->signers);
                json_builder_set_member_name(json, "content");
                if (report->content != NULL)
                        build_message(inspection, report->content, layer + 1, json);
                else
                        json_builder_add_null_value(json);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_ambiguities(JsonBuilder *json, const struct up_ambiguities *found, int entity)
{
        json_builder_set_member_name(json, "ambiguities");
        json_builder_begin_array(json);
        for (unsigned i = 0; i < found->count; i++) {
                const struct up_ambiguity_hit *hit = &found->hits[i];
                const struct up_ambiguity_row *row = &up_ambiguity_rows[hit->row];
                if (hit->entity != entity)
                        continue;
                json_builder_begin_object(json);
                up_tool_json_text(json, "name", row->name);
                up_tool_json_text(json, "what", row->what);
                up_tool_json_text(json, "source", row->source);
                up_tool_json_number(json, "at", (gint64)hit->offset);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_gmime(JsonBuilder *json, GBytes *message, struct up_observations *ignored)
{
        g_autoptr(GPtrArray) ours = up_sights_of_entities(message, ignored);
        g_autoptr(GPtrArray) gmime = sights_of_gmime(message, ignored);
        guint differing;

        up_tool_json_text(json, "gmime-differs-in", up_sights_difference(ours, gmime, &differing));
        json_builder_set_member_name(json, "gmime");
        json_builder_begin_array(json);
        for (guint i = 0; i < gmime->len; i++) {
                const struct up_sight *sight = gmime->pdata[i];
                json_builder_begin_object(json);
                up_tool_json_number(json, "depth", sight->depth);
                up_tool_json_text(json, "type", sight->type);
                up_tool_json_text(json, "encoding", sight->encoding);
                up_tool_json_text(json, "file", sight->filename);
                up_tool_json_number(json, "content-bytes", (gint64)sight->bytes);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_message(
    const struct inspection *inspection, GBytes *message, unsigned layer, JsonBuilder *json)
{
        struct up_observations ignored;

        up_observations_init(&ignored, &inspection->observed.limits, inspection->observed.now_s);
        g_autoptr(GPtrArray) entities = up_entities_read(message, &ignored);
        struct up_ambiguities ambiguities = up_ambiguities_find(message, entities);
        json_builder_begin_object(json);
        up_tool_json_number(json, "bytes", (gint64)g_bytes_get_size(message));
        build_structures(inspection, message, BARE, layer, json);
        json_builder_set_member_name(json, "entities");
        json_builder_begin_array(json);
        for (guint i = 0; i < entities->len; i++) {
                const struct up_entity *entity = entities->pdata[i];
                g_autofree char *type = type_text(entity);

                json_builder_begin_object(json);
                up_tool_json_number(json, "parent", entity->parent);
                up_tool_json_text(json, "type", type);
                up_tool_json_text(
                    json, "encoding", g_mime_content_encoding_to_string(entity->encoding));
                up_tool_json_text(json, "file", entity->filename);
                up_tool_json_number(
                    json, "header-bytes", (gint64)(entity->header.end - entity->header.begin));
                up_tool_json_number(
                    json, "body-bytes", (gint64)(entity->body.end - entity->body.begin));
                build_ambiguities(json, &ambiguities, (int)i);
                build_structures(inspection, message, (gint64)entity->header.begin, layer, json);
                g_autoptr(GBytes) decoded = up_entity_decoded_composite(message, entity);
                json_builder_set_member_name(json, "decoded");
                if (decoded != NULL && layer < inspection->observed.limits.layers)
                        build_message(inspection, decoded, layer + 1, json);
                else
                        json_builder_add_null_value(json);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
        build_gmime(json, message, &ignored);
        json_builder_end_object(json);
        up_observations_clear(&ignored);
}

static void build_head(JsonBuilder *json, const struct up_case *c)
{
        json_builder_set_member_name(json, "head");
        json_builder_begin_array(json);
        for (int key = 0; key < UP_CASE_KEY_COUNT; key++) {
                g_auto(GStrv) lines = head_lines(c, (enum up_case_key_id)key);
                for (char **line = lines; *line != NULL; line++)
                        json_builder_add_string_value(json, *line);
        }
        json_builder_end_array(json);
}

static void build_complaints(JsonBuilder *json, const GPtrArray *complaints)
{
        json_builder_set_member_name(json, "complaints");
        json_builder_begin_array(json);
        for (guint i = 0; i < complaints->len; i++) {
                const struct up_complaint *complaint = complaints->pdata[i];
                json_builder_begin_object(json);
                up_tool_json_number(json, "line", complaint->place.line);
                up_tool_json_number(json, "column", complaint->place.column);
                up_tool_json_text(json, "text", complaint->text);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_limits(JsonBuilder *json, const struct up_observations *observed)
{
        json_builder_set_member_name(json, "limits");
        json_builder_begin_array(json);
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = observed->remarks->pdata[i];
                if (remark->kind == UP_REMARK_LIMIT)
                        json_builder_add_string_value(json, remark->detail);
        }
        json_builder_end_array(json);
}

static void print_json(const struct inspection *inspection, bool strict)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "file", inspection->name);
        up_tool_json_bool(json, "has-head", inspection->has_head);
        build_complaints(json, inspection->complaints);
        if (!strict) {
                build_head(json, inspection->c);
                json_builder_set_member_name(json, "message");
                build_message(inspection, inspection->c->message, 0, json);
                up_tool_json_bool(json, "unscannable", inspection->observed.unscannable);
                build_limits(json, &inspection->observed);
        }
        json_builder_end_object(json);
        up_tool_print_json(json);
}

/* --- the command ------------------------------------------------------------------------------ */

#define COLUMNS     80
#define HELP_INDENT 6

static void append_wrapped(GString *text, const char *what, unsigned indent)
{
        g_autofree char *wrapped = up_tool_wrap(what, indent);

        g_string_append_printf(text, "%s\n", wrapped);
}

/* The verb with its arguments; a choice too long for one line is continued on the next. */
static void append_verb(GString *text, const struct up_verb *verb)
{
        gsize begin = text->len;

        g_string_append_printf(
            text, "  %s%s%s", verb->name, *verb->arguments != '\0' ? " " : "", verb->arguments);
        if (text->len - begin > COLUMNS) {
                const char *bar = g_strrstr_len(text->str + begin, COLUMNS, "|");
                if (bar != NULL)
                        g_string_insert(text, bar + 1 - text->str, "\n      ");
        }
        g_string_append_printf(text, "\n%*s", HELP_INDENT, "");
        append_wrapped(text, verb->what, HELP_INDENT);
}

/* The keys, settings and verbs of a head, and the ambiguities: from the tables that are used. */
static char *help(void)
{
        static const unsigned name_columns = 21, value_columns = 11;
        GString *text =
            g_string_new("FILE is any message; - is standard input. One that begins with\n"
                         "`unpend-case: 1` is a case: a head of the keys below, then the message\n"
                         "as it is. The exit status is 0; with --strict, 1 if there is a\n"
                         "complaint; 2 if FILE cannot be read.\n\nKeys of the head:\n");
        struct up_policy standard;

        for (int i = 0; i < UP_CASE_KEY_COUNT; i++) {
                g_string_append_printf(text, "  %-18s ", up_case_key_rows[i].name);
                append_wrapped(text, up_case_key_rows[i].what, name_columns);
        }
        g_string_append(text, "\nSettings of policy:, with their defaults:\n");
        up_policy_init(&standard);
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                g_autofree char *value = up_policy_get(&standard, &setting);
                g_string_append_printf(text, "  %-18s %-10s ", setting.name, value);
                append_wrapped(text, setting.what, name_columns + value_columns);
        }
        g_string_append(text, "\nWhat makes a message ambiguous:\n");
        for (size_t i = 0; i < UP_AMBIGUITY_COUNT; i++) {
                g_string_append_printf(
                    text, "  %s\n%*s", up_ambiguity_rows[i].name, HELP_INDENT, "");
                append_wrapped(text, up_ambiguity_rows[i].what, HELP_INDENT);
        }
        g_string_append(text, "\nEvents of script:\n");
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                append_verb(text, &up_verb_rows[i]);
        g_string_truncate(text, text->len - 1);
        return g_string_free(text, FALSE);
}

int up_tool_inspect(int argc, char **argv)
{
        gboolean strict = FALSE, json = FALSE;
        const GOptionEntry entries[] = {
                { "strict", 0, 0, G_OPTION_ARG_NONE, &strict,
                    "print only the complaints about the head", NULL },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
                G_OPTION_ENTRY_NULL,
        };
        g_autofree char *text = help();
        int status = up_tool_options(&argc, &argv, entries, "FILE", text);
        if (status >= 0)
                return status;
        if (argc != 2)
                return up_tool_usage(argc < 2 ? "no FILE given" : "more than one FILE");

        g_autoptr(GError) error = NULL;
        g_autofree char *path = up_tool_input_path(argv[1], &error);
        g_autoptr(GBytes) file = path != NULL ? up_tool_read_file(path, &error) : NULL;
        if (file == NULL)
                return up_tool_fail(UP_STATUS_USAGE, "%s", error->message);

        struct inspection inspection;
        inspection_init(&inspection, path, file);
        if (!strict) {
                up_random_restart(0);
                up_smime_walk(
                    inspection.c->message, &inspection.observed, keep_structure, &inspection);
        }
        if (json)
                print_json(&inspection, strict);
        else if (strict)
                print_complaints(&inspection);
        else
                print_text(&inspection);
        status = strict && inspection.complaints->len > 0 ? UP_STATUS_FOUND : UP_STATUS_PASSED;
        inspection_clear(&inspection);
        return status;
}
