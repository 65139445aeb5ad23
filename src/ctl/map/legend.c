/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands below the picture of the host: what its characters mean, and figures. */
#include "ctl/map/private.h"
#include "ctl/text-table.h"

static const BpfpvTextColumn columns[] = {{" ", FALSE}, {"DOMAIN", FALSE}, {"VCPUS", FALSE}};

/* Without cache data a socket stands for a cache. */
static gboolean
knows_caches(const BpfpvMapModel *model)
{
    for (guint i = 0; i < model->cpus->len; i++) {
        if (bpfpv_map_cpu(model, i)->cache >= 0)
            return TRUE;
    }
    return FALSE;
}

static void
draw_symbols(BpfpvMapCanvas *canvas, const guint *counts, gboolean dense)
{
    const struct {
        BpfpvMapState state;
        const char *text;
    } symbols[] = {
        {BPFPV_MAP_FREE, ". free"},
        {BPFPV_MAP_OUTSIDE, "- not in the pool"},
        {BPFPV_MAP_IDLE, "_ idle beside an isolated anchor"},
        {BPFPV_MAP_FIXED, dense ? NULL : "= pinned by definition or by hand"},
        {BPFPV_MAP_TAKEN, "# taken by an unmanaged domain"},
        {BPFPV_MAP_OFFLINE, "! offline"},
    };
    guint column = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(symbols); i++) {
        guint width;

        if (counts[symbols[i].state] == 0 || symbols[i].text == NULL)
            continue;
        width = bpfpv_term_text_width(symbols[i].text);
        if (column > 0 && column + 3 + width > canvas->term.width) {
            g_string_append_c(canvas->out, '\n');
            column = 0;
        }
        g_string_append_printf(canvas->out, "%s%s", column > 0 ? "   " : "  ", symbols[i].text);
        column += width + (column > 0 ? 3 : 2);
    }
    if (column > 0)
        g_string_append_c(canvas->out, '\n');
}

/* ---- who ---- */

static gboolean
needs_list(const BpfpvMapModel *model, gboolean dense)
{
    gboolean shortened = dense;

    for (guint i = 0; !shortened && i < model->cpus->len; i++)
        g_free(bpfpv_map_cpu_text(bpfpv_map_cpu(model, i), &shortened));
    return shortened && model->who->len > 0;
}

/* In a dense picture the letters are the key to it. */
static void
draw_list(BpfpvMapCanvas *canvas, gboolean dense)
{
    guint skip = dense ? 0 : 1;
    g_autoptr(BpfpvTextTable) table =
        bpfpv_text_table_new(columns + skip, G_N_ELEMENTS(columns) - skip);
    g_autofree char *text = NULL;

    for (guint i = 0; i < canvas->model->who->len; i++) {
        const BpfpvMapWho *who = canvas->model->who->pdata[i];
        const char letter[] = {who->letter, '\0'};
        g_autofree char *seats = bpfpv_map_who_text(who);

        if (dense)
            bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, letter);
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, who->name);
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, seats);
    }
    text = bpfpv_text_table_render(table, &canvas->term);
    g_string_append_printf(canvas->out, "\n%s", text);
}

static void
draw_figures(BpfpvMapCanvas *canvas)
{
    g_autofree char *text = bpfpv_map_figures(canvas->model);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++)
        g_string_append_printf(canvas->out, "  %s\n", lines[i]);
}

void
bpfpv_map_draw_legend(BpfpvMapCanvas *canvas, gboolean dense)
{
    guint counts[BPFPV_MAP_N_STATES] = {0};
    guint lost = 0;

    bpfpv_map_count_states(canvas->model, counts, &lost);
    g_string_append_c(canvas->out, '\n');
    draw_symbols(canvas, counts, dense);
    if (!knows_caches(canvas->model))
        g_string_append(canvas->out, "  which CPUs share a cache is not known\n");
    draw_figures(canvas);
    if (needs_list(canvas->model, dense))
        draw_list(canvas, dense);
}
