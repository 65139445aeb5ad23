/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs, as the kernel says; what libvirt does not tell, and for those who don't ask it.
 */
#pragma once

#include "core/cpuset/cpuset.h"

/**
 * bpfpv_host_cpus_read:
 *
 * Returns: (transfer full) (nullable): all CPUs that are present, online or
 *   not; %NULL where the kernel does not say
 */
BpfpvCpuset *bpfpv_host_cpus_read(void);

/**
 * bpfpv_host_cpus_read_efficient:
 * @sysfs: where sysfs is: "/sys"
 *
 * Reads which CPUs are the slower cores of a hybrid host: what the kernel
 * calls cpu_atom beside cpu_core (its Documentation/admin-guide/perf, x86
 * hybrid PMUs).
 *
 * Returns: (transfer full): the CPUs; none on other hosts
 */
BpfpvCpuset *bpfpv_host_cpus_read_efficient(const char *sysfs);
