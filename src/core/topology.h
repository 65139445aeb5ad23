/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's CPUs as placement sees them. Filled by an adapter; pure data.
 */
#pragma once

#include "core/cpuset.h"

typedef struct _BpfpvTopology BpfpvTopology;

/* @present: every host CPU; @online: those that can run now, a non-empty part of it. */
BpfpvTopology *bpfpv_topology_new(const BpfpvCpuset *present, const BpfpvCpuset *online);
void bpfpv_topology_free(BpfpvTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvTopology, bpfpv_topology_free)

const BpfpvCpuset *bpfpv_topology_present(const BpfpvTopology *topology);
const BpfpvCpuset *bpfpv_topology_online(const BpfpvTopology *topology);
