/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of bpfpvctl: those of all commands, and each command's own. */
#include "ctl/line/line.h"

#include <string.h>

void
bpfpv_options_clear(BpfpvOptions *options)
{
    g_free(options->bus_address);
    g_free(options->color);
    g_strfreev(options->arguments);
}

static const GOptionEntry global[] = {
    {"bus-address", 0, 0, G_OPTION_ARG_STRING, NULL, "Use this D-Bus instead of the system bus",
     "ADDR"},
    {"json", 0, 0, G_OPTION_ARG_NONE, NULL, "Print JSON", NULL},
    {"color", 0, 0, G_OPTION_ARG_STRING, NULL, "When to print in colour", "auto|always|never"},
    {"no-color", 0, 0, G_OPTION_ARG_NONE, NULL, "The same as --color=never", NULL},
    {"help", 'h', 0, G_OPTION_ARG_NONE, NULL, "Show this help", NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, NULL, "Show the version", NULL},
    {0},
};

const GOptionEntry *
bpfpv_options_global(void)
{
    return global;
}

static void
add_global(GOptionContext *context, BpfpvOptions *options)
{
    const gpointer places[] = {
        &options->bus_address, &options->json, &options->color,
        &options->no_color,    &options->help, &options->version,
    };
    GOptionEntry entries[G_N_ELEMENTS(global)];

    G_STATIC_ASSERT(G_N_ELEMENTS(places) + 1 == G_N_ELEMENTS(global));
    memcpy(entries, global, sizeof(global));
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
        entries[i].arg_data = places[i];
    g_option_context_add_main_entries(context, entries, NULL);
}

static void
add_options(GOptionContext *context, const BpfpvCommand *command, BpfpvOptions *options)
{
    /* File names, as those are not converted: a domain's name is UTF-8 in any locale. */
    const GOptionEntry arguments[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL, NULL},
        {0},
    };

    if (command != NULL && command->options != NULL)
        g_option_context_add_main_entries(context, command->options, NULL);
    add_global(context, options);
    if (command != NULL)
        g_option_context_add_main_entries(context, arguments, NULL);
}

static char *
command_usage(const BpfpvCommand *command)
{
    return g_strconcat(command->name, *command->arguments != '\0' ? " " : "", command->arguments,
                       NULL);
}

static char *
describe_commands(void)
{
    GString *text = g_string_new("Commands:");
    int width = 0;

    for (const BpfpvCommand *const *at = bpfpv_commands(); *at != NULL; at++) {
        g_autofree char *usage = command_usage(*at);

        width = MAX(width, (int)strlen(usage));
    }
    for (const BpfpvCommand *const *at = bpfpv_commands(); *at != NULL; at++) {
        g_autofree char *usage = command_usage(*at);

        g_string_append_printf(text, "\n  %-*s  %s", width, usage, (*at)->summary);
    }
    return g_string_free(text, FALSE);
}

GOptionContext *
bpfpv_options_context(const BpfpvCommand *command, BpfpvOptions *options)
{
    g_autofree char *usage = command != NULL ? command_usage(command) : g_strdup("COMMAND");
    g_autofree char *summary = command != NULL ? g_strdup(command->summary) : describe_commands();
    GOptionContext *context = g_option_context_new(usage);

    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, "The manual is bpfpvctl(1).");
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, command == NULL);
    add_options(context, command, options);
    return context;
}

/* ---- mistakes ---- */

static gboolean
is_known(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names->pdata[i] != NULL; i++)
        if (g_str_equal(names->pdata[i], name))
            return TRUE;
    return FALSE;
}

/* Returns: (transfer container): the long names of all options, and NULL */
static GPtrArray *
option_names(const BpfpvCommand *command)
{
    GPtrArray *names = g_ptr_array_new();

    for (const GOptionEntry *own = command != NULL ? command->options : NULL;
         own != NULL && own->long_name != NULL; own++)
        g_ptr_array_add(names, (gpointer)own->long_name);
    for (const GOptionEntry *all = global; all->long_name != NULL; all++)
        g_ptr_array_add(names, (gpointer)all->long_name);
    g_ptr_array_add(names, NULL);
    return names;
}

/* The first long option in @argv that there is not; GLib's message is in the user's language, and
 * is not taken apart. Returns: (transfer full) (nullable): its name */
static char *
find_unknown(const GPtrArray *names, char **argv)
{
    for (guint i = 1; argv[i] != NULL && !g_str_equal(argv[i], "--"); i++) {
        g_autofree char *name = NULL;

        if (!g_str_has_prefix(argv[i], "--"))
            continue;
        name = g_strndup(argv[i] + 2, strcspn(argv[i] + 2, "="));
        if (!is_known(names, name))
            return g_steal_pointer(&name);
    }
    return NULL;
}

gboolean
bpfpv_options_parse(const BpfpvCommand *command, char ***argv, BpfpvOptions *options,
                    GError **error)
{
    g_autoptr(GOptionContext) context = bpfpv_options_context(command, options);
    g_autoptr(GPtrArray) names = option_names(command);
    g_autoptr(GError) cause = NULL;
    g_autofree char *unknown = NULL;
    const char *meant = NULL;

    if (g_option_context_parse_strv(context, argv, &cause))
        return TRUE;
    if (g_error_matches(cause, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
        unknown = find_unknown(names, *argv);
    if (unknown != NULL)
        meant = bpfpv_suggest(unknown, (const char *const *)names->pdata);
    if (meant != NULL)
        g_set_error(error, cause->domain, cause->code, "%s; did you mean '--%s'?", cause->message,
                    meant);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

char *
bpfpv_options_help(const BpfpvCommand *command)
{
    g_auto(BpfpvOptions) options = {0};
    g_autoptr(GOptionContext) context = bpfpv_options_context(command, &options);

    return g_option_context_get_help(context, TRUE, NULL);
}
