/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement over time: what is held, and for how long.
 */
#include "scenario.h"

#include "core/placer.h"

#define MS ((gint64)1000)
#define HOLD (500 * MS)

static void
solve_at(Scenario *scenario, gint64 ms)
{
    scenario->now_us = ms * MS;
    scenario_solve(scenario);
}

static Scenario *
held_scenario(const char *online, guint reserve)
{
    Scenario *scenario = scenario_new(online, NULL, reserve);

    scenario->host.hold_us = HOLD;
    return scenario;
}

/* 200 ms on, 200 ms off, of an anchor that is as old as can be. */
static void
a_task_that_comes_and_goes_moves_nobody(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-3 0-3");
    const char *plan = "a: anchor=0 float=1-3; b: float=1-3 float=1-3";

    (void)state;
    scenario_add(scenario, "b", "0-3 0-3");
    scenario_anchor(a, "0");
    solve_at(scenario, 1);
    for (guint round = 0; round < 20; round++) {
        gint64 ms = 3600 * 1000 + round * 400;

        solve_at(scenario, ms);
        assert_plan(scenario, plan);
        scenario_clear_demand(a);
        solve_at(scenario, ms + 200);
        assert_plan(scenario, plan);
        solve_at(scenario, ms + 399);
        assert_plan(scenario, plan);
        scenario_anchor(a, "0");
    }
}

static void
the_end_of_demand_gives_everything_back_after_the_hold_time(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-3,9 0-3");

    (void)state;
    scenario_add(scenario, "b", "0-3 0-3");
    scenario_anchor(a, "0");
    solve_at(scenario, 1);
    solve_at(scenario, 3600 * 1000);
    scenario_clear_demand(a);
    solve_at(scenario, 3600 * 1000 + 100);
    solve_at(scenario, 3600 * 1000 + 599);
    assert_plan(scenario, "a: anchor=0 float=1-3; b: float=1-3 float=1-3");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "held for a moment: nobody asks for it any more");
    solve_at(scenario, 3600 * 1000 + 600);
    assert_plan(scenario, "a: float=0-3,9 float=0-3; b: float=0-3 float=0-3");
}

static void
a_plan_without_times_is_not_released_at_once(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);

    (void)state;
    scenario_add(scenario, "a", "0-3 0-3");
    scenario->plan = bpfpv_plan_new();
    {
        BpfpvPlanVcpu *vcpu = bpfpv_plan_add_domain(scenario->plan, "a", 1)->vcpus->pdata[0];

        vcpu->want = BPFPV_WANT_ANCHOR;
        vcpu->met = TRUE;
        vcpu->cpus = cpus("2");
    }
    solve_at(scenario, 3600 * 1000);
    assert_plan(scenario, "a: anchor=2 float=0-1,3");
    solve_at(scenario, 3600 * 1000 + 499);
    assert_plan(scenario, "a: anchor=2 float=0-1,3");
    solve_at(scenario, 3600 * 1000 + 500);
    assert_plan(scenario, "a: float=0-3 float=0-3");
}

static void
the_placer_says_when_what_is_held_is_due(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-3 0-3");
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    (void)state;
    scenario_anchor(a, "0");
    bpfpv_placer_set_host(placer, &scenario->host);
    bpfpv_placer_set_domain(placer, &a->view);
    bpfpv_placer_solve(placer, 1 * MS);
    assert_true(bpfpv_placer_next_us(placer) == G_MAXINT64);
    scenario_clear_demand(a);
    bpfpv_placer_set_domain(placer, &a->view);
    bpfpv_placer_solve(placer, 10000 * MS);
    bpfpv_placer_solve(placer, 10100 * MS);
    assert_true(bpfpv_placer_next_us(placer) == 10500 * MS);
    bpfpv_placer_solve(placer, 10500 * MS);
    assert_true(bpfpv_placer_next_us(placer) == G_MAXINT64);
    assert_int_equal(plan_vcpu(bpfpv_placer_plan(placer), "a", 0)->want, BPFPV_WANT_FLOAT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_comes_and_goes_moves_nobody),
        cmocka_unit_test(the_end_of_demand_gives_everything_back_after_the_hold_time),
        cmocka_unit_test(a_plan_without_times_is_not_released_at_once),
        cmocka_unit_test(the_placer_says_when_what_is_held_is_due),
    };

    return cmocka_run_group_tests_name("placement-time", tests, NULL, NULL);
}
