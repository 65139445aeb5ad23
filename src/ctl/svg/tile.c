/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One CPU: its number and who sits there, or that one's number; the rest is told where the pointer
 * is. */
#include "ctl/svg/private.h"

static const struct {
    const char *class;
    const char *meaning;
} states[BPFPV_MAP_N_STATES] = {
    [BPFPV_MAP_FREE] = {"free", "free"},
    [BPFPV_MAP_OUTSIDE] = {"outside", "not in the pool"},
    [BPFPV_MAP_IDLE] = {"idle", "idle beside an isolated anchor"},
    [BPFPV_MAP_ANCHOR] = {"anchor", "anchor"},
    [BPFPV_MAP_FIXED] = {"fixed", "pinned by definition or by hand"},
    [BPFPV_MAP_TAKEN] = {"taken", "taken by an unmanaged domain"},
    [BPFPV_MAP_OFFLINE] = {"offline", "offline"},
};

const char *
bpfpv_svg_state_class(BpfpvMapState state)
{
    return states[state].class;
}

/* All there is to say of it: "CPU 3: anchor, web1/0; vCPUs floating: 2" */
static char *
describe(const BpfpvMapCpu *cpu)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "CPU %u: %s", cpu->cpu, states[cpu->state].meaning);
    if (bpfpv_map_has_sitter(cpu))
        g_string_append_printf(text, ", %s/%u", cpu->who->name, cpu->vcpu);
    else if (cpu->who != NULL)
        g_string_append_printf(text, ", %s", cpu->who->name);
    if (cpu->more > 0)
        g_string_append_printf(text, " and %u more", cpu->more);
    if (cpu->floating > 0)
        g_string_append_printf(text, "; vCPUs floating: %u", cpu->floating);
    return g_string_free(text, FALSE);
}

/* In its domain's colour, where somebody of it sits there. */
static void
draw_box(const BpfpvSvg *svg, const BpfpvMapCpu *cpu, guint x, guint y)
{
    g_autofree char *colour =
        bpfpv_map_has_sitter(cpu) ? bpfpv_svg_colour(svg->model, cpu->who) : NULL;

    bpfpv_svg_write(svg,
                    "<rect class=\"tile %s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
                    "rx=\"2\"",
                    states[cpu->state].class, x, y, svg->tile_w, svg->tile_h);
    if (colour != NULL)
        bpfpv_svg_write(svg, " style=\"fill:%s\"", colour);
    bpfpv_svg_write(svg, "/>\n");
}

static gboolean
has_somebody(const BpfpvMapCpu *cpu)
{
    return bpfpv_map_has_sitter(cpu) || (cpu->state == BPFPV_MAP_TAKEN && cpu->who != NULL);
}

static void
draw_name(const BpfpvSvg *svg, const BpfpvMapCpu *cpu, guint x, guint y)
{
    g_autofree char *number = g_strdup_printf("%u", cpu->cpu);
    g_autofree char *text = has_somebody(cpu) ? bpfpv_map_cpu_text(cpu, NULL) : NULL;

    bpfpv_svg_text(svg, x + 5, y + 13, "number", number);
    if (text != NULL)
        bpfpv_svg_text(svg, x + 5, y + 29, "who", text);
}

static void
draw_key(const BpfpvSvg *svg, const BpfpvMapCpu *cpu, guint x, guint y)
{
    g_autofree char *key = has_somebody(cpu) ? bpfpv_svg_key(svg->model, cpu->who) : NULL;

    if (key != NULL)
        bpfpv_svg_text(svg, x + svg->tile_w / 2, y + svg->tile_h / 2 + 4, "tile-key", key);
}

void
bpfpv_svg_tile(const BpfpvSvg *svg, const BpfpvMapCpu *cpu, guint x, guint y)
{
    g_autofree char *text = NULL;
    g_autofree char *escaped = NULL;

    if (svg->is_measuring)
        return;
    text = describe(cpu);
    escaped = bpfpv_svg_escape(text);
    bpfpv_svg_write(svg, "<g id=\"cpu%u\"><title>%s</title>\n", cpu->cpu, escaped);
    draw_box(svg, cpu, x, y);
    if (svg->dense)
        draw_key(svg, cpu, x, y);
    else
        draw_name(svg, cpu, x, y);
    bpfpv_svg_write(svg, "</g>\n");
}
