/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement over time: what is held and for how long, whose turn it is after
 * they have waited, and what the placer remembers of a domain that changes.
 */
#include "scenario.h"

#include "core/placer/placer.h"

#define MS ((gint64)1000)
#define HOLD (500 * MS)

static gboolean
is_anchored(const Scenario *scenario, const char *key, guint v)
{
    const BpfpvPlanVcpu *vcpu = plan_vcpu(scenario->plan, key, v);

    return vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met;
}

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

static void
a_domain_has_a_hold_of_its_own(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-3 0-3");
    ScenarioDomain *b = scenario_add(scenario, "b", "0-3 0-3");
    ScenarioDomain *c = scenario_add(scenario, "c", "0-3 0-3");

    (void)state;
    b->view.hold_us = BPFPV_NO_HOLD;
    c->view.hold_us = 2 * HOLD;
    scenario_anchor(a, "0");
    scenario_anchor(b, "0");
    scenario_anchor(c, "0");
    solve_at(scenario, 1);
    scenario_clear_demand(a);
    scenario_clear_demand(b);
    scenario_clear_demand(c);
    solve_at(scenario, 2);
    assert_true(is_anchored(scenario, "a", 0));
    assert_false(is_anchored(scenario, "b", 0));
    assert_true(is_anchored(scenario, "c", 0));
    solve_at(scenario, 2 + HOLD / MS);
    assert_false(is_anchored(scenario, "a", 0));
    assert_true(is_anchored(scenario, "c", 0));
    solve_at(scenario, 2 + 2 * HOLD / MS);
    assert_false(is_anchored(scenario, "c", 0));
}

/* ---- what changed ---- */

static void
assert_told(const BpfpvPlacer *placer, const char *expected)
{
    const GPtrArray *changed = bpfpv_placer_changed(placer);
    g_autoptr(GString) told = g_string_new(NULL);

    for (guint i = 0; i < changed->len; i++)
        g_string_append_printf(told, "%s ", (const char *)changed->pdata[i]);
    assert_string_equal(told->str, expected);
}

/* In shared mode others float where an anchor is: they lose nothing to it. */
static void
only_what_changed_is_told(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-7", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-7 0-7");
    ScenarioDomain *b = scenario_add(scenario, "b", "0-7 0-7");
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    (void)state;
    a->view.mode = BPFPV_MODE_SHARED;
    b->view.mode = BPFPV_MODE_SHARED;
    scenario_anchor(a, "0");
    bpfpv_placer_set_host(placer, &scenario->host);
    bpfpv_placer_set_domain(placer, &a->view);
    bpfpv_placer_set_domain(placer, &b->view);
    bpfpv_placer_solve(placer, 1 * MS);
    assert_told(placer, "a b ");
    bpfpv_placer_set_domain(placer, &a->view);
    bpfpv_placer_solve(placer, 2 * MS);
    assert_told(placer, "");
    scenario_anchor(b, "1");
    bpfpv_placer_set_domain(placer, &b->view);
    bpfpv_placer_solve(placer, 3 * MS);
    assert_told(placer, "b ");
}

/* ---- whose turn it is ---- */

static void
anchors_are_dealt_by_weight(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-6", NULL, 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-6 0-6 0-6 0-6 0-6 0-6");
    ScenarioDomain *b = scenario_add(scenario, "b", "0-6 0-6 0-6 0-6 0-6 0-6");

    (void)state;
    b->view.weight = 2;
    scenario_anchor(a, "0-5");
    scenario_anchor(b, "0-5");
    scenario_solve(scenario);
    assert_int_equal(bpfpv_plan_find(scenario->plan, "a")->unmet, 4);
    assert_int_equal(bpfpv_plan_find(scenario->plan, "b")->unmet, 2);
}

static void
who_has_waited_longest_is_next(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-1", NULL, 1);
    ScenarioDomain *holder = scenario_add(scenario, "m", "0-1");
    ScenarioDomain *late = scenario_add(scenario, "a", "0-1");
    ScenarioDomain *early = scenario_add(scenario, "z", "0-1 0-1 0-1");

    (void)state;
    scenario_anchor(holder, "0");
    solve_at(scenario, 1);
    scenario_anchor(early, "2");
    solve_at(scenario, 2);
    scenario_anchor(late, "0");
    scenario_anchor(early, "0");
    solve_at(scenario, 3);
    scenario_clear_demand(holder);
    solve_at(scenario, 4);
    assert_true(is_anchored(scenario, "z", 2));
    assert_false(is_anchored(scenario, "a", 0));
    assert_false(is_anchored(scenario, "z", 0));
}

/* As long as it waits, and not only in the solve that it lost it in. */
static void
who_lost_an_anchor_stays_first(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 1);
    ScenarioDomain *b = scenario_add(scenario, "b", "0-2 0-2");
    ScenarioDomain *a = scenario_add(scenario, "a", "0-2");

    (void)state;
    scenario->host.share = BPFPV_SHARE_NONE; /* or a would have its share from the beginning */
    scenario_anchor(b, "0-1");
    solve_at(scenario, 1);
    scenario_anchor(a, "0");
    solve_at(scenario, 2);
    assert_false(is_anchored(scenario, "a", 0));
    scenario_set_online(scenario, "0-2", "0,2");
    solve_at(scenario, 3);
    solve_at(scenario, 4);
    assert_true(is_anchored(scenario, "b", 0) && !is_anchored(scenario, "b", 1));
    scenario_set_online(scenario, "0-2", "0-2");
    solve_at(scenario, 5);
    assert_true(is_anchored(scenario, "b", 1));
    assert_false(is_anchored(scenario, "a", 0));
}

/* Six domains want two CPUs each, there are three; whoever holds the most stops asking for a
 * while. Nobody waits for more than every other's turn. */
static void
nobody_starves(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    guint waited[6] = {0};

    (void)state;
    for (guint d = 0; d < 6; d++) {
        g_autofree char *key = g_strdup_printf("%u", d);

        scenario_anchor(scenario_add(scenario, key, "0-3 0-3"), "0-1");
    }
    for (guint round = 1; round < 300; round++) {
        guint which = below(rand, 6);

        solve_at(scenario, 2000 * round);
        for (guint d = 0; d < 6; d++) {
            const ScenarioDomain *domain = scenario->domains->pdata[d];
            gboolean served = bpfpv_plan_find(scenario->plan, domain->key)->unmet < 2;

            waited[d] = served ? 0 : waited[d] + 1;
            if (waited[d] > 6)
                fail_msg("domain %u has waited for %u releases", d, waited[d]);
        }
        while (bpfpv_plan_find(scenario->plan,
                               ((ScenarioDomain *)scenario->domains->pdata[which])->key)
                   ->unmet == 2)
            which = (which + 1) % 6;
        scenario_clear_demand(scenario->domains->pdata[which]);
        solve_at(scenario, 2000 * round + 100);
        solve_at(scenario, 2000 * round + 700);
        scenario_anchor(scenario->domains->pdata[which], "0-1");
    }
}

/* ---- what the placer remembers ---- */

/* As the daemon does it: with what is in force, which knows no times. */
static void
tell(BpfpvPlacer *placer, const ScenarioDomain *domain, const char *anchor)
{
    g_autoptr(BpfpvPlan) in_force = bpfpv_plan_new();
    BpfpvPlanDomain *planned = bpfpv_plan_add_domain(in_force, domain->key, domain->n_vcpus);

    for (guint v = 0; v < domain->n_vcpus; v++) {
        BpfpvPlanVcpu *vcpu = planned->vcpus->pdata[v];

        vcpu->met = TRUE;
        vcpu->want = v == 0 ? BPFPV_WANT_ANCHOR : BPFPV_WANT_FLOAT;
        vcpu->cpus = v == 0 ? cpus(anchor) : bpfpv_cpuset_copy(domain->original->pdata[v]);
    }
    bpfpv_placer_set_domain(placer, &domain->view);
    bpfpv_placer_adopt(placer, in_force);
}

static void
an_iothread_that_comes_resets_no_times(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-1", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-1 0-1");
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();
    const BpfpvPlan *plan;

    (void)state;
    scenario_anchor(a, "0-1");
    bpfpv_placer_set_host(placer, &scenario->host);
    bpfpv_placer_set_domain(placer, &a->view);
    plan = bpfpv_placer_solve(placer, 7 * MS);
    assert_true(plan_vcpu(plan, "a", 0)->met && !plan_vcpu(plan, "a", 1)->met);
    scenario_add_thread(a, BPFPV_THREAD_IOTHREAD, 1, "0-1");
    tell(placer, a, "0");
    plan = bpfpv_placer_solve(placer, 100 * MS);
    assert_true(plan_vcpu(plan, "a", 0)->since == 7 * MS);
    assert_true(plan_vcpu(plan, "a", 1)->since == 7 * MS);
    assert_cpus(((BpfpvPlanThread *)bpfpv_plan_find(plan, "a")->threads->pdata[0])->cpus, "1");
}

static void
what_is_in_force_is_taken_of_new_domains_alone(void **state)
{
    g_autoptr(Scenario) scenario = held_scenario("0-3", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-3 0-3");
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    (void)state;
    scenario_anchor(a, "0");
    bpfpv_placer_set_host(placer, &scenario->host);
    tell(placer, a, "2");
    assert_cpus(plan_vcpu(bpfpv_placer_solve(placer, 1 * MS), "a", 0)->cpus, "2");
    tell(placer, a, "3");
    assert_cpus(plan_vcpu(bpfpv_placer_solve(placer, 2 * MS), "a", 0)->cpus, "2");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_comes_and_goes_moves_nobody),
        cmocka_unit_test(the_end_of_demand_gives_everything_back_after_the_hold_time),
        cmocka_unit_test(a_plan_without_times_is_not_released_at_once),
        cmocka_unit_test(the_placer_says_when_what_is_held_is_due),
        cmocka_unit_test(a_domain_has_a_hold_of_its_own),
        cmocka_unit_test(only_what_changed_is_told),
        cmocka_unit_test(anchors_are_dealt_by_weight),
        cmocka_unit_test(who_has_waited_longest_is_next),
        cmocka_unit_test(who_lost_an_anchor_stays_first),
        cmocka_unit_test(nobody_starves),
        cmocka_unit_test(an_iothread_that_comes_resets_no_times),
        cmocka_unit_test(what_is_in_force_is_taken_of_new_domains_alone),
    };

    return cmocka_run_group_tests_name("placement-time", tests, NULL, NULL);
}
