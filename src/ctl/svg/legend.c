/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is below the picture: what its colours mean, figures, and who sits where. */
#include "ctl/svg/private.h"

#define SWATCH 14
#define INDENT (SWATCH + 6)
#define GAP 16
#define COLUMN_GAP 28
#define KEY_WIDTH 34
#define MAX_WIDTH (BPFPV_SVG_WIDTH - 2 * BPFPV_SVG_MARGIN)

static const struct {
    BpfpvMapState state;
    const char *text;
} entries[] = {
    {BPFPV_MAP_ANCHOR, "anchor, in its domain's colour"},
    {BPFPV_MAP_FIXED, "pinned by definition or by hand"},
    {BPFPV_MAP_IDLE, "idle beside an isolated anchor"},
    {BPFPV_MAP_TAKEN, "taken by an unmanaged domain"},
    {BPFPV_MAP_FREE, "free"},
    {BPFPV_MAP_OUTSIDE, "not in the pool"},
    {BPFPV_MAP_OFFLINE, "offline"},
};

static void
draw_swatch(const BpfpvSvg *svg, guint x, guint y, const char *class, const char *colour)
{
    bpfpv_svg_write(svg, "<rect class=\"tile %s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"",
                    class, x, y, SWATCH, SWATCH);
    if (colour != NULL)
        bpfpv_svg_write(svg, " style=\"fill:%s\"", colour);
    bpfpv_svg_write(svg, "/>\n");
}

static void
grow(BpfpvSvgSize *size, BpfpvSvgSize below)
{
    size->w = MAX(size->w, below.w);
    size->h += below.h;
}

/* Of the states that there are. */
static BpfpvSvgSize
draw_states(const BpfpvSvg *svg, guint x, guint y)
{
    guint counts[BPFPV_MAP_N_STATES] = {0};
    BpfpvSvgSize size = {0, BPFPV_SVG_LINE};
    guint at = 0, lost = 0;

    bpfpv_map_count_states(svg->model, counts, &lost);
    counts[BPFPV_MAP_OFFLINE] += lost;
    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        guint width = INDENT + bpfpv_svg_text_width(entries[i].text);

        if (counts[entries[i].state] == 0)
            continue;
        if (at > 0 && at + width > MAX_WIDTH) {
            at = 0;
            size.h += BPFPV_SVG_LINE;
        }
        draw_swatch(svg, x + at, y + size.h - BPFPV_SVG_LINE,
                    bpfpv_svg_state_class(entries[i].state), NULL);
        bpfpv_svg_text(svg, x + at + INDENT, y + size.h - BPFPV_SVG_LINE + 11, "text",
                       entries[i].text);
        size.w = MAX(size.w, at + width);
        at += width + GAP;
    }
    return size;
}

/* Text on as many lines as it needs, broken at spaces. */
static BpfpvSvgSize
draw_wrapped(const BpfpvSvg *svg, guint x, guint y, guint width, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    BpfpvSvgSize size = {0, 0};

    for (guint i = 0; words[i] != NULL; i++) {
        g_autofree char *longer = g_strconcat(line->str, line->len > 0 ? " " : "", words[i], NULL);

        if (line->len > 0 && bpfpv_svg_text_width(longer) > width) {
            bpfpv_svg_text(svg, x, y + size.h + 11, "text", line->str);
            size.h += BPFPV_SVG_LINE;
            g_string_assign(line, words[i]);
        } else {
            g_string_assign(line, longer);
        }
        size.w = MAX(size.w, bpfpv_svg_text_width(line->str));
    }
    bpfpv_svg_text(svg, x, y + size.h + 11, "text", line->str);
    size.h += BPFPV_SVG_LINE;
    return size;
}

static BpfpvSvgSize
draw_figures(const BpfpvSvg *svg, guint x, guint y)
{
    g_autofree char *text = bpfpv_map_figures(svg->model);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    BpfpvSvgSize size = {0, 0};

    for (guint i = 0; lines[i] != NULL; i++)
        grow(&size, draw_wrapped(svg, x, y + size.h, MAX_WIDTH, lines[i]));
    return size;
}

/* "web1: 0 on 4, 1 on 5", with its colour, and its number where CPUs have no more than that. */
static BpfpvSvgSize
draw_domain(const BpfpvSvg *svg, const BpfpvMapWho *who, guint x, guint y)
{
    g_autofree char *key = bpfpv_svg_key(svg->model, who);
    g_autofree char *colour = who->managed ? bpfpv_svg_colour(svg->model, who) : NULL;
    g_autofree char *seats = bpfpv_map_who_text(who);
    g_autofree char *text = g_strdup_printf("%s: %s", who->name, seats);
    guint indent = INDENT;
    BpfpvSvgSize size;

    draw_swatch(svg, x, y, who->managed ? "anchor" : "taken", colour);
    if (svg->dense) {
        bpfpv_svg_text(svg, x + INDENT, y + 11, "key", key);
        indent += KEY_WIDTH;
    }
    size = draw_wrapped(svg, x + indent, y, MAX_WIDTH - indent, text);
    size.w += indent;
    return size;
}

/* The largest of them all. */
static BpfpvSvgSize
measure_domains(const BpfpvSvg *svg)
{
    BpfpvSvg measure = bpfpv_svg_measure(svg);
    BpfpvSvgSize most = {0, 0};

    for (guint i = 0; i < svg->model->who->len; i++) {
        BpfpvSvgSize one = draw_domain(&measure, svg->model->who->pdata[i], 0, 0);

        most.w = MAX(most.w, one.w);
        most.h = MAX(most.h, one.h);
    }
    return most;
}

/* In columns, from top to bottom, where all are short. */
static BpfpvSvgSize
draw_domains(const BpfpvSvg *svg, guint x, guint y)
{
    BpfpvSvgSize most = measure_domains(svg);
    guint n = svg->model->who->len;
    guint n_columns = MAX((MAX_WIDTH + COLUMN_GAP) / (most.w + COLUMN_GAP), 1);
    guint n_rows = (n + n_columns - 1) / n_columns;
    BpfpvSvgSize size = {0, 0}, column = {0, 0};
    guint left = 0;

    for (guint i = 0; i < n; i++) {
        if (i > 0 && i % n_rows == 0) {
            left += most.w + COLUMN_GAP;
            column.h = 0;
        }
        grow(&column, draw_domain(svg, svg->model->who->pdata[i], x + left, y + column.h));
        size.w = MAX(size.w, left + column.w);
        size.h = MAX(size.h, column.h);
    }
    return size;
}

BpfpvSvgSize
bpfpv_svg_legend(const BpfpvSvg *svg, guint x, guint y)
{
    BpfpvSvgSize size = draw_states(svg, x, y);

    size.h += 6;
    grow(&size, draw_figures(svg, x, y + size.h));
    size.h += 6;
    grow(&size, draw_domains(svg, x, y + size.h));
    return size;
}
