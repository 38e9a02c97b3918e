/*
 * gate_oracles - had each oracle something to judge?
 *
 * One that saw nothing has proved nothing, and fails as a case does.
 */
#include "tools/gate/gate.h"

/* The target whose cases give the others something. */
#define PIPELINE "scan_submit"

/* All that ran on a target, added up. Without a case that ran, nothing could have been judged. */
struct sums {
        bool ran;
        uint64_t counts[UP_COUNTS];
        uint64_t judged[UP_ORACLE_COUNT];
};

static void add_run(struct sums *sums, const struct up_run *run)
{
        if (run == NULL)
                return;
        sums->ran = true;
        for (int i = 0; i < UP_COUNTS; i++)
                sums->counts[i] += run->result.counts[i];
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                sums->judged[i] += run->result.judged[i];
}

static void add_target(struct sums *sums, const struct up_gate *gate, const char *name)
{
        for (guint i = 0; name != NULL && i < gate->items->len; i++) {
                const struct up_gate_item *item = g_ptr_array_index(gate->items, i);
                if (g_strcmp0(item->target, name) != 0 || item->kind != UP_GATE_CASE)
                        continue;
                add_run(sums, item->run);
                add_run(sums, item->faulted);
        }
}

static void add_idle(GPtrArray *idle, const char *name, char *why)
{
        struct up_gate_item *item = g_new0(struct up_gate_item, 1);

        item->kind = UP_GATE_ORACLE;
        item->path = g_strdup_printf("the oracle of %s has something to judge", name);
        item->problem = why;
        item->outcome = UP_GATE_FAILED;
        g_ptr_array_add(idle, item);
}

/* Of those that judge what was read. */
static void add_idle_readers(const struct up_gate *gate, GPtrArray *idle)
{
        for (size_t i = 0; i < G_N_ELEMENTS(up_mail_oracles); i++) {
                struct sums sums = { 0 };
                for (size_t j = 0; j < G_N_ELEMENTS(up_mail_oracles[i].targets); j++)
                        add_target(&sums, gate, up_mail_oracles[i].targets[j]);
                if (!sums.ran || sums.counts[up_mail_oracles[i].judged] > 0)
                        continue;
                add_idle(idle, up_class_rows[up_mail_oracles[i].class].name,
                    g_strdup_printf(
                        "it saw nothing (%s is 0)", up_count_names[up_mail_oracles[i].judged]));
        }
}

/* Of those that judge a run of the pipeline. */
static void add_idle_judges(const struct up_gate *gate, GPtrArray *idle)
{
        struct sums sums = { 0 };

        add_target(&sums, gate, PIPELINE);
        for (int i = 0; sums.ran && i < UP_ORACLE_COUNT; i++) {
                if (sums.judged[i] > 0)
                        continue;
                add_idle(idle, up_oracle_rows[i].name,
                    g_strdup_printf("no case gave it %s", up_oracle_rows[i].what));
        }
}

GPtrArray *up_gate_idle_oracles(const struct up_gate *gate)
{
        GPtrArray *idle = g_ptr_array_new();

        if (gate->demands_judgement && gate->counts[UP_GATE_INTERRUPTED] == 0) {
                add_idle_readers(gate, idle);
                add_idle_judges(gate, idle);
        }
        return idle;
}
