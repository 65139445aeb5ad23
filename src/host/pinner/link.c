/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pinner's calls stand on: a shared connection for each call, the domain's handle from one
 * call to the next, and whether a call has reached the run that it was meant for.
 */
#include "host/pinner/private.h"

#include "host/run.h"
#include "host/virt.h"
#include "xml/status.h"

BpfpvPinLink *
bpfpv_pin_link_new(const char *uri, const char *uuid, int id)
{
    BpfpvPinLink *link = g_new0(BpfpvPinLink, 1);

    g_atomic_ref_count_init(&link->refs);
    link->connections = bpfpv_connections_get(uri);
    link->uuid = g_strdup(uuid);
    link->id = id;
    return link;
}

BpfpvPinLink *
bpfpv_pin_link_ref(BpfpvPinLink *link)
{
    g_atomic_ref_count_inc(&link->refs);
    return link;
}

void
bpfpv_pin_link_unref(BpfpvPinLink *link)
{
    if (!g_atomic_ref_count_dec(&link->refs))
        return;
    g_clear_pointer(&link->domain, virDomainFree);
    bpfpv_connections_unref(link->connections);
    g_free(link->uuid);
    g_free(link);
}

/* ---- a call ---- */

static gboolean
look_up(BpfpvPinLink *link, GError **error)
{
    g_autoptr(virDomain) domain = bpfpv_virt_lookup(link->connection, link->uuid, error);

    if (!domain)
        return FALSE;
    if ((int)virDomainGetID(domain) != link->id) {
        g_set_error(error, BPFPV_RUN_ERROR, BPFPV_RUN_ERROR_OVER,
                    "domain %s is no longer running with id %d", virDomainGetName(domain),
                    link->id);
        return FALSE;
    }
    link->domain = g_steal_pointer(&domain);
    return TRUE;
}

gboolean
bpfpv_pin_link_begin(BpfpvPinLink *link, GError **error)
{
    virConnectPtr last = link->domain ? virDomainGetConnect(link->domain) : NULL;

    link->connection = bpfpv_connections_borrow(link->connections, last, error);
    if (link->connection && link->connection == last)
        return TRUE;
    g_clear_pointer(&link->domain, virDomainFree);
    return link->connection && look_up(link, error);
}

void
bpfpv_pin_link_end(BpfpvPinLink *link)
{
    if (link->connection)
        bpfpv_connections_give_back(link->connections, g_steal_pointer(&link->connection));
}

gboolean
bpfpv_pin_link_count_cpus(BpfpvPinLink *link, GError **error)
{
    int n = virNodeGetCPUMap(link->connection, NULL, NULL, 0);

    if (n <= 0)
        bpfpv_virt_set_error(error, "counting the host's CPUs");
    link->n_host_cpus = (guint)MAX(n, 0);
    return n > 0;
}

void
bpfpv_pin_link_explain(BpfpvPinLink *link, GError **error)
{
    bpfpv_run_explain(link->connection, link->uuid, link->id, error);
    /* A domain's handle would call the next run. */
    if (bpfpv_run_is_over(*error))
        g_clear_pointer(&link->domain, virDomainFree);
}

gboolean
bpfpv_pin_link_is_free(BpfpvPinLink *link, GError **error)
{
    if (!link->held || !bpfpv_run_is_held(link->domain))
        return TRUE;
    g_set_error(error, BPFPV_VIRT_ERROR, VIR_ERR_OPERATION_TIMEOUT,
                "domain %s is still held by another job", virDomainGetName(link->domain));
    return FALSE;
}

gboolean
bpfpv_pin_link_has_landed(BpfpvPinLink *link, GError **error)
{
    gboolean landed = bpfpv_run_check(link->connection, link->uuid, link->id, error);

    if (!landed && link->unchecked)
        virDomainSetMetadata(link->domain, VIR_DOMAIN_METADATA_ELEMENT, NULL, NULL,
                             BPFPV_STATUS_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE);
    link->unchecked = FALSE;
    return landed;
}
