/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of CPU numbers: their life and their members. Two sets together are in
 * pair.c, text forms in text.c, libvirt's maps in map.c.
 */
#include "core/cpuset/private.h"

#include <string.h>

void
bpfpv_cpuset_grow(BpfpvCpuset *set, guint n_words)
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

    bpfpv_cpuset_grow(set, last / WORD_BITS + 1);
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

    bpfpv_cpuset_grow(set, (guint)MIN(n_words, (used + WORD_BITS - 1) / WORD_BITS));
    if (set->n_words > 0)
        memcpy(set->words, words, set->n_words * sizeof(guint64));
    if (full < set->n_words)
        set->words[full] &= (G_GUINT64_CONSTANT(1) << used % WORD_BITS) - 1;
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
 * bpfpv_cpuset_share:
 * @set: the set
 *
 * One more holder for @set, who calls bpfpv_cpuset_free() as for one of its
 * own. A shared set must not be changed by anybody. Not thread-safe: the
 * holders are of one thread.
 *
 * Returns: (transfer full): @set
 */
BpfpvCpuset *
bpfpv_cpuset_share(BpfpvCpuset *set)
{
    set->refs++;
    return set;
}

/**
 * bpfpv_cpuset_free:
 * @set: (nullable): the set
 *
 * Frees @set, or gives up one share of it.
 */
void
bpfpv_cpuset_free(BpfpvCpuset *set)
{
    if (set == NULL)
        return;
    if (set->refs > 0) {
        set->refs--;
        return;
    }
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

    bpfpv_cpuset_grow(set, cpu / WORD_BITS + 1);
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
        count += count_bits(set->words[i]);
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

/** bpfpv_cpuset_last: Returns: the highest CPU of @set, or -1 where it is empty */
int
bpfpv_cpuset_last(const BpfpvCpuset *set)
{
    for (guint w = set->n_words; w-- > 0;)
        if (set->words[w] != 0)
            return (int)(w * WORD_BITS) + 63 - __builtin_clzll(set->words[w]);
    return -1;
}
