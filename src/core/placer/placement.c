/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The solver as one function of everything, on top of the placer, which does
 * the same one change at a time. The rules are in docs/placement.md.
 */
#include "core/placer/placer.h"

/**
 * bpfpv_placement_solve:
 * @host: the host's CPUs, pool and reserve
 * @domains: (element-type BpfpvPlacementDomain): every managed domain, in any
 *   order, each with a key of its own and original sets that are not empty
 * @current: (nullable): the plan in force; anchors that can stay where it has
 *   them stay
 * @now_us: the time, of the clock that @current was solved by
 *
 * Solves by the rules of docs/placement.md. Deterministic, and independent of
 * the order of @domains.
 *
 * Returns: (transfer full): a plan for every domain of @domains; what it can't
 *   meet is marked so, with the reason
 */
BpfpvPlan *
bpfpv_placement_solve(const BpfpvPlacementHost *host, const GPtrArray *domains,
                      const BpfpvPlan *current, gint64 now_us)
{
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    bpfpv_placer_set_host(placer, host);
    for (guint d = 0; d < domains->len; d++)
        bpfpv_placer_set_domain(placer, domains->pdata[d]);
    if (current != NULL)
        bpfpv_placer_adopt(placer, current);
    bpfpv_placer_solve(placer, now_us);
    return bpfpv_placer_steal_plan(placer);
}

/* A demand that anchors every vCPU. */
static BpfpvDemand *
full_demand(guint n_vcpus)
{
    BpfpvDemand *demand = bpfpv_demand_new(n_vcpus);
    /* One CPU more than there are vCPUs, or the mask of a lone vCPU would ask for nothing. */
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, MIN(n_vcpus, BPFPV_CPUSET_MAX - 1));

    for (guint v = 0; v < n_vcpus; v++) {
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(v, v);

        bpfpv_demand_add(demand, mask, online, 1);
    }
    return demand;
}

/**
 * bpfpv_placement_capacity:
 * @host: the host's CPUs, pool and reserve
 * @domain: a domain; its demand is not looked at
 * @why: (out) (optional) (nullable) (transfer full): if the result is 0, why,
 *   and what to change; else %NULL
 *
 * Solves for @domain alone, with all its vCPUs anchored.
 *
 * Returns: how many anchors @domain could get at the very most
 */
guint
bpfpv_placement_capacity(const BpfpvPlacementHost *host, const BpfpvPlacementDomain *domain,
                         char **why)
{
    guint n_vcpus = domain->original->len;
    g_autoptr(BpfpvDemand) demand = full_demand(n_vcpus);
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    g_autoptr(BpfpvPlan) plan = NULL;
    BpfpvPlacementDomain alone = *domain;
    const char *reason = "every vCPU has a single CPU by its definition; nothing can be anchored";
    guint capacity = 0;

    alone.demand = demand;
    g_ptr_array_add(domains, &alone);
    plan = bpfpv_placement_solve(host, domains, NULL, 0);
    for (guint v = n_vcpus; v-- > 0;) {
        const BpfpvPlanDomain *planned = plan->domains->pdata[0];
        const BpfpvPlanVcpu *vcpu = planned->vcpus->pdata[v];

        if (vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met)
            capacity++;
        else if (!vcpu->met)
            reason = vcpu->why;
    }
    if (why != NULL)
        *why = capacity == 0 ? g_strdup(reason) : NULL;
    return capacity;
}

/** bpfpv_mode_to_string: Returns: (nullable): its name in XML */
const char *
bpfpv_mode_to_string(guint mode)
{
    static const char *const names[] = {"exclusive", "shared"};

    return mode < G_N_ELEMENTS(names) ? names[mode] : NULL;
}

/** bpfpv_smt_to_string: Returns: (nullable): its name in XML */
const char *
bpfpv_smt_to_string(guint smt)
{
    static const char *const names[] = {"match", "isolate", "ignore"};

    return smt < G_N_ELEMENTS(names) ? names[smt] : NULL;
}

/** bpfpv_cohort_to_string: Returns: (nullable): its name in XML */
const char *
bpfpv_cohort_to_string(guint cohort)
{
    static const char *const names[] = {"llc", "cell", "none"};

    return cohort < G_N_ELEMENTS(names) ? names[cohort] : NULL;
}

/** bpfpv_numa_to_string: Returns: (nullable): its name in XML */
const char *
bpfpv_numa_to_string(guint numa)
{
    static const char *const names[] = {"prefer", "strict", "ignore"};

    return numa < G_N_ELEMENTS(names) ? names[numa] : NULL;
}

/** bpfpv_near_to_string: Returns: (nullable): its name in XML */
const char *
bpfpv_near_to_string(guint near)
{
    static const char *const names[] = {"memory", "devices"};

    return near < G_N_ELEMENTS(names) ? names[near] : NULL;
}

/** bpfpv_share_to_string: Returns: (nullable): its name in bpfpvd.conf */
const char *
bpfpv_share_to_string(guint share)
{
    static const char *const names[] = {"fair", "none"};

    return share < G_N_ELEMENTS(names) ? names[share] : NULL;
}

/** bpfpv_spread_to_string: Returns: (nullable): its name in bpfpvd.conf */
const char *
bpfpv_spread_to_string(guint spread)
{
    static const char *const names[] = {"pack", "domains"};

    return spread < G_N_ELEMENTS(names) ? names[spread] : NULL;
}
