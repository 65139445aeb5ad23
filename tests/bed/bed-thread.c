/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where QEMU's threads that are no vCPUs may run: the emulator's pin with the affinity of QEMU's
 * main thread, and the I/O threads', which libvirt takes from the kernel.
 */
#define _GNU_SOURCE /* sched_getaffinity() */
#include "bed-private.h"

#include <sched.h>

typedef struct {
    BedGuest *guest;
    int iothread; /* -1: the emulator */
    const char *expected;
    char *pin;
    char *actual; /* NULL: not known */
} Expectation;

char *
bed_emulatorpin(BedGuest *guest)
{
    int length = bed_map_length();
    g_autofree unsigned char *map = g_malloc0((gsize)length);

    if (virDomainGetEmulatorPinInfo(bed_guest_domain(guest), map, length, VIR_DOMAIN_AFFECT_LIVE) <
        0)
        bed_fail("can't read the emulator's pin of %s: %s", bed_guest_name(guest),
                 bed_libvirt_error());
    return bed_format_map(map, length);
}

char *
bed_iothreadpin(BedGuest *guest, guint id)
{
    virDomainIOThreadInfoPtr *infos = NULL;
    int n = virDomainGetIOThreadInfo(bed_guest_domain(guest), &infos, VIR_DOMAIN_AFFECT_LIVE);
    char *text = NULL;

    if (n < 0)
        bed_fail("can't read the I/O threads of %s: %s", bed_guest_name(guest),
                 bed_libvirt_error());
    for (int i = 0; i < n; i++) {
        if (infos[i]->iothread_id == id)
            text = bed_format_map(infos[i]->cpumap, infos[i]->cpumaplen);
        virDomainIOThreadInfoFree(infos[i]);
    }
    free(infos);
    return text ? text : g_strdup("");
}

/* (nullable): where QEMU's main thread may run. The second host's processes are not looked for. */
static char *
main_thread_cpus(BedGuest *guest)
{
    g_autofree char *path = g_strdup_printf("/run/libvirt/qemu/%s.pid", bed_guest_name(guest));
    g_autofree char *pid = NULL;
    cpu_set_t set;

    if (bed_is_on_second() || !g_file_get_contents(path, &pid, NULL, NULL) ||
        sched_getaffinity((pid_t)g_ascii_strtoll(pid, NULL, 10), sizeof(set), &set) < 0)
        return NULL;
    return bed_format_map((const unsigned char *)&set, sizeof(set));
}

static gboolean
is_met(gpointer data)
{
    Expectation *e = data;

    g_free(e->pin);
    g_clear_pointer(&e->actual, g_free);
    if (e->iothread < 0) {
        e->pin = bed_emulatorpin(e->guest);
        e->actual = main_thread_cpus(e->guest);
    } else {
        e->pin = bed_iothreadpin(e->guest, (guint)e->iothread);
    }
    return g_str_equal(e->pin, e->expected) && (!e->actual || g_str_equal(e->pin, e->actual));
}

static void
expect(BedGuest *guest, int iothread, const char *cpus, guint timeout_ms)
{
    g_autofree char *all = bed_host_cpus();
    Expectation e = {guest, iothread, cpus ? cpus : all, NULL, NULL};
    g_autofree char *name =
        iothread < 0 ? g_strdup("the emulator") : g_strdup_printf("I/O thread %d", iothread);

    if (!bed_wait(is_met, &e, timeout_ms))
        bed_fail("%s of %s should be pinned to %s; its pin is \"%s\"%s%s", name,
                 bed_guest_name(guest), e.expected, e.pin, e.actual ? ", it runs on " : "",
                 e.actual ? e.actual : "");
    g_free(e.pin);
    g_free(e.actual);
}

void
bed_assert_emulatorpin(BedGuest *guest, const char *cpus, guint timeout_ms)
{
    expect(guest, -1, cpus, timeout_ms);
}

void
bed_assert_iothreadpin(BedGuest *guest, guint id, const char *cpus, guint timeout_ms)
{
    expect(guest, (int)id, cpus, timeout_ms);
}
