/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See unit.h. */
#include "unit.h"

BpfpvCpuset *
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

void
assert_cpus(const BpfpvCpuset *set, const char *expected)
{
    g_autofree char *text = bpfpv_cpuset_format(set);

    assert_string_equal(text, expected);
}

GRand *
unit_random(const char *test)
{
    const char *text = g_getenv("BPFPV_TEST_SEED");
    guint32 seed = text != NULL ? (guint32)g_ascii_strtoull(text, NULL, 10) : UNIT_DEFAULT_SEED;

    print_message("%s: BPFPV_TEST_SEED=%u\n", test, seed);
    return g_rand_new_with_seed(seed);
}

guint
below(GRand *rand, guint end)
{
    return (guint)g_rand_int_range(rand, 0, (gint32)end);
}

gboolean
one_in(GRand *rand, guint n)
{
    return below(rand, n) == 0;
}
