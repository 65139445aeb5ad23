/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain was refused is not asked for again until it has rested; its anchors do without such
 * CPUs, and have others.
 */
#include "daemon/pins/private.h"

static void schedule_retry(BpfpvPins *pins);

static gint64
now_us(void)
{
    return g_get_monotonic_time();
}

static void
renew_truth(BpfpvPins *pins, BpfpvThreadKind kind, guint id, BpfpvThreadTruth *truth)
{
    const BpfpvPinsThread thread = {kind, id};

    if (!truth->refused || bpfpv_refusals_has(pins->refusals, kind, id, truth->refused, now_us()))
        return;
    g_clear_pointer(&truth->refused, bpfpv_cpuset_free);
    if (!truth->astray)
        bpfpv_pins_set_error(pins, &thread, NULL);
}

/* The CPUs that anchors do without; those that have theirs keep it. */
static void
renew_refused_cpus(BpfpvPins *pins)
{
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, BPFPV_CPUSET_MAX - 1);

    bpfpv_cpuset_free(pins->refused_cpus);
    pins->refused_cpus = bpfpv_refusals_cpus(pins->refusals, all, now_us());
    for (guint i = 0; pins->refused_cpus && i < pins->applied->vcpus->len; i++) {
        const BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, i);

        if (bpfpv_applied_vcpu_holds(vcpu))
            bpfpv_cpuset_subtract(pins->refused_cpus, vcpu->cpus);
    }
}

void
bpfpv_pins_renew_refusals(BpfpvPins *pins)
{
    for (guint i = 0; i < pins->applied->vcpus->len; i++)
        renew_truth(pins, BPFPV_THREAD_VCPU, i, &bpfpv_pins_vcpu(pins, i)->truth);
    for (guint t = 0; t < pins->applied->threads->len; t++) {
        BpfpvAppliedThread *thread = g_ptr_array_index(pins->applied->threads, t);

        renew_truth(pins, thread->kind, thread->id, &thread->truth);
    }
    renew_refused_cpus(pins);
    schedule_retry(pins);
}

static gboolean
retry(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->rest_timer = 0;
    bpfpv_pins_renew_refusals(pins);
    bpfpv_pins_keep_fixed(pins);
    pins->funcs->bounds(pins, pins->user_data);
    return G_SOURCE_REMOVE;
}

static void
schedule_retry(BpfpvPins *pins)
{
    gint64 now = now_us(), next = bpfpv_refusals_next_us(pins->refusals, now);

    g_clear_handle_id(&pins->rest_timer, g_source_remove);
    if (next != G_MAXINT64)
        pins->rest_timer = g_timeout_add((guint)((next - now) / 1000 + 1), retry, pins);
}

void
bpfpv_pins_refuse(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
                  const BpfpvCpuset *cpus, gboolean anchored, const char *why)
{
    bpfpv_refusals_add(pins->refusals, thread->kind, thread->id, cpus, anchored, why, now_us());
    bpfpv_pins_replace(&truth->refused, cpus);
    renew_refused_cpus(pins);
    schedule_retry(pins);
    if (anchored)
        pins->funcs->bounds(pins, pins->user_data); /* it may have another one */
}

void
bpfpv_pins_forget_refusals(BpfpvPins *pins)
{
    if (!pins->applied)
        return;
    bpfpv_refusals_clear(pins->refusals);
    bpfpv_pins_renew_refusals(pins);
}

const BpfpvCpuset *
bpfpv_pins_refused(const BpfpvPins *pins, const char **why)
{
    *why = bpfpv_refusals_why(pins->refusals);
    return pins->refused_cpus;
}
