/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sits on which host CPU, as the dictionaries of the bus. */
#include "unit.h"

#include "core/plan/host-map.h"

/* Four cores of two threads, n and n + 4; 6 is offline; of 7 nothing is known. */
static BpfpvTopology *
host(void)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(BpfpvTopologyCpu));
    g_autoptr(BpfpvCpuset) online = cpus("0-5,7");

    for (guint c = 0; c < 8; c++) {
        BpfpvTopologyCpu cpu = {c, 0, 0, 0, 0, (int)(c % 4), 0, c == 3, FALSE};

        if (c == 7)
            cpu = (BpfpvTopologyCpu){7, -1, -1, -1, -1, -1, -1, 0, FALSE};
        g_array_append_val(list, cpu);
    }
    return bpfpv_topology_new_placed(list, NULL, online);
}

static GVariant *
cpu_of(GVariant *map, guint cpu)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(map, "cpus", G_VARIANT_TYPE("aa{sv}"));

    return g_variant_get_child_value(list, cpu);
}

static void
assert_state(GVariant *map, guint cpu, const char *expected)
{
    g_autoptr(GVariant) one = cpu_of(map, cpu);
    const char *state = NULL;
    guint32 number = G_MAXUINT32;

    assert_true(g_variant_lookup(one, "cpu", "u", &number));
    assert_int_equal(number, cpu);
    assert_true(g_variant_lookup(one, "state", "&s", &state));
    assert_string_equal(state, expected);
}

static void
assert_prints(GVariant *map, guint cpu, const char *key, const char *expected)
{
    g_autoptr(GVariant) one = cpu_of(map, cpu);
    g_autoptr(GVariant) value = g_variant_lookup_value(one, key, NULL);
    g_autofree char *text = value ? g_variant_print(value, FALSE) : g_strdup("none");

    assert_string_equal(text, expected);
}

static void
add(BpfpvHostMap *map, const char *domain, guint vcpu, BpfpvWant want, const char *text,
    gboolean isolates)
{
    g_autoptr(BpfpvCpuset) set = cpus(text);

    bpfpv_host_map_add_vcpu(map, domain, vcpu, want, set, isolates);
}

static void
each_cpu_has_a_state(void **state)
{
    g_autoptr(BpfpvTopology) topology = host();
    g_autoptr(BpfpvCpuset) pool = cpus("1-8191"), taken = cpus("3,6");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, pool, 1);
    g_autoptr(GVariant) dict = NULL;
    const char *in_pool = NULL;

    (void)state;
    add(map, "db", 0, BPFPV_WANT_ANCHOR, "1", TRUE);
    add(map, "db", 1, BPFPV_WANT_FIXED, "2", TRUE);
    bpfpv_host_map_add_neighbour(map, "old", taken);
    dict = g_variant_ref_sink(bpfpv_host_map_describe(map));
    assert_state(dict, 0, "outside");
    assert_state(dict, 1, "anchor");
    assert_state(dict, 2, "fixed");
    assert_state(dict, 3, "taken");
    assert_state(dict, 4, "free");
    assert_state(dict, 5, "idle");
    assert_state(dict, 6, "offline");
    assert_state(dict, 7, "free");
    assert_prints(dict, 1, "vcpus", "[{'domain': <'db'>, 'vcpu': <uint32 0>, 'want': <'anchor'>}]");
    assert_prints(dict, 2, "vcpus", "[{'domain': <'db'>, 'vcpu': <uint32 1>, 'want': <'fixed'>}]");
    assert_prints(dict, 3, "vcpus", "[]");
    assert_prints(dict, 3, "taken_by", "['old']");
    assert_prints(dict, 3, "efficiency", "1");
    assert_prints(dict, 0, "pool", "false");
    assert_true(g_variant_lookup(dict, "pool", "&s", &in_pool));
    assert_string_equal(in_pool, "1-7");
    assert_prints(dict, 6, "online", "false");
    assert_prints(dict, 6, "isolated", "false");
}

static void
isolated_cpus_are_told(void **state)
{
    g_autoptr(BpfpvTopology) plain = host();
    g_autoptr(BpfpvCpuset) some = cpus("4,7");
    g_autoptr(BpfpvTopology) topology = bpfpv_topology_with_isolated(plain, some);
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 0);
    g_autoptr(GVariant) dict = g_variant_ref_sink(bpfpv_host_map_describe(map));
    g_autoptr(GVariant) nothing = g_variant_ref_sink(bpfpv_host_map_describe(NULL));
    const char *isolated = NULL;

    (void)state;
    assert_true(g_variant_lookup(dict, "isolated", "&s", &isolated));
    assert_string_equal(isolated, "4,7");
    assert_prints(dict, 4, "isolated", "true");
    assert_prints(dict, 5, "isolated", "false");
    assert_true(g_variant_lookup(nothing, "isolated", "&s", &isolated));
    assert_string_equal(isolated, "");
}

static void
what_is_not_known_is_not_said(void **state)
{
    static const char *const keys[] = {"cell", "socket", "cache"};
    g_autoptr(BpfpvTopology) topology = host();
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 0);
    g_autoptr(GVariant) dict = g_variant_ref_sink(bpfpv_host_map_describe(map));
    g_autoptr(GVariant) cells = g_variant_lookup_value(dict, "cells", NULL);
    g_autofree char *text = g_variant_print(cells, FALSE);

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        assert_prints(dict, 7, keys[i], "none");
        assert_prints(dict, 5, keys[i], "0");
    }
    assert_prints(dict, 5, "core", "1");
    assert_prints(dict, 7, "core", "7");
    assert_string_equal(text, "[{'cell': <uint32 0>, 'memory': <uint64 0>, 'cpus': <'0-6'>}]");
}

static void
floating_vcpus_are_counted_where_they_can_run(void **state)
{
    g_autoptr(BpfpvTopology) topology = host();
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 0);
    g_autoptr(GVariant) dict = NULL;

    (void)state;
    add(map, "a", 0, BPFPV_WANT_FLOAT, "0-6", FALSE);
    add(map, "a", 1, BPFPV_WANT_COHORT, "0-1", FALSE);
    add(map, "a", 2, BPFPV_WANT_FIXED, "1-2", FALSE); /* by an administrator, to several */
    add(map, "a", 3, BPFPV_WANT_ANCHOR, "4", FALSE);
    add(map, "a", 4, BPFPV_WANT_FLOAT, "0-100", FALSE); /* more than there is */
    dict = g_variant_ref_sink(bpfpv_host_map_describe(map));
    assert_prints(dict, 0, "floating", "3");
    assert_prints(dict, 1, "floating", "4");
    assert_prints(dict, 2, "floating", "3");
    assert_prints(dict, 4, "floating", "2");
    assert_prints(dict, 6, "floating", "0");
    assert_prints(dict, 7, "floating", "1");
    assert_prints(dict, 1, "vcpus", "[]");
}

static void
odd_cpus_and_names_do_no_harm(void **state)
{
    g_autoptr(BpfpvTopology) topology = host();
    g_autoptr(BpfpvCpuset) beyond = cpus("7,8191");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 0);
    g_autoptr(GVariant) dict = NULL;

    (void)state;
    add(map, "a\377", 0, BPFPV_WANT_ANCHOR, "8191", TRUE);
    add(map, "a\377", 1, BPFPV_WANT_ANCHOR, "7", TRUE);
    bpfpv_host_map_add_neighbour(map, "b\377", beyond);
    bpfpv_host_map_add_neighbour(map, NULL, beyond);
    dict = g_variant_ref_sink(bpfpv_host_map_describe(map));
    assert_prints(dict, 7, "vcpus",
                  "[{'domain': <'a\357\277\275'>, 'vcpu': <uint32 1>, 'want': <'anchor'>}]");
    assert_prints(dict, 7, "taken_by", "['b\357\277\275']");
}

static void
without_a_host_there_are_no_cpus(void **state)
{
    g_autoptr(GVariant) dict = g_variant_ref_sink(bpfpv_host_map_describe(NULL));
    g_autoptr(GVariant) list = g_variant_lookup_value(dict, "cpus", G_VARIANT_TYPE("aa{sv}"));

    (void)state;
    assert_int_equal(g_variant_n_children(list), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cpu_has_a_state),
        cmocka_unit_test(isolated_cpus_are_told),
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(floating_vcpus_are_counted_where_they_can_run),
        cmocka_unit_test(odd_cpus_and_names_do_no_harm),
        cmocka_unit_test(without_a_host_there_are_no_cpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
