/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hardware each CPU of the guest is, by which the host knows the vCPU: its APIC id on x86, its
 * MPIDR on arm64 (mpidr.h). The numbers of the kernel follow the order in which it found them.
 */
#ifndef BPFPV_GUEST_CPU_IDS_H
#define BPFPV_GUEST_CPU_IDS_H

#include <stdint.h>

#include "bpfpv_wire.h"

struct cpu_ids {
    int fd;         /* /proc/cpuinfo; stays open: read again after privileges are gone. Or -1 */
    uint32_t count; /* 0 where the kernel says of none, or there are too many to tell */
    struct bpfpv_wire_cpu_id of[BPFPV_WIRE_MAX_CPU_IDS];
};

/**
 * cpu_ids_open:
 * @ids: (out): at least of the CPUs that are online; none if the kernel doesn't say
 */
void cpu_ids_open(struct cpu_ids *ids);

/**
 * cpu_ids_refresh:
 * @ids: (inout): what was opened, whose fd is not -1
 *
 * Reads them again.
 */
void cpu_ids_refresh(struct cpu_ids *ids);

#endif
