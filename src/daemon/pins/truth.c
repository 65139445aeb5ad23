/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain's threads really have. The kernel is asked after each pin call, and when a cgroup
 * or the host changed: what the domain's cgroup allows is a bound for the plan, a thread that runs
 * elsewhere is put back.
 */
#include "daemon/pins/private.h"

#include "daemon/log.h"

static BpfpvAppliedThread *
applied_thread(const BpfpvPins *pins, guint index)
{
    return g_ptr_array_index(pins->applied->threads, index);
}

/* ---- finding it ---- */

static void
on_cgroup(gpointer user_data)
{
    bpfpv_pins_look(user_data);
}

/* QEMU's process is known to libvirt's notes; where those are not, libvirt has to be believed. */
static void
find_kernel(BpfpvPins *pins)
{
    gint64 pid;

    if (pins->kernel)
        return;
    pid = bpfpv_threads_find_pid("", pins->entry->name, pins->entry->uuid);
    if (pid == 0)
        return;
    pins->kernel = bpfpv_threads_new(pid);
    pins->cgroup = bpfpv_cgroup_find("", pid);
    if (pins->cgroup)
        pins->listener = bpfpv_cgroup_watch_add(pins->cgroups, pins->cgroup, on_cgroup, pins);
}

/* Whether the cgroup allows something else than it did. */
static gboolean
read_allowed(BpfpvPins *pins)
{
    BpfpvCpuset **allowed = &pins->applied->allowed;
    g_autoptr(BpfpvCpuset) now = NULL;
    g_autofree char *text = NULL;

    if (pins->cgroup)
        now = bpfpv_cgroup_allowed(pins->cgroup);
    if (!now || (*allowed && bpfpv_cpuset_equal(*allowed, now)))
        return FALSE;
    text = bpfpv_cpuset_format(now);
    if (*allowed)
        bpfpv_log_domain(&pins->quota, G_LOG_LEVEL_MESSAGE, pins->entry->name,
                         "its cgroup allows host CPUs %s now", text);
    bpfpv_cpuset_free(*allowed);
    *allowed = g_steal_pointer(&now);
    return TRUE;
}

/* ---- looking ---- */

static gboolean
see(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
    const BpfpvCpuset *cpus, const BpfpvCpuset *original)
{
    g_autoptr(BpfpvCpuset) actual = NULL;
    gboolean moved;

    if (pins->kernel)
        actual = bpfpv_threads_cpus(pins->kernel, thread->kind, thread->id);
    moved = bpfpv_thread_truth_see(truth, cpus, actual, pins->applied->allowed, pins->online);
    truth->astray = truth->astray && !bpfpv_cpuset_equal(cpus, original);
    return moved;
}

/* Returns: (transfer full) */
static char *
explain_astray(const BpfpvThreadTruth *truth, const BpfpvCpuset *cpus)
{
    g_autofree char *wanted = bpfpv_cpuset_format(cpus);
    g_autofree char *actual = bpfpv_cpuset_format(truth->actual);

    return g_strdup_printf("pinned to host CPUs %s, but the kernel has the thread on %s: something "
                           "else than libvirt moves it, or narrows its cpuset",
                           wanted, actual);
}

static void
complain(BpfpvPins *pins, const BpfpvPinsThread *thread, const char *why)
{
    static const char *const names[] = {"vCPU", "emulator", "I/O thread"};

    bpfpv_log_domain(&pins->quota, G_LOG_LEVEL_WARNING, pins->entry->name, "%s %u: %s",
                     names[thread->kind], thread->id, why);
    bpfpv_pins_set_error(pins, thread, why);
}

/* @cpus, @original: what the thread was given last, and what it had before bpfpv: one that has that
 * is not bpfpv's to put anywhere. Whoever moves a thread may have more to move: it is pinned again
 * when that has rested. Returns: whether it may run on others than when it was seen last */
static gboolean
look_at(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
        const BpfpvCpuset *cpus, const BpfpvCpuset *original)
{
    gboolean was_astray = truth->astray;
    gboolean moved = see(pins, thread, truth, cpus, original);
    g_autofree char *why = NULL;

    if (was_astray && !truth->astray)
        bpfpv_pins_set_error(pins, thread, NULL);
    if (was_astray || !truth->astray)
        return moved;
    why = explain_astray(truth, cpus);
    complain(pins, thread, why);
    bpfpv_pins_refuse(pins, thread, truth, cpus, FALSE, why);
    return TRUE;
}

static gboolean
look_at_all(BpfpvPins *pins)
{
    gboolean moved = FALSE;

    /* What is pending is just being moved. */
    for (guint i = 0; i < pins->applied->vcpus->len; i++) {
        BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, i);
        const BpfpvPinsThread thread = {BPFPV_THREAD_VCPU, i};

        if (!vcpu->pending)
            moved |= look_at(pins, &thread, &vcpu->truth, vcpu->cpus, vcpu->original);
    }
    for (guint t = 0; t < pins->applied->threads->len; t++) {
        BpfpvAppliedThread *applied = applied_thread(pins, t);
        const BpfpvPinsThread thread = {applied->kind, applied->id};

        if (!applied->pending)
            moved |= look_at(pins, &thread, &applied->truth, applied->cpus, applied->original);
    }
    return moved;
}

void
bpfpv_pins_look(BpfpvPins *pins)
{
    gboolean changed, moved;

    if (!pins->applied)
        return;
    find_kernel(pins);
    if (pins->kernel)
        bpfpv_threads_look(pins->kernel);
    changed = read_allowed(pins);
    if (changed)
        bpfpv_pins_forget_refusals(pins);
    moved = look_at_all(pins);
    if (pins->listener)
        bpfpv_cgroup_watch_threads(pins->listener);
    if (changed && pins->ready)
        pins->funcs->bounds(pins, pins->user_data);
    if (moved && pins->ready)
        pins->funcs->moved(pins, pins->user_data);
}

void
bpfpv_pins_host_changed(BpfpvPins *pins, const BpfpvCpuset *online)
{
    bpfpv_pins_replace(&pins->online, online);
    if (!pins->applied)
        return;
    bpfpv_pins_forget_refusals(pins);
    bpfpv_pins_look(pins);
}

/* ---- after a call ---- */

/* Whether the cgroup has changed, which makes whatever came of a call nobody's fault: there will be
 * another plan. */
static gboolean
bounds_changed(BpfpvPins *pins)
{
    find_kernel(pins);
    if (!read_allowed(pins))
        return FALSE;
    bpfpv_pins_forget_refusals(pins);
    pins->funcs->bounds(pins, pins->user_data);
    return TRUE;
}

void
bpfpv_pins_verify(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
                  const BpfpvCpuset *cpus, const BpfpvCpuset *original, gboolean anchored)
{
    gboolean changed = bounds_changed(pins);
    g_autofree char *why = NULL;

    if (pins->kernel)
        bpfpv_threads_look(pins->kernel);
    see(pins, thread, truth, cpus, original);
    bpfpv_pins_set_error(pins, thread, NULL);
    if (!truth->astray) {
        bpfpv_refusals_accept(pins->refusals, thread->kind, thread->id, cpus, anchored);
        if (pins->rest_timer)
            bpfpv_pins_renew_refusals(pins);
        return;
    }
    why = explain_astray(truth, cpus);
    complain(pins, thread, why);
    bpfpv_pins_refuse(pins, thread, truth, cpus, anchored && !changed, why);
}

void
bpfpv_pins_refused_call(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
                        const BpfpvCpuset *cpus, const BpfpvCpuset *original,
                        const BpfpvCpuset *asked, gboolean anchored, const char *why)
{
    gboolean changed = bounds_changed(pins);

    see(pins, thread, truth, cpus, original); /* a refused call may have done half of it */
    bpfpv_pins_refuse(pins, thread, truth, asked, anchored && !changed, why);
}

void
bpfpv_pins_let_rest(BpfpvPins *pins, BpfpvThreadKind kind, guint id, BpfpvThreadTruth *truth)
{
    const BpfpvPinsThread thread = {kind, id};

    bpfpv_refusals_accept(pins->refusals, kind, id, NULL, FALSE);
    g_clear_pointer(&truth->refused, bpfpv_cpuset_free);
    truth->astray = FALSE;
    bpfpv_pins_set_error(pins, &thread, NULL);
    bpfpv_pins_look(pins); /* what it has now is not what was seen before */
}

/* ---- for others ---- */

const BpfpvCpuset *
bpfpv_pins_allowed(const BpfpvPins *pins)
{
    return pins->applied ? pins->applied->allowed : NULL;
}

gboolean
bpfpv_pins_allowed_only(const BpfpvPins *pins)
{
    return pins->cgroup && bpfpv_cgroup_is_v1(pins->cgroup);
}

gint64
bpfpv_pins_pid(const BpfpvPins *pins)
{
    return pins->kernel ? bpfpv_threads_pid(pins->kernel) : 0;
}

const char *
bpfpv_pins_cgroup(const BpfpvPins *pins)
{
    return pins->cgroup && !bpfpv_cgroup_is_v1(pins->cgroup) ? bpfpv_cgroup_path(pins->cgroup)
                                                             : NULL;
}

void
bpfpv_pins_clear_truth(BpfpvPins *pins)
{
    g_clear_handle_id(&pins->rest_timer, g_source_remove);
    g_clear_pointer(&pins->listener, bpfpv_cgroup_watch_remove);
    g_clear_pointer(&pins->cgroup, bpfpv_cgroup_free);
    g_clear_pointer(&pins->kernel, bpfpv_threads_free);
    g_clear_pointer(&pins->online, bpfpv_cpuset_free);
    g_clear_pointer(&pins->refused_cpus, bpfpv_cpuset_free);
    g_clear_pointer(&pins->refusals, bpfpv_refusals_free);
}
