#include "oracle/outage.h"

#include "oracle/facts.h"

/* The recipient that bounces at the entry for want of an answer; NULL: none does. */
static const struct up_index_recipient *victim_at(struct up_facts *facts, guint at)
{
        const struct up_index_change *change = facts->index->subjects[at].change;

        if (change == NULL || change->view->disposition != UP_DISPOSITION_BOUNCED ||
            change->recipient->message->submit == NULL)
                return NULL;
        const struct up_index_change *before = facts->recipients[change->recipient->place].before;
        if (before != NULL && before->view->disposition == UP_DISPOSITION_BOUNCED)
                return NULL;
        return up_facts_is_condemned(facts, change->recipient) ? NULL : change->recipient;
}

struct up_outage up_outage_of(const struct up_ledger_index *index)
{
        struct up_outage outage = { 0 };
        struct up_facts facts;

        up_facts_init(&facts, index);
        for (guint at = 0; at < index->ledger->entries->len; at++) {
                up_facts_take(&facts, at);
                const struct up_index_recipient *victim = victim_at(&facts, at);
                if (victim == NULL)
                        continue;
                int64_t after_ms =
                    up_index_entry(index, at)->at_ms - victim->message->submit->at_ms;
                outage.earliest_ms =
                    outage.bounced == 0 ? after_ms : MIN(outage.earliest_ms, after_ms);
                outage.bounced++;
        }
        up_facts_clear(&facts);
        return outage;
}
