/*
 * play - events, settings and addresses, moved and set to where behaviour turns
 *
 * A time drawn at random is never the right one. So times are mostly those of the case's own
 * policy, exactly, a millisecond less and a millisecond more; counted from the event itself or,
 * by taking off the waits before it, from the beginning. Or they are those of an attempt: its end,
 * its midst, the tick of its retry, after some that failed. Numbers are mostly those that mean
 * something: a message that the script hands in, a recipient that there is.
 *
 * It does not run the script. Whether an event has an effect shows only in the fuzzer's feedback.
 */
#include "mutate/script_operators.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "case/latency.h"
#include "cms/identity.h"

#define ANY     "*" /* in a phrase: what the pattern of the verb allows */
#define SAME    "#" /* in a phrase: the number of one message, the same all through */
#define INSTANT "~" /* in a phrase: a time at which an attempt is under way or ends */

/* The power goes out within so many operations, mostly: a submission takes a handful. */
#define CRASH_USUALLY 48

/* Up to 8191, mostly. */
#define ALLOCATION_MAGNITUDES 13

#define RECIPIENTS_USUALLY 16

/* 9999-12-31 23:59:59 UTC, the last second that a case can be written at. */
#define TIME_MOST_S INT64_C(253402300799)

/* --- times ------------------------------------------------------------------------------------ */

static const size_t moment_fields[] = {
        offsetof(struct up_policy, lifetime_ms),
        offsetof(struct up_policy, scan_timeout_ms),
        offsetof(struct up_policy, send_timeout_ms),
        offsetof(struct up_policy, backoff_min_ms),
        offsetof(struct up_policy, backoff_max_ms),
};

/* A function, where CLAMP() would throw the rng of its argument more than once. */
static int64_t within(int64_t value, int64_t least, int64_t most)
{
        return CLAMP(value, least, most);
}

static int64_t one_around(struct up_rng *rng)
{
        return (int64_t)up_rng_below(rng, 3) - 1;
}

/* A time at which something ends under this policy, or one beside it. */
static int64_t moment_ms(struct up_draft *draft)
{
        const struct up_policy *policy = &draft->c->policy;
        size_t chosen = up_rng_below(&draft->rng, G_N_ELEMENTS(moment_fields) + 1);
        int64_t ms = chosen < G_N_ELEMENTS(moment_fields)
                         ? G_STRUCT_MEMBER(int64_t, policy, moment_fields[chosen])
                         : up_policy_bound_ms(policy);

        return ms + one_around(&draft->rng);
}

/* When an attempt of @length_ms begins, ends, or is under way, after some that failed: each failure
 * is followed by a gap, and the gaps double. */
static int64_t attempt_ms(struct up_draft *draft, int64_t length_ms)
{
        const struct up_policy *policy = &draft->c->policy;
        int64_t begin_ms = 0, gap_ms = policy->backoff_min_ms;

        for (size_t failed = up_rng_below(&draft->rng, 4); failed > 0; failed--) {
                begin_ms += length_ms + gap_ms;
                gap_ms = MIN(2 * gap_ms, policy->backoff_max_ms);
        }
        switch (up_rng_below(&draft->rng, 4)) {
        case 0:
                return begin_ms + one_around(&draft->rng);
        case 1:
                return begin_ms + length_ms / 2;
        default:
                return begin_ms + length_ms + one_around(&draft->rng);
        }
}

/* The same of a message to which nothing bad happens: it is scanned, sent, and scanned again. */
static int64_t healthy_ms(struct up_draft *draft)
{
        static const int64_t ends[] = { 0, UP_WORLD_SCAN_MS, UP_WORLD_SCAN_MS + UP_WORLD_SEND_MS,
                2 * UP_WORLD_SCAN_MS + UP_WORLD_SEND_MS };
        size_t chosen = 1 + up_rng_below(&draft->rng, G_N_ELEMENTS(ends) - 1);

        return up_rng_one_in(&draft->rng, 2) ? (ends[chosen - 1] + ends[chosen]) / 2
                                             : ends[chosen] + one_around(&draft->rng);
}

/* Counted from the submission of a message. */
static int64_t instant_ms(struct up_draft *draft)
{
        const struct up_policy *policy = &draft->c->policy;
        const int64_t lengths[] = { UP_WORLD_SCAN_MS, UP_WORLD_SEND_MS, policy->scan_timeout_ms,
                policy->send_timeout_ms };

        return up_rng_one_in(&draft->rng, 2)
                   ? healthy_ms(draft)
                   : attempt_ms(draft, lengths[up_rng_below(&draft->rng, G_N_ELEMENTS(lengths))]);
}

/* How long the script has waited before its event @at. */
static int64_t waited_ms(const struct up_case *c, guint at)
{
        int64_t sum_ms = 0, ms;

        for (guint i = 0; i < MIN(at, c->script->len); i++) {
                const struct up_event *event = c->script->pdata[i];
                if (up_event_id(event) == UP_VERB_WAIT &&
                    up_policy_parse_time(event->words[0], &ms))
                        sum_ms += ms;
        }
        return sum_ms;
}

static int64_t edge(struct up_rng *rng, int64_t least, int64_t most)
{
        const int64_t edges[] = { least, least + 1, most - 1, most };

        return edges[up_rng_below(rng, G_N_ELEMENTS(edges))];
}

static int64_t round_ms(struct up_rng *rng)
{
        static const int64_t rounds[] = { 1, 1000, 60000, 3600000, 86400000 };

        return rounds[up_rng_below(rng, G_N_ELEMENTS(rounds))] *
               (int64_t)(1 + up_rng_below(rng, 10));
}

/* For an event that stands, or is to stand, at @at. */
static int64_t choose_ms(struct up_draft *draft, guint at, int64_t least_ms, int64_t most_ms)
{
        int64_t ms;

        switch (up_rng_below(&draft->rng, 8)) {
        case 0:
                return edge(&draft->rng, least_ms, most_ms);
        case 1:
                ms = round_ms(&draft->rng);
                break;
        case 2:
                ms = moment_ms(draft) - waited_ms(draft->c, at);
                break;
        case 3:
                ms = instant_ms(draft) - waited_ms(draft->c, at);
                break;
        case 4:
        case 5:
                ms = instant_ms(draft);
                break;
        default:
                ms = moment_ms(draft);
                break;
        }
        return CLAMP(ms, least_ms, most_ms);
}

/* --- words of events -------------------------------------------------------------------------- */

/* A number under which the script hands something in, or 1. */
static int64_t choose_message(struct up_draft *draft)
{
        const GPtrArray *script = draft->c->script;
        size_t begin = up_rng_below(&draft->rng, script->len);

        for (guint i = 0; i < script->len; i++) {
                const struct up_event *event = script->pdata[(begin + i) % script->len];
                enum up_verb_id id = up_event_id(event);
                if (id == UP_VERB_SUBMIT || id == UP_VERB_BYSTANDER)
                        return g_ascii_strtoll(event->words[0], NULL, 10);
        }
        return 1;
}

/*
 * A look that meets signed mail makes some hundreds of allocations or thousands of them; the first
 * ones and the last ones are as good as those between, so every magnitude has the same chance.
 */
static int64_t choose_allocation(struct up_rng *rng)
{
        int64_t magnitude = INT64_C(1) << up_rng_below(rng, ALLOCATION_MAGNITUDES);

        return magnitude + (int64_t)up_rng_below(rng, (size_t)magnitude);
}

static int64_t choose_number(
    struct up_draft *draft, enum up_verb_id id, int64_t least, int64_t most)
{
        int64_t number;

        if (up_rng_one_in(&draft->rng, 8))
                return edge(&draft->rng, least, most);
        if (id == UP_VERB_CRASH)
                number = 1 + (int64_t)up_rng_below(&draft->rng, CRASH_USUALLY);
        else if (id == UP_VERB_ALLOCATION)
                number = choose_allocation(&draft->rng);
        else if (id == UP_VERB_RCPT)
                number = 1 + (int64_t)up_rng_below(&draft->rng, draft->c->envelope.to->len);
        else if (up_rng_one_in(&draft->rng, 3))
                number = least + (int64_t)up_rng_below(&draft->rng, 4);
        else
                number = choose_message(draft);
        return CLAMP(number, least, most);
}

/* @pattern is one of the verb's arguments. The caller owns the result. */
static char *choose_word(struct up_draft *draft, enum up_verb_id id, const char *pattern, guint at)
{
        g_auto(GStrv) ends = g_strsplit(pattern, "..", 2);
        int64_t least = 0, most = 0;

        if (ends[1] == NULL) {
                g_auto(GStrv) choices = g_strsplit(pattern, "|", -1);
                return g_strdup(choices[up_rng_below(&draft->rng, g_strv_length(choices))]);
        }
        if (up_policy_parse_time(ends[0], &least) && up_policy_parse_time(ends[1], &most))
                return up_policy_print_time(choose_ms(draft, at, least, most));
        least = g_ascii_strtoll(ends[0], NULL, 10);
        most = g_ascii_strtoll(ends[1], NULL, 10);
        return g_strdup_printf("%" G_GINT64_FORMAT, choose_number(draft, id, least, most));
}

/* --- scripts ---------------------------------------------------------------------------------- */

/* Owned by the script that it is put into; the script frees it. Takes the words. */
static struct up_event *event_new(const struct up_verb *verb, char **words)
{
        struct up_event *event = g_new0(struct up_event, 1);

        event->verb = verb;
        event->words = words;
        return event;
}

static struct up_event *event_copy(const struct up_event *event)
{
        return event_new(event->verb, g_strdupv(event->words));
}

static guint room(const struct up_draft *draft)
{
        guint used = draft->c->script->len;

        return used < UP_SCRIPT_EVENTS ? UP_SCRIPT_EVENTS - used : 0;
}

static guint choose_place(struct up_draft *draft)
{
        return (guint)up_rng_below(&draft->rng, draft->c->script->len + 1);
}

static guint choose_event(struct up_draft *draft)
{
        return (guint)up_rng_below(&draft->rng, draft->c->script->len);
}

static void insert(GPtrArray *script, guint at, struct up_event *event)
{
        g_ptr_array_insert(script, (gint)at, event);
}

static bool insert_event(struct up_draft *draft)
{
        const struct up_verb *verb = &up_verb_rows[up_rng_below(&draft->rng, UP_VERB_COUNT)];
        guint at = choose_place(draft);
        g_auto(GStrv) words = g_strsplit(verb->arguments, " ", -1);

        if (room(draft) == 0)
                return false;
        for (char **word = words; *word != NULL; word++) {
                g_autofree char *pattern = *word;
                *word = choose_word(draft, (enum up_verb_id)(verb - up_verb_rows), pattern, at);
        }
        insert(draft->c->script, at, event_new(verb, g_steal_pointer(&words)));
        return true;
}

/* What belongs together, and is rarely found by itself. */
static const char *const phrases[] = {
        "scan # never; wait *",
        "scan # no-verdict; wait *",
        "scan # busy; wait *; scan # clean",
        "scan # error; wait *; signatures",
        "scan # late; wait *; scan # twice",
        "scan # other; bystander * signed smtp; wait *",
        "scan # died; wait *; restart",
        "scan # rewritten; submit # *; wait *",
        "allocation *; submit # *; wait *",
        "allocation *; submit # local; allocation *; wait *; allocation *; wait *",
        "hop # mail defer; wait *; hop # mail accept",
        "hop # dot lost; wait *; hop # dot accept",
        "hop # data never; wait *",
        "rcpt * defer; wait *; rcpt * accept",
        "rcpt * reject; wait *",
        "hold #; wait *; release #",
        "hold #; restart; wait *; release #; wait *",
        "hold #; crash *; wait *; delete #",
        "crash *; submit # local; wait *",
        "crash *; crash *; wait *; restart",
        "transport-scan off; submit # local; transport-scan on; wait *",
        "store-scan on; scan # infected; wait *",
        "clock * *; wait *; clock * *",
        "loop on; wait *; loop off",
        "offers * off; submit # *; wait *",
        "submit # local; wait *; submit # smtp",
        "wait *; signatures; restart; wait *",
};

/* A message is handed in, and a command comes while it is scanned, sent, scanned in the store, or
 * while it waits. */
static const char *const commands[] = {
        "submit # *; wait ~; restart; wait *",
        "store-scan on; submit # *; wait ~; restart; wait *",
        "store-scan on; submit # *; wait ~; crash *; wait *",
        "submit # *; wait ~; transport-scan *; wait *",
        "submit # *; wait ~; store-scan *; wait *",
        "submit # *; wait ~; signatures; wait *",
        "submit # *; wait ~; hold #; wait ~; release #; wait *",
        "submit # *; wait ~; delete #; wait *",
        "scan # never; submit # *; wait ~; hold #; wait ~; release #; scan # clean",
        "scan # busy; submit # *; wait ~; transport-scan *; wait ~; scan # clean",
        "hop # dot defer; submit # *; wait ~; hold #; release #; wait *; hop # dot accept",
        "hop # data never; submit # *; wait ~; hold #; wait ~; release #; hop # data accept",
};

static const struct up_verb *find_verb(const char *name)
{
        for (size_t i = 0; i < UP_VERB_COUNT; i++)
                if (strcmp(up_verb_rows[i].name, name) == 0)
                        return &up_verb_rows[i];
        g_assert_not_reached();
}

static struct up_event *event_of_phrase(
    struct up_draft *draft, const char *line, const char *number, guint at)
{
        g_auto(GStrv) given = g_strsplit(line, " ", -1);
        const struct up_verb *verb = find_verb(given[0]);
        g_auto(GStrv) words = g_strsplit(verb->arguments, " ", -1);

        g_assert(g_strv_length(given) == g_strv_length(words) + 1);
        for (guint i = 0; words[i] != NULL; i++) {
                g_autofree char *pattern = words[i];
                const char *word = given[i + 1];
                if (strcmp(word, INSTANT) == 0)
                        words[i] = up_policy_print_time(within(instant_ms(draft), 1, G_MAXINT32));
                else if (strcmp(word, ANY) == 0)
                        words[i] =
                            choose_word(draft, (enum up_verb_id)(verb - up_verb_rows), pattern, at);
                else
                        words[i] = g_strdup(strcmp(word, SAME) == 0 ? number : word);
        }
        return event_new(verb, g_steal_pointer(&words));
}

static bool insert_one_of(struct up_draft *draft, const char *const *list, size_t count)
{
        const char *phrase = list[up_rng_below(&draft->rng, count)];
        g_auto(GStrv) lines = g_strsplit(phrase, "; ", -1);
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, choose_message(draft));
        guint at = choose_place(draft);

        if (room(draft) < g_strv_length(lines))
                return false;
        for (char **line = lines; *line != NULL; line++, at++)
                insert(draft->c->script, at, event_of_phrase(draft, *line, number, at));
        return true;
}

static bool insert_phrase(struct up_draft *draft)
{
        return insert_one_of(draft, phrases, G_N_ELEMENTS(phrases));
}

static bool insert_command(struct up_draft *draft)
{
        return insert_one_of(draft, commands, G_N_ELEMENTS(commands));
}

static bool delete_events(struct up_draft *draft)
{
        GPtrArray *script = draft->c->script;
        guint at = choose_event(draft);
        guint most = up_rng_one_in(&draft->rng, 4) ? script->len - at : 1;

        if (script->len <= 1)
                return false;
        g_ptr_array_remove_range(
            script, at, 1 + (guint)up_rng_below(&draft->rng, MIN(most, script->len - 1)));
        return true;
}

static bool same_event(const struct up_event *a, const struct up_event *b)
{
        return a->verb == b->verb &&
               g_strv_equal((const char *const *)a->words, (const char *const *)b->words);
}

static bool move_event(struct up_draft *draft)
{
        GPtrArray *script = draft->c->script;
        guint from = choose_event(draft);
        guint to = choose_event(draft);

        if (from == to || same_event(script->pdata[from], script->pdata[to]))
                return false;
        insert(script, to, g_ptr_array_steal_index(script, from));
        return true;
}

static bool swap_events(struct up_draft *draft)
{
        GPtrArray *script = draft->c->script;
        guint a = choose_event(draft);
        guint b = choose_event(draft);
        gpointer kept = script->pdata[a];

        if (same_event(script->pdata[a], script->pdata[b]))
                return false;
        script->pdata[a] = script->pdata[b];
        script->pdata[b] = kept;
        return true;
}

static bool repeat_event(struct up_draft *draft)
{
        GPtrArray *script = draft->c->script;
        guint at = choose_event(draft);
        guint most = up_rng_one_in(&draft->rng, 8) ? UP_SCRIPT_EVENTS : 3;
        guint wanted = 1 + (guint)up_rng_below(&draft->rng, most);
        guint times = MIN(wanted, room(draft));

        for (guint i = 0; i < times; i++)
                insert(script, at, event_copy(script->pdata[at]));
        return times > 0;
}

/* A run of @from's events, put into the script; it may be the same one. */
static bool splice_events(struct up_draft *draft, const GPtrArray *from)
{
        guint begin = (guint)up_rng_below(&draft->rng, from->len);
        guint most = MIN(from->len - begin, room(draft));
        guint count = most > 0 ? 1 + (guint)up_rng_below(&draft->rng, most) : 0;
        guint at = choose_place(draft);
        g_autoptr(GPtrArray) run = g_ptr_array_new();

        for (guint i = 0; i < count; i++)
                g_ptr_array_add(run, event_copy(from->pdata[begin + i]));
        for (guint i = 0; i < count; i++)
                insert(draft->c->script, at + i, run->pdata[i]);
        return count > 0;
}

static bool splice_own_events(struct up_draft *draft)
{
        return draft->c->script->len > 1 && splice_events(draft, draft->c->script);
}

static bool change_word(struct up_draft *draft)
{
        guint at = choose_event(draft);
        struct up_event *event = draft->c->script->pdata[at];
        g_auto(GStrv) patterns = g_strsplit(event->verb->arguments, " ", -1);
        size_t chosen = up_rng_below(&draft->rng, g_strv_length(patterns));
        g_autofree char *word = NULL;

        if (event->words[0] == NULL)
                return false;
        word = choose_word(draft, up_event_id(event), patterns[chosen], at);
        if (strcmp(word, event->words[chosen]) == 0)
                return false;
        g_free(event->words[chosen]);
        event->words[chosen] = g_steal_pointer(&word);
        return true;
}

static void copy_script(struct up_case *c, const struct up_case *from)
{
        g_ptr_array_set_size(c->script, 0);
        for (guint i = 0; i < from->script->len; i++)
                g_ptr_array_add(c->script, event_copy(from->script->pdata[i]));
}

static bool reset_script(struct up_draft *draft)
{
        g_autoptr(up_case) standard = up_case_new();
        const GPtrArray *script = draft->c->script;

        if (script->len == 1 && same_event(script->pdata[0], standard->script->pdata[0]))
                return false;
        copy_script(draft->c, standard);
        return true;
}

/* --- policy ----------------------------------------------------------------------------------- */

/* What is out of bounds is brought back to them. */
static bool set_setting(
    struct up_draft *draft, const struct up_policy_row *setting, const char *text)
{
        struct up_policy *policy = &draft->c->policy;
        g_autofree char *before = up_policy_get(policy, setting);
        g_autofree char *after = NULL;

        up_policy_set(policy, setting, text, NULL);
        after = up_policy_get(policy, setting);

        return strcmp(before, after) != 0;
}

static struct up_policy_row choose_setting(struct up_draft *draft)
{
        /* The limits are as many as the pipeline's own settings, and matter less to it. */
        bool limit = up_rng_one_in(&draft->rng, 4);

        return up_policy_setting(limit ? UP_POLICY_ROWS + up_rng_below(&draft->rng, UP_LIMIT_ROWS)
                                       : up_rng_below(&draft->rng, UP_POLICY_ROWS));
}

static int64_t edge_of_setting(struct up_rng *rng, const struct up_policy_row *setting)
{
        if (up_rng_one_in(rng, 3))
                return within(setting->standard + one_around(rng), setting->least, setting->most);
        if (setting->kind == UP_POLICY_NUMBER && up_rng_one_in(rng, 2))
                return within(
                    setting->least + (int64_t)up_rng_below(rng, 5), setting->least, setting->most);
        return edge(rng, setting->least, setting->most);
}

static bool set_range(
    struct up_draft *draft, const struct up_policy_row *setting, int64_t a_ms, int64_t b_ms)
{
        g_autofree char *lower = up_policy_print_time(MAX(MIN(a_ms, b_ms), 0));
        g_autofree char *upper = up_policy_print_time(MAX(MAX(a_ms, b_ms), 0));
        g_autofree char *text = g_strdup_printf("%s..%s", lower, upper);

        return set_setting(draft, setting, text);
}

static bool set_value(struct up_draft *draft, const struct up_policy_row *setting, int64_t value)
{
        g_autofree char *text = NULL;

        if (setting->kind == UP_POLICY_WORD)
                text = g_strdup(setting->words[value]);
        else if (setting->kind == UP_POLICY_TIME)
                text = up_policy_print_time(MAX(value, 0));
        else
                text = g_strdup_printf("%" G_GINT64_FORMAT, MAX(value, 0));
        return set_setting(draft, setting, text);
}

static bool set_edge(struct up_draft *draft)
{
        struct up_policy_row setting = choose_setting(draft);
        struct up_rng *rng = &draft->rng;

        switch (setting.kind) {
        case UP_POLICY_WORD:
                return set_value(
                    draft, &setting, (int64_t)up_rng_below(rng, (size_t)setting.most + 1));
        case UP_POLICY_TIME_RANGE:
                return set_range(draft, &setting, edge_of_setting(rng, &setting),
                    edge_of_setting(rng, &setting));
        case UP_POLICY_TIME:
        case UP_POLICY_NUMBER:
                return set_value(draft, &setting, edge_of_setting(rng, &setting));
        }
        g_assert_not_reached();
}

static bool is_time(const struct up_policy_row *setting)
{
        return setting->kind == UP_POLICY_TIME || setting->kind == UP_POLICY_TIME_RANGE;
}

/* One time becomes another, or what lies beside it: a gap as long as the lifetime. */
static bool relate_times(struct up_draft *draft)
{
        size_t i = up_rng_below(&draft->rng, UP_POLICY_ROWS);
        struct up_policy_row setting;
        int64_t ms = up_rng_one_in(&draft->rng, 3) ? instant_ms(draft) : moment_ms(draft);

        while (setting = up_policy_setting(i), !is_time(&setting))
                i = (i + 1) % UP_POLICY_ROWS;
        if (setting.kind == UP_POLICY_TIME)
                return set_value(draft, &setting, ms);
        return set_range(draft, &setting, ms,
            up_rng_one_in(&draft->rng, 2) ? ms : draft->c->policy.backoff_max_ms);
}

static struct up_policy_row setting_named(const char *name)
{
        size_t i = 0;

        while (strcmp(up_policy_name(i), name) != 0)
                i++;
        return up_policy_setting(i);
}

static bool relate_size(struct up_draft *draft)
{
        static const char *const sizes[] = { "max-message", "max-header", "max-decoded" };
        const char *name = sizes[up_rng_below(&draft->rng, G_N_ELEMENTS(sizes))];
        int64_t bytes = (int64_t)g_bytes_get_size(draft->c->message) + one_around(&draft->rng);

        struct up_policy_row setting = setting_named(name);

        return set_value(draft, &setting, bytes);
}

/* The lifetime ends as an attempt does that fails like all others, or a millisecond off. */
static bool end_lifetime_with_attempt(struct up_draft *draft)
{
        const struct up_policy *policy = &draft->c->policy;
        const struct {
                const char *line;
                int64_t before_ms, length_ms;
        } failures[] = {
                { "scan 0 never", 0, policy->scan_timeout_ms },
                { "scan 0 late", 0, policy->scan_timeout_ms },
                { "scan 0 busy", 0, UP_WORLD_SCAN_MS },
                { "hop 0 data never", UP_WORLD_SCAN_MS, policy->send_timeout_ms },
                { "hop 0 dot defer", UP_WORLD_SCAN_MS, UP_WORLD_SEND_MS },
        };
        size_t chosen = up_rng_below(&draft->rng, G_N_ELEMENTS(failures));
        int64_t ms = failures[chosen].before_ms + attempt_ms(draft, failures[chosen].length_ms);
        struct up_policy_row setting = setting_named("lifetime");

        if (room(draft) == 0)
                return false;
        insert(draft->c->script, 0, event_of_phrase(draft, failures[chosen].line, "0", 0));
        set_value(draft, &setting, ms);
        return true;
}

/* Where it hurts: little time, one attempt, one worker. */
static bool set_tight(struct up_draft *draft)
{
        static const struct {
                const char *name, *value;
        } tight[] = { { "attempts", "1" }, { "attempts", "2" }, { "send-attempts", "1" },
                { "send-attempts", "2" }, { "workers", "1" }, { "workers", "2" },
                { "lifetime", "0ms" }, { "lifetime", "1ms" }, { "lifetime", "59s" },
                { "lifetime", "10m" }, { "backoff", "1s..1s" }, { "backoff", "1d..1d" },
                { "scan-timeout", "1s" }, { "scan-timeout", "1d" }, { "send-timeout", "1s" },
                { "send-timeout", "1d" }, { "max-hops", "1" }, { "max-hops", "2" } };
        size_t chosen = up_rng_below(&draft->rng, G_N_ELEMENTS(tight));
        struct up_policy_row setting = setting_named(tight[chosen].name);

        return set_setting(draft, &setting, tight[chosen].value);
}

static void copy_setting(
    struct up_policy *to, const struct up_policy *from, const struct up_policy_row *setting)
{
        g_autofree char *text = up_policy_get(from, setting);

        up_policy_set(to, setting, text, NULL);
}

/* One setting, the next that is not standard, or all of them. */
static bool reset_policy(struct up_draft *draft)
{
        struct up_policy standard;
        bool all = up_rng_one_in(&draft->rng, 4), changed = false;
        size_t begin = up_rng_below(&draft->rng, UP_POLICY_SETTINGS);

        up_policy_init(&standard);
        for (size_t i = 0; i < UP_POLICY_SETTINGS && (all || !changed); i++) {
                struct up_policy_row setting = up_policy_setting((begin + i) % UP_POLICY_SETTINGS);
                if (up_policy_is_standard(&draft->c->policy, &setting))
                        continue;
                copy_setting(&draft->c->policy, &standard, &setting);
                changed = true;
        }
        return changed;
}

/* --- envelope --------------------------------------------------------------------------------- */

#define DIGITS_60 "012345678901234567890123456789012345678901234567890123456789"

static const char *const addresses[] = { "v@example.com", "w@example.com", "V@EXAMPLE.COM",
        "postmaster", "postmaster@example.com", "recipient@example.com", "sender@example.com",
        "jos\xc3\xa9@example.com", "v@ex\xc3\xa4mple.com", "\xe6\xb5\x8b@\xe4\xbe\x8b.example",
        "v@xn--exmple-cua.com", "\"v@w\"@example.com", "\"v\\\"\"@example.com", "v@[192.0.2.1]",
        "v@[IPv6:2001:db8::1]", "v+tag@example.com", "-v@example.com", "@example.com", "v@", "v",
        "<v@example.com>", "v@example.com>", "@a.example:v@example.com", "v%w@example.com",
        "v!w@example.com", "=?utf-8?Q?v?=@example.com", "v@example.com;", "v@.", "v@a..example",
        DIGITS_60 "0123@example.com", DIGITS_60 "01234@example.com",
        "v@" DIGITS_60 "012." DIGITS_60 "0123.example" };

static char *choose_address(struct up_draft *draft)
{
        if (!up_rng_one_in(&draft->rng, 24))
                return g_strdup(addresses[up_rng_below(&draft->rng, G_N_ELEMENTS(addresses))]);

        char *longest = g_strnfill(UP_CASE_ADDRESS_BYTES, 'v');
        longest[UP_CASE_ADDRESS_BYTES / 2] = '@';
        return longest;
}

/* Takes the address. */
static bool set_sender(struct up_draft *draft, char *address)
{
        struct up_envelope *envelope = &draft->c->envelope;
        bool changed = strcmp(envelope->from, address) != 0;

        g_free(envelope->from);
        envelope->from = address;
        return changed;
}

static bool null_sender(struct up_draft *draft)
{
        return set_sender(draft, g_strdup(""));
}

static bool change_sender(struct up_draft *draft)
{
        return set_sender(draft, choose_address(draft));
}

/* The sender is a recipient too: what bounces comes back to where it went. */
static bool send_to_sender(struct up_draft *draft)
{
        struct up_envelope *envelope = &draft->c->envelope;
        const char *to = envelope->to->pdata[up_rng_below(&draft->rng, envelope->to->len)];

        return set_sender(draft, g_strdup(to));
}

static bool add_recipient(struct up_draft *draft)
{
        GPtrArray *to = draft->c->envelope.to;

        if (to->len >= RECIPIENTS_USUALLY)
                return false;
        g_ptr_array_insert(to, (gint)up_rng_below(&draft->rng, to->len + 1), choose_address(draft));
        return true;
}

static bool drop_recipient(struct up_draft *draft)
{
        GPtrArray *to = draft->c->envelope.to;

        if (to->len <= 1)
                return false;
        g_ptr_array_remove_index(to, (guint)up_rng_below(&draft->rng, to->len));
        return true;
}

static bool repeat_recipient(struct up_draft *draft)
{
        GPtrArray *to = draft->c->envelope.to;

        if (to->len >= RECIPIENTS_USUALLY)
                return false;
        g_ptr_array_add(to, g_strdup(to->pdata[up_rng_below(&draft->rng, to->len)]));
        return true;
}

static bool change_recipient(struct up_draft *draft)
{
        GPtrArray *to = draft->c->envelope.to;
        size_t chosen = up_rng_below(&draft->rng, to->len);
        char *address = choose_address(draft);
        bool changed = strcmp(address, to->pdata[chosen]) != 0;

        g_free(to->pdata[chosen]);
        to->pdata[chosen] = address;
        return changed;
}

/* As many as a case can have, or nearly: RFC 5321 section 4.5.3.1.8 promises a hundred. */
static bool add_many_recipients(struct up_draft *draft)
{
        static const guint many[] = { 17, 99, 100, 101, UP_CASE_RECIPIENTS - 1,
                UP_CASE_RECIPIENTS };
        GPtrArray *to = draft->c->envelope.to;
        guint wanted = many[up_rng_below(&draft->rng, G_N_ELEMENTS(many))];

        if (!up_rng_one_in(&draft->rng, 4) || to->len >= wanted)
                return false;
        while (to->len < wanted)
                g_ptr_array_add(to, g_strdup_printf("v%u@example.com", to->len));
        return true;
}

static bool flip_notify(struct up_draft *draft)
{
        draft->c->envelope.notify_never = !draft->c->envelope.notify_never;
        return true;
}

static void copy_envelope(struct up_envelope *to, const struct up_envelope *from)
{
        g_free(to->from);
        to->from = g_strdup(from->from);
        g_ptr_array_set_size(to->to, 0);
        for (guint i = 0; i < from->to->len; i++)
                g_ptr_array_add(to->to, g_strdup(from->to->pdata[i]));
        to->notify_never = from->notify_never;
}

static bool same_envelope(const struct up_envelope *a, const struct up_envelope *b)
{
        bool same = a->notify_never == b->notify_never && strcmp(a->from, b->from) == 0 &&
                    a->to->len == b->to->len;

        for (guint i = 0; same && i < a->to->len; i++)
                same = strcmp(a->to->pdata[i], b->to->pdata[i]) == 0;
        return same;
}

static bool reset_envelope(struct up_draft *draft)
{
        g_autoptr(up_case) standard = up_case_new();

        if (same_envelope(&draft->c->envelope, &standard->envelope))
                return false;
        copy_envelope(&draft->c->envelope, &standard->envelope);
        return true;
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t seconds_of(const ASN1_TIME *time)
{
        struct tm tm = { 0 };

        return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* When a test certificate begins or ceases to be valid. */
static int64_t validity_s(struct up_draft *draft)
{
        const struct up_identity *identity;

        up_identities_load();
        identity = &up_identities[up_rng_below(&draft->rng, up_identities_count)];
        return seconds_of(up_rng_one_in(&draft->rng, 2)
                              ? X509_get0_notBefore(identity->certificate)
                              : X509_get0_notAfter(identity->certificate));
}

/* Where clocks and dates turn; the second is when the seeds were signed. */
static bool change_time(struct up_draft *draft)
{
        static const int64_t turns_s[] = { UP_CASE_TIME_S, 1748779200, 0, 946684800, 2147483647,
                2147483648, 2524608000, 4294967295, TIME_MOST_S };
        bool validity = up_rng_one_in(&draft->rng, 2);
        int64_t time_s = validity ? validity_s(draft)
                                  : turns_s[up_rng_below(&draft->rng, G_N_ELEMENTS(turns_s))];

        time_s = within(time_s + one_around(&draft->rng), 0, TIME_MOST_S);
        if (time_s == draft->c->time_s)
                return false;
        draft->c->time_s = time_s;
        return true;
}

/* --- crossing --------------------------------------------------------------------------------- */

static bool cross_policy(struct up_draft *draft, const struct up_policy *other)
{
        bool changed = false;

        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                g_autofree char *mine = up_policy_get(&draft->c->policy, &setting);
                g_autofree char *theirs = up_policy_get(other, &setting);

                if (strcmp(mine, theirs) == 0 || up_rng_one_in(&draft->rng, 2))
                        continue;
                copy_setting(&draft->c->policy, other, &setting);
                changed = true;
        }
        return changed;
}

bool up_script_cross(struct up_draft *draft, const struct up_case *other)
{
        struct up_rng *rng = &draft->rng;
        bool changed = false;

        if (up_rng_one_in(rng, 2))
                changed = splice_events(draft, other->script);
        if (up_rng_one_in(rng, 2))
                changed = cross_policy(draft, &other->policy) || changed;
        if (up_rng_one_in(rng, 4) && !same_envelope(&draft->c->envelope, &other->envelope)) {
                copy_envelope(&draft->c->envelope, &other->envelope);
                changed = true;
        }
        if (up_rng_one_in(rng, 4) && draft->c->time_s != other->time_s) {
                draft->c->time_s = other->time_s;
                changed = true;
        }
        return changed;
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct up_operator operators[] = {
        { "event-insert", 8, "any event more", insert_event },
        { "phrase-insert", 10, "some events more that belong together", insert_phrase },
        { "command-insert", 12, "a message more, and a command while it is scanned or sent",
            insert_command },
        { "event-delete", 6, "an event less, or some", delete_events },
        { "event-move", 4, "an event stands elsewhere", move_event },
        { "event-swap", 3, "two events change places", swap_events },
        { "event-repeat", 4, "an event happens again, or many times", repeat_event },
        { "events-copy", 3, "a run of events happens elsewhere too", splice_own_events },
        { "word-change", 14, "a word of an event is another, mostly at an edge", change_word },
        { "script-standard", 1, "one local submission, and nothing else", reset_script },
        { "policy-edge", 8, "a setting at an edge of its bounds, or beside its standard",
            set_edge },
        { "policy-relation", 6, "a time is as long as another, or a millisecond off",
            relate_times },
        { "lifetime-tick", 4, "the lifetime ends as a failing attempt does, or a millisecond off",
            end_lifetime_with_attempt },
        { "policy-size", 2, "a limit is what the message needs, or a byte off", relate_size },
        { "policy-tight", 6, "little time, one attempt, one worker", set_tight },
        { "policy-standard", 2, "a setting is standard again, or all are", reset_policy },
        { "sender-null", 2, "the sender is null, as that of a notice", null_sender },
        { "sender-change", 2, "the sender is another", change_sender },
        { "sender-recipient", 1, "the sender is a recipient", send_to_sender },
        { "recipient-add", 4, "a recipient more", add_recipient },
        { "recipient-drop", 3, "a recipient less", drop_recipient },
        { "recipient-repeat", 2, "a recipient twice", repeat_recipient },
        { "recipient-change", 3, "a recipient is another", change_recipient },
        { "recipients-many", 1, "very many recipients, rarely", add_many_recipients },
        { "notify-flip", 2, "whether the sender wants to hear of a failure", flip_notify },
        { "envelope-standard", 1, "the standard envelope", reset_envelope },
        { "time-change", 3, "the case begins where certificates or clocks turn", change_time },
};
const struct up_layer up_script_layer = { "script", operators, G_N_ELEMENTS(operators) };
