/*
 * mutate - which operators, in which order, and that what comes out fits and can be read
 *
 * The order is what makes a mutation worth more than a flipped bit. What is done with the message
 * comes first, for a signature is made at the case's own time; then what is inside is changed; then
 * it is signed; and only then is it damaged, by those who know how to say what that does to the
 * grade. A signature that the message brought along is worth nothing certain: its grade is unknown
 * until one is made here.
 *
 * Sizes are known only when the case is written. So a mutation is tried again, with fewer operators
 * each time, until it fits; if none does, a blind one that is cut to size always will.
 */
#include "mutate/mutate.h"

#include <string.h>

#include "mutate/havoc.h"
#include "mutate/play.h"
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
            [UP_LAYER_PLAY] = 8,
            [UP_LAYER_HAVOC] = 6 },
        [NATURE_PLAYED] = { [UP_LAYER_TREE] = 18,
            [UP_LAYER_SIGN] = 10,
            [UP_LAYER_DER] = 6,
            [UP_LAYER_DAMAGE] = 6,
            [UP_LAYER_PLAY] = 56,
            [UP_LAYER_HAVOC] = 4 },
        [NATURE_RAW] = { [UP_LAYER_TREE] = 4,
            [UP_LAYER_SIGN] = 2,
            [UP_LAYER_DER] = 6,
            [UP_LAYER_DAMAGE] = 2,
            [UP_LAYER_PLAY] = 24,
            [UP_LAYER_HAVOC] = 62 },
};

/* What is asked for, of one attempt. */
struct wish {
        const uint8_t *data; /* what goes in */
        size_t bytes;
        const struct up_case *other; /* to cross with; NULL: none */
        size_t most_bytes;           /* of the file */
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
        drop(&c->known.library);
        drop(&c->known.version);
        drop(&c->known.url);
        drop(&c->mutation);
}

/* A message that can not fit is cut first, or no operator could do anything with it. */
static void draft_init(struct up_draft *draft, const struct wish *wish, struct up_dice dice)
{
        *draft = (struct up_draft){
                .c = up_case_read(wish->data, wish->bytes, NULL),
                .dice = dice,
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
                draft->graded = UP_GRADED_UNKNOWN;
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

static size_t choose_weighted(
    struct up_dice *dice, const struct up_operator *operators, size_t count)
{
        size_t sum = 0, at, i = 0;

        for (size_t j = 0; j < count; j++)
                sum += operators[j].weight;
        at = up_dice_below(dice, sum);
        while (i + 1 < count && at >= operators[i].weight)
                at -= operators[i++].weight;
        return i;
}

static enum up_layer choose_layer(struct up_dice *dice, enum nature nature)
{
        const unsigned *weights = layer_weights[nature];
        size_t sum = 0, at;
        int i = 0;

        for (int j = 0; j < UP_LAYERS; j++)
                sum += weights[j];
        at = up_dice_below(dice, sum);
        while (i + 1 < UP_LAYERS && at >= weights[i])
                at -= weights[i++];
        return (enum up_layer)i;
}

/* One operator of the layer that finds something to do, if one is met. */
static void apply_one(struct up_draft *draft, enum up_layer layer)
{
        size_t count;
        const struct up_operator *operators = up_operators(layer, &count);

        for (int i = 0; i < OPERATOR_TRIES && count > 0; i++) {
                const struct up_operator *row =
                    &operators[choose_weighted(&draft->dice, operators, count)];
                if (!row->apply(draft))
                        continue;
                note(draft, row->name);
                if (layer == UP_LAYER_HAVOC && draft->graded != UP_GRADED_UNSIGNED)
                        draft->graded = UP_GRADED_UNKNOWN;
                return;
        }
}

static void apply_some(struct up_draft *draft, enum up_layer layer, unsigned count)
{
        while (count-- > 0)
                apply_one(draft, layer);
}

/*
 * Three times of four where there was a signature. Mail without one stays so three times of four:
 * a signature costs more time than all else, and hides from who reads only what is plain.
 */
static void maybe_sign_again(struct up_draft *draft, bool was_signed)
{
        bool one_in_four = up_dice_once_in(&draft->dice, 4);

        if (one_in_four == was_signed || !up_sign_again(draft))
                return;
        if (up_dice_once_in(&draft->dice, 4))
                apply_one(draft, UP_LAYER_DAMAGE);
}

/* --- a mutation ------------------------------------------------------------------------------- */

static void choose_layers(struct up_draft *draft, unsigned operators, unsigned wanted[UP_LAYERS])
{
        enum nature nature = nature_of(draft->c);

        for (unsigned i = 0; i < operators; i++)
                wanted[choose_layer(&draft->dice, nature)]++;
}

/* Parts, fields, events and settings of the other; at least one of these. */
static void cross(struct up_draft *draft, const struct up_case *other)
{
        bool play = up_dice_once_in(&draft->dice, 2);
        bool bytes = up_dice_once_in(&draft->dice, 2);

        if (play && up_play_cross(draft, other))
                note(draft, "play-cross");
        if (play && bytes)
                return;
        if (looks_like_mail(draft->c->message) && up_tree_cross(draft, other))
                note(draft, "tree-cross");
        else if (up_havoc_cross(draft, other->message))
                note(draft, "bytes-cross");
}

/* A signature is made where there is a reason: something changed, or is to be damaged. */
static bool is_to_be_signed(
    const struct up_draft *draft, GBytes *before, bool was_signed, const unsigned wanted[UP_LAYERS])
{
        bool breaks = wanted[UP_LAYER_DER] + wanted[UP_LAYER_DAMAGE] > 0;

        if (wanted[UP_LAYER_SIGN] > 0)
                return false;
        if (draft->c->message != before)
                return was_signed || looks_like_mail(draft->c->message);
        return was_signed && breaks;
}

/* A mutation with so many operators; with none, and a case to cross with, it is that alone. */
static void change(struct up_draft *draft, const struct wish *wish, unsigned operators)
{
        unsigned wanted[UP_LAYERS] = { 0 };
        g_autoptr(GBytes) before = g_bytes_ref(draft->c->message);
        bool was_signed = draft->graded != UP_GRADED_UNSIGNED;

        choose_layers(draft, operators, wanted);
        bool blind_first = up_dice_once_in(&draft->dice, 2);
        apply_some(draft, UP_LAYER_PLAY, wanted[UP_LAYER_PLAY]);
        leave_room_for_head(draft, wish->most_bytes);
        if (wish->other != NULL)
                cross(draft, wish->other);
        apply_some(draft, UP_LAYER_TREE, wanted[UP_LAYER_TREE]);
        if (blind_first)
                apply_some(draft, UP_LAYER_HAVOC, wanted[UP_LAYER_HAVOC]);
        apply_some(draft, UP_LAYER_SIGN, wanted[UP_LAYER_SIGN]);
        if (is_to_be_signed(draft, before, was_signed, wanted))
                maybe_sign_again(draft, was_signed);
        apply_some(draft, UP_LAYER_DER, wanted[UP_LAYER_DER]);
        apply_some(draft, UP_LAYER_DAMAGE, wanted[UP_LAYER_DAMAGE]);
        if (!blind_first)
                apply_some(draft, UP_LAYER_HAVOC, wanted[UP_LAYER_HAVOC]);
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
            g_strdup_printf("%s; graded %s", draft->done->str, up_graded_names[draft->graded]);
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

static GBytes *squeeze(const struct wish *wish, struct up_dice *dice)
{
        static const char *const last_resorts[] = { "\n", "\n\n", "" };
        GBytes *result = NULL;

        for (int i = 0; i < SQUEEZE_TRIES && result == NULL; i++) {
                struct up_draft draft;
                draft_init(&draft, wish, *dice);
                apply_one(&draft, UP_LAYER_HAVOC);
                result = squeeze_draft(&draft, wish);
                *dice = draft.dice;
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
static unsigned choose_count(struct up_dice *dice)
{
        unsigned count = 1;

        while (count < OPERATORS_MOST && up_dice_below(dice, 5) < 3)
                count++;
        return count;
}

static GBytes *attempt(const struct wish *wish, struct up_dice *dice, unsigned operators)
{
        struct up_draft draft;
        GBytes *file;

        draft_init(&draft, wish, *dice);
        change(&draft, wish, operators);
        file = write_draft(&draft, wish);
        *dice = draft.dice;
        draft_clear(&draft);
        return file;
}

static GBytes *fulfil(struct wish *wish, uint64_t seed)
{
        struct up_dice dice = { seed };
        g_autoptr(up_case) c = up_case_read(wish->data, wish->bytes, NULL);
        GBytes *file = NULL;
        unsigned operators = wish->other == NULL ? choose_count(&dice) : choose_count(&dice) - 1;

        up_mutate_forget(c);
        wish->plain = plain_of(c);
        for (int i = 0; i < MUTATION_TRIES && file == NULL; i++) {
                file = attempt(wish, &dice, operators);
                operators = MAX(operators, 2) - 1;
        }
        if (file == NULL)
                file = squeeze(wish, &dice);
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
