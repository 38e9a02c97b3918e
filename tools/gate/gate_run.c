/*
 * gate_run - one case, or all cases of a target in one process, run and judged
 *
 * A case with a `known:` line shows a bug in a library. Where that library is built from source
 * at that very version, the case must fail as its `finding:` says. The system's library may have
 * been patched by the distribution, and is not instrumented: there the bug may not be visible.
 *
 * A case with a `fault:` line is run twice: as it is it must pass, and with that fault planted it
 * must show the finding that it names, so that the test itself is tested each time. Where it names
 * no finding it must pass even then.
 *
 * A batch starts beside the cases that are in it, without those of known breakages, since these end
 * the process. Where another case of it turns out to fail, the batch is run again without.
 */
#include <string.h>

#include "faults/faults.h"
#include "fuzz/targets.h"
#include "tools/cli/tool.h"
#include "tools/gate/gate.h"

/* A hang is taken for one where the case with its fault takes so much longer than without. */
#define HANG_FACTOR 5

/* So many cases are run in one process; more of a target are run in several. */
#define BATCH_CASES 500

/* Known hangs and too large allocations come first: they take as long as their limits. */
#define COST_OF_LIMIT ((gsize)1 << 30)

static bool expects(const struct up_case *c, enum up_class class)
{
        return g_strcmp0(c->finding, up_class_rows[class].name) == 0;
}

/* --- one case ----------------------------------------------------------------------------- */

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
                return UP_GATE_SKIPPED;
        item->problem = g_strdup("known breakage vanished: remove the known: line");
        return UP_GATE_FAILED;
}

/* The outcome of a run that says nothing about its case; negative for others. */
static int judge_status(struct up_gate_item *item, const struct up_run *run)
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

static bool has_class(const struct up_run *run, enum up_class class)
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

        if (has_class(item->faulted, UP_CLASS_NONDETERMINISTIC))
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
                    "%s changes nothing in target %s: remove `fault:`", c->fault, target);
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
        item->cost = size;
        item->c = up_case_read(data, size, complaints);
        if (complaints->len == 0)
                return NULL;
        complaint = g_ptr_array_index(complaints, 0);
        return g_strdup_printf("%s:%u:%u: %s", item->path, complaint->place.line,
            complaint->place.column, complaint->text);
}

void up_gate_read_case(const struct up_gate *gate, struct up_gate_item *item)
{
        if (item->problem == NULL)
                item->problem = read_case(item);
        if (item->problem == NULL && item->target == NULL)
                item->problem =
                    g_strdup("its folder names no target: move it to " UP_GATE_FOLDER "/TARGET/");
        if (item->problem == NULL && item->c->fault != NULL && gate->fault == NULL)
                item->problem = fault_complaint(item->c, item->target);
        if (item->problem == NULL &&
            (expects(item->c, UP_CLASS_HANG) || expects(item->c, UP_CLASS_MEMORY)))
                item->cost += COST_OF_LIMIT;
}

/* Where work is not counted, time that is out of proportion shows a hang. */
static unsigned hang_limit_s(const struct up_gate *gate, const struct up_run *healthy)
{
        unsigned most_s = up_run_hang_limit_s(&(struct up_run_request){ .flavour = gate->flavour });

        return gate->flavour->counts_edges
                   ? most_s
                   : (unsigned)CLAMP(1 + HANG_FACTOR * healthy->seconds, 1, most_s);
}

/* A case that passes as it is, and names a fault. */
static enum up_gate_outcome run_faulted(
    const struct up_gate *gate, struct up_gate_item *item, struct up_run_request *request)
{
        int outcome;

        request->fault = item->c->fault;
        if (expects(item->c, UP_CLASS_HANG))
                request->limit_s = hang_limit_s(gate, item->run);
        item->faulted = up_runner_run(gate->runner, request);
        outcome = judge_status(item, item->faulted);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        item->problem = fault_problem(item);
        return item->problem == NULL ? UP_GATE_PASSED : UP_GATE_FAILED;
}

enum up_gate_outcome up_gate_run_case(const struct up_gate *gate, struct up_gate_item *item)
{
        struct up_run_request request = { .flavour = gate->flavour,
                .target = item->target,
                .path = item->path,
                .fault = gate->fault,
                .repeat = true };
        int outcome;

        if (item->problem != NULL)
                return UP_GATE_FAILED;
        request.tight_memory = item->c->known.name != NULL && expects(item->c, UP_CLASS_MEMORY);
        item->run = up_runner_run(gate->runner, &request);
        outcome = judge_status(item, item->run);
        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        if (item->c->known.name != NULL)
                return judge_known(gate, item);
        if (item->run->status != UP_RUN_PASSED)
                return UP_GATE_FAILED;
        if (item->c->fault == NULL || gate->fault != NULL)
                return UP_GATE_PASSED;
        return run_faulted(gate, item, &request);
}

/* --- all of a target in one process ----------------------------------------------------------- */

/* What another process must repeat; NULL if the case has no single outcome. */
static const char *settled_outcome(const struct up_gate_item *item)
{
        return item->run != NULL && !has_class(item->run, UP_CLASS_NONDETERMINISTIC)
                   ? item->run->outcome
                   : NULL;
}

/* The same disorder each time: no two neighbours stay neighbours. */
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

static struct up_gate_item *batch_new(const char *target)
{
        struct up_gate_item *item = g_new0(struct up_gate_item, 1);

        item->kind = UP_GATE_BATCH;
        item->path = g_strdup_printf("%s: cases in one process, in disorder", target);
        item->target = target;
        item->cases = g_ptr_array_new();
        return item;
}

static bool belongs_in_batch(const struct up_gate_item *item, bool settled)
{
        return settled ? settled_outcome(item) != NULL
                       : item->problem == NULL && item->c->known.name == NULL;
}

/* Appends, for a target, as many as its cases need. */
static void add_batches(
    const struct up_gate *gate, GPtrArray *batches, const char *target, bool settled)
{
        g_autoptr(GPtrArray) items = g_ptr_array_new();
        g_autoptr(GPtrArray) mixed = NULL;
        struct up_gate_item *batch = NULL;

        for (guint i = 0; i < gate->items->len; i++) {
                struct up_gate_item *item = gate->items->pdata[i];
                if (g_strcmp0(item->target, target) == 0 && belongs_in_batch(item, settled))
                        g_ptr_array_add(items, item);
        }
        mixed = in_disorder(items);
        for (guint i = 0; i < mixed->len; i++) {
                struct up_gate_item *item = mixed->pdata[i];
                if (i % BATCH_CASES == 0) {
                        batch = batch_new(target);
                        g_ptr_array_add(batches, batch);
                }
                g_ptr_array_add(batch->cases, item);
                batch->cost += item->cost % COST_OF_LIMIT;
        }
}

GPtrArray *up_gate_batches(const struct up_gate *gate, bool settled)
{
        GPtrArray *batches = g_ptr_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(up_target_rows); i++)
                add_batches(gate, batches, up_target_rows[i].name, settled);
        return batches;
}

static char **paths_of(const struct up_gate_item *batch)
{
        char **paths = g_new0(char *, batch->cases->len + 1);

        for (guint i = 0; i < batch->cases->len; i++)
                paths[i] = ((const struct up_gate_item *)batch->cases->pdata[i])->path;
        return paths;
}

void up_gate_run_batch(const struct up_gate *gate, struct up_gate_item *batch)
{
        g_autofree char **paths = paths_of(batch);

        up_run_free(batch->run);
        batch->run = up_run_batch(
            &(struct up_run_request){
                .flavour = gate->flavour, .target = batch->target, .fault = gate->fault },
            paths);
}

bool up_gate_is_settled(const struct up_gate_item *batch)
{
        for (guint i = 0; i < batch->cases->len; i++)
                if (settled_outcome(batch->cases->pdata[i]) == NULL)
                        return false;
        return true;
}

enum up_gate_outcome up_gate_judge_batch(struct up_gate_item *batch)
{
        g_autofree char **paths = paths_of(batch);
        g_autofree char **outcomes = g_new0(char *, batch->cases->len + 1);
        int outcome = judge_status(batch, batch->run);

        if (outcome >= 0)
                return (enum up_gate_outcome)outcome;
        for (guint i = 0; i < batch->cases->len; i++)
                outcomes[i] = ((const struct up_gate_item *)batch->cases->pdata[i])->run->outcome;
        up_run_compare_batch(batch->run, paths, outcomes);
        return batch->run->result.findings->len > 0 ? UP_GATE_FAILED : UP_GATE_PASSED;
}

/* --- oracles ------------------------------------------------------------------------------ */

/* The target whose cases the others judge. */
#define PIPELINE "scan_submit"

/* All that ran on a target, added up. */
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
        for (size_t i = 0; i < up_mail_oracle_count; i++) {
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
