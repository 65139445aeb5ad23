/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpv-placement: finds the command, reads options and configuration, and runs it. */
#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nova-hook/command.h"
#include "nova-hook/http/os-error.h"

#define EXIT_USAGE 2
#define MAX_TEXT 1000

static const BpfpvPlacementCommand *const commands[] = {
    &bpfpv_placement_ensure, &bpfpv_placement_withdraw,        &bpfpv_placement_status,
    &bpfpv_placement_run,    &bpfpv_placement_provider_config,
};

typedef struct {
    char *config;
    char *bus_address;
    char *provider;
    int anchors;
    gboolean json;
    gboolean verbose;
    gboolean version;
} Options;

static void
options_clear(Options *options)
{
    g_free(options->config);
    g_free(options->bus_address);
    g_free(options->provider);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static char *
describe_commands(void)
{
    GString *text = g_string_new("Commands:");

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_string_append_printf(text, "\n  %-16s %s", commands[i]->name, commands[i]->summary);
    return g_string_free(text, FALSE);
}

/* There is none for a password: the command line is everybody's to read. */
static gboolean
parse(Options *options, int *argc, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND");
    g_autofree char *summary = describe_commands();
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "Configuration file", "FILE"},
        {"bus-address", 0, 0, G_OPTION_ARG_STRING, &options->bus_address,
         "Use this D-Bus instead of the system bus", "ADDR"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "status: print JSON", NULL},
        {"provider", 0, 0, G_OPTION_ARG_STRING, &options->provider,
         "provider-config: for this provider", "UUID|NAME"},
        {"anchors", 0, 0, G_OPTION_ARG_INT, &options->anchors, "provider-config: how many to give",
         "N"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, "Say more", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL},
        {0},
    };

    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static int
usage(const char *text)
{
    g_printerr("bpfpv-placement: %s (see 'bpfpv-placement --help')\n", text);
    return EXIT_USAGE;
}

static int
run(const BpfpvPlacementCommand *command, const Options *options)
{
    BpfpvCommandLine line = {.bus_address = options->bus_address,
                             .json = options->json,
                             .provider = options->provider,
                             .anchors = options->anchors};
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvAgentConf) conf = bpfpv_agent_conf_load(options->config, command->talks, &error);
    gboolean done = conf && command->run(conf, &line, &error);

    if (error) {
        g_autofree char *text = bpfpv_os_clean(error->message, strlen(error->message), MAX_TEXT);

        g_printerr("bpfpv-placement: %s\n", text);
    }
    if (fflush(stdout) != 0) {
        g_printerr("bpfpv-placement: can't write the output: %s\n", g_strerror(errno));
        return EXIT_FAILURE;
    }
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = {.anchors = -1};
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    g_set_prgname("bpfpv-placement");
    g_log_writer_default_set_use_stderr(TRUE); /* standard output is for what was asked */
    if (!parse(&options, &argc, &argv, &error))
        return usage(error->message);
    if (options.version) {
        g_print("bpfpv-placement %s\n", PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    if (options.verbose)
        g_log_set_debug_enabled(TRUE);
    if (argc != 2)
        return usage(argc < 2 ? "a command is missing" : "one command, and nothing after it");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(argv[1], commands[i]->name))
            return run(commands[i], &options);
    return usage("there is no such command");
}
