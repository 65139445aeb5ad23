/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement on hosts with isolated CPUs, among which the kernel moves no threads: they are for
 * anchors first, and nobody floats there who could float elsewhere.
 */
#include "scenario.h"

#define STUCK "floats on isolated CPUs, where the kernel does not balance"

static void
isolate(Scenario *scenario, const char *isolated_text)
{
    g_autoptr(BpfpvCpuset) isolated = cpus(isolated_text);

    scenario_take_topology(scenario, bpfpv_topology_with_isolated(scenario->topology, isolated));
}

static Scenario *
host(const char *online_text, const char *isolated_text, guint reserve)
{
    Scenario *scenario = scenario_new(online_text, NULL, reserve);

    isolate(scenario, isolated_text);
    return scenario;
}

static void
anchors_come_there_first_and_nobody_floats_there(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "4-7", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7 0-7");

    (void)state;
    scenario_add_thread(domain, BPFPV_THREAD_EMULATOR, 0, "0-7");
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=4 anchor=5 float=0-3 emulator0=0-3");
    assert_null(plan_vcpu(scenario->plan, "a", 2)->why);
}

/* They were anchors' before the host was booted with others isolated. */
static void
an_anchor_stays_where_it_is(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7");

    (void)state;
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=1-7");
    isolate(scenario, "4-7");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=1-3");
}

static void
a_cohort_floats_where_the_kernel_balances(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "2-7", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7 0-7");
    g_autoptr(BpfpvCpuset) both = cpus("0-1");

    (void)state;
    scenario_demand(domain, both);
    scenario_solve(scenario);
    assert_plan(scenario, "a: cohort=0-1 cohort=0-1 float=0-1");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "cohort of vCPUs 0-1: on one last-level cache");
}

/* Nor near its memory, nor at home. */
static void
memory_and_home_outrank_it(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7");
    ScenarioDomain *bound = scenario_add(scenario, "b", "0-7 0-7");
    g_autoptr(BpfpvCpuset) cells = cpus("0");

    (void)state;
    scenario_take_topology(
        scenario, scenario_topology("0:0:0 0:0:1 0:0:2 0:0:3 1:1:4 1:1:5 1:1:6 1:1:7", "0-7"));
    isolate(scenario, "6-7");
    domain->view.memory = cells;
    domain->view.numa = BPFPV_NUMA_PREFER;
    bpfpv_guest_topology_set_memory(bound->guest, 0, cells);
    bpfpv_guest_topology_set_memory(bound->guest, 1, cells);
    scenario_anchor(domain, "0");
    scenario_anchor(bound, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=2-3; b: anchor=1 float=2-3");
}

static void
who_has_no_others_floats_there_and_it_is_said(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "4-7", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "4-7 4-7 4-7 4-7");
    g_autoptr(BpfpvCpuset) both = cpus("2-3");

    (void)state;
    scenario_anchor(domain, "0");
    scenario_demand(domain, both);
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=4 float=5-7 cohort=5-7 cohort=5-7");
    assert_null(plan_vcpu(scenario->plan, "a", 0)->why);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why, STUCK);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 2)->why,
                        "cohort of vCPUs 2-3: on one last-level cache; " STUCK);
    assert_int_equal(bpfpv_plan_find(scenario->plan, "a")->unmet, 0);
}

static void
no_demand_gives_them_back_too(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "4-7", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 2-7 5-7");
    ScenarioDomain *other = scenario_add(scenario, "b", "2-3 2-3");

    (void)state;
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-7 float=2-7 float=5-7; b: float=2-3 float=2-3");
    assert_null(plan_vcpu(scenario->plan, "a", 2)->why);
    /* Another's anchor is the one CPU that such a domain stays off. */
    scenario_anchor(other, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-1,3-7 float=3-7 float=5-7; b: anchor=2 float=3");
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=4 float=3 float=5-7; b: anchor=2 float=3");
    scenario_clear_demand(domain);
    scenario_clear_demand(other);
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-7 float=2-7 float=5-7; b: float=2-3 float=2-3");
}

static void
the_last_cpu_that_balances_is_left_to_those_who_float(void **state)
{
    g_autoptr(Scenario) scenario = host("0-7", "4-7", 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "3-7 3-7 3-7 3-7 3-7");

    (void)state;
    scenario_anchor(domain, "0-4");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=4 anchor=5 anchor=6 anchor=7 anchor!=3");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 4)->why,
                        "CPU 3 is free, but kept for vCPUs or QEMU's threads that could float "
                        "nowhere else; widen theirs or use mode 'shared'");
}

static void
the_reserve_is_of_cpus_that_balance(void **state)
{
    g_autoptr(Scenario) scenario = host("0-3", "2-3", 2);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3 0-3");

    (void)state;
    scenario_anchor(domain, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=2 anchor=3 anchor!=0-1 float=0-1");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 2)->why,
                        "no free CPU: 4 online in the pool 0-3, 2 reserved, 2 anchored by others; "
                        "free one or lower the reserve");
}

/* Else nothing could be anchored at all. */
static void
where_all_are_isolated_they_are_reserved_too(void **state)
{
    g_autoptr(Scenario) scenario = host("0-3", "0-3", 2);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3");

    (void)state;
    scenario_anchor(domain, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=1 anchor!=2-3");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_come_there_first_and_nobody_floats_there),
        cmocka_unit_test(an_anchor_stays_where_it_is),
        cmocka_unit_test(a_cohort_floats_where_the_kernel_balances),
        cmocka_unit_test(memory_and_home_outrank_it),
        cmocka_unit_test(who_has_no_others_floats_there_and_it_is_said),
        cmocka_unit_test(no_demand_gives_them_back_too),
        cmocka_unit_test(the_last_cpu_that_balances_is_left_to_those_who_float),
        cmocka_unit_test(the_reserve_is_of_cpus_that_balance),
        cmocka_unit_test(where_all_are_isolated_they_are_reserved_too),
    };

    return cmocka_run_group_tests_name("isolated", tests, NULL, NULL);
}
