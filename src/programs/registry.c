/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of guest programs; see program.h. */
#include "programs/program.h"

static const BpfpvProgram *const programs[] = {
    &bpfpv_program_affinity,
};

const BpfpvProgram *
bpfpv_program_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++)
        if (g_str_equal(programs[i]->name, name))
            return programs[i];
    return NULL;
}

GPtrArray *
bpfpv_program_list(void)
{
    GPtrArray *list = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++)
        g_ptr_array_add(list, (gpointer)programs[i]->name);
    return list;
}

char *
bpfpv_program_names(void)
{
    g_autoptr(GPtrArray) list = bpfpv_program_list();

    g_ptr_array_add(list, NULL);
    return g_strjoinv(", ", (char **)list->pdata);
}
