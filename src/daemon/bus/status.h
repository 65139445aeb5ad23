/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon knows of a domain, as the dictionaries of data/org.bpfpv1.xml. */
#pragma once

#include "daemon/manager/manager.h"

/* Returns: (transfer floating): aa{sv} */
GVariant *bpfpv_status_list(BpfpvManager *manager);
/* Returns: (transfer floating): a{sv} */
GVariant *bpfpv_status_show(BpfpvManager *manager, const BpfpvManaged *managed);
/* status-map.c: who sits on the host's CPUs; without any before the first connection to libvirt.
 * Returns: (transfer floating): a{sv} */
GVariant *bpfpv_status_map(BpfpvManager *manager);

/* status-host.c: the properties Ready, Programs, Pool and Anchors.
 * Returns: (transfer floating): a{sv} */
GVariant *bpfpv_status_host(BpfpvManager *manager);

/**
 * bpfpv_status_why:
 * @planned: (nullable)
 *
 * Returns: (transfer none) (nullable): what there is to say of a vCPU
 */
const char *bpfpv_status_why(const BpfpvManaged *managed, guint vcpu, const BpfpvPlanVcpu *planned);

/* Returns: (transfer none) (nullable): what there is to say of another thread of QEMU's */
const char *bpfpv_status_thread_why(const BpfpvManaged *managed, const BpfpvAppliedThread *thread);

/**
 * bpfpv_status_describe:
 * @online: (nullable): the host's CPUs
 *
 * Returns: (transfer full): the <status> element for the domain's metadata
 */
char *bpfpv_status_describe(BpfpvManager *manager, const BpfpvManaged *managed,
                            const BpfpvCpuset *online);
