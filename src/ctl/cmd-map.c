/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl map: the host's CPUs, and who sits on each. Reads only.
 */
#include "ctl/command.h"
#include "ctl/map/map.h"

static int
run_map(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GVariant) map = NULL;
    g_autofree char *picture = NULL;
    int code = BPFPV_EXIT_FAILED;

    if (client != NULL)
        code = bpfpv_ctl_check_connected(client, &error);
    if (client != NULL && error == NULL)
        map = bpfpv_client_map_sync(client, NULL, &error);
    if (map == NULL)
        return bpfpv_ctl_fail(error);
    if (ctl->json) {
        bpfpv_ctl_print_json(map);
        return code;
    }
    picture = bpfpv_map_draw(map, &ctl->term);
    if (picture == NULL && code != BPFPV_EXIT_DONE)
        return code; /* why is said */
    if (picture == NULL) {
        g_printerr("bpfpvctl: bpfpvd has not reached libvirt yet, so that it knows no host CPUs: "
                   "see 'journalctl -u bpfpvd', and whether libvirtd runs\n");
        return BPFPV_EXIT_FAILED;
    }
    g_print("%s%s", picture,
            code == BPFPV_EXIT_DONE ? "" : "  as last known: bpfpvd is not connected to libvirt\n");
    return code;
}

const BpfpvCommand bpfpv_command_map = {
    .name = "map",
    .arguments = "",
    .summary = "Draws the host's CPUs and who sits on each",
    .has_json = TRUE,
    .run = run_map,
};
