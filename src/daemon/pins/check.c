/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an administrator pinned while there was no connection to libvirt, and so no event: found
 * by reading the pins again. They are read in order with our own calls, so that whatever those
 * make of them is in force or pending here.
 */
#include "daemon/pins/private.h"

typedef struct {
    BpfpvPins *pins;     /* a reference */
    BpfpvCpuset *online; /* host CPUs */
    guint n_heard;
} Check;

static Check *
check_new(BpfpvPins *pins, const BpfpvCpuset *online)
{
    Check *check = g_new0(Check, 1);

    check->pins = g_rc_box_acquire(pins);
    check->online = bpfpv_cpuset_copy(online);
    return check;
}

/* All CPUs that are online is what libvirt shows of a thread without a pin, and changes with them:
 * it does not tell that anybody pinned it. */
static void
hear(Check *check, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    if (!bpfpv_cpuset_is_subset(check->online, cpus))
        check->n_heard += bpfpv_pins_heard(check->pins, kind, id, cpus);
}

static void
check_end(Check *check, const GError *error)
{
    BpfpvPins *pins = check->pins;

    if (error)
        g_debug("%s", error->message); /* the connection is lost again: the next one asks again */
    if (check->n_heard > 0)
        pins->funcs->ready(pins, NULL, pins->user_data);
    bpfpv_cpuset_free(check->online);
    g_free(check);
    g_rc_box_release(pins);
}

static void
on_vcpus(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Check *check = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_finish(result, &error);

    for (guint i = 0; !check->pins->closed && present && i < present->len; i++)
        hear(check, BPFPV_THREAD_VCPU, i,
             ((const BpfpvPinnedThread *)g_ptr_array_index(present, i))->cpus);
    check_end(check, error);
}

static void
on_threads(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Check *check = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_threads_finish(result, &error);

    for (guint i = 0; !check->pins->closed && present && i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);

        hear(check, thread->kind, thread->id, thread->cpus);
    }
    check_end(check, error);
}

void
bpfpv_pins_reconnected(BpfpvPins *pins, const BpfpvCpuset *online)
{
    g_clear_pointer(&pins->expected, g_ptr_array_unref);
    if (!pins->ready)
        return; /* they are being read anyway */
    bpfpv_pinner_read(pins->pinner, on_vcpus, check_new(pins, online));
    bpfpv_pinner_read_threads(pins->pinner, on_threads, check_new(pins, online));
}
