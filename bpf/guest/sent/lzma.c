/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LZMA, see lzma.h. The output is its own dictionary.
 */
#include "sent/lzma.h"

#define HEADER_BYTES 13
#define MAX_LITERAL_BITS 4 /* lc + lp; xz makes no more */
#define STATES 12
#define FIRST_MATCH_STATE 7 /* below: the last was a literal */
#define MIN_MATCH 2
#define HALF 1024 /* of 11 bits: as likely as not */

typedef uint16_t prob;

struct lengths {
    prob choice, choice2;
    prob low[16][8], mid[16][8], high[256];
};

static struct {
    prob literal[0x300 << MAX_LITERAL_BITS];
    prob match[STATES][16], rep0_long[STATES][16];
    prob rep[STATES], rep_g0[STATES], rep_g1[STATES], rep_g2[STATES];
    prob slot[4][64], special[115], align[16];
    struct lengths length, rep_length;
} probs;

static struct {
    const uint8_t *in, *in_end;
    bool starved;
    uint32_t range, code;
    uint8_t *out;
    size_t at, size;
    unsigned lc, lp, pb, state;
    uint32_t reps[4];
} d;

static void
normalize(void)
{
    if (d.range >= 1u << 24)
        return;
    d.starved |= d.in == d.in_end;
    d.range <<= 8;
    d.code = d.code << 8 | (d.starved ? 0 : *d.in++);
}

static unsigned
bit(prob *p)
{
    uint32_t bound = (d.range >> 11) * *p;
    unsigned result = d.code >= bound;

    if (result) {
        *p = (prob)(*p - (*p >> 5));
        d.code -= bound;
        d.range -= bound;
    } else {
        *p = (prob)(*p + ((2048 - *p) >> 5));
        d.range = bound;
    }
    normalize();
    return result;
}

static uint32_t
direct_bits(unsigned n)
{
    uint32_t result = 0;

    while (n-- > 0) {
        d.range >>= 1;
        result = result << 1 | (d.code >= d.range);
        if (result & 1)
            d.code -= d.range;
        normalize();
    }
    return result;
}

static unsigned
tree(prob *p, unsigned bits)
{
    unsigned m = 1, i;

    for (i = 0; i < bits; i++)
        m = m << 1 | bit(&p[m]);
    return m - (1u << bits);
}

static uint32_t
reverse_tree(prob *p, unsigned bits)
{
    uint32_t result = 0;
    unsigned m = 1, i, b;

    for (i = 0; i < bits; i++) {
        b = bit(&p[m]);
        m = m << 1 | b;
        result |= (uint32_t)b << i;
    }
    return result;
}

static void
literal(void)
{
    unsigned previous = d.at > 0 ? d.out[d.at - 1] : 0, symbol = 1, match, expected;
    unsigned context = (unsigned)(d.at & ((1u << d.lp) - 1)) << d.lc | previous >> (8 - d.lc);
    prob *p = &probs.literal[0x300 * context];

    if (d.state >= FIRST_MATCH_STATE) {
        match = d.out[d.at - d.reps[0] - 1];
        do {
            expected = match >> 7 & 1;
            match <<= 1;
            symbol = symbol << 1 | bit(&p[((1 + expected) << 8) + symbol]);
        } while ((symbol & 1) == expected && symbol < 0x100);
    }
    while (symbol < 0x100)
        symbol = symbol << 1 | bit(&p[symbol]);
    d.out[d.at++] = (uint8_t)symbol;
    d.state = d.state < 4 ? 0 : d.state < 10 ? d.state - 3 : d.state - 6;
}

static unsigned
length(struct lengths *l, unsigned pos)
{
    if (!bit(&l->choice))
        return tree(l->low[pos], 3);
    if (!bit(&l->choice2))
        return 8 + tree(l->mid[pos], 3);
    return 16 + tree(l->high, 8);
}

static uint32_t
distance(unsigned len)
{
    unsigned slot = tree(probs.slot[len < 3 ? len : 3], 6), bits = (slot >> 1) - 1;
    uint32_t result;

    if (slot < 4)
        return slot;
    result = (2u | (slot & 1)) << bits;
    if (slot < 14)
        return result + reverse_tree(&probs.special[result - slot], bits);
    result += direct_bits(bits - 4) << 4;
    return result + reverse_tree(probs.align, 4);
}

/* One of the last four distances; false if it is a single byte from the last. */
static bool
repeat(unsigned pos)
{
    uint32_t chosen;
    unsigned i = 0;

    if (!bit(&probs.rep_g0[d.state])) {
        if (!bit(&probs.rep0_long[d.state][pos])) {
            d.state = d.state < FIRST_MATCH_STATE ? 9 : 11;
            return false;
        }
        return true;
    }
    i = 1;
    if (bit(&probs.rep_g1[d.state]))
        i = 2 + bit(&probs.rep_g2[d.state]);
    chosen = d.reps[i];
    for (; i > 0; i--)
        d.reps[i] = d.reps[i - 1];
    d.reps[0] = chosen;
    return true;
}

static bool
copy(size_t n)
{
    if (d.reps[0] >= d.at || n > d.size - d.at)
        return false;
    for (; n > 0; n--, d.at++)
        d.out[d.at] = d.out[d.at - d.reps[0] - 1];
    return true;
}

static bool
match(unsigned pos)
{
    unsigned len, next;

    if (bit(&probs.rep[d.state])) {
        if (!repeat(pos))
            return copy(1);
        next = d.state < FIRST_MATCH_STATE ? 8 : 11;
        len = length(&probs.rep_length, pos);
    } else {
        next = d.state < FIRST_MATCH_STATE ? 7 : 10;
        len = length(&probs.length, pos);
        d.reps[3] = d.reps[2];
        d.reps[2] = d.reps[1];
        d.reps[1] = d.reps[0];
        d.reps[0] = distance(len);
    }
    d.state = next;
    return copy(len + MIN_MATCH);
}

static bool
begin(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
    prob *p = (prob *)(void *)&probs;
    size_t i;

    if (in_size < HEADER_BYTES + 5 || in[0] >= 9 * 5 * 5 || in[HEADER_BYTES] != 0)
        return false;
    d.lc = in[0] % 9;
    d.lp = in[0] / 9 % 5;
    d.pb = in[0] / 45;
    if (d.lc + d.lp > MAX_LITERAL_BITS)
        return false;
    for (i = 0; i < sizeof(probs) / sizeof(*p); i++)
        p[i] = HALF;
    d.in = in + HEADER_BYTES + 1;
    d.in_end = in + in_size;
    d.starved = false;
    d.range = UINT32_MAX;
    for (i = 0, d.code = 0; i < 4; i++)
        d.code = d.code << 8 | *d.in++;
    d.out = out;
    d.at = 0;
    d.size = out_size;
    d.state = 0;
    for (i = 0; i < 4; i++)
        d.reps[i] = 0;
    return true;
}

bool
lzma_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
    unsigned pos;

    if (!begin(in, in_size, out, out_size))
        return false;
    while (d.at < d.size && !d.starved) {
        pos = (unsigned)d.at & ((1u << d.pb) - 1);
        if (!bit(&probs.match[d.state][pos]))
            literal();
        else if (!match(pos))
            return false;
    }
    return d.at == d.size && !d.starved;
}
