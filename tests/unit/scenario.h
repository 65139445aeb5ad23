/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement scenarios for tests: a host and domains that own what the solver
 * only borrows.
 */
#pragma once

#include "unit.h"

#include "core/placer/placement.h"

typedef struct {
    BpfpvPlacementDomain view; /* first: a pointer to this is one to the view */
    char *key;
    guint n_vcpus;
    BpfpvDemand *demand;
    GPtrArray *original;
    BpfpvCpuset *pool;
    BpfpvCpuset *allowed;
    BpfpvCpuset *refused;
    BpfpvGuestTopology *guest;
    GArray *threads;
    GPtrArray *thread_sets; /* of BpfpvCpuset: what threads point to */
} ScenarioDomain;

typedef struct {
    BpfpvPlacementHost host;
    BpfpvTopology *topology;
    BpfpvCpuset *pool;
    BpfpvCpuset *taken;
    GPtrArray *domains; /* of ScenarioDomain */
    BpfpvPlan *plan;    /* the last one */
    gint64 now_us;
} Scenario;

void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

void scenario_set_online(Scenario *scenario, const char *present_text, const char *online_text);

/* @pool_text: NULL for any */
Scenario *scenario_new(const char *online_text, const char *pool_text, guint reserve);

/* @originals_text: one set per vCPU, separated by spaces; an exclusive domain without a pool of
 * its own and without limit, until the test changes that. */
ScenarioDomain *scenario_add(Scenario *scenario, const char *key, const char *originals_text);

/* A thread of QEMU's; the emulator is number 0. */
void scenario_add_thread(ScenarioDomain *domain, BpfpvThreadKind kind, guint id,
                         const char *set_text);

/* @where: by CPU, "cell:cache:core[:efficiency]", separated by spaces. */
BpfpvTopology *scenario_topology(const char *where, const char *online_text);

void scenario_take_topology(Scenario *scenario, BpfpvTopology *topology);

void scenario_set_pool(ScenarioDomain *domain, const char *pool_text);

/* What the domain's cgroup allows; NULL: anything */
void scenario_set_allowed(ScenarioDomain *domain, const char *allowed_text);

/* CPUs that it was refused; NULL: none */
void scenario_set_refused(ScenarioDomain *domain, const char *refused_text);

void scenario_clear_demand(ScenarioDomain *domain);

/* One more task on the vCPUs @mask: one is an anchor, several are a cohort. */
void scenario_demand(ScenarioDomain *domain, const BpfpvCpuset *mask);

void scenario_anchor(ScenarioDomain *domain, const char *vcpus_text);

void scenario_solve(Scenario *scenario);

const BpfpvPlanVcpu *plan_vcpu(const BpfpvPlan *plan, const char *key, guint vcpu);

/* A plan in one line: "a: anchor=2 float=0-1,3 anchor!=0-1(why); b: …"; ! is unmet. */
char *plan_to_text(const BpfpvPlan *plan, gboolean with_why);

void assert_plan(const Scenario *scenario, const char *expected);
