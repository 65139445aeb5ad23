/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest is told of its CPUs, and where its memory lies. Filled by an
 * adapter from the domain's definition; pure data.
 */
#pragma once

#include "core/cpuset/cpuset.h"

/* By what a guest knows which vCPU each of its CPUs is. */
typedef enum {
    BPFPV_CPU_ID_APIC,  /* x86 */
    BPFPV_CPU_ID_MPIDR, /* arm64 */
    BPFPV_CPU_ID_NONE,  /* its own numbering */
} BpfpvCpuIdKind;

typedef struct {
    BpfpvCpuIdKind cpu_id;
    guint threads;     /* vCPUs of a core as the guest sees it: 1 or more; vCPU v is of core
                        * v / threads */
    guint cores;       /* of a die; 0: not said, all are of one */
    guint dies;        /* of a socket: 1 or more */
    GPtrArray *memory; /* (nullable) of BpfpvCpuset or NULL, by vCPU: ids of the host cells that
                        * hold the memory near it; NULL: anywhere */
} BpfpvGuestTopology;

/* An x86 machine, one thread per core, memory anywhere. */
BpfpvGuestTopology *bpfpv_guest_topology_new(void);
BpfpvGuestTopology *bpfpv_guest_topology_copy(const BpfpvGuestTopology *guest);
void bpfpv_guest_topology_free(BpfpvGuestTopology *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvGuestTopology, bpfpv_guest_topology_free)
/* Either may be NULL, which is what new() gives. */
gboolean bpfpv_guest_topology_equal(const BpfpvGuestTopology *a, const BpfpvGuestTopology *b);
/* Copies @cells. */
void bpfpv_guest_topology_set_memory(BpfpvGuestTopology *guest, guint vcpu,
                                     const BpfpvCpuset *cells);
/* Returns: (transfer none) (nullable): NULL: anywhere */
const BpfpvCpuset *bpfpv_guest_topology_memory(const BpfpvGuestTopology *guest, guint vcpu);
/* The id that QEMU gives @vcpu, of the kind that @guest has. @guest: (nullable): as new() gives */
guint bpfpv_guest_topology_cpu_id(const BpfpvGuestTopology *guest, guint vcpu);
