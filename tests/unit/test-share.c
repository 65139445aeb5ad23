/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domains keep of an oversubscribed host: their fair shares. */
#include "scenario.h"

/* CPUs 0-7, one of which is reserved: seven may be anchors'. */
static Scenario *
host(void)
{
    Scenario *scenario = scenario_new("0-7", NULL, 1);

    scenario->host.max_moves = 8;
    scenario->host.hold_us = 500;
    scenario->now_us = 1000;
    return scenario;
}

/* One of eight vCPUs. */
static ScenarioDomain *
add(Scenario *scenario, const char *key)
{
    return scenario_add(scenario, key, "0-7 0-7 0-7 0-7 0-7 0-7 0-7 0-7");
}

static void
solve_later(Scenario *scenario)
{
    scenario->now_us += 1000;
    scenario_solve(scenario);
}

static guint
count_met(const Scenario *scenario, const char *key)
{
    guint n = 0;

    for (guint v = 0; v < bpfpv_plan_find(scenario->plan, key)->vcpus->len; v++) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(scenario->plan, key, v);

        n += vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met;
    }
    return n;
}

static void
assert_met(const Scenario *scenario, guint a, guint b)
{
    assert_int_equal(count_met(scenario, "a"), a);
    assert_int_equal(count_met(scenario, "b"), b);
}

static void
while_all_fit_nobody_is_bounded(void **state)
{
    g_autoptr(Scenario) scenario = host();

    (void)state;
    scenario_anchor(add(scenario, "a"), "0-4");
    scenario_anchor(add(scenario, "b"), "0-1");
    scenario_solve(scenario);
    assert_met(scenario, 5, 2);
    assert_int_equal(bpfpv_plan_find(scenario->plan, "a")->unmet, 0);
}

static void
one_alone_may_have_all_but_the_reserve(void **state)
{
    g_autoptr(Scenario) scenario = host();

    (void)state;
    scenario_anchor(add(scenario, "a"), "0-7");
    add(scenario, "b");
    scenario_solve(scenario);
    assert_met(scenario, 7, 0);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 7)->why,
                        "no free CPU: 8 online in the pool 0-7, 1 reserved, 7 anchored by others; "
                        "free one or lower the reserve");
}

/* No more than they need, and those that were given last. */
static void
who_has_more_than_its_share_gives_way(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    scenario_anchor(a, "2-7");
    solve_later(scenario);
    scenario_anchor(a, "0");
    solve_later(scenario);
    assert_plan(scenario, "a: anchor=6 float=7 anchor=0 anchor=1 anchor=2 anchor=3 anchor=4 "
                          "anchor=5; b: float=7 float=7 float=7 float=7 float=7 float=7 float=7 "
                          "float=7");
    scenario_anchor(b, "0-1");
    solve_later(scenario);
    assert_met(scenario, 5, 2);
    assert_cpus(plan_vcpu(scenario->plan, "b", 0)->cpus, "6");
    assert_cpus(plan_vcpu(scenario->plan, "b", 1)->cpus, "5");
    assert_false(plan_vcpu(scenario->plan, "a", 0)->met);
    assert_false(plan_vcpu(scenario->plan, "a", 7)->met);
    assert_false(plan_vcpu(scenario->plan, "a", 0)->lost);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "5 of its 7 anchors: the host's share for it is 5 while others want CPUs; "
                        "free some or raise its weight");
}

static void
shares_go_by_weight(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    scenario_anchor(a, "0-7");
    solve_later(scenario);
    scenario_anchor(b, "0-7");
    solve_later(scenario);
    assert_met(scenario, 4, 3);
    b->view.weight = 2;
    solve_later(scenario);
    assert_met(scenario, 3, 4);
    b->view.weight = 100;
    solve_later(scenario);
    assert_met(scenario, 1, 6);
}

/* Whoever has one CPU more of equals keeps it, whatever their names. */
static void
a_plan_solved_again_is_itself(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");
    g_autofree char *plan = NULL;

    (void)state;
    scenario_anchor(b, "0-7");
    solve_later(scenario);
    scenario_anchor(a, "0-7");
    solve_later(scenario);
    assert_met(scenario, 3, 4);
    plan = plan_to_text(scenario->plan, TRUE);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *again = NULL;

        solve_later(scenario);
        again = plan_to_text(scenario->plan, TRUE);
        assert_string_equal(again, plan);
    }
}

static void
what_nobody_wants_any_more_comes_back(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    scenario_anchor(a, "0-6");
    solve_later(scenario);
    scenario_anchor(b, "0-3");
    solve_later(scenario);
    assert_met(scenario, 4, 3);
    scenario_clear_demand(b);
    solve_later(scenario);
    assert_met(scenario, 4, 3); /* held for a moment */
    solve_later(scenario);
    assert_met(scenario, 7, 0);
}

/* A task that comes and goes within the hold time moves somebody once. */
static void
demand_that_hovers_moves_nobody_twice(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");
    g_autofree char *plan = NULL;

    (void)state;
    scenario_anchor(a, "0-6");
    solve_later(scenario);
    scenario_anchor(b, "0");
    solve_later(scenario);
    plan = plan_to_text(scenario->plan, FALSE);
    for (guint i = 0; i < 4; i++) {
        g_autofree char *again = NULL;

        scenario->now_us += 100;
        if (i % 2 == 0)
            scenario_clear_demand(b);
        else
            scenario_anchor(b, "0");
        scenario_solve(scenario);
        again = plan_to_text(scenario->plan, FALSE);
        assert_string_equal(again, plan);
    }
}

static void
a_limit_of_its_own_is_kept(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    a->view.max_anchors = 7;
    scenario_anchor(a, "0-7");
    solve_later(scenario);
    scenario_anchor(b, "0-1");
    solve_later(scenario);
    assert_met(scenario, 7, 0);
    assert_non_null(strstr(plan_vcpu(scenario->plan, "a", 7)->why, "limit of 7 anchors"));
    a->view.max_anchors = 6;
    solve_later(scenario);
    assert_met(scenario, 6, 1);
}

static void
without_shares_all_is_kept(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    scenario->host.share = BPFPV_SHARE_NONE;
    scenario_anchor(a, "0-7");
    solve_later(scenario);
    scenario_anchor(b, "0-1");
    solve_later(scenario);
    assert_met(scenario, 7, 0);
    scenario->host.share = BPFPV_SHARE_FAIR;
    solve_later(scenario);
    assert_met(scenario, 5, 2);
}

/* Three want all of CPUs 0-1: what they can't have there is no reason to take more from a. */
static void
nobody_gives_what_others_cannot_use(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a");

    (void)state;
    scenario_anchor(a, "0-7");
    solve_later(scenario);
    for (guint i = 0; i < 3; i++) {
        const char *const keys[] = {"b", "c", "d"};
        ScenarioDomain *domain = add(scenario, keys[i]);

        scenario_set_pool(domain, "0-1");
        scenario_anchor(domain, "0-7");
    }
    solve_later(scenario);
    assert_met(scenario, 5, 1);
    assert_int_equal(count_met(scenario, "c"), 1);
    assert_int_equal(count_met(scenario, "d"), 0);
    solve_later(scenario);
    assert_met(scenario, 5, 1);
}

/* Cores of two threads: one anchor gives way for one, not two. */
static void
a_whole_core_is_for_one_that_gives_way(void **state)
{
    g_autoptr(Scenario) scenario = host();
    ScenarioDomain *a = add(scenario, "a"), *b = add(scenario, "b");

    (void)state;
    scenario_take_topology(
        scenario, scenario_topology("0:0:0 0:0:0 0:0:1 0:0:1 0:0:2 0:0:2 0:0:3 0:0:3", "0-7"));
    scenario->host.max_moves = 0;
    b->view.smt = BPFPV_SMT_ISOLATE;
    scenario_anchor(a, "0-6");
    solve_later(scenario);
    scenario_anchor(b, "0-1");
    solve_later(scenario);
    assert_met(scenario, 7, 0);
    a->view.smt = BPFPV_SMT_ISOLATE;
    bpfpv_plan_free(g_steal_pointer(&scenario->plan));
    scenario_clear_demand(b);
    solve_later(scenario);
    assert_met(scenario, 3, 0);
    scenario_anchor(b, "0-1");
    solve_later(scenario);
    assert_met(scenario, 2, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_all_fit_nobody_is_bounded),
        cmocka_unit_test(one_alone_may_have_all_but_the_reserve),
        cmocka_unit_test(who_has_more_than_its_share_gives_way),
        cmocka_unit_test(shares_go_by_weight),
        cmocka_unit_test(a_plan_solved_again_is_itself),
        cmocka_unit_test(what_nobody_wants_any_more_comes_back),
        cmocka_unit_test(demand_that_hovers_moves_nobody_twice),
        cmocka_unit_test(a_limit_of_its_own_is_kept),
        cmocka_unit_test(without_shares_all_is_kept),
        cmocka_unit_test(nobody_gives_what_others_cannot_use),
        cmocka_unit_test(a_whole_core_is_for_one_that_gives_way),
    };

    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
