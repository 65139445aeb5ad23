/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the picture of the host says of a CPU and of those that share a cache. */
#include "ctl/map/private.h"

/* Longer names are cut, and explained in the legend. */
#define NAME_WIDTH 20

static const struct {
    char symbol;
    BpfpvStyle style;
} looks[BPFPV_MAP_N_STATES] = {
    [BPFPV_MAP_FREE] = {'.', BPFPV_STYLE_PLAIN},    [BPFPV_MAP_OUTSIDE] = {'-', BPFPV_STYLE_DIM},
    [BPFPV_MAP_IDLE] = {'_', BPFPV_STYLE_DIM},      [BPFPV_MAP_ANCHOR] = {'?', BPFPV_STYLE_GOOD},
    [BPFPV_MAP_FIXED] = {'?', BPFPV_STYLE_HEADING}, [BPFPV_MAP_TAKEN] = {'#', BPFPV_STYLE_BUSY},
    [BPFPV_MAP_OFFLINE] = {'!', BPFPV_STYLE_BAD},
};

gboolean
bpfpv_map_has_sitter(const BpfpvMapCpu *cpu)
{
    return cpu->who != NULL && cpu->who->managed &&
           (cpu->state == BPFPV_MAP_ANCHOR || cpu->state == BPFPV_MAP_FIXED);
}

char
bpfpv_map_cpu_symbol(const BpfpvMapCpu *cpu)
{
    return bpfpv_map_has_sitter(cpu) ? cpu->who->letter : looks[cpu->state].symbol;
}

BpfpvStyle
bpfpv_map_cpu_style(const BpfpvMapCpu *cpu)
{
    return looks[cpu->state].style;
}

/* Cuts at a character, and never between one and what is combined with it. */
static char *
shorten(const char *name, gboolean *shortened)
{
    GString *text = g_string_new(NULL);
    guint width = 0;

    if (bpfpv_term_text_width(name) <= NAME_WIDTH)
        return g_string_free(g_string_append(text, name), FALSE);
    for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
        if (width >= NAME_WIDTH)
            break;
        g_string_append_unichar(text, c);
    }
    *shortened = TRUE;
    return g_string_free(g_string_append_c(text, '~'), FALSE);
}

char *
bpfpv_map_cpu_text(const BpfpvMapCpu *cpu, gboolean *shortened)
{
    GString *text = g_string_new(NULL);
    gboolean cut = cpu->more > 0;

    if (bpfpv_map_has_sitter(cpu)) {
        g_autofree char *name = shorten(cpu->who->name, &cut);

        g_string_append_printf(text, "%s%s/%u", cpu->state == BPFPV_MAP_FIXED ? "=" : "", name,
                               cpu->vcpu);
    } else {
        g_string_append_c(text, looks[cpu->state].symbol);
        if (cpu->state == BPFPV_MAP_TAKEN && cpu->who != NULL) {
            g_autofree char *name = shorten(cpu->who->name, &cut);

            g_string_append(text, name);
        }
    }
    if (cpu->more > 0)
        g_string_append_printf(text, "+%u", cpu->more);
    if (shortened != NULL)
        *shortened = cut;
    return g_string_free(text, FALSE);
}

char *
bpfpv_map_numbers(const BpfpvMapModel *model, guint first, guint n)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new();

    for (guint i = first; i < first + n; i++)
        bpfpv_cpuset_add(set, bpfpv_map_cpu(model, i)->cpu);
    return bpfpv_cpuset_format(set);
}

char *
bpfpv_map_group_name(const BpfpvMapModel *model, const BpfpvMapGroup *group)
{
    const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, group->first);
    GString *name = g_string_new(NULL);

    if (group->lost)
        g_string_append(name, "offline");
    else if (cpu->cache >= 0)
        g_string_append_printf(name, "cache %d", cpu->cache);
    else if (cpu->socket >= 0)
        g_string_append_printf(name, "socket %d", cpu->socket);
    else
        g_string_append(name, "somewhere");
    if (cpu->efficiency == 1)
        g_string_append(name, ", efficiency cores");
    else if (cpu->efficiency > 1)
        g_string_append_printf(name, ", efficiency class %u", cpu->efficiency);
    return g_string_free(name, FALSE);
}
