/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl list: one line for each managed domain. Reads only.
 */
#include "ctl/command.h"
#include "ctl/live/live.h"
#include "ctl/text-table.h"

static gboolean option_watch;

static const GOptionEntry options[] = {
    {"watch", 'w', 0, G_OPTION_ARG_NONE, &option_watch, "Print it again whenever it has changed",
     NULL},
    {0},
};

static const BpfpvTextColumn columns[] = {
    {"DOMAIN", FALSE}, {"STATE", FALSE}, {"VCPUS", TRUE}, {"ANCHORS", TRUE}, {"REASON", FALSE},
};

static void
add_text(BpfpvTextTable *table, GVariant *domain, const char *key, BpfpvStyle style)
{
    g_autofree char *text = bpfpv_ctl_field(domain, key);

    bpfpv_text_table_add(table, style, text);
}

static void
add_anchors(BpfpvTextTable *table, GVariant *domain)
{
    g_autofree char *anchors = bpfpv_ctl_field(domain, "anchors");
    g_autofree char *text = NULL;
    guint32 unmet = 0;

    if (!g_variant_lookup(domain, "unmet", "u", &unmet) || unmet == 0) {
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, anchors);
        return;
    }
    text = g_strdup_printf("%s (%u unmet)", anchors, unmet);
    bpfpv_text_table_add(table, BPFPV_STYLE_BUSY, text);
}

static void
add_domain(BpfpvTextTable *table, GVariant *domain)
{
    g_autofree char *state = bpfpv_ctl_field(domain, "state");
    g_autofree char *shown = bpfpv_ctl_state(domain);

    add_text(table, domain, "domain", BPFPV_STYLE_PLAIN);
    bpfpv_text_table_add(table, bpfpv_term_state_style(state), shown);
    add_text(table, domain, "vcpus", BPFPV_STYLE_PLAIN);
    add_anchors(table, domain);
    add_text(table, domain, "reason", BPFPV_STYLE_PLAIN);
}

static char *
describe_domains(const BpfpvCtl *ctl, GVariant *domains)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    for (gsize i = 0; i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);

        add_domain(table, domain);
    }
    return bpfpv_text_table_render(table, &ctl->term);
}

static int
list_once(const BpfpvCtl *ctl)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GVariant) domains = NULL;
    g_autofree char *text = NULL;
    int code = BPFPV_EXIT_FAILED;

    if (client != NULL)
        code = bpfpv_ctl_check_connected(client, &error);
    if (client != NULL && error == NULL)
        domains = bpfpv_client_list_sync(client, NULL, &error);
    if (domains == NULL)
        return bpfpv_ctl_fail(error);

    bpfpv_ctl_warn(client);
    if (ctl->json) {
        bpfpv_ctl_print_json(domains);
        return code;
    }
    text = describe_domains(ctl, domains);
    g_print("%s", text);
    if (*text == '\0' && code == BPFPV_EXIT_DONE)
        g_printerr("No managed domains. To manage one that runs: bpfpvctl attach DOMAIN\n");
    return code;
}

/* What is said elsewhere on standard error is here a line of what is watched. */
static char *
look(const BpfpvCtl *ctl, BpfpvClient *client, gpointer user_data G_GNUC_UNUSED, GError **error)
{
    g_autofree char *unconnected = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GVariant) domains = NULL;

    if (bpfpv_ctl_unconnected(client, &unconnected, error))
        domains = bpfpv_client_list_sync(client, NULL, error);
    if (domains == NULL)
        return NULL;
    if (ctl->json)
        return bpfpv_ctl_json(domains);
    text = describe_domains(ctl, domains);
    if (unconnected != NULL)
        return g_strconcat(text, unconnected, "\n", NULL);
    return *text != '\0' ? g_steal_pointer(&text) : g_strdup("No managed domains.\n");
}

static int
run_list(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    return option_watch ? bpfpv_ctl_watch(ctl, look, NULL) : list_once(ctl);
}

const BpfpvCommand bpfpv_command_list = {
    .name = "list",
    .arguments = "",
    .summary = "Lists the managed domains",
    .has_json = TRUE,
    .options = options,
    .run = run_list,
};
