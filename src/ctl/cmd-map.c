/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl map: the host's CPUs, and who sits on each. Reads only.
 */
#include "ctl/command.h"
#include "ctl/map/map.h"
#include "ctl/svg/svg.h"

#include <stdio.h>

static gboolean option_svg;

static const GOptionEntry options[] = {
    {"svg", 0, 0, G_OPTION_ARG_NONE, &option_svg, "Draw it as SVG, for a browser", NULL},
    {0},
};

static char *
draw(const BpfpvCtl *ctl, GVariant *map, gboolean connected)
{
    g_autofree char *title = NULL;
    g_autofree char *text = NULL;

    if (option_svg) {
        title = g_strdup_printf("Host CPUs and who sits on each, on %s%s", g_get_host_name(),
                                connected ? "" : ", as last known");
        return bpfpv_svg_draw(map, title);
    }
    text = bpfpv_map_draw(map, &ctl->term);
    if (text == NULL || connected)
        return g_steal_pointer(&text);
    return g_strconcat(text, "  as last known: bpfpvd is not connected to libvirt\n", NULL);
}

static int
run_map(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = NULL;
    g_autoptr(GVariant) map = NULL;
    g_autofree char *picture = NULL;
    int code = BPFPV_EXIT_FAILED;

    if (option_svg && ctl->json)
        return bpfpv_ctl_usage("map prints --json or --svg, not both");
    client = bpfpv_ctl_connect(ctl, &error);
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
    picture = draw(ctl, map, code == BPFPV_EXIT_DONE);
    if (picture == NULL && code != BPFPV_EXIT_DONE)
        return code; /* why is said */
    if (picture == NULL) {
        g_printerr("bpfpvctl: bpfpvd has not reached libvirt yet, so that it knows no host CPUs: "
                   "see 'journalctl -u bpfpvd', and whether libvirtd runs\n");
        return BPFPV_EXIT_FAILED;
    }
    if (option_svg)
        fputs(picture, stdout); /* UTF-8, whatever the locale */
    else
        g_print("%s", picture);
    return code;
}

const BpfpvCommand bpfpv_command_map = {
    .name = "map",
    .arguments = "",
    .summary = "Draws the host's CPUs and who sits on each",
    .has_json = TRUE,
    .options = options,
    .run = run_map,
};
