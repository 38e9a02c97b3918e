/*
 * campaign_report - lines for each target, then each finding with the commands to go on
 */
#include "tools/campaign/campaign_report.h"

#include <stdio.h>
#include <string.h>

#include "ledger/page.h"
#include "tools/exec/run.h"
#include "tools/cli/tool.h"

/* Root causes: all of them, or those that are new. */
static unsigned count_root_causes(const struct up_result *result, bool new_only)
{
        unsigned count = 0;

        for (guint i = 0; i < result->findings->len; i++) {
                const struct up_campaign_finding *found = g_ptr_array_index(result->findings, i);
                count += found->root_cause == NULL && (found->is_new || !new_only);
        }
        return count;
}

unsigned up_result_new(const struct up_result *result)
{
        return count_root_causes(result, true);
}

static double share(uint64_t part, uint64_t whole)
{
        return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

static void print_line(const struct up_result *result)
{
        const struct up_progress *counted = &result->counted;
        const unsigned *edges = result->reached.covered;
        double runs = (double)counted->executions;

        printf("%-11s%9" G_GUINT64_FORMAT "%7.0f%6.0f%%%8" G_GUINT64_FORMAT "%6u%6u%8u%7u%5u%5u\n",
            result->target, counted->executions, result->worker_s > 0 ? runs / result->worker_s : 0,
            share(counted->mutants, counted->executions), result->examined, edges[UP_CODE_OURS],
            edges[UP_CODE_GMIME], edges[UP_CODE_OPENSSL], result->corpus, up_result_new(result),
            count_root_causes(result, false));
}

#define INDENT 13 /* of the text behind a name */

static void print_text(const char *name, const char *text)
{
        g_autofree char *wrapped = up_tool_wrap(text, INDENT);

        printf("  %-10s %s\n", name, wrapped);
}

static void print_consequences(
    const struct up_result *result, const struct up_campaign_finding *root)
{
        for (guint i = 0; i < result->findings->len; i++) {
                const struct up_campaign_finding *found = g_ptr_array_index(result->findings, i);
                g_autofree char *text = NULL;
                if (found->root_cause != root)
                        continue;
                text = g_strdup_printf(
                    "%s: %s", up_class_rows[found->finding->class].name, found->finding->signature);
                print_text("with it", text);
        }
}

static void print_finding(const struct up_result *result, const struct up_campaign_finding *found)
{
        const struct up_class_row *class = &up_class_rows[found->finding->class];
        const struct up_evidence_row *evidence = &up_evidence_rows[found->finding->evidence];
        g_autofree char *shown = g_strdup_printf("%s: %s", evidence->name, evidence->what);
        g_autofree char *path = up_tool_quote(found->path);
        g_autofree char *fault = up_tool_fault_option(found->fault);

        up_tool_print_coloured(stdout, found->is_new ? UP_RED : UP_DIM, "\n%s%s",
            found->is_new          ? "new: "
            : found->known != NULL ? "known: "
                                   : "seen before: ",
            class->name);
        printf(" in %s, %s\n", result->target, class->what);
        if (found->finding->evidence != UP_EVIDENCE_NONE)
                print_text("evidence", shown);
        printf("  signature  %s\n", found->finding->signature);
        print_text("detail", found->finding->detail);
        print_consequences(result, found);
        printf("  case       %s (%" G_GSIZE_FORMAT " bytes)\n", path, found->bytes);
        if (found->known != NULL)
                printf("  known      %s\n", found->known);
        printf("  reproduce  %s repro --flavour asan --target %s%s %s\n", up_tool_program(),
            result->target, fault, path);
        if (found->known == NULL) {
                g_autofree char *promote = up_tool_promote_command(
                    "asan", result->target, found->fault, found->finding, found->path);
                printf("  keep       %s\n", promote);
        }
}

/* An oracle that judged nothing proved nothing. A target without a pipeline has no such lines. */
static void print_judged(const struct up_result *result)
{
        static const char idle_name[] = "nothing for ";
        g_autoptr(GPtrArray) idle = g_ptr_array_new();
        unsigned busy = 0;

        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                if (result->counted.judged[i] == 0)
                        g_ptr_array_add(idle, (char *)up_oracle_rows[i].name);
        if (idle->len == UP_ORACLE_COUNT)
                return;
        printf("\njudged in %s, by each oracle", result->target);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                if (result->counted.judged[i] > 0)
                        printf("%s%-22s%12" G_GUINT64_FORMAT, busy++ % 2 == 0 ? "\n" : "   ",
                            up_oracle_rows[i].name, result->counted.judged[i]);
        putchar('\n');
        if (idle->len == 0)
                return;
        g_ptr_array_add(idle, NULL);
        g_autofree char *names =
            up_tool_wrap_items((char **)idle->pdata, ",", (unsigned)strlen(idle_name));
        printf("%s%s\n", idle_name, names);
}

/* How far the mutator gets: past signatures, and into states of the machine. */
static void print_reach(const struct up_result *result)
{
        const struct up_progress *counted = &result->counted;
        g_autofree char *mutants = up_page_number(counted->mutants);
        unsigned transitions = up_progress_transitions(counted);

        if (result->verifies && counted->mutants > 0)
                printf("\n%s: of %s mutants %.0f %% verify, %.0f %% fail by the digest alone\n",
                    result->target, mutants, share(counted->mutants_verified, counted->mutants),
                    share(counted->mutants_digest_only, counted->mutants));
        if (transitions > 0)
                printf("\n%s: %u steps from a state to another one were seen\n", result->target,
                    transitions);
        if (result->waiting > 0)
                printf("\n%s: %u inputs still wait to be examined; the next campaign does it\n",
                    result->target, result->waiting);
        if (result->unmerged)
                printf("\n%s: there was no time to merge the corpus\n", result->target);
}

static bool is_triaged(const struct up_result *result, const char *slug)
{
        for (guint i = 0; i < result->findings->len; i++) {
                const struct up_campaign_finding *found = g_ptr_array_index(result->findings, i);
                if (strcmp(found->slug, slug) == 0)
                        return true;
        }
        return false;
}

/* Inputs move when they were triaged. */
static char *find_input(const struct up_sighting *sighting)
{
        g_autofree char *folder = g_path_get_dirname(sighting->path);
        g_autofree char *name = g_path_get_basename(sighting->path);
        g_autofree char *moved = g_build_filename(folder, UP_CRASHES_DONE, name, NULL);

        return up_tool_quote(g_file_test(moved, G_FILE_TEST_EXISTS) ? moved : sighting->path);
}

/* After an interruption what was seen and not triaged; else hangs that ended within the longer
 * limit of repro. Of a crash that is not seen again there is a finding. */
static void print_untriaged(const struct up_result *result, bool interrupted)
{
        const char *what =
            interrupted ? "found, not minimised" : "slow, but within the limit of repro";

        for (guint i = 0; i < result->sightings.seen->len; i++) {
                const struct up_sighting *sighting = result->sightings.seen->pdata[i];
                g_autofree char *path = find_input(sighting);
                g_autofree char *fault = up_tool_fault_option(result->fault);

                if (is_triaged(result, sighting->slug) ||
                    (!interrupted &&
                        strcmp(sighting->class, up_class_rows[UP_CLASS_HANG].name) != 0))
                        continue;
                up_tool_print_coloured(stdout, UP_RED, "\n%s: %s", what, sighting->class);
                printf(" in %s\n  signature  %s\n  input      %s\n", result->target,
                    sighting->signature, path);
                printf("  reproduce  %s repro --flavour asan --target %s%s %s\n", up_tool_program(),
                    result->target, fault, path);
        }
}

void up_result_print_text(GPtrArray *results, bool interrupted)
{
        puts("                runs    per     of   exam-  edges of            inputs findings\n"
             "target              second mutants  ined  ours GMime OpenSSL corpus  new  all");
        for (guint i = 0; i < results->len; i++)
                print_line(g_ptr_array_index(results, i));
        for (guint i = 0; i < results->len; i++)
                print_reach(g_ptr_array_index(results, i));
        for (guint i = 0; i < results->len; i++)
                print_judged(g_ptr_array_index(results, i));
        for (guint i = 0; i < results->len; i++) {
                const struct up_result *result = g_ptr_array_index(results, i);
                if (result->counted.first_finding > 0 && result->findings->len > 0)
                        printf("\nthe first finding in %s came after %" G_GUINT64_FORMAT
                               " runs of one worker, %.1f s\n",
                            result->target, result->counted.first_finding,
                            (double)result->counted.first_finding_ms / 1000);
                for (guint j = 0; j < result->findings->len; j++) {
                        const struct up_campaign_finding *found =
                            g_ptr_array_index(result->findings, j);
                        if (found->root_cause == NULL)
                                print_finding(result, found);
                }
                print_untriaged(result, interrupted);
        }
}

static void build_finding(JsonBuilder *json, const struct up_campaign_finding *found)
{
        json_builder_begin_object(json);
        up_finding_build_members(found->finding, json);
        up_tool_json_text(json, "slug", found->slug);
        up_tool_json_text(json, "path", found->path);
        up_tool_json_text(json, "fault", found->fault);
        up_tool_json_number(json, "bytes", (gint64)found->bytes);
        up_tool_json_text(json, "known", found->known);
        up_tool_json_text(json, "with", found->root_cause != NULL ? found->root_cause->slug : NULL);
        up_tool_json_bool(json, "new", found->is_new);
        json_builder_end_object(json);
}

static void build_sightings(JsonBuilder *json, const struct up_result *result)
{
        json_builder_set_member_name(json, "seen");
        json_builder_begin_array(json);
        for (guint i = 0; i < result->sightings.seen->len; i++) {
                const struct up_sighting *sighting = result->sightings.seen->pdata[i];
                json_builder_begin_object(json);
                up_tool_json_text(json, "slug", sighting->slug);
                up_tool_json_text(json, "class", sighting->class);
                up_tool_json_text(json, "signature", sighting->signature);
                up_tool_json_text(json, "path", sighting->path);
                json_builder_end_object(json);
        }
        json_builder_end_array(json);
}

static void build_edges(JsonBuilder *json, const char *name, const unsigned *edges)
{
        json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
        for (int i = 0; i < UP_CODE_COUNT; i++)
                up_tool_json_number(json, up_code_names[i], edges[i]);
        json_builder_end_object(json);
}

static void build_judged(JsonBuilder *json, const struct up_result *result)
{
        json_builder_set_member_name(json, "judged");
        json_builder_begin_object(json);
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                up_tool_json_number(
                    json, up_oracle_rows[i].name, (gint64)result->counted.judged[i]);
        json_builder_end_object(json);
}

static void build_result(JsonBuilder *json, const struct up_result *result)
{
        json_builder_begin_object(json);
        up_tool_json_text(json, "target", result->target);
        up_tool_json_text(json, "fault", result->fault);
        up_tool_json_number(json, "executions", (gint64)result->counted.executions);
        up_tool_json_number(json, "verified", (gint64)result->counted.verified);
        up_tool_json_number(json, "digest-only", (gint64)result->counted.digest_only);
        up_tool_json_number(json, "mutants", (gint64)result->counted.mutants);
        up_tool_json_number(json, "mutants-verified", (gint64)result->counted.mutants_verified);
        up_tool_json_number(
            json, "mutants-digest-only", (gint64)result->counted.mutants_digest_only);
        up_tool_json_number(json, "transitions", up_progress_transitions(&result->counted));
        up_tool_json_number(json, "unscannable", (gint64)result->counted.unscannable);
        up_tool_json_number(json, "first-finding", (gint64)result->counted.first_finding);
        json_builder_set_member_name(json, "first-finding-seconds");
        json_builder_add_double_value(json, (double)result->counted.first_finding_ms / 1000);
        up_tool_json_number(json, "corpus", result->corpus);
        build_judged(json, result);
        json_builder_set_member_name(json, "seconds");
        json_builder_add_double_value(json, result->worker_s);
        build_edges(json, "edges", result->reached.covered);
        build_edges(json, "edges-there-are", result->reached.total);
        up_tool_json_number(json, "examined", (gint64)result->examined);
        up_tool_json_number(json, "waiting", result->waiting);
        up_tool_json_bool(json, "merged", !result->unmerged);
        build_sightings(json, result);
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < result->findings->len; i++)
                build_finding(json, g_ptr_array_index(result->findings, i));
        json_builder_end_array(json);
        json_builder_end_object(json);
}

void up_result_print_json(GPtrArray *results, const char *folder)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "folder", folder);
        json_builder_set_member_name(json, "targets");
        json_builder_begin_array(json);
        for (guint i = 0; i < results->len; i++)
                build_result(json, g_ptr_array_index(results, i));
        json_builder_end_array(json);
        json_builder_end_object(json);
        up_tool_print_json(json);
}
