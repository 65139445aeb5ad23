/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands below the picture of the host: what its characters mean, and figures. */
#include "ctl/map/private.h"
#include "ctl/text-table.h"

static const BpfpvTextColumn columns[] = {{" ", FALSE}, {"DOMAIN", FALSE}, {"VCPUS", FALSE}};

/* Those that are drawn; @lost: those of which nothing but that they are offline is known. */
static void
count_states(const BpfpvMapModel *model, guint *counts, guint *lost)
{
    for (guint g = 0; g < model->groups->len; g++) {
        const BpfpvMapGroup *group = &g_array_index(model->groups, BpfpvMapGroup, g);

        for (guint i = group->first; i < group->first + group->n && !group->lost; i++)
            counts[bpfpv_map_cpu(model, i)->state]++;
        *lost += group->lost ? group->n : 0;
    }
}

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

static int
compare_seats(gconstpointer a, gconstpointer b)
{
    const BpfpvMapSeat *left = a, *right = b;

    if (left->fixed != right->fixed)
        return left->fixed ? 1 : -1;
    return left->vcpu < right->vcpu ? -1 : left->vcpu > right->vcpu;
}

static const BpfpvMapSeat *
seat_at(const BpfpvMapWho *who, guint index)
{
    return &g_array_index(who->seats, BpfpvMapSeat, index);
}

/* Seats from @first on whose vCPUs and CPUs both go up by one. */
static guint
count_run(const BpfpvMapWho *who, guint first)
{
    const BpfpvMapSeat *start = seat_at(who, first);
    guint n = 1;

    while (first + n < who->seats->len && seat_at(who, first + n)->fixed == start->fixed &&
           seat_at(who, first + n)->vcpu == start->vcpu + n &&
           seat_at(who, first + n)->cpu == start->cpu + n)
        n++;
    return n;
}

/* "0-3 on 4-7, 5 on 9, pinned: 6 on 12" */
static char *
describe_seats(const BpfpvMapWho *who)
{
    GString *text = g_string_new(NULL);
    gboolean fixed = FALSE;

    g_array_sort(who->seats, compare_seats);
    for (guint i = 0; i < who->seats->len;) {
        const BpfpvMapSeat *seat = seat_at(who, i);
        guint n = count_run(who, i);

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               seat->fixed && !fixed ? "pinned: " : "");
        fixed = seat->fixed;
        if (n > 1)
            g_string_append_printf(text, "%u-%u on %u-%u", seat->vcpu, seat->vcpu + n - 1,
                                   seat->cpu, seat->cpu + n - 1);
        else
            g_string_append_printf(text, "%u on %u", seat->vcpu, seat->cpu);
        i += n;
    }
    return g_string_free(text, FALSE);
}

static char *
describe_who(const BpfpvMapWho *who)
{
    g_autofree char *cpus = NULL;

    if (who->managed)
        return describe_seats(who);
    cpus = bpfpv_cpuset_format(who->cpus);
    return g_strdup_printf("not managed, pinned to %s", cpus);
}

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
        g_autofree char *seats = describe_who(who);

        if (dense)
            bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, letter);
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, who->name);
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, seats);
    }
    text = bpfpv_text_table_render(table, &canvas->term);
    g_string_append_printf(canvas->out, "\n%s", text);
}

/* ---- figures ---- */

static void
append_floating(GString *text, const BpfpvMapModel *model)
{
    guint least = G_MAXUINT, most = 0, n = 0;

    for (guint i = 0; i < model->cpus->len; i++) {
        guint floating = bpfpv_map_cpu(model, i)->floating;

        if (floating == 0)
            continue;
        least = MIN(least, floating);
        most = MAX(most, floating);
        n++;
    }
    if (n == 0) {
        g_string_append(text, "no vCPU floats");
        return;
    }
    if (n == 1)
        g_string_append(text, "vCPUs floating on 1 CPU: ");
    else
        g_string_append_printf(text, "vCPUs floating on each of %u CPUs: ", n);
    if (least < most)
        g_string_append_printf(text, "%u to ", least);
    g_string_append_printf(text, "%u", most);
}

static void
draw_figures(BpfpvMapCanvas *canvas, const guint *counts, guint lost)
{
    const BpfpvMapModel *model = canvas->model;

    g_string_append_printf(canvas->out,
                           "  %u of %u CPUs online, pool %s, reserve %u\n  anchors: %u; ",
                           model->cpus->len - counts[BPFPV_MAP_OFFLINE] - lost, model->cpus->len,
                           model->pool, model->reserve, counts[BPFPV_MAP_ANCHOR]);
    append_floating(canvas->out, model);
    g_string_append_c(canvas->out, '\n');
    if (*model->isolated != '\0')
        g_string_append_printf(canvas->out, "  isolated, where the kernel does not balance: %s\n",
                               model->isolated);
}

void
bpfpv_map_draw_legend(BpfpvMapCanvas *canvas, gboolean dense)
{
    guint counts[BPFPV_MAP_N_STATES] = {0};
    guint lost = 0;

    count_states(canvas->model, counts, &lost);
    g_string_append_c(canvas->out, '\n');
    draw_symbols(canvas, counts, dense);
    if (!knows_caches(canvas->model))
        g_string_append(canvas->out, "  which CPUs share a cache is not known\n");
    draw_figures(canvas, counts, lost);
    if (needs_list(canvas->model, dense))
        draw_list(canvas, dense);
}
