/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon knows of a domain, for the domain's own XML; see status.h. */
#include "daemon/bus/status.h"

#include "xml/status.h"

static BpfpvCpuset *
copy_set(const BpfpvCpuset *set)
{
    return set ? bpfpv_cpuset_copy(set) : NULL;
}

static void
add_programs(BpfpvStatus *status, const BpfpvManaged *managed)
{
    const BpfpvLink *link = bpfpv_session_link(managed->session);
    const BpfpvHello *hello = link ? bpfpv_link_hello(link) : NULL;
    const BpfpvConfig *config = bpfpv_session_config(managed->session);

    for (guint i = 0; hello && i < hello->programs->len; i++) {
        const BpfpvWireProgram *program = g_ptr_array_index(hello->programs, i);

        bpfpv_status_add_program(status, program->name)->attach = g_strdup(program->attach);
    }
    for (guint i = 0; !hello && config && i < config->programs->len; i++)
        bpfpv_status_add_program(status, g_ptr_array_index(config->programs, i));
}

static void
add_vcpu(BpfpvStatus *status, const BpfpvManaged *managed, guint index,
         const BpfpvPlanVcpu *planned, const BpfpvCpuset *online)
{
    const BpfpvCpuset *original = g_ptr_array_index(bpfpv_pins_original(managed->pins), index);
    const BpfpvAppliedVcpu *applied =
        g_ptr_array_index(bpfpv_pins_applied(managed->pins)->vcpus, index);
    BpfpvStatusVcpu *vcpu = bpfpv_status_add_vcpu(status, index);

    vcpu->tasks = planned ? planned->tasks : 0;
    vcpu->want = g_strdup(bpfpv_want_to_string(planned ? planned->want : BPFPV_WANT_FLOAT));
    vcpu->cpus = copy_set(planned ? planned->cpus : NULL);
    vcpu->applied = bpfpv_cpuset_copy(bpfpv_thread_truth_cpus(&applied->truth, applied->cpus));
    vcpu->original = bpfpv_cpuset_copy(original);
    vcpu->fixed = bpfpv_cpuset_contains(bpfpv_pins_fixed(managed->pins), index);
    vcpu->unpinned = !vcpu->fixed && online && bpfpv_cpuset_is_subset(online, original);
    vcpu->why = g_strdup(bpfpv_status_why(managed, index, planned));
}

static void
add_thread(BpfpvStatus *status, const BpfpvManaged *managed, const BpfpvAppliedThread *applied,
           const BpfpvCpuset *online)
{
    BpfpvStatusThread *thread = bpfpv_status_add_thread(status, applied->kind, applied->id);

    thread->applied = bpfpv_cpuset_copy(bpfpv_thread_truth_cpus(&applied->truth, applied->cpus));
    thread->original = bpfpv_cpuset_copy(applied->original);
    thread->fixed = applied->fixed;
    thread->unpinned =
        !applied->fixed && online && bpfpv_cpuset_is_subset(online, applied->original);
    thread->why = g_strdup(bpfpv_status_thread_why(managed, applied));
}

char *
bpfpv_status_describe(BpfpvManager *manager, const BpfpvManaged *managed, const BpfpvCpuset *online)
{
    g_autoptr(BpfpvStatus) status = bpfpv_status_new();
    const BpfpvPlanDomain *plan = bpfpv_manager_plan(manager, managed);
    const GPtrArray *original = bpfpv_pins_original(managed->pins);
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);
    g_autofree char *reason = NULL;
    BpfpvState state = bpfpv_managed_state(managed, &reason);

    status->state = g_strdup(bpfpv_state_to_string(state));
    status->invalid = g_strdup(bpfpv_session_invalid(managed->session));
    if (g_strcmp0(reason, status->invalid) != 0)
        status->reason = g_steal_pointer(&reason);
    if (bpfpv_pins_our_channel(managed->pins) && bpfpv_session_config(managed->session))
        status->plugged = g_strdup(bpfpv_session_config(managed->session)->channel);
    add_programs(status, managed);
    for (guint i = 0; original && i < original->len; i++)
        add_vcpu(status, managed, i,
                 plan && i < plan->vcpus->len ? g_ptr_array_index(plan->vcpus, i) : NULL, online);
    for (guint i = 0; applied && i < applied->threads->len; i++)
        add_thread(status, managed, g_ptr_array_index(applied->threads, i), online);
    return bpfpv_status_format(status);
}
