/*
 * gate_together - each case once more, in one process with all others of its target
 *
 * In disorder, and in a process that is started afresh, so that its addresses are others, too.
 * Cases that crash have no second outcome, and a fault that is planted for one case is compared
 * within its process alone: these are left out.
 */
#include "fuzz/targets.h"
#include "tools/gate/gate.h"

/* So many cases are run in one process; more of a target are run in several. */
#define TOGETHER 500

/* What the process that runs a case among others must show again. */
static const char *settled_outcome(const struct up_gate_item *item)
{
        return item->run != NULL && !up_gate_has_class(item->run, UP_CLASS_NONDETERMINISTIC)
                   ? item->run->outcome
                   : NULL;
}

/* The same disorder each time: no two that were neighbours stay so. */
static GPtrArray *in_disorder(const GPtrArray *items)
{
        g_autofree bool *taken = g_new0(bool, items->len);
        GPtrArray *mixed = g_ptr_array_new();
        guint at = 0;

        for (guint i = 0; i < items->len; i++) {
                at = (at + 7919) % items->len;
                while (taken[at])
                        at = (at + 1) % items->len;
                taken[at] = true;
                g_ptr_array_add(mixed, items->pdata[at]);
        }
        return mixed;
}

static struct up_gate_item *together_new(const char *target)
{
        struct up_gate_item *item = g_new0(struct up_gate_item, 1);

        item->kind = UP_GATE_TOGETHER;
        item->path = g_strdup_printf("%s: cases in one process, in disorder", target);
        item->target = target;
        item->cases = g_ptr_array_new();
        return item;
}

/* Appends, for a target, as many as its cases need. */
static void add_together(const struct up_gate *gate, GPtrArray *all, const char *target)
{
        g_autoptr(GPtrArray) settled = g_ptr_array_new();
        g_autoptr(GPtrArray) mixed = NULL;
        struct up_gate_item *item = NULL;

        for (guint i = 0; i < gate->items->len; i++) {
                struct up_gate_item *one = gate->items->pdata[i];
                if (g_strcmp0(one->target, target) == 0 && settled_outcome(one) != NULL)
                        g_ptr_array_add(settled, one);
        }
        mixed = in_disorder(settled);
        for (guint i = 0; i < mixed->len; i++) {
                if (i % TOGETHER == 0) {
                        item = together_new(target);
                        g_ptr_array_add(all, item);
                }
                g_ptr_array_add(item->cases, mixed->pdata[i]);
        }
}

enum up_gate_outcome up_gate_run_together(const struct up_gate *gate, struct up_gate_item *item)
{
        g_autoptr(GPtrArray) paths = g_ptr_array_new();
        g_autoptr(GPtrArray) outcomes = g_ptr_array_new();

        for (guint i = 0; i < item->cases->len; i++) {
                const struct up_gate_item *one = item->cases->pdata[i];
                g_ptr_array_add(paths, one->path);
                g_ptr_array_add(outcomes, one->run->outcome);
        }
        g_ptr_array_add(paths, NULL);
        item->run = up_run_batch(
            &(struct up_run_request){
                .flavour = gate->flavour, .target = item->target, .fault = gate->fault },
            (char *const *)paths->pdata, (char *const *)outcomes->pdata);
        int outcome = up_gate_judge_status(item, item->run);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        return item->run->result.findings->len > 0 ? UP_GATE_FAILED : UP_GATE_PASSED;
}

GPtrArray *up_gate_together(const struct up_gate *gate)
{
        GPtrArray *all = g_ptr_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                add_together(gate, all, up_target_rows[i].name);
        return all;
}
