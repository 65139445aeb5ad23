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

/* status-metrics.c: OpenMetrics text. Returns: (transfer full) */
char *bpfpv_status_metrics(BpfpvManager *manager);

/**
 * bpfpv_status_why:
 * @planned: (nullable)
 *
 * Returns: (transfer none) (nullable): what there is to say of a vCPU
 */
const char *bpfpv_status_why(const BpfpvManaged *managed, guint vcpu, const BpfpvPlanVcpu *planned);

/* Returns: (transfer none) (nullable): what there is to say of another thread of QEMU's */
const char *bpfpv_status_thread_why(const BpfpvManaged *managed, const BpfpvAppliedThread *thread);

/* @plan: (nullable): the domain's
 * Returns: (transfer none) (nullable): what @thread shall have; a fixed one is not planned for */
const BpfpvCpuset *bpfpv_status_thread_planned(const BpfpvPlanDomain *plan,
                                               const BpfpvAppliedThread *thread);

/* Returns: (transfer full): what goes into the domain's own XML */
BpfpvStatus *bpfpv_status_describe(BpfpvManager *manager, const BpfpvManaged *managed);
