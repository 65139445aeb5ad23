/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explains decisions to people. For an unmet anchor: one sentence with the
 * numbers that it depends on and what to change.
 */
#include "core/placement-internal.h"

/* The CPUs that the host's and the domain's pool allow to anchors. */
static BpfpvCpuset *
pool_of(const BpfpvSolver *solver, const BpfpvSlot *slot)
{
    const BpfpvCpuset *own = bpfpv_solver_domain_of(solver, slot)->domain->pool;
    BpfpvCpuset *pool = bpfpv_cpuset_copy(bpfpv_topology_present(solver->host->topology));

    if (solver->host->pool != NULL)
        bpfpv_cpuset_intersect(pool, solver->host->pool);
    if (own != NULL)
        bpfpv_cpuset_intersect(pool, own);
    return pool;
}

static char *
format(const BpfpvCpuset *cpus)
{
    return bpfpv_cpuset_is_empty(cpus) ? g_strdup("(empty)") : bpfpv_cpuset_format(cpus);
}

static char *
explain_empty_pool(const BpfpvSolver *solver, const BpfpvSlot *slot)
{
    const BpfpvCpuset *own = bpfpv_solver_domain_of(solver, slot)->domain->pool;
    g_autoptr(BpfpvCpuset) host = bpfpv_cpuset_copy(bpfpv_topology_present(solver->host->topology));
    g_autofree char *own_text = own != NULL ? format(own) : NULL;
    g_autofree char *host_text = NULL;

    if (solver->host->pool != NULL)
        bpfpv_cpuset_intersect(host, solver->host->pool);
    host_text = format(host);
    if (own_text == NULL)
        return g_strdup("the host's pool has none of the host's CPUs; widen it");
    return g_strdup_printf("none of the domain's cpuset %s is in the host's pool %s; widen one of "
                           "them",
                           own_text, host_text);
}

/* For an anchor that has no candidate, whoever else is there. */
static char *
explain_no_candidate(const BpfpvSolver *solver, const BpfpvSlot *slot, const BpfpvCpuset *pool)
{
    g_autoptr(BpfpvCpuset) allowed = bpfpv_cpuset_copy(slot->original);
    g_autofree char *original_text = format(slot->original);
    g_autofree char *pool_text = format(pool);
    g_autofree char *allowed_text = NULL;

    bpfpv_cpuset_intersect(allowed, pool);
    allowed_text = format(allowed);
    if (bpfpv_cpuset_is_empty(pool))
        return explain_empty_pool(solver, slot);
    if (bpfpv_cpuset_is_empty(allowed))
        return g_strdup_printf("the vCPU's own CPUs %s and the pool %s have none in common; "
                               "widen one of them",
                               original_text, pool_text);
    if (!bpfpv_cpuset_intersects(allowed, solver->online))
        return g_strdup_printf("CPUs %s, the pool's that the vCPU may use, are all offline; "
                               "bring one online or widen the pool",
                               allowed_text);
    return g_strdup_printf("CPUs %s, the pool's that the vCPU may use, belong to statically "
                           "pinned vCPUs; widen the pool",
                           allowed_text);
}

/* Some candidate is free and the budget is not used up, so each was refused for the same kind of
 * reason: another vCPU would have nothing left. The lowest one stands for all. */
static char *
explain_starving(BpfpvSolver *solver, BpfpvSlot *slot, int cpu)
{
    g_autofree char *float_text = NULL;
    g_autofree char *whose = NULL;
    const BpfpvSlot *starved;

    bpfpv_cpuset_add(solver->exclusive, (guint)cpu);
    slot->cpu = cpu;
    starved = bpfpv_solver_find_starved(solver);
    slot->cpu = BPFPV_NO_CPU;
    bpfpv_cpuset_remove(solver->exclusive, (guint)cpu);
    g_return_val_if_fail(starved != NULL, g_strdup("no free CPU"));

    float_text = format(starved->usable);
    if (starved->domain != slot->domain)
        whose = g_strdup_printf(" of domain %s",
                                bpfpv_solver_domain_of(solver, starved)->domain->domain);
    return g_strdup_printf("anchoring it on CPU %d would leave vCPU %u%s none of its CPUs %s to "
                           "float on; widen that vCPU's CPUs or use mode 'shared'",
                           cpu, starved->vcpu, whose != NULL ? whose : "", float_text);
}

/* The numbers add up to those online in the pool, so that one sees what takes the room. */
static char *
explain_no_room(const BpfpvSlot *slot, const BpfpvCpuset *pool, const BpfpvCpuset *free_cpus)
{
    guint n_candidates = bpfpv_cpuset_count(slot->candidates);
    guint n_free = bpfpv_cpuset_count(free_cpus);
    g_autoptr(BpfpvCpuset) allowed = bpfpv_cpuset_copy(pool);
    g_autofree char *pool_text = NULL;
    GString *text = g_string_new(NULL);

    bpfpv_cpuset_intersect(allowed, slot->original);
    pool_text = format(allowed);
    bpfpv_cpuset_intersect(allowed, slot->usable);
    g_string_printf(text, "no free CPU: %u online in the pool %s", bpfpv_cpuset_count(allowed),
                    pool_text);
    if (bpfpv_cpuset_count(allowed) > n_candidates)
        g_string_append_printf(text, ", %u statically pinned",
                               bpfpv_cpuset_count(allowed) - n_candidates);
    if (n_free > 0)
        g_string_append_printf(text, ", %u reserved", n_free);
    if (n_candidates > n_free)
        g_string_append_printf(text, ", %u anchored by others", n_candidates - n_free);
    g_string_append(text, n_free > 0 ? "; free one or lower the reserve"
                                     : "; free one or widen the pool");
    return g_string_free(text, FALSE);
}

/**
 * bpfpv_solver_explain:
 * @solver: a solver that has matched; unchanged on return
 * @slot: an anchor of it that got no CPU; unchanged on return
 *
 * Returns: (transfer full): why @slot is unmet and what to change, as one sentence
 */
char *
bpfpv_solver_explain(BpfpvSolver *solver, BpfpvSlot *slot)
{
    const BpfpvSolverDomain *domain = bpfpv_solver_domain_of(solver, slot);
    g_autoptr(BpfpvCpuset) pool = pool_of(solver, slot);
    g_autoptr(BpfpvCpuset) free_cpus = bpfpv_cpuset_copy(slot->candidates);

    if (bpfpv_cpuset_is_empty(slot->candidates))
        return explain_no_candidate(solver, slot, pool);
    if (domain->n_anchors >= domain->domain->max_anchors)
        return g_strdup_printf("the domain's limit of %u anchors is reached; raise it",
                               domain->domain->max_anchors);
    for (int c = bpfpv_cpuset_next(slot->candidates, 0); c >= 0;
         c = bpfpv_cpuset_next(slot->candidates, (guint)c + 1)) {
        if (solver->owner[c] != NULL)
            bpfpv_cpuset_remove(free_cpus, (guint)c);
    }
    if (solver->n_anchors < solver->budget && !bpfpv_cpuset_is_empty(free_cpus))
        return explain_starving(solver, slot, bpfpv_cpuset_next(free_cpus, 0));
    return explain_no_room(slot, pool, free_cpus);
}

/**
 * bpfpv_solver_explain_cohort:
 * @solver: the solver
 * @slot: a vCPU of it that tasks of a cohort may use
 *
 * Returns: (transfer full): which cohort, the one with most tasks if there are
 *   several, and what that means for @slot
 */
char *
bpfpv_solver_explain_cohort(const BpfpvSolver *solver, const BpfpvSlot *slot)
{
    const BpfpvDemand *demand = bpfpv_solver_domain_of(solver, slot)->domain->demand;
    const GPtrArray *cohorts = bpfpv_demand_cohorts(demand);
    const BpfpvCohort *largest = NULL;
    g_autofree char *vcpus = NULL;
    guint others = 0;

    for (guint i = 0; i < cohorts->len; i++) {
        const BpfpvCohort *cohort = cohorts->pdata[i];

        if (!bpfpv_cpuset_contains(cohort->vcpus, slot->vcpu))
            continue;
        others += largest != NULL;
        if (largest == NULL || cohort->tasks > largest->tasks)
            largest = cohort;
    }
    if (largest == NULL)
        return g_strdup("cohort: placed as floating");
    vcpus = bpfpv_cpuset_format(largest->vcpus);
    if (others > 0)
        return g_strdup_printf("cohort of vCPUs %s and %u more: placed as floating", vcpus, others);
    return g_strdup_printf("cohort of vCPUs %s: placed as floating", vcpus);
}
