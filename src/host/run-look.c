/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a run of a domain is; see run.h. Reads only. */
#include "host/run.h"

/* Whether a job that goes on for long lets no pin call through. A backup does. */
static gboolean
job_holds(virDomainPtr domain)
{
    virTypedParameterPtr params = NULL;
    int n = 0, type = VIR_DOMAIN_JOB_NONE, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

    if (virDomainGetJobStats(domain, &type, &params, &n, 0) < 0)
        return FALSE; /* not every driver has jobs; whether it holds, a pin call tells */
    virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
    virTypedParamsFree(params, n);
    return (type == VIR_DOMAIN_JOB_BOUNDED || type == VIR_DOMAIN_JOB_UNBOUNDED) &&
           operation != VIR_DOMAIN_JOB_OPERATION_BACKUP;
}

/* First what needs no job itself: behind a call that hangs, the other would wait. */
gboolean
bpfpv_run_is_held(virDomainPtr domain)
{
    virDomainControlInfo control;

    if (virDomainGetControlInfo(domain, &control, 0) == 0 &&
        (control.state == VIR_DOMAIN_CONTROL_JOB || control.state == VIR_DOMAIN_CONTROL_OCCUPIED))
        return TRUE;
    return job_holds(domain);
}

gboolean
bpfpv_run_look(const char *uri, const char *uuid, int id, BpfpvRunState *state, GError **error)
{
    g_autoptr(BpfpvVirConnect) connection = bpfpv_virt_open(uri, error);
    g_autoptr(virDomain) domain = NULL;
    g_autoptr(GError) cause = NULL;
    int active;

    if (!connection)
        return FALSE;
    domain = bpfpv_virt_lookup(connection, uuid, &cause);
    if (!domain) {
        *state = BPFPV_RUN_OVER;
        if (g_error_matches(cause, BPFPV_VIRT_ERROR, VIR_ERR_NO_DOMAIN))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    active = virDomainIsActive(domain);
    if (active < 0) {
        bpfpv_virt_set_error(error, "asking whether domain %s is running", uuid);
        return FALSE;
    }
    if (!active || (int)virDomainGetID(domain) != id)
        *state = BPFPV_RUN_OVER;
    else
        *state = bpfpv_run_is_held(domain) ? BPFPV_RUN_HELD : BPFPV_RUN_FREE;
    return TRUE;
}
