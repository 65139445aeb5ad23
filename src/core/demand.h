/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one domain's guest asks for, in vCPUs: which vCPUs have tasks that may
 * run only there (anchored), and to which sets of several vCPUs tasks are
 * confined (cohorts). Built by a program's host half from its table. Pure.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"

typedef struct {
    BpfpvCpuset *vcpus; /* two or more, not all online ones */
    guint tasks;        /* tasks confined to exactly this set */
} BpfpvCohort;

typedef struct _BpfpvDemand BpfpvDemand;

/* @n_vcpus: the domain's vCPUs, 1..BPFPV_CPUSET_MAX */
BpfpvDemand *bpfpv_demand_new(guint n_vcpus);
BpfpvDemand *bpfpv_demand_copy(const BpfpvDemand *demand);
void bpfpv_demand_free(BpfpvDemand *demand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDemand, bpfpv_demand_free)

/* Adds @tasks tasks confined to @mask. @online: the guest's online CPUs. A mask that covers
 * all of @online asks for nothing; one that has a single online vCPU below n_vcpus anchors it;
 * else a cohort. CPUs that are offline or not below n_vcpus are not counted in a mask. */
void bpfpv_demand_add(BpfpvDemand *demand, const BpfpvCpuset *mask, const BpfpvCpuset *online,
                      guint tasks);

guint bpfpv_demand_n_vcpus(const BpfpvDemand *demand);
gboolean bpfpv_demand_is_empty(const BpfpvDemand *demand);
/* Tasks that anchor @vcpu; 0: it is not anchored. */
guint bpfpv_demand_anchor_tasks(const BpfpvDemand *demand, guint vcpu);
/* Tasks of all cohorts that contain @vcpu. */
guint bpfpv_demand_cohort_tasks(const BpfpvDemand *demand, guint vcpu);
/* (element-type BpfpvCohort), sorted by their sets, so that equal demands are equal */
const GPtrArray *bpfpv_demand_cohorts(const BpfpvDemand *demand);
gboolean bpfpv_demand_equal(const BpfpvDemand *a, const BpfpvDemand *b);
/* Whether both ask for the same anchors and cohorts, by however many tasks. */
gboolean bpfpv_demand_same_wants(const BpfpvDemand *a, const BpfpvDemand *b);
