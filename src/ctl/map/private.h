/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that draw the host share. */
#pragma once

#include "ctl/map/text.h"

typedef struct {
    const BpfpvMapModel *model;
    BpfpvTerm term; /* its width is never 0 */
    GString *out;
} BpfpvMapCanvas;

/* text.c: what is said of a CPU in one character. */
char bpfpv_map_cpu_symbol(const BpfpvMapCpu *cpu);
BpfpvStyle bpfpv_map_cpu_style(const BpfpvMapCpu *cpu);

/* detail.c: a box for each core. */
gboolean bpfpv_map_fits_detail(const BpfpvMapCanvas *canvas);
void bpfpv_map_draw_detail(BpfpvMapCanvas *canvas, const BpfpvMapGroup *group);

/* dense.c: a character for each CPU. Draws from group @index on, not past @end, and returns
 * how many groups that were. */
guint bpfpv_map_draw_dense(BpfpvMapCanvas *canvas, guint index, guint end);

/* legend.c: what the characters mean, who has a letter, and figures. */
void bpfpv_map_draw_legend(BpfpvMapCanvas *canvas, gboolean dense);
