/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fake-domains.h. */
#include "fake-domains.h"

#include <string.h>

#include "core/cpuset/cpuset.h"

#define MAX_DOMAINS 32
#define N_CPUS 8
/* Where what is waited for doesn't come, the call fails as one of libvirt's does. */
#define WAIT_S 30

struct _virDomain {
    FakeDomain fake;
    GString *done;
    gboolean complete; /* nothing is left to be done */
};

struct _virConnect {
    int unused;
};

static struct _virDomain domains[MAX_DOMAINS];
static struct _virConnect connections[16];
static guint n_opened; /* under lock */
static gboolean is_down;
static GMutex lock; /* for all of that */
static GCond changed;
static _Thread_local virError last_error;

void
fake_libvirt_set(const FakeDomain *list)
{
    g_mutex_lock(&lock);
    for (guint i = 0; i < MAX_DOMAINS; i++) {
        if (domains[i].done)
            g_string_free(domains[i].done, TRUE);
        memset(&domains[i], 0, sizeof(domains[i]));
    }
    for (guint i = 0; list[i].uuid; i++) {
        g_assert(i < MAX_DOMAINS);
        domains[i].fake = list[i];
        domains[i].done = g_string_new(NULL);
    }
    is_down = FALSE;
    g_mutex_unlock(&lock);
}

void
fake_libvirt_set_down(gboolean down)
{
    g_mutex_lock(&lock);
    is_down = down;
    g_mutex_unlock(&lock);
}

/* Under the lock. */
static struct _virDomain *
find(const char *uuid)
{
    for (guint i = 0; i < MAX_DOMAINS && domains[i].fake.uuid; i++)
        if (g_str_equal(domains[i].fake.uuid, uuid))
            return &domains[i];
    return NULL;
}

char *
fake_libvirt_done(const char *uuid)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    const struct _virDomain *domain = find(uuid);

    return g_strdup(domain ? domain->done->str : "");
}

/* Under the lock. Returns: whether it came to be */
static gboolean
wait_for(const char *uuid)
{
    gint64 end = g_get_monotonic_time() + WAIT_S * G_USEC_PER_SEC;

    while (uuid && !find(uuid)->complete)
        if (!g_cond_wait_until(&changed, &lock, end))
            return FALSE;
    return TRUE;
}

static void
note(struct _virDomain *domain, const char *what)
{
    g_string_append_printf(domain->done, "%s%s", domain->done->len > 0 ? ", " : "", what);
}

/* ---- errors ---- */

static int
fail(int code)
{
    static char message[] = "the fake says so";

    last_error = (virError){.code = code, .message = message};
    return -1;
}

virErrorPtr
virGetLastError(void)
{
    return last_error.code ? &last_error : NULL;
}

int
virGetLastErrorCode(void)
{
    return last_error.code;
}

void
virResetLastError(void)
{
    memset(&last_error, 0, sizeof(last_error));
}

/* ---- connections ---- */

virConnectPtr
virConnectOpen(const char *name)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    if (!is_down)
        return &connections[n_opened++ % G_N_ELEMENTS(connections)];
    fail(VIR_ERR_NO_CONNECT);
    return NULL;
}

int
virConnectClose(virConnectPtr conn)
{
    return 0;
}

int
virConnectIsAlive(virConnectPtr conn)
{
    return 1;
}

int
virNodeGetCPUMap(virConnectPtr conn, unsigned char **cpumap, unsigned int *online,
                 unsigned int flags)
{
    if (cpumap) {
        *cpumap = calloc(1, VIR_CPU_MAPLEN(N_CPUS));
        for (int i = 0; i < N_CPUS; i++)
            VIR_USE_CPU(*cpumap, i);
    }
    return N_CPUS;
}

/* ---- domains ---- */

virDomainPtr
virDomainLookupByUUIDString(virConnectPtr conn, const char *uuid)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    struct _virDomain *domain = find(uuid);
    int code = domain ? domain->fake.lookup_code : VIR_ERR_NO_DOMAIN;

    if (!code)
        return domain;
    fail(code);
    return NULL;
}

int
virDomainFree(virDomainPtr domain)
{
    virResetLastError();
    return 0;
}

virConnectPtr
virDomainGetConnect(virDomainPtr domain)
{
    return &connections[0];
}

int
virDomainIsPersistent(virDomainPtr domain)
{
    return 0;
}

const char *
virDomainGetName(virDomainPtr domain)
{
    virResetLastError();
    return domain->fake.name;
}

unsigned int
virDomainGetID(virDomainPtr domain)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    return (unsigned int)domain->fake.id;
}

int
virDomainIsActive(virDomainPtr domain)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    if (domain->fake.active_code)
        return fail(domain->fake.active_code);
    return domain->fake.id > 0;
}

int
virDomainGetControlInfo(virDomainPtr domain, virDomainControlInfoPtr info, unsigned int flags)
{
    info->state = VIR_DOMAIN_CONTROL_OK;
    return 0;
}

int
virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params, int *nparams,
                     unsigned int flags)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    int max = 0;

    if (domain->fake.job_waits_for && find(domain->fake.job_waits_for)->complete)
        domain->fake.job = 0;
    *type = domain->fake.job ? VIR_DOMAIN_JOB_UNBOUNDED : VIR_DOMAIN_JOB_NONE;
    return virTypedParamsAddInt(params, nparams, &max, VIR_DOMAIN_JOB_OPERATION, domain->fake.job);
}

/* As libvirt does, it waits for a job that lets no pin call through. Under the lock. */
static gboolean
is_held(struct _virDomain *domain)
{
    if (!domain->fake.job || domain->fake.job == VIR_DOMAIN_JOB_OPERATION_BACKUP)
        return FALSE;
    return !domain->fake.job_waits_for || !wait_for(domain->fake.job_waits_for);
}

static int
pin(virDomainPtr domain, const char *what, unsigned char *map, int length, int code)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new_from_map(map, (gsize)length, N_CPUS);
    g_autofree char *text = bpfpv_cpuset_format(set);
    g_autofree char *done = g_strdup_printf("%s %s", what, text);

    if (domain->fake.ends) {
        domain->fake.lookup_code = VIR_ERR_NO_DOMAIN;
        return fail(VIR_ERR_OPERATION_INVALID);
    }
    if (is_held(domain) || !wait_for(domain->fake.waits_for))
        return fail(VIR_ERR_OPERATION_TIMEOUT);
    if (code)
        return fail(code);
    note(domain, done);
    return 0;
}

int
virDomainPinVcpuFlags(virDomainPtr domain, unsigned int vcpu, unsigned char *cpumap, int maplen,
                      unsigned int flags)
{
    g_autofree char *what = g_strdup_printf("vcpu %u", vcpu);

    return pin(domain, what, cpumap, maplen, vcpu == 1 ? domain->fake.pin_code : 0);
}

int
virDomainPinEmulator(virDomainPtr domain, unsigned char *cpumap, int maplen, unsigned int flags)
{
    return pin(domain, "emulator", cpumap, maplen, 0);
}

/* Of the threads that are no vCPUs it has the emulator alone. */
int
virDomainGetEmulatorPinInfo(virDomainPtr domain, unsigned char *cpumap, int maplen,
                            unsigned int flags)
{
    return 1;
}

int
virDomainGetIOThreadInfo(virDomainPtr domain, virDomainIOThreadInfoPtr **info, unsigned int flags)
{
    return 0;
}

char *
virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    return strdup("<domain><vcpu>2</vcpu></domain>");
}

int
virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
                     const char *uri, unsigned int flags)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    note(domain, metadata ? "a status" : "no status");
    domain->complete = TRUE;
    g_cond_broadcast(&changed);
    return 0;
}
