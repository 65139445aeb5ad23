/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a cell, of who sits where, and of the host as a whole; see text.h. */
#include "ctl/map/text.h"

/* ---- the host's parts ---- */

/* The one socket of @cell; -1: several, or not known. */
static int
socket_of(const BpfpvMapModel *model, int cell)
{
    int socket = -1;

    for (guint i = 0; i < model->cpus->len; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, i);

        if (cpu->cell != cell || cpu->socket < 0)
            continue;
        if (socket >= 0 && cpu->socket != socket)
            return -1;
        socket = cpu->socket;
    }
    return socket;
}

static void
append_memory(GString *out, guint64 kib)
{
    if (kib == 0)
        return;
    if (kib % (1024 * 1024) == 0)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " GiB", kib / (1024 * 1024));
    else
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " MiB", kib / 1024);
}

char *
bpfpv_map_cell_name(const BpfpvMapModel *model, const BpfpvMapCell *cell)
{
    GString *text = g_string_new(NULL);
    int socket = socket_of(model, cell->cell);

    if (cell->cell < 0)
        g_string_append(text, "cell not known");
    else
        g_string_append_printf(text, "cell %d", cell->cell);
    if (model->n_sockets > 1 && socket >= 0)
        g_string_append_printf(text, ", socket %d", socket);
    append_memory(text, cell->memory_kib);
    return g_string_free(text, FALSE);
}

void
bpfpv_map_cell_groups(const BpfpvMapModel *model, int cell, guint *first, guint *end)
{
    *first = 0;
    while (*first < model->groups->len &&
           bpfpv_map_cpu(model, g_array_index(model->groups, BpfpvMapGroup, *first).first)->cell !=
               cell)
        (*first)++;
    *end = *first;
    while (*end < model->groups->len &&
           bpfpv_map_cpu(model, g_array_index(model->groups, BpfpvMapGroup, *end).first)->cell ==
               cell)
        (*end)++;
}

guint
bpfpv_map_count_threads(const BpfpvMapModel *model, const BpfpvMapGroup *group, guint first)
{
    guint n = 1;

    while (first + n < group->first + group->n &&
           bpfpv_map_cpu(model, first + n)->core == bpfpv_map_cpu(model, first)->core)
        n++;
    return n;
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

char *
bpfpv_map_who_text(const BpfpvMapWho *who)
{
    g_autofree char *cpus = NULL;

    if (who->managed)
        return describe_seats(who);
    cpus = bpfpv_cpuset_format(who->cpus);
    return g_strdup_printf("not managed, pinned to %s", cpus);
}

/* ---- figures ---- */

void
bpfpv_map_count_states(const BpfpvMapModel *model, guint *counts, guint *lost)
{
    for (guint g = 0; g < model->groups->len; g++) {
        const BpfpvMapGroup *group = &g_array_index(model->groups, BpfpvMapGroup, g);

        for (guint i = group->first; i < group->first + group->n && !group->lost; i++)
            counts[bpfpv_map_cpu(model, i)->state]++;
        *lost += group->lost ? group->n : 0;
    }
}

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

char *
bpfpv_map_figures(const BpfpvMapModel *model)
{
    GString *text = g_string_new(NULL);
    guint counts[BPFPV_MAP_N_STATES] = {0};
    guint lost = 0;

    bpfpv_map_count_states(model, counts, &lost);
    g_string_append_printf(text, "%u of %u CPUs online, pool %s, reserve %u\nanchors: %u; ",
                           model->cpus->len - counts[BPFPV_MAP_OFFLINE] - lost, model->cpus->len,
                           model->pool, model->reserve, counts[BPFPV_MAP_ANCHOR]);
    append_floating(text, model);
    if (*model->isolated != '\0')
        g_string_append_printf(text, "\nisolated, where the kernel does not balance: %s",
                               model->isolated);
    return g_string_free(text, FALSE);
}
