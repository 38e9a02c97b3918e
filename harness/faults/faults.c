/*
 * faults - the table, and how a fault is planted
 *
 * A pipeline is made for each text that names faults, from parts of the reference: its machine with
 * the rows replaced, its scan client with the decorators round it, the first one innermost.
 */
#include "faults/faults.h"

#include <string.h>

#include "faults/scan_clients.h"
#include "scan_submit/scan_submit.h"

/*
 * Success without a verdict is taken for "retry later", and the message for one that was just
 * taken in: no attempt is counted, and the lifetime begins anew.
 */
static const struct up_fault_content retries_without_counting = { UP_CONTENT_SCANNING,
        UP_CONTENT_NO_VERDICT,
        { true, UP_CONTENT_SCAN_WAIT, UP_DO_ARM_RETRY | UP_DO_ARM_EXPIRY | UP_DO_LOG_RETRY } };

const struct up_fault_row up_fault_rows[UP_FAULTS] = {
        { "kb843545",
            "the pipeline's own scan client loses the verdict on clear-signed mail of local users, "
            "success and error code 0x0; that is taken for \"retry later\" with neither an attempt "
            "nor the lifetime counted",
            "Microsoft KB843545, KB842801; Exchange Server 2003, event 348",
            &retries_without_counting, { .read = up_client_loses_verdict } },
        { "boundary-overrun",
            "the scan client copies the boundary of a multipart into a buffer of the 70 bytes that "
            "RFC 2046 allows, and does not look how long it is",
            "CVE-2002-0833; Eudora 5.1.1", NULL, { .peek = up_client_overruns_boundary } },
        { "word-loop",
            "the scan client looks for the end of an encoded word in a header, and where there "
            "is none begins again at the same place",
            "https://bugs.python.org/issue37764, CPython's email package", NULL,
            { .peek = up_client_loops_in_word } },
        { "charset-leak",
            "the scan client keeps the name of a part's charset, and forgets to free it where it "
            "gives up at one that it does not know",
            "https://github.com/cyrusimap/cyrus-imapd/issues/2963", NULL,
            { .peek = up_client_leaks_charset } },
};

const struct up_fault_row *up_fault_find(const char *name)
{
        for (size_t i = 0; i < UP_FAULTS; i++)
                if (strcmp(up_fault_rows[i].name, name) == 0)
                        return &up_fault_rows[i];
        return NULL;
}

char **up_fault_names(const char *names)
{
        char **split = g_strsplit(names, ",", -1);

        if (split[0] != NULL)
                return split;
        g_strfreev(split);
        return g_strdupv((char *[]){ (char *)"", NULL });
}

static bool are_all_in(const char *names, const char *others)
{
        g_auto(GStrv) these = up_fault_names(names);
        g_auto(GStrv) those = up_fault_names(others);

        for (char **name = these; *name != NULL; name++)
                if (!g_strv_contains((const char *const *)those, *name))
                        return false;
        return true;
}

bool up_fault_same(const char *names, const char *others)
{
        if (names == NULL || others == NULL)
                return names == others;
        return are_all_in(names, others) && are_all_in(others, names);
}

/* --- planting ------------------------------------------------------------------------------------
 */

struct sick {
        struct up_machine machine;
        struct up_client clients[UP_FAULTS];
        struct up_scan_submit_parts parts;
        struct up_pipeline pipeline;
};

static void replace_row(struct sick *sick, const struct up_fault_content *content)
{
        sick->machine.content[content->state][content->event] = content->row;
        sick->parts.machine = &sick->machine;
}

static void put_round(struct sick *sick, const struct up_fault_row *fault)
{
        struct up_client *client = &sick->clients[fault - up_fault_rows];

        if (client->within != NULL) /* named twice */
                return;
        *client = fault->client;
        client->within = sick->parts.client;
        sick->parts.client = client;
}

/* NULL when one of them is none. */
static struct sick *sick_new(const char *names)
{
        g_auto(GStrv) each = up_fault_names(names);
        struct sick *sick = g_new0(struct sick, 1);

        sick->machine = up_machine;
        sick->parts = (struct up_scan_submit_parts){ &up_machine, &up_client };
        for (char **name = each; *name != NULL; name++) {
                const struct up_fault_row *fault = up_fault_find(*name);
                if (fault == NULL) {
                        g_free(sick);
                        return NULL;
                }
                if (fault->content != NULL)
                        replace_row(sick, fault->content);
                put_round(sick, fault);
        }
        sick->pipeline = up_scan_submit_with(g_intern_string(names), &sick->parts);
        return sick;
}

const struct up_pipeline *up_fault_plant(const char *names)
{
        static GMutex mutex;        /* a gate asks in many threads */
        static GHashTable *planted; /* names to struct sick */
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&mutex);
        struct sick *sick;

        if (planted == NULL)
                planted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        sick = g_hash_table_lookup(planted, names);
        if (sick == NULL && (sick = sick_new(names)) != NULL)
                g_hash_table_insert(planted, g_strdup(names), sick);
        return sick != NULL ? &sick->pipeline : NULL;
}
