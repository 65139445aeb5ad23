/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placement solver: a pure, deterministic function from what the host has
 * and what the guests ask for to a plan. The rules that hold for every plan
 * are in docs/placement.md.
 */
#pragma once

#include "core/demand.h"
#include "core/plan.h"
#include "core/topology.h"

typedef enum {
    BPFPV_MODE_EXCLUSIVE, /* everything else that is managed stays off anchored CPUs */
    BPFPV_MODE_SHARED,    /* floating vCPUs may use anchored CPUs too */
} BpfpvPlacementMode;

/* One domain's wishes and bounds; all pointers are borrowed for the call. */
typedef struct {
    const char *domain;          /* unique key, e.g. the UUID */
    const BpfpvDemand *demand;   /* its n_vcpus is the domain's */
    const GPtrArray *original;   /* of BpfpvCpuset, by vCPU: as before bpfpv */
    const BpfpvCpuset *fixed;    /* (nullable): vCPUs that keep their original whatever it is */
    const BpfpvCpuset *pool;     /* (nullable): host CPUs it may be anchored to; NULL: any */
    BpfpvPlacementMode mode;
    guint max_anchors;           /* G_MAXUINT: no limit of its own */
} BpfpvPlacementDomain;

typedef struct {
    const BpfpvTopology *topology;
    const BpfpvCpuset *pool;     /* (nullable): host CPUs that may hold anchors; NULL: any */
    guint reserve;               /* online CPUs that never hold an anchor, at least */
} BpfpvPlacementHost;

/* @domains: (element-type BpfpvPlacementDomain); @current: (nullable): the last plan, for
 * hysteresis: an anchor that can stay stays. Returns: (transfer full): the plan; never fails,
 * what can't be met is marked unmet with the reason. */
BpfpvPlan *bpfpv_placement_solve(const BpfpvPlacementHost *host, const GPtrArray *domains,
                                 const BpfpvPlan *current);

/* How many anchors @domain could get at the very most with nobody else on the host; 0 means its
 * pool can never give one, and @why (out, transfer full) says why and what to change. */
guint bpfpv_placement_capacity(const BpfpvPlacementHost *host, const BpfpvPlacementDomain *domain,
                               char **why);
