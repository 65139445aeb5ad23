/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl complete: what the shells' completion offers. Called with the words
 * of a command line up to the one that is being typed, which may be empty;
 * prints what that may become, a line each, a tab and what it means behind it,
 * or ":files". The shells' scripts only pass this on, so that what is offered
 * is what there is. Says nothing on standard error: nobody would read it.
 */
#include "ctl/line/line.h"

#include <string.h>

typedef struct {
    const BpfpvCtl *ctl;
    const BpfpvCommand *command; /* NULL: not typed yet */
    GPtrArray *arguments;        /* of char *, borrowed: those before the current word */
    const char *current;         /* the word that is being typed */
    const GOptionEntry *pending; /* (nullable): it is the value of this option */
    gboolean past_options;       /* behind "--" */
    BpfpvClient *client;         /* (nullable): as far as anybody needed it */
} Line;

static void
offer(const Line *line, const char *prefix, const char *text, const char *meaning)
{
    g_autofree char *whole = g_strconcat(prefix, text, NULL);
    g_autofree char *clean = bpfpv_term_clean(whole);
    g_autofree char *told = bpfpv_term_clean(meaning);

    /* A name that would have to be changed to be printed can't be typed like this either. */
    if (g_str_has_prefix(whole, line->current) && g_str_equal(whole, clean))
        g_print("%s%s%s\n", whole, *told != '\0' ? "\t" : "", told);
}

static BpfpvClient *
connect_once(Line *line)
{
    if (line->client == NULL)
        line->client = bpfpv_ctl_connect(line->ctl, NULL);
    return line->client;
}

/* ---- options ---- */

static gboolean
takes_value(const GOptionEntry *entry)
{
    return entry->arg != G_OPTION_ARG_NONE;
}

static const GOptionEntry *
find_in(const GOptionEntry *entries, const char *name, gsize len)
{
    for (; entries != NULL && entries->long_name != NULL; entries++)
        if (strlen(entries->long_name) == len && strncmp(entries->long_name, name, len) == 0)
            return entries;
    return NULL;
}

/* @name: without dashes, @len bytes of it */
static const GOptionEntry *
find_option(const Line *line, const char *name, gsize len)
{
    const GOptionEntry *own = line->command != NULL ? line->command->options : NULL;
    const GOptionEntry *entry = find_in(own, name, len);

    return entry != NULL ? entry : find_in(bpfpv_options_global(), name, len);
}

static void
offer_entries(const Line *line, const GOptionEntry *entries)
{
    for (; entries != NULL && entries->long_name != NULL; entries++) {
        g_autofree char *name =
            g_strconcat(entries->long_name, takes_value(entries) ? "=" : "", NULL);

        offer(line, "--", name, entries->description);
    }
}

static void
offer_programs(Line *line, const char *prefix)
{
    g_autoptr(GVariant) host =
        connect_once(line) ? bpfpv_client_host_sync(line->client, NULL, NULL) : NULL;
    g_autofree const char **programs = NULL;

    if (host == NULL || !g_variant_lookup(host, "Programs", "^a&s", &programs))
        return;
    for (guint i = 0; programs[i] != NULL; i++)
        offer(line, prefix, programs[i], "");
}

/* Those that can be told: "auto|always|never" says itself what may be there. */
static void
offer_values(Line *line, const GOptionEntry *entry, const char *prefix)
{
    g_auto(GStrv) values = NULL;

    if (g_strcmp0(entry->long_name, "program") == 0) {
        offer_programs(line, prefix);
    } else if (entry->arg_description != NULL && strchr(entry->arg_description, '|') != NULL) {
        values = g_strsplit(entry->arg_description, "|", -1);
        for (guint i = 0; values[i] != NULL; i++)
            offer(line, prefix, values[i], "");
    }
}

static void
complete_option(Line *line)
{
    const char *equals = strchr(line->current, '=');
    const GOptionEntry *entry = NULL;
    g_autofree char *prefix = NULL;

    if (equals == NULL) {
        offer_entries(line, line->command != NULL ? line->command->options : NULL);
        offer_entries(line, bpfpv_options_global());
        return;
    }
    if (g_str_has_prefix(line->current, "--"))
        entry = find_option(line, line->current + 2, (gsize)(equals - line->current - 2));
    if (entry == NULL)
        return;
    prefix = g_strndup(line->current, (gsize)(equals - line->current + 1));
    offer_values(line, entry, prefix);
}

/* ---- arguments ---- */

static gboolean
is_typed(const Line *line, const char *name)
{
    for (guint i = 0; i < line->arguments->len; i++)
        if (g_str_equal(line->arguments->pdata[i], name))
            return TRUE;
    return FALSE;
}

static void
offer_managed(Line *line)
{
    g_autoptr(GVariant) list =
        connect_once(line) ? bpfpv_client_list_sync(line->client, NULL, NULL) : NULL;

    for (gsize i = 0; list != NULL && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(list, i);
        const char *name = "", *state = "";

        g_variant_lookup(domain, "domain", "&s", &name);
        g_variant_lookup(domain, "state", "&s", &state);
        if (!is_typed(line, name))
            offer(line, "", name, state);
    }
}

static gboolean
has_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names != NULL && i < names->len; i++)
        if (g_str_equal(names->pdata[i], name))
            return TRUE;
    return FALSE;
}

static void
offer_unmanaged(Line *line)
{
    BpfpvClient *client = connect_once(line);
    g_autoptr(GPtrArray) running = NULL, managed = NULL;

    if (client == NULL)
        return;
    running = bpfpv_ctl_domain_names(client, BPFPV_DOMAINS_RUNNING, NULL);
    managed = bpfpv_ctl_domain_names(client, BPFPV_DOMAINS_MANAGED, NULL);
    for (guint i = 0; running != NULL && i < running->len; i++)
        if (!has_name(managed, running->pdata[i]) && !is_typed(line, running->pdata[i]))
            offer(line, "", running->pdata[i], "");
}

/* "release" is about what somebody has pinned. */
static void
offer_pinned(Line *line)
{
    const char *domain = line->arguments->pdata[0];
    g_autoptr(GVariant) status =
        connect_once(line) ? bpfpv_client_show_sync(line->client, domain, NULL, NULL) : NULL;
    g_autoptr(GVariant) vcpus = status != NULL ? bpfpv_ctl_child(status, "vcpus", "aa{sv}") : NULL;

    for (gsize i = 0; vcpus != NULL && i < g_variant_n_children(vcpus); i++) {
        g_autoptr(GVariant) vcpu = g_variant_get_child_value(vcpus, i);
        g_autofree char *number = bpfpv_ctl_field(vcpu, "vcpu");
        g_autofree char *want = bpfpv_ctl_field(vcpu, "want");
        g_autofree char *why = bpfpv_ctl_field(vcpu, "why");

        if (g_str_equal(want, "fixed"))
            offer(line, "", number, why);
    }
}

static void
offer_commands(const Line *line)
{
    for (const BpfpvCommand *const *at = bpfpv_commands(); *at != NULL; at++)
        offer(line, "", (*at)->name, (*at)->summary);
}

static void
complete_argument(Line *line)
{
    const BpfpvCommand *command = line->command;

    if (line->arguments->len >= command->max_arguments)
        return;
    switch (line->arguments->len == 0 ? command->first : command->rest) {
    case BPFPV_ARGUMENT_MANAGED:
        offer_managed(line);
        break;
    case BPFPV_ARGUMENT_RUNNING:
        offer_unmanaged(line);
        break;
    case BPFPV_ARGUMENT_PINNED:
        offer_pinned(line);
        break;
    case BPFPV_ARGUMENT_FILE:
        g_print(":files\n");
        break;
    case BPFPV_ARGUMENT_COMMAND:
        offer_commands(line);
        break;
    case BPFPV_ARGUMENT_OTHER:
        break;
    }
}

/* ---- the line ---- */

/* A word before the one that is being typed. Returns: FALSE: there is no such command */
static gboolean
take_word(Line *line, const char *word)
{
    if (line->pending != NULL) {
        line->pending = NULL;
    } else if (!line->past_options && g_str_equal(word, "--")) {
        line->past_options = TRUE;
    } else if (!line->past_options && g_str_has_prefix(word, "--")) {
        const GOptionEntry *entry = find_option(line, word + 2, strlen(word + 2));

        line->pending = entry != NULL && takes_value(entry) ? entry : NULL;
    } else if (!line->past_options && *word == '-') {
        return TRUE; /* a short option: none takes a value */
    } else if (line->command == NULL) {
        line->command = bpfpv_command_find(word);
        return line->command != NULL;
    } else {
        g_ptr_array_add(line->arguments, (gpointer)word);
    }
    return TRUE;
}

static void
complete(Line *line)
{
    if (line->pending != NULL)
        offer_values(line, line->pending, "");
    else if (!line->past_options && *line->current == '-')
        complete_option(line);
    else if (line->command == NULL)
        offer_commands(line);
    else
        complete_argument(line);
}

static int
run_complete(const BpfpvCtl *ctl, char **words)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    Line line = {.ctl = ctl, .arguments = arguments};
    gboolean is_known = TRUE;

    for (; words[1] != NULL && is_known; words++)
        is_known = take_word(&line, *words);
    line.current = *words;
    if (is_known)
        complete(&line);
    bpfpv_client_free(line.client);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_complete = {
    .name = "complete",
    .arguments = "-- WORD...",
    .summary = "Prints what the last word may become, for the shells' completion",
    .min_arguments = 1,
    .max_arguments = G_MAXUINT,
    .run = run_complete,
};
