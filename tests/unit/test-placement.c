/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/placement: each rule of docs/placement.md by an example. */
#include "scenario.h"

static void
no_demand_gives_back_the_original_masks(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);

    (void)state;
    scenario_set_online(scenario, "0-7", "0-3");
    scenario_add(scenario, "a", "0-7 2-3,6 0-3");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-7 float=2-3,6 float=0-3");
}

static void
an_anchor_gets_one_cpu_that_floating_vcpus_avoid(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "2-3", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_anchor(domain, "1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-1,3 anchor=2");
    assert_null(plan_vcpu(scenario->plan, "a", 1)->why);
    assert_int_equal(plan_vcpu(scenario->plan, "a", 1)->tasks, 1);
}

static void
floating_vcpus_of_other_domains_avoid_it_too(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "b", "0-3");

    (void)state;
    scenario_add(scenario, "a", "0-3 2-3 0-7");
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=1-3 float=2-3 float=1-3; b: anchor=0");
}

static void
shared_anchors_may_be_floated_on(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    domain->view.mode = BPFPV_MODE_SHARED;
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=0-3");
}

static void
a_single_cpu_by_definition_is_fixed_and_nobody_elses_anchor(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0 0-2 0-2");

    (void)state;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: fixed=0 anchor=1 float=0,2");
}

static void
a_fixed_cpu_may_lie_outside_pools_and_be_offline(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "2-3", 0);

    (void)state;
    scenario_add(scenario, "a", "0 9");
    scenario_solve(scenario);
    assert_plan(scenario, "a: fixed=0 fixed=9");
}

static void
an_anchor_stays_within_all_its_bounds(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-5", "0-4", 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "1-5 0-5");

    (void)state;
    scenario_set_online(scenario, "0-5", "0-1,3-5");
    scenario_set_pool(domain, "2-5");
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=3 float=0-1,4-5");
}

static void
what_its_cgroup_takes_away_is_outside_every_pool(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3");

    (void)state;
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=1-3 float=1-3");
    scenario_set_allowed(domain, "1-3");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=1 float=2-3 float=2-3");
    scenario_set_allowed(domain, NULL);
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=1 float=0,2-3 float=0,2-3");
}

static void
an_anchor_that_its_cgroup_has_no_cpu_for_says_so(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_set_pool(domain, "0-1");
    scenario_set_allowed(domain, "2-3");
    scenario_anchor(domain, "1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=2-3 anchor!=2-3");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "the domain's cgroup allows CPUs 2-3 alone, and so none of 0-1; widen the "
                        "cpuset of the cgroup (with systemd: AllowedCPUs= of the slice or scope)");
    scenario_set_allowed(domain, "1-3");
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor!=2-3 anchor=1");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "no free CPU: 2 online in the pool 0-1, 1 outside what the domain's cgroup "
                        "allows, 1 anchored by others; free one or widen the pool");
}

/* What is given back is the original, which the kernel itself narrows and widens; but cgroup v1
 * refuses whatever goes beyond what it allows. */
static void
what_is_given_back_is_what_the_cgroup_takes(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 2-3 0-1");

    (void)state;
    scenario_add_thread(domain, BPFPV_THREAD_EMULATOR, 0, "0-3");
    scenario_set_allowed(domain, "1-3");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-3 float=2-3 float=0-1 emulator0=0-3");
    scenario->host.allowed_only = TRUE;
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=1-3 float=2-3 float=1 emulator0=1-3");
    domain->view.released = TRUE;
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=1-3 float=2-3 float=1 emulator0=1-3");
    scenario_set_allowed(domain, NULL);
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-3 float=2-3 float=0-1 emulator0=0-3");
}

static void
a_refused_cpu_is_nobodys_anchor_but_floated_on(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-2 0-2");
    ScenarioDomain *other = scenario_add(scenario, "b", "0-2");

    (void)state;
    scenario_anchor(domain, "0");
    scenario_set_refused(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=1 float=0,2; b: float=0,2");
    scenario_anchor(other, "0"); /* whom nobody refused anything */
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=1 float=2; b: anchor=0");
    scenario_set_refused(domain, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor!=1-2 float=1-2; b: anchor=0");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "no CPU of 0-2 was accepted (says the host); trying again from time to "
                        "time");
}

static void
an_augmenting_path_makes_room_for_a_choosy_anchor(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-2 0-1 0,5 0-2");

    (void)state;
    domain->view.mode = BPFPV_MODE_SHARED;
    scenario_anchor(domain, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=2 anchor=1 anchor=0 float=0-2");
}

static void
a_holder_is_not_moved_for_a_choosy_anchor(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-2 0,5 0-2");

    (void)state;
    domain->view.mode = BPFPV_MODE_SHARED;
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float=0 float=0-2");
    scenario_anchor(domain, "1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor!=0 float=0-2");
}

static void
an_anchor_that_can_stay_stays(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "b", "0-3 0-3 0-3");
    ScenarioDomain *other;

    (void)state;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "b: anchor=0 anchor=1 float=2-3");
    scenario_clear_demand(domain);
    scenario_anchor(domain, "1");
    other = scenario_add(scenario, "a", "0-3");
    scenario_anchor(other, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0; b: float=2-3 anchor=1 float=2-3");
}

static void
an_anchor_that_lost_its_cpu_comes_before_new_ones(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 1);
    ScenarioDomain *holder = scenario_add(scenario, "b", "0-2");
    ScenarioDomain *newcomer;

    (void)state;
    scenario_anchor(holder, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "b: anchor=0");
    newcomer = scenario_add(scenario, "a", "0-2");
    scenario_anchor(newcomer, "0");
    scenario_set_online(scenario, "0-2", "1-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor!=2; b: anchor=1");
}

static void
anchors_are_dealt_in_turns(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-4", NULL, 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-4 0-4 0-4 0-4");
    ScenarioDomain *b = scenario_add(scenario, "b", "0-4 0-4 0-4 0-4");

    (void)state;
    scenario_anchor(a, "0-3");
    scenario_anchor(b, "0-3");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=2 anchor!=4 anchor!=4; "
                          "b: anchor=1 anchor=3 anchor!=4 anchor!=4");
    assert_int_equal(bpfpv_plan_find(scenario->plan, "a")->unmet, 2);
}

static void
the_limit_of_anchors_is_kept_lowest_vcpu_first(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7 0-7");

    (void)state;
    domain->view.max_anchors = 2;
    scenario_anchor(domain, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=1 anchor!=2-7");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 2)->why,
                        "the domain's limit of 2 anchors is reached; raise it");
}

static void
the_limit_prefers_holders(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7");

    (void)state;
    domain->view.max_anchors = 1;
    scenario_anchor(domain, "1");
    scenario_solve(scenario);
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor!=1-7 anchor=0");
}

static void
the_reserve_is_left_and_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-1", "0-1", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-1 0-1");

    (void)state;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor!=1");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "no free CPU: 2 online in the pool 0-1, 1 reserved, 1 anchored by others; "
                        "free one or lower the reserve");
}

static void
fixed_cpus_are_no_reserve(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-2", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0 0-2 0-2");

    (void)state;
    scenario_anchor(domain, "1-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: fixed=0 anchor=1 anchor!=0,2");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 2)->why,
                        "no free CPU: 3 online in the pool 0-2, 1 statically pinned, 1 reserved, "
                        "1 anchored by others; free one or lower the reserve");
}

static void
a_full_pool_is_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "3", 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=3 anchor!=0-2");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "no free CPU: 1 online in the pool 3, 1 anchored by others; "
                        "free one or widen the pool");
}

static void
an_anchor_that_would_starve_a_floating_vcpu_is_unmet(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "2-3", 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_add(scenario, "b", "2-3");
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=2 anchor!=0-1,3; b: float=3");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "CPU 3 is free, but kept for vCPUs or QEMU's threads that could float "
                        "nowhere else; widen theirs or use mode 'shared'");
}

static void
another_cpu_is_taken_where_one_would_starve_somebody(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_add(scenario, "b", "0-1");
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=2; b: float=1");
}

/* Even of anchors: whoever loses his can float at once. */
static void
a_set_that_anchors_could_fill_keeps_a_cpu(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 0);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-1 0-1");

    (void)state;
    scenario_anchor(a, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor!=1");
    a->view.mode = BPFPV_MODE_SHARED;
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=1");
}

/* A domain with so many anchors, on CPUs @first and on, that nobody searches any more. */
static void
add_many(Scenario *scenario, guint first)
{
    g_autofree char *set = g_strdup_printf("%u-%u", first, first + 35);
    g_autoptr(GString) originals = g_string_new(set);
    ScenarioDomain *many;

    for (guint i = 1; i < 24; i++)
        g_string_append_printf(originals, " %s", set);
    many = scenario_add(scenario, "many", originals->str);
    scenario_anchor(many, "0-23");
}

/* Four cores of four threads with three anchors each: three go to the threads that are left. */
static void
a_core_of_many_threads_is_emptied(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-52", NULL, 0);
    g_autoptr(GString) where = g_string_new("0:0:0");
    ScenarioDomain *core;

    (void)state;
    for (guint i = 1; i < 53; i++)
        g_string_append_printf(where, " 0:0:%u", i < 16 ? i / 4 : i);
    scenario_take_topology(scenario, scenario_topology(where->str, "0-52"));
    add_many(scenario, 17);
    for (guint i = 0; i < 4; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);
        g_autofree char *pool = g_strdup_printf("%u-%u", 4 * i, 4 * i + 2);
        ScenarioDomain *domain = scenario_add(scenario, key, "0-16 0-16 0-16");

        domain->view.mode = BPFPV_MODE_SHARED;
        scenario_set_pool(domain, pool);
        scenario_anchor(domain, "0-2");
    }
    scenario_solve(scenario);
    for (guint i = 1; i < 5; i++)
        scenario_set_pool(scenario->domains->pdata[i], "0-15");
    core = scenario_add(scenario, "core", "0-16");
    core->view.smt = BPFPV_SMT_ISOLATE;
    scenario_set_pool(core, "0-15");
    scenario_anchor(core, "0");
    scenario->host.max_moves = 2;
    scenario_solve(scenario);
    assert_false(plan_vcpu(scenario->plan, "core", 0)->met);
    scenario->host.max_moves = 3;
    scenario_solve(scenario);
    assert_cpus(plan_vcpu(scenario->plan, "core", 0)->cpus, "0");
}

/* CPU 2 is the last of b's as long as a is on CPU 0, which it leaves when c comes to its core: too
 * late for d's turn, and with so many anchors nobody searches. */
static void
who_was_given_up_gets_what_becomes_free_in_the_end(void **state)
{
    g_autoptr(GString) where = g_string_new("0:0:0 0:0:0");
    g_autoptr(Scenario) scenario = scenario_new("0-39", NULL, 0);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-39 0-39");
    ScenarioDomain *c = scenario_add(scenario, "c", "0-39 0-39");
    ScenarioDomain *d = scenario_add(scenario, "d", "0-39 0-39");

    (void)state;
    for (guint i = 2; i < 40; i++)
        g_string_append_printf(where, " 0:0:%u", i);
    scenario_take_topology(scenario, scenario_topology(where->str, "0-39"));
    add_many(scenario, 4);
    scenario_add(scenario, "b", "0,2");
    scenario_solve(scenario);
    a->view.smt = BPFPV_SMT_MATCH;
    scenario_set_pool(a, "0,3");
    scenario_set_pool(c, "1");
    scenario_set_pool(d, "2");
    scenario_anchor(a, "0");
    scenario_anchor(c, "0");
    scenario_anchor(d, "0");
    scenario_solve(scenario);
    assert_cpus(plan_vcpu(scenario->plan, "a", 0)->cpus, "3");
    assert_true(plan_vcpu(scenario->plan, "d", 0)->met);
}

/* Its right to run comes before others' anchors, which move on or become unmet. */
static void
a_new_domain_is_not_starved_by_those_that_hold(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "0-1", 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3");

    (void)state;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor=1");
    scenario_add(scenario, "b", "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 anchor!=1-3; b: float=1");
}

static void
a_vcpu_that_is_fixed_keeps_what_it_had(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-1 0-3");
    g_autoptr(BpfpvCpuset) fixed = cpus("0");

    (void)state;
    domain->view.fixed = fixed;
    scenario_anchor(domain, "0-1");
    scenario_solve(scenario);
    assert_plan(scenario, "a: fixed=0-1 anchor=0");
}

static void
a_cohort_floats_and_says_so(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3");
    g_autoptr(BpfpvCpuset) mask = cpus("0-1");

    (void)state;
    scenario_demand(domain, mask);
    scenario_solve(scenario);
    assert_plan(scenario, "a: cohort=0-3 cohort=0-3 float=0-3");
    assert_true(plan_vcpu(scenario->plan, "a", 0)->met);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why,
                        "cohort of vCPUs 0-1: on one last-level cache");
}

static void
an_anchored_member_of_a_cohort_is_an_anchor(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 1);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3");
    g_autoptr(BpfpvCpuset) first = cpus("0-1");
    g_autoptr(BpfpvCpuset) second = cpus("1-2");

    (void)state;
    scenario_demand(domain, first);
    scenario_demand(domain, second);
    scenario_demand(domain, second);
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 cohort=1-3 cohort=1-3");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "cohort of vCPUs 1-2 and 1 more: on one last-level cache");
    assert_int_equal(plan_vcpu(scenario->plan, "a", 1)->tasks, 3);
}

static void
expect_why(Scenario *scenario, const char *why)
{
    ScenarioDomain *domain = scenario->domains->pdata[0];

    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_false(plan_vcpu(scenario->plan, "a", 0)->met);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 0)->why, why);
}

static void
a_pool_without_the_vcpus_cpus_is_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", "4-7", 0);

    (void)state;
    scenario_add(scenario, "a", "0-3 0-3");
    expect_why(scenario, "the vCPU's own CPUs 0-3 and the pool 4-7 have none in common; "
                         "widen one of them");
}

static void
pools_without_a_common_cpu_are_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", "4-7", 0);

    (void)state;
    scenario_set_pool(scenario_add(scenario, "a", "0-7 0-7"), "0-3");
    expect_why(scenario, "none of the domain's cpuset 0-3 is in the host's pool 4-7; widen one of "
                         "them");
}

static void
an_offline_pool_is_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", "4-7", 0);

    (void)state;
    scenario_set_online(scenario, "0-7", "0-3");
    scenario_add(scenario, "a", "0-7 0-7");
    expect_why(scenario, "CPUs 4-7, the pool's that the vCPU may use, are all offline; "
                         "bring one online or widen the pool");
}

static void
a_statically_pinned_pool_is_named(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", "4", 0);

    (void)state;
    scenario_add(scenario, "a", "0-7 0-7");
    scenario_add(scenario, "b", "4");
    expect_why(scenario, "CPU 4, the pool's that the vCPU may use, belongs to statically pinned "
                         "vCPUs; widen the pool");
}

static void
a_single_cpu_is_named_in_the_singular(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 0-7");

    (void)state;
    scenario_set_online(scenario, "0-7", "0-3");
    scenario_set_pool(domain, "7");
    scenario_anchor(domain, "1");
    scenario_solve(scenario);
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "CPU 7, the pool's that the vCPU may use, is offline; bring it online or "
                        "widen the pool");
}

static void
a_vcpu_whose_cpus_are_all_offline_keeps_them(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 0);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-7 6-7");

    (void)state;
    scenario_set_online(scenario, "0-7", "0-3");
    scenario_anchor(domain, "0");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=0 float!=6-7");
    assert_string_equal(plan_vcpu(scenario->plan, "a", 1)->why,
                        "all of the vCPU's CPUs 6-7 are offline; bring one online");
}

static void
the_order_of_domains_does_not_count(void **state)
{
    g_autoptr(Scenario) one = scenario_new("0-3", NULL, 1);
    g_autoptr(Scenario) other = scenario_new("0-3", NULL, 1);

    (void)state;
    scenario_anchor(scenario_add(one, "a", "0-3 0-3"), "0-1");
    scenario_anchor(scenario_add(one, "b", "0-3 0-3"), "0-1");
    scenario_anchor(scenario_add(other, "b", "0-3 0-3"), "0-1");
    scenario_anchor(scenario_add(other, "a", "0-3 0-3"), "0-1");
    scenario_solve(one);
    scenario_solve(other);
    assert_plan(one, "a: anchor=0 anchor=2; b: anchor=1 anchor!=3");
    assert_plan(other, "a: anchor=0 anchor=2; b: anchor=1 anchor!=3");
}

static void
the_example_of_the_documentation_holds(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-7", "2-7", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-7 0-7 0-7");

    (void)state;
    scenario_add(scenario, "b", "1 0-7 0-1,9");
    a->view.max_anchors = 2;
    scenario_anchor(a, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=2 anchor=3 anchor!=0-1,4-7; "
                          "b: fixed=1 float=0-1,4-7 float=0-1,9");
    scenario_clear_demand(a);
    scenario_anchor(a, "1-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: float=0-1,4-7 anchor=3 anchor=2; "
                          "b: fixed=1 float=0-1,4-7 float=0-1,9");
}

static guint
capacity(const Scenario *scenario, char **why)
{
    const ScenarioDomain *domain = scenario->domains->pdata[0];

    return bpfpv_placement_capacity(&scenario->host, &domain->view, why);
}

static void
capacity_counts_what_an_empty_host_could_give(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", "1-3", 2);
    ScenarioDomain *domain = scenario_add(scenario, "a", "0-3 0-3 0-3");
    g_autofree char *why = NULL;

    (void)state;
    scenario_anchor(scenario_add(scenario, "b", "0-3"), "0");
    assert_int_equal(capacity(scenario, &why), 2);
    assert_null(why);
    domain->view.max_anchors = 1;
    assert_int_equal(capacity(scenario, NULL), 1);
}

static void
capacity_of_a_lone_vcpu_is_one(void **state)
{
    g_autoptr(Scenario) scenario = scenario_new("0-3", NULL, 0);

    (void)state;
    scenario_add(scenario, "a", "0-3");
    assert_int_equal(capacity(scenario, NULL), 1);
}

static void
capacity_of_nothing_says_why(void **state)
{
    g_autoptr(Scenario) pools = scenario_new("0-7", "4-7", 0);
    g_autoptr(Scenario) fixed = scenario_new("0-7", NULL, 0);
    g_autofree char *pools_why = NULL;
    g_autofree char *fixed_why = NULL;

    (void)state;
    scenario_add(pools, "a", "0-3 0-3");
    assert_int_equal(capacity(pools, &pools_why), 0);
    assert_string_equal(pools_why, "the vCPU's own CPUs 0-3 and the pool 4-7 have none in common; "
                                   "widen one of them");
    scenario_add(fixed, "a", "0 1");
    assert_int_equal(capacity(fixed, &fixed_why), 0);
    assert_string_equal(fixed_why, "every vCPU has a single CPU by its definition; "
                                   "nothing can be anchored");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_demand_gives_back_the_original_masks),
        cmocka_unit_test(an_anchor_gets_one_cpu_that_floating_vcpus_avoid),
        cmocka_unit_test(floating_vcpus_of_other_domains_avoid_it_too),
        cmocka_unit_test(shared_anchors_may_be_floated_on),
        cmocka_unit_test(a_single_cpu_by_definition_is_fixed_and_nobody_elses_anchor),
        cmocka_unit_test(a_fixed_cpu_may_lie_outside_pools_and_be_offline),
        cmocka_unit_test(an_anchor_stays_within_all_its_bounds),
        cmocka_unit_test(what_its_cgroup_takes_away_is_outside_every_pool),
        cmocka_unit_test(an_anchor_that_its_cgroup_has_no_cpu_for_says_so),
        cmocka_unit_test(what_is_given_back_is_what_the_cgroup_takes),
        cmocka_unit_test(a_refused_cpu_is_nobodys_anchor_but_floated_on),
        cmocka_unit_test(an_augmenting_path_makes_room_for_a_choosy_anchor),
        cmocka_unit_test(a_holder_is_not_moved_for_a_choosy_anchor),
        cmocka_unit_test(an_anchor_that_can_stay_stays),
        cmocka_unit_test(an_anchor_that_lost_its_cpu_comes_before_new_ones),
        cmocka_unit_test(anchors_are_dealt_in_turns),
        cmocka_unit_test(the_limit_of_anchors_is_kept_lowest_vcpu_first),
        cmocka_unit_test(the_limit_prefers_holders),
        cmocka_unit_test(the_reserve_is_left_and_named),
        cmocka_unit_test(fixed_cpus_are_no_reserve),
        cmocka_unit_test(a_full_pool_is_named),
        cmocka_unit_test(an_anchor_that_would_starve_a_floating_vcpu_is_unmet),
        cmocka_unit_test(another_cpu_is_taken_where_one_would_starve_somebody),
        cmocka_unit_test(a_set_that_anchors_could_fill_keeps_a_cpu),
        cmocka_unit_test(a_core_of_many_threads_is_emptied),
        cmocka_unit_test(who_was_given_up_gets_what_becomes_free_in_the_end),
        cmocka_unit_test(a_new_domain_is_not_starved_by_those_that_hold),
        cmocka_unit_test(a_vcpu_that_is_fixed_keeps_what_it_had),
        cmocka_unit_test(a_cohort_floats_and_says_so),
        cmocka_unit_test(an_anchored_member_of_a_cohort_is_an_anchor),
        cmocka_unit_test(a_pool_without_the_vcpus_cpus_is_named),
        cmocka_unit_test(pools_without_a_common_cpu_are_named),
        cmocka_unit_test(an_offline_pool_is_named),
        cmocka_unit_test(a_statically_pinned_pool_is_named),
        cmocka_unit_test(a_single_cpu_is_named_in_the_singular),
        cmocka_unit_test(a_vcpu_whose_cpus_are_all_offline_keeps_them),
        cmocka_unit_test(the_order_of_domains_does_not_count),
        cmocka_unit_test(the_example_of_the_documentation_holds),
        cmocka_unit_test(capacity_counts_what_an_empty_host_could_give),
        cmocka_unit_test(capacity_of_a_lone_vcpu_is_one),
        cmocka_unit_test(capacity_of_nothing_says_why),
    };

    return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
