/*
 * machine - the pure machine alone, driven by the bytes of the message
 *
 * up_check_machine() runs it and checks its rules; this file turns a broken rule into a finding.
 */
#include <string.h>

#include "oracle/judge.h"
#include "scan_submit/check_machine.h"
#include "scan_submit/scan_submit.h"
#include "target/feedback.h"
#include "target/target.h"

/* What a broken rule is; it counts as judged for the oracle that finds the same in a ledger. */
static const struct {
        enum up_class class;
        enum up_evidence evidence;
} meanings[UP_RULE_COUNT] = {
        [UP_RULE_ATTEMPTS_LEFT] = { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS },
        [UP_RULE_RANK_FALLS] = { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS },
        [UP_RULE_DECISION_STAYS] = { UP_CLASS_PENDING, UP_EVIDENCE_NO_PROGRESS },
        [UP_RULE_DISPOSITION_STAYS] = { UP_CLASS_LOST, UP_EVIDENCE_NONE },
        [UP_RULE_TIMER_ARMED] = { UP_CLASS_PENDING, UP_EVIDENCE_UNOWNED },
        [UP_RULE_EXPIRY_ARMED] = { UP_CLASS_PENDING, UP_EVIDENCE_UNOWNED },
        [UP_RULE_EXPIRY_ENDS] = { UP_CLASS_PENDING, UP_EVIDENCE_PAST_BOUND },
        [UP_RULE_FINAL_HAS_DISPOSITION] = { UP_CLASS_LOST, UP_EVIDENCE_NONE },
        [UP_RULE_NO_SPIN] = { UP_CLASS_PENDING, UP_EVIDENCE_SPIN },
        [UP_RULE_WAKEUP] = { UP_CLASS_PENDING, UP_EVIDENCE_NO_WAKEUP },
        [UP_RULE_WITHIN_BOUND] = { UP_CLASS_PENDING, UP_EVIDENCE_PAST_BOUND },
};

struct recorder {
        size_t columns;
        GString *trace; /* NULL: no trace */
};

#define TRACE_INDENT 16

static void record_step(const struct up_machine_step *step, void *data)
{
        const struct recorder *recorder = data;
        GString *trace = recorder->trace;

        up_feedback_step(step->part, step->before, step->after,
            step->event != NULL ? step->attempts_left : (uint64_t)step->now_ms);
        if (trace == NULL || step->event == NULL)
                return;

        g_autofree char *time = up_ledger_time(step->now_ms);
        size_t line_start = trace->len;
        g_string_append_printf(trace, "%12s  %-9s %s + %s -> %s, rank %" G_GUINT64_FORMAT "%s",
            time, step->part, step->before, step->event, step->after, step->rank,
            step->actions != 0 ? ":" : "");
        for (unsigned i = 0; step->actions >> i != 0; i++) {
                const char *action = up_action_names[i];
                if ((step->actions & (1U << i)) == 0)
                        continue;
                if (trace->len - line_start + 1 + strlen(action) > recorder->columns) {
                        line_start = trace->len + 1;
                        g_string_append_printf(trace, "\n%*s", TRACE_INDENT, "");
                }
                g_string_append_printf(trace, " %s", action);
        }
        g_string_append_c(trace, '\n');
}

static struct up_finding *finding_of(const struct up_machine_check *check)
{
        enum up_class class = meanings[check->rule].class;
        enum up_evidence evidence = meanings[check->rule].evidence;
        const char *name = evidence != UP_EVIDENCE_NONE ? up_evidence_rows[evidence].name
                                                        : up_class_rows[class].name;
        g_autofree char *signature = g_strdup_printf("%s: %s", name, check->where);
        g_autofree char *time = up_ledger_time(check->now_ms);
        g_autofree char *detail = g_strdup_printf("at %s: %s (content %s, recipient %s)", time,
            check->broken, check->content, check->recipient);
        struct up_finding *finding = up_finding_new(class, signature, detail);

        finding->evidence = evidence;
        return finding;
}

static void examine(
    const struct up_case *c, const struct up_target_input *input, struct up_case_result *result)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(c->message, &bytes);
        g_autoptr(GString) trace = input->trace_columns > 0 ? g_string_new(NULL) : NULL;
        struct recorder recorder = { input->trace_columns, trace };
        struct up_machine_check check = {
                .machine =
                    input->faulty != NULL ? up_scan_submit_machine(input->faulty) : &up_machine,
                .policy = &c->policy,
                .null_sender = c->envelope.from[0] == '\0',
                .on_step = record_step,
                .data = &recorder,
        };

        up_check_machine(&check, data, bytes);
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++)
                for (size_t rule = 0; rule < UP_RULE_COUNT; rule++)
                        if (up_oracle_rows[i].class == meanings[rule].class &&
                            up_oracle_rows[i].evidence == meanings[rule].evidence)
                                result->judged[i] += check.checked[rule];
        if (check.broken != NULL) {
                g_ptr_array_add(result->findings, finding_of(&check));
                if (trace != NULL)
                        g_string_append_printf(trace, "  >>> %s\n", check.broken);
        }
        if (trace != NULL)
                result->trace = g_strdup(trace->str);
        g_free(check.where);
}

const struct up_target up_target = { .name = "machine",
        .examine = examine,
        .fuel = { 1000000, 10000 },
        .takes_events = true,
        .linear = true };
