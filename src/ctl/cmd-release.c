/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl release: hands what an administrator has pinned by hand back to
 * the daemon. Says what was handed back, not what it is pinned to then.
 */
#include "ctl/command.h"

static gboolean
parse_vcpu(const char *text, int *vcpu)
{
    guint64 number = 0;

    *vcpu = BPFPV_RELEASE_ALL;
    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL))
        return FALSE;
    *vcpu = (int)number;
    return TRUE;
}

static void
print_one(const char *domain, GVariant *released)
{
    g_autofree char *thread = bpfpv_ctl_field(released, "thread");
    g_autofree char *id = bpfpv_ctl_field(released, "id");
    g_autofree char *original = bpfpv_ctl_field(released, "original");
    g_autofree char *name = NULL;

    if (g_str_equal(thread, "vcpu"))
        name = g_strdup_printf("vCPU %s", id);
    else if (g_str_equal(thread, "iothread"))
        name = g_strdup_printf("I/O thread %s", id);
    else
        name = g_strdup(thread);
    g_print("%s: %s handed back to bpfpvd, within host CPUs %s\n", domain, name, original);
}

static void
print_all(const char *typed, GVariant *released)
{
    g_autofree char *domain = bpfpv_term_clean(typed);

    for (gsize i = 0; i < g_variant_n_children(released); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(released, i);

        print_one(domain, one);
    }
}

/* The JSON of several says whose each is. */
static void
add_json(GVariantBuilder *builder, const char *domain, GVariant *released)
{
    for (gsize i = 0; i < g_variant_n_children(released); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(released, i);
        GVariantDict dict;

        g_variant_dict_init(&dict, one);
        if (domain != NULL)
            g_variant_dict_insert(&dict, "domain", "s", domain);
        g_variant_builder_add_value(builder, g_variant_dict_end(&dict));
    }
}

static int
release_all(const BpfpvCtl *ctl, BpfpvClient *client, const GPtrArray *domains, gboolean several,
            int vcpu)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    g_autoptr(GVariant) all = NULL;
    int code = BPFPV_EXIT_DONE;

    for (guint i = 0; i < domains->len; i++) {
        const char *domain = domains->pdata[i];
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) released =
            bpfpv_client_release_sync(client, domain, vcpu, NULL, &error);

        if (released == NULL)
            code = bpfpv_ctl_fail(error);
        else if (ctl->json)
            add_json(&builder, several ? domain : NULL, released);
        else
            print_all(domain, released);
    }
    all = g_variant_ref_sink(g_variant_builder_end(&builder));
    if (ctl->json && (several || code == BPFPV_EXIT_DONE))
        bpfpv_ctl_print_json(all);
    return code;
}

static int
run_release(const BpfpvCtl *ctl, char **arguments)
{
    char *typed[] = {arguments[0], NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = NULL;
    g_autoptr(GPtrArray) domains = NULL;
    int vcpu;

    if (!parse_vcpu(arguments[1], &vcpu))
        return bpfpv_ctl_usage("release: \"%s\" is not the number of a vCPU", arguments[1]);
    client = bpfpv_ctl_connect(ctl, &error);
    if (client != NULL)
        domains = bpfpv_ctl_domains(client, typed, BPFPV_DOMAINS_MANAGED, &error);
    if (domains == NULL)
        return bpfpv_ctl_fail(error);
    return release_all(ctl, client, domains, bpfpv_ctl_are_several(typed), vcpu);
}

const BpfpvCommand bpfpv_command_release = {
    .name = "release",
    .arguments = "DOMAIN [VCPU]",
    .summary = "Hands what an administrator pinned back to management",
    .min_arguments = 1,
    .max_arguments = 2,
    .first = BPFPV_ARGUMENT_MANAGED,
    .rest = BPFPV_ARGUMENT_PINNED,
    .has_json = TRUE,
    .run = run_release,
};
