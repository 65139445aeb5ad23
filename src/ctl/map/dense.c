/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture of a large host: a character for each CPU, the threads of a core
 * side by side, a line for each cache. Caches in a row where there is nothing
 * are one line.
 */
#include "ctl/map/private.h"

/* The label of a line takes about so much at most. */
#define LABEL_WIDTH 36
/* Cores of a line, if the width allows so many. */
#define MAX_CORES 32
#define MIN_CORES 4

static const BpfpvMapGroup *
group_at(const BpfpvMapCanvas *canvas, guint index)
{
    return &g_array_index(canvas->model->groups, BpfpvMapGroup, index);
}

/* ---- runs of nothing ---- */

/* Whether all CPUs of @group are in one state in which nobody is there. */
static gboolean
is_empty(const BpfpvMapCanvas *canvas, const BpfpvMapGroup *group, BpfpvMapState *state)
{
    *state = bpfpv_map_cpu(canvas->model, group->first)->state;
    if (group->lost || (*state != BPFPV_MAP_FREE && *state != BPFPV_MAP_OUTSIDE))
        return FALSE;
    for (guint i = group->first; i < group->first + group->n; i++) {
        if (bpfpv_map_cpu(canvas->model, i)->state != *state)
            return FALSE;
    }
    return TRUE;
}

/* Groups from @index on that are empty in the same way; 0: @index is not. */
static guint
count_empty(const BpfpvMapCanvas *canvas, guint index, guint end)
{
    const BpfpvMapCpu *first = bpfpv_map_cpu(canvas->model, group_at(canvas, index)->first);
    guint n = 0;

    for (guint g = index; g < end; g++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(canvas->model, group_at(canvas, g)->first);
        BpfpvMapState state;

        if (!is_empty(canvas, group_at(canvas, g), &state) || state != first->state ||
            cpu->efficiency != first->efficiency || cpu->cache < 0)
            break;
        n++;
    }
    return n;
}

static void
draw_run(BpfpvMapCanvas *canvas, guint index, guint n)
{
    const BpfpvMapModel *model = canvas->model;
    const BpfpvMapGroup *first = group_at(canvas, index);
    const BpfpvMapGroup *last = group_at(canvas, index + n - 1);
    const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, first->first);
    guint n_cpus = last->first + last->n - first->first;
    g_autofree char *numbers = bpfpv_map_numbers(model, first->first, n_cpus);

    g_string_append_printf(canvas->out, "  caches %d-%d%s: all %u CPUs %s (%s)\n", cpu->cache,
                           bpfpv_map_cpu(model, last->first)->cache,
                           cpu->efficiency > 0 ? ", efficiency cores" : "", n_cpus,
                           cpu->state == BPFPV_MAP_FREE ? "free" : "not in the pool", numbers);
}

/* ---- lines ---- */

/* Cores of one line: a number that is easy to count, and fits. */
static guint
cores_of_line(const BpfpvMapCanvas *canvas, const BpfpvMapGroup *group)
{
    guint threads = 1, most = 1;
    guint cores = MAX_CORES;

    for (guint i = group->first + 1; i < group->first + group->n; i++) {
        gboolean same =
            bpfpv_map_cpu(canvas->model, i)->core == bpfpv_map_cpu(canvas->model, i - 1)->core;

        threads = same ? threads + 1 : 1;
        most = MAX(most, threads);
    }
    while (cores > MIN_CORES && LABEL_WIDTH + cores * (most + 1) > canvas->term.width)
        cores /= 2;
    return cores;
}

/* Where the line that begins at @first ends. */
static guint
line_end(const BpfpvMapCanvas *canvas, const BpfpvMapGroup *group, guint first, guint cores)
{
    guint i = first;

    for (; i < group->first + group->n; i++) {
        if (i > first &&
            bpfpv_map_cpu(canvas->model, i)->core != bpfpv_map_cpu(canvas->model, i - 1)->core &&
            --cores == 0)
            break;
    }
    return i;
}

static char *
line_label(const BpfpvMapCanvas *canvas, const BpfpvMapGroup *group, guint first, guint end)
{
    g_autofree char *name = bpfpv_map_group_name(canvas->model, group);
    g_autofree char *numbers = bpfpv_map_numbers(canvas->model, first, end - first);

    return g_strdup_printf("  %s: %s", name, numbers);
}

/* All lines of the picture begin at the same column. */
static guint
label_width(const BpfpvMapCanvas *canvas)
{
    guint width = 0;

    for (guint g = 0; g < canvas->model->groups->len; g++) {
        const BpfpvMapGroup *group = group_at(canvas, g);
        guint cores = cores_of_line(canvas, group);

        for (guint i = group->first; !group->lost && i < group->first + group->n;) {
            guint end = line_end(canvas, group, i, cores);
            g_autofree char *label = line_label(canvas, group, i, end);

            width = MAX(width, bpfpv_term_text_width(label));
            i = end;
        }
    }
    return MIN(width, LABEL_WIDTH);
}

static void
draw_line(BpfpvMapCanvas *canvas, guint first, guint end)
{
    for (guint i = first; i < end; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(canvas->model, i);
        const char text[] = {bpfpv_map_cpu_symbol(cpu), '\0'};

        if (i > first && cpu->core != bpfpv_map_cpu(canvas->model, i - 1)->core)
            g_string_append_c(canvas->out, ' ');
        bpfpv_term_append(&canvas->term, canvas->out, bpfpv_map_cpu_style(cpu), text);
    }
    g_string_append_c(canvas->out, '\n');
}

static void
draw_group(BpfpvMapCanvas *canvas, const BpfpvMapGroup *group)
{
    guint cores = cores_of_line(canvas, group);
    guint width = label_width(canvas);

    for (guint i = group->first; i < group->first + group->n;) {
        guint end = line_end(canvas, group, i, cores);
        g_autofree char *label = line_label(canvas, group, i, end);

        g_string_append_printf(canvas->out, "%-*s  ", (int)width, label);
        draw_line(canvas, i, end);
        i = end;
    }
}

guint
bpfpv_map_draw_dense(BpfpvMapCanvas *canvas, guint index, guint end)
{
    const BpfpvMapGroup *group = group_at(canvas, index);
    guint empty = count_empty(canvas, index, end);

    if (empty > 1) {
        draw_run(canvas, index, empty);
        return empty;
    }
    if (group->lost) {
        g_autofree char *numbers = bpfpv_map_numbers(canvas->model, group->first, group->n);

        g_string_append_printf(canvas->out, "  offline: %s\n", numbers);
    } else {
        draw_group(canvas, group);
    }
    return 1;
}
