/*
 * policy - the table of settings, their parser and their writer
 *
 * Times and numbers are both counts of a unit, written with the largest unit that divides them, so
 * that they are read back exactly.
 */
#include "case/policy.h"

#include <string.h>

struct unit {
        const char *suffix;
        int64_t factor;
};

/* Largest first; the last one divides everything. */
static const struct unit time_units[] = {
        { "d", 24 * 60 * 60 * 1000 },
        { "h", 60 * 60 * 1000 },
        { "m", 60 * 1000 },
        { "s", 1000 },
        { "ms", 1 },
        { NULL, 0 },
};
static const struct unit number_units[] = {
        { "m", 1 << 20 },
        { "k", 1 << 10 },
        { "", 1 },
        { NULL, 0 },
};

#define SECOND   INT64_C(1000)
#define MINUTE   (60 * SECOND)
#define HOUR     (60 * MINUTE)
#define DAY      (24 * HOUR)
#define AT(name) offsetof(struct up_policy, name)

static const char *const infected_words[] = { "quarantine", "discard", NULL };
static const char *const unscannable_words[] = { "bounce", "deliver", "quarantine", NULL };
static const char *const rewritten_words[] = { "bounce", "quarantine", NULL };
static const char *const switch_words[] = { "off", "on", NULL };

const struct up_policy_row up_policy_rows[UP_POLICY_ROWS] = {
        { "lifetime", "a message that is not delivered within it is returned", UP_POLICY_TIME,
            AT(lifetime_ms), 2 * DAY, 0, 0, 30 * DAY, NULL },
        { "attempts", "scan attempts before a message is unscannable", UP_POLICY_NUMBER,
            AT(attempts), 8, 0, 1, 1000, NULL },
        { "send-attempts", "transactions before a recipient has failed", UP_POLICY_NUMBER,
            AT(send_attempts), 64, 0, 1, 1000, NULL },
        { "backoff", "gap after the first failed attempt, and the longest gap",
            UP_POLICY_TIME_RANGE, AT(backoff_min_ms), MINUTE, HOUR, SECOND, DAY, NULL },
        { "scan-timeout", "time limit of one scan attempt", UP_POLICY_TIME, AT(scan_timeout_ms),
            5 * MINUTE, 0, SECOND, DAY, NULL },
        { "send-timeout", "time limit of one transaction", UP_POLICY_TIME, AT(send_timeout_ms),
            5 * MINUTE, 0, SECOND, DAY, NULL },
        { "workers", "scans and transactions at the same time", UP_POLICY_NUMBER, AT(workers), 8, 0,
            1, 1000, NULL },
        { "max-hops", "Received fields in a message; more is a loop", UP_POLICY_NUMBER,
            AT(max_hops), 25, 0, 1, 100, NULL },
        { "infected", "what to do with an infected message", UP_POLICY_WORD, AT(infected),
            UP_INFECTED_QUARANTINE, 0, UP_INFECTED_QUARANTINE, UP_INFECTED_DISCARD,
            infected_words },
        { "unscannable", "what to do with a message that can never be scanned", UP_POLICY_WORD,
            AT(unscannable), UP_UNSCANNABLE_BOUNCE, 0, UP_UNSCANNABLE_BOUNCE,
            UP_UNSCANNABLE_QUARANTINE, unscannable_words },
        { "rewritten", "what to do with a message that the scanner rewrote", UP_POLICY_WORD,
            AT(rewritten), UP_REWRITTEN_BOUNCE, 0, UP_REWRITTEN_BOUNCE, UP_REWRITTEN_QUARANTINE,
            rewritten_words },
        { "transport-scan", "scan mail before it is submitted", UP_POLICY_WORD, AT(transport_scan),
            1, 0, 0, 1, switch_words },
        { "store-scan", "scan mail in the store before it can be read", UP_POLICY_WORD,
            AT(store_scan), 0, 0, 0, 1, switch_words },
};

struct up_policy_row up_policy_setting(size_t index)
{
        g_assert(index < UP_POLICY_SETTINGS);

        if (index < UP_POLICY_ROWS)
                return up_policy_rows[index];

        const struct up_limit_row *limit = &up_limit_rows[index - UP_POLICY_ROWS];
        return (struct up_policy_row){
                .name = limit->name,
                .what = limit->what,
                .kind = UP_POLICY_NUMBER,
                .offset = AT(limits) + limit->offset,
                .standard = (int64_t)limit->standard,
                .most = (int64_t)limit->most,
        };
}

const char *up_policy_name(size_t index)
{
        return index < UP_POLICY_ROWS ? up_policy_rows[index].name
                                      : up_limit_rows[index - UP_POLICY_ROWS].name;
}

/* A limit is a uint64_t whose bound is far below the sign bit. */
static int64_t *field(struct up_policy *policy, const struct up_policy_row *setting)
{
        return (int64_t *)(void *)((char *)policy + setting->offset);
}

static const int64_t *const_field(
    const struct up_policy *policy, const struct up_policy_row *setting)
{
        return (const int64_t *)(const void *)((const char *)policy + setting->offset);
}

void up_policy_init(struct up_policy *policy)
{
        for (size_t i = 0; i < UP_POLICY_SETTINGS; i++) {
                struct up_policy_row setting = up_policy_setting(i);
                int64_t *value = field(policy, &setting);

                value[0] = setting.standard;
                if (setting.kind == UP_POLICY_TIME_RANGE)
                        value[1] = setting.standard_upper;
        }
}

bool up_policy_is_standard(const struct up_policy *policy, const struct up_policy_row *setting)
{
        const int64_t *value = const_field(policy, setting);

        return value[0] == setting->standard &&
               (setting->kind != UP_POLICY_TIME_RANGE || value[1] == setting->standard_upper);
}

static const struct unit *units_of(const struct up_policy_row *setting)
{
        return setting->kind == UP_POLICY_NUMBER ? number_units : time_units;
}

static char *print_count(const struct unit *unit, int64_t value)
{
        while (unit->factor > 1 && (value < unit->factor || value % unit->factor != 0))
                unit++;
        return g_strdup_printf("%" G_GINT64_FORMAT "%s", value / unit->factor, unit->suffix);
}

char *up_policy_get(const struct up_policy *policy, const struct up_policy_row *setting)
{
        const int64_t *value = const_field(policy, setting);

        if (setting->kind == UP_POLICY_WORD)
                return g_strdup(setting->words[value[0]]);

        g_autofree char *lower = print_count(units_of(setting), value[0]);
        if (setting->kind != UP_POLICY_TIME_RANGE)
                return g_steal_pointer(&lower);

        g_autofree char *upper = print_count(units_of(setting), value[1]);
        return g_strdup_printf("%s..%s", lower, upper);
}

/* A value too large for its type becomes the largest, which is out of bounds. */
static bool parse_count(const struct unit *units, const char *text, int64_t *ret_value)
{
        char *suffix;

        if (!g_ascii_isdigit(*text))
                return false;
        guint64 number = g_ascii_strtoull(text, &suffix, 10);
        for (const struct unit *unit = units; unit->suffix != NULL; unit++) {
                if (strcmp(suffix, unit->suffix) == 0) {
                        bool fits = number <= (guint64)(INT64_MAX / unit->factor);
                        *ret_value = fits ? (int64_t)number * unit->factor : INT64_MAX;
                        return true;
                }
        }
        return false;
}

bool up_policy_parse_time(const char *text, int64_t *ret_ms)
{
        return parse_count(time_units, text, ret_ms);
}

char *up_policy_print_time(int64_t ms)
{
        return print_count(time_units, ms);
}

static bool set_counts(
    const struct up_policy_row *setting, int64_t *value, int64_t lower, int64_t upper)
{
        value[0] = CLAMP(lower, setting->least, setting->most);
        if (setting->kind == UP_POLICY_TIME_RANGE)
                value[1] = CLAMP(upper, value[0], setting->most);
        return lower <= upper && lower >= setting->least && upper <= setting->most;
}

static bool set_word(const struct up_policy_row *setting, int64_t *value, const char *word)
{
        for (int64_t i = 0; setting->words[i] != NULL; i++) {
                if (strcmp(setting->words[i], word) == 0) {
                        *value = i;
                        return true;
                }
        }
        return false;
}

/* Both ends are the same where the setting is not a range. */
static bool parse_counts(
    const struct up_policy_row *setting, const char *text, int64_t *ret_lower, int64_t *ret_upper)
{
        if (setting->kind != UP_POLICY_TIME_RANGE) {
                if (!parse_count(units_of(setting), text, ret_lower))
                        return false;
                *ret_upper = *ret_lower;
                return true;
        }
        g_auto(GStrv) ends = g_strsplit(text, "..", 2);
        return g_strv_length(ends) == 2 && parse_count(time_units, ends[0], ret_lower) &&
               parse_count(time_units, ends[1], ret_upper);
}

/* What is wrong with a value that was not taken as it is. */
static char *describe_mistake(const struct up_policy_row *setting, const char *text)
{
        int64_t lower, upper;

        if (setting->kind == UP_POLICY_WORD) {
                g_autofree char *words = g_strjoinv(", ", (char **)setting->words);
                return g_strdup_printf("%s is one of: %s", setting->name, words);
        }
        if (parse_counts(setting, text, &lower, &upper)) {
                g_autofree char *least = print_count(units_of(setting), setting->least);
                g_autofree char *most = print_count(units_of(setting), setting->most);
                if (lower > upper)
                        return g_strdup("the range is reversed; write the shorter time first");
                return g_strdup_printf(
                    "out of bounds; %s goes from %s to %s", setting->name, least, most);
        }
        return g_strdup_printf("%s is %s", setting->name,
            setting->kind == UP_POLICY_TIME     ? "a time; write it as 250ms, 90s, 5m, 1h or 2d"
            : setting->kind == UP_POLICY_NUMBER ? "a number; write it as 8, 64k or 16m"
                                                : "a range of times; write it as 1m..1h");
}

bool up_policy_set(struct up_policy *policy, const struct up_policy_row *setting, const char *text,
    char **ret_wrong)
{
        int64_t *value = field(policy, setting);
        int64_t lower, upper;
        bool right = setting->kind == UP_POLICY_WORD
                         ? set_word(setting, value, text)
                         : parse_counts(setting, text, &lower, &upper) &&
                               set_counts(setting, value, lower, upper);

        if (!right && ret_wrong != NULL)
                *ret_wrong = describe_mistake(setting, text);
        return right;
}

int64_t up_policy_bound_ms(const struct up_policy *policy)
{
        return policy->lifetime_ms + policy->backoff_max_ms +
               MAX(policy->scan_timeout_ms, policy->send_timeout_ms);
}

int64_t up_policy_healthy_bound_ms(const struct up_policy *policy)
{
        int64_t scans = (policy->transport_scan != 0) + (policy->store_scan != 0);

        return scans * policy->scan_timeout_ms + policy->send_timeout_ms;
}
