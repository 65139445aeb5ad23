/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in front of libvirt for the program that it is linked into; see fake-libvirt.h. */
#include "fake-libvirt.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#define N_HOST_CPUS 4
#define N_VCPUS 2
#define CONNECTION ((virConnectPtr)&objects[0])
#define DOMAIN ((virDomainPtr)&objects[1])

static int objects[2];

static GMutex lock;
static const char *failing; /* under lock, as those that follow */
static int failing_code;
static guint failures;

static __thread virError last;

/* Every call begins with it. Returns: whether this one is to fail. */
static gboolean
enter(const char *call)
{
    gboolean fails;

    virResetLastError();
    g_mutex_lock(&lock);
    fails = g_strcmp0(failing, call) == 0;
    if (fails) {
        last.code = failing_code;
        last.level = VIR_ERR_ERROR;
        last.message = strdup(FAKE_LIBVIRT_MESSAGE);
        failures++;
    }
    g_mutex_unlock(&lock);
    return fails;
}

void
fake_libvirt_fail(const char *call, int code)
{
    g_mutex_lock(&lock);
    failing = call;
    failing_code = code;
    failures = 0;
    g_mutex_unlock(&lock);
}

guint
fake_libvirt_failures(void)
{
    guint n;

    g_mutex_lock(&lock);
    n = failures;
    g_mutex_unlock(&lock);
    return n;
}

/* ---- errors ---- */

virErrorPtr
virGetLastError(void)
{
    return last.code == VIR_ERR_OK ? NULL : &last;
}

int
virGetLastErrorCode(void)
{
    return last.code;
}

void
virResetLastError(void)
{
    free(last.message);
    memset(&last, 0, sizeof(last));
}

void
virSetErrorFunc(void *data, virErrorFunc handler)
{
}

/* ---- the connection ---- */

int
virInitialize(void)
{
    return enter("virInitialize") ? -1 : 0;
}

int
virEventRegisterDefaultImpl(void)
{
    return enter("virEventRegisterDefaultImpl") ? -1 : 0;
}

virConnectPtr
virConnectOpen(const char *uri)
{
    return enter("virConnectOpen") ? NULL : CONNECTION;
}

int
virConnectClose(virConnectPtr connection)
{
    return enter("virConnectClose") ? -1 : 0;
}

int
virConnectRef(virConnectPtr connection)
{
    return enter("virConnectRef") ? -1 : 0;
}

int
virConnectIsAlive(virConnectPtr connection)
{
    return enter("virConnectIsAlive") ? -1 : 1;
}

int
virConnectSetKeepAlive(virConnectPtr connection, int interval, unsigned int count)
{
    return enter("virConnectSetKeepAlive") ? -1 : 0;
}

int
virConnectRegisterCloseCallback(virConnectPtr connection, virConnectCloseFunc callback,
                                void *opaque, virFreeCallback free_opaque)
{
    return enter("virConnectRegisterCloseCallback") ? -1 : 0;
}

int
virConnectUnregisterCloseCallback(virConnectPtr connection, virConnectCloseFunc callback)
{
    return enter("virConnectUnregisterCloseCallback") ? -1 : 0;
}

int
virConnectDomainEventRegisterAny(virConnectPtr connection, virDomainPtr domain, int event,
                                 virConnectDomainEventGenericCallback callback, void *opaque,
                                 virFreeCallback free_opaque)
{
    return enter("virConnectDomainEventRegisterAny") ? -1 : event;
}

int
virConnectDomainEventDeregisterAny(virConnectPtr connection, int id)
{
    return enter("virConnectDomainEventDeregisterAny") ? -1 : 0;
}

int
virConnectDomainQemuMonitorEventRegister(virConnectPtr connection, virDomainPtr domain,
                                         const char *event,
                                         virConnectDomainQemuMonitorEventCallback callback,
                                         void *opaque, virFreeCallback free_opaque,
                                         unsigned int flags)
{
    return enter("virConnectDomainQemuMonitorEventRegister") ? -1 : 0;
}

int
virConnectDomainQemuMonitorEventDeregister(virConnectPtr connection, int id)
{
    return enter("virConnectDomainQemuMonitorEventDeregister") ? -1 : 0;
}

int
virConnectListAllDomains(virConnectPtr connection, virDomainPtr **domains, unsigned int flags)
{
    if (enter("virConnectListAllDomains"))
        return -1;
    *domains = malloc(sizeof(**domains));
    (*domains)[0] = DOMAIN;
    return 1;
}

char *
virConnectGetCapabilities(virConnectPtr connection)
{
    return enter("virConnectGetCapabilities") ? NULL : strdup("<capabilities/>");
}

int
virNodeGetCPUMap(virConnectPtr connection, unsigned char **map, unsigned int *online,
                 unsigned int flags)
{
    if (enter("virNodeGetCPUMap"))
        return -1;
    if (map) {
        *map = malloc(1);
        **map = (1 << N_HOST_CPUS) - 1;
    }
    return N_HOST_CPUS;
}

/* ---- the domain ---- */

virDomainPtr
virDomainLookupByUUIDString(virConnectPtr connection, const char *uuid)
{
    return enter("virDomainLookupByUUIDString") ? NULL : DOMAIN;
}

virDomainPtr
virDomainLookupByName(virConnectPtr connection, const char *name)
{
    return enter("virDomainLookupByName") ? NULL : DOMAIN;
}

virDomainPtr
virDomainLookupByID(virConnectPtr connection, int id)
{
    return enter("virDomainLookupByID") ? NULL : DOMAIN;
}

int
virDomainFree(virDomainPtr domain)
{
    return enter("virDomainFree") ? -1 : 0;
}

virConnectPtr
virDomainGetConnect(virDomainPtr domain)
{
    return enter("virDomainGetConnect") ? NULL : CONNECTION;
}

const char *
virDomainGetName(virDomainPtr domain)
{
    return enter("virDomainGetName") ? NULL : "fake";
}

unsigned int
virDomainGetID(virDomainPtr domain)
{
    return enter("virDomainGetID") ? (unsigned int)-1 : 1;
}

int
virDomainGetUUIDString(virDomainPtr domain, char *buffer)
{
    if (enter("virDomainGetUUIDString"))
        return -1;
    strcpy(buffer, "11111111-2222-3333-4444-555555555555");
    return 0;
}

int
virDomainIsActive(virDomainPtr domain)
{
    return enter("virDomainIsActive") ? -1 : 1;
}

char *
virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    if (enter("virDomainGetXMLDesc"))
        return NULL;
    /* So that the I/O threads have to be asked for. */
    return strdup("<domain><vcpu placement='auto'>2</vcpu><iothreads>1</iothreads></domain>");
}

int
virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
                     const char *uri, unsigned int flags)
{
    return enter("virDomainSetMetadata") ? -1 : 0;
}

int
virDomainAttachDeviceFlags(virDomainPtr domain, const char *xml, unsigned int flags)
{
    return enter("virDomainAttachDeviceFlags") ? -1 : 0;
}

int
virDomainDetachDeviceAlias(virDomainPtr domain, const char *alias, unsigned int flags)
{
    return enter("virDomainDetachDeviceAlias") ? -1 : 0;
}

char *
virDomainQemuAgentCommand(virDomainPtr domain, const char *command, int timeout, unsigned int flags)
{
    return enter("virDomainQemuAgentCommand") ? NULL : strdup("{\"return\":{}}");
}

/* ---- its threads ---- */

int
virDomainGetVcpuPinInfo(virDomainPtr domain, int n, unsigned char *maps, int length,
                        unsigned int flags)
{
    if (enter("virDomainGetVcpuPinInfo"))
        return -1;
    for (int i = 0; i < N_VCPUS; i++)
        maps[i * length] = (1 << N_HOST_CPUS) - 1;
    return N_VCPUS;
}

int
virDomainGetEmulatorPinInfo(virDomainPtr domain, unsigned char *map, int length, unsigned int flags)
{
    if (enter("virDomainGetEmulatorPinInfo"))
        return -1;
    *map = (1 << N_HOST_CPUS) - 1;
    return 1;
}

int
virDomainGetIOThreadInfo(virDomainPtr domain, virDomainIOThreadInfoPtr **infos, unsigned int flags)
{
    if (enter("virDomainGetIOThreadInfo"))
        return -1;
    *infos = malloc(sizeof(**infos));
    **infos = calloc(1, sizeof(***infos));
    (**infos)->iothread_id = 1;
    (**infos)->cpumap = malloc(1);
    *(**infos)->cpumap = (1 << N_HOST_CPUS) - 1;
    (**infos)->cpumaplen = 1;
    return 1;
}

void
virDomainIOThreadInfoFree(virDomainIOThreadInfoPtr info)
{
    enter("virDomainIOThreadInfoFree");
    free(info->cpumap);
    free(info);
}

int
virDomainPinVcpuFlags(virDomainPtr domain, unsigned int vcpu, unsigned char *map, int length,
                      unsigned int flags)
{
    return enter("virDomainPinVcpuFlags") ? -1 : 0;
}

int
virDomainPinEmulator(virDomainPtr domain, unsigned char *map, int length, unsigned int flags)
{
    return enter("virDomainPinEmulator") ? -1 : 0;
}

int
virDomainPinIOThread(virDomainPtr domain, unsigned int id, unsigned char *map, int length,
                     unsigned int flags)
{
    return enter("virDomainPinIOThread") ? -1 : 0;
}
