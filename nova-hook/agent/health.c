/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bpfpvd is healthy; see health.h. */
#include "config.h"

#include "nova-hook/agent/health.h"

#include "bpfpv/bpfpv.h"

void
bpfpv_health_free(BpfpvHealth *health)
{
    if (!health)
        return;
    g_free(health->reason);
    g_strfreev(health->programs);
    g_free(health->pool);
    g_free(health);
}

static void
judge(BpfpvHealth *health, GVariant *host)
{
    gboolean ready = FALSE;

    if (!g_variant_lookup(host, "Ready", "b", &ready))
        health->reason = g_strdup("bpfpvd starts or stops, or is too old to tell");
    else if (!ready)
        health->reason = g_strdup("bpfpvd can't reach libvirt, or is stopping");
    else if (!g_variant_lookup(host, "Programs", "^as", &health->programs) ||
             !g_variant_lookup(host, "Pool", "s", &health->pool) ||
             !g_variant_lookup(host, "Anchors", "u", &health->anchors))
        health->reason = g_strdup("bpfpvd doesn't say what it has to give");
    else if (*health->pool == '\0')
        health->reason = g_strdup("bpfpvd's pool is empty; see cpuset= in bpfpvd.conf");
}

BpfpvHealth *
bpfpv_health_ask(const char *bus_address, GCancellable *cancellable)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_client_new_sync(bus_address, cancellable, &error);
    g_autoptr(GVariant) host = client ? bpfpv_client_host_sync(client, cancellable, &error) : NULL;
    BpfpvHealth *health = g_new0(BpfpvHealth, 1);

    if (host)
        judge(health, host);
    else
        health->reason = g_strdup(error->message);
    if (health->reason)
        g_clear_pointer(&health->programs, g_strfreev);
    if (!health->programs)
        health->programs = g_new0(char *, 1);
    if (!health->pool)
        health->pool = g_strdup("");
    return health;
}
