/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl list: one line for each managed domain. Reads only.
 */
#include "ctl/command.h"
#include "ctl/text-table.h"

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

static void
print_domains(const BpfpvCtl *ctl, GVariant *domains)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));
    g_autofree char *text = NULL;

    for (gsize i = 0; i < g_variant_n_children(domains); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(domains, i);

        add_domain(table, domain);
    }
    text = bpfpv_text_table_render(table, &ctl->term);
    g_print("%s", text);
}

static int
run_list(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GVariant) domains = NULL;
    int code = BPFPV_EXIT_FAILED;

    if (client != NULL)
        code = bpfpv_ctl_check_connected(client, &error);
    if (client != NULL && error == NULL)
        domains = bpfpv_client_list_sync(client, NULL, &error);
    if (domains == NULL)
        return bpfpv_ctl_fail(error);

    bpfpv_ctl_warn(client);
    if (ctl->json)
        bpfpv_ctl_print_json(domains);
    else if (g_variant_n_children(domains) > 0)
        print_domains(ctl, domains);
    else if (code == BPFPV_EXIT_DONE)
        g_printerr("No managed domains. To manage one that runs: bpfpvctl attach DOMAIN\n");
    return code;
}

const BpfpvCommand bpfpv_command_list = {
    .name = "list",
    .arguments = "",
    .summary = "Lists the managed domains",
    .has_json = TRUE,
    .run = run_list,
};
