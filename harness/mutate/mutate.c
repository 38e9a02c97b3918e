/*
 * mutate - which operators, in which order; the result fits and can be read
 *
 * Script and head are changed first, because the signing time is the case's own. Then the message:
 * half the time with its layers taken off. Then comes one of three endings: mostly the message is
 * signed, so that all earlier changes are under the signature; less often it is signed and then
 * damaged, with the grade set accordingly; or it is left unsigned. It is signed at most once,
 * because signing and verifying take most of a run's time, and not at all if the previous mutation
 * left a good signature and the message did not change.
 *
 * A signature that the message brought along has the grade `unknown` until one is made here.
 *
 * The case is read once and written once. If an attempt does not fit, or changes nothing, another
 * one is made with fewer operators; the last resort is a change of bytes, cut to size.
 */
#include "mutate/mutate.h"

#include <string.h>

#include "mail/eicar.h"
#include "mutate/havoc.h"
#include "mutate/raw.h"
#include "mutate/script_operators.h"
#include "mutate/sign.h"
#include "mutate/tree_edit.h"

/* Operators in a mutant at most, besides those that sign and damage. */
#define OPERATORS_MOST 4

#define ATTEMPTS       6
#define OPERATOR_TRIES 12
#define SQUEEZE_TRIES  16

/* Of the head, mostly: its keys, and the line `mutation:`. */
#define KEY_BYTES      60
#define MUTATION_BYTES 120

/* The kind of case decides which layers are worth the time. */
enum nature {
        NATURE_MAIL,     /* a message; script, policy and envelope are standard */
        NATURE_SCRIPTED, /* one of these is not standard */
        NATURE_RAW,      /* the message does not begin as mail does */
        NATURE_COUNT,
};

static const unsigned layer_weights[NATURE_COUNT][UP_LAYER_COUNT] = {
        [NATURE_MAIL] = { [UP_LAYER_TREE] = 40,
            [UP_LAYER_SIGN] = 18,
            [UP_LAYER_DER] = 16,
            [UP_LAYER_DAMAGE] = 12,
            [UP_LAYER_SCRIPT] = 8,
            [UP_LAYER_HAVOC] = 6 },
        [NATURE_SCRIPTED] = { [UP_LAYER_TREE] = 18,
            [UP_LAYER_SIGN] = 10,
            [UP_LAYER_DER] = 6,
            [UP_LAYER_DAMAGE] = 6,
            [UP_LAYER_SCRIPT] = 56,
            [UP_LAYER_HAVOC] = 4 },
        [NATURE_RAW] = { [UP_LAYER_TREE] = 4,
            [UP_LAYER_SIGN] = 2,
            [UP_LAYER_DER] = 6,
            [UP_LAYER_DAMAGE] = 2,
            [UP_LAYER_SCRIPT] = 24,
            [UP_LAYER_HAVOC] = 62 },
};

enum ending {
        ENDING_SIGNED,   /* all changes are under the signature */
        ENDING_DAMAGED,  /* changed after it was signed */
        ENDING_UNSIGNED, /* mostly not signed again */
        ENDING_COUNT,
};

/*
 * By nature, and by whether the message was signed before. Most mail is signed, because plain
 * fuzzing does not reach the code behind the verification. Unsigned mail without a script mostly
 * stays unsigned: signing costs more time than all else.
 */
static const unsigned ending_weights[NATURE_COUNT][2][ENDING_COUNT] = {
        [NATURE_MAIL] = { { 26, 8, 66 }, { 68, 20, 12 } },
        [NATURE_SCRIPTED] = { { 70, 12, 18 }, { 72, 16, 12 } },
        [NATURE_RAW] = { { 0, 0, 100 }, { 60, 15, 25 } },
};

struct request {
        struct up_case *c;   /* to be mutated, without claims; owned */
        const uint8_t *data; /* the file that it was read from */
        size_t bytes;
        const struct up_case *other; /* to cross with; NULL: none */
        size_t most_bytes;           /* of the file */
        bool is_certain;             /* the previous mutation left a good signature */
        char *settings;              /* of the case, as settings_of() writes them; owned */
};

/* One attempt to fulfil the request. */
struct plan {
        const struct request *request;
        enum nature nature;
        enum ending ending;
        bool was_signed;
        bool settings_differ;               /* from those of the request */
        unsigned operators[UP_LAYER_COUNT]; /* how many of each layer */
};

/* --- looking at a case ------------------------------------------------------------------------ */

/* Does it begin with a header field (RFC 5322 section 3.6.8)? An empty message may become one. */
static bool looks_like_mail(GBytes *message)
{
        gsize bytes, at = 0;
        const uint8_t *data = g_bytes_get_data(message, &bytes);

        while (at < bytes && data[at] > ' ' && data[at] < 0x7f && data[at] != ':')
                at++;
        return bytes == 0 || (at > 0 && at < bytes && data[at] == ':');
}

/* Is there anything that calls itself CMS? It is enough that some tag of it is in plain sight. */
static bool looks_signed(GBytes *message)
{
        static const char *const tags[] = { "pkcs7-", "PKCS7-", "multipart/signed", "smime.p7" };
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(message, &bytes);

        for (size_t i = 0; i < G_N_ELEMENTS(tags) && bytes > 0; i++)
                if (memmem(data, bytes, tags[i], strlen(tags[i])) != NULL)
                        return true;
        return up_raw_is_bare(message);
}

/* The lines of script, policy and envelope; empty where all are standard. */
static char *settings_of(const struct up_case *c)
{
        static const enum up_case_key_id keys[] = { UP_CASE_ENVELOPE, UP_CASE_POLICY,
                UP_CASE_SCRIPT };
        GString *lines = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                up_case_key_rows[keys[i]].write(c, &up_case_key_rows[keys[i]], lines);
        return g_string_free(lines, FALSE);
}

void up_mutate_clear_claims(struct up_case *c)
{
        char **texts[] = { &c->fault, &c->finding, &c->evidence, &c->mutation };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_clear_pointer(texts[i], g_free);
        up_known_clear(&c->known);
}

/* --- operators -------------------------------------------------------------------------------- */

/* One operator of the layer that finds something to do; false: none was found. */
static bool apply_one(struct up_draft *draft, enum up_layer_id id)
{
        const struct up_layer *layer = up_layers[id];

        for (int i = 0; i < OPERATOR_TRIES; i++) {
                const struct up_operator *operator= & layer->operators[up_rng_weighted(
                    &draft->rng, &layer->operators[0].weight, layer->count, sizeof *operator)];
                if (!operator->apply(draft))
                        continue;
                up_draft_add_applied(draft, operator->name);
                if (id == UP_LAYER_HAVOC)
                        up_draft_doubt_signature(draft);
                return true;
        }
        return false;
}

/* As many operators of the layer as planned; false: none of them did anything. */
static bool apply_layer(struct up_draft *draft, const struct plan *plan, enum up_layer_id id)
{
        bool any = false;

        for (unsigned i = 0; i < plan->operators[id]; i++)
                any |= apply_one(draft, id);
        return any;
}

/* --- the plan --------------------------------------------------------------------------------- */

static void plan_init(
    struct plan *plan, const struct request *request, struct up_draft *draft, unsigned operators)
{
        *plan = (struct plan){
                .request = request,
                .nature = !looks_like_mail(draft->c->message) ? NATURE_RAW
                          : *request->settings != '\0'        ? NATURE_SCRIPTED
                                                              : NATURE_MAIL,
                .was_signed = draft->expected != UP_EXPECTED_UNSIGNED,
        };
        for (unsigned i = 0; i < operators; i++)
                plan->operators[up_rng_weighted(
                    &draft->rng, layer_weights[plan->nature], UP_LAYER_COUNT, sizeof(unsigned))]++;
        plan->ending = (enum ending)up_rng_weighted(&draft->rng,
            ending_weights[plan->nature][plan->was_signed], ENDING_COUNT, sizeof(unsigned));
}

/* --- settings --------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text)
{
        return text != NULL ? strlen(text) : 0;
}

/* Script, policy, envelope and time. The room that they leave is the message's. */
static void change_settings(struct up_draft *draft, struct plan *plan, bool cross)
{
        const struct request *request = plan->request;
        g_autofree char *settings = NULL;
        bool changed = apply_layer(draft, plan, UP_LAYER_SCRIPT);
        size_t head_bytes;

        if (cross && up_script_cross(draft, request->other)) {
                up_draft_add_applied(draft, "script-cross");
                changed = true;
        }
        settings = changed ? settings_of(draft->c) : g_strdup(request->settings);
        plan->settings_differ =
            strcmp(settings, request->settings) != 0 || draft->c->time_s != request->c->time_s;
        head_bytes = KEY_BYTES + MUTATION_BYTES + strlen(settings) + text_bytes(draft->c->title) +
                     text_bytes(draft->c->reference);
        draft->most_bytes = request->most_bytes - MIN(request->most_bytes, head_bytes);
}

/* --- the message ------------------------------------------------------------------------------ */

static void cross_message(struct up_draft *draft, const struct up_case *other)
{
        if (looks_like_mail(draft->c->message) && up_tree_cross(draft, other))
                up_draft_add_applied(draft, "tree-cross");
        else if (up_havoc_cross(draft, other->message))
                up_draft_add_applied(draft, "bytes-cross");
}

/* With the layers taken off, half the time; else around them. */
static void change_content(struct up_draft *draft, const struct plan *plan, bool cross)
{
        bool changes = plan->operators[UP_LAYER_TREE] > 0 || plan->request->other != NULL;

        if (changes && plan->was_signed && plan->ending != ENDING_UNSIGNED &&
            up_rng_one_in(&draft->rng, 2))
                up_sign_unwrap(draft);
        if (cross)
                cross_message(draft, plan->request->other);
        apply_layer(draft, plan, UP_LAYER_TREE);
}

/* By an operator of the layer if one is planned, else in a way that mostly holds. */
static void sign(struct up_draft *draft, const struct plan *plan)
{
        if (plan->operators[UP_LAYER_SIGN] > 0)
                apply_one(draft, UP_LAYER_SIGN);
        else
                up_sign_again(draft);
}

/* Is there a good signature of the previous mutation, and no operator that replaces it? */
static bool is_signed_well(const struct up_draft *draft, const struct plan *plan)
{
        return plan->request->is_certain && draft->c->message == plan->request->c->message &&
               plan->operators[UP_LAYER_SIGN] == 0;
}

static bool break_bytes(struct up_draft *draft, const struct plan *plan)
{
        bool broken = apply_layer(draft, plan, UP_LAYER_DER);

        broken |= apply_layer(draft, plan, UP_LAYER_DAMAGE);
        broken |= apply_layer(draft, plan, UP_LAYER_HAVOC);
        return broken;
}

/* A signed message that was broken gets a signature around it: taking the old one off would undo
 * the change. */
static void break_and_sign(struct up_draft *draft, const struct plan *plan)
{
        bool is_signed = draft->expected != UP_EXPECTED_UNSIGNED;

        if (break_bytes(draft, plan) && is_signed && up_sign_around(draft))
                return;
        if (!is_signed_well(draft, plan))
                sign(draft, plan);
}

static void sign_and_damage(struct up_draft *draft, const struct plan *plan)
{
        if (!is_signed_well(draft, plan))
                sign(draft, plan);
        if (!break_bytes(draft, plan))
                apply_one(draft, UP_LAYER_DAMAGE);
}

static void break_unsigned(struct up_draft *draft, const struct plan *plan)
{
        if (plan->operators[UP_LAYER_SIGN] > 0)
                apply_one(draft, UP_LAYER_SIGN);
        break_bytes(draft, plan);
}

static void (*const end[ENDING_COUNT])(struct up_draft *draft, const struct plan *plan) = {
        [ENDING_SIGNED] = break_and_sign,
        [ENDING_DAMAGED] = sign_and_damage,
        [ENDING_UNSIGNED] = break_unsigned,
};

/* --- an attempt ------------------------------------------------------------------------------- */

/* A message that cannot fit is cut first: no operator could do anything with it. */
static void draft_init(struct up_draft *draft, const struct request *request, struct up_rng rng)
{
        up_draft_init(draft, up_case_copy(request->c), rng, request->most_bytes);
        if (g_bytes_get_size(draft->c->message) > request->most_bytes) {
                g_autoptr(GBytes) part =
                    g_bytes_new_from_bytes(draft->c->message, 0, request->most_bytes);
                up_draft_set_message(draft, part);
        }
        if (looks_signed(draft->c->message))
                draft->expected = UP_EXPECTED_UNKNOWN;
}

/* A placeholder that an operator wrote becomes the anti-virus test file once the case is read. */
static void expand_placeholder(struct up_case *c)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(c->message, &bytes);
        GBytes *expanded;

        if (bytes == 0 ||
            memmem(data, bytes, UP_EICAR_PLACEHOLDER, strlen(UP_EICAR_PLACEHOLDER)) == NULL)
                return;
        expanded = up_eicar_expand(data, bytes);
        g_bytes_unref(c->message);
        c->message = expanded;
}

/* NULL: it does not fit, even without title and reference, or nothing has changed. */
static GBytes *write_draft(struct up_draft *draft, const struct plan *plan)
{
        const struct request *request = plan->request;
        struct up_case *c = draft->c;
        GBytes *file;

        expand_placeholder(c);
        if (!plan->settings_differ && g_bytes_equal(c->message, request->c->message))
                return NULL;
        c->mutation = g_strdup_printf(
            "%s; graded %s", draft->applied->str, up_expected_grade_names[draft->expected]);
        file = up_case_write(c);
        if (g_bytes_get_size(file) > request->most_bytes &&
            (c->title != NULL || c->reference != NULL)) {
                g_clear_pointer(&c->title, g_free);
                g_clear_pointer(&c->reference, g_free);
                g_bytes_unref(file);
                file = up_case_write(c);
        }
        if (g_bytes_get_size(file) > request->most_bytes)
                g_clear_pointer(&file, g_bytes_unref);
        return file;
}

/* With no operator, and a case to cross with, the crossover is the only change. */
static GBytes *attempt(const struct request *request, struct up_rng *rng, unsigned operators)
{
        bool crosses = request->other != NULL;
        bool cross_settings = crosses && up_rng_one_in(rng, 2);
        bool cross_content = crosses && (!cross_settings || up_rng_one_in(rng, 2));
        struct up_draft draft;
        struct plan plan;
        GBytes *file;

        draft_init(&draft, request, *rng);
        plan_init(&plan, request, &draft, operators);
        change_settings(&draft, &plan, cross_settings);
        change_content(&draft, &plan, cross_content);
        end[plan.ending](&draft, &plan);
        file = write_draft(&draft, &plan);
        *rng = draft.rng;
        up_draft_clear(&draft);
        return file;
}

/* --- when there is little room ---------------------------------------------------------------- */

static bool differs_and_reads(const struct request *request, GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        g_autoptr(GPtrArray) complaints = up_complaints_new();

        if (bytes == request->bytes && (bytes == 0 || memcmp(data, request->data, bytes) == 0))
                return false;
        up_case_free(up_case_read(data, bytes, complaints));
        return complaints->len == 0;
}

/* The file from @from on, as far as there is room. NULL: nothing new, or not readable. */
static GBytes *cut_file(const struct request *request, GBytes *file, size_t from)
{
        size_t bytes = MIN(g_bytes_get_size(file) - from, request->most_bytes);
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(file, from, bytes);

        return differs_and_reads(request, part) ? g_steal_pointer(&part) : NULL;
}

/* The message cut to what the head leaves; with the standard head; without any. */
static GBytes *squeeze_draft(struct up_draft *draft, const struct request *request)
{
        g_autoptr(up_case) bare = up_case_new();
        g_autoptr(GBytes) head = up_case_write(bare);
        g_autoptr(GBytes) file = NULL;
        g_autoptr(GBytes) bare_file = NULL;
        GBytes *result;

        g_clear_pointer(&draft->c->title, g_free);
        g_clear_pointer(&draft->c->reference, g_free);
        file = up_case_write(draft->c);
        result = cut_file(request, file, 0);
        if (result != NULL)
                return result;
        g_bytes_unref(bare->message);
        bare->message = g_bytes_ref(draft->c->message);
        bare_file = up_case_write(bare);
        result = cut_file(request, bare_file, 0);
        return result != NULL ? result : cut_file(request, bare_file, g_bytes_get_size(head));
}

static GBytes *squeeze(const struct request *request, struct up_rng *rng)
{
        static const char *const last_resorts[] = { "\n", "\n\n", "" };
        GBytes *result = NULL;

        for (int i = 0; i < SQUEEZE_TRIES && result == NULL; i++) {
                struct up_draft draft;
                draft_init(&draft, request, *rng);
                apply_one(&draft, UP_LAYER_HAVOC);
                result = squeeze_draft(&draft, request);
                *rng = draft.rng;
                up_draft_clear(&draft);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(last_resorts) && result == NULL; i++) {
                g_autoptr(GBytes) file =
                    g_bytes_new_static(last_resorts[i], strlen(last_resorts[i]));
                if (g_bytes_get_size(file) <= request->most_bytes &&
                    differs_and_reads(request, file))
                        result = g_bytes_ref(file);
        }
        return result != NULL ? result : g_bytes_new(NULL, 0);
}

/* --- requests --------------------------------------------------------------------------------- */

/* One operator in two of five mutants; each more is less likely. */
static unsigned choose_count(struct up_rng *rng)
{
        unsigned count = 1;

        while (count < OPERATORS_MOST && up_rng_below(rng, 5) < 3)
                count++;
        return count;
}

/* Takes over request->c. */
static GBytes *fulfil(struct request *request, uint64_t seed)
{
        struct up_rng rng = { seed };
        g_autoptr(up_case) c = request->c;
        enum up_expected_grade expected = up_expected_grade_of(c->mutation);
        GBytes *file = NULL;
        unsigned operators = choose_count(&rng) - (request->other != NULL ? 1 : 0);

        request->is_certain = expected == UP_EXPECTED_VALID || expected == UP_EXPECTED_DIGEST;
        up_mutate_clear_claims(c);
        request->settings = settings_of(c);
        for (int i = 0; i < ATTEMPTS && file == NULL; i++) {
                file = attempt(request, &rng, operators);
                operators = MAX(operators, 2) - 1;
        }
        if (file == NULL)
                file = squeeze(request, &rng);
        g_free(request->settings);
        return file;
}

GBytes *up_mutate_case(
    struct up_case *c, const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed)
{
        struct request request = { .c = c, .data = data, .bytes = bytes, .most_bytes = most_bytes };

        return fulfil(&request, seed);
}

GBytes *up_mutate(const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed)
{
        return up_mutate_case(up_case_read(data, bytes, NULL), data, bytes, most_bytes, seed);
}

GBytes *up_crossover(const uint8_t *data, size_t bytes, const uint8_t *other, size_t other_bytes,
    size_t most_bytes, uint64_t seed)
{
        g_autoptr(up_case) other_case = up_case_read(other, other_bytes, NULL);
        struct request request = { .c = up_case_read(data, bytes, NULL),
                .data = data,
                .bytes = bytes,
                .other = other_case,
                .most_bytes = most_bytes };

        return fulfil(&request, seed);
}

/* --- events ----------------------------------------------------------------------------------- */

#define EVENT_EDITS_MOST 4
#define EVENT_RUN_MOST   8 /* bytes that an edit repeats or removes */
#define POLICY_ONE_IN    8

static void insert_events(GByteArray *events, guint at, const uint8_t *data, guint count)
{
        guint after = events->len - at;

        g_byte_array_set_size(events, events->len + count);
        memmove(events->data + at + count, events->data + at, after);
        memcpy(events->data + at, data, count);
}

static void edit_events(GByteArray *events, struct up_rng *rng)
{
        uint8_t byte = (uint8_t)up_rng_next(rng);
        guint at = (guint)up_rng_below(rng, events->len + 1);
        guint most = MIN(EVENT_RUN_MOST, events->len - at);
        guint run = most > 0 ? 1 + (guint)up_rng_below(rng, most) : 0;
        g_autofree uint8_t *copy = g_memdup2(events->data + at, run);

        switch (up_rng_below(rng, 4)) {
        case 0: /* another event, or another time before it */
                if (run > 0) {
                        events->data[at] = byte;
                        return;
                }
                break;
        case 1:
                if (run > 0 && run < events->len) {
                        g_byte_array_remove_range(events, at, run);
                        return;
                }
                break;
        case 2: /* repeated at the end: there the run is still alive */
                if (run > 0) {
                        g_byte_array_append(events, copy, run);
                        return;
                }
                break;
        default:
                break;
        }
        insert_events(events, at, &byte, 1);
}

/* A run of the other's events, anywhere. */
static void cross_events(GByteArray *events, GBytes *other, struct up_rng *rng)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(other, &bytes);

        if (bytes == 0)
                return;
        size_t from = up_rng_below(rng, bytes);
        size_t count = 1 + up_rng_below(rng, bytes - from);
        insert_events(events, (guint)up_rng_below(rng, events->len + 1), data + from, (guint)count);
}

/* One operator of the script layer whose name says that it changes the policy. */
static void change_policy(struct up_draft *draft)
{
        for (int i = 0; i < OPERATOR_TRIES; i++) {
                const struct up_operator *operator= &
                    up_script_layer.operators[up_rng_below(&draft->rng, up_script_layer.count)];
                if (g_str_has_prefix(operator->name, "policy") && operator->apply(draft))
                        return;
        }
}

GBytes *up_mutate_events(
    struct up_case *c, const struct up_case *other, size_t most_bytes, uint64_t seed)
{
        struct up_draft draft;
        GByteArray *events = g_byte_array_new();
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(c->message, &bytes);
        g_autoptr(GBytes) message = NULL;
        GBytes *file;

        up_draft_init(&draft, c, (struct up_rng){ seed }, most_bytes);
        up_mutate_clear_claims(c);
        up_case_put(&c->mutation, "events; graded unsigned");
        if (bytes > 0)
                g_byte_array_append(events, data, (guint)bytes);
        if (other != NULL)
                cross_events(events, other->message, &draft.rng);
        for (size_t i = 1 + up_rng_below(&draft.rng, EVENT_EDITS_MOST); i > 0; i--)
                edit_events(events, &draft.rng);
        message = g_byte_array_free_to_bytes(events);
        up_draft_set_message(&draft, message);
        if (up_rng_one_in(&draft.rng, POLICY_ONE_IN))
                change_policy(&draft);
        expand_placeholder(c);
        file = up_case_write(c);
        if (g_bytes_get_size(file) > most_bytes)
                g_clear_pointer(&file, g_bytes_unref);
        up_draft_clear(&draft);
        return file;
}
