/*
 * unpend machine - the two tables of the pipeline's machine, as text, picture or JSON
 *
 * All of it is read from the tables (scan_submit/machine.h). With a planted fault it is the fault's
 * machine, where it has one, and the rows that differ are marked.
 */
#include "tools/cli/tool.h"

#include <string.h>

#include "faults/faults.h"
#include "ledger/ledger.h"
#include "scan_submit/scan_submit.h"

/* A row of either table; the tables have different types, and the same shape. */
struct row {
        bool allowed;
        unsigned next;
        enum up_disposition disposition; /* of recipients */
        unsigned actions;
};

/* One of the two tables. */
struct table {
        const char *name;
        unsigned states, events;
        const char *const *state_names;
        const char *const *event_names;
        struct row (*row)(const struct up_machine *machine, unsigned state, unsigned event);
};

/* Empty while there is none. */
static const char *disposition_name(const struct row *row)
{
        return row->disposition != UP_DISPOSITION_NONE ? up_disposition_names[row->disposition]
                                                       : "";
}

static struct row content_row(const struct up_machine *machine, unsigned state, unsigned event)
{
        const struct up_content_row *row = &machine->content[state][event];

        return (struct row){ row->allowed, row->next, UP_DISPOSITION_NONE, row->actions };
}

static struct row recipient_row(const struct up_machine *machine, unsigned state, unsigned event)
{
        const struct up_recipient_row *row = &machine->recipient[state][event];

        return (struct row){ row->allowed, row->next, row->disposition, row->actions };
}

static const struct table tables[] = {
        { "content", UP_CONTENT_STATE_COUNT, UP_CONTENT_EVENT_COUNT, up_content_state_names,
            up_content_event_names, content_row },
        { "recipient", UP_RECIPIENT_STATE_COUNT, UP_RECIPIENT_EVENT_COUNT, up_recipient_state_names,
            up_recipient_event_names, recipient_row },
};

/* A row with what is said of it. */
struct cell {
        const struct table *table;
        unsigned state, event;
        struct row row;
        bool replaced; /* by the fault */
        char *actions; /* "count arm-retry"; owned */
};

static char *actions_text(unsigned actions)
{
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < up_action_count; i++)
                if ((actions & (1U << i)) != 0)
                        g_string_append_printf(
                            text, "%s%s", text->len > 0 ? " " : "", up_action_names[i]);
        return g_string_free(text, FALSE);
}

static bool rows_differ(const struct row *a, const struct row *b)
{
        return a->allowed != b->allowed ||
               (a->allowed && (a->next != b->next || a->disposition != b->disposition ||
                                  a->actions != b->actions));
}

/* Calls @visit for each row that there is, or that the fault took away, in the order of the tables.
 */
static void each_cell(const struct table *table, const struct up_machine *machine,
    void (*visit)(const struct cell *cell, void *data), void *data)
{
        for (unsigned state = 0; state < table->states; state++)
                for (unsigned event = 0; event < table->events; event++) {
                        struct row healthy = table->row(&up_machine, state, event);
                        struct cell cell = { .table = table, .state = state, .event = event };

                        cell.row = table->row(machine, state, event);
                        cell.replaced = rows_differ(&cell.row, &healthy);
                        if (!cell.row.allowed && !cell.replaced)
                                continue;
                        cell.actions = actions_text(cell.row.allowed ? cell.row.actions : 0);
                        visit(&cell, data);
                        g_free(cell.actions);
                }
}

static const char *next_name(const struct cell *cell)
{
        return cell->row.allowed ? cell->table->state_names[cell->row.next] : "(no row)";
}

/* --- text of 80 columns ----------------------------------------------------------------------- */

#define TEXT_FORMAT    "%c %-11s %-10s %-11s %-11s %s\n"
#define ACTION_INDENT  50
#define ACTION_COLUMNS 30

/* The actions do not all fit behind the rest: those that do not go below. */
static void print_cell(const struct cell *cell, void *data)
{
        g_auto(GStrv) words = g_strsplit(cell->actions, " ", -1);
        g_autoptr(GString) actions = g_string_new(NULL);
        unsigned *last_state = data;
        bool first = *last_state != cell->state;
        size_t at = 0;

        for (char **word = words; *word != NULL; word++) {
                if (at > 0 && at + 1 + strlen(*word) > ACTION_COLUMNS) {
                        g_string_append_printf(actions, "\n%*s", ACTION_INDENT, "");
                        at = 0;
                }
                g_string_append_printf(actions, "%s%s", at > 0 ? " " : "", *word);
                at += strlen(*word) + (at > 0 ? 1 : 0);
        }
        g_autofree char *line = g_strdup_printf(TEXT_FORMAT, cell->replaced ? '!' : ' ',
            first ? cell->table->state_names[cell->state] : "",
            cell->table->event_names[cell->event], next_name(cell), disposition_name(&cell->row),
            actions->str);
        g_strchomp(line);
        puts(line);
        *last_state = cell->state;
}

static void print_text(const struct up_machine *machine, const char *fault)
{
        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
                unsigned last_state = G_MAXUINT;

                if (i > 0)
                        putchar('\n');
                up_tool_print_coloured(stdout, UP_BOLD, "%s", tables[i].name);
                puts("");
                printf(TEXT_FORMAT, ' ', "state", "event", "next", "disposition", "actions");
                each_cell(&tables[i], machine, print_cell, &last_state);
        }
        if (fault != NULL)
                printf("\n! is a row that the fault %s replaces.\n", fault);
}

/* --- picture ---------------------------------------------------------------------------------- */

/*
 * Rows that lead from one state to one other are one edge, and those of them that do the same share
 * a line of its label. A recipient's last state is drawn once for each disposition, for that is
 * what a reader looks for. Rows that lead back to their own state and do nothing are left out.
 */
#define LABEL_COLUMNS 16
#define NODE_FORMAT   "                \"%s/%s"

static void keep_cell(const struct cell *cell, void *data)
{
        GArray *cells = data;
        struct cell kept = *cell;

        if (!cell->row.allowed)
                return;
        if (cell->row.next == cell->state && cell->row.actions == 0 && !cell->replaced)
                return;
        kept.actions = g_strdup(cell->actions);
        g_array_append_val(cells, kept);
}

static void cell_clear(void *data)
{
        g_free(((struct cell *)data)->actions);
}

/* What a row leads to, as the picture names it; the caller owns it. */
static char *next_node(const struct cell *cell)
{
        const char *disposition = disposition_name(&cell->row);

        return g_strdup_printf("%s/%s%s%s", cell->table->name,
            cell->table->state_names[cell->row.next], *disposition != '\0' ? "/" : "", disposition);
}

static bool same_edge(const struct cell *a, const struct cell *b)
{
        return a->state == b->state && a->row.next == b->row.next &&
               a->row.disposition == b->row.disposition && a->replaced == b->replaced;
}

/* Is @cell the first of the cells for which @same holds? Each edge, and each line, has one such. */
static bool is_first(const GArray *cells, const struct cell *cell,
    bool (*same)(const struct cell *a, const struct cell *b))
{
        const struct cell *other = &g_array_index(cells, struct cell, 0);

        while (!same(other, cell))
                other++;
        return other == cell;
}

static bool same_line(const struct cell *a, const struct cell *b)
{
        return same_edge(a, b) && strcmp(a->actions, b->actions) == 0;
}

/* The events of all rows that do what @first does, then in grey what that is. */
static void print_line(const GArray *cells, const struct cell *first)
{
        size_t at = 0;

        for (guint i = 0; i < cells->len; i++) {
                const struct cell *cell = &g_array_index(cells, struct cell, i);
                const char *event = cell->table->event_names[cell->event];
                if (!same_line(cell, first))
                        continue;
                if (at >= LABEL_COLUMNS)
                        at = (printf(",<br/>"), 0);
                at += (size_t)printf("%s%s", at > 0 ? ", " : "", event);
        }
        printf("<br/>");
        if (*first->actions != '\0')
                printf("<font color=\"gray40\" point-size=\"8\">%s</font><br/>", first->actions);
}

static void print_edges(const GArray *cells)
{
        for (guint i = 0; i < cells->len; i++) {
                const struct cell *cell = &g_array_index(cells, struct cell, i);
                if (!is_first(cells, cell, same_edge))
                        continue;
                g_autofree char *next = next_node(cell);
                printf("                \"%s/%s\" -> \"%s\" [label=<", cell->table->name,
                    cell->table->state_names[cell->state], next);
                for (guint j = i; j < cells->len; j++) {
                        const struct cell *other = &g_array_index(cells, struct cell, j);
                        if (same_edge(other, cell) && is_first(cells, other, same_line))
                                print_line(cells, other);
                }
                printf(">%s];\n", cell->replaced ? ", color=red, fontcolor=red" : "");
        }
}

static bool leads_on(const GArray *cells, unsigned state)
{
        for (guint i = 0; i < cells->len; i++)
                if (g_array_index(cells, struct cell, i).state == state)
                        return true;
        return false;
}

static bool is_reached(const GArray *cells, unsigned state, enum up_disposition disposition)
{
        for (guint i = 0; i < cells->len; i++) {
                const struct row *row = &g_array_index(cells, struct cell, i).row;
                if (row->next == state && row->disposition == disposition)
                        return true;
        }
        return false;
}

/* The states that lead on, or the ends: those have two borders. */
static void print_nodes(const struct table *table, const GArray *cells, bool ends)
{
        for (unsigned state = 0; state < table->states; state++) {
                bool drawn = false;

                if (leads_on(cells, state) == ends)
                        continue;
                for (unsigned i = UP_DISPOSITION_NONE + 1; i < UP_DISPOSITION_COUNT; i++) {
                        if (!is_reached(cells, state, (enum up_disposition)i))
                                continue;
                        printf(NODE_FORMAT "/%s\" [label=\"%s\"];\n", table->name,
                            table->state_names[state], up_disposition_names[i],
                            up_disposition_names[i]);
                        drawn = true;
                }
                if (!drawn)
                        printf(NODE_FORMAT "\" [label=\"%s\"];\n", table->name,
                            table->state_names[state], table->state_names[state]);
        }
}

static void print_cluster(const struct table *table, const struct up_machine *machine)
{
        g_autoptr(GArray) cells = g_array_new(FALSE, FALSE, sizeof(struct cell));

        g_array_set_clear_func(cells, cell_clear);
        each_cell(table, machine, keep_cell, cells);
        printf("        subgraph cluster_%s {\n"
               "                label=\"%s\";\n",
            table->name, table->name);
        print_nodes(table, cells, false);
        puts("                {\n"
             "                rank=same;\n"
             "                node [peripheries=2];");
        print_nodes(table, cells, true);
        puts("                }");
        print_edges(cells);
        puts("        }");
}

/* Of two clusters beside each other graphviz draws the later one above. */
static void print_dot(const struct up_machine *machine)
{
        puts("digraph machine {\n"
             "        graph [rankdir=LR, nodesep=0.25, ranksep=0.25, fontname=\"sans-serif\",\n"
             "                color=gray70];\n"
             "        node [shape=box, style=rounded, height=0.35, fontname=\"sans-serif\",\n"
             "                fontsize=11];\n"
             "        edge [arrowsize=0.7, fontname=\"sans-serif\", fontsize=9];");
        for (size_t i = G_N_ELEMENTS(tables); i > 0; i--)
                print_cluster(&tables[i - 1], machine);
        puts("}");
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void build_cell(const struct cell *cell, void *data)
{
        g_auto(GStrv) words = g_strsplit(cell->actions, " ", -1);
        JsonBuilder *json = data;

        json_builder_begin_object(json);
        up_tool_json_text(json, "state", cell->table->state_names[cell->state]);
        up_tool_json_text(json, "event", cell->table->event_names[cell->event]);
        up_tool_json_text(
            json, "next", cell->row.allowed ? cell->table->state_names[cell->row.next] : NULL);
        up_tool_json_text(json, "disposition",
            cell->row.disposition != UP_DISPOSITION_NONE
                ? up_disposition_names[cell->row.disposition]
                : NULL);
        json_builder_set_member_name(json, "actions");
        json_builder_begin_array(json);
        for (char **word = words; *word != NULL; word++)
                json_builder_add_string_value(json, *word);
        json_builder_end_array(json);
        up_tool_json_bool(json, "replaced", cell->replaced);
        json_builder_end_object(json);
}

static void print_json(const struct up_machine *machine, const char *fault)
{
        g_autoptr(JsonBuilder) json = json_builder_new();

        json_builder_begin_object(json);
        up_tool_json_text(json, "fault", fault);
        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
                json_builder_set_member_name(json, tables[i].name);
                json_builder_begin_array(json);
                each_cell(&tables[i], machine, build_cell, json);
                json_builder_end_array(json);
        }
        json_builder_end_object(json);
        up_tool_print_json(json);
}

/* --- the command ------------------------------------------------------------------------------ */

int up_tool_machine(int argc, char **argv)
{
        const struct up_machine *machine = &up_machine;
        gboolean dot = FALSE, json = FALSE;
        g_autofree char *fault = NULL;
        const GOptionEntry entries[] = {
                { "dot", 0, 0, G_OPTION_ARG_NONE, &dot, "a picture, for graphviz", NULL },
                { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
                { "fault", 0, 0, G_OPTION_ARG_STRING, &fault,
                    "the machine of this fault, and which rows it replaces", "NAME" },
                G_OPTION_ENTRY_NULL,
        };
        int status = up_tool_options(&argc, &argv, entries, NULL,
            "What becomes of a message (content) and of each of its recipients. An event that is\n"
            "not listed in a state cannot come there. A picture:\n"
            "  unpend machine --dot | dot -Tsvg >machine.svg");

        if (status >= 0)
                return status;
        if (argc > 1)
                return up_tool_usage("unexpected argument %s", argv[1]);
        if (dot && json)
                return up_tool_usage("--dot or --json, not both");
        if (fault != NULL && !up_tool_check_faults(fault))
                return UP_STATUS_USAGE;
        if (fault != NULL)
                machine = up_scan_submit_machine(up_fault_plant(fault));
        if (dot)
                print_dot(machine);
        else if (json)
                print_json(machine, fault);
        else
                print_text(machine, fault);
        return UP_STATUS_PASSED;
}
