/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture of a small host: a box for each core, with the name of who sits on each thread. */
#include "ctl/map/private.h"

/* More CPUs than this are more than a screen. */
#define MAX_CPUS 64
#define INDENT 4

typedef struct {
    guint number; /* columns of a CPU's number */
    guint text;   /* of what is said of it */
} Widths;

static Widths
measure(const BpfpvMapModel *model)
{
    Widths widths = {1, 1};

    for (guint i = 0; i < model->cpus->len; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(model, i);
        g_autofree char *text = bpfpv_map_cpu_text(cpu, NULL);
        guint digits = 1;

        for (guint n = cpu->cpu; n >= 10; n /= 10)
            digits++;
        widths.number = MAX(widths.number, digits);
        widths.text = MAX(widths.text, bpfpv_term_text_width(text));
    }
    return widths;
}

/* "[0 web/0 | 4 .     ]" */
static guint
box_width(Widths widths, guint threads)
{
    return threads * (widths.number + 1 + widths.text) + (threads - 1) * 3 + 2;
}

/* Whether the picture of the host is to be a detailed one. */
gboolean
bpfpv_map_fits_detail(const BpfpvMapCanvas *canvas)
{
    const BpfpvMapModel *model = canvas->model;
    Widths widths = measure(model);

    if (model->cpus->len > MAX_CPUS)
        return FALSE;
    for (guint g = 0; g < model->groups->len; g++) {
        const BpfpvMapGroup *group = &g_array_index(model->groups, BpfpvMapGroup, g);

        for (guint i = group->first; i < group->first + group->n;) {
            guint threads = bpfpv_map_count_threads(model, group, i);

            if (INDENT + box_width(widths, threads) > canvas->term.width)
                return FALSE;
            i += threads;
        }
    }
    return TRUE;
}

static void
draw_core(BpfpvMapCanvas *canvas, Widths widths, guint first, guint threads)
{
    g_string_append_c(canvas->out, '[');
    for (guint i = first; i < first + threads; i++) {
        const BpfpvMapCpu *cpu = bpfpv_map_cpu(canvas->model, i);
        g_autofree char *text = bpfpv_map_cpu_text(cpu, NULL);

        g_string_append_printf(canvas->out, "%s%*u ", i > first ? " | " : "", (int)widths.number,
                               cpu->cpu);
        bpfpv_term_append(&canvas->term, canvas->out, bpfpv_map_cpu_style(cpu), text);
        g_string_append_printf(canvas->out, "%*s", (int)(widths.text - bpfpv_term_text_width(text)),
                               "");
    }
    g_string_append_c(canvas->out, ']');
}

/* Heading and boxes. */
void
bpfpv_map_draw_detail(BpfpvMapCanvas *canvas, const BpfpvMapGroup *group)
{
    g_autofree char *name = bpfpv_map_group_name(canvas->model, group);
    g_autofree char *numbers = bpfpv_map_numbers(canvas->model, group->first, group->n);
    Widths widths = measure(canvas->model);
    guint column = 0;

    g_string_append_printf(canvas->out, "  %s: CPUs %s\n", name, numbers);
    for (guint i = group->first; !group->lost && i < group->first + group->n;) {
        guint threads = bpfpv_map_count_threads(canvas->model, group, i);
        guint needs = box_width(widths, threads);

        if (column > 0 && column + 1 + needs > canvas->term.width) {
            g_string_append_c(canvas->out, '\n');
            column = 0;
        }
        g_string_append_printf(canvas->out, "%*s", column == 0 ? INDENT : 1, "");
        column += (column == 0 ? INDENT : 1) + needs;
        draw_core(canvas, widths, i, threads);
        i += threads;
    }
    if (column > 0)
        g_string_append_c(canvas->out, '\n');
}
