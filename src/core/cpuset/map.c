/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of CPU numbers from and to libvirt's cpumaps, which are bytes.
 */
#include "core/cpuset/cpuset.h"

#include <string.h>

/**
 * bpfpv_cpuset_new_from_map:
 * @map: (array length=maplen): libvirt's cpumap, CPU n is bit n % 8 of byte n / 8
 * @maplen: number of bytes
 * @n_cpus: CPUs at or above this number, or %BPFPV_CPUSET_MAX, are cut off
 *
 * Returns: (transfer full): the set
 */
BpfpvCpuset *
bpfpv_cpuset_new_from_map(const guchar *map, gsize maplen, guint n_cpus)
{
    BpfpvCpuset *set = bpfpv_cpuset_new();
    guint end = (guint)MIN((guint64)maplen * 8, MIN(n_cpus, BPFPV_CPUSET_MAX));

    for (guint cpu = 0; cpu < end; cpu++) {
        if (map[cpu / 8] & (1u << cpu % 8))
            bpfpv_cpuset_add(set, cpu);
    }
    return set;
}

/**
 * bpfpv_cpuset_to_map:
 * @set: the set
 * @map: (out caller-allocates) (array length=maplen): filled as
 *   virDomainPinVcpu() wants it: CPU n is bit n % 8 of byte n / 8
 * @maplen: bytes in @map; CPUs that don't fit are left out
 *
 * Writes all @maplen bytes of @map.
 */
void
bpfpv_cpuset_to_map(const BpfpvCpuset *set, guchar *map, gsize maplen)
{
    memset(map, 0, maplen);
    for (int c = bpfpv_cpuset_next(set, 0); c >= 0 && (gsize)c / 8 < maplen;
         c = bpfpv_cpuset_next(set, (guint)c + 1))
        map[c / 8] |= (guchar)(1u << c % 8);
}
