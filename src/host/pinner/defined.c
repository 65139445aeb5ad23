/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pins that a domain's definition has, which its next run is started with. */
#include "host/pinner/private.h"

#include <string.h>

static gboolean
read_vcpu(virDomainPtr domain, guint vcpu, guchar *map, int maplen)
{
    g_autofree guchar *maps = g_malloc0((gsize)maplen * (vcpu + 1));
    int n = virDomainGetVcpuPinInfo(domain, (int)vcpu + 1, maps, maplen, VIR_DOMAIN_AFFECT_CONFIG);

    if (n <= (int)vcpu)
        return FALSE;
    memcpy(map, maps + (gsize)vcpu * (gsize)maplen, (gsize)maplen);
    return TRUE;
}

static gboolean
read_iothread(virDomainPtr domain, guint id, guchar *map, int maplen)
{
    virDomainIOThreadInfoPtr *infos = NULL;
    int n = virDomainGetIOThreadInfo(domain, &infos, VIR_DOMAIN_AFFECT_CONFIG);
    gboolean found = FALSE;

    for (int i = 0; i < n; i++) {
        if (infos[i]->iothread_id == id) {
            found = TRUE;
            memcpy(map, infos[i]->cpumap, (gsize)MIN(maplen, infos[i]->cpumaplen));
        }
        virDomainIOThreadInfoFree(infos[i]);
    }
    free(infos);
    return found;
}

gboolean
bpfpv_pinner_read_defined(virDomainPtr domain, BpfpvThreadKind kind, guint id, guchar *map,
                          int maplen)
{
    switch (kind) {
    case BPFPV_THREAD_EMULATOR:
        return virDomainGetEmulatorPinInfo(domain, map, maplen, VIR_DOMAIN_AFFECT_CONFIG) >= 0;
    case BPFPV_THREAD_IOTHREAD:
        return read_iothread(domain, id, map, maplen);
    case BPFPV_THREAD_VCPU:
        break;
    }
    return read_vcpu(domain, id, map, maplen);
}
