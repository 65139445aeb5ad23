/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a set of CPUs is made of, for cpuset.c and pair.c: an array of
 * 64-bit words that grows with the highest CPU added. Trailing zero words mean
 * nothing, so sets of different widths compare by their members.
 */
#pragma once

#include "core/cpuset/cpuset.h"

#define WORD_BITS 64u

struct _BpfpvCpuset {
    guint refs; /* more holders than the first; 0 in one that nobody shares */
    guint n_words;
    guint64 *words;
};

static inline guint64
word_at(const BpfpvCpuset *set, guint i)
{
    return i < set->n_words ? set->words[i] : 0;
}

/* Not the compiler's builtin: without an instruction for it, that is a call. */
static inline guint
count_bits(guint64 word)
{
    word -= word >> 1 & G_GUINT64_CONSTANT(0x5555555555555555);
    word = (word & G_GUINT64_CONSTANT(0x3333333333333333)) +
           (word >> 2 & G_GUINT64_CONSTANT(0x3333333333333333));
    word = (word + (word >> 4)) & G_GUINT64_CONSTANT(0x0f0f0f0f0f0f0f0f);
    return (guint)(word * G_GUINT64_CONSTANT(0x0101010101010101) >> 56);
}

/* Gives @set at least so many words; the new ones are 0. */
void bpfpv_cpuset_grow(BpfpvCpuset *set, guint n_words);
