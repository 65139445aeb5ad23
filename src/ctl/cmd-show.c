/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl show: everything about domains, their vCPUs above all. Reads only.
 */
#include "ctl/command.h"
#include "ctl/live/live.h"
#include "ctl/text-table.h"

#include <stdio.h>

static gboolean option_watch;

static const GOptionEntry options[] = {
    {"watch", 'w', 0, G_OPTION_ARG_NONE, &option_watch, "Print it again whenever it has changed",
     NULL},
    {0},
};

static const BpfpvTextColumn columns[] = {
    {"VCPU", TRUE},     {"WANT", FALSE},     {"TASKS", TRUE}, {"PLAN", FALSE},
    {"APPLIED", FALSE}, {"ORIGINAL", FALSE}, {"WHY", FALSE},
};

static const BpfpvTextColumn thread_columns[] = {
    {"THREAD", FALSE}, {"PLAN", FALSE}, {"APPLIED", FALSE}, {"ORIGINAL", FALSE}, {"WHY", FALSE},
};

static void
append_heading(GString *out, const BpfpvCtl *ctl, GVariant *status)
{
    g_autofree char *domain = bpfpv_ctl_field(status, "domain");
    g_autofree char *state = bpfpv_ctl_field(status, "state");
    g_autofree char *shown = bpfpv_ctl_state(status);
    g_autofree char *uuid = bpfpv_ctl_field(status, "uuid");
    g_autofree char *reason = bpfpv_ctl_field(status, "reason");
    g_autofree char *source = bpfpv_ctl_field(status, "source");
    g_autofree char *slowed = bpfpv_ctl_field(status, "slowed");
    g_autofree char *near = bpfpv_ctl_field(status, "near");

    bpfpv_term_append(&ctl->term, out, BPFPV_STYLE_HEADING, domain);
    g_string_append(out, "  ");
    bpfpv_term_append(&ctl->term, out, bpfpv_term_state_style(state), shown);
    g_string_append_printf(out, "\n  uuid     %s\n", uuid);
    if (*reason != '\0')
        g_string_append_printf(out, "  reason   %s\n", reason);
    if (*slowed != '\0')
        g_string_append_printf(out, "  slowed   %s\n", slowed);
    if (*near != '\0')
        g_string_append_printf(out, "  near     %s\n", near);
    if (*source != '\0')
        g_string_append_printf(out, "  source   %s\n", source);
}

static void
append_guest(GString *out, GVariant *status)
{
    g_autoptr(GVariant) guest = bpfpv_ctl_child(status, "guest", "a{sv}");
    g_autofree char *kernel = bpfpv_ctl_field(guest, "kernel");
    g_autofree char *cpus = bpfpv_ctl_field(guest, "cpus");
    g_autofree char *loader = bpfpv_ctl_field(guest, "loader");
    g_autofree char *owner = bpfpv_ctl_field(guest, "owner");
    g_autofree char *digest = bpfpv_ctl_field(guest, "digest");

    if (*kernel == '\0' && *loader == '\0')
        g_string_append(out, "  guest    has not answered yet\n");
    else
        g_string_append_printf(out, "  guest    kernel %s, %s CPUs, loader %s%s\n", kernel, cpus,
                               loader, g_str_equal(owner, "guest") ? ", the guest's own" : "");
    if (*digest != '\0')
        g_string_append_printf(out, "           loader sha256:%s\n", digest);
}

static void
append_program(GString *out, GVariant *program)
{
    g_autofree char *name = bpfpv_ctl_field(program, "name");
    g_autofree char *attach = bpfpv_ctl_field(program, "attach");
    g_autofree char *keys = bpfpv_ctl_field(program, "keys");
    g_autofree char *generation = bpfpv_ctl_field(program, "generation");
    g_autofree char *lost = bpfpv_ctl_field(program, "lost");
    g_autofree char *digest = bpfpv_ctl_field(program, "digest");

    g_string_append_printf(out, "  program  %s, attached by %s: keys %s, generation %s, lost %s\n",
                           name, *attach != '\0' ? attach : "nothing yet", keys, generation, lost);
    if (*digest != '\0')
        g_string_append_printf(out, "           %s sha256:%s\n", name, digest);
}

static void
append_programs(GString *out, GVariant *status)
{
    g_autoptr(GVariant) programs = bpfpv_ctl_child(status, "programs", "aa{sv}");

    for (gsize i = 0; i < g_variant_n_children(programs); i++) {
        g_autoptr(GVariant) program = g_variant_get_child_value(programs, i);

        append_program(out, program);
    }
}

static BpfpvStyle
want_style(const char *want)
{
    if (g_str_equal(want, "anchor") || g_str_equal(want, "cohort"))
        return BPFPV_STYLE_HEADING;
    return g_str_equal(want, "fixed") ? BPFPV_STYLE_DIM : BPFPV_STYLE_PLAIN;
}

static void
add_vcpu(BpfpvTextTable *table, GVariant *vcpu)
{
    static const char *const keys[] = {"vcpu",    "want",     "tasks", "cpus",
                                       "applied", "original", "why"};
    g_autofree char *want = bpfpv_ctl_field(vcpu, "want");
    g_autofree char *plan = bpfpv_ctl_field(vcpu, "cpus");

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *text = bpfpv_ctl_field(vcpu, keys[i]);
        BpfpvStyle style = BPFPV_STYLE_PLAIN;

        if (g_str_equal(keys[i], "want"))
            style = want_style(want);
        else if (g_str_equal(keys[i], "applied"))
            style = g_str_equal(text, plan) ? BPFPV_STYLE_GOOD : BPFPV_STYLE_BUSY;
        bpfpv_text_table_add(table, style, text);
    }
}

static void
append_vcpus(GString *out, const BpfpvCtl *ctl, GVariant *status)
{
    g_autoptr(GVariant) vcpus = bpfpv_ctl_child(status, "vcpus", "aa{sv}");
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));
    g_autofree char *text = NULL;

    if (g_variant_n_children(vcpus) == 0)
        return;
    for (gsize i = 0; i < g_variant_n_children(vcpus); i++) {
        g_autoptr(GVariant) vcpu = g_variant_get_child_value(vcpus, i);

        add_vcpu(table, vcpu);
    }
    text = bpfpv_text_table_render(table, &ctl->term);
    g_string_append_printf(out, "\n%s", text);
}

static void
add_thread(BpfpvTextTable *table, const char *name, GVariant *thread)
{
    static const char *const keys[] = {"cpus", "applied", "original", "why"};
    g_autofree char *plan = bpfpv_ctl_field(thread, "cpus");

    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, name);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *text = bpfpv_ctl_field(thread, keys[i]);
        BpfpvStyle style = BPFPV_STYLE_PLAIN;

        if (g_str_equal(keys[i], "applied"))
            style = g_str_equal(text, plan) ? BPFPV_STYLE_GOOD : BPFPV_STYLE_BUSY;
        bpfpv_text_table_add(table, style, text);
    }
}

/* QEMU's threads that are no vCPUs; a daemon that tells nothing of them adds nothing. */
static void
append_threads(GString *out, const BpfpvCtl *ctl, GVariant *status)
{
    g_autoptr(GVariant) emulator = bpfpv_ctl_child(status, "emulator", "a{sv}");
    g_autoptr(GVariant) iothreads = bpfpv_ctl_child(status, "iothreads", "aa{sv}");
    g_autoptr(BpfpvTextTable) table =
        bpfpv_text_table_new(thread_columns, G_N_ELEMENTS(thread_columns));
    g_autofree char *text = NULL;

    if (g_variant_n_children(emulator) + g_variant_n_children(iothreads) == 0)
        return;
    if (g_variant_n_children(emulator) > 0)
        add_thread(table, "emulator", emulator);
    for (gsize i = 0; i < g_variant_n_children(iothreads); i++) {
        g_autoptr(GVariant) thread = g_variant_get_child_value(iothreads, i);
        g_autofree char *id = bpfpv_ctl_field(thread, "iothread");
        g_autofree char *name = g_strconcat("iothread ", id, NULL);

        add_thread(table, name, thread);
    }
    text = bpfpv_text_table_render(table, &ctl->term);
    g_string_append_printf(out, "\n%s", text);
}

static void
append_domain(GString *out, const BpfpvCtl *ctl, GVariant *status)
{
    append_heading(out, ctl, status);
    append_guest(out, status);
    append_programs(out, status);
    append_vcpus(out, ctl, status);
    append_threads(out, ctl, status);
}

/* What is known of each of @domains. Returns: (transfer full) (element-type GVariant)
 * @said: gets a line for each of which nothing is known */
static GPtrArray *
ask_for_all(BpfpvClient *client, const GPtrArray *domains, GString *said)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);

    for (guint i = 0; i < domains->len; i++) {
        g_autoptr(GError) error = NULL;
        GVariant *status = bpfpv_client_show_sync(client, domains->pdata[i], NULL, &error);
        g_autofree char *clean = bpfpv_term_clean(error != NULL ? error->message : "");

        if (status != NULL)
            g_ptr_array_add(all, status);
        else
            g_string_append_printf(said, "bpfpvctl: %s\n", clean);
    }
    return all;
}

static char *
describe_all(const BpfpvCtl *ctl, const GPtrArray *all)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < all->len; i++) {
        if (i > 0)
            g_string_append_c(out, '\n');
        append_domain(out, ctl, all->pdata[i]);
    }
    return g_string_free(out, FALSE);
}

/* One domain that was called by its name is an object, as it has always been; whatever may be
 * several is an array. */
static char *
json_of_all(const GPtrArray *all, gboolean several)
{
    g_autoptr(GVariant) array = NULL;

    if (!several)
        return all->len > 0 ? bpfpv_ctl_json(all->pdata[0]) : g_strdup("");
    array = g_variant_ref_sink(
        g_variant_new_array(G_VARIANT_TYPE_VARDICT, (GVariant *const *)all->pdata, all->len));
    return bpfpv_ctl_json(array);
}

/* Returns: (transfer full): the domains as text or JSON; NULL with @error set */
static char *
describe(const BpfpvCtl *ctl, BpfpvClient *client, char **typed, GString *said, GError **error)
{
    g_autoptr(GPtrArray) domains = bpfpv_ctl_domains(client, typed, BPFPV_DOMAINS_MANAGED, error);
    g_autoptr(GPtrArray) all = NULL;

    if (domains == NULL)
        return NULL;
    all = ask_for_all(client, domains, said);
    return ctl->json ? json_of_all(all, bpfpv_ctl_are_several(typed)) : describe_all(ctl, all);
}

static int
show_once(const BpfpvCtl *ctl, char **typed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GString) said = g_string_new(NULL);
    g_autofree char *text = NULL;
    int code = BPFPV_EXIT_FAILED;

    if (client != NULL)
        code = bpfpv_ctl_check_connected(client, &error);
    if (error == NULL)
        text = describe(ctl, client, typed, said, &error);
    if (text == NULL)
        return bpfpv_ctl_fail(error);
    if (*text != '\0')
        bpfpv_ctl_warn(client);
    if (ctl->json)
        fputs(text, stdout);
    else
        g_print("%s", text);
    g_printerr("%s", said->str);
    return said->len == 0 ? code : BPFPV_EXIT_FAILED;
}

/* What is said elsewhere on standard error is here a line of what is watched. */
static char *
look(const BpfpvCtl *ctl, BpfpvClient *client, gpointer user_data, GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    g_autofree char *unconnected = NULL;
    g_autofree char *text = NULL;

    if (bpfpv_ctl_unconnected(client, &unconnected, error))
        text = describe(ctl, client, user_data, said, error);
    if (text == NULL || ctl->json)
        return g_steal_pointer(&text);
    if (unconnected != NULL)
        g_string_append_printf(said, "%s\n", unconnected);
    return g_strconcat(text, said->str, NULL);
}

static int
run_show(const BpfpvCtl *ctl, char **arguments)
{
    return option_watch ? bpfpv_ctl_watch(ctl, look, arguments) : show_once(ctl, arguments);
}

const BpfpvCommand bpfpv_command_show = {
    .name = "show",
    .arguments = "DOMAIN...",
    .summary = "Shows domains: state, guest, programs, vCPUs and threads",
    .min_arguments = 1,
    .max_arguments = G_MAXUINT,
    .first = BPFPV_ARGUMENT_MANAGED,
    .rest = BPFPV_ARGUMENT_MANAGED,
    .has_json = TRUE,
    .options = options,
    .run = run_show,
};
