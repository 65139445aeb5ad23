/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placement solver for one change after another: keeps what it has worked
 * out of every domain, so that a change costs what that change is worth. Gives
 * the plans that bpfpv_placement_solve() gives. One thread.
 */
#pragma once

#include "core/placer/placement.h"

typedef struct _BpfpvPlacer BpfpvPlacer;

BpfpvPlacer *bpfpv_placer_new(void);
void bpfpv_placer_free(BpfpvPlacer *placer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPlacer, bpfpv_placer_free)

/* Copies what @host points to; cheap if it says what was said before. */
void bpfpv_placer_set_host(BpfpvPlacer *placer, const BpfpvPlacementHost *host);
/* Adds a domain or replaces what is known of it; copies, cheap if nothing changed. */
void bpfpv_placer_set_domain(BpfpvPlacer *placer, const BpfpvPlacementDomain *domain);
void bpfpv_placer_remove_domain(BpfpvPlacer *placer, const char *domain);
/* Keys of all domains. Returns: (transfer container) (element-type utf8) */
GPtrArray *bpfpv_placer_domains(const BpfpvPlacer *placer);
/* Takes @plan to be in force for the domains that both have and no solve has placed yet. */
void bpfpv_placer_adopt(BpfpvPlacer *placer, const BpfpvPlan *plan);

/* Solves. Returns: (transfer none): valid, and changed in place, until the next call */
const BpfpvPlan *bpfpv_placer_solve(BpfpvPlacer *placer, gint64 now_us);
/* Keys of the domains for which the last solve's plan is another than that before it.
 * Returns: (transfer none) (element-type utf8): valid until the next call */
const GPtrArray *bpfpv_placer_changed(const BpfpvPlacer *placer);
/* The last plan again. */
const BpfpvPlan *bpfpv_placer_plan(const BpfpvPlacer *placer);
/* The last plan, which the placer has no more then. */
BpfpvPlan *bpfpv_placer_steal_plan(BpfpvPlacer *placer);
/* When an anchor that nobody asks for is due: solve again then; G_MAXINT64: never. */
gint64 bpfpv_placer_next_us(const BpfpvPlacer *placer);
/* Anchors that the last solve moved for others. */
guint bpfpv_placer_written(const BpfpvPlacer *placer);
guint bpfpv_placer_moves(const BpfpvPlacer *placer);
void bpfpv_placer_score(const BpfpvPlacer *placer, BpfpvPlacementScore *score);
