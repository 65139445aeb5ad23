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

static int
run_release(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = NULL;
    g_autoptr(GVariant) released = NULL;
    g_autofree char *domain = bpfpv_term_clean(arguments[0]);
    int vcpu;

    if (!parse_vcpu(arguments[1], &vcpu))
        return bpfpv_ctl_usage("release: \"%s\" is not the number of a vCPU", arguments[1]);
    client = bpfpv_ctl_connect(ctl, &error);
    if (client != NULL)
        released = bpfpv_client_release_sync(client, arguments[0], vcpu, NULL, &error);
    if (released == NULL)
        return bpfpv_ctl_fail(error);
    if (ctl->json) {
        bpfpv_ctl_print_json(released);
        return BPFPV_EXIT_DONE;
    }
    for (gsize i = 0; i < g_variant_n_children(released); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(released, i);

        print_one(domain, one);
    }
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_release = {
    .name = "release",
    .arguments = "DOMAIN [VCPU]",
    .summary = "Hands what an administrator pinned back to management",
    .min_arguments = 1,
    .max_arguments = 2,
    .has_json = TRUE,
    .run = run_release,
};
