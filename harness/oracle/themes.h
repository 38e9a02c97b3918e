/*
 * themes - the oracles by theme, for the table in judge.c; see there what each judges
 *
 * Each appends its findings and returns how many things it judged.
 */
#ifndef UP_ORACLE_THEMES_H
#define UP_ORACLE_THEMES_H

#include "oracle/account.h"

/* pending.c: does every recipient come to an end, and is it seen to come nearer? */
uint64_t up_judge_unowned(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_no_progress(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_no_wakeup(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_cycle(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_spin(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_past_bound(const struct up_account *account, GPtrArray *findings);

/* starved.c: is everybody's turn to come? */
uint64_t up_judge_starved(const struct up_account *account, GPtrArray *findings);

/* delivery.c: who got what, how often, and might it be given to them? */
uint64_t up_judge_lost(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_duplicate(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_delivered_infected(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_delivered_unscanned(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_stray(const struct up_account *account, GPtrArray *findings);

/* content.c: are the bytes still those that came in, and those that were scanned? */
uint64_t up_judge_altered(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_scanned_sent(const struct up_account *account, GPtrArray *findings);

/* notices.c: is every failure reported, once, to whom it concerns? */
uint64_t up_judge_no_notice(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_notice_loop(const struct up_account *account, GPtrArray *findings);
uint64_t up_judge_mail_loop(const struct up_account *account, GPtrArray *findings);

/* compare.c: two runs beside each other. */
uint64_t up_compare_healed(const struct up_accounts *accounts, GPtrArray *findings);
uint64_t up_compare_again(const struct up_accounts *accounts, GPtrArray *findings);
uint64_t up_compare_steady(const struct up_accounts *accounts, GPtrArray *findings);

/* reasons.c: what an operator is told. */
uint64_t up_judge_reasons(const struct up_account *account, GPtrArray *findings);

#endif
