/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random sequences of changes on a random host, every plan checked against the
 * rules; and corrupted plans, to see that the checker would complain.
 */
#include "placement-check.h"

#define SEQUENCES   20000
#define STEPS       3
#define HOST_CPUS   8
#define MAX_DOMAINS 4
#define MAX_VCPUS   4

/* Never empty; a third of them all CPUs, as most vCPUs' sets are in practice. */
static BpfpvCpuset *
random_set(GRand *rand)
{
    BpfpvCpuset *set;

    if (one_in(rand, 3))
        return bpfpv_cpuset_new_range(0, HOST_CPUS - 1);
    set = bpfpv_cpuset_new();
    for (guint n = 1 + below(rand, HOST_CPUS); n > 0; n--)
        bpfpv_cpuset_add(set, below(rand, HOST_CPUS));
    return set;
}

static char *
random_set_text(GRand *rand)
{
    g_autoptr(BpfpvCpuset) set = random_set(rand);

    return bpfpv_cpuset_format(set);
}

static void
change_online(GRand *rand, Scenario *scenario)
{
    g_autofree char *online = random_set_text(rand);

    scenario_set_online(scenario, "0-7", one_in(rand, 2) ? "0-7" : online);
}

static void
change_demand(GRand *rand, ScenarioDomain *domain)
{
    if (one_in(rand, 4))
        scenario_clear_demand(domain);
    if (one_in(rand, 5))
        return;
    for (guint n = 1 + below(rand, domain->n_vcpus); n > 0; n--) {
        guint vcpu = below(rand, domain->n_vcpus);
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(vcpu, vcpu);

        if (one_in(rand, 4))
            bpfpv_cpuset_add(mask, below(rand, domain->n_vcpus));
        scenario_demand(domain, mask);
    }
}

static void
change_bounds(GRand *rand, ScenarioDomain *domain)
{
    g_autofree char *pool = random_set_text(rand);

    domain->view.mode = one_in(rand, 3) ? BPFPV_MODE_SHARED : BPFPV_MODE_EXCLUSIVE;
    domain->view.max_anchors = one_in(rand, 4) ? below(rand, 3) : G_MAXUINT;
    scenario_set_pool(domain, one_in(rand, 2) ? "0-7" : pool);
}

static void
add_domain(GRand *rand, Scenario *scenario)
{
    g_autoptr(GString) originals = g_string_new(NULL);
    g_autofree char *key = NULL;
    ScenarioDomain *domain;

    do {
        g_free(key);
        key = g_strdup_printf("%c", 'a' + (char)below(rand, 20));
        domain = NULL;
        for (guint d = 0; d < scenario->domains->len && domain == NULL; d++) {
            ScenarioDomain *other = scenario->domains->pdata[d];

            domain = strcmp(other->key, key) == 0 ? other : NULL;
        }
    } while (domain != NULL);
    for (guint n = 1 + below(rand, MAX_VCPUS); n > 0; n--) {
        g_autofree char *set = random_set_text(rand);

        g_string_append_printf(originals, "%s%s", originals->len > 0 ? " " : "", set);
    }
    domain = scenario_add(scenario, key, originals->str);
    change_bounds(rand, domain);
    change_demand(rand, domain);
}

static Scenario *
random_scenario(GRand *rand)
{
    g_autofree char *pool = random_set_text(rand);
    guint reserve = below(rand, 4);
    Scenario *scenario = scenario_new("0-7", one_in(rand, 2) ? NULL : pool, reserve);

    change_online(rand, scenario);
    for (guint n = 1 + below(rand, MAX_DOMAINS - 1); n > 0; n--)
        add_domain(rand, scenario);
    return scenario;
}

static void
change(GRand *rand, Scenario *scenario)
{
    guint which = below(rand, scenario->domains->len);

    if (one_in(rand, 5))
        change_online(rand, scenario);
    if (one_in(rand, 5) && scenario->domains->len < MAX_DOMAINS)
        add_domain(rand, scenario);
    if (one_in(rand, 8))
        change_bounds(rand, scenario->domains->pdata[which]);
    if (one_in(rand, 8) && scenario->domains->len > 1)
        g_ptr_array_remove_index(scenario->domains, which);
    else
        change_demand(rand, scenario->domains->pdata[which]);
}

/* The same domains in another order make the same plan, and a plan is its own next one. */
static void
assert_deterministic(Scenario *scenario, const BpfpvPlan *before)
{
    GPtrArray *domains = scenario->domains;
    g_autofree char *text = plan_to_text(scenario->plan, TRUE);
    g_autofree char *other_text = NULL;
    g_autofree char *next_text = NULL;
    g_autoptr(BpfpvPlan) other = NULL;
    g_autoptr(BpfpvPlan) next = NULL;
    g_autoptr(GPtrArray) reversed = g_ptr_array_new();

    for (guint d = domains->len; d > 0; d--)
        g_ptr_array_add(reversed, domains->pdata[d - 1]);
    other = bpfpv_placement_solve(&scenario->host, reversed, before);
    other_text = plan_to_text(other, TRUE);
    assert_string_equal(text, other_text);
    next = bpfpv_placement_solve(&scenario->host, domains, scenario->plan);
    next_text = plan_to_text(next, TRUE);
    assert_string_equal(text, next_text);
}

static void
every_plan_of_random_sequences_keeps_the_rules(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint anchors = 0, unmet = 0;

    (void)state;
    for (guint sequence = 0; sequence < SEQUENCES; sequence++) {
        g_autoptr(Scenario) scenario = random_scenario(rand);

        for (guint step = 0; step < STEPS; step++) {
            g_autoptr(BpfpvPlan) before = scenario->plan;
            g_autofree char *complaints = NULL;

            scenario->plan = bpfpv_placement_solve(&scenario->host, scenario->domains, before);
            complaints = check_plan(scenario, before, scenario->plan);
            if (*complaints != '\0') {
                g_autofree char *text = plan_to_text(scenario->plan, TRUE);

                fail_msg("sequence %u, step %u: %s\n%s", sequence, step, text, complaints);
            }
            if (step == STEPS - 1)
                assert_deterministic(scenario, before);
            for (guint d = 0; d < scenario->plan->domains->len; d++) {
                const BpfpvPlanDomain *domain = scenario->plan->domains->pdata[d];

                unmet += domain->unmet;
                for (guint v = 0; v < domain->vcpus->len; v++)
                    anchors += check_is_met_anchor(domain->vcpus->pdata[v]);
            }
            change(rand, scenario);
        }
    }
    print_message("%u anchors met, %u vCPUs unmet\n", anchors, unmet);
    assert_true(anchors > SEQUENCES && unmet > SEQUENCES / 2);
}

/* The most CPUs that any assignment uses, over all of them: bit s of @reachable is set if
 * anchors so far can occupy exactly the CPUs of s. */
static guint
most_anchors(const Check *check, const Scenario *scenario)
{
    g_autofree gboolean *reachable = g_new0(gboolean, 1 << HOST_CPUS);
    guint most = 0;

    reachable[0] = TRUE;
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);

            if (check_expected_want(domain, v) != BPFPV_WANT_ANCHOR)
                continue;
            for (guint s = 1 << HOST_CPUS; s-- > 0;) {
                for (guint c = 0; c < HOST_CPUS && reachable[s]; c++) {
                    if (!(s & 1u << c) && bpfpv_cpuset_contains(candidates, c))
                        reachable[s | 1u << c] = TRUE;
                }
            }
        }
    }
    for (guint s = 0; s < 1 << HOST_CPUS; s++) {
        if (reachable[s])
            most = MAX(most, (guint)__builtin_popcount(s));
    }
    return most;
}

static void
without_holders_shared_domains_get_as_many_as_can_be(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);

    (void)state;
    for (guint round = 0; round < 5000; round++) {
        g_autoptr(Scenario) scenario = random_scenario(rand);
        g_autoptr(BpfpvCpuset) fixed = bpfpv_cpuset_new();
        Check check = {.scenario = scenario, .fixed = fixed};
        g_autoptr(BpfpvCpuset) open = NULL;
        guint met = 0, n_open;

        check.online = bpfpv_topology_online(scenario->topology);
        for (guint d = 0; d < scenario->domains->len; d++) {
            ScenarioDomain *domain = scenario->domains->pdata[d];

            domain->view.mode = BPFPV_MODE_SHARED;
            domain->view.max_anchors = G_MAXUINT;
            for (guint v = 0; v < domain->n_vcpus; v++) {
                if (check_is_fixed(domain, v))
                    bpfpv_cpuset_unite(fixed, domain->original->pdata[v]);
            }
        }
        scenario_solve(scenario);
        check.plan = scenario->plan;
        for (guint d = 0; d < scenario->domains->len; d++)
            met += check_domain_anchors(&check, scenario->domains->pdata[d]);
        open = bpfpv_cpuset_copy(check.online);
        bpfpv_cpuset_subtract(open, fixed);
        n_open = bpfpv_cpuset_count(open);
        n_open -= MIN(n_open, scenario->host.reserve);
        assert_int_equal(met, MIN(most_anchors(&check, scenario), n_open));
    }
}

/* A host on which every rule has something to say, its plan in force and solved once more. */
static Scenario *
example(void)
{
    Scenario *scenario = scenario_new("0-7", "2-7", 1);
    ScenarioDomain *a = scenario_add(scenario, "a", "0-7 0-7 0-7");

    scenario_add(scenario, "b", "1 0-7 0-1,9");
    a->view.max_anchors = 2;
    scenario_anchor(a, "0-2");
    scenario_solve(scenario);
    assert_plan(scenario, "a: anchor=2 anchor=3 anchor!=0-1,4-7; b: fixed=1 float=0-1,4-7 "
                          "float=0-1,9");
    return scenario;
}

static BpfpvPlanVcpu *
vcpu_of(Scenario *scenario, const char *key, guint vcpu)
{
    return (BpfpvPlanVcpu *)plan_vcpu(scenario->plan, key, vcpu);
}

static void
set_cpus(BpfpvPlanVcpu *vcpu, const char *text)
{
    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = cpus(text);
}

/* Is there a complaint about @rule, when the example's plan was corrupted? */
static void
expect_complaint(Scenario *scenario, const char *rule)
{
    g_autofree char *complaints = check_plan(scenario, NULL, scenario->plan);

    if (strstr(complaints, rule) == NULL)
        fail_msg("no complaint about '%s' in: %s", rule, complaints);
}

static void
the_checker_accepts_the_example(void **state)
{
    g_autoptr(Scenario) scenario = example();
    g_autofree char *complaints = check_plan(scenario, scenario->plan, scenario->plan);

    (void)state;
    assert_string_equal(complaints, "");
}

static void
the_checker_sees_sets_that_are_wrong(void **state)
{
    static const struct {
        const char *key;
        guint vcpu;
        const char *cpus, *rule;
    } mutations[] = {
        {"a", 1, "2", "[2 nobody else's] domain a vCPU 1"},
        {"a", 1, "0", "[1 within its bounds] domain a vCPU 1"},
        {"a", 1, "1", "[1 within its bounds] domain a vCPU 1"},
        {"a", 1, "3-4", "[1 within its bounds] domain a vCPU 1"},
        {"a", 2, "0-1,3-7", "[3 off exclusive anchors] domain a vCPU 2"},
        {"a", 2, "0-1,4-6", "[1 all it may have] domain a vCPU 2"},
        {"a", 2, "", "[1 not empty] domain a vCPU 2"},
        {"b", 0, "0", "[1 fixed is not touched] domain b vCPU 0"},
        {"b", 1, "0-7", "[3 off exclusive anchors] domain b vCPU 1"},
        {"b", 2, "0-1", "[5 the original set] domain b vCPU 2"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(mutations); i++) {
        g_autoptr(Scenario) scenario = example();

        set_cpus(vcpu_of(scenario, mutations[i].key, mutations[i].vcpu), mutations[i].cpus);
        expect_complaint(scenario, mutations[i].rule);
    }
}

static void
the_checker_sees_a_missing_reason(void **state)
{
    g_autoptr(Scenario) scenario = example();

    (void)state;
    g_clear_pointer(&vcpu_of(scenario, "a", 2)->why, g_free);
    expect_complaint(scenario, "[4 says why] domain a vCPU 2");
}

static void
the_checker_sees_an_anchor_refused_for_nothing(void **state)
{
    g_autoptr(Scenario) scenario = example();

    (void)state;
    ((ScenarioDomain *)scenario->domains->pdata[0])->view.max_anchors = 3;
    expect_complaint(scenario, "[4 unmet for a reason] domain a vCPU 2");
}

static void
the_checker_sees_a_limit_and_a_reserve_broken(void **state)
{
    g_autoptr(Scenario) scenario = example();

    (void)state;
    ((ScenarioDomain *)scenario->domains->pdata[0])->view.max_anchors = 1;
    scenario->host.reserve = 6;
    expect_complaint(scenario, "[4 limit of anchors] domain a");
    expect_complaint(scenario, "[3 reserve] 2 anchors, 1 allowed");
}

static void
the_checker_sees_a_holder_moved(void **state)
{
    g_autoptr(Scenario) scenario = example();
    g_autoptr(BpfpvPlan) before = scenario->plan;
    g_autofree char *complaints = NULL;

    (void)state;
    scenario->plan = bpfpv_placement_solve(&scenario->host, scenario->domains, before);
    set_cpus(vcpu_of(scenario, "a", 0), "6");
    complaints = check_plan(scenario, before, scenario->plan);
    assert_non_null(strstr(complaints, "[6 stays] domain a vCPU 0"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_of_random_sequences_keeps_the_rules),
        cmocka_unit_test(without_holders_shared_domains_get_as_many_as_can_be),
        cmocka_unit_test(the_checker_accepts_the_example),
        cmocka_unit_test(the_checker_sees_sets_that_are_wrong),
        cmocka_unit_test(the_checker_sees_a_missing_reason),
        cmocka_unit_test(the_checker_sees_an_anchor_refused_for_nothing),
        cmocka_unit_test(the_checker_sees_a_limit_and_a_reserve_broken),
        cmocka_unit_test(the_checker_sees_a_holder_moved),
    };

    return cmocka_run_group_tests_name("placement-random", tests, NULL, NULL);
}
