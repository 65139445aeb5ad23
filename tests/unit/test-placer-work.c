/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a solve goes over: what did not change costs nothing, whatever the number of domains. */
#include "scenario.h"

#include "core/placer/placer.h"
#include "solve-sequence.h"

#define IDLE 100
#define ASKING 10

/* Of 64 CPUs, with ASKING domains that have an anchor and IDLE ones that want nothing. */
static Scenario *
many_domains(BpfpvPlacementMode mode)
{
    Scenario *scenario = scenario_new("0-63", NULL, 1);

    for (guint d = 0; d < IDLE + ASKING; d++) {
        g_autofree char *key = g_strdup_printf("d%03u", d);
        ScenarioDomain *domain = scenario_add(scenario, key, "0-63 0-63");

        domain->view.mode = mode;
        if (d >= IDLE)
            scenario_anchor(domain, "0");
    }
    return scenario;
}

/* Until a solve would come to the same plan again. */
static void
settle(BpfpvPlacer *placer, Scenario *scenario)
{
    do {
        scenario->now_us += G_USEC_PER_SEC;
        place(placer, scenario);
    } while (bpfpv_placer_changed(placer)->len > 0);
    place(placer, scenario);
}

static void
no_change_writes_nobodys_plan(void **state)
{
    g_autoptr(Scenario) scenario = many_domains(BPFPV_MODE_EXCLUSIVE);
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    settle(placer, scenario);
    place(placer, scenario);
    assert_int_equal(bpfpv_placer_written(placer), 0);
}

static void
an_anchor_that_moves_nobody_leaves_the_idle_alone(void **state)
{
    g_autoptr(Scenario) scenario = many_domains(BPFPV_MODE_SHARED);
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    settle(placer, scenario);
    scenario_anchor(scenario->domains->pdata[0], "1");
    place(placer, scenario);
    assert_in_range(bpfpv_placer_written(placer), 1, 1 + ASKING);
    assert_int_equal(bpfpv_placer_changed(placer)->len, 1);
}

/* The others have another set to float on then. */
static void
an_exclusive_anchor_concerns_all_that_float_there(void **state)
{
    g_autoptr(Scenario) scenario = many_domains(BPFPV_MODE_EXCLUSIVE);
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    settle(placer, scenario);
    scenario_anchor(scenario->domains->pdata[0], "1");
    place(placer, scenario);
    assert_int_equal(bpfpv_placer_written(placer), IDLE + ASKING);
    assert_int_equal(bpfpv_placer_changed(placer)->len, IDLE + ASKING);
}

/* Every running domain is said to have a set of them, which is mostly empty. */
static void
other_numbers_of_tasks_are_one_domains_affair(void **state)
{
    g_autoptr(Scenario) scenario = many_domains(BPFPV_MODE_EXCLUSIVE);
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();
    g_autoptr(BpfpvCpuset) none = bpfpv_cpuset_new();
    ScenarioDomain *domain = scenario->domains->pdata[IDLE];

    for (guint d = 0; d < scenario->domains->len; d++)
        ((ScenarioDomain *)scenario->domains->pdata[d])->view.realtime = none;
    settle(placer, scenario);
    scenario_anchor(domain, "0");
    place(placer, scenario);
    assert_int_equal(bpfpv_placer_written(placer), 1);
    assert_int_equal(plan_vcpu(bpfpv_placer_plan(placer), domain->key, 0)->tasks, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_change_writes_nobodys_plan),
        cmocka_unit_test(an_anchor_that_moves_nobody_leaves_the_idle_alone),
        cmocka_unit_test(an_exclusive_anchor_concerns_all_that_float_there),
        cmocka_unit_test(other_numbers_of_tasks_are_one_domains_affair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
