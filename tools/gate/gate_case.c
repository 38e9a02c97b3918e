/*
 * gate_case - one case of a gate, run and judged
 *
 * A case with a `known:` line shows a bug in a library. Where that library is built from source
 * at that very version, the case must fail as its `finding:` says. The system's library may have
 * been patched by the distribution, and is not instrumented: there the bug may be out of sight.
 *
 * A case with a `fault:` line is run twice: as it is it must pass, and with that fault planted it
 * must show the finding that it names. So the test is tested, each time. Where it names no finding
 * it must pass even then: what a fault does not touch belongs to its description.
 */
#include <string.h>

#include "faults/faults.h"
#include "tools/gate/gate.h"
#include "tools/exec/flavour.h"
#include "tools/cli/tool.h"

static bool built_from_source(const struct up_gate *gate, const struct up_known *known)
{
        for (guint i = 0; gate->flavour->from_source && i < gate->libraries->len; i++) {
                const struct up_library *library = g_ptr_array_index(gate->libraries, i);
                if (g_strcmp0(library->name, known->name) == 0)
                        return g_strcmp0(library->version, known->version) == 0;
        }
        return false;
}

/* Where edges are counted a loop that eats memory is out of fuel before memory is full. */
static bool is_of_class(
    const struct up_gate *gate, const struct up_finding *finding, const char *class)
{
        return g_strcmp0(up_class_rows[finding->class].name, class) == 0 ||
               (gate->flavour->counts_edges && finding->class == UP_CLASS_HANG &&
                   g_strcmp0(class, up_class_rows[UP_CLASS_MEMORY].name) == 0);
}

static bool all_of_class(const struct up_gate *gate, const struct up_run *run, const char *class)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                if (!is_of_class(gate, finding, class))
                        return false;
        }
        return true;
}

static enum up_gate_outcome judge_known(const struct up_gate *gate, struct up_gate_item *item)
{
        if (item->run->status == UP_RUN_FOUND) {
                if (all_of_class(gate, item->run, item->c->finding))
                        return UP_GATE_KNOWN;
                item->problem =
                    g_strdup_printf("not the known breakage, which is a finding of class %s",
                        item->c->finding != NULL ? item->c->finding
                                                 : "(the case has no finding: line)");
                return UP_GATE_FAILED;
        }
        if (!built_from_source(gate, &item->c->known))
                return UP_GATE_OUT_OF_SIGHT;
        item->problem = g_strdup("known breakage vanished: take the known: line away");
        return UP_GATE_FAILED;
}

int up_gate_judge_status(struct up_gate_item *item, const struct up_run *run)
{
        switch (run->status) {
        case UP_RUN_INTERRUPTED:
                return UP_GATE_INTERRUPTED;
        case UP_RUN_UNRUNNABLE:
                item->problem = g_strdup(run->reason);
                return UP_GATE_FAILED;
        case UP_RUN_PASSED:
        case UP_RUN_FOUND:
                break;
        }
        return -1;
}

static enum up_gate_outcome judge(const struct up_gate *gate, struct up_gate_item *item)
{
        int outcome = up_gate_judge_status(item, item->run);

        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        if (item->c->known.name != NULL)
                return judge_known(gate, item);
        return item->run->status == UP_RUN_PASSED ? UP_GATE_PASSED : UP_GATE_FAILED;
}

bool up_gate_has_class(const struct up_run *run, enum up_class class)
{
        for (guint i = 0; i < run->result.findings->len; i++) {
                const struct up_finding *finding = g_ptr_array_index(run->result.findings, i);
                if (finding->class == class)
                        return true;
        }
        return false;
}

/* What is wrong with the test, or NULL. The caller owns the result. */
static char *fault_problem(const struct up_gate_item *item)
{
        const struct up_case *c = item->c;
        const char *comma = c->evidence != NULL ? ", " : "";
        const char *evidence = c->evidence != NULL ? c->evidence : "";
        g_autofree char *found = NULL;

        if (up_gate_has_class(item->faulted, UP_CLASS_NONDETERMINISTIC))
                return g_strdup_printf("under --fault %s it had two outcomes", c->fault);
        if (c->finding == NULL ? item->faulted->status == UP_RUN_PASSED
                               : up_run_expected_finding(item->faulted, c) != NULL)
                return NULL;
        if (item->faulted->result.findings->len == 0)
                return g_strdup_printf("under --fault %s it passed, and should show %s%s%s",
                    c->fault, c->finding, comma, evidence);
        found = up_run_describe_findings(item->faulted);
        if (c->finding == NULL)
                return g_strdup_printf("under --fault %s it showed %s, and should pass: it has no "
                                       "`finding:` line",
                    c->fault, found);
        return g_strdup_printf("under --fault %s it showed %s, and should show %s%s%s", c->fault,
            found, c->finding, comma, evidence);
}

/* What cannot be judged at all, before anything is run; NULL: all is well. */
static char *fault_complaint(const struct up_case *c, const char *target)
{
        if (up_fault_plant(c->fault) == NULL)
                return g_strdup_printf(
                    "there is no fault `%s`: unpend faults lists what there is", c->fault);
        if (!up_tool_faults_apply(target, c->fault))
                return g_strdup_printf(
                    "%s changes nothing in target %s: take `fault:` away", c->fault, target);
        return NULL;
}

/* Reads the case strictly: a regression is a valid file. What is wrong with it, or NULL. */
static char *read_case(struct up_gate_item *item)
{
        g_autoptr(GPtrArray) complaints = up_complaints_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = up_tool_read_file(item->path, &error);
        const struct up_complaint *complaint;
        const void *data;
        gsize size;

        if (bytes == NULL)
                return g_strdup(error->message);
        data = g_bytes_get_data(bytes, &size);
        item->c = up_case_read(data, size, complaints);
        if (complaints->len == 0)
                return NULL;
        complaint = g_ptr_array_index(complaints, 0);
        return g_strdup_printf("%s:%u:%u: %s", item->path, complaint->place.line,
            complaint->place.column, complaint->text);
}

/* A case that passes as it is, and names a fault. */
static enum up_gate_outcome run_faulted(
    const struct up_gate *gate, struct up_gate_item *item, struct up_run_request *order)
{
        order->fault = item->c->fault;
        if (g_strcmp0(item->c->finding, up_class_rows[UP_CLASS_HANG].name) == 0)
                order->limit_s = up_run_hang_limit_s(order);
        item->faulted = up_runner_run(gate->runner, order);
        int outcome = up_gate_judge_status(item, item->faulted);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        item->problem = fault_problem(item);
        return item->problem == NULL ? UP_GATE_PASSED : UP_GATE_FAILED;
}

enum up_gate_outcome up_gate_run_case(const struct up_gate *gate, struct up_gate_item *item)
{
        const char *target = item->target;

        if (item->problem == NULL)
                item->problem = read_case(item);
        if (item->problem != NULL)
                return UP_GATE_FAILED;
        if (target == NULL) {
                item->problem =
                    g_strdup("its folder names no target: move it to " UP_GATE_FOLDER "/TARGET/");
                return UP_GATE_FAILED;
        }
        if (item->c->fault != NULL && gate->fault == NULL)
                item->problem = fault_complaint(item->c, target);
        if (item->problem != NULL)
                return UP_GATE_FAILED;
        struct up_run_request order = { .flavour = gate->flavour,
                .target = target,
                .path = item->path,
                .fault = gate->fault,
                .repeat = true };
        item->run = up_runner_run(gate->runner, &order);
        enum up_gate_outcome outcome = judge(gate, item);
        if (outcome != UP_GATE_PASSED || item->c->fault == NULL || gate->fault != NULL)
                return outcome;
        return run_faulted(gate, item, &order);
}
