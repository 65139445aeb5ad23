/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the unit tests of the core share: cmocka with its headers in order, CPU
 * sets from text, and a seeded random source. A random test prints its seed;
 * BPFPV_TEST_SEED=N repeats it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "core/cpuset/cpuset.h"

#define UNIT_DEFAULT_SEED 20220602u

/* "" is the empty set. */
static inline BpfpvCpuset *
cpus(const char *text)
{
    g_autoptr(GError) error = NULL;
    BpfpvCpuset *set;

    if (*text == '\0')
        return bpfpv_cpuset_new();
    set = bpfpv_cpuset_parse(text, &error);
    assert_null(error);
    return set;
}

static inline void
assert_cpus(const BpfpvCpuset *set, const char *expected)
{
    g_autofree char *text = bpfpv_cpuset_format(set);

    assert_string_equal(text, expected);
}

static inline GRand *
unit_random(const char *test)
{
    const char *text = g_getenv("BPFPV_TEST_SEED");
    guint32 seed = text != NULL ? (guint32)g_ascii_strtoull(text, NULL, 10) : UNIT_DEFAULT_SEED;

    print_message("%s: BPFPV_TEST_SEED=%u\n", test, seed);
    return g_rand_new_with_seed(seed);
}

/* A number below @end. */
static inline guint
below(GRand *rand, guint end)
{
    return (guint)g_rand_int_range(rand, 0, (gint32)end);
}

static inline gboolean
one_in(GRand *rand, guint n)
{
    return below(rand, n) == 0;
}
