/*
 * reasons - does each failure in the event log say why?
 *
 * "Could not be virus scanned, Error Code 0x0" says that something failed and hides what. A failure
 * without a code or without text is a finding by itself, whatever becomes of the message.
 */
#include "oracle/oracles.h"

static const char *what_is_missing(const struct up_entry *entry)
{
        const char *text = entry->as.log.text != NULL ? entry->as.log.text : entry->text;
        bool silent = text == NULL || *text == '\0';

        if (entry->as.log.code == 0)
                return silent ? "neither error code nor text" : "error code 0";
        return silent ? "no text" : NULL;
}

static const char *or_unnamed(const char *text)
{
        return text != NULL && *text != '\0' ? text : "unnamed";
}

uint64_t up_judge_reasons(const struct up_ledger_index *index, GPtrArray *findings)
{
        uint64_t judged = 0;

        for (guint at = 0; at < index->ledger->entries->len; at++) {
                const struct up_entry *entry = up_index_entry(index, at);
                const struct up_log_entry *log = &entry->as.log;

                if (entry->kind != UP_ENTRY_LOG || !log->failure)
                        continue;
                judged++;
                const char *what = what_is_missing(entry);
                if (what == NULL)
                        continue;
                g_autofree char *signature = g_strdup_printf("%s, %s, event %u: %s",
                    or_unnamed(log->source), or_unnamed(log->category), log->event, what);
                up_report(index, findings, UP_CLASS_ERROR_WITHOUT_REASON,
                    index->subjects[at].message, NULL, at, signature,
                    "a failure was logged with %s: \"%s\"", what,
                    log->text != NULL ? log->text : "");
        }
        return judged;
}
