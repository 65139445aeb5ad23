/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of bpfpvctl, in the order in which help lists them. */
#include "ctl/line/line.h"

static const BpfpvCommand *const commands[] = {
    &bpfpv_command_list,
    &bpfpv_command_show,
    &bpfpv_command_map,
    &bpfpv_command_keys,
    &bpfpv_command_attach,
    &bpfpv_command_detach,
    &bpfpv_command_release,
    &bpfpv_command_reload,
    &bpfpv_command_metrics,
    &bpfpv_command_validate,
    &bpfpv_command_plan,
    &bpfpv_command_help,
    NULL,
};

const BpfpvCommand *const *
bpfpv_commands(void)
{
    return commands;
}

const BpfpvCommand *
bpfpv_command_find(const char *name)
{
    for (gsize i = 0; commands[i] != NULL; i++)
        if (g_str_equal(name, commands[i]->name))
            return commands[i];
    return g_str_equal(name, bpfpv_command_complete.name) ? &bpfpv_command_complete : NULL;
}

const char *
bpfpv_command_suggest(const char *name)
{
    const char *names[G_N_ELEMENTS(commands)] = {NULL};

    for (gsize i = 0; commands[i] != NULL; i++)
        names[i] = commands[i]->name;
    return bpfpv_suggest(name, names);
}
