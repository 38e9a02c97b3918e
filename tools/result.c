/*
 * result - as text for a terminal of 80 columns, and as JSON
 */
#include "tools/result.h"

#include <stdio.h>

#include "tools/tool.h"

unsigned up_result_new(const struct up_result *result)
{
        unsigned count = 0;

        for (guint i = 0; i < result->catches->len; i++) {
                const struct up_catch *catch = g_ptr_array_index(result->catches, i);
                count += catch->is_new;
        }
        return count;
}

static void print_line(const struct up_result *result)
{
        const unsigned *edges = result->coverage.covered;
        double runs = (double)result->executions;

        printf("%-6s %9" G_GUINT64_FORMAT " %6.0f %6u %6u %8u %7u %8.2f%% %5u new,%3u in all\n",
            result->target, result->executions, result->worker_s > 0 ? runs / result->worker_s : 0,
            edges[UP_CODE_OURS], edges[UP_CODE_GMIME], edges[UP_CODE_OPENSSL], result->corpus,
            runs > 0 ? 100 * (double)result->verified / runs : 0, up_result_new(result),
            result->catches->len);
}

static void print_catch(const struct up_result *result, const struct up_catch *catch)
{
        const struct up_class_row *class = &up_class_rows[catch->finding->class];
        g_autofree char *path = up_tool_quote(catch->path);

        up_tool_paint(stdout, catch->is_new ? UP_RED : UP_DIM, "\n%s%s",
            catch->is_new          ? "new: "
            : catch->known != NULL ? "known: "
                                   : "seen before: ",
            class->name);
        printf(" in %s, %s\n", result->target, class->what);
        printf("  signature  %s\n  detail     %s\n  case       %s (%" G_GSIZE_FORMAT " bytes)\n",
            catch->finding->signature, catch->finding->detail, path, catch->bytes);
        if (catch->known != NULL)
                printf("  known      %s\n", catch->known);
        printf("  reproduce  %s repro --flavour libfuzzer --target %s %s\n", up_tool_program(),
            result->target, path);
        if (catch->known == NULL)
                printf("  keep       cp %s regressions/%s/NAME.case\n", path, result->target);
}

void up_result_print_text(GPtrArray *results)
{
        puts("            runs    per  edges of           inputs in signature   findings\n"
             "target            second   ours  GMime  OpenSSL  corpus  verified");
        for (guint i = 0; i < results->len; i++)
                print_line(g_ptr_array_index(results, i));
        for (guint i = 0; i < results->len; i++) {
                const struct up_result *result = g_ptr_array_index(results, i);
                for (guint j = 0; j < result->catches->len; j++)
                        print_catch(result, g_ptr_array_index(result->catches, j));
        }
}

static void build_catch(JsonBuilder *json, const struct up_catch *catch)
{
        json_builder_begin_object(json);
        up_tool_json_text(json, "class", up_class_rows[catch->finding->class].name);
        up_tool_json_text(json, "signature", catch->finding->signature);
        up_tool_json_text(json, "detail", catch->finding->detail);
        up_tool_json_text(json, "slug", catch->slug);
        up_tool_json_text(json, "path", catch->path);
        up_tool_json_text(json, "known", catch->known);
        up_tool_json_truth(json, "new", catch->is_new);
        json_builder_end_object(json);
}

static void build_edges(JsonBuilder *json, const char *name, const unsigned *edges)
{
        json_builder_set_member_name(json, name);
        json_builder_begin_object(json);
        for (int i = 0; i < UP_CODES; i++)
                up_tool_json_number(json, up_code_names[i], edges[i]);
        json_builder_end_object(json);
}

static void build_result(JsonBuilder *json, const struct up_result *result)
{
        json_builder_begin_object(json);
        up_tool_json_text(json, "target", result->target);
        up_tool_json_number(json, "executions", (gint64)result->executions);
        up_tool_json_number(json, "verified", (gint64)result->verified);
        up_tool_json_number(json, "corpus", result->corpus);
        json_builder_set_member_name(json, "seconds");
        json_builder_add_double_value(json, result->worker_s);
        build_edges(json, "edges", result->coverage.covered);
        build_edges(json, "edges-there-are", result->coverage.total);
        json_builder_set_member_name(json, "findings");
        json_builder_begin_array(json);
        for (guint i = 0; i < result->catches->len; i++)
                build_catch(json, g_ptr_array_index(result->catches, i));
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
