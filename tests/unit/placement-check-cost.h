/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a CPU costs an anchor, by the table of docs/placement.md and not by the
 * solver: whoever is the only one to get a CPU gets one that costs least.
 */
#pragma once

#include "placement-check.h"

/* Lines of the table, and what they cost. */
typedef enum {
    COST_MEMORY,
    COST_CLASS,
    COST_SPLIT,
    COST_NARROW,
    COST_STRANGER,
    COST_AWAY,
    COST_CELL,
    COST_CACHE,
    COST_TIGHT,
    COST_BALANCED,
    N_COSTS,
} CheckCost;

typedef struct {
    const ScenarioDomain *domain;
    guint v;
} CheckOwner;

/* Who is where, but for the one that is looked at. */
typedef struct {
    Check *check;
    CheckOwner *owner; /* by CPU; domain NULL: nobody */
    guint n_cpus;
    BpfpvCpuset *free;
    BpfpvCpuset *shut;
    guint n_used;
} CheckState;

void check_state_clear(CheckState *state);

/* All met anchors of the plan, without the vCPU @v of @but. */
CheckState check_state(Check *check, const ScenarioDomain *but, guint v);

/* What @v loses on @cpu, line by line. Returns: the sum */
guint check_cost(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
                 guint costs[N_COSTS]);

/* What the vCPUs of @domain that float cost outside its home. */
guint check_float_cost(const Check *check, const ScenarioDomain *domain);

gboolean check_stays(const Check *check, const ScenarioDomain *domain, guint v);

/* Needs all who hold something to be where they were. */
void check_costs_of_newcomer(Check *check);
