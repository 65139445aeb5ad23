/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hardware each CPU of the guest is: its APIC id, by which the host knows
 * the vCPU. The numbers of the kernel follow the order of plugging.
 */
#ifndef BPFPV_GUEST_CPU_IDS_H
#define BPFPV_GUEST_CPU_IDS_H

#include <stdint.h>

#include "bpfpv_wire.h"

struct cpu_ids {
    int fd;         /* /proc/cpuinfo; stays open: read again after privileges are gone */
    uint32_t count; /* 0 on a machine without APICs, and where there are too many to tell */
    struct bpfpv_wire_cpu_id of[BPFPV_WIRE_MAX_CPU_IDS];
};

/**
 * cpu_ids_open:
 * @ids: (out): of the CPUs that are online; none if the kernel doesn't say
 */
void cpu_ids_open(struct cpu_ids *ids);

/**
 * cpu_ids_refresh:
 *
 * Reads them again.
 */
void cpu_ids_refresh(struct cpu_ids *ids);

#endif
