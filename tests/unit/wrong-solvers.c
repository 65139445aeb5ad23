/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See wrong-solvers.h. */
#include "wrong-solvers.h"

/* ---- the settings ---- */

typedef void (*Misread)(ScenarioDomain *domain);

typedef struct {
    BpfpvPlacementDomain view;
    guint threads;
} Settings;

/* The right plan for domains as @misread has them. */
static BpfpvPlan *
solve_misread(Scenario *scenario, const BpfpvPlan *before, Misread misread)
{
    GPtrArray *domains = scenario->domains;
    g_autofree Settings *were = g_new(Settings, domains->len + 1);
    BpfpvPlan *plan;

    for (guint d = 0; d < domains->len; d++) {
        ScenarioDomain *domain = domains->pdata[d];

        were[d] = (Settings){domain->view, domain->guest->threads};
        misread(domain);
    }
    plan = right_solver(scenario, before);
    for (guint d = 0; d < domains->len; d++) {
        ScenarioDomain *domain = domains->pdata[d];

        domain->view = were[d].view;
        domain->guest->threads = were[d].threads;
    }
    return plan;
}

#define MISREADING_SOLVER(name, what)                                                              \
    static void misread_##name(ScenarioDomain *domain)                                             \
    {                                                                                              \
        what;                                                                                      \
    }                                                                                              \
    BpfpvPlan *solver_##name(Scenario *scenario, const BpfpvPlan *before)                          \
    {                                                                                              \
        return solve_misread(scenario, before, misread_##name);                                    \
    }

MISREADING_SOLVER(blind_to_memory, domain->view.numa = BPFPV_NUMA_IGNORE)
MISREADING_SOLVER(blind_to_cgroups, domain->view.allowed = NULL)
MISREADING_SOLVER(blind_to_refusals, domain->view.refused = NULL)
MISREADING_SOLVER(one_thread, domain->guest->threads = 1)
MISREADING_SOLVER(same_weight, domain->view.weight = 1)
MISREADING_SOLVER(no_cohort, domain->view.cohort = BPFPV_COHORT_NONE)
MISREADING_SOLVER(no_limit, domain->view.max_anchors = G_MAXUINT)
MISREADING_SOLVER(all_shared, domain->view.mode = BPFPV_MODE_SHARED)
MISREADING_SOLVER(ignore_threads, domain->view.smt = domain->view.smt == BPFPV_SMT_MATCH
                                                         ? BPFPV_SMT_IGNORE
                                                         : domain->view.smt)

BpfpvPlan *
solver_too_strict(Scenario *scenario, const BpfpvPlan *before)
{
    ScenarioDomain *domain = scenario->domains->len > 0 ? scenario->domains->pdata[0] : NULL;
    guint limit = domain != NULL ? domain->view.max_anchors : 0;
    BpfpvPlan *plan;

    if (domain != NULL)
        domain->view.max_anchors = 0;
    plan = right_solver(scenario, before);
    if (domain != NULL)
        domain->view.max_anchors = limit;
    return plan;
}

BpfpvPlan *
solver_that_favours_the_first(Scenario *scenario, const BpfpvPlan *before)
{
    ScenarioDomain *domain = scenario->domains->len > 0 ? scenario->domains->pdata[0] : NULL;
    guint weight = domain != NULL ? domain->view.weight : 0;
    BpfpvPlan *plan;

    if (domain != NULL)
        domain->view.weight = 100;
    plan = right_solver(scenario, before);
    if (domain != NULL)
        domain->view.weight = weight;
    return plan;
}

BpfpvPlan *
solver_blind_to_efficiency(Scenario *scenario, const BpfpvPlan *before)
{
    const BpfpvTopology *topology = scenario->topology;
    g_autoptr(BpfpvTopology) alike =
        bpfpv_topology_with_efficiency(topology, bpfpv_topology_present(topology), 0);
    BpfpvPlan *plan;

    scenario->host.topology = alike;
    plan = right_solver(scenario, before);
    scenario->host.topology = topology;
    return plan;
}

BpfpvPlan *
solver_blind_to_isolation(Scenario *scenario, const BpfpvPlan *before)
{
    const BpfpvTopology *topology = scenario->topology;
    g_autoptr(BpfpvCpuset) none = bpfpv_cpuset_new();
    g_autoptr(BpfpvTopology) balanced = bpfpv_topology_with_isolated(topology, none);
    BpfpvPlan *plan;

    scenario->host.topology = balanced;
    plan = right_solver(scenario, before);
    scenario->host.topology = topology;
    return plan;
}

BpfpvPlan *
solver_blind_to_shares(Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvShare share = scenario->host.share;
    BpfpvPlan *plan;

    scenario->host.share = BPFPV_SHARE_NONE;
    plan = right_solver(scenario, before);
    scenario->host.share = share;
    return plan;
}

/* ---- the plan in force ---- */

typedef void (*Forget)(BpfpvPlanVcpu *vcpu);

/* The right plan from one of which @forget (nullable) has lost something, and that does not have
 * the domain @but (nullable). */
static BpfpvPlan *
solve_forgetful(Scenario *scenario, const BpfpvPlan *before, Forget forget, const char *but)
{
    g_autoptr(BpfpvPlan) known = bpfpv_plan_new();

    for (guint d = 0; before != NULL && d < before->domains->len; d++) {
        const BpfpvPlanDomain *from = before->domains->pdata[d];
        BpfpvPlanDomain *to;

        if (g_strcmp0(from->domain, but) == 0)
            continue;
        to = bpfpv_plan_add_domain(known, from->domain, from->vcpus->len);
        to->home = from->home != NULL ? bpfpv_cpuset_copy(from->home) : NULL;
        to->need = from->need;
        for (guint v = 0; v < from->vcpus->len; v++) {
            BpfpvPlanVcpu *vcpu = to->vcpus->pdata[v];

            *vcpu = *(const BpfpvPlanVcpu *)from->vcpus->pdata[v];
            vcpu->cpus = bpfpv_cpuset_copy(vcpu->cpus);
            vcpu->why = NULL;
            if (forget != NULL)
                forget(vcpu);
        }
    }
    return right_solver(scenario, before != NULL ? known : NULL);
}

#define FORGETFUL_SOLVER(name, what)                                                               \
    static void forget_##name(BpfpvPlanVcpu *vcpu)                                                 \
    {                                                                                              \
        what;                                                                                      \
    }                                                                                              \
    BpfpvPlan *solver_forget_##name(Scenario *scenario, const BpfpvPlan *before)                   \
    {                                                                                              \
        return solve_forgetful(scenario, before, forget_##name, NULL);                             \
    }

FORGETFUL_SOLVER(unasked, vcpu->unasked = 0)
FORGETFUL_SOLVER(lost, vcpu->lost = FALSE)
FORGETFUL_SOLVER(waiting, vcpu->since = vcpu->met ? vcpu->since : G_MAXINT64)

BpfpvPlan *
solver_that_takes_from_holders(Scenario *scenario, const BpfpvPlan *before)
{
    guint n = scenario->domains->len;
    const ScenarioDomain *last = n > 0 ? scenario->domains->pdata[n - 1] : NULL;

    return solve_forgetful(scenario, before, NULL, last != NULL ? last->key : NULL);
}
