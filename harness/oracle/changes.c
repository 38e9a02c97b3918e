/*
 * changes - does the pipeline name each change of a view?
 *
 * The world looks at all recipients once more at the end of a run. A view that has changed since
 * the last step was not named in the call that changed it: what was observed of the run until then
 * cannot be relied on. A recipient that is gone is none of this: it is lost (delivery.c).
 */
#include "oracle/oracles.h"

uint64_t up_judge_changes(const struct up_ledger_index *index, GPtrArray *findings)
{
        guint last = index->steps->len;

        if (last == 0 || up_index_step(index, last - 1)->whole)
                return index->recipients->len;
        for (guint at = up_index_step(index, last - 1)->begin;
             at < up_index_step(index, last - 1)->end; at++) {
                const struct up_index_change *change = index->subjects[at].change;
                if (change == NULL || change->gone)
                        continue;
                g_autofree char *signature =
                    g_strdup_printf("a change was not named: %s", up_state_of(change));
                up_report(index, findings, UP_CLASS_HARNESS, change->recipient->message,
                    change->recipient, at, signature,
                    "it is in state %s at the end, which for_each_changed() did not report",
                    up_state_of(change));
        }
        return index->recipients->len;
}
