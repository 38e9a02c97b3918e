/*
 * finding - the lists of classes and of evidence, and the oracles of observations
 */
#include "oracle/finding.h"

#include <string.h>

/* clang-format off */
const struct up_class_row up_class_rows[UP_CLASS_COUNT] = {
        [UP_CLASS_PENDING] = { "pending", "an accepted message never reaches a disposition", true },
        [UP_CLASS_LOST] = { "lost", "an accepted message disappeared", true },
        [UP_CLASS_DUPLICATE] = { "duplicate", "a recipient got a message more than once", true },
        [UP_CLASS_DELIVERED_INFECTED] = { "delivered-infected",
            "a message that the scanner called infected was delivered", true },
        [UP_CLASS_DELIVERED_UNSCANNED] = { "delivered-unscanned",
            "a message that policy wants scanned was delivered without", true },
        [UP_CLASS_ALTERED] = { "altered", "content or envelope of a message was changed", true },
        [UP_CLASS_NO_NOTICE] = { "no-notice", "the failure of a recipient was not reported, or not readably", true },
        [UP_CLASS_NOTICE_LOOP] = { "notice-loop", "a notice caused notices", true },
        [UP_CLASS_MAIL_LOOP] = { "mail-loop", "a looping message was not recognised", true },
        [UP_CLASS_STRAY] = { "stray", "a message was sent that was never submitted, or a notice that is not true", true },
        [UP_CLASS_UNAVAILABLE] = { "unavailable",
            "a valid message was refused in a healthy environment", true },
        [UP_CLASS_LATE] = { "late",
            "a recipient waited in a healthy environment, for longer than healthy attempts take",
            true },
        [UP_CLASS_AGAINST_POLICY] = { "against-policy",
            "what happened is not what policy, verdicts, replies and commands ask for", true },
        [UP_CLASS_DISOBEYED] = { "disobeyed", "an administrator's command had no effect", true },
        [UP_CLASS_WORSE_WHEN_HEALED] = { "worse-when-healed",
            "a recipient fared worse although the environment became healthy", true },
        [UP_CLASS_ERROR_WITHOUT_REASON] = { "error-without-reason",
            "a call failed and no error says why", false },
        [UP_CLASS_DISAGREE] = { "disagree", "two readers see different content in one message",
            false },
        [UP_CLASS_ACCEPTED_AGAINST_STANDARD] = { "accepted-against-standard",
            "a library accepted what a standard tells receivers to refuse", false },
        [UP_CLASS_METAMORPHIC] = { "metamorphic",
            "a change that must not matter changed the outcome", false },
        [UP_CLASS_NONDETERMINISTIC] = { "nondeterministic", "the same case had two outcomes",
            false },
        [UP_CLASS_LIBRARY_CRITICAL] = { "library-critical",
            "a library logged a GLib CRITICAL or WARNING", false },
        [UP_CLASS_CRASH] = { "crash", "the process died, or a sanitizer stopped it", false },
        [UP_CLASS_LEAK] = { "leak", "memory was not freed", false },
        [UP_CLASS_HANG] = { "hang", "a call did not return", false },
        [UP_CLASS_SUPERLINEAR] = { "superlinear", "work grows faster than the message", false },
        [UP_CLASS_MEMORY] = { "memory", "memory use exceeded the limit", false },
        [UP_CLASS_HARNESS] = { "harness", "this suite itself failed, or a pipeline broke its interface", false },
};

const struct up_evidence_row up_evidence_rows[UP_EVIDENCE_COUNT] = {
        [UP_EVIDENCE_NONE] = { "", "not about a waiting message" },
        [UP_EVIDENCE_UNOWNED] = { "unowned", "nothing will move the message on" },
        [UP_EVIDENCE_NO_PROGRESS] = { "no-progress",
            "an attempt or a timer brought the message no nearer to its end" },
        [UP_EVIDENCE_NO_WAKEUP] = { "no-wakeup",
            "nothing is due or outstanding while the message waits" },
        [UP_EVIDENCE_CYCLE] = { "cycle", "the same state recurs" },
        [UP_EVIDENCE_SPIN] = { "spin", "the pipeline is busy for ever while the message waits" },
        [UP_EVIDENCE_IDLE] = { "idle", "the message could be worked on, and workers are idle" },
        [UP_EVIDENCE_STARVED] = { "starved",
            "the message could be worked on, but others are always taken first" },
        [UP_EVIDENCE_PARKED] = { "parked",
            "the message was put aside, and neither a verdict nor policy asked for it" },
        [UP_EVIDENCE_PAST_BOUND] = { "past-bound", "the message still waits after its bound" },
};

const struct up_mail_oracle up_mail_oracles[] = {
        { UP_REMARK_LOG, UP_CLASS_LIBRARY_CRITICAL, UP_COUNT_LOGS_JUDGED, { "mime", "smime" } },
        { UP_REMARK_NO_REASON, UP_CLASS_ERROR_WITHOUT_REASON, UP_COUNT_REASONS_JUDGED, { "smime" } },
        { UP_REMARK_DISAGREE, UP_CLASS_DISAGREE, UP_COUNT_DECODERS_JUDGED, { "mime", "smime" } },
        { UP_REMARK_ACCEPTED, UP_CLASS_ACCEPTED_AGAINST_STANDARD, UP_COUNT_ACCEPTED_JUDGED,
            { "smime" } },
};
/* clang-format on */

const size_t up_mail_oracle_count = G_N_ELEMENTS(up_mail_oracles);

bool up_class_by_name(const char *name, enum up_class *ret_class)
{
        for (int i = 0; i < UP_CLASS_COUNT; i++) {
                if (strcmp(up_class_rows[i].name, name) == 0) {
                        *ret_class = (enum up_class)i;
                        return true;
                }
        }
        return false;
}

bool up_evidence_by_name(const char *name, enum up_evidence *ret_evidence)
{
        /* The empty name is not an evidence. */
        for (int i = UP_EVIDENCE_NONE + 1; i < UP_EVIDENCE_COUNT; i++) {
                if (strcmp(up_evidence_rows[i].name, name) == 0) {
                        *ret_evidence = (enum up_evidence)i;
                        return true;
                }
        }
        return false;
}

const char *const up_role_names[UP_ROLE_COUNT] = {
        [UP_ROLE_NONE] = "",
        [UP_ROLE_SUBMITTED] = "submitted",
        [UP_ROLE_BYSTANDER] = "bystander",
        [UP_ROLE_COPY] = "copy",
        [UP_ROLE_NOTICE] = "notice",
};

enum up_role up_role_by_name(const char *name)
{
        for (int i = UP_ROLE_NONE + 1; i < UP_ROLE_COUNT; i++)
                if (strcmp(up_role_names[i], name) == 0)
                        return (enum up_role)i;
        return UP_ROLE_NONE;
}

struct up_finding *up_finding_new(enum up_class class, const char *signature, const char *detail)
{
        struct up_finding *finding = g_new0(struct up_finding, 1);

        finding->class = class;
        finding->evidence = UP_EVIDENCE_NONE;
        finding->recipient = G_MAXUINT;
        finding->shown_at = finding->critical_at = G_MAXUINT;
        finding->signature = g_strdup(signature);
        finding->detail = g_strdup(detail);
        return finding;
}

void up_finding_free(struct up_finding *finding)
{
        if (finding == NULL)
                return;
        g_free(finding->signature);
        g_free(finding->detail);
        g_free(finding);
}

char *up_finding_slug(const struct up_finding *finding)
{
        g_autofree char *sum =
            g_compute_checksum_for_string(G_CHECKSUM_SHA256, finding->signature, -1);

        return g_strdup_printf("%s-%.8s", up_class_rows[finding->class].name, sum);
}

void up_oracle_mail(const struct up_observations *observed, GPtrArray *findings)
{
        for (guint i = 0; i < observed->remarks->len; i++) {
                const struct up_remark *remark = g_ptr_array_index(observed->remarks, i);
                for (size_t j = 0; j < up_mail_oracle_count; j++) {
                        if (up_mail_oracles[j].remark == remark->kind)
                                g_ptr_array_add(findings, up_finding_new(up_mail_oracles[j].class,
                                                              remark->site, remark->detail));
                }
        }
}
