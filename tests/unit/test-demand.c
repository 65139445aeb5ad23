/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/demand: what a mask of a guest's tasks asks for. */
#include "unit.h"

#include "core/demand.h"

static void
add(BpfpvDemand *demand, const char *mask_text, const char *online_text, guint tasks)
{
    g_autoptr(BpfpvCpuset) mask = cpus(mask_text);
    g_autoptr(BpfpvCpuset) online = cpus(online_text);

    bpfpv_demand_add(demand, mask, online, tasks);
}

static const BpfpvCohort *
cohort(const BpfpvDemand *demand, guint index)
{
    return bpfpv_demand_cohorts(demand)->pdata[index];
}

static void
new_demand_is_empty(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    assert_true(bpfpv_demand_is_empty(demand));
    assert_int_equal(bpfpv_demand_n_vcpus(demand), 4);
    assert_int_equal(bpfpv_demand_cohorts(demand)->len, 0);
}

static void
a_single_cpu_anchors_its_vcpu(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "2", "0-3", 1);
    add(demand, "2", "0-3", 2);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 2), 3);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 0);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 99), 0);
    assert_false(bpfpv_demand_is_empty(demand));
}

static void
a_mask_of_all_online_cpus_asks_for_nothing(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "0-3", "0-3", 1);
    add(demand, "0-1", "0-1", 1);
    add(demand, "0-63", "0-3", 1);
    assert_true(bpfpv_demand_is_empty(demand));
}

static void
the_only_online_cpu_is_no_anchor(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "0", "0", 1);
    assert_true(bpfpv_demand_is_empty(demand));
}

static void
offline_cpus_do_not_count(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "2-3", "0-2", 1);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 2), 1);
    add(demand, "3", "0-2", 1);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 3), 0);
    assert_int_equal(bpfpv_demand_cohorts(demand)->len, 0);
}

static void
cpus_without_a_vcpu_do_not_count(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(2);

    (void)state;
    add(demand, "5", "0-7", 1);
    add(demand, "0-1,5", "0-7", 1);
    assert_true(bpfpv_demand_is_empty(demand));
    add(demand, "1,5", "0-7", 1);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 1);
}

static void
several_cpus_are_a_cohort(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "0-1", "0-3", 1);
    add(demand, "1-2", "0-3", 2);
    add(demand, "0-1", "0-3", 4);
    assert_int_equal(bpfpv_demand_cohorts(demand)->len, 2);
    assert_cpus(cohort(demand, 0)->vcpus, "0-1");
    assert_int_equal(cohort(demand, 0)->tasks, 5);
    assert_int_equal(bpfpv_demand_cohort_tasks(demand, 0), 5);
    assert_int_equal(bpfpv_demand_cohort_tasks(demand, 1), 7);
    assert_int_equal(bpfpv_demand_cohort_tasks(demand, 3), 0);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 0);
}

static void
no_tasks_ask_for_nothing(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "1", "0-3", 0);
    assert_true(bpfpv_demand_is_empty(demand));
}

static void
order_of_adding_does_not_count(void **state)
{
    g_autoptr(BpfpvDemand) a = bpfpv_demand_new(4);
    g_autoptr(BpfpvDemand) b = bpfpv_demand_new(4);

    (void)state;
    add(a, "0-1", "0-3", 1);
    add(a, "2-3", "0-3", 1);
    add(a, "3", "0-3", 1);
    add(b, "3", "0-3", 1);
    add(b, "2-3", "0-3", 1);
    assert_false(bpfpv_demand_equal(a, b));
    add(b, "0-1", "0-3", 1);
    assert_true(bpfpv_demand_equal(a, b));
}

static void
a_copy_is_equal_and_its_own(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);
    g_autoptr(BpfpvDemand) copy = NULL;

    (void)state;
    add(demand, "0-1", "0-3", 1);
    add(demand, "3", "0-3", 1);
    copy = bpfpv_demand_copy(demand);
    assert_true(bpfpv_demand_equal(demand, copy));
    add(copy, "0-1", "0-3", 1);
    assert_false(bpfpv_demand_equal(demand, copy));
    assert_int_equal(cohort(demand, 0)->tasks, 1);
}

static void
equal_sees_the_number_of_vcpus(void **state)
{
    g_autoptr(BpfpvDemand) a = bpfpv_demand_new(4);
    g_autoptr(BpfpvDemand) b = bpfpv_demand_new(5);

    (void)state;
    assert_false(bpfpv_demand_equal(a, b));
}

/* Every cohort of two and of three among 40 vCPUs: ten times as many as are kept. */
static void
the_same_wants_may_be_of_other_numbers_of_tasks(void **state)
{
    g_autoptr(BpfpvDemand) a = bpfpv_demand_new(4);
    g_autoptr(BpfpvDemand) b = bpfpv_demand_new(4);
    g_autoptr(BpfpvDemand) none = bpfpv_demand_new(1);

    (void)state;
    assert_true(bpfpv_demand_same_wants(a, none));
    add(a, "1", "0-3", 1);
    add(a, "2-3", "0-3", 1);
    assert_false(bpfpv_demand_same_wants(a, none));
    assert_false(bpfpv_demand_same_wants(none, a));
    add(b, "1", "0-3", 5);
    add(b, "1-3", "0-3", 1);
    assert_false(bpfpv_demand_same_wants(a, b));
    add(a, "1-3", "0-3", 7);
    add(b, "2-3", "0-3", 2);
    assert_true(bpfpv_demand_same_wants(a, b));
    assert_false(bpfpv_demand_equal(a, b));
    add(b, "0", "0-3", 1);
    assert_false(bpfpv_demand_same_wants(a, b));
}

static void
cohorts_beyond_the_bound_count_but_are_not_kept(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(40);
    g_autoptr(BpfpvCpuset) online = cpus("0-39");

    (void)state;
    for (guint i = 0; i < 40; i++) {
        for (guint j = i + 1; j < 40; j++) {
            for (guint k = j; k < 40; k++) {
                g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(i, i);

                bpfpv_cpuset_add(mask, j);
                bpfpv_cpuset_add(mask, k);
                bpfpv_demand_add(demand, mask, online, 1);
            }
        }
    }
    assert_int_equal(bpfpv_demand_cohorts(demand)->len, 1024);
    /* With each of the 39 others alone, and with each pair of them. */
    assert_int_equal(bpfpv_demand_cohort_tasks(demand, 39), 39 + 39 * 38 / 2);
}

static void
task_counts_saturate(void **state)
{
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(4);

    (void)state;
    add(demand, "1", "0-3", G_MAXUINT);
    add(demand, "1", "0-3", 2);
    assert_true(bpfpv_demand_anchor_tasks(demand, 1) == G_MAXUINT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_demand_is_empty),
        cmocka_unit_test(a_single_cpu_anchors_its_vcpu),
        cmocka_unit_test(a_mask_of_all_online_cpus_asks_for_nothing),
        cmocka_unit_test(the_only_online_cpu_is_no_anchor),
        cmocka_unit_test(offline_cpus_do_not_count),
        cmocka_unit_test(cpus_without_a_vcpu_do_not_count),
        cmocka_unit_test(several_cpus_are_a_cohort),
        cmocka_unit_test(no_tasks_ask_for_nothing),
        cmocka_unit_test(order_of_adding_does_not_count),
        cmocka_unit_test(a_copy_is_equal_and_its_own),
        cmocka_unit_test(equal_sees_the_number_of_vcpus),
        cmocka_unit_test(the_same_wants_may_be_of_other_numbers_of_tasks),
        cmocka_unit_test(cohorts_beyond_the_bound_count_but_are_not_kept),
        cmocka_unit_test(task_counts_saturate),
    };

    return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}
