/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that draw the SVG share. All lengths are in its own units, a pixel at full size.
 */
#pragma once

#include "ctl/map/text.h"

/* Everything is within this width; a small host takes less. */
#define BPFPV_SVG_WIDTH 1240
#define BPFPV_SVG_MARGIN 20
#define BPFPV_SVG_LINE 18
/* The width of a letter: those of the fonts that are asked for are 0.6 of its size, 12. Fonts
 * differ; this is ample. */
#define BPFPV_SVG_LETTER 7.4

typedef struct {
    const BpfpvMapModel *model;
    GString *out;
    gboolean dense;        /* a number for each CPU that somebody sits on, not a name */
    guint tile_w, tile_h;  /* of a CPU */
    gboolean is_measuring; /* nothing is written: only sizes are asked for */
} BpfpvSvg;

typedef struct {
    guint w, h;
} BpfpvSvgSize;

/* write.c */

/* The same, to be asked for sizes. */
BpfpvSvg bpfpv_svg_measure(const BpfpvSvg *svg);
void bpfpv_svg_write(const BpfpvSvg *svg, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Text content: escaped, whatever it is. Returns: (transfer full) */
char *bpfpv_svg_escape(const char *text);
/* @class: of the style sheet; @text: any */
void bpfpv_svg_text(const BpfpvSvg *svg, guint x, guint y, const char *class, const char *text);
void bpfpv_svg_rect(const BpfpvSvg *svg, guint x, guint y, BpfpvSvgSize size, const char *class);
/* The width of text in the font above. */
guint bpfpv_svg_text_width(const char *text);
/* What a domain is called where there is no room for its name: its place in the list below the
 * picture, from 1. Returns: (transfer full) */
char *bpfpv_svg_key(const BpfpvMapModel *model, const BpfpvMapWho *who);
/* The fill of a domain's vCPUs: "hsl(…)". Returns: (transfer full) */
char *bpfpv_svg_colour(const BpfpvMapModel *model, const BpfpvMapWho *who);

/* host.c: cells, caches, cores and CPUs from (x, y) on. Returns: the room that they take */
BpfpvSvgSize bpfpv_svg_host(const BpfpvSvg *svg, guint x, guint y);
/* How large a CPU has to be for what is said of it. */
void bpfpv_svg_choose_tiles(BpfpvSvg *svg);

/* tile.c: one CPU */
void bpfpv_svg_tile(const BpfpvSvg *svg, const BpfpvMapCpu *cpu, guint x, guint y);
/* The class that a state is drawn with: "free", "anchor", … */
const char *bpfpv_svg_state_class(BpfpvMapState state);

/* legend.c: what the colours mean, figures, and who sits where. */
BpfpvSvgSize bpfpv_svg_legend(const BpfpvSvg *svg, guint x, guint y);
