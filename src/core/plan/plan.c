/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans and the state that they are applied to, as data. What to do next on
 * the way from one to the other is in steps.c.
 */
#include "core/plan/plan.h"

#include <string.h>

/**
 * bpfpv_want_to_string:
 * @want: what is wanted
 *
 * Returns: (transfer none): "float", "anchor", "cohort" or "fixed"
 */
const char *
bpfpv_want_to_string(BpfpvWant want)
{
    switch (want) {
    case BPFPV_WANT_FLOAT:
        return "float";
    case BPFPV_WANT_ANCHOR:
        return "anchor";
    case BPFPV_WANT_COHORT:
        return "cohort";
    case BPFPV_WANT_FIXED:
        return "fixed";
    }
    g_return_val_if_reached("float");
}

static void
plan_vcpu_free(gpointer data)
{
    BpfpvPlanVcpu *vcpu = data;

    bpfpv_cpuset_free(vcpu->cpus);
    g_free(vcpu->why);
    g_free(vcpu);
}

static void
plan_thread_free(gpointer data)
{
    BpfpvPlanThread *thread = data;

    bpfpv_cpuset_free(thread->cpus);
    g_free(thread);
}

static void
plan_domain_free(gpointer data)
{
    BpfpvPlanDomain *domain = data;

    g_free(domain->domain);
    g_ptr_array_unref(domain->vcpus);
    g_ptr_array_unref(domain->threads);
    bpfpv_cpuset_free(domain->home);
    g_free(domain);
}

/**
 * bpfpv_plan_new:
 *
 * Returns: (transfer full): a plan without domains
 */
BpfpvPlan *
bpfpv_plan_new(void)
{
    BpfpvPlan *plan = g_new0(BpfpvPlan, 1);

    plan->domains = g_ptr_array_new_with_free_func(plan_domain_free);
    return plan;
}

/**
 * bpfpv_plan_free:
 * @plan: (nullable): the plan
 *
 * Frees @plan and all it points to.
 */
void
bpfpv_plan_free(BpfpvPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->domains);
    g_free(plan);
}

/* Where @domain is in the sorted domains, or where it belongs. */
static guint
domain_index(const BpfpvPlan *plan, const char *domain)
{
    guint low = 0, high = plan->domains->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const BpfpvPlanDomain *other = plan->domains->pdata[middle];

        if (strcmp(other->domain, domain) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/**
 * bpfpv_plan_add_domain:
 * @plan: the plan
 * @domain: the domain's key, not yet in @plan
 * @n_vcpus: how many vCPUs it has
 *
 * Adds a domain whose vCPUs float, want nothing and have no CPUs: the caller
 * sets them before anybody else sees the plan.
 *
 * Returns: (transfer none): the domain
 */
BpfpvPlanDomain *
bpfpv_plan_add_domain(BpfpvPlan *plan, const char *domain, guint n_vcpus)
{
    BpfpvPlanDomain *added = g_new0(BpfpvPlanDomain, 1);

    added->domain = g_strdup(domain);
    added->vcpus = g_ptr_array_new_with_free_func(plan_vcpu_free);
    added->threads = g_ptr_array_new_with_free_func(plan_thread_free);
    for (guint i = 0; i < n_vcpus; i++)
        g_ptr_array_add(added->vcpus, g_new0(BpfpvPlanVcpu, 1));
    g_ptr_array_insert(plan->domains, (gint)domain_index(plan, domain), added);
    return added;
}

/**
 * bpfpv_plan_remove_domain:
 * @plan: the plan
 * @domain: a domain's key; that it is not there is no error
 *
 * Removes and frees the domain.
 */
void
bpfpv_plan_remove_domain(BpfpvPlan *plan, const char *domain)
{
    if (bpfpv_plan_find(plan, domain))
        g_ptr_array_remove_index(plan->domains, domain_index(plan, domain));
}

/**
 * bpfpv_plan_move_domain:
 * @from: a plan that has the domain
 * @domain: the domain's key
 * @to: a plan that does not
 *
 * Moves what @from says of the domain to @to.
 */
void
bpfpv_plan_move_domain(BpfpvPlan *from, const char *domain, BpfpvPlan *to)
{
    BpfpvPlanDomain *moved = g_ptr_array_steal_index(from->domains, domain_index(from, domain));

    g_ptr_array_insert(to->domains, (gint)domain_index(to, domain), moved);
}

/**
 * bpfpv_plan_add_thread:
 * @domain: a domain of a plan
 * @kind: emulator or I/O thread
 * @id: an I/O thread's number
 * @cpus: (transfer full) (nullable): what it shall have
 *
 * Adds a thread after those that @domain has.
 */
void
bpfpv_plan_add_thread(BpfpvPlanDomain *domain, BpfpvThreadKind kind, guint id, BpfpvCpuset *cpus)
{
    BpfpvPlanThread *thread = g_new0(BpfpvPlanThread, 1);

    thread->kind = kind;
    thread->id = id;
    thread->cpus = cpus;
    g_ptr_array_add(domain->threads, thread);
}

/**
 * bpfpv_plan_find:
 * @plan: the plan
 * @domain: a domain's key
 *
 * Returns: (transfer none) (nullable): what @plan says of @domain, or %NULL
 */
const BpfpvPlanDomain *
bpfpv_plan_find(const BpfpvPlan *plan, const char *domain)
{
    guint at = domain_index(plan, domain);
    const BpfpvPlanDomain *found = at < plan->domains->len ? plan->domains->pdata[at] : NULL;

    return found != NULL && strcmp(found->domain, domain) == 0 ? found : NULL;
}

static void
applied_vcpu_free(gpointer data)
{
    BpfpvAppliedVcpu *vcpu = data;

    bpfpv_cpuset_free(vcpu->cpus);
    bpfpv_cpuset_free(vcpu->pending);
    bpfpv_cpuset_free(vcpu->last);
    bpfpv_cpuset_free(vcpu->original);
    bpfpv_thread_truth_clear(&vcpu->truth);
    g_free(vcpu);
}

static void
applied_thread_free(gpointer data)
{
    BpfpvAppliedThread *thread = data;

    bpfpv_cpuset_free(thread->cpus);
    bpfpv_cpuset_free(thread->pending);
    bpfpv_cpuset_free(thread->original);
    bpfpv_thread_truth_clear(&thread->truth);
    g_free(thread);
}

/**
 * bpfpv_applied_domain_add_thread:
 * @applied: a domain
 * @kind: emulator or I/O thread
 * @id: an I/O thread's number
 * @original: what it had before bpfpv; copied
 *
 * Adds a thread on which nothing was applied yet.
 */
void
bpfpv_applied_domain_add_thread(BpfpvAppliedDomain *applied, BpfpvThreadKind kind, guint id,
                                const BpfpvCpuset *original)
{
    BpfpvAppliedThread *thread = g_new0(BpfpvAppliedThread, 1);

    thread->kind = kind;
    thread->id = id;
    thread->cpus = bpfpv_cpuset_copy(original);
    thread->original = bpfpv_cpuset_copy(original);
    g_ptr_array_add(applied->threads, thread);
}

/**
 * bpfpv_applied_domain_find_thread:
 * @applied: a domain
 * @kind: emulator or I/O thread
 * @id: an I/O thread's number; 0 for the emulator
 *
 * Returns: (transfer none) (nullable): the thread, or %NULL if @applied has none such
 */
BpfpvAppliedThread *
bpfpv_applied_domain_find_thread(const BpfpvAppliedDomain *applied, BpfpvThreadKind kind, guint id)
{
    for (guint t = 0; t < applied->threads->len; t++) {
        BpfpvAppliedThread *thread = applied->threads->pdata[t];

        if (thread->kind == kind && thread->id == id)
            return thread;
    }
    return NULL;
}

/**
 * bpfpv_applied_domain_new:
 * @domain: the domain's key
 * @original_sets: (element-type BpfpvCpuset): by vCPU, as before bpfpv; copied
 *
 * Returns: (transfer full): a domain on which nothing was applied yet: every
 *   vCPU has its original set
 */
BpfpvAppliedDomain *
bpfpv_applied_domain_new(const char *domain, GPtrArray *original_sets)
{
    BpfpvAppliedDomain *applied = g_new0(BpfpvAppliedDomain, 1);

    applied->domain = g_strdup(domain);
    applied->vcpus = g_ptr_array_new_with_free_func(applied_vcpu_free);
    applied->threads = g_ptr_array_new_with_free_func(applied_thread_free);
    for (guint i = 0; i < original_sets->len; i++) {
        BpfpvAppliedVcpu *vcpu = g_new0(BpfpvAppliedVcpu, 1);

        vcpu->cpus = bpfpv_cpuset_copy(original_sets->pdata[i]);
        vcpu->original = bpfpv_cpuset_copy(original_sets->pdata[i]);
        g_ptr_array_add(applied->vcpus, vcpu);
    }
    return applied;
}

/**
 * bpfpv_applied_domain_free:
 * @applied: (nullable): the domain
 *
 * Frees @applied and all it points to.
 */
void
bpfpv_applied_domain_free(BpfpvAppliedDomain *applied)
{
    if (applied == NULL)
        return;
    g_free(applied->domain);
    g_ptr_array_unref(applied->vcpus);
    g_ptr_array_unref(applied->threads);
    bpfpv_cpuset_free(applied->allowed);
    g_free(applied);
}

/**
 * bpfpv_applied_vcpu_holds:
 * @vcpu: a vCPU
 *
 * Returns: whether it is an anchor, and the kernel lets it run there and nowhere
 *   else; where that is not known, whether libvirt has said so
 */
gboolean
bpfpv_applied_vcpu_holds(const BpfpvAppliedVcpu *vcpu)
{
    return vcpu->anchored &&
           bpfpv_cpuset_equal(bpfpv_thread_truth_cpus(&vcpu->truth, vcpu->cpus), vcpu->cpus);
}

/**
 * bpfpv_plan_step_free:
 * @step: (nullable): the step
 *
 * Frees @step.
 */
void
bpfpv_plan_step_free(BpfpvPlanStep *step)
{
    if (step == NULL)
        return;
    g_free(step->domain);
    bpfpv_cpuset_free(step->cpus);
    g_free(step);
}
