/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPU numbers against one another: compared, united, cut; see cpuset.h. */
#include "core/cpuset/private.h"

#include <string.h>

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
    bpfpv_cpuset_grow(set, other->n_words);
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
 * bpfpv_cpuset_assign:
 * @set: (inout): the set that changes
 * @other: another
 *
 * Makes @set equal to @other, in place: allocates only if @set was never so wide.
 */
void
bpfpv_cpuset_assign(BpfpvCpuset *set, const BpfpvCpuset *other)
{
    bpfpv_cpuset_grow(set, other->n_words);
    for (guint i = 0; i < set->n_words; i++)
        set->words[i] = word_at(other, i);
}

/**
 * bpfpv_cpuset_count_common:
 * @a: a set
 * @b: another
 *
 * Returns: the number of CPUs that are in both
 */
guint
bpfpv_cpuset_count_common(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    guint count = 0;

    for (guint i = 0; i < MIN(a->n_words, b->n_words); i++)
        count += count_bits(a->words[i] & b->words[i]);
    return count;
}
