/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of CPU numbers as an array of 64-bit words that grows with the highest
 * CPU added. Trailing zero words mean nothing, so sets of different widths
 * compare by their members. Text forms are in cpuset-text.c.
 */
#include "core/cpuset.h"

#include <string.h>

#define WORD_BITS 64u

struct _BpfpvCpuset {
    guint n_words;
    guint64 *words;
};

static guint64
word_at(const BpfpvCpuset *set, guint i)
{
    return i < set->n_words ? set->words[i] : 0;
}

static void
grow(BpfpvCpuset *set, guint n_words)
{
    if (n_words <= set->n_words)
        return;
    set->words = g_renew(guint64, set->words, n_words);
    memset(set->words + set->n_words, 0, (n_words - set->n_words) * sizeof(guint64));
    set->n_words = n_words;
}

/**
 * bpfpv_cpuset_new:
 *
 * Returns: (transfer full): an empty set
 */
BpfpvCpuset *
bpfpv_cpuset_new(void)
{
    return g_new0(BpfpvCpuset, 1);
}

/**
 * bpfpv_cpuset_new_range:
 * @first: the lowest CPU
 * @last: the highest CPU, @first ≤ @last < %BPFPV_CPUSET_MAX
 *
 * Returns: (transfer full): the set of the CPUs @first to @last, both included
 */
BpfpvCpuset *
bpfpv_cpuset_new_range(guint first, guint last)
{
    BpfpvCpuset *set = bpfpv_cpuset_new();

    g_return_val_if_fail(first <= last && last < BPFPV_CPUSET_MAX, set);

    grow(set, last / WORD_BITS + 1);
    for (guint cpu = first; cpu <= last; cpu++)
        bpfpv_cpuset_add(set, cpu);
    return set;
}

/**
 * bpfpv_cpuset_new_from_words:
 * @words: (array length=n_words): CPU n is bit n % 64 of word n / 64, host byte order
 * @n_words: number of words
 * @n_cpus: CPUs at or above this number, or %BPFPV_CPUSET_MAX, are cut off
 *
 * Returns: (transfer full): the set
 */
BpfpvCpuset *
bpfpv_cpuset_new_from_words(const guint64 *words, gsize n_words, guint n_cpus)
{
    BpfpvCpuset *set = bpfpv_cpuset_new();
    guint used = MIN(n_cpus, BPFPV_CPUSET_MAX);
    guint full = used / WORD_BITS;

    grow(set, (guint)MIN(n_words, (used + WORD_BITS - 1) / WORD_BITS));
    if (set->n_words > 0)
        memcpy(set->words, words, set->n_words * sizeof(guint64));
    if (full < set->n_words)
        set->words[full] &= (G_GUINT64_CONSTANT(1) << used % WORD_BITS) - 1;
    return set;
}

/**
 * bpfpv_cpuset_new_from_map:
 * @map: (array length=maplen): libvirt's cpumap, CPU n is bit n % 8 of byte n / 8
 * @maplen: number of bytes
 * @n_cpus: CPUs at or above this number, or %BPFPV_CPUSET_MAX, are cut off
 *
 * Returns: (transfer full): the set
 */
BpfpvCpuset *
bpfpv_cpuset_new_from_map(const guchar *map, gsize maplen, guint n_cpus)
{
    BpfpvCpuset *set = bpfpv_cpuset_new();
    guint end = (guint)MIN((guint64)maplen * 8, MIN(n_cpus, BPFPV_CPUSET_MAX));

    for (guint cpu = 0; cpu < end; cpu++) {
        if (map[cpu / 8] & (1u << cpu % 8))
            bpfpv_cpuset_add(set, cpu);
    }
    return set;
}

/**
 * bpfpv_cpuset_copy:
 * @set: the set
 *
 * Returns: (transfer full): a set of its own with the same CPUs
 */
BpfpvCpuset *
bpfpv_cpuset_copy(const BpfpvCpuset *set)
{
    BpfpvCpuset *copy = bpfpv_cpuset_new();

    bpfpv_cpuset_unite(copy, set);
    return copy;
}

/**
 * bpfpv_cpuset_free:
 * @set: (nullable): the set
 *
 * Frees @set.
 */
void
bpfpv_cpuset_free(BpfpvCpuset *set)
{
    if (set == NULL)
        return;
    g_free(set->words);
    g_free(set);
}

/**
 * bpfpv_cpuset_add:
 * @set: the set
 * @cpu: a CPU below %BPFPV_CPUSET_MAX
 *
 * Adds @cpu; no effect if @set contains it already.
 */
void
bpfpv_cpuset_add(BpfpvCpuset *set, guint cpu)
{
    g_return_if_fail(cpu < BPFPV_CPUSET_MAX);

    grow(set, cpu / WORD_BITS + 1);
    set->words[cpu / WORD_BITS] |= G_GUINT64_CONSTANT(1) << cpu % WORD_BITS;
}

/**
 * bpfpv_cpuset_remove:
 * @set: the set
 * @cpu: any number
 *
 * Removes @cpu; no effect if @set does not contain it.
 */
void
bpfpv_cpuset_remove(BpfpvCpuset *set, guint cpu)
{
    if (cpu / WORD_BITS < set->n_words)
        set->words[cpu / WORD_BITS] &= ~(G_GUINT64_CONSTANT(1) << cpu % WORD_BITS);
}

/**
 * bpfpv_cpuset_contains:
 * @set: the set
 * @cpu: any number
 *
 * Returns: whether @cpu is in @set
 */
gboolean
bpfpv_cpuset_contains(const BpfpvCpuset *set, guint cpu)
{
    return (word_at(set, cpu / WORD_BITS) >> cpu % WORD_BITS & 1) != 0;
}

/**
 * bpfpv_cpuset_is_empty:
 * @set: the set
 *
 * Returns: whether @set contains no CPU
 */
gboolean
bpfpv_cpuset_is_empty(const BpfpvCpuset *set)
{
    return bpfpv_cpuset_next(set, 0) < 0;
}

/**
 * bpfpv_cpuset_count:
 * @set: the set
 *
 * Returns: the number of CPUs in @set
 */
guint
bpfpv_cpuset_count(const BpfpvCpuset *set)
{
    guint count = 0;

    for (guint i = 0; i < set->n_words; i++)
        count += (guint)__builtin_popcountll(set->words[i]);
    return count;
}

/**
 * bpfpv_cpuset_next:
 * @set: the set
 * @from: any number
 *
 * Finds the lowest CPU of @set that is at least @from, so that
 * `for (int c = next(set, 0); c >= 0; c = next(set, c + 1))` walks the set.
 *
 * Returns: the CPU, or -1 if there is none
 */
int
bpfpv_cpuset_next(const BpfpvCpuset *set, guint from)
{
    guint64 mask = ~G_GUINT64_CONSTANT(0) << from % WORD_BITS;

    for (guint i = from / WORD_BITS; i < set->n_words; i++) {
        guint64 word = set->words[i] & mask;

        if (word != 0)
            return (int)(i * WORD_BITS + (guint)__builtin_ctzll(word));
        mask = ~G_GUINT64_CONSTANT(0);
    }
    return -1;
}

/**
 * bpfpv_cpuset_equal:
 * @a: a set
 * @b: another
 *
 * Returns: whether both contain the same CPUs
 */
gboolean
bpfpv_cpuset_equal(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    return bpfpv_cpuset_compare(a, b) == 0;
}

/**
 * bpfpv_cpuset_compare:
 * @a: a set
 * @b: another
 *
 * Orders sets by the lowest CPU that only one of them contains: that one comes
 * first. So 0-1 < 0,2 < 1-2, and the empty set is the last.
 *
 * Returns: negative, 0 or positive, as strcmp() does
 */
int
bpfpv_cpuset_compare(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    for (guint i = 0; i < MAX(a->n_words, b->n_words); i++) {
        guint64 differ = word_at(a, i) ^ word_at(b, i);

        if (differ != 0)
            return word_at(a, i) & differ & (~differ + 1) ? -1 : 1;
    }
    return 0;
}

/**
 * bpfpv_cpuset_is_subset:
 * @part: a set
 * @whole: another
 *
 * Returns: whether every CPU of @part is in @whole; the empty set is in any
 */
gboolean
bpfpv_cpuset_is_subset(const BpfpvCpuset *part, const BpfpvCpuset *whole)
{
    for (guint i = 0; i < part->n_words; i++) {
        if (part->words[i] & ~word_at(whole, i))
            return FALSE;
    }
    return TRUE;
}

/**
 * bpfpv_cpuset_intersects:
 * @a: a set
 * @b: another
 *
 * Returns: whether some CPU is in both
 */
gboolean
bpfpv_cpuset_intersects(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    for (guint i = 0; i < MIN(a->n_words, b->n_words); i++) {
        if (a->words[i] & b->words[i])
            return TRUE;
    }
    return FALSE;
}

/**
 * bpfpv_cpuset_hash:
 * @set: (type BpfpvCpuset): the set
 *
 * A hash for #GHashTable with keys that no guest chooses: it is not keyed, so
 * collisions are easy to make.
 *
 * Returns: the hash; equal sets have equal ones
 */
guint
bpfpv_cpuset_hash(gconstpointer set)
{
    const BpfpvCpuset *cpus = set;
    guint64 hash = 0;

    for (guint i = cpus->n_words; i > 0; i--)
        hash = (hash ^ cpus->words[i - 1]) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return (guint)(hash >> 32);
}

/**
 * bpfpv_cpuset_intersect:
 * @set: (inout): the set that changes
 * @other: another
 *
 * Removes from @set what is not in @other.
 */
void
bpfpv_cpuset_intersect(BpfpvCpuset *set, const BpfpvCpuset *other)
{
    for (guint i = 0; i < set->n_words; i++)
        set->words[i] &= word_at(other, i);
}

/**
 * bpfpv_cpuset_unite:
 * @set: (inout): the set that changes
 * @other: another
 *
 * Adds to @set what is in @other.
 */
void
bpfpv_cpuset_unite(BpfpvCpuset *set, const BpfpvCpuset *other)
{
    grow(set, other->n_words);
    for (guint i = 0; i < other->n_words; i++)
        set->words[i] |= other->words[i];
}

/**
 * bpfpv_cpuset_subtract:
 * @set: (inout): the set that changes
 * @other: another
 *
 * Removes from @set what is in @other.
 */
void
bpfpv_cpuset_subtract(BpfpvCpuset *set, const BpfpvCpuset *other)
{
    for (guint i = 0; i < set->n_words; i++)
        set->words[i] &= ~word_at(other, i);
}

/**
 * bpfpv_cpuset_to_map:
 * @set: the set
 * @map: (out caller-allocates) (array length=maplen): filled as
 *   virDomainPinVcpu() wants it: CPU n is bit n % 8 of byte n / 8
 * @maplen: bytes in @map; CPUs that don't fit are left out
 *
 * Writes all @maplen bytes of @map.
 */
void
bpfpv_cpuset_to_map(const BpfpvCpuset *set, guchar *map, gsize maplen)
{
    for (gsize i = 0; i < maplen; i++) {
        guint64 word = i / 8 < set->n_words ? set->words[i / 8] : 0;

        map[i] = (guchar)(word >> i % 8 * 8 & 0xff);
    }
}
