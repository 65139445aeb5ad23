/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules that look at more than one vCPU or one plan: what stays where it
 * was, what a cohort has, the sums. check_plan() is the whole check.
 */
#pragma once

#include "placement-check-turns.h"

/* The CPU that @v was anchored to before and keeps if it can, or -1; @young: it may not be moved
 * yet. */
int check_held(const Check *check, const ScenarioDomain *domain, guint v, gboolean *young);

/* Could all who hold something keep just that, together? Then they must. */
gboolean check_all_can_hold(const Check *check);

void check_init(Check *check, const Scenario *scenario);

void check_clear(Check *check);

/* Returns: (transfer full): the complaints about @plan, "" if it keeps every rule. */
char *check_plan(const Scenario *scenario, const BpfpvPlan *before, const BpfpvPlan *plan);
