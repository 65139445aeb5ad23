/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs, as the kernel says; what libvirt does not tell, and for those who don't ask it.
 */
#pragma once

#include "core/topology/topology.h"

/**
 * bpfpv_host_cpus_read:
 *
 * Returns: (transfer full) (nullable): all CPUs that are present, online or
 *   not; %NULL where the kernel does not say
 */
BpfpvCpuset *bpfpv_host_cpus_read(void);

/**
 * bpfpv_host_cpus_refine:
 * @topology: (transfer full): what libvirt says
 * @sysfs: where sysfs is: "/sys"
 *
 * Adds what libvirt leaves out:
 *
 * - slower cores. x86 has sets of them: cpu_atom, and slower still cpu_lowpower
 *   (arch/x86/events/intel/core.c in the kernel; Documentation/admin-guide/perf). Elsewhere
 *   cpu_capacity ranks the CPUs (Documentation/arch/arm64/cpu-capacity): a class has those within
 * an eighth of its fastest, since the same core at another clock differs by a few percent.
 * - last-level caches, where libvirt names none because the kernel gives them no ids (ARM, POWER):
 *   shared_cpu_list of the highest level (Documentation/ABI/stable/sysfs-devices-system-cpu).
 *
 * - CPUs that are isolated from the scheduler's balancing, by isolcpus= or a cpuset partition:
 *   /sys/devices/system/cpu/isolated (the same document).
 *
 * What cannot be read is left as it is.
 *
 * Returns: (transfer full): the same host with that
 */
BpfpvTopology *bpfpv_host_cpus_refine(BpfpvTopology *topology, const char *sysfs);
