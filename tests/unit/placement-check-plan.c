/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-plan.h. */
#include "placement-check-plan.h"

#include "placement-check-share.h"

/* Since when nobody asks for @v, which was anchored by @vcpu before; 0: somebody does. */
static gint64
check_unasked(const Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    if (bpfpv_demand_anchor_tasks(domain->demand, v) > 0)
        return 0;
    return vcpu->unasked != 0 ? vcpu->unasked : check->scenario->now_us;
}

int
check_held(const Check *check, const ScenarioDomain *domain, guint v, gboolean *young)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    const BpfpvPlanVcpu *vcpu;
    gint64 unasked;

    if (before == NULL || before->vcpus->len != domain->n_vcpus || check_is_fixed(domain, v))
        return -1;
    vcpu = before->vcpus->pdata[v];
    if (!check_is_met_anchor(vcpu) || !bpfpv_cpuset_is_subset(vcpu->cpus, candidates))
        return -1;
    unasked = check_unasked(check, domain, v, vcpu);
    if (unasked != 0 && unasked + check->scenario->host.hold_us <= check->scenario->now_us)
        return -1;
    *young = vcpu->since + check->scenario->host.hold_us > check->scenario->now_us;
    return bpfpv_cpuset_next(vcpu->cpus, 0);
}

gboolean
check_all_can_hold(const Check *check)
{
    g_autoptr(BpfpvCpuset) used = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) exclusive = bpfpv_cpuset_new();

    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];
        guint n = 0;

        for (guint v = 0; v < domain->n_vcpus; v++) {
            gboolean young;
            int cpu = check_held(check, domain, v, &young);
            g_autoptr(BpfpvCpuset) footprint = NULL;

            if (cpu < 0)
                continue;
            footprint = check_footprint(check, domain, (guint)cpu);
            if (bpfpv_cpuset_intersects(used, footprint) || ++n > check_limit(check, domain) ||
                (check_isolates(domain) &&
                 bpfpv_cpuset_intersects(
                     bpfpv_topology_core_of(check->scenario->topology, (guint)cpu), check->fixed)))
                return FALSE;
            bpfpv_cpuset_unite(used, footprint);
            if (check_shuts(domain))
                bpfpv_cpuset_unite(exclusive, footprint);
        }
    }
    return check_charge(check, used) <= check->budget && !check_starves(check, exclusive);
}

/* Rule 6: who can stay stays, or is one of the few that are moved and have had their time. */
static void
check_stability(Check *check)
{
    guint moved = 0;

    if (!check_all_can_hold(check))
        return;
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, v);
            gboolean young = FALSE;
            int cpu = check_held(check, domain, v, &young);

            if (cpu < 0 ||
                (check_is_met_anchor(vcpu) && bpfpv_cpuset_contains(vcpu->cpus, (guint)cpu)))
                continue;
            if (!check_is_met_anchor(vcpu) && check->scenario->host.share == BPFPV_SHARE_FAIR)
                continue; /* by rule 9 */
            if (!check_is_met_anchor(vcpu))
                check_complain(check, "6 keeps an anchor", domain, v);
            else if (young)
                check_complain(check, "6 not before its time", domain, v);
            moved++;
        }
    }
    if (moved > check->scenario->host.max_moves)
        check_complain_of_all(check->complaints, "6 few moves", "");
}

/* Is a cohort that has @has on one of @places, or has none of them @need CPUs of @common? */
static gboolean
check_is_together(const GPtrArray *places, gboolean cells, const BpfpvCpuset *has,
                  const BpfpvCpuset *common, guint need, gboolean *fits)
{
    gboolean together = FALSE;

    *fits = FALSE;
    for (guint i = 0; i < places->len; i++) {
        const BpfpvCpuset *place =
            cells ? ((const BpfpvTopologyCell *)places->pdata[i])->cpus : places->pdata[i];

        *fits |= bpfpv_cpuset_count_common(place, common) >= need;
        together |= bpfpv_cpuset_is_subset(has, place);
    }
    return together || !*fits;
}

static void
check_cohort_place(Check *check, const ScenarioDomain *domain, guint first, const BpfpvCpuset *has,
                   const BpfpvCpuset *common, guint need, const BpfpvCpuset *near)
{
    const BpfpvTopology *topology = check->scenario->topology;
    gboolean fits = FALSE;

    if (domain->view.cohort == BPFPV_COHORT_LLC &&
        !check_is_together(bpfpv_topology_caches(topology), FALSE, has, common, need, &fits))
        check_complain(check, "7 cohort in one cache", domain, first);
    if (!fits && !check_is_together(bpfpv_topology_cells(topology), TRUE, has, common, need, &fits))
        check_complain(check, "7 cohort in one cell", domain, first);
    if (fits && near != NULL && bpfpv_cpuset_intersects(common, near) &&
        !bpfpv_cpuset_is_subset(has, near))
        check_complain(check, "7 cohort near its memory", domain, first);
}

/* Rule 7: a cohort whose floating vCPUs fit in one cache, or else one cell, is in one. */
static void
check_cohort(Check *check, const ScenarioDomain *domain, const BpfpvCohort *cohort)
{
    g_autoptr(BpfpvCpuset) has = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) common = bpfpv_cpuset_copy(check->online);
    g_autoptr(BpfpvCpuset) near = NULL, home = NULL;
    guint first = 0, need = 0;

    for (guint i = 0; i < bpfpv_demand_cohorts(domain->demand)->len; i++) {
        const BpfpvCohort *other = bpfpv_demand_cohorts(domain->demand)->pdata[i];

        if (other != cohort && bpfpv_cpuset_intersects(other->vcpus, cohort->vcpus))
            return; /* several that overlap are placed as one */
    }
    for (int v = bpfpv_cpuset_next(cohort->vcpus, 0); v >= 0;
         v = bpfpv_cpuset_next(cohort->vcpus, (guint)v + 1)) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, (guint)v);
        g_autoptr(BpfpvCpuset) its = check_near(check, domain, (guint)v);
        g_autoptr(BpfpvCpuset) floating = NULL;

        if (check_is_fixed(domain, (guint)v) || check_is_met_anchor(vcpu))
            continue;
        if (vcpu->want != BPFPV_WANT_COHORT ||
            (near != NULL && its != NULL && !bpfpv_cpuset_equal(near, its)))
            return;
        if (near == NULL)
            near = g_steal_pointer(&its);
        need++;
        first = (guint)v;
        floating = check_floating_part(check, domain, domain->original->pdata[v]);
        bpfpv_cpuset_intersect(common, floating);
        bpfpv_cpuset_unite(has, vcpu->cpus);
    }
    bpfpv_cpuset_subtract(common, check->exclusive);
    if (near != NULL && bpfpv_cpuset_intersects(common, near))
        bpfpv_cpuset_intersect(common, near);
    home = check_at_home(check, domain, common, need);
    if (need > 0 && domain->view.cohort != BPFPV_COHORT_NONE && !bpfpv_cpuset_is_empty(common))
        check_cohort_place(check, domain, first, has, home, need, near);
}

static void
check_first_pass(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    gboolean young = FALSE;
    gint64 unasked = 0;

    if (vcpu->want != check_expected_want(domain, v) &&
        !(check_is_met_anchor(vcpu) && check_held(check, domain, v, &young) >= 0))
        check_complain(check, "0 what it wants", domain, v);
    if (before != NULL && check_is_met_anchor(vcpu))
        unasked = check_unasked(check, domain, v, before->vcpus->pdata[v]);
    if (vcpu->unasked != unasked)
        check_complain(check, "6 since when nobody asks", domain, v);
    if (vcpu->want == BPFPV_WANT_FIXED &&
        !bpfpv_cpuset_equal(vcpu->cpus, domain->original->pdata[v]))
        check_complain(check, "1 fixed is not touched", domain, v);
    if (check_is_met_anchor(vcpu))
        check_anchor(check, domain, v, vcpu);
}

static void
check_second_pass(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != BPFPV_WANT_FIXED && !check_is_met_anchor(vcpu))
        check_float(check, domain, v, domain->original->pdata[v], vcpu->cpus,
                    vcpu->want == BPFPV_WANT_COHORT);
    if (vcpu->want == BPFPV_WANT_ANCHOR && !vcpu->met)
        check_unmet(check, domain, v, vcpu);
}

static void
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
static void
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

void
check_init(Check *check, const Scenario *scenario)
{
    g_autoptr(BpfpvCpuset) balanced = NULL;
    guint n_reservable;

    check->scenario = scenario;
    check->online = bpfpv_topology_online(scenario->topology);
    check->isolated = bpfpv_topology_isolated(scenario->topology);
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
    check->reservable = bpfpv_cpuset_copy(check->online);
    bpfpv_cpuset_subtract(check->reservable, check->fixed);
    balanced = bpfpv_cpuset_copy(check->reservable);
    bpfpv_cpuset_subtract(balanced, check->isolated);
    if (!bpfpv_cpuset_is_empty(balanced))
        bpfpv_cpuset_assign(check->reservable, balanced);
    n_reservable = bpfpv_cpuset_count(check->reservable);
    check->budget = n_reservable - MIN(n_reservable, scenario->host.reserve);
}

void
check_clear(Check *check)
{
    bpfpv_cpuset_free(check->fixed);
    bpfpv_cpuset_free(check->reservable);
    bpfpv_cpuset_free(check->anchored);
    bpfpv_cpuset_free(check->exclusive);
    if (check->complaints != NULL)
        g_string_free(check->complaints, TRUE);
}

char *
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
        check_complain_of_all(check.complaints, "3 reserve", "");
    if (check_starves(&check, check.exclusive))
        check_complain_of_all(check.complaints, "3 everybody can float", "");
    check_stability(&check);
    if (check_all_can_hold(&check))
        check_costs_of_newcomer(&check);
    check_turns(&check);
    check_shares(&check);
    complaints = g_string_free(g_steal_pointer(&check.complaints), FALSE);
    check_clear(&check);
    return complaints;
}
