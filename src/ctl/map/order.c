/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which the host's CPUs are drawn, and which of them are drawn together. */
#include "ctl/map/model.h"

static gboolean
is_lost(const BpfpvMapCpu *cpu)
{
    return cpu->state == BPFPV_MAP_OFFLINE && cpu->cache < 0 && cpu->socket < 0;
}

/* What is not known comes last. */
static int
compare_places(int a, int b)
{
    guint left = (guint)a, right = (guint)b;

    return left < right ? -1 : left > right;
}

static int
compare_groups(const BpfpvMapCpu *a, const BpfpvMapCpu *b)
{
    int order = compare_places(a->cell, b->cell);

    if (order == 0)
        order = is_lost(a) - is_lost(b);
    if (order == 0)
        order = compare_places(a->cache, b->cache);
    if (order == 0)
        order = compare_places(a->socket, b->socket);
    if (order == 0)
        order = compare_places((int)a->efficiency, (int)b->efficiency);
    return order;
}

static int
compare_cpus(gconstpointer a, gconstpointer b)
{
    const BpfpvMapCpu *left = a, *right = b;
    int order = compare_groups(left, right);

    if (order == 0)
        order = compare_places(left->core, right->core);
    return order != 0 ? order : compare_places((int)left->cpu, (int)right->cpu);
}

static void
make_groups(BpfpvMapModel *model)
{
    for (guint i = 0; i < model->cpus->len; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, i);

        if (i == 0 || compare_groups(bpfpv_map_cpu(model, i - 1), cpu) != 0) {
            BpfpvMapGroup group = {i, 0, is_lost(cpu)};

            g_array_append_val(model->groups, group);
        }
        g_array_index(model->groups, BpfpvMapGroup, model->groups->len - 1).n++;
    }
}

static int
compare_cells(gconstpointer a, gconstpointer b)
{
    return compare_places(((const BpfpvMapCell *)a)->cell, ((const BpfpvMapCell *)b)->cell);
}

void
bpfpv_map_model_sort(BpfpvMapModel *model)
{
    g_array_sort(model->cpus, compare_cpus);
    make_groups(model);
    g_array_sort(model->cells, compare_cells);
}
