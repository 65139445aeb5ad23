/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a domain; see run.h. */
#include "host/run.h"

G_DEFINE_QUARK(bpfpv_run_error_quark, bpfpv_run_error)

/* Whether it is over, by the id that a domain has while it runs; FALSE where libvirt can't tell. */
static gboolean
is_over(virConnectPtr connection, const char *uuid, int id)
{
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(connection, uuid);

    if (!domain)
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
    return (int)virDomainGetID(domain) != id;
}

gboolean
bpfpv_run_check(virConnectPtr connection, const char *uuid, int id, GError **error)
{
    if (!connection || !is_over(connection, uuid, id))
        return TRUE;
    g_set_error(error, BPFPV_RUN_ERROR, BPFPV_RUN_ERROR_OVER,
                "domain %s is no longer running with id %d", uuid, id);
    return FALSE;
}

void
bpfpv_run_explain(virConnectPtr connection, const char *uuid, int id, GError **error)
{
    GError *over = NULL;

    if (!*error || bpfpv_run_check(connection, uuid, id, &over))
        return;
    g_error_free(*error);
    *error = over;
}

gboolean
bpfpv_run_is_over(const GError *error)
{
    return g_error_matches(error, BPFPV_RUN_ERROR, BPFPV_RUN_ERROR_OVER);
}
