/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon knows of a domain, for the domain's own XML; see status.h. */
#include "daemon/bus/status.h"

#include "xml/pin-owner.h"

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

/* What is in force, and what is on its way there. @given: what libvirt was given last
 * @pending: (nullable): what it is being given; @next: (nullable): what it will be given then */
static void
fill_sets(BpfpvStatusThread *noted, const BpfpvCpuset *given, const BpfpvCpuset *pending,
          const BpfpvCpuset *next, const BpfpvThreadTruth *truth)
{
    const BpfpvCpuset *applied = bpfpv_thread_truth_cpus(truth, given);

    noted->applied = bpfpv_cpuset_copy(applied);
    if (!bpfpv_cpuset_equal(given, applied))
        noted->pinned = bpfpv_cpuset_copy(given);
    pending = pending ? pending : next;
    if (pending && !bpfpv_pin_is_noted(noted, pending))
        noted->pending = bpfpv_cpuset_copy(pending);
}

static BpfpvOrigin
origin_of(const BpfpvManaged *managed, gboolean inherited)
{
    if (!inherited)
        return BPFPV_ORIGIN_PIN;
    return managed->unpinned ? BPFPV_ORIGIN_VCPU : BPFPV_ORIGIN_NOTHING;
}

static void
add_vcpu(BpfpvStatus *status, const BpfpvManaged *managed, guint index,
         const BpfpvPlanVcpu *planned)
{
    const BpfpvAppliedVcpu *applied =
        g_ptr_array_index(bpfpv_pins_applied(managed->pins)->vcpus, index);
    BpfpvStatusThread *vcpu = bpfpv_status_add_thread(status, BPFPV_THREAD_VCPU, index);

    vcpu->tasks = planned ? planned->tasks : 0;
    vcpu->want = g_strdup(bpfpv_want_to_string(planned ? planned->want : BPFPV_WANT_FLOAT));
    vcpu->cpus = copy_set(planned ? planned->cpus : NULL);
    vcpu->last = copy_set(applied->last);
    fill_sets(vcpu, applied->cpus, applied->pending, NULL, &applied->truth);
    vcpu->original =
        bpfpv_cpuset_copy(g_ptr_array_index(bpfpv_pins_original(managed->pins), index));
    vcpu->fixed = bpfpv_cpuset_contains(bpfpv_pins_fixed(managed->pins), index);
    vcpu->origin = origin_of(managed, applied->inherited && !vcpu->fixed);
    vcpu->why = g_strdup(bpfpv_status_why(managed, index, planned));
}

static void
add_thread(BpfpvStatus *status, const BpfpvManaged *managed, const BpfpvPlanDomain *plan,
           const BpfpvAppliedThread *applied)
{
    BpfpvStatusThread *thread = bpfpv_status_add_thread(status, applied->kind, applied->id);

    fill_sets(thread, applied->cpus, applied->pending, bpfpv_status_thread_planned(plan, applied),
              &applied->truth);
    thread->original = bpfpv_cpuset_copy(applied->original);
    thread->fixed = applied->fixed;
    thread->origin = origin_of(managed, applied->inherited && !applied->fixed);
    thread->why = g_strdup(bpfpv_status_thread_why(managed, applied));
}

BpfpvStatus *
bpfpv_status_describe(BpfpvManager *manager, const BpfpvManaged *managed)
{
    BpfpvStatus *status = bpfpv_status_new();
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
                 plan && i < plan->vcpus->len ? g_ptr_array_index(plan->vcpus, i) : NULL);
    for (guint i = 0; applied && i < applied->threads->len; i++)
        add_thread(status, managed, plan, g_ptr_array_index(applied->threads, i));
    return status;
}
