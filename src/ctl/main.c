/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl: finds the command, reads the options before and after it, and
 * runs it. Knows no command but by the table.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/line/line.h"

static void
print_help(const BpfpvCommand *command)
{
    g_autofree char *help = bpfpv_options_help(command);

    g_print("%s", help);
}

static int
check_arguments(const BpfpvCommand *command, const BpfpvOptions *options)
{
    guint n = g_strv_length(options->arguments) - 1;

    if (n < command->min_arguments || n > command->max_arguments)
        return bpfpv_ctl_usage("%s takes %s; arguments given: %u", command->name,
                               *command->arguments != '\0' ? command->arguments : "no argument", n);
    if (options->json && !command->has_json)
        return bpfpv_ctl_usage("%s has no --json%s", command->name,
                               command->changes ? ": use 'bpfpvctl show --json' after it" : "");
    return BPFPV_EXIT_DONE;
}

static int
run_command(const BpfpvCommand *command, char ***argv, BpfpvOptions *options)
{
    g_autoptr(GError) error = NULL;
    BpfpvCtl ctl = {0};
    BpfpvColour colour;
    int code;

    if (!bpfpv_options_parse(command, argv, options, &error))
        return bpfpv_ctl_usage("%s: %s", command->name, error->message);
    if (options->help) {
        print_help(command);
        return BPFPV_EXIT_DONE;
    }
    if (!bpfpv_term_parse_colour(options->color, &colour))
        return bpfpv_ctl_usage("--color=%s is not one of auto, always, never", options->color);
    code = check_arguments(command, options);
    if (code != BPFPV_EXIT_DONE)
        return code;
    ctl.bus_address = options->bus_address;
    ctl.json = options->json;
    bpfpv_term_init(&ctl.term, STDOUT_FILENO, options->no_color ? BPFPV_COLOUR_NEVER : colour);
    return command->run(&ctl, options->arguments + 1);
}

static int
find_and_run(char ***argv, BpfpvOptions *options)
{
    const char *name = (*argv)[1];
    const BpfpvCommand *command = name != NULL ? bpfpv_command_find(name) : NULL;

    if (options->version) {
        g_print("bpfpvctl %s\n", bpfpv_version());
        return BPFPV_EXIT_DONE;
    }
    if (options->help) {
        print_help(NULL);
        return BPFPV_EXIT_DONE;
    }
    if (name == NULL)
        return bpfpv_ctl_usage("a command is missing");
    if (command == NULL)
        return bpfpv_ctl_no_command(name, bpfpv_command_suggest(name));
    return run_command(command, argv, options);
}

/* A full disk must not look like an empty list. */
static int
close_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    g_printerr("bpfpvctl: cannot write the output: %s\n", g_strerror(errno));
    return code != BPFPV_EXIT_DONE ? code : BPFPV_EXIT_FAILED;
}

int
main(int argc G_GNUC_UNUSED, char **argv)
{
    g_auto(BpfpvOptions) options = {0};
    g_auto(GStrv) arguments = g_strdupv(argv);
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    g_set_prgname("bpfpvctl");
    if (!bpfpv_options_parse(NULL, &arguments, &options, &error))
        return bpfpv_ctl_usage("%s", error->message);
    return close_output(find_and_run(&arguments, &options));
}
