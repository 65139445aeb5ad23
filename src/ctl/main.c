/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl: finds the command, reads the options before and after it, and
 * runs it. Knows no command but by the table.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/command.h"

static const BpfpvCommand *const commands[] = {
    &bpfpv_command_list,     &bpfpv_command_show,   &bpfpv_command_map,     &bpfpv_command_keys,
    &bpfpv_command_attach,   &bpfpv_command_detach, &bpfpv_command_release, &bpfpv_command_reload,
    &bpfpv_command_validate, &bpfpv_command_plan,
};

typedef struct {
    char *bus_address;
    gboolean json;
    gboolean no_color;
    gboolean help;
    gboolean version;
    char **arguments; /* the command's name and what it is given */
} Options;

static void
options_clear(Options *options)
{
    g_free(options->bus_address);
    g_strfreev(options->arguments);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void
add_options(GOptionContext *context, const BpfpvCommand *command, Options *options)
{
    const GOptionEntry global[] = {
        {"bus-address", 0, 0, G_OPTION_ARG_STRING, &options->bus_address,
         "Use this D-Bus instead of the system bus", "ADDR"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL},
        {"no-color", 0, 0, G_OPTION_ARG_NONE, &options->no_color, "Print without colours", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &options->help, "Show this help", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL},
        {0},
    };
    /* File names, as those are not converted: a domain's name is UTF-8 in any locale. */
    const GOptionEntry arguments[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL, NULL},
        {0},
    };

    if (command != NULL && command->options != NULL)
        g_option_context_add_main_entries(context, command->options, NULL);
    g_option_context_add_main_entries(context, global, NULL);
    if (command != NULL)
        g_option_context_add_main_entries(context, arguments, NULL);
}

static char *
describe_commands(void)
{
    GString *text = g_string_new("Commands:");

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *usage = g_strconcat(commands[i]->name, " ", commands[i]->arguments, NULL);

        g_string_append_printf(text, "\n  %-20s %s", usage, commands[i]->summary);
    }
    return g_string_free(text, FALSE);
}

/* @command: NULL for what comes before the command */
static GOptionContext *
new_context(const BpfpvCommand *command, Options *options)
{
    g_autofree char *usage = NULL;
    g_autofree char *summary = NULL;
    GOptionContext *context;

    if (command != NULL) {
        usage = g_strconcat(command->name, *command->arguments != '\0' ? " " : "",
                            command->arguments, NULL);
        summary = g_strdup(command->summary);
    } else {
        usage = g_strdup("COMMAND");
        summary = describe_commands();
    }
    context = g_option_context_new(usage);
    g_option_context_set_summary(context, summary);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, command == NULL);
    add_options(context, command, options);
    return context;
}

static void
print_help(const BpfpvCommand *command)
{
    g_auto(Options) options = {0};
    g_autoptr(GOptionContext) context = new_context(command, &options);
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);

    g_print("%s", help);
}

static int
run_command(const BpfpvCommand *command, char ***argv, Options *options)
{
    g_autoptr(GOptionContext) context = new_context(command, options);
    g_autoptr(GError) error = NULL;
    guint n_arguments;
    BpfpvCtl ctl;

    if (!g_option_context_parse_strv(context, argv, &error))
        return bpfpv_ctl_usage("%s: %s", command->name, error->message);
    if (options->help) {
        print_help(command);
        return BPFPV_EXIT_DONE;
    }
    n_arguments = g_strv_length(options->arguments) - 1;
    if (n_arguments < command->min_arguments || n_arguments > command->max_arguments)
        return bpfpv_ctl_usage("%s takes %s; arguments given: %u", command->name,
                               *command->arguments != '\0' ? command->arguments : "no argument",
                               n_arguments);
    if (options->json && !command->has_json)
        return bpfpv_ctl_usage("%s has no --json: use 'bpfpvctl show --json' after it",
                               command->name);
    ctl = (BpfpvCtl){.bus_address = options->bus_address, .json = options->json};
    bpfpv_term_init(&ctl.term, STDOUT_FILENO, options->no_color);
    return command->run(&ctl, options->arguments + 1);
}

static int
find_and_run(char ***argv, Options *options)
{
    const char *name = (*argv)[1];

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
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(name, commands[i]->name))
            return run_command(commands[i], argv, options);
    return bpfpv_ctl_usage("there is no command '%s'", name);
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
    g_auto(Options) options = {0};
    g_auto(GStrv) arguments = g_strdupv(argv);
    g_autoptr(GOptionContext) context = NULL;
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    g_set_prgname("bpfpvctl");
    context = new_context(NULL, &options);
    if (!g_option_context_parse_strv(context, &arguments, &error))
        return bpfpv_ctl_usage("%s", error->message);
    return close_output(find_and_run(&arguments, &options));
}
