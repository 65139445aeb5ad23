/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it was: nobody got a CPU before another who could have had it and
 * comes first by docs/placement.md. Only what can be told from the plans: of
 * two who could have had the same CPUs, at the domain's last gain.
 */
#pragma once

#include "placement-check-cost.h"

/* One who asks for an anchor that he did not have before. */
typedef struct {
    const ScenarioDomain *domain;
    guint v;
    gboolean met;
    gboolean lost;
    gint64 waiting; /* since when; G_MAXINT64: from now on */
    BpfpvCpuset *candidates;
} CheckAsker;

void check_turns(Check *check);
