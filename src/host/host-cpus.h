/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs, as the kernel says; for those who don't ask libvirt. */
#pragma once

#include "core/cpuset.h"

/**
 * bpfpv_host_cpus_read:
 *
 * Returns: (transfer full) (nullable): all CPUs that are present, online or
 *   not; %NULL where the kernel does not say
 */
BpfpvCpuset *bpfpv_host_cpus_read(void);
