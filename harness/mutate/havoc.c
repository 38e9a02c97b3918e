/*
 * havoc - anonymous bytes of the message, as every fuzzer changes them
 *
 * Operators on bytes, without regard to mail. They reach what operators on the structure never
 * write. Little signed mail verifies after them, so they are rare there; where the message is not
 * mail, as for the target `machine`, nearly all mutations are theirs.
 *
 * All of them are one splice: a stretch of the message is taken out and other bytes are put in its
 * place. An operator chooses the stretch and the bytes.
 */
#include "mutate/havoc.h"

#include <string.h>

#include "mail/eicar.h"

/* Of a stretch that is copied, inserted or taken out, mostly. */
#define SHORT_BYTES 32

static size_t size_of(const struct up_draft *draft)
{
        return g_bytes_get_size(draft->c->message);
}

static const uint8_t *data_of(const struct up_draft *draft)
{
        return g_bytes_get_data(draft->c->message, NULL);
}

/* Takes @taken bytes out at @at, and puts @bytes of @data there. */
static bool splice(
    struct up_draft *draft, size_t at, size_t taken, const uint8_t *data, size_t bytes)
{
        size_t size = size_of(draft);
        const uint8_t *old = data_of(draft);

        g_assert(at <= size && taken <= size - at);
        if (bytes == taken && (bytes == 0 || memcmp(old + at, data, bytes) == 0))
                return false;
        if (size - taken > draft->most_bytes || bytes > draft->most_bytes - (size - taken))
                return false;

        g_autofree uint8_t *changed = g_malloc(size - taken + bytes + 1);
        if (at > 0)
                memcpy(changed, old, at);
        if (bytes > 0)
                memcpy(changed + at, data, bytes);
        if (size - at > taken)
                memcpy(changed + at + bytes, old + at + taken, size - at - taken);
        g_autoptr(GBytes) message =
            g_bytes_new_take(g_steal_pointer(&changed), size - taken + bytes);
        return up_draft_set_message(draft, message);
}

/* From 1 to @most, mostly short; 0 if @most is. */
static size_t some_bytes(struct up_draft *draft, size_t most)
{
        size_t usual = up_rng_one_in(&draft->rng, 8) ? most : MIN(most, SHORT_BYTES);

        return most > 0 ? 1 + up_rng_below(&draft->rng, usual) : 0;
}

/* --- operators -------------------------------------------------------------------------------- */

static bool flip_bit(struct up_draft *draft)
{
        size_t at = up_rng_below(&draft->rng, size_of(draft));
        uint8_t byte;

        if (size_of(draft) == 0)
                return false;
        byte = (uint8_t)(data_of(draft)[at] ^ (1U << up_rng_below(&draft->rng, 8)));
        return splice(draft, at, 1, &byte, 1);
}

static bool set_byte(struct up_draft *draft)
{
        size_t at = up_rng_below(&draft->rng, size_of(draft));
        uint8_t byte = (uint8_t)up_rng_next(&draft->rng);

        return size_of(draft) > 0 && splice(draft, at, 1, &byte, 1);
}

static bool insert_bytes(struct up_draft *draft)
{
        size_t at = up_rng_below(&draft->rng, size_of(draft) + 1);
        size_t bytes = 1 + up_rng_below(&draft->rng, SHORT_BYTES);
        bool same = up_rng_one_in(&draft->rng, 2);
        uint8_t fresh[SHORT_BYTES];

        for (size_t i = 0; i < bytes; i++)
                fresh[i] = same && i > 0 ? fresh[0] : (uint8_t)up_rng_next(&draft->rng);
        return splice(draft, at, 0, fresh, bytes);
}

static bool delete_bytes(struct up_draft *draft)
{
        size_t at = up_rng_below(&draft->rng, size_of(draft));

        return splice(draft, at, some_bytes(draft, size_of(draft) - at), NULL, 0);
}

static bool cut_end(struct up_draft *draft)
{
        size_t at = up_rng_below(&draft->rng, size_of(draft));

        return splice(draft, at, size_of(draft) - at, NULL, 0);
}

/* A copy of a stretch, inserted elsewhere or over what is there. */
static bool copy_bytes(struct up_draft *draft)
{
        size_t size = size_of(draft);
        size_t from = up_rng_below(&draft->rng, size);
        size_t bytes = some_bytes(draft, size - from);
        size_t at = up_rng_below(&draft->rng, size + 1);
        size_t taken = up_rng_one_in(&draft->rng, 2) ? MIN(bytes, size - at) : 0;

        return size > 0 && splice(draft, at, taken, data_of(draft) + from, bytes);
}

static bool repeat_bytes(struct up_draft *draft)
{
        size_t size = size_of(draft);
        size_t at = up_rng_below(&draft->rng, size);
        size_t bytes = some_bytes(draft, MIN(size - at, SHORT_BYTES));
        size_t times = 1 + up_rng_below(&draft->rng, up_rng_one_in(&draft->rng, 8) ? 1024 : 8);
        g_autoptr(GByteArray) many = g_byte_array_new();

        while (size > 0 && times-- > 0)
                g_byte_array_append(many, data_of(draft) + at, (guint)bytes);
        return splice(draft, at, 0, many->data, many->len);
}

/* Numbers at which lengths, signs and counters turn, in one, two or four bytes of either order. */
static bool write_number(struct up_draft *draft)
{
        static const uint32_t numbers[] = { 0, 1, 0x0d, 0x0a, 0x1f, 0x20, 0x30, 0x7f, 0x80, 0x81,
                0x82, 0x84, 0xff, 0x100, 0x3ff, 0x400, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000,
                0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
        uint32_t number = numbers[up_rng_below(&draft->rng, G_N_ELEMENTS(numbers))];
        size_t bytes = (size_t)1 << up_rng_below(&draft->rng, 3);
        bool big = up_rng_one_in(&draft->rng, 2);
        size_t at = up_rng_below(&draft->rng, size_of(draft));
        uint8_t written[4];

        for (size_t i = 0; i < bytes; i++)
                written[i] = (uint8_t)(number >> 8 * (big ? bytes - 1 - i : i));
        return splice(draft, at, MIN(bytes, size_of(draft) - at), written, bytes);
}

/* A number in digits, made larger, smaller or absurd. */
static bool write_digits(struct up_draft *draft)
{
        static const char *const numbers[] = { "0", "-1", "1", "00", "255", "256", "32767", "65535",
                "65536", "2147483647", "2147483648", "4294967296", "9223372036854775808",
                "18446744073709551616", "99999999999999999999" };
        const char *number = numbers[up_rng_below(&draft->rng, G_N_ELEMENTS(numbers))];
        const uint8_t *data = data_of(draft);
        size_t size = size_of(draft);
        size_t begin = up_rng_below(&draft->rng, size), end;

        while (begin < size && !g_ascii_isdigit(data[begin]))
                begin++;
        for (end = begin; end < size && g_ascii_isdigit(data[end]);)
                end++;
        return end > begin &&
               splice(draft, begin, end - begin, (const uint8_t *)number, strlen(number));
}

/* The last one stands for the test virus, and becomes it before it is put in. */
static bool insert_token(struct up_draft *draft)
{
        static const char *const tokens[] = { "\r\n", "\n", "\r", "\r\n\r\n", "\r\n ", "\r\n\t",
                "\r\n.\r\n", "\r\n..\r\n", "--", "\r\n--", "=\r\n", "=00", "=?utf-8?Q?", "?=", "\"",
                "(", ")", "<", ">", "@", ";", ":", "%00", "\xef\xbb\xbf", "\xc0\x80", "\xff",
                "\x1b$B", "\x1b(B", "*0*=", "MIAG", "MIID", "begin 644 x\r\n", "\r\nFrom ",
                UP_EICAR_PLACEHOLDER };
        const char *token = tokens[up_rng_below(&draft->rng, G_N_ELEMENTS(tokens))];
        g_autoptr(GBytes) fresh = up_eicar_expand((const uint8_t *)token, strlen(token));
        size_t at = up_rng_below(&draft->rng, size_of(draft) + 1);
        size_t taken =
            up_rng_one_in(&draft->rng, 2) ? MIN(size_of(draft) - at, g_bytes_get_size(fresh)) : 0;

        return splice(draft, at, taken, g_bytes_get_data(fresh, NULL), g_bytes_get_size(fresh));
}

static bool insert_nul(struct up_draft *draft)
{
        return splice(
            draft, up_rng_below(&draft->rng, size_of(draft) + 1), 0, (const uint8_t *)"", 1);
}

bool up_havoc_cross(struct up_draft *draft, GBytes *other)
{
        gsize size;
        const uint8_t *data = g_bytes_get_data(other, &size);
        size_t from = up_rng_below(&draft->rng, size);
        size_t bytes = some_bytes(draft, size - from);
        size_t at = up_rng_below(&draft->rng, size_of(draft) + 1);
        size_t taken = up_rng_one_in(&draft->rng, 2) ? some_bytes(draft, size_of(draft) - at) : 0;

        return splice(draft, at, taken, bytes > 0 ? data + from : NULL, bytes);
}

static const struct up_operator operators[] = {
        { "bit-flip", 8, "one bit is the other", flip_bit },
        { "byte-set", 8, "one byte is any other", set_byte },
        { "bytes-insert", 6, "some bytes more", insert_bytes },
        { "bytes-delete", 8, "some bytes less", delete_bytes },
        { "bytes-copy", 6, "some bytes stand elsewhere too", copy_bytes },
        { "bytes-repeat", 4, "some bytes again and again", repeat_bytes },
        { "bytes-cut", 2, "all from there on is missing", cut_end },
        { "number-write", 4, "a number at which counters turn, in bytes", write_number },
        { "digits-write", 4, "such a number, in digits", write_digits },
        { "token-insert", 6, "what mail is made of, where it does not belong", insert_token },
        { "nul-insert", 1, "a NUL", insert_nul },
};
const struct up_layer up_havoc_layer = { "havoc", operators, G_N_ELEMENTS(operators) };
