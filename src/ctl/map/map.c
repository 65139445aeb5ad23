/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws the host; see map.h. Cells and what stands above them is here; a small
 * host's cores are drawn by detail.c, a large one's by dense.c.
 */
#include "ctl/map/map.h"

#include "ctl/map/private.h"

/* Where output is no terminal. */
#define DEFAULT_WIDTH 100

static void
draw_cell_heading(BpfpvMapCanvas *canvas, const BpfpvMapCell *cell, gboolean has_cpus)
{
    g_autofree char *name = bpfpv_map_cell_name(canvas->model, cell);
    g_autofree char *text = g_strconcat(name, has_cpus ? "" : ", no CPUs", NULL);

    bpfpv_term_append(&canvas->term, canvas->out, BPFPV_STYLE_HEADING, text);
    g_string_append_c(canvas->out, '\n');
}

static void
draw_cell(BpfpvMapCanvas *canvas, const BpfpvMapCell *cell, gboolean detailed)
{
    guint group, end;

    bpfpv_map_cell_groups(canvas->model, cell->cell, &group, &end);
    draw_cell_heading(canvas, cell, group < end);
    while (group < end) {
        if (detailed)
            bpfpv_map_draw_detail(canvas,
                                  &g_array_index(canvas->model->groups, BpfpvMapGroup, group++));
        else
            group += bpfpv_map_draw_dense(canvas, group, end);
    }
}

char *
bpfpv_map_draw(GVariant *map, const BpfpvTerm *term)
{
    g_autoptr(BpfpvMapModel) model = bpfpv_map_model_new(map);
    BpfpvMapCanvas canvas = {model, *term, NULL};
    gboolean detailed;

    if (model->cpus->len == 0)
        return NULL;
    if (canvas.term.width == 0)
        canvas.term.width = DEFAULT_WIDTH;
    canvas.out = g_string_new(NULL);
    detailed = bpfpv_map_fits_detail(&canvas);
    for (guint i = 0; i < model->cells->len; i++)
        draw_cell(&canvas, &g_array_index(model->cells, BpfpvMapCell, i), detailed);
    bpfpv_map_draw_legend(&canvas, !detailed);
    return g_string_free(canvas.out, FALSE);
}
