/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where vCPUs are pinned, as libvirt says (the live definition) and as the kernel does (the
 * thread's affinity), and assertions that wait for both.
 */
#include "bed-private.h"

#include <string.h>

#define MAX_VCPUS 512

typedef struct {
    BedGuest *guest;
    guint vcpu;
    const char *expected; /* NULL: any single CPU */
    char *pin;
    char *actual;
} Expectation;

char *
bed_format_map(const unsigned char *map, int length)
{
    GString *text = g_string_new(NULL);
    int n = length * 8;

    for (int i = 0; i < n; i++) {
        int first = i;

        if (!VIR_CPU_USED(map, i))
            continue;
        while (i + 1 < n && VIR_CPU_USED(map, i + 1))
            i++;
        g_string_append_printf(text, i > first ? "%s%d-%d" : "%s%d", text->len ? "," : "", first,
                               i);
    }
    return g_string_free(text, FALSE);
}

char *
bed_host_cpus(void)
{
    unsigned char *map = NULL;
    int n = virNodeGetCPUMap(bed_connect(), &map, NULL, 0);
    char *text;

    if (n < 0)
        bed_fail("can't read the host's CPUs: %s", bed_libvirt_error());
    text = bed_format_map(map, VIR_CPU_MAPLEN(n));
    free(map);
    return text;
}

int
bed_map_length(void)
{
    int n = virNodeGetCPUMap(bed_connect(), NULL, NULL, 0);

    if (n < 0)
        bed_fail("can't read the host's CPUs: %s", bed_libvirt_error());
    return VIR_CPU_MAPLEN(n);
}

char *
bed_vcpupin(BedGuest *guest, guint vcpu)
{
    int length = bed_map_length();
    g_autofree unsigned char *maps = g_malloc0((gsize)MAX_VCPUS * length);
    int n = virDomainGetVcpuPinInfo(bed_guest_domain(guest), MAX_VCPUS, maps, length,
                                    VIR_DOMAIN_AFFECT_LIVE);

    if (n < 0 || vcpu >= (guint)n)
        bed_fail("can't read the pin of vCPU %u of %s: %s", vcpu, bed_guest_name(guest),
                 bed_libvirt_error());
    return bed_format_map(VIR_GET_CPUMAP(maps, length, vcpu), length);
}

char *
bed_vcpu_actual(BedGuest *guest, guint vcpu)
{
    int length = bed_map_length();
    g_autofree virVcpuInfo *info = g_new0(virVcpuInfo, MAX_VCPUS);
    g_autofree unsigned char *maps = g_malloc0((gsize)MAX_VCPUS * length);
    int n = virDomainGetVcpus(bed_guest_domain(guest), info, MAX_VCPUS, maps, length);

    for (int i = 0; i < n; i++) {
        if (info[i].number == vcpu)
            return bed_format_map(VIR_GET_CPUMAP(maps, length, i), length);
    }
    bed_fail("can't read the affinity of vCPU %u of %s: %s", vcpu, bed_guest_name(guest),
             bed_libvirt_error());
}

static gboolean
is_single(const char *cpus)
{
    return *cpus != '\0' && strspn(cpus, "0123456789") == strlen(cpus);
}

static gboolean
is_met(gpointer data)
{
    Expectation *e = data;

    g_free(e->pin);
    g_free(e->actual);
    e->pin = bed_vcpupin(e->guest, e->vcpu);
    e->actual = bed_vcpu_actual(e->guest, e->vcpu);
    return g_str_equal(e->pin, e->actual) &&
           (e->expected ? g_str_equal(e->pin, e->expected) : is_single(e->pin));
}

/* (transfer full): the pin that it got. */
static char *
expect(BedGuest *guest, guint vcpu, const char *cpus, guint timeout_ms)
{
    Expectation e = {guest, vcpu, cpus, NULL, NULL};

    if (!bed_wait(is_met, &e, timeout_ms))
        bed_fail("vCPU %u of %s should be pinned to %s; its pin is %s, its thread runs on %s", vcpu,
                 bed_guest_name(guest), cpus ? cpus : "a single CPU", e.pin, e.actual);
    g_free(e.actual);
    return e.pin;
}

void
bed_assert_vcpupin(BedGuest *guest, guint vcpu, const char *cpus, guint timeout_ms)
{
    g_free(expect(guest, vcpu, cpus, timeout_ms));
}

void
bed_assert_vcpupin_all(BedGuest *guest, guint vcpu, guint timeout_ms)
{
    g_autofree char *all = bed_host_cpus();

    g_free(expect(guest, vcpu, all, timeout_ms));
}

int
bed_assert_vcpupin_single(BedGuest *guest, guint vcpu, guint timeout_ms)
{
    g_autofree char *pin = expect(guest, vcpu, NULL, timeout_ms);

    return (int)g_ascii_strtoll(pin, NULL, 10);
}
