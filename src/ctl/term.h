/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpfpvctl knows about the terminal: its width, whether to colour, and
 * how to make text from a guest harmless on it. Reads the environment, prints
 * nothing.
 */
#pragma once

#include <glib.h>

typedef struct {
    gboolean colour;
    guint width;       /* columns; 0: not a terminal, lines may be of any length */
    guint height;      /* rows; 0: not known, or not a terminal */
    gboolean in_place; /* what was written can be overwritten */
} BpfpvTerm;

typedef enum {
    BPFPV_STYLE_PLAIN,
    BPFPV_STYLE_HEADING,
    BPFPV_STYLE_GOOD, /* it is as it was asked for */
    BPFPV_STYLE_BUSY, /* on the way, or not quite as asked for */
    BPFPV_STYLE_BAD,
    BPFPV_STYLE_DIM, /* there, but seldom of interest */
} BpfpvStyle;

typedef enum {
    BPFPV_COLOUR_AUTO, /* on a terminal that can, and if NO_COLOR does not say otherwise */
    BPFPV_COLOUR_ALWAYS,
    BPFPV_COLOUR_NEVER,
} BpfpvColour;

/* What @text says, AUTO if it is NULL. Returns: FALSE if it says none of them */
gboolean bpfpv_term_parse_colour(const char *text, BpfpvColour *colour);
/* fd: where output goes to */
void bpfpv_term_init(BpfpvTerm *term, int fd, BpfpvColour colour);
/* Whether a terminal shows this character as itself. */
gboolean bpfpv_term_is_harmless(gunichar c);
/* Text without anything that a terminal would obey. */
char *bpfpv_term_clean(const char *text);
/* Columns that clean text takes. */
guint bpfpv_term_text_width(const char *text);
/* Appends clean text in a style. */
void bpfpv_term_append(const BpfpvTerm *term, GString *out, BpfpvStyle style, const char *text);
/* The style that a domain's state is shown in. */
BpfpvStyle bpfpv_term_state_style(const char *state);
