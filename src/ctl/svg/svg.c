/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture as a whole; see svg.h. */
#include "ctl/svg/svg.h"

#include "ctl/svg/private.h"

#define TITLE_HEIGHT 34
#define LEGEND_GAP 18
/* The title is larger than other text. */
#define TITLE_LETTER 10

/* Dark text on a light ground of its own, whatever the page around it has. Who can't tell colours
 * apart has names or numbers, dashes and hatching. */
static const char style[] =
    "<style>\n"
    "text{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px;fill:#1c2733}\n"
    ".title{font-size:16px;font-weight:bold}\n"
    ".cell-name{font-weight:bold}\n"
    ".heading,.number{fill:#52606d}\n"
    ".number{font-size:10px}\n"
    ".key,.tile-key{font-weight:bold}\n"
    ".tile-key{font-size:10px;text-anchor:middle}\n"
    ".ground{fill:#fff}\n"
    ".cell{fill:#f4f6f8;stroke:#9aa5b1}\n"
    ".cache{fill:#e4e9ee;stroke:#b8c2cc}\n"
    ".core{fill:#b8c2cc}\n"
    ".tile{fill:#fff;stroke:#7b8794}\n"
    ".outside{fill:#d5dbe1;stroke:#9aa5b1}\n"
    ".idle{fill:url(#idle)}\n"
    ".anchor{fill:hsl(210,65%,72%);stroke:#1c2733}\n"
    ".fixed{fill:hsl(210,65%,72%);stroke:#1c2733;stroke-width:2;stroke-dasharray:3 2}\n"
    ".taken{fill:url(#taken);stroke:#1c2733}\n"
    ".offline{fill:#52606d}\n"
    "g>.offline~text{fill:#fff}\n"
    "</style>\n"
    "<defs>\n"
    "<pattern id=\"idle\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<path d=\"M0 0h5v5h-5z\" fill=\"#fff\"/>"
    "<path d=\"M2 2h1.6v1.6h-1.6z\" fill=\"#aeb8c2\"/></pattern>\n"
    "<pattern id=\"taken\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\">"
    "<path d=\"M0 0h7v7h-7z\" fill=\"#f3e3c3\"/>"
    "<path d=\"M0 0h2v7h-2z\" fill=\"#e0c48c\"/></pattern>\n"
    "</defs>\n";

/* For those who can't see it: what is below the picture, as text. */
static char *
describe(const BpfpvMapModel *model)
{
    g_autofree char *figures = bpfpv_map_figures(model);
    g_auto(GStrv) lines = g_strsplit(figures, "\n", -1);
    g_autofree char *joined = g_strjoinv("; ", lines);
    GString *text = g_string_new(joined);

    for (guint i = 0; i < model->who->len; i++) {
        const BpfpvMapWho *who = model->who->pdata[i];
        g_autofree char *seats = bpfpv_map_who_text(who);

        g_string_append_printf(text, "; %s: %s", who->name, seats);
    }
    return g_string_free(text, FALSE);
}

static void
write_head(const BpfpvSvg *svg, const char *title, BpfpvSvgSize size)
{
    g_autofree char *text = describe(svg->model);
    g_autofree char *description = bpfpv_svg_escape(text);
    g_autofree char *name = bpfpv_svg_escape(title);

    bpfpv_svg_write(svg,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" "
                    "height=\"%u\" role=\"img\" aria-labelledby=\"title desc\">\n"
                    "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n%s",
                    size.w, size.h, size.w, size.h, name, description, style);
    bpfpv_svg_rect(svg, 0, 0, size, "ground");
}

/* What is below the head. Returns: the size of the whole */
static BpfpvSvgSize
draw_body(const BpfpvSvg *svg, const char *title)
{
    g_autofree char *clean = bpfpv_term_clean(title);
    guint width = bpfpv_term_text_width(clean) * TITLE_LETTER;
    guint y = BPFPV_SVG_MARGIN + TITLE_HEIGHT;
    BpfpvSvgSize host, legend;

    bpfpv_svg_text(svg, BPFPV_SVG_MARGIN, BPFPV_SVG_MARGIN + 16, "title", title);
    host = bpfpv_svg_host(svg, BPFPV_SVG_MARGIN, y);
    y += host.h + LEGEND_GAP;
    legend = bpfpv_svg_legend(svg, BPFPV_SVG_MARGIN, y);
    width = MAX(width, MAX(host.w, legend.w));
    return (BpfpvSvgSize){width + 2 * BPFPV_SVG_MARGIN, y + legend.h + BPFPV_SVG_MARGIN};
}

char *
bpfpv_svg_draw(GVariant *map, const char *title)
{
    g_autoptr(BpfpvMapModel) model = bpfpv_map_model_new(map);
    BpfpvSvg svg = {.model = model}, measure;

    if (model->cpus->len == 0)
        return NULL;
    bpfpv_svg_choose_tiles(&svg);
    measure = bpfpv_svg_measure(&svg);
    svg.out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_head(&svg, title, draw_body(&measure, title));
    draw_body(&svg, title);
    bpfpv_svg_write(&svg, "</svg>\n");
    return g_string_free(svg.out, FALSE);
}
