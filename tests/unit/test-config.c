/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/config: defaults, and which changes need a new injection. */
#include "unit.h"

#include "core/config.h"

static BpfpvConfig *
config_of(const char *first, const char *second)
{
    BpfpvConfig *config = bpfpv_config_new();

    g_ptr_array_add(config->programs, g_strdup(first));
    if (second != NULL)
        g_ptr_array_add(config->programs, g_strdup(second));
    return config;
}

static void
defaults_are_the_documented_ones(void **state)
{
    g_autoptr(BpfpvConfig) config = bpfpv_config_new();

    (void)state;
    assert_int_equal(config->programs->len, 0);
    assert_int_equal(config->mode, BPFPV_MODE_EXCLUSIVE);
    assert_null(config->cpuset);
    assert_int_equal(config->max_anchors, G_MAXUINT);
    assert_int_equal(config->max_keys, 65536);
    assert_int_equal(config->rate, 200);
    assert_int_equal(config->changes, 50);
    assert_int_equal(bpfpv_config_burst(2), 16);
    assert_int_equal(bpfpv_config_burst(64), 256);
    assert_string_equal(config->channel, "org.bpfpv.0");
}

static void
order_of_programs_does_not_count(void **state)
{
    g_autoptr(BpfpvConfig) a = config_of("affinity", "priority");
    g_autoptr(BpfpvConfig) b = config_of("priority", "affinity");
    g_autoptr(BpfpvConfig) less = config_of("affinity", NULL);

    (void)state;
    assert_true(bpfpv_config_equal(a, b));
    assert_false(bpfpv_config_equal(a, less));
    assert_false(bpfpv_config_same_injection(a, less));
}

static void
equal_sees_a_change_of_placement(void **state)
{
    g_autoptr(BpfpvConfig) a = config_of("affinity", NULL);
    g_autoptr(BpfpvConfig) b = config_of("affinity", NULL);

    (void)state;
    b->cpuset = cpus("2-7");
    assert_false(bpfpv_config_equal(a, b));
    a->cpuset = cpus("2-7");
    assert_true(bpfpv_config_equal(a, b));
    b->mode = BPFPV_MODE_SHARED;
    assert_false(bpfpv_config_equal(a, b));
}

static void
placement_and_limits_of_the_host_need_no_injection(void **state)
{
    g_autoptr(BpfpvConfig) a = config_of("affinity", NULL);
    g_autoptr(BpfpvConfig) b = config_of("affinity", NULL);

    (void)state;
    b->mode = BPFPV_MODE_SHARED;
    b->cpuset = cpus("0");
    b->max_anchors = 1;
    b->rate = 1;
    assert_true(bpfpv_config_same_injection(a, b));
}

static void
what_the_loader_is_told_needs_one(void **state)
{
    g_autoptr(BpfpvConfig) a = config_of("affinity", NULL);
    g_autoptr(BpfpvConfig) keys = config_of("affinity", NULL);
    g_autoptr(BpfpvConfig) channel = config_of("affinity", NULL);

    (void)state;
    keys->max_keys = 1;
    assert_true(bpfpv_config_same_injection(a, keys));
    assert_false(bpfpv_config_equal(a, keys));
    g_free(channel->channel);
    channel->channel = g_strdup("org.bpfpv.1");
    assert_false(bpfpv_config_same_injection(a, channel));
    assert_false(bpfpv_config_equal(a, channel));
}

static void
a_copy_has_the_limits_too(void **state)
{
    g_autoptr(BpfpvConfig) a = config_of("affinity", NULL);
    g_autoptr(BpfpvConfig) b = NULL;

    (void)state;
    a->changes = 7;
    a->burst = 8;
    b = bpfpv_config_copy(a);
    assert_true(bpfpv_config_equal(a, b));
    b->changes = 6;
    assert_false(bpfpv_config_equal(a, b));
    b->changes = 7;
    b->burst = 9;
    assert_false(bpfpv_config_equal(a, b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(order_of_programs_does_not_count),
        cmocka_unit_test(equal_sees_a_change_of_placement),
        cmocka_unit_test(placement_and_limits_of_the_host_need_no_injection),
        cmocka_unit_test(what_the_loader_is_told_needs_one),
        cmocka_unit_test(a_copy_has_the_limits_too),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
