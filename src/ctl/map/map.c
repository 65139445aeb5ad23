/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws the host; see map.h. Cells and what stands above them is here; a small
 * host's cores are drawn by detail.c, a large one's by dense.c.
 */
#include "ctl/map/map.h"

#include "ctl/map/private.h"

/* Where output is no terminal. */
#define DEFAULT_WIDTH 100

/* The one socket of @cell; -1: several, or not known. */
static int
socket_of(const BpfpvMapModel *model, int cell)
{
    int socket = -1;

    for (guint i = 0; i < model->cpus->len; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, i);

        if (cpu->cell != cell || cpu->socket < 0)
            continue;
        if (socket >= 0 && cpu->socket != socket)
            return -1;
        socket = cpu->socket;
    }
    return socket;
}

static void
append_memory(GString *out, guint64 kib)
{
    if (kib == 0)
        return;
    if (kib % (1024 * 1024) == 0)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " GiB", kib / (1024 * 1024));
    else
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " MiB", kib / 1024);
}

static void
draw_cell_heading(BpfpvMapCanvas *canvas, const BpfpvMapCell *cell, gboolean has_cpus)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int socket = socket_of(canvas->model, cell->cell);

    if (cell->cell < 0)
        g_string_append(text, "cell not known");
    else
        g_string_append_printf(text, "cell %d", cell->cell);
    if (canvas->model->n_sockets > 1 && socket >= 0)
        g_string_append_printf(text, ", socket %d", socket);
    append_memory(text, cell->memory_kib);
    if (!has_cpus)
        g_string_append(text, ", no CPUs");
    bpfpv_term_append(&canvas->term, canvas->out, BPFPV_STYLE_HEADING, text->str);
    g_string_append_c(canvas->out, '\n');
}

/* The groups of @cell are in a row. */
static void
find_groups(const BpfpvMapModel *model, int cell, guint *first, guint *end)
{
    *first = 0;
    while (*first < model->groups->len &&
           bpfpv_map_cpu(model, g_array_index(model->groups, BpfpvMapGroup, *first).first)->cell !=
               cell)
        (*first)++;
    *end = *first;
    while (*end < model->groups->len &&
           bpfpv_map_cpu(model, g_array_index(model->groups, BpfpvMapGroup, *end).first)->cell ==
               cell)
        (*end)++;
}

static void
draw_cell(BpfpvMapCanvas *canvas, const BpfpvMapCell *cell, gboolean detailed)
{
    guint group, end;

    find_groups(canvas->model, cell->cell, &group, &end);
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
