/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules that look at more than one vCPU or one plan: what stays where it
 * was, what a cohort has, the sums. check_plan() is the whole check.
 */
#pragma once

#include "placement-check.h"

/* The CPU that @v was anchored to before and could have still, or -1; @held: by the hold time. */
static inline int
check_held(const Check *check, const ScenarioDomain *domain, guint v, gboolean *held)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    const BpfpvPlanVcpu *vcpu;

    if (before == NULL || before->vcpus->len != domain->n_vcpus || check_is_fixed(domain, v))
        return -1;
    vcpu = before->vcpus->pdata[v];
    if (!check_is_met_anchor(vcpu) || !bpfpv_cpuset_is_subset(vcpu->cpus, candidates))
        return -1;
    *held = vcpu->since + check->scenario->host.hold_us > check->scenario->now_us;
    if (bpfpv_demand_anchor_tasks(domain->demand, v) == 0 && !*held)
        return -1;
    return bpfpv_cpuset_next(vcpu->cpus, 0);
}

/* Could all who hold something keep just that, together? Then they must. */
static inline gboolean
check_all_can_hold(const Check *check)
{
    g_autoptr(BpfpvCpuset) used = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) exclusive = bpfpv_cpuset_new();

    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];
        guint n = 0;

        for (guint v = 0; v < domain->n_vcpus; v++) {
            gboolean held;
            int cpu = check_held(check, domain, v, &held);
            g_autoptr(BpfpvCpuset) footprint = NULL;

            if (cpu < 0)
                continue;
            footprint = check_footprint(check, domain, (guint)cpu);
            if (bpfpv_cpuset_intersects(used, footprint) ||
                ++n > check_limit(check, domain) ||
                (check_isolates(domain) &&
                 bpfpv_cpuset_intersects(
                     bpfpv_topology_core_of(check->scenario->topology, (guint)cpu), check->fixed)))
                return FALSE;
            bpfpv_cpuset_unite(used, footprint);
            if (check_shuts(domain))
                bpfpv_cpuset_unite(exclusive, footprint);
        }
    }
    return bpfpv_cpuset_count(used) <= check->budget && !check_starves(check, exclusive);
}

/* Rule 6: who can stay stays, or is one of the few that are moved and have had their time. */
static inline void
check_stability(Check *check)
{
    guint moved = 0;

    if (!check_all_can_hold(check))
        return;
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, v);
            gboolean held = FALSE;
            int cpu = check_held(check, domain, v, &held);

            if (cpu < 0 ||
                (check_is_met_anchor(vcpu) && bpfpv_cpuset_contains(vcpu->cpus, (guint)cpu)))
                continue;
            if (!check_is_met_anchor(vcpu))
                check_complain(check, "6 keeps an anchor", domain, v);
            else if (held)
                check_complain(check, "6 not before its time", domain, v);
            moved++;
        }
    }
    if (moved > check->scenario->host.max_moves)
        g_string_append_printf(check->complaints, "[6 few moves] %u moved\n", moved);
}

/* Rule 7: a cohort whose floating vCPUs fit in one cache, or else one cell, is in one. */
static inline void
check_cohort(Check *check, const ScenarioDomain *domain, const BpfpvCohort *cohort)
{
    const BpfpvTopology *topology = check->scenario->topology;
    g_autoptr(BpfpvCpuset) has = bpfpv_cpuset_new();
    guint first = 0;

    for (guint i = 0; i < bpfpv_demand_cohorts(domain->demand)->len; i++) {
        const BpfpvCohort *other = bpfpv_demand_cohorts(domain->demand)->pdata[i];

        if (other != cohort && bpfpv_cpuset_intersects(other->vcpus, cohort->vcpus))
            return; /* several that overlap are placed as one */
    }
    g_autoptr(BpfpvCpuset) common = bpfpv_cpuset_copy(check->online);
    guint need = 0;
    for (int v = bpfpv_cpuset_next(cohort->vcpus, 0); v >= 0;
         v = bpfpv_cpuset_next(cohort->vcpus, (guint)v + 1)) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, (guint)v);
        g_autoptr(BpfpvCpuset) near = check_near(check, domain, (guint)v);

        if (check_is_fixed(domain, (guint)v) || check_is_met_anchor(vcpu))
            continue;
        if (vcpu->want != BPFPV_WANT_COHORT || near != NULL)
            return;
        need++;
        first = (guint)v;
        bpfpv_cpuset_intersect(common, domain->original->pdata[v]);
        bpfpv_cpuset_unite(has, vcpu->cpus);
    }
    bpfpv_cpuset_subtract(common, check->exclusive);
    if (need == 0 || domain->view.cohort == BPFPV_COHORT_NONE || bpfpv_cpuset_is_empty(common))
        return;
    for (guint i = 0; i < bpfpv_topology_caches(topology)->len; i++) {
        const BpfpvCpuset *cache = bpfpv_topology_caches(topology)->pdata[i];
        int cpu = bpfpv_cpuset_next(has, 0);

        if (domain->view.cohort == BPFPV_COHORT_LLC &&
            bpfpv_cpuset_count_common(cache, common) >= need &&
            (cpu < 0 ||
             !bpfpv_cpuset_is_subset(has, bpfpv_topology_cache_of(topology, (guint)cpu))))
            check_complain(check, "7 cohort in one cache", domain, first);
    }
}

static inline void
check_first_pass(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    gboolean held = FALSE;

    if (vcpu->want != check_expected_want(domain, v) &&
        !(vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met &&
          check_held(check, domain, v, &held) >= 0 && held))
        check_complain(check, "0 what it wants", domain, v);
    if (vcpu->want == BPFPV_WANT_FIXED &&
        !bpfpv_cpuset_equal(vcpu->cpus, domain->original->pdata[v]))
        check_complain(check, "1 fixed is not touched", domain, v);
    if (check_is_met_anchor(vcpu))
        check_anchor(check, domain, v, vcpu);
}

static inline void
check_second_pass(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != BPFPV_WANT_FIXED && !check_is_met_anchor(vcpu))
        check_float(check, domain, v, domain->original->pdata[v], vcpu->cpus,
                    vcpu->want == BPFPV_WANT_COHORT);
    if (vcpu->want == BPFPV_WANT_ANCHOR && !vcpu->met)
        check_unmet(check, domain, v, vcpu);
}

static inline void
check_domain(Check *check, const ScenarioDomain *domain)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(check->plan, domain->key);
    guint unmet = 0;

    for (guint v = 0; v < domain->n_vcpus; v++)
        unmet += !plan_vcpu(check->plan, domain->key, v)->met;
    if (unmet != planned->unmet)
        check_complain(check, "4 counts unmet", domain, 0);
    if (check_domain_anchors(check, domain) > check_limit(check, domain))
        check_complain(check, "4 limit of anchors", domain, 0);
    for (guint t = 0; t < domain->threads->len; t++)
        check_float(check, domain, 1000 + t,
                    g_array_index(domain->threads, BpfpvPlacementThread, t).original,
                    ((BpfpvPlanThread *)planned->threads->pdata[t])->cpus, FALSE);
    for (guint i = 0; i < bpfpv_demand_cohorts(domain->demand)->len; i++)
        check_cohort(check, domain, bpfpv_demand_cohorts(domain->demand)->pdata[i]);
}

/* What a statically pinned domain's other threads have alone. */
static inline void
check_add_fixed_threads(Check *check, const ScenarioDomain *domain)
{
    gboolean pinned = FALSE;

    for (guint v = 0; v < domain->n_vcpus; v++)
        pinned = pinned || check_is_fixed(domain, v);
    for (guint t = 0; pinned && t < domain->threads->len; t++) {
        const BpfpvCpuset *set = g_array_index(domain->threads, BpfpvPlacementThread, t).original;

        if (bpfpv_cpuset_count(set) == 1)
            bpfpv_cpuset_unite(check->fixed, set);
    }
}

static inline void
check_init(Check *check, const Scenario *scenario)
{
    g_autoptr(BpfpvCpuset) open = NULL;
    guint n_open;

    check->scenario = scenario;
    check->online = bpfpv_topology_online(scenario->topology);
    check->fixed = bpfpv_cpuset_new();
    check->anchored = bpfpv_cpuset_new();
    check->exclusive = bpfpv_cpuset_new();
    check->complaints = g_string_new(NULL);
    if (scenario->taken != NULL)
        bpfpv_cpuset_unite(check->fixed, scenario->taken);
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (check_is_fixed(domain, v))
                bpfpv_cpuset_unite(check->fixed, domain->original->pdata[v]);
        }
        check_add_fixed_threads(check, domain);
    }
    open = bpfpv_cpuset_copy(check->online);
    bpfpv_cpuset_subtract(open, check->fixed);
    n_open = bpfpv_cpuset_count(open);
    check->budget = n_open > scenario->host.reserve ? n_open - scenario->host.reserve : 0;
}

static inline void
check_clear(Check *check)
{
    bpfpv_cpuset_free(check->fixed);
    bpfpv_cpuset_free(check->anchored);
    bpfpv_cpuset_free(check->exclusive);
    if (check->complaints != NULL)
        g_string_free(check->complaints, TRUE);
}

/* Returns: (transfer full): the complaints about @plan, "" if it keeps every rule. */
static inline char *
check_plan(const Scenario *scenario, const BpfpvPlan *before, const BpfpvPlan *plan)
{
    Check check = {.before = before, .plan = plan};
    char *complaints;

    check_init(&check, scenario);
    check_each(&check, check_first_pass);
    check_each(&check, check_second_pass);
    for (guint d = 0; d < scenario->domains->len; d++)
        check_domain(&check, scenario->domains->pdata[d]);
    if (check.n_used > check.budget)
        g_string_append_printf(check.complaints, "[3 reserve] %u CPUs used, %u allowed\n",
                               check.n_used, check.budget);
    if (check_starves(&check, check.exclusive))
        g_string_append(check.complaints, "[3 everybody can float]\n");
    check_stability(&check);
    complaints = g_string_free(g_steal_pointer(&check.complaints), FALSE);
    check_clear(&check);
    return complaints;
}
