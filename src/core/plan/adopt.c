/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that come into a plan from what is in force, not from the solver:
 * those that an earlier daemon pinned, and those that get their masks back.
 */
#include "core/plan/plan.h"

/**
 * bpfpv_plan_adopt:
 * @plan: the last plan
 * @applied: what is in force for a domain
 *
 * Adds the domain as it is pinned now, unless @plan has it, so that the next
 * solve leaves its anchors where they are if they can stay.
 */
void
bpfpv_plan_adopt(BpfpvPlan *plan, const BpfpvAppliedDomain *applied)
{
    BpfpvPlanDomain *domain;

    if (bpfpv_plan_find(plan, applied->domain))
        return;
    domain = bpfpv_plan_add_domain(plan, applied->domain, applied->vcpus->len);
    for (guint i = 0; i < applied->vcpus->len; i++) {
        const BpfpvAppliedVcpu *from = g_ptr_array_index(applied->vcpus, i);
        BpfpvPlanVcpu *vcpu = g_ptr_array_index(domain->vcpus, i);

        vcpu->want = from->anchored ? BPFPV_WANT_ANCHOR : BPFPV_WANT_FLOAT;
        vcpu->met = TRUE;
        vcpu->cpus = bpfpv_cpuset_copy(from->cpus);
    }
}

/**
 * bpfpv_plan_add_original:
 * @plan: a plan that does not have the domain
 * @domain: its key
 * @original: (element-type BpfpvCpuset): its vCPUs' masks before bpfpv
 * @applied: (nullable): what is in force for it; its threads get their masks back too
 *
 * Adds a domain that gets exactly its original masks back.
 */
void
bpfpv_plan_add_original(BpfpvPlan *plan, const char *domain, const GPtrArray *original,
                        const BpfpvAppliedDomain *applied)
{
    BpfpvPlanDomain *added = bpfpv_plan_add_domain(plan, domain, original->len);

    for (guint i = 0; i < original->len; i++) {
        BpfpvPlanVcpu *vcpu = g_ptr_array_index(added->vcpus, i);

        vcpu->met = TRUE;
        vcpu->cpus = bpfpv_cpuset_copy(g_ptr_array_index(original, i));
    }
    for (guint t = 0; applied && t < applied->threads->len; t++) {
        const BpfpvAppliedThread *thread = g_ptr_array_index(applied->threads, t);

        bpfpv_plan_add_thread(added, thread->kind, thread->id, bpfpv_cpuset_copy(thread->original));
    }
}
