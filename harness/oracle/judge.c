/*
 * judge - the table of the oracles, and which of their findings are reported
 *
 * Every finding is kept with its run until all oracles are done; then those are dropped that say
 * less than another.
 */
#include "oracle/judge.h"

#include <string.h>

#define ROW_OF_RUN(id, name, class, evidence, needs, what, canary)                                 \
        { name, UP_CLASS_##class, UP_EVIDENCE_##evidence, needs, what, canary, up_##id, NULL },
#define ROW_OF_RUNS(id, name, class, evidence, needs, what, canary)                                \
        { name, UP_CLASS_##class, UP_EVIDENCE_##evidence, needs, what, canary, NULL, up_##id },

const struct up_oracle_row up_oracle_rows[UP_ORACLE_COUNT] = { UP_ORACLES(
    ROW_OF_RUN, ROW_OF_RUNS) };

/* --- which findings are reported -------------------------------------------------------------- */

struct candidate {
        struct up_finding *finding; /* owned; NULL: given away */
        unsigned run;               /* 0: baseline */
        struct up_recipient_key key;
};

static void candidate_clear(void *data)
{
        struct candidate *candidate = data;

        up_finding_free(candidate->finding);
}

static bool is_pending(const struct candidate *candidate)
{
        return candidate->finding->class == UP_CLASS_PENDING;
}

/* Of two about one recipient: that of the baseline, which has a trace; then the stronger. */
static bool says_more(const struct candidate *one, const struct candidate *other)
{
        if (one->run != other->run)
                return one->run < other->run;
        return one->finding->evidence < other->finding->evidence;
}

/* The strongest `pending` by recipient. */
static GHashTable *strongest_pending(GArray *candidates)
{
        GHashTable *best = g_hash_table_new(up_recipient_key_hash, up_recipient_key_equal);

        for (guint i = 0; i < candidates->len; i++) {
                struct candidate *candidate = &g_array_index(candidates, struct candidate, i);
                const struct candidate *other = g_hash_table_lookup(best, &candidate->key);
                if (is_pending(candidate) && (other == NULL || says_more(candidate, other)))
                        g_hash_table_replace(best, &candidate->key, candidate);
        }
        return best;
}

/* Moves the candidates that are reported to @findings, in order. */
static void report_candidates(GArray *candidates, GPtrArray *findings)
{
        if (candidates->len == 0)
                return;
        g_autoptr(GHashTable) best = strongest_pending(candidates);
        g_autoptr(GHashTable) reported =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < candidates->len; i++) {
                struct candidate *candidate = &g_array_index(candidates, struct candidate, i);
                if (is_pending(candidate) &&
                    g_hash_table_lookup(best, &candidate->key) != candidate)
                        continue;
                char *mechanism = g_strdup_printf("%s: %s",
                    up_class_rows[candidate->finding->class].name, candidate->finding->signature);
                if (g_hash_table_add(reported, mechanism))
                        g_ptr_array_add(findings, g_steal_pointer(&candidate->finding));
        }
}

/* --- calling the oracles ---------------------------------------------------------------------- */

/* Adds what an oracle found in a run. Entries of another run than the baseline mean nothing in the
 * trace, so a finding of that names its run instead. */
static void collect(GArray *candidates, GPtrArray *found, unsigned run, const char *run_name)
{
        for (guint i = 0; i < found->len; i++) {
                struct up_finding *finding = g_ptr_array_index(found, i);
                const struct candidate candidate = { finding, run,
                        { finding->message, finding->recipient } };

                if (run > 0) {
                        g_autofree char *detail = finding->detail;
                        finding->detail = g_strdup_printf("%s (%s)", detail, run_name);
                        finding->shown_at = finding->critical_at = G_MAXUINT;
                }
                g_array_append_val(candidates, candidate);
        }
        g_ptr_array_set_size(found, 0);
}

static bool is_able(const struct up_ledger_index *index, const struct up_oracle_row *row)
{
        return index != NULL && (index->ledger->capabilities & row->needs) == row->needs;
}

void up_judge(const struct up_runs *runs, struct up_judgement *judgement)
{
        const struct {
                const struct up_ledger_index *index;
                const char *name;
        } judged[] = {
                { runs->baseline, NULL },
                { runs->with_healing, "run with healing" },
                { runs->healthy, "healthy run" },
                { runs->no_clock_jumps, "run without clock jumps" },
        };
        g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));
        g_autoptr(GPtrArray) found = g_ptr_array_new(); /* its findings go to the candidates */

        g_assert(runs->baseline != NULL);
        g_array_set_clear_func(candidates, candidate_clear);
        for (size_t i = 0; i < UP_ORACLE_COUNT; i++) {
                const struct up_oracle_row *row = &up_oracle_rows[i];

                for (unsigned run = 0; row->judge != NULL && run < G_N_ELEMENTS(judged); run++) {
                        if (!is_able(judged[run].index, row))
                                continue;
                        judgement->judged[i] += row->judge(judged[run].index, found);
                        collect(candidates, found, run, judged[run].name);
                }
                if (row->compare != NULL && is_able(runs->baseline, row)) {
                        judgement->judged[i] += row->compare(runs, found);
                        collect(candidates, found, 0, NULL);
                }
        }
        report_candidates(candidates, judgement->findings);
}
