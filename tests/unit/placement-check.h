/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks a plan against the rules of docs/placement.md, written from the rules
 * and not from the solver. A complaint names the rule it is about.
 */
#pragma once

#include "scenario.h"

/* What the rules are checked with: a plan, what it was made from, and sums over it. */
typedef struct {
    const Scenario *scenario;
    const BpfpvPlan *before; /* (nullable): the plan in force when it was made */
    const BpfpvPlan *plan;
    const BpfpvCpuset *online;
    BpfpvCpuset *fixed;     /* CPUs of fixed vCPUs */
    BpfpvCpuset *anchored;  /* CPUs of met anchors */
    BpfpvCpuset *exclusive; /* those of them that are exclusive domains' */
    guint n_anchors;
    guint budget;
    GString *complaints;
} Check;

static inline gboolean
check_is_met_anchor(const BpfpvPlanVcpu *vcpu)
{
    return vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met;
}

static inline gboolean
check_is_fixed(const ScenarioDomain *domain, guint v)
{
    return bpfpv_cpuset_count(domain->original->pdata[v]) == 1;
}

static inline BpfpvCpuset *
check_usable(const Check *check, const ScenarioDomain *domain, guint v)
{
    BpfpvCpuset *set = bpfpv_cpuset_copy(domain->original->pdata[v]);

    bpfpv_cpuset_intersect(set, check->online);
    return set;
}

static inline BpfpvCpuset *
check_candidates(const Check *check, const ScenarioDomain *domain, guint v)
{
    BpfpvCpuset *set = check_usable(check, domain, v);

    bpfpv_cpuset_subtract(set, check->fixed);
    if (check->scenario->pool != NULL)
        bpfpv_cpuset_intersect(set, check->scenario->pool);
    if (domain->pool != NULL)
        bpfpv_cpuset_intersect(set, domain->pool);
    return set;
}

static inline void
check_complain(Check *check, const char *rule, const ScenarioDomain *domain, guint v)
{
    g_string_append_printf(check->complaints, "[%s] domain %s vCPU %u\n", rule, domain->key, v);
}

static inline guint
check_domain_anchors(const Check *check, const ScenarioDomain *domain)
{
    guint count = 0;

    for (guint v = 0; v < domain->n_vcpus; v++)
        count += check_is_met_anchor(plan_vcpu(check->plan, domain->key, v));
    return count;
}

/* Would some other vCPU that floats have nothing left if @exclusive were all taken? */
static inline gboolean
check_starves(const Check *check, const BpfpvCpuset *exclusive, const ScenarioDomain *not_domain,
              guint not_vcpu)
{
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            g_autoptr(BpfpvCpuset) usable = check_usable(check, domain, v);

            if ((domain == not_domain && v == not_vcpu) || check_is_fixed(domain, v) ||
                check_is_met_anchor(plan_vcpu(check->plan, domain->key, v)) ||
                bpfpv_cpuset_is_empty(usable))
                continue;
            if (bpfpv_cpuset_is_subset(usable, exclusive))
                return TRUE;
        }
    }
    return FALSE;
}

/* Rules 1 and 2: an anchor's CPU. */
static inline void
check_anchor(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);

    if (bpfpv_cpuset_count(vcpu->cpus) != 1 || !bpfpv_cpuset_is_subset(vcpu->cpus, candidates))
        check_complain(check, "1 within its bounds", domain, v);
    if (bpfpv_cpuset_intersects(vcpu->cpus, check->anchored))
        check_complain(check, "2 nobody else's", domain, v);
    bpfpv_cpuset_unite(check->anchored, vcpu->cpus);
    if (domain->view.mode == BPFPV_MODE_EXCLUSIVE)
        bpfpv_cpuset_unite(check->exclusive, vcpu->cpus);
    check->n_anchors++;
}

/* Rules 1, 3 and 5: what a floating vCPU has. */
static inline void
check_float(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    const BpfpvCpuset *original = domain->original->pdata[v];
    g_autoptr(BpfpvCpuset) expected = check_usable(check, domain, v);

    if (bpfpv_cpuset_is_empty(vcpu->cpus))
        check_complain(check, "1 not empty", domain, v);
    if (bpfpv_cpuset_is_empty(expected)) {
        if (!bpfpv_cpuset_equal(vcpu->cpus, original))
            check_complain(check, "1 offline as it was", domain, v);
        return;
    }
    if (bpfpv_cpuset_intersects(vcpu->cpus, check->exclusive))
        check_complain(check, "3 off exclusive anchors", domain, v);
    if (bpfpv_demand_is_empty(domain->demand) &&
        !bpfpv_cpuset_intersects(original, check->exclusive)) {
        if (!bpfpv_cpuset_equal(vcpu->cpus, original))
            check_complain(check, "5 the original set", domain, v);
        return;
    }
    bpfpv_cpuset_subtract(expected, check->exclusive);
    if (!bpfpv_cpuset_equal(vcpu->cpus, expected))
        check_complain(check, "1 all it may have", domain, v);
}

/* Rule 4: an unmet anchor says why, and there was really nothing for it. */
static inline void
check_unmet(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) free_cpus = check_candidates(check, domain, v);

    if (vcpu->why == NULL || *vcpu->why == '\0')
        check_complain(check, "4 says why", domain, v);
    if (check->n_anchors >= check->budget ||
        check_domain_anchors(check, domain) >= domain->view.max_anchors)
        return;
    bpfpv_cpuset_subtract(free_cpus, check->anchored);
    for (int c = bpfpv_cpuset_next(free_cpus, 0); c >= 0;
         c = bpfpv_cpuset_next(free_cpus, (guint)c + 1)) {
        g_autoptr(BpfpvCpuset) exclusive = bpfpv_cpuset_copy(check->exclusive);

        bpfpv_cpuset_add(exclusive, (guint)c);
        if (domain->view.mode == BPFPV_MODE_SHARED || !check_starves(check, exclusive, domain, v))
            check_complain(check, "4 unmet for a reason", domain, v);
    }
}

/* The CPU that @v had as an anchor before and could have still, or -1. */
static inline int
check_held(const Check *check, const ScenarioDomain *domain, guint v)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    const BpfpvPlanVcpu *vcpu;

    if (before == NULL || v >= before->vcpus->len || check_is_fixed(domain, v) ||
        bpfpv_demand_anchor_tasks(domain->demand, v) == 0)
        return -1;
    vcpu = before->vcpus->pdata[v];
    if (!check_is_met_anchor(vcpu) || !bpfpv_cpuset_is_subset(vcpu->cpus, candidates))
        return -1;
    return bpfpv_cpuset_next(vcpu->cpus, 0);
}

/* Do all that can stay, together, starve somebody who is not one of them? */
static inline gboolean
check_holders_starve(const Check *check)
{
    g_autoptr(BpfpvCpuset) held = bpfpv_cpuset_new();

    for (guint round = 0; round < 2; round++) {
        for (guint d = 0; d < check->scenario->domains->len; d++) {
            const ScenarioDomain *domain = check->scenario->domains->pdata[d];

            for (guint v = 0; v < domain->n_vcpus; v++) {
                int cpu = check_held(check, domain, v);
                g_autoptr(BpfpvCpuset) usable = check_usable(check, domain, v);

                if (round == 0 && cpu >= 0 && domain->view.mode == BPFPV_MODE_EXCLUSIVE)
                    bpfpv_cpuset_add(held, (guint)cpu);
                if (round == 1 && cpu < 0 && !check_is_fixed(domain, v) &&
                    !bpfpv_cpuset_is_empty(usable) && bpfpv_cpuset_is_subset(usable, held))
                    return TRUE;
            }
        }
    }
    return FALSE;
}

/* Rule 6: what can stay stays. */
static inline void
check_stays(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    int cpu = check_held(check, domain, v);

    if (cpu < 0 || (check_is_met_anchor(vcpu) && bpfpv_cpuset_contains(vcpu->cpus, (guint)cpu)))
        return;
    if (check_is_met_anchor(vcpu)
            ? !check_holders_starve(check)
            : check->n_anchors < check->budget &&
                  check_domain_anchors(check, domain) < domain->view.max_anchors &&
                  !check_holders_starve(check))
        check_complain(check, "6 stays", domain, v);
}

static inline BpfpvWant
check_expected_want(const ScenarioDomain *domain, guint v)
{
    if (check_is_fixed(domain, v))
        return BPFPV_WANT_FIXED;
    if (bpfpv_demand_anchor_tasks(domain->demand, v) > 0)
        return BPFPV_WANT_ANCHOR;
    return bpfpv_demand_cohort_tasks(domain->demand, v) > 0 ? BPFPV_WANT_COHORT : BPFPV_WANT_FLOAT;
}

typedef void (*CheckRule)(Check *check, const ScenarioDomain *domain, guint v,
                          const BpfpvPlanVcpu *vcpu);

static inline void
check_each(Check *check, CheckRule rule)
{
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++)
            rule(check, domain, v, plan_vcpu(check->plan, domain->key, v));
    }
}

static inline void
check_first_pass(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    if (vcpu->want != check_expected_want(domain, v))
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
        check_float(check, domain, v, vcpu);
    if (vcpu->want == BPFPV_WANT_ANCHOR && !vcpu->met)
        check_unmet(check, domain, v, vcpu);
    check_stays(check, domain, v, vcpu);
}

static inline void
check_sums(Check *check)
{
    if (check->n_anchors > check->budget)
        g_string_append_printf(check->complaints, "[3 reserve] %u anchors, %u allowed\n",
                               check->n_anchors, check->budget);
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];
        guint unmet = 0;

        for (guint v = 0; v < domain->n_vcpus; v++)
            unmet += !plan_vcpu(check->plan, domain->key, v)->met;
        if (unmet != bpfpv_plan_find(check->plan, domain->key)->unmet)
            check_complain(check, "4 counts unmet", domain, 0);
        if (check_domain_anchors(check, domain) > domain->view.max_anchors)
            check_complain(check, "4 limit of anchors", domain, 0);
    }
}

/* Returns: (transfer full): the complaints about @plan, "" if it keeps every rule. */
static inline char *
check_plan(const Scenario *scenario, const BpfpvPlan *before, const BpfpvPlan *plan)
{
    g_autoptr(BpfpvCpuset) fixed = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) anchored = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) exclusive = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) open = NULL;
    Check check = {
        .scenario = scenario,
        .before = before,
        .plan = plan,
        .online = bpfpv_topology_online(scenario->topology),
        .fixed = fixed,
        .anchored = anchored,
        .exclusive = exclusive,
        .complaints = g_string_new(NULL),
    };
    guint n_open;

    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (check_is_fixed(domain, v))
                bpfpv_cpuset_unite(fixed, domain->original->pdata[v]);
        }
    }
    open = bpfpv_cpuset_copy(check.online);
    bpfpv_cpuset_subtract(open, fixed);
    n_open = bpfpv_cpuset_count(open);
    check.budget = n_open > scenario->host.reserve ? n_open - scenario->host.reserve : 0;
    check_each(&check, check_first_pass);
    check_each(&check, check_second_pass);
    check_sums(&check);
    return g_string_free(check.complaints, FALSE);
}
