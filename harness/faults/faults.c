#include "faults/faults.h"

#include <string.h>

#include "faults/scan_clients.h"
#include "scan_submit/scan_submit.h"

/*
 * Success without a verdict is treated as "retry later" and the message as new: no attempt is
 * counted, and the lifetime starts again.
 */
static const struct up_fault_content retries_without_counting = { UP_CONTENT_SCANNING,
        UP_CONTENT_NO_VERDICT,
        { true, UP_CONTENT_SCAN_WAIT, UP_DO_ARM_RETRY | UP_DO_ARM_EXPIRY | UP_DO_LOG_RETRY } };

/* Mail that the scanner refuses to judge goes on as if it were clean. */
static const struct up_fault_content passes_unscannable = { UP_CONTENT_SCANNING, UP_CONTENT_OPAQUE,
        { true, UP_CONTENT_CLEARED, UP_DO_DECIDE } };

const struct up_fault_row up_fault_rows[] = {
        { "kb843545",
            "the pipeline's own scan client loses the verdict on clear-signed mail of local users, "
            "success and error code 0x0; that is treated as \"retry later\", and neither attempts "
            "nor "
            "the lifetime are counted",
            "Microsoft KB843545, KB842801; Exchange Server 2003, event 348",
            &retries_without_counting, { .read = up_client_loses_verdict } },
        { "boundary-overrun",
            "the scan client copies the boundary of a multipart into a buffer of the 70 bytes that "
            "RFC 2046 allows, without a check of its length",
            "CVE-2002-0833; Eudora 5.1.1", NULL, { .peek = up_client_overruns_boundary } },
        { "word-loop",
            "the scan client searches for the end of an encoded word in a header, and if there is "
            "none starts again at the same place",
            "https://bugs.python.org/issue37764, CPython's email package", NULL,
            { .peek = up_client_loops_in_word } },
        { "charset-leak",
            "the scan client copies the name of a part's charset, and does not free it on the way "
            "out for an unknown one",
            "https://github.com/cyrusimap/cyrus-imapd/issues/2963", NULL,
            { .peek = up_client_leaks_charset } },
        { "unscannable-passes",
            "a message that the scanner calls unscannable, because readers may differ about it, is "
            "treated as clean",
            "https://gitlab.com/amavis/amavis/-/issues/112, the default of Amavis",
            &passes_unscannable, { .read = NULL } },
};

const size_t up_fault_count = G_N_ELEMENTS(up_fault_rows);

const struct up_fault_row *up_fault_find(const char *name)
{
        for (size_t i = 0; i < up_fault_count; i++)
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

/* --- planting --------------------------------------------------------------------------------- */

/* Parts of the reference, changed, and the pipeline made of them. */
struct faulty {
        struct up_machine machine;
        struct up_client clients[G_N_ELEMENTS(up_fault_rows)];
        struct up_scan_submit_parts parts;
        struct up_pipeline pipeline;
};

static void replace_row(struct faulty *faulty, const struct up_fault_content *content)
{
        faulty->machine.content[content->state][content->event] = content->row;
        faulty->parts.machine = &faulty->machine;
}

/* The first fault's decorator is the innermost. */
static void decorate_client(struct faulty *faulty, const struct up_fault_row *fault)
{
        struct up_client *client = &faulty->clients[fault - up_fault_rows];

        if (client->within != NULL) /* named twice */
                return;
        *client = fault->client;
        client->within = faulty->parts.client;
        faulty->parts.client = client;
}

static struct faulty *faulty_new(const char *names)
{
        g_auto(GStrv) each = up_fault_names(names);
        struct faulty *faulty = g_new0(struct faulty, 1);

        faulty->machine = up_machine;
        faulty->parts = (struct up_scan_submit_parts){ &up_machine, &up_client };
        for (char **name = each; *name != NULL; name++) {
                const struct up_fault_row *fault = up_fault_find(*name);
                if (fault == NULL) {
                        g_free(faulty);
                        return NULL;
                }
                if (fault->content != NULL)
                        replace_row(faulty, fault->content);
                decorate_client(faulty, fault);
        }
        faulty->pipeline = up_scan_submit_with(g_intern_string(names), &faulty->parts);
        return faulty;
}

const struct up_pipeline *up_fault_plant(const char *names)
{
        static GMutex mutex;
        static GHashTable *planted; /* struct faulty by names */
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&mutex);
        struct faulty *faulty;

        if (planted == NULL)
                planted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        faulty = g_hash_table_lookup(planted, names);
        if (faulty == NULL && (faulty = faulty_new(names)) != NULL)
                g_hash_table_insert(planted, g_strdup(names), faulty);
        return faulty != NULL ? &faulty->pipeline : NULL;
}
