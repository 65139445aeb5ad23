/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boxes within boxes: cells, what shares a cache, cores, CPUs. Each function
 * draws one with its upper left corner at a point and returns its size; a box
 * is measured, which is the same without writing, before what is in it is drawn.
 */
#include "ctl/svg/private.h"

/* Where names have room. */
#define MAX_DETAILED 128
#define TILE_H 36
#define MIN_TILE_W 64
#define DENSE_TILE 24
#define CORE_PAD 3
#define THREAD_GAP 2
#define CORE_GAP 5
#define BOX_PAD 9
#define BOX_GAP 10
#define HEADING 21

/* Puts boxes beside each other, and below where the line is full. */
typedef struct {
    guint max;  /* width of a line */
    guint gap;  /* between two */
    guint x, y; /* of the next */
    guint line; /* height of this line so far */
    BpfpvSvgSize size;
} Flow;

static void
flow_add(Flow *flow, BpfpvSvgSize size, guint *x, guint *y)
{
    if (flow->x > 0 && flow->x + size.w > flow->max) {
        flow->y += flow->line + flow->gap;
        flow->x = flow->line = 0;
    }
    *x = flow->x;
    *y = flow->y;
    flow->x += size.w + flow->gap;
    flow->line = MAX(flow->line, size.h);
    flow->size.w = MAX(flow->size.w, *x + size.w);
    flow->size.h = flow->y + flow->line;
}

/* ---- cores ---- */

static BpfpvSvgSize
core_size(const BpfpvSvg *svg, guint threads)
{
    return (BpfpvSvgSize){2 * CORE_PAD + threads * svg->tile_w + (threads - 1) * THREAD_GAP,
                          2 * CORE_PAD + svg->tile_h};
}

static void
draw_core(const BpfpvSvg *svg, guint first, guint threads, guint x, guint y)
{
    bpfpv_svg_rect(svg, x, y, core_size(svg, threads), "core");
    for (guint i = 0; i < threads; i++)
        bpfpv_svg_tile(svg, bpfpv_map_cpu(svg->model, first + i),
                       x + CORE_PAD + i * (svg->tile_w + THREAD_GAP), y + CORE_PAD);
}

/* A core of more threads than a line has room for is drawn in parts. */
static guint
fitting_threads(const BpfpvSvg *svg, guint threads, guint max)
{
    guint most = (max - 2 * CORE_PAD + THREAD_GAP) / (svg->tile_w + THREAD_GAP);

    return MIN(threads, MAX(most, 1));
}

/* Lines of as many cores each, as far as that goes: no last line of one, with a hole beside it.
 * Returns: the width of a line */
static guint
even_width(const BpfpvSvg *svg, const BpfpvMapGroup *group, guint max)
{
    guint n = 0, widest = 1, per_line, n_lines;

    for (guint i = group->first; i < group->first + group->n; n++) {
        guint threads = fitting_threads(svg, bpfpv_map_count_threads(svg->model, group, i), max);

        widest = MAX(widest, core_size(svg, threads).w);
        i += threads;
    }
    per_line = MAX((max + CORE_GAP) / (widest + CORE_GAP), 1);
    n_lines = (n + per_line - 1) / per_line;
    per_line = (n + n_lines - 1) / n_lines;
    return per_line * (widest + CORE_GAP) - CORE_GAP;
}

static BpfpvSvgSize
draw_cores(const BpfpvSvg *svg, const BpfpvMapGroup *group, guint x, guint y, guint max)
{
    Flow flow = {.max = even_width(svg, group, max), .gap = CORE_GAP};

    for (guint i = group->first; i < group->first + group->n;) {
        guint threads = fitting_threads(svg, bpfpv_map_count_threads(svg->model, group, i), max);
        guint dx, dy;

        flow_add(&flow, core_size(svg, threads), &dx, &dy);
        draw_core(svg, i, threads, x + dx, y + dy);
        i += threads;
    }
    return flow.size;
}

/* ---- what shares a cache ---- */

/* The end of a heading that is longer than its box is not missed: each CPU says its number. */
static char *
fit(const char *text, guint width)
{
    glong keep = g_utf8_strlen(text, -1);
    g_autofree char *cut = NULL;

    if (bpfpv_svg_text_width(text) <= width)
        return g_strdup(text);
    while (keep > 0) {
        g_free(cut);
        cut = g_utf8_substring(text, 0, --keep);
        if (bpfpv_svg_text_width(cut) + bpfpv_svg_text_width("...") <= width)
            break;
    }
    return g_strconcat(cut, "...", NULL);
}

static char *
group_heading(const BpfpvSvg *svg, const BpfpvMapGroup *group, guint width)
{
    g_autofree char *name = bpfpv_map_group_name(svg->model, group);
    g_autofree char *numbers = bpfpv_map_numbers(svg->model, group->first, group->n);
    g_autofree char *text = g_strdup_printf("%s: %s", name, numbers);

    return fit(text, width);
}

static BpfpvSvgSize
draw_group(const BpfpvSvg *svg, const BpfpvMapGroup *group, guint x, guint y, guint max)
{
    BpfpvSvg measure = bpfpv_svg_measure(svg);
    guint inner = max - 2 * BOX_PAD;
    g_autofree char *heading = group_heading(svg, group, inner);
    BpfpvSvgSize size = draw_cores(&measure, group, 0, 0, inner);

    size.w = MAX(size.w, bpfpv_svg_text_width(heading)) + 2 * BOX_PAD;
    size.h += HEADING + BOX_PAD;
    if (svg->is_measuring)
        return size;
    bpfpv_svg_rect(svg, x, y, size, "cache");
    bpfpv_svg_text(svg, x + BOX_PAD, y + 15, "heading", heading);
    draw_cores(svg, group, x + BOX_PAD, y + HEADING, inner);
    return size;
}

/* ---- cells ---- */

static BpfpvSvgSize
draw_groups(const BpfpvSvg *svg, int cell, guint x, guint y, guint max)
{
    Flow flow = {.max = max, .gap = BOX_GAP};
    BpfpvSvg measure = bpfpv_svg_measure(svg);
    guint group, end;

    bpfpv_map_cell_groups(svg->model, cell, &group, &end);
    for (; group < end; group++) {
        const BpfpvMapGroup *one = &g_array_index(svg->model->groups, BpfpvMapGroup, group);
        guint dx, dy;

        flow_add(&flow, draw_group(&measure, one, 0, 0, max), &dx, &dy);
        if (!svg->is_measuring)
            draw_group(svg, one, x + dx, y + dy, max);
    }
    return flow.size;
}

static BpfpvSvgSize
draw_cell(const BpfpvSvg *svg, const BpfpvMapCell *cell, guint x, guint y, guint max)
{
    BpfpvSvg measure = bpfpv_svg_measure(svg);
    guint inner = max - 2 * BOX_PAD;
    BpfpvSvgSize size = draw_groups(&measure, cell->cell, 0, 0, inner);
    g_autofree char *name = bpfpv_map_cell_name(svg->model, cell);
    g_autofree char *heading = g_strconcat(name, size.h == 0 ? ", no CPUs" : "", NULL);

    size.w = MAX(size.w, bpfpv_svg_text_width(heading)) + 2 * BOX_PAD;
    size.h += HEADING + (size.h > 0 ? BOX_PAD : 0);
    if (svg->is_measuring)
        return size;
    bpfpv_svg_rect(svg, x, y, size, "cell");
    bpfpv_svg_text(svg, x + BOX_PAD, y + 15, "cell-name", heading);
    draw_groups(svg, cell->cell, x + BOX_PAD, y + HEADING, inner);
    return size;
}

BpfpvSvgSize
bpfpv_svg_host(const BpfpvSvg *svg, guint x, guint y)
{
    Flow flow = {.max = BPFPV_SVG_WIDTH - 2 * BPFPV_SVG_MARGIN, .gap = BOX_GAP};
    BpfpvSvg measure = bpfpv_svg_measure(svg);

    for (guint i = 0; i < svg->model->cells->len; i++) {
        const BpfpvMapCell *cell = &g_array_index(svg->model->cells, BpfpvMapCell, i);
        guint dx, dy;

        flow_add(&flow, draw_cell(&measure, cell, 0, 0, flow.max), &dx, &dy);
        if (!svg->is_measuring)
            draw_cell(svg, cell, x + dx, y + dy, flow.max);
    }
    return flow.size;
}

void
bpfpv_svg_choose_tiles(BpfpvSvg *svg)
{
    svg->dense = svg->model->cpus->len > MAX_DETAILED;
    svg->tile_w = svg->dense ? DENSE_TILE : MIN_TILE_W;
    svg->tile_h = svg->dense ? DENSE_TILE : TILE_H;
    for (guint i = 0; !svg->dense && i < svg->model->cpus->len; i++) {
        g_autofree char *text = bpfpv_map_cpu_text(bpfpv_map_cpu(svg->model, i), NULL);

        svg->tile_w = MAX(svg->tile_w, bpfpv_svg_text_width(text) + 10);
    }
}
