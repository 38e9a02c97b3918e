/*
 * mutate - which operators, in which order, and that what comes out fits and can be read
 *
 * The order is what makes a mutation worth more than a flipped bit. What is done with the message
 * comes first, for a signature is made at the case's own time. Then what is inside is changed, half
 * the time with its layers taken off. Then the ending decides: mostly the last word is the
 * signer's, and what was changed or broken before is under the signature; less often it is
 * somebody's who damages what was signed, and says what that does to the grade; or nobody signs. It
 * is signed at most once, for that and reading it again are what a run's time goes into, and not at
 * all where the mutation before says that the signature is worth something and nothing was done to
 * the message.
 *
 * A signature that the message brought along is worth nothing certain: its grade is unknown until
 * one is made here.
 *
 * Sizes are known only when the case is written. So a mutation is tried again, with fewer operators
 * each time, until it fits; if none does, a blind one that is cut to size always will.
 */
#include "mutate/mutate.h"

#include <string.h>

#include "mutate/havoc.h"
#include "mutate/script_operators.h"
#include "mutate/sign.h"
#include "mutate/tree.h"

/* A mutation has so many operators at most, besides those that sign and damage. */
#define OPERATORS_MOST 4

/* Bounds, so that nothing here goes on for ever. */
#define MUTATION_TRIES 6
#define OPERATOR_TRIES 12
#define SQUEEZE_TRIES  16

/* What the line `mutation:` takes of the room, mostly. */
#define MUTATION_BYTES 120

/* What kind of case it is decides which layers are worth the time. */
enum nature {
        NATURE_MAIL,   /* a message, and nothing is said about what is done with it */
        NATURE_PLAYED, /* with a script, a policy or an envelope of its own */
        NATURE_RAW,    /* the message does not begin as mail does */
};

static const unsigned layer_weights[][UP_LAYERS] = {
        [NATURE_MAIL] = { [UP_LAYER_TREE] = 40,
            [UP_LAYER_SIGN] = 18,
            [UP_LAYER_DER] = 16,
            [UP_LAYER_DAMAGE] = 12,
            [UP_LAYER_SCRIPT] = 8,
            [UP_LAYER_HAVOC] = 6 },
        [NATURE_PLAYED] = { [UP_LAYER_TREE] = 18,
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

/* What is asked for, of one attempt. */
struct wish {
        const uint8_t *data; /* what goes in */
        size_t bytes;
        const struct up_case *other; /* to cross with; NULL: none */
        size_t most_bytes;           /* of the file */
        enum up_intended promised;   /* by the mutation that made it */
        GBytes *plain;               /* the case that goes in, as plain_of() writes it; owned */
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
        return bytes > 1 && data[0] == 0x30 && data[1] >= 0x80; /* a DER SEQUENCE */
}

static bool is_written(const struct up_case *c, enum up_case_key_id id)
{
        g_autoptr(GString) line = g_string_new(NULL);

        up_case_key_rows[id].write(c, &up_case_key_rows[id], line);
        return line->len > 0;
}

static enum nature nature_of(const struct up_case *c)
{
        if (!looks_like_mail(c->message))
                return NATURE_RAW;
        if (is_written(c, UP_CASE_SCRIPT) || is_written(c, UP_CASE_POLICY) ||
            is_written(c, UP_CASE_ENVELOPE))
                return NATURE_PLAYED;
        return NATURE_MAIL;
}

/* --- drafts ----------------------------------------------------------------------------------- */

static void drop(char **text)
{
        g_free(*text);
        *text = NULL;
}

void up_mutate_forget(struct up_case *c)
{
        drop(&c->fault);
        drop(&c->finding);
        drop(&c->evidence);
        drop(&c->known.name);
        drop(&c->known.version);
        drop(&c->known.url);
        drop(&c->mutation);
}

/* A message that can not fit is cut first, or no operator could do anything with it. */
static void draft_init(struct up_draft *draft, const struct wish *wish, struct up_rng rng)
{
        *draft = (struct up_draft){
                .c = up_case_read(wish->data, wish->bytes, NULL),
                .rng = rng,
                .most_bytes = wish->most_bytes,
                .done = g_string_new(NULL),
        };
        up_mutate_forget(draft->c);
        if (g_bytes_get_size(draft->c->message) > wish->most_bytes) {
                g_autoptr(GBytes) part =
                    g_bytes_new_from_bytes(draft->c->message, 0, wish->most_bytes);
                up_draft_set_message(draft, part);
        }
        if (looks_signed(draft->c->message))
                draft->graded = UP_INTENDED_UNKNOWN;
}

static void draft_clear(struct up_draft *draft)
{
        up_case_free(draft->c);
        g_string_free(draft->done, TRUE);
}

static void note(struct up_draft *draft, const char *name)
{
        g_string_append_printf(draft->done, "%s%s", draft->done->len > 0 ? "," : "", name);
}

/* The head takes its part of the room; what is left is the message's. */
static void leave_room_for_head(struct up_draft *draft, size_t most_bytes)
{
        GBytes *message = g_steal_pointer(&draft->c->message);
        g_autoptr(GBytes) head = NULL;
        size_t used;

        draft->c->message = g_bytes_new(NULL, 0);
        head = up_case_write(draft->c);
        g_bytes_unref(draft->c->message);
        draft->c->message = message;
        used = g_bytes_get_size(head) + MUTATION_BYTES;
        draft->most_bytes = used < most_bytes ? most_bytes - used : 0;
}

/* --- operators -------------------------------------------------------------------------------- */

static size_t choose_by(struct up_rng *rng, const unsigned *weights, size_t count)
{
        size_t sum = 0, at, i = 0;

        for (size_t j = 0; j < count; j++)
                sum += weights[j];
        at = up_rng_below(rng, sum);
        while (i + 1 < count && at >= weights[i])
                at -= weights[i++];
        return i;
}

static size_t choose_operator(struct up_rng *rng, const struct up_operator *operators, size_t count)
{
        size_t sum = 0, at, i = 0;

        for (size_t j = 0; j < count; j++)
                sum += operators[j].weight;
        at = up_rng_below(rng, sum);
        while (i + 1 < count && at >= operators[i].weight)
                at -= operators[i++].weight;
        return i;
}

/* One operator of the layer that finds something to do; false: none was met. */
static bool apply_one(struct up_draft *draft, enum up_layer layer)
{
        size_t count;
        const struct up_operator *operators = up_operators(layer, &count);

        for (int i = 0; i < OPERATOR_TRIES && count > 0; i++) {
                const struct up_operator *row =
                    &operators[choose_operator(&draft->rng, operators, count)];
                if (!row->apply(draft))
                        continue;
                note(draft, row->name);
                if (layer == UP_LAYER_HAVOC && draft->graded != UP_INTENDED_UNSIGNED)
                        draft->graded = UP_INTENDED_UNKNOWN;
                return true;
        }
        return false;
}

/* False: none of them did anything. */
static bool apply_some(struct up_draft *draft, enum up_layer layer, unsigned count)
{
        bool any = false;

        while (count-- > 0)
                any |= apply_one(draft, layer);
        return any;
}

/* --- the signature ---------------------------------------------------------------------------- */

/* Whose hand is the last one on the message. */
enum ending {
        ENDING_SEALED,  /* the signer's: what was done before is under the signature */
        ENDING_DAMAGED, /* a relay's, or somebody's who changed what was signed */
        ENDING_LEFT,    /* whoever's it was: it is not signed */
};
#define ENDINGS 3

/* What was decided about a mutation, and what its case was before. */
struct setting {
        unsigned wanted[UP_LAYERS]; /* operators of each layer */
        enum nature nature;
        enum ending ending;
        bool was_signed;
        enum up_intended promised; /* by the mutation before this one */
        GBytes *before;            /* the message */
};

/*
 * Mail is mostly signed, for what is behind the check is what others do not reach. Mail that is
 * not signed and has no script is mostly left so: a signature costs more time than all else, and
 * hides from who reads only what is plain. What is no mail is not made to look like some.
 */
static const unsigned ending_weights[][2][ENDINGS] = {
        [NATURE_MAIL] = { { 26, 8, 66 }, { 68, 20, 12 } },
        [NATURE_PLAYED] = { { 70, 12, 18 }, { 72, 16, 12 } },
        [NATURE_RAW] = { { 0, 0, 100 }, { 60, 15, 25 } },
};

static enum ending choose_ending(struct up_rng *rng, enum nature nature, bool was_signed)
{
        return (enum ending)choose_by(rng, ending_weights[nature][was_signed], ENDINGS);
}

/* Is there a signature of which a mutation before this one says that it is worth something? */
static bool is_promised(enum up_intended graded)
{
        return graded == UP_INTENDED_VALID || graded == UP_INTENDED_DIGEST;
}

/* By an operator of the layer if one was drawn, else in some way that mostly holds. */
static bool sign(struct up_draft *draft, const unsigned wanted[UP_LAYERS])
{
        if (wanted[UP_LAYER_SIGN] > 0)
                return apply_one(draft, UP_LAYER_SIGN);
        return up_sign_again(draft);
}

/* Bytes are changed before the signature is made, or after it. */
static bool break_it(struct up_draft *draft, const unsigned wanted[UP_LAYERS])
{
        bool broken = apply_some(draft, UP_LAYER_DER, wanted[UP_LAYER_DER]);

        broken |= apply_some(draft, UP_LAYER_DAMAGE, wanted[UP_LAYER_DAMAGE]);
        broken |= apply_some(draft, UP_LAYER_HAVOC, wanted[UP_LAYER_HAVOC]);
        return broken;
}

/*
 * What was broken while it bore a signature is signed as it is, all around: taking the old
 * signature off would take off what was done to it.
 */
static void seal(struct up_draft *draft, const struct setting *setting)
{
        bool is_signed = draft->graded != UP_INTENDED_UNSIGNED;

        if (break_it(draft, setting->wanted) && is_signed && up_sign_around(draft))
                return;
        if (draft->c->message == setting->before && setting->wanted[UP_LAYER_SIGN] == 0 &&
            is_promised(setting->promised))
                return;
        sign(draft, setting->wanted);
}

/* Only a signature that somebody vouches for is worth damaging. */
static void damage(struct up_draft *draft, const struct setting *setting)
{
        if (draft->c->message != setting->before || !is_promised(setting->promised) ||
            setting->wanted[UP_LAYER_SIGN] > 0)
                sign(draft, setting->wanted);
        if (!break_it(draft, setting->wanted))
                apply_one(draft, UP_LAYER_DAMAGE);
}

/* --- a mutation ------------------------------------------------------------------------------- */

static void choose_layers(struct up_draft *draft, unsigned operators, struct setting *setting)
{
        for (unsigned i = 0; i < operators; i++)
                setting
                    ->wanted[choose_by(&draft->rng, layer_weights[setting->nature], UP_LAYERS)]++;
}

/* Parts, fields, events and settings of the other; at least one of these. */
static void cross(struct up_draft *draft, const struct up_case *other)
{
        bool play = up_rng_one_in(&draft->rng, 2);
        bool bytes = up_rng_one_in(&draft->rng, 2);

        if (play && up_play_cross(draft, other))
                note(draft, "play-cross");
        if (play && bytes)
                return;
        if (looks_like_mail(draft->c->message) && up_tree_cross(draft, other))
                note(draft, "tree-cross");
        else if (up_havoc_cross(draft, other->message))
                note(draft, "bytes-cross");
}

/* Half the time what is inside the layers is changed, else what is around it and the layers. */
static void change_content(
    struct up_draft *draft, const struct wish *wish, const struct setting *setting)
{
        bool changes = setting->wanted[UP_LAYER_TREE] > 0 || wish->other != NULL;

        if (changes && setting->was_signed && setting->ending != ENDING_LEFT &&
            up_rng_one_in(&draft->rng, 2))
                up_sign_unwrap(draft);
        if (wish->other != NULL)
                cross(draft, wish->other);
        apply_some(draft, UP_LAYER_TREE, setting->wanted[UP_LAYER_TREE]);
}

/* A mutation with so many operators; with none, and a case to cross with, it is that alone. */
static void change(struct up_draft *draft, const struct wish *wish, unsigned operators)
{
        g_autoptr(GBytes) before = g_bytes_ref(draft->c->message);
        struct setting setting = {
                .nature = nature_of(draft->c),
                .was_signed = draft->graded != UP_INTENDED_UNSIGNED,
                .promised = wish->promised,
                .before = before,
        };

        choose_layers(draft, operators, &setting);
        setting.ending = choose_ending(&draft->rng, setting.nature, setting.was_signed);
        apply_some(draft, UP_LAYER_SCRIPT, setting.wanted[UP_LAYER_SCRIPT]);
        leave_room_for_head(draft, wish->most_bytes);
        change_content(draft, wish, &setting);
        switch (setting.ending) {
        case ENDING_SEALED:
                seal(draft, &setting);
                break;
        case ENDING_DAMAGED:
                damage(draft, &setting);
                break;
        case ENDING_LEFT:
                apply_some(draft, UP_LAYER_SIGN, MIN(1, setting.wanted[UP_LAYER_SIGN]));
                break_it(draft, setting.wanted);
                break;
        }
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The case without what is merely said about it. */
static GBytes *plain_of(struct up_case *c)
{
        char *title = g_steal_pointer(&c->title);
        char *reference = g_steal_pointer(&c->reference);
        char *mutation = g_steal_pointer(&c->mutation);
        GBytes *plain = up_case_write(c);

        c->title = title;
        c->reference = reference;
        c->mutation = mutation;
        return plain;
}

static void write_mutation(struct up_draft *draft)
{
        g_free(draft->c->mutation);
        draft->c->mutation =
            g_strdup_printf("%s; graded %s", draft->done->str, up_intended_names[draft->graded]);
}

/* The draft as a file, without its title if need be. NULL: it does not fit, or nothing changed. */
static GBytes *write_draft(struct up_draft *draft, const struct wish *wish)
{
        g_autoptr(GBytes) plain = NULL;
        g_autoptr(GBytes) file = NULL;

        if (draft->done->len == 0)
                return NULL;
        plain = plain_of(draft->c);
        if (g_bytes_get_size(plain) > wish->most_bytes || g_bytes_equal(plain, wish->plain))
                return NULL;
        write_mutation(draft);
        file = up_case_write(draft->c);
        if (g_bytes_get_size(file) <= wish->most_bytes)
                return g_steal_pointer(&file);
        drop(&draft->c->title);
        drop(&draft->c->reference);
        g_bytes_unref(file);
        file = up_case_write(draft->c);
        return g_bytes_get_size(file) <= wish->most_bytes ? g_steal_pointer(&file) : NULL;
}

/* --- when there is little room ---------------------------------------------------------------- */

static bool is_another(const struct wish *wish, GBytes *file)
{
        gsize bytes;
        const uint8_t *data = g_bytes_get_data(file, &bytes);
        g_autoptr(GPtrArray) complaints = up_complaints_new();

        if (bytes == wish->bytes && (bytes == 0 || memcmp(data, wish->data, bytes) == 0))
                return false;
        up_case_free(up_case_read(data, bytes, complaints));
        return complaints->len == 0;
}

/* The file from @from on, as far as there is room. NULL: that is nothing new, or not readable. */
static GBytes *cut_file(const struct wish *wish, GBytes *file, size_t from)
{
        size_t bytes = MIN(g_bytes_get_size(file) - from, wish->most_bytes);
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(file, from, bytes);

        return is_another(wish, part) ? g_steal_pointer(&part) : NULL;
}

/* The message cut to what the head leaves; with the standard head; without any. */
static GBytes *squeeze_draft(struct up_draft *draft, const struct wish *wish)
{
        g_autoptr(GBytes) plain = plain_of(draft->c);
        g_autoptr(up_case) bare = up_case_new();
        GBytes *result = cut_file(wish, plain, 0);
        g_autoptr(GBytes) head = up_case_write(bare);
        g_autoptr(GBytes) file = NULL;

        if (result != NULL)
                return result;
        g_bytes_unref(bare->message);
        bare->message = g_bytes_ref(draft->c->message);
        file = up_case_write(bare);
        result = cut_file(wish, file, 0);
        return result != NULL ? result : cut_file(wish, file, g_bytes_get_size(head));
}

static GBytes *squeeze(const struct wish *wish, struct up_rng *rng)
{
        static const char *const last_resorts[] = { "\n", "\n\n", "" };
        GBytes *result = NULL;

        for (int i = 0; i < SQUEEZE_TRIES && result == NULL; i++) {
                struct up_draft draft;
                draft_init(&draft, wish, *rng);
                apply_one(&draft, UP_LAYER_HAVOC);
                result = squeeze_draft(&draft, wish);
                *rng = draft.rng;
                draft_clear(&draft);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(last_resorts) && result == NULL; i++) {
                g_autoptr(GBytes) file =
                    g_bytes_new_static(last_resorts[i], strlen(last_resorts[i]));
                if (g_bytes_get_size(file) <= wish->most_bytes && is_another(wish, file))
                        result = g_bytes_ref(file);
        }
        return result != NULL ? result : g_bytes_new(NULL, 0);
}

/* --- the engine ------------------------------------------------------------------------------- */

/* One operator in two of five mutations; each more is less likely. */
static unsigned choose_count(struct up_rng *rng)
{
        unsigned count = 1;

        while (count < OPERATORS_MOST && up_rng_below(rng, 5) < 3)
                count++;
        return count;
}

static GBytes *attempt(const struct wish *wish, struct up_rng *rng, unsigned operators)
{
        struct up_draft draft;
        GBytes *file;

        draft_init(&draft, wish, *rng);
        change(&draft, wish, operators);
        file = write_draft(&draft, wish);
        *rng = draft.rng;
        draft_clear(&draft);
        return file;
}

static GBytes *fulfil(struct wish *wish, uint64_t seed)
{
        struct up_rng rng = { seed };
        g_autoptr(up_case) c = up_case_read(wish->data, wish->bytes, NULL);
        GBytes *file = NULL;
        unsigned operators = wish->other == NULL ? choose_count(&rng) : choose_count(&rng) - 1;

        wish->promised = up_intended_of(c->mutation);
        up_mutate_forget(c);
        wish->plain = plain_of(c);
        for (int i = 0; i < MUTATION_TRIES && file == NULL; i++) {
                file = attempt(wish, &rng, operators);
                operators = MAX(operators, 2) - 1;
        }
        if (file == NULL)
                file = squeeze(wish, &rng);
        g_bytes_unref(wish->plain);
        return file;
}

GBytes *up_mutate(const uint8_t *data, size_t bytes, size_t most_bytes, uint64_t seed)
{
        struct wish wish = { .data = data, .bytes = bytes, .most_bytes = most_bytes };

        return fulfil(&wish, seed);
}

GBytes *up_crossover(const uint8_t *data, size_t bytes, const uint8_t *other, size_t other_bytes,
    size_t most_bytes, uint64_t seed)
{
        g_autoptr(up_case) c = up_case_read(other, other_bytes, NULL);
        struct wish wish = { .data = data, .bytes = bytes, .other = c, .most_bytes = most_bytes };

        return fulfil(&wish, seed);
}
