/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The MPIDR of each CPU of an arm64 guest, by which the host knows the vCPU. The kernel shows the
 * register to nobody, but firmware says it of each CPU: the device tree, or else ACPI.
 */
#ifndef BPFPV_GUEST_MPIDR_H
#define BPFPV_GUEST_MPIDR_H

#include <stdint.h>

#include "kernel/cpu-ids.h"

/**
 * mpidr_read:
 * @sysfs: where sysfs is, "/sys"
 * @ids: (inout): its count and what is counted are set: one for each CPU that is present, or none
 *   if firmware doesn't say it of each, or there are more than fit
 *
 * An id is the affinity fields of the register: Aff3 to Aff0, a byte each, from the highest.
 */
void mpidr_read(const char *sysfs, struct cpu_ids *ids);

#endif
