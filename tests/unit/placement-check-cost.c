/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-cost.h. */
#include "placement-check-cost.h"

static const guint check_costs[N_COSTS] = {4096, 512, 128, 64, 32, 16, 8, 4};

static const char *const check_cost_rules[N_COSTS] = {
    "cost near its memory",    "cost a full core",        "cost beside its siblings",
    "cost room for siblings",  "cost without strangers",  "cost its cohort's cell",
    "cost its cohort's cache", "cost room for its cohort"};

void
check_state_clear(CheckState *state)
{
    g_free(state->owner);
    bpfpv_cpuset_free(state->free);
    bpfpv_cpuset_free(state->shut);
}

CheckState
check_state(Check *check, const ScenarioDomain *but, guint v)
{
    CheckState state = {.check = check,
                        .owner = g_new0(CheckOwner, BPFPV_CPUSET_MAX),
                        .free = bpfpv_cpuset_copy(check->online),
                        .shut = bpfpv_cpuset_new()};

    bpfpv_cpuset_subtract(state.free, check->fixed);
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint w = 0; w < domain->n_vcpus; w++) {
            const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, w);
            g_autoptr(BpfpvCpuset) footprint = NULL;
            guint cpu;

            if (!check_is_met_anchor(vcpu) || (domain == but && w == v) ||
                bpfpv_cpuset_is_empty(vcpu->cpus))
                continue;
            cpu = (guint)bpfpv_cpuset_next(vcpu->cpus, 0);
            footprint = check_footprint(check, domain, cpu);
            state.owner[cpu] = (CheckOwner){domain, w};
            state.n_used += bpfpv_cpuset_count(footprint);
            bpfpv_cpuset_subtract(state.free, footprint);
            if (check_shuts(domain))
                bpfpv_cpuset_unite(state.shut, footprint);
        }
    }
    return state;
}

static gboolean
check_could_have(const CheckState *state, const ScenarioDomain *domain, guint cpu)
{
    const Check *check = state->check;
    g_autoptr(BpfpvCpuset) footprint = check_footprint(check, domain, cpu);
    g_autoptr(BpfpvCpuset) shut = bpfpv_cpuset_copy(state->shut);

    bpfpv_cpuset_unite(shut, footprint);
    return bpfpv_cpuset_is_subset(footprint, state->free) &&
           state->n_used + bpfpv_cpuset_count(footprint) <= check->budget &&
           !(check_isolates(domain) &&
             bpfpv_cpuset_intersects(bpfpv_topology_core_of(check->scenario->topology, cpu),
                                     check->fixed)) &&
           !(check_shuts(domain) && check_starves(check, shut));
}

/* The lines about threads. */
static void
check_thread_costs(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
                   guint *costs)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(state->check->scenario->topology, cpu);
    guint threads = domain->guest->threads, coming = 0;

    for (guint w = v / threads * threads; w < MIN((v / threads + 1) * threads, domain->n_vcpus);
         w++) {
        const BpfpvPlanVcpu *sibling = plan_vcpu(state->check->plan, domain->key, w);

        if (w == v || sibling->want != BPFPV_WANT_ANCHOR)
            continue;
        coming += !sibling->met;
        if (sibling->met && !bpfpv_cpuset_is_subset(sibling->cpus, core))
            costs[COST_SPLIT] = 1;
    }
    costs[COST_NARROW] = costs[COST_SPLIT] == 0 && coming > 0 &&
                         bpfpv_cpuset_count_common(core, state->free) < coming + 1;
    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        const CheckOwner *owner = &state->owner[c];

        if (owner->domain != NULL && (owner->domain != domain || owner->v / threads != v / threads))
            costs[COST_STRANGER] = 1;
    }
}

/* The vCPUs that overlapping cohorts connect with @v; empty: it is in none. */
static BpfpvCpuset *
check_component(const ScenarioDomain *domain, guint v)
{
    const GPtrArray *cohorts = bpfpv_demand_cohorts(domain->demand);
    BpfpvCpuset *all = bpfpv_cpuset_new_range(v, v);
    guint was = 0;

    while (bpfpv_cpuset_count(all) != was) {
        was = bpfpv_cpuset_count(all);
        for (guint i = 0; i < cohorts->len; i++) {
            const BpfpvCpuset *vcpus = ((const BpfpvCohort *)cohorts->pdata[i])->vcpus;

            if (bpfpv_cpuset_intersects(vcpus, all))
                bpfpv_cpuset_unite(all, vcpus);
        }
    }
    if (was == 1)
        bpfpv_cpuset_remove(all, v);
    return all;
}

/* The lines about cohorts. */
static void
check_cohort_costs(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
                   guint *costs)
{
    const BpfpvTopology *topology = state->check->scenario->topology;
    g_autoptr(BpfpvCpuset) component = check_component(domain, v);
    const BpfpvCpuset *cache = bpfpv_topology_cache_of(topology, cpu);
    int first = -1;
    guint n_anchors = 0;

    for (guint w = 0; w < domain->n_vcpus; w++) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(state->check->plan, domain->key, w);

        if (!bpfpv_cpuset_contains(component, w))
            continue;
        n_anchors += check_expected_want(domain, w) == BPFPV_WANT_ANCHOR;
        if (w != v && first < 0 && check_is_met_anchor(vcpu))
            first = bpfpv_cpuset_next(vcpu->cpus, 0);
    }
    if (bpfpv_cpuset_is_empty(component) || domain->view.cohort == BPFPV_COHORT_NONE)
        return;
    if (first < 0)
        costs[COST_TIGHT] = bpfpv_cpuset_count_common(cache, state->free) < n_anchors;
    else if (!bpfpv_cpuset_contains(bpfpv_topology_cell_of(topology, cpu), (guint)first))
        costs[COST_CELL] = 1;
    else if (domain->view.cohort == BPFPV_COHORT_LLC && !bpfpv_cpuset_contains(cache, (guint)first))
        costs[COST_CACHE] = 1;
}

guint
check_cost(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
           guint costs[N_COSTS])
{
    g_autoptr(BpfpvCpuset) near = check_near(state->check, domain, v);
    guint sum = 0;

    memset(costs, 0, N_COSTS * sizeof(guint));
    costs[COST_MEMORY] = near != NULL && !bpfpv_cpuset_contains(near, cpu);
    costs[COST_CLASS] = bpfpv_topology_cpu(state->check->scenario->topology, cpu)->efficiency;
    if (domain->view.smt == BPFPV_SMT_MATCH)
        check_thread_costs(state, domain, v, cpu, costs);
    check_cohort_costs(state, domain, v, cpu, costs);
    for (guint i = 0; i < N_COSTS; i++)
        sum += costs[i] * check_costs[i];
    return sum;
}

/* The only one who is not where he was has the cheapest of the CPUs that were free. */
static void
check_cheapest(Check *check, const ScenarioDomain *domain, guint v)
{
    CheckState state = check_state(check, domain, v);
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    int has = bpfpv_cpuset_next(plan_vcpu(check->plan, domain->key, v)->cpus, 0);
    guint costs[N_COSTS], others[N_COSTS];
    guint cost = check_cost(&state, domain, v, (guint)has, costs);

    for (int c = bpfpv_cpuset_next(candidates, 0); c >= 0 && cost > 0;
         c = bpfpv_cpuset_next(candidates, (guint)c + 1)) {
        if (check_cost(&state, domain, v, (guint)c, others) >= cost ||
            !check_could_have(&state, domain, (guint)c))
            continue;
        for (guint i = 0; i < N_COSTS; i++) {
            if (costs[i] > others[i]) {
                check_complain(check, check_cost_rules[i], domain, v);
                break;
            }
        }
        break;
    }
    check_state_clear(&state);
}

gboolean
check_stays(const Check *check, const ScenarioDomain *domain, guint v)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    const BpfpvPlanVcpu *was = before != NULL ? before->vcpus->pdata[v] : NULL;

    return was != NULL && check_is_met_anchor(was) &&
           bpfpv_cpuset_equal(was->cpus, plan_vcpu(check->plan, domain->key, v)->cpus);
}

void
check_costs_of_newcomer(Check *check)
{
    const ScenarioDomain *newcomer = NULL;
    guint which = 0, n = 0;

    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (!check_is_met_anchor(plan_vcpu(check->plan, domain->key, v)) ||
                check_stays(check, domain, v))
                continue;
            newcomer = domain;
            which = v;
            n++;
        }
    }
    if (n == 1)
        check_cheapest(check, newcomer, which);
}
