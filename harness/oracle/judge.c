/*
 * judge - the table of the oracles, and which of their findings are told
 *
 * Each run is read once (account.h), then each oracle goes through it. Every finding is kept with
 * the run it comes from until all are there; then those are dropped that say less than another.
 */
#include "oracle/judge.h"

#include <string.h>

#include "oracle/account.h"
#include "oracle/themes.h"

/* clang-format off */
#define PENDING(id) UP_CLASS_PENDING, UP_EVIDENCE_##id
#define SAFETY(id)  UP_CLASS_##id, UP_EVIDENCE_NONE

const struct up_oracle_row up_oracle_rows[UP_ORACLES] = {
        { "pending/unowned", PENDING(UNOWNED), UP_CAN_OWNER,
            "recipients that wait, and who will move them on", up_judge_unowned, NULL },
        { "pending/no-progress", PENDING(NO_PROGRESS), UP_CAN_RANK,
            "answers, timers and changes, and the rank after them", up_judge_no_progress, NULL },
        { "pending/no-wakeup", PENDING(NO_WAKEUP), 0,
            "recipients when nothing more will happen", up_judge_no_wakeup, NULL },
        { "pending/cycle", PENDING(CYCLE), UP_CAN_DIGEST,
            "states after the script, compared with each other", up_judge_cycle, NULL },
        { "pending/spin", PENDING(SPIN), 0,
            "calls that the pipeline itself asked for", up_judge_spin, NULL },
        { "pending/starved", PENDING(STARVED), UP_CAN_ELIGIBILITY,
            "recipients that could go on, and how many are taken before them",
            up_judge_starved, NULL },
        { "pending/past-bound", PENDING(PAST_BOUND), 0,
            "recipients that ended, or whose bound has passed", up_judge_past_bound, NULL },
        { "lost", SAFETY(LOST), 0,
            "accepted recipients, and every change of them", up_judge_lost, NULL },
        { "duplicate", SAFETY(DUPLICATE), 0,
            "handovers that the next hop accepted", up_judge_duplicate, NULL },
        { "delivered-infected", SAFETY(DELIVERED_INFECTED), 0,
            "verdicts that a message is infected", up_judge_delivered_infected, NULL },
        { "delivered-unscanned", SAFETY(DELIVERED_UNSCANNED), 0,
            "transactions with a message that policy wants scanned",
            up_judge_delivered_unscanned, NULL },
        { "altered", SAFETY(ALTERED), 0,
            "transactions with a message that has a signed entity", up_judge_altered, NULL },
        { "no-notice", SAFETY(NO_NOTICE), 0,
            "bounced recipients whose sender wants to know", up_judge_no_notice, NULL },
        { "notice-loop", SAFETY(NOTICE_LOOP), 0,
            "notices, and on what they are", up_judge_notice_loop, NULL },
        { "mail-loop", SAFETY(MAIL_LOOP), 0,
            "copies that came back", up_judge_mail_loop, NULL },
        { "stray", SAFETY(STRAY), 0,
            "transactions and notices, and who wanted them", up_judge_stray, NULL },
        { "disagree/scanned-sent", SAFETY(DISAGREE), 0,
            "transactions with a message that was scanned in transport",
            up_judge_scanned_sent, NULL },
        { "error-without-reason", SAFETY(ERROR_WITHOUT_REASON), 0,
            "failures in the event log", up_judge_reasons, NULL },
        { "worse-when-healed", SAFETY(WORSE_WHEN_HEALED), UP_CAN_OWNER,
            "recipients that wait when all becomes well", NULL, up_compare_healed },
        { "nondeterministic", SAFETY(NONDETERMINISTIC), 0,
            "cases that were run twice", NULL, up_compare_again },
        { "metamorphic", SAFETY(METAMORPHIC), 0,
            "dispositions in a case whose wall clock jumps", NULL, up_compare_steady },
};
/* clang-format on */

/* --- what is told ----------------------------------------------------------------------------- */

struct candidate {
        struct up_finding *finding; /* owned; NULL: given away */
        unsigned run;               /* 0 of the run as it was */
};

static void candidate_clear(void *data)
{
        struct candidate *candidate = data;
        up_finding_free(candidate->finding);
}

static guint whose_hash(gconstpointer data)
{
        const struct up_finding *finding = data;
        guint64 mixed =
            (finding->message * 31 + finding->recipient) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

        return (guint)(mixed >> 32);
}

static gboolean whose_equal(gconstpointer a, gconstpointer b)
{
        const struct up_finding *one = a, *other = b;

        return one->message == other->message && one->recipient == other->recipient;
}

static bool is_pending(const struct candidate *candidate)
{
        return candidate->finding->class == UP_CLASS_PENDING;
}

/* Of two about one recipient: that of the run as it was, which has a trace; then the stronger. */
static bool says_more(const struct candidate *one, const struct candidate *other)
{
        if (one->run != other->run)
                return one->run < other->run;
        return one->finding->evidence < other->finding->evidence;
}

/* By recipient, as a finding names it: the candidate that says most. */
static GHashTable *strongest(GArray *candidates)
{
        GHashTable *best = g_hash_table_new(whose_hash, whose_equal);

        for (guint i = 0; i < candidates->len; i++) {
                struct candidate *candidate = &g_array_index(candidates, struct candidate, i);
                const struct candidate *other;
                if (!is_pending(candidate))
                        continue;
                other = g_hash_table_lookup(best, candidate->finding);
                if (other == NULL || says_more(candidate, other))
                        g_hash_table_replace(best, candidate->finding, candidate);
        }
        return best;
}

/* Moves those that are worth telling to @findings, in order; the others stay, as keys of the table.
 */
static void tell(GArray *candidates, GPtrArray *findings)
{
        if (candidates->len == 0)
                return;
        g_autoptr(GHashTable) best = strongest(candidates);
        g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < candidates->len; i++) {
                struct candidate *candidate = &g_array_index(candidates, struct candidate, i);
                if (is_pending(candidate) &&
                    g_hash_table_lookup(best, candidate->finding) != candidate)
                        continue;
                char *mechanism = g_strdup_printf("%s: %s",
                    up_class_rows[candidate->finding->class].name, candidate->finding->signature);
                if (g_hash_table_add(told, mechanism))
                        g_ptr_array_add(findings, g_steal_pointer(&candidate->finding));
        }
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Each run but `again`, which is the first once more. */
#define JUDGED_RUNS 4

/* Entries of another run mean nothing to whoever shows the run as it was. */
static void name_run(struct up_finding *finding, const char *run)
{
        g_autofree char *detail = finding->detail;

        finding->detail = g_strdup_printf("%s (%s run)", detail, run);
        finding->shown_at = finding->critical_at = G_MAXUINT;
}

static void collect(GArray *candidates, GPtrArray *fresh, unsigned run, const char *run_name)
{
        for (guint i = 0; i < fresh->len; i++) {
                struct candidate candidate = { g_ptr_array_index(fresh, i), run };
                if (*run_name != '\0')
                        name_run(candidate.finding, run_name);
                g_array_append_val(candidates, candidate);
        }
        g_ptr_array_set_size(fresh, 0);
}

static bool is_able(const struct up_account *account, const struct up_oracle_row *row)
{
        return account != NULL && (account->ledger->capabilities & row->needs) == row->needs;
}

/* An oracle of two runs speaks in terms of the first, or names no entries. */
static void ask_all(const struct up_accounts *accounts, GArray *candidates, uint64_t *judged)
{
        const struct up_account *const runs[JUDGED_RUNS] = { accounts->baseline, accounts->healed,
                accounts->healthy, accounts->no_clock_jumps };
        /* What an oracle adds is taken over, so this array frees nothing. */
        g_autoptr(GPtrArray) fresh = g_ptr_array_new();

        for (size_t i = 0; i < UP_ORACLES; i++) {
                const struct up_oracle_row *row = &up_oracle_rows[i];
                for (unsigned run = 0; row->judge != NULL && run < JUDGED_RUNS; run++) {
                        if (!is_able(runs[run], row))
                                continue;
                        judged[i] += row->judge(runs[run], fresh);
                        collect(candidates, fresh, run, runs[run]->run);
                }
                if (row->compare != NULL && is_able(accounts->baseline, row)) {
                        judged[i] += row->compare(accounts, fresh);
                        collect(candidates, fresh, 0, "");
                }
        }
}

void up_judge(const struct up_runs *runs, struct up_judgement *judgement)
{
        g_assert(runs->baseline != NULL);
        g_autoptr(up_account) baseline = up_account_new(runs->baseline, "");
        g_autoptr(up_account) again = runs->repeat ? up_account_new(runs->repeat, "second") : NULL;
        g_autoptr(up_account) healed = runs->healed ? up_account_new(runs->healed, "healed") : NULL;
        g_autoptr(up_account) healthy =
            runs->healthy ? up_account_new(runs->healthy, "healthy") : NULL;
        g_autoptr(up_account) steady =
            runs->no_clock_jumps ? up_account_new(runs->no_clock_jumps, "steady") : NULL;
        const struct up_accounts accounts = { baseline, again, healed, healthy, steady };
        g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));

        g_array_set_clear_func(candidates, candidate_clear);
        ask_all(&accounts, candidates, judgement->judged);
        tell(candidates, judgement->findings);
}
