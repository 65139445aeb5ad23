/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which vCPU each CPU of a guest is. A guest numbers its CPUs as it finds
 * them: with vCPUs that are plugged in out of order, its CPU 1 may be vCPU 3.
 * What both sides know of a CPU is its id in hardware: on x86 the APIC id, on arm64 the MPIDR.
 * Pure.
 */
#pragma once

#include "core/topology/guest-topology.h"

/* What the guest says of one of its CPUs. */
typedef struct {
    guint32 cpu;
    guint32 id; /* of the kind that the domain's topology says, see BpfpvCpuIdKind */
} BpfpvGuestCpuId;

typedef struct _BpfpvGuestCpus BpfpvGuestCpus;

/**
 * bpfpv_guest_cpus_new:
 * @online: the guest's CPUs that are online
 * @ids: (nullable) (element-type BpfpvGuestCpuId): what the guest says of them, unchecked; empty or
 *   %NULL, from a machine without such ids: CPU n is taken for vCPU n
 * @guest: (nullable): the domain's topology; %NULL: a core for each vCPU
 * @n_vcpus: the vCPUs that the domain may have at most
 * @enabled: (nullable): those of them that are plugged in; %NULL: all. Whatever the guest says, no
 *   other is online.
 *
 * Returns: (transfer full): the guest's CPUs; copies what it needs
 */
BpfpvGuestCpus *bpfpv_guest_cpus_new(const BpfpvCpuset *online, const GArray *ids,
                                     const BpfpvGuestTopology *guest, guint n_vcpus,
                                     const BpfpvCpuset *enabled);
void bpfpv_guest_cpus_free(BpfpvGuestCpus *cpus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvGuestCpus, bpfpv_guest_cpus_free)

/* Returns: (transfer none): the vCPUs that are online; a CPU that is no vCPU of the domain's counts
 *   as one above all of them */
const BpfpvCpuset *bpfpv_guest_cpus_online(const BpfpvGuestCpus *cpus);
/* Whether the guest says that a vCPU is online which is not plugged in: what is known of that is
 * old, or the guest is wrong. */
gboolean bpfpv_guest_cpus_has_unplugged(const BpfpvGuestCpus *cpus);
/* @mask: CPUs as the guest numbers them.
 * Returns: (transfer full): the vCPUs that those of them are that are online */
BpfpvCpuset *bpfpv_guest_cpus_to_vcpus(const BpfpvGuestCpus *cpus, const BpfpvCpuset *mask);
