/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements that the picture is made of. Every text goes through bpfpv_svg_escape(). */
#include "ctl/svg/private.h"

BpfpvSvg
bpfpv_svg_measure(const BpfpvSvg *svg)
{
    BpfpvSvg measure = *svg;

    measure.is_measuring = TRUE;
    return measure;
}

void
bpfpv_svg_write(const BpfpvSvg *svg, const char *format, ...)
{
    va_list arguments;

    if (svg->is_measuring)
        return;
    va_start(arguments, format);
    g_string_append_vprintf(svg->out, format, arguments);
    va_end(arguments);
}

char *
bpfpv_svg_escape(const char *text)
{
    g_autofree char *clean = bpfpv_term_clean(text);

    return g_markup_escape_text(clean, -1);
}

void
bpfpv_svg_text(const BpfpvSvg *svg, guint x, guint y, const char *class, const char *text)
{
    g_autofree char *escaped = NULL;

    if (svg->is_measuring)
        return;
    escaped = bpfpv_svg_escape(text);
    bpfpv_svg_write(svg, "<text class=\"%s\" x=\"%u\" y=\"%u\">%s</text>\n", class, x, y, escaped);
}

void
bpfpv_svg_rect(const BpfpvSvg *svg, guint x, guint y, BpfpvSvgSize size, const char *class)
{
    bpfpv_svg_write(svg,
                    "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"3\"/>\n",
                    class, x, y, size.w, size.h);
}

guint
bpfpv_svg_text_width(const char *text)
{
    return (guint)(bpfpv_term_text_width(text) * BPFPV_SVG_LETTER) + 1;
}

static guint
index_of(const BpfpvMapModel *model, const BpfpvMapWho *who)
{
    guint index = 0;

    g_ptr_array_find(model->who, who, &index);
    return index;
}

char *
bpfpv_svg_key(const BpfpvMapModel *model, const BpfpvMapWho *who)
{
    return g_strdup_printf("%u", index_of(model, who) + 1);
}

/* Neighbours in the list are far from each other on the colour wheel: steps of the golden angle. */
char *
bpfpv_svg_colour(const BpfpvMapModel *model, const BpfpvMapWho *who)
{
    guint index = index_of(model, who);

    return g_strdup_printf("hsl(%u,65%%,%u%%)", (210 + index * 137) % 360, 72 + index % 3 * 5);
}
