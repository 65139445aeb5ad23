/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A what-if for placement: a host and domains from a file of JSON, as
 * bpfpv-placement(7) describes it. Reads files, prints nothing.
 */
#pragma once

#include "core/placer/placer.h"

typedef struct {
    char *name;
    BpfpvPlacementDomain view; /* its pointers are to the following */
    BpfpvDemand *demand;
    GPtrArray *original;   /* of BpfpvCpuset */
    BpfpvCpuset *enabled;  /* vCPUs that are plugged in; others are only placeholders */
    BpfpvCpuset *realtime; /* (nullable) */
    BpfpvCpuset *pool;
    BpfpvCpuset *near;  /* (nullable) */
    GPtrArray *devices; /* of addresses: PCI devices that it has */
    gboolean near_devices;
    BpfpvGuestTopology *guest;
    GArray *threads;        /* of BpfpvPlacementThread */
    GPtrArray *thread_sets; /* of BpfpvCpuset, that they borrow */
} BpfpvScenarioDomain;

typedef struct {
    BpfpvTopology *topology;
    BpfpvCpuset *pool;
    BpfpvCpuset *taken;
    GHashTable *devices; /* (nullable) address → cell */
    guint reserve;
    BpfpvSpread spread;
    BpfpvShare share;
    GPtrArray *domains; /* of BpfpvScenarioDomain */
    BpfpvPlan *current; /* (nullable) */
} BpfpvScenario;

/* @path: file names in it are relative to its folder. Errors name the member, its value and what
 * to write instead. */
BpfpvScenario *bpfpv_scenario_load(const char *path, GError **error);
/* Returns: (transfer none) (nullable) */
const BpfpvScenarioDomain *bpfpv_scenario_find_domain(const BpfpvScenario *scenario,
                                                      const char *name);
/* Solves it. @placer: a new one; borrows from @scenario */
void bpfpv_scenario_place(const BpfpvScenario *scenario, BpfpvPlacer *placer);
void bpfpv_scenario_free(BpfpvScenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvScenario, bpfpv_scenario_free)
