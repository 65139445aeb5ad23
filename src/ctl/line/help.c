/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl help: what --help prints, of everything or of one command.
 */
#include "ctl/line/line.h"

static int
run_help(const BpfpvCtl *ctl G_GNUC_UNUSED, char **arguments)
{
    const BpfpvCommand *command = NULL;
    g_autofree char *text = NULL;

    if (arguments[0] != NULL)
        command = bpfpv_command_find(arguments[0]);
    if (arguments[0] != NULL && command == NULL)
        return bpfpv_ctl_no_command(arguments[0], bpfpv_command_suggest(arguments[0]));
    text = bpfpv_options_help(command);
    g_print("%s", text);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Shows this help, or that of a command",
    .max_arguments = 1,
    .first = BPFPV_ARGUMENT_COMMAND,
    .run = run_help,
};
