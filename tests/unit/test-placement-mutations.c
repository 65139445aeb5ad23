/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wrong solvers, at least one for each rule that every plan must keep: the
 * checks of the random sequences find every one of them out.
 */
#include "wrong-solvers.h"

/* Sequences that a wrong solver may get through. */
#define MOST_SEQUENCES 20000

static void
set_cpus(BpfpvPlanVcpu *vcpu, BpfpvCpuset *set)
{
    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = set;
}

typedef gboolean (*Corrupt)(const Scenario *scenario, const ScenarioDomain *domain, guint v,
                            BpfpvPlanVcpu *vcpu);

/* The right plan, with @corrupt done to the first vCPU that it can be done to. */
static BpfpvPlan *
corrupted(Scenario *scenario, const BpfpvPlan *before, Corrupt corrupt)
{
    BpfpvPlan *plan = right_solver(scenario, before);

    scenario->plan = plan;
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->key);

        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (corrupt(scenario, domain, v, planned->vcpus->pdata[v]))
                return plan;
        }
    }
    return plan;
}

static gboolean
float_anywhere(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != BPFPV_WANT_FLOAT)
        return FALSE;
    set_cpus(vcpu, bpfpv_cpuset_copy(bpfpv_topology_online(scenario->topology)));
    return FALSE;
}

static gboolean
touch_fixed(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != BPFPV_WANT_FIXED)
        return FALSE;
    set_cpus(vcpu, bpfpv_cpuset_new_range(0, HOST_CPUS - 1));
    return TRUE;
}

/* Where the first anchor of all is. */
static gboolean
all_on_one_cpu(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    for (guint d = 0; check_is_met_anchor(vcpu) && d < scenario->domains->len; d++) {
        const ScenarioDomain *other = scenario->domains->pdata[d];

        for (guint w = 0; w < other->n_vcpus; w++) {
            const BpfpvPlanVcpu *first = plan_vcpu(scenario->plan, other->key, w);

            if (!check_is_met_anchor(first))
                continue;
            if (first != vcpu)
                set_cpus(vcpu, bpfpv_cpuset_copy(first->cpus));
            return FALSE;
        }
    }
    return FALSE;
}

static gboolean
float_on_anchors(const Scenario *scenario, const ScenarioDomain *domain, guint v,
                 BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want == BPFPV_WANT_FIXED || check_is_met_anchor(vcpu))
        return FALSE;
    set_cpus(vcpu, bpfpv_cpuset_copy(domain->original->pdata[v]));
    return FALSE;
}

static gboolean
say_nothing(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    if (!vcpu->met)
        g_clear_pointer(&vcpu->why, g_free);
    return FALSE;
}

static gboolean
forget_offline(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_copy(vcpu->cpus);

    bpfpv_cpuset_intersect(set, bpfpv_topology_online(scenario->topology));
    if (vcpu->want == BPFPV_WANT_FLOAT && !bpfpv_cpuset_is_empty(set))
        set_cpus(vcpu, g_steal_pointer(&set));
    return FALSE;
}

static gboolean
spread_cohorts(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) set = NULL;

    if (vcpu->want != BPFPV_WANT_COHORT || v % 2 == 0)
        return FALSE;
    set = bpfpv_cpuset_copy(domain->original->pdata[v]);
    bpfpv_cpuset_subtract(set, vcpu->cpus);
    bpfpv_cpuset_intersect(set, bpfpv_topology_online(scenario->topology));
    if (!bpfpv_cpuset_is_empty(set))
        set_cpus(vcpu, g_steal_pointer(&set));
    return FALSE;
}

static gboolean
float_nowhere(const Scenario *scenario, const ScenarioDomain *domain, guint v, BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != BPFPV_WANT_FLOAT)
        return FALSE;
    set_cpus(vcpu, bpfpv_cpuset_new());
    return TRUE;
}

/* Where nothing of the original set is online, what is. */
static gboolean
float_elsewhere(const Scenario *scenario, const ScenarioDomain *domain, guint v,
                BpfpvPlanVcpu *vcpu)
{
    const BpfpvCpuset *online = bpfpv_topology_online(scenario->topology);

    if (vcpu->want != BPFPV_WANT_FIXED &&
        !bpfpv_cpuset_intersects(domain->original->pdata[v], online))
        set_cpus(vcpu, bpfpv_cpuset_copy(online));
    return FALSE;
}

#define WRONG_SOLVER(corrupt)                                                                      \
    static BpfpvPlan *solver_##corrupt(Scenario *scenario, const BpfpvPlan *before)                \
    {                                                                                              \
        return corrupted(scenario, before, corrupt);                                               \
    }
WRONG_SOLVER(float_anywhere)
WRONG_SOLVER(touch_fixed)
WRONG_SOLVER(all_on_one_cpu)
WRONG_SOLVER(float_on_anchors)
WRONG_SOLVER(say_nothing)
WRONG_SOLVER(forget_offline)
WRONG_SOLVER(spread_cohorts)
WRONG_SOLVER(float_nowhere)
WRONG_SOLVER(float_elsewhere)

/* The emulator and I/O threads stay where they were. */
static BpfpvPlan *
solver_blind_to_iothreads(Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvPlan *plan = right_solver(scenario, before);

    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->key);

        for (guint t = 0; t < planned->threads->len; t++) {
            BpfpvPlanThread *thread = planned->threads->pdata[t];

            bpfpv_cpuset_free(thread->cpus);
            thread->cpus =
                bpfpv_cpuset_copy(g_array_index(domain->threads, BpfpvPlacementThread, t).original);
        }
    }
    return plan;
}

/* Every domain lives in the first place that it does not live in, if @anywhere is not set. */
static BpfpvPlan *
solve_elsewhere(Scenario *scenario, const BpfpvPlan *before, gboolean anywhere)
{
    const GPtrArray *places = bpfpv_topology_places(scenario->topology);
    BpfpvPlan *plan = right_solver(scenario, before);

    for (guint d = 0; d < plan->domains->len; d++) {
        BpfpvPlanDomain *planned = plan->domains->pdata[d];
        const BpfpvPlace *other = places->pdata[0];

        if (planned->home == NULL)
            continue;
        if (bpfpv_cpuset_intersects(other->cpus, planned->home))
            other = places->pdata[MIN(1, places->len - 1)];
        bpfpv_cpuset_free(planned->home);
        planned->home = anywhere ? NULL : bpfpv_cpuset_copy(other->cpus);
    }
    return plan;
}

static BpfpvPlan *
solver_without_homes(Scenario *scenario, const BpfpvPlan *before)
{
    return solve_elsewhere(scenario, before, TRUE);
}

static BpfpvPlan *
solver_that_sends_away(Scenario *scenario, const BpfpvPlan *before)
{
    return solve_elsewhere(scenario, before, FALSE);
}

static BpfpvPlan *
solver_that_counts_wrong(Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvPlan *plan = right_solver(scenario, before);

    if (plan->domains->len > 0)
        ((BpfpvPlanDomain *)plan->domains->pdata[0])->unmet++;
    return plan;
}

/* As if every anchor had had its time. */
static BpfpvPlan *
solver_that_does_not_wait(Scenario *scenario, const BpfpvPlan *before)
{
    gint64 hold = scenario->host.hold_us;
    BpfpvPlan *plan;

    scenario->host.hold_us = 0;
    plan = right_solver(scenario, before);
    scenario->host.hold_us = hold;
    return plan;
}

/* Depends on the time of day. */
static BpfpvPlan *
solver_that_drifts(Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvPlan *plan;

    scenario->now_us += 200;
    plan = right_solver(scenario, before);
    scenario->now_us -= 200;
    return plan;
}

static BpfpvPlan *
solver_blind_to_neighbours(Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvPlan *plan;

    scenario->host.taken = NULL;
    plan = right_solver(scenario, before);
    scenario->host.taken = scenario->taken;
    return plan;
}

/* As if every demand were still there. */
static BpfpvPlan *
solver_that_never_lets_go(Scenario *scenario, const BpfpvPlan *before)
{
    gint64 hold = scenario->host.hold_us;
    BpfpvPlan *plan;

    scenario->host.hold_us = G_MAXINT32;
    plan = right_solver(scenario, before);
    scenario->host.hold_us = hold;
    return plan;
}

static BpfpvPlan *
solver_without_memory(Scenario *scenario, const BpfpvPlan *before)
{
    return right_solver(scenario, NULL);
}

static BpfpvPlan *
solver_restless(Scenario *scenario, const BpfpvPlan *before)
{
    guint moves = scenario->host.max_moves;
    BpfpvPlan *plan;

    scenario->host.max_moves = 100;
    plan = right_solver(scenario, before);
    scenario->host.max_moves = moves;
    return plan;
}

/* Takes threads for cores. */
static BpfpvPlan *
solver_blind_to_threads(Scenario *scenario, const BpfpvPlan *before)
{
    const BpfpvTopology *topology = scenario->topology;
    g_autoptr(BpfpvTopology) flat =
        bpfpv_topology_new(bpfpv_topology_present(topology), bpfpv_topology_online(topology));
    BpfpvPlan *plan;

    scenario->host.topology = flat;
    plan = right_solver(scenario, before);
    scenario->host.topology = topology;
    return plan;
}

/* "[N what]": the rule that a complaint about the solver begins with. */
static const struct {
    const char *rule;
    const char *name;
    Solver solver;
    gboolean placer; /* it is the comparison with the placer that finds it out */
} mutations[] = {
    {"[1 all it may have]", "floats anywhere", solver_float_anywhere, FALSE},
    {"[1 fixed is not touched]", "touches fixed vCPUs", solver_touch_fixed, FALSE},
    {"[1 within its bounds]", "blind to pinned neighbours", solver_blind_to_neighbours, FALSE},
    {"[2 nobody else's]", "all anchors on one CPU", solver_all_on_one_cpu, FALSE},
    {"[3 off exclusive anchors]", "vCPUs float on anchors", solver_float_on_anchors, FALSE},
    {"[3 off exclusive anchors]", "QEMU's threads stay", solver_blind_to_iothreads, FALSE},
    {"[3 reserve]", "no reserve", solver_without_reserve, FALSE},
    {"[4 says why]", "says nothing", solver_say_nothing, FALSE},
    {"[4 unmet for a reason]", "refuses", solver_too_strict, FALSE},
    {"[4 counts unmet]", "counts wrong", solver_that_counts_wrong, FALSE},
    {"[5 the original set]", "forgets offline CPUs", solver_forget_offline, FALSE},
    {"[0 what it wants]", "never lets go", solver_that_never_lets_go, FALSE},
    {"[6 few moves]", "no memory", solver_without_memory, FALSE},
    {"[6 few moves]", "no bound on moves", solver_restless, FALSE},
    {"[6 keeps an anchor]", "takes from who holds", solver_that_takes_from_holders, FALSE},
    {"[6 not before its time]", "no hold time", solver_that_does_not_wait, FALSE},
    {"[6 the same plan]", "drifts with the time", solver_that_drifts, TRUE},
    {"[7 a core of its own]", "blind to threads", solver_blind_to_threads, FALSE},
    {"[7 cohort in one cache]", "spreads cohorts", solver_spread_cohorts, FALSE},
    {"[7 cohort in one cache]", "blind to caches", solver_blind_to_threads, FALSE},
    {"[1 within its bounds]", "blind to memory", solver_blind_to_memory, FALSE},
    {"[1 within its bounds]", "blind to cgroups", solver_blind_to_cgroups, FALSE},
    {"[1 all it may have]", "blind to cgroups", solver_blind_to_cgroups, FALSE},
    {"[1 within its bounds]", "asks again at once", solver_blind_to_refusals, FALSE},
    {"[1 not empty]", "floats nowhere", solver_float_nowhere, FALSE},
    {"[1 offline as it was]", "floats elsewhere", solver_float_elsewhere, FALSE},
    {"[3 everybody can float]", "takes all for shared", solver_all_shared, FALSE},
    {"[4 limit of anchors]", "no limits", solver_no_limit, FALSE},
    {"[6 since when nobody asks]", "forgets who asked", solver_forget_unasked, FALSE},
    {"[6 keeps an anchor]", "holds nothing", solver_that_does_not_wait, FALSE},
    {"[6 whatever the order]", "favours the first", solver_that_favours_the_first, TRUE},
    {"[7 cohort in one cell]", "no cohorts", solver_no_cohort, FALSE},
    {"[7 cohort near its memory]", "blind to memory", solver_blind_to_memory, FALSE},
    {"[8 floats at home]", "knows no homes", solver_without_homes, FALSE},
    {"[cost at home]", "sends away", solver_that_sends_away, FALSE},
    {"[cost near its memory]", "blind to memory", solver_blind_to_memory, FALSE},
    {"[cost a full core]", "blind to efficiency", solver_blind_to_efficiency, FALSE},
    {"[cost beside its siblings]", "takes siblings for strangers", solver_one_thread, FALSE},
    {"[cost room for siblings]", "takes siblings for strangers", solver_one_thread, FALSE},
    {"[cost without strangers]", "ignores threads", solver_ignore_threads, FALSE},
    {"[cost its cohort's cell]", "blind to places", solver_blind_to_threads, FALSE},
    {"[cost its cohort's cache]", "blind to places", solver_blind_to_threads, FALSE},
    {"[cost room for its cohort]", "blind to places", solver_blind_to_threads, FALSE},
    {"[cost an isolated CPU]", "blind to isolation", solver_blind_to_isolation, FALSE},
    {"[1 where the kernel balances]", "blind to isolation", solver_blind_to_isolation, FALSE},
    {"[9 keeps its share]", "takes from who holds", solver_that_takes_from_holders, FALSE},
    {"[9 one for one]", "takes from who holds", solver_that_takes_from_holders, FALSE},
    {"[9 has its share]", "blind to shares", solver_blind_to_shares, FALSE},
    {"[turn who lost one]", "forgets who lost one", solver_forget_lost, FALSE},
    {"[turn the fewest for its weight]", "takes all for equals", solver_same_weight, FALSE},
    {"[turn who waited longest]", "forgets who waited", solver_forget_waiting, FALSE},
};

/* Returns: whether a sequence shows that the mutation breaks its rule */
static gboolean
find_out(gsize i)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(0);
    Run run = {.solver = mutations[i].solver, .placer = mutations[i].placer, .rand = rand};

    for (guint sequence = 0; sequence < MOST_SEQUENCES; sequence++) {
        g_autoptr(GArray) changes = make_sequence(rand, sequence);
        g_autofree char *wrong = run_sequence(changes, &run);
        guint was = changes->len;

        if (wrong == NULL || strstr(wrong, mutations[i].rule) == NULL)
            continue;
        shrink(&changes, run_sequence, &run, mutations[i].rule);
        print_message("%s breaks %s: sequence %u, %u of its %u changes\n", mutations[i].name,
                      mutations[i].rule, sequence, changes->len, was);
        return TRUE;
    }
    return FALSE;
}

static void
every_wrong_solver_is_found_out(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(mutations); i++) {
        if (!find_out(i))
            fail_msg("%s: nothing about %s", mutations[i].name, mutations[i].rule);
    }
}

static void
every_rule_has_a_mutation(void **state)
{
    (void)state;
    for (gsize r = 0; r < G_N_ELEMENTS(check_rules); r++) {
        g_autofree char *rule = g_strdup_printf("[%s]", check_rules[r]);
        gboolean found = FALSE;

        for (gsize i = 0; i < G_N_ELEMENTS(mutations); i++)
            found |= strcmp(mutations[i].rule, rule) == 0;
        if (!found)
            fail_msg("no wrong solver breaks %s", rule);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_solver_is_found_out),
        cmocka_unit_test(every_rule_has_a_mutation),
    };

    return cmocka_run_group_tests_name("placement-mutations", tests, NULL, NULL);
}
