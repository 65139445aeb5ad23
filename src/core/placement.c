/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placement solver: gathers what every vCPU may use and asks for, lets
 * placement-match.c assign CPUs to anchors, and writes down what everybody has
 * then. Pure: the same arguments give the same plan, whatever the order of the
 * domains. The rules are in docs/placement.md.
 */
#include "core/placement-internal.h"

#include <string.h>

static void
slot_free(gpointer data)
{
    BpfpvSlot *slot = data;

    bpfpv_cpuset_free(slot->usable);
    bpfpv_cpuset_free(slot->candidates);
    g_free(slot);
}

static void
solver_domain_clear(gpointer data)
{
    g_ptr_array_unref(((BpfpvSolverDomain *)data)->slots);
}

static void
solver_free(BpfpvSolver *solver)
{
    g_array_unref(solver->domains);
    g_ptr_array_unref(solver->slots);
    bpfpv_cpuset_free(solver->fixed);
    bpfpv_cpuset_free(solver->exclusive);
    g_free(solver->owner);
    g_free(solver);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvSolver, solver_free)

static guint
highest(const BpfpvCpuset *set)
{
    guint last = 0;

    for (int c = bpfpv_cpuset_next(set, 0); c >= 0; c = bpfpv_cpuset_next(set, (guint)c + 1))
        last = (guint)c;
    return last;
}

static int
compare_domains(gconstpointer a, gconstpointer b)
{
    const BpfpvSolverDomain *left = a, *right = b;

    return strcmp(left->domain->domain, right->domain->domain);
}

static BpfpvSlot *
slot_new(const BpfpvSolver *solver, guint domain_index, const BpfpvPlacementDomain *domain,
         guint vcpu)
{
    BpfpvSlot *slot = g_new0(BpfpvSlot, 1);
    guint anchor_tasks = bpfpv_demand_anchor_tasks(domain->demand, vcpu);
    guint cohort_tasks = bpfpv_demand_cohort_tasks(domain->demand, vcpu);

    slot->domain = domain_index;
    slot->vcpu = vcpu;
    slot->original = domain->original->pdata[vcpu];
    slot->usable = bpfpv_cpuset_copy(slot->original);
    bpfpv_cpuset_intersect(slot->usable, solver->online);
    slot->tasks = anchor_tasks > 0 ? anchor_tasks : cohort_tasks;
    if (bpfpv_cpuset_count(slot->original) == 1 ||
        (domain->fixed && bpfpv_cpuset_contains(domain->fixed, vcpu)))
        slot->want = BPFPV_WANT_FIXED;
    else if (anchor_tasks > 0)
        slot->want = BPFPV_WANT_ANCHOR;
    else
        slot->want = cohort_tasks > 0 ? BPFPV_WANT_COHORT : BPFPV_WANT_FLOAT;
    slot->held = BPFPV_NO_CPU;
    slot->cpu = BPFPV_NO_CPU;
    return slot;
}

static void
add_slots(BpfpvSolver *solver, guint domain_index)
{
    BpfpvSolverDomain *domain = &g_array_index(solver->domains, BpfpvSolverDomain, domain_index);

    for (guint v = 0; v < domain->domain->original->len; v++) {
        BpfpvSlot *slot = slot_new(solver, domain_index, domain->domain, v);

        g_ptr_array_add(domain->slots, slot);
        g_ptr_array_add(solver->slots, slot);
        if (slot->want == BPFPV_WANT_FIXED && bpfpv_cpuset_count(slot->original) == 1)
            bpfpv_cpuset_unite(solver->fixed, slot->original);
    }
}

static BpfpvSolver *
solver_new(const BpfpvPlacementHost *host, const GPtrArray *domains)
{
    BpfpvSolver *solver = g_new0(BpfpvSolver, 1);

    solver->host = host;
    solver->online = bpfpv_topology_online(host->topology);
    solver->domains = g_array_new(FALSE, FALSE, sizeof(BpfpvSolverDomain));
    g_array_set_clear_func(solver->domains, solver_domain_clear);
    solver->slots = g_ptr_array_new_with_free_func(slot_free);
    solver->fixed = bpfpv_cpuset_new();
    solver->exclusive = bpfpv_cpuset_new();
    solver->owner = g_new0(BpfpvSlot *, highest(solver->online) + 1);
    for (guint i = 0; i < domains->len; i++) {
        BpfpvSolverDomain domain = {domains->pdata[i], g_ptr_array_new(), 0};

        g_array_append_val(solver->domains, domain);
    }
    g_array_sort(solver->domains, compare_domains);
    for (guint i = 0; i < solver->domains->len; i++)
        add_slots(solver, i);
    return solver;
}

/* The reserve is for floating, which nobody should do on a statically pinned vCPU's CPU. */
static void
set_budget(BpfpvSolver *solver)
{
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(solver->online);
    guint n_open;

    bpfpv_cpuset_subtract(open, solver->fixed);
    n_open = bpfpv_cpuset_count(open);
    solver->budget = n_open > solver->host->reserve ? n_open - solver->host->reserve : 0;
}

static void
set_candidates(const BpfpvSolver *solver, BpfpvSlot *slot)
{
    const BpfpvCpuset *pool = bpfpv_solver_domain_of(solver, slot)->domain->pool;

    slot->candidates = bpfpv_cpuset_copy(slot->usable);
    bpfpv_cpuset_subtract(slot->candidates, solver->fixed);
    if (solver->host->pool != NULL)
        bpfpv_cpuset_intersect(slot->candidates, solver->host->pool);
    if (pool != NULL)
        bpfpv_cpuset_intersect(slot->candidates, pool);
}

/* What the plan in force gave to @slot, and whether it could keep that. */
static void
set_held(const BpfpvSolver *solver, BpfpvSlot *slot, const BpfpvPlan *current)
{
    const char *key = bpfpv_solver_domain_of(solver, slot)->domain->domain;
    const BpfpvPlanDomain *domain = bpfpv_plan_find(current, key);
    const BpfpvPlanVcpu *vcpu;
    int cpu;

    if (domain == NULL || slot->vcpu >= domain->vcpus->len)
        return;
    vcpu = domain->vcpus->pdata[slot->vcpu];
    if (vcpu->want != BPFPV_WANT_ANCHOR || !vcpu->met)
        return;
    slot->was_anchor = TRUE;
    cpu = bpfpv_cpuset_next(vcpu->cpus, 0);
    if (cpu >= 0 && bpfpv_cpuset_contains(slot->candidates, (guint)cpu))
        slot->held = cpu;
}

/* What @slot floats on: its online CPUs without exclusive anchors; exactly its original set as
 * long as its domain asks for nothing and no such anchor is in it. */
static void
plan_floating(const BpfpvSolver *solver, const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu)
{
    const BpfpvDemand *demand = bpfpv_solver_domain_of(solver, slot)->domain->demand;

    if (bpfpv_demand_is_empty(demand) &&
        !bpfpv_cpuset_intersects(slot->original, solver->exclusive)) {
        vcpu->cpus = bpfpv_cpuset_copy(slot->original);
        return;
    }
    vcpu->cpus = bpfpv_cpuset_copy(slot->usable);
    bpfpv_cpuset_subtract(vcpu->cpus, solver->exclusive);
    if (!bpfpv_cpuset_is_empty(vcpu->cpus))
        return;
    /* None of its CPUs is online: there is nothing that it could have instead. */
    bpfpv_cpuset_unite(vcpu->cpus, slot->original);
    if (!bpfpv_demand_is_empty(demand)) {
        g_autofree char *original = bpfpv_cpuset_format(slot->original);

        vcpu->met = FALSE;
        g_free(vcpu->why);
        vcpu->why =
            g_strdup_printf("all of the vCPU's CPUs %s are offline; bring one online", original);
    }
}

static void
plan_vcpu(BpfpvSolver *solver, BpfpvSlot *slot, BpfpvPlanVcpu *vcpu)
{
    vcpu->want = slot->want;
    vcpu->tasks = slot->tasks;
    vcpu->met = slot->want != BPFPV_WANT_ANCHOR || slot->cpu != BPFPV_NO_CPU;
    if (slot->want == BPFPV_WANT_FIXED) {
        vcpu->cpus = bpfpv_cpuset_copy(slot->original);
        return;
    }
    if (slot->cpu != BPFPV_NO_CPU) {
        vcpu->cpus = bpfpv_cpuset_new_range((guint)slot->cpu, (guint)slot->cpu);
        return;
    }
    if (slot->want == BPFPV_WANT_ANCHOR)
        vcpu->why = bpfpv_solver_explain(solver, slot);
    else if (slot->want == BPFPV_WANT_COHORT)
        vcpu->why = bpfpv_solver_explain_cohort(solver, slot);
    plan_floating(solver, slot, vcpu);
}

static BpfpvPlan *
write_plan(BpfpvSolver *solver)
{
    BpfpvPlan *plan = bpfpv_plan_new();

    for (guint d = 0; d < solver->domains->len; d++) {
        const BpfpvSolverDomain *domain = &g_array_index(solver->domains, BpfpvSolverDomain, d);
        BpfpvPlanDomain *planned =
            bpfpv_plan_add_domain(plan, domain->domain->domain, domain->slots->len);

        for (guint v = 0; v < domain->slots->len; v++) {
            BpfpvPlanVcpu *vcpu = planned->vcpus->pdata[v];

            plan_vcpu(solver, domain->slots->pdata[v], vcpu);
            planned->unmet += !vcpu->met;
        }
    }
    return plan;
}

/**
 * bpfpv_placement_solve:
 * @host: the host's CPUs, pool and reserve
 * @domains: (element-type BpfpvPlacementDomain): every managed domain, in any
 *   order, each with a key of its own and original sets that are not empty
 * @current: (nullable): the plan in force; anchors that can stay where it has
 *   them stay
 *
 * Solves by the rules of docs/placement.md. Deterministic, and independent of
 * the order of @domains. Takes time in proportion to anchors × host CPUs × all
 * vCPUs at worst.
 *
 * Returns: (transfer full): a plan for every domain of @domains; what it can't
 *   meet is marked so, with the reason
 */
BpfpvPlan *
bpfpv_placement_solve(const BpfpvPlacementHost *host, const GPtrArray *domains,
                      const BpfpvPlan *current)
{
    g_autoptr(BpfpvSolver) solver = solver_new(host, domains);

    set_budget(solver);
    for (guint i = 0; i < solver->slots->len; i++) {
        BpfpvSlot *slot = solver->slots->pdata[i];

        set_candidates(solver, slot);
        if (current != NULL)
            set_held(solver, slot, current);
    }
    bpfpv_solver_match(solver);
    return write_plan(solver);
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
    plan = bpfpv_placement_solve(host, domains, NULL);
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
