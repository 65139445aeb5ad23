/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's pin calls of one domain; see pinner.h. The only place that pins. */
#include "host/pinner/private.h"

#include <string.h>

#include "xml/document.h"
#include "host/run.h"
#include "host/virt.h"
#include "host/worker.h"

G_DEFINE_QUARK(bpfpv_pinner_error_quark, bpfpv_pinner_error)

#define STATUS_PREFIX "bpfpvstatus"

/* What the worker uses; outlives the pinner while a call is under way. Only the worker's single
 * thread touches the connection. */
typedef struct {
    gatomicrefcount refs;
    char *uri;
    char *uuid;
    int id;
    virConnectPtr connection;
    guint n_host_cpus;
    gboolean unnoted; /* the last status could not be written */
} Link;

struct _BpfpvPinner {
    Link *link;
    BpfpvWorker *worker;
    GCancellable *cancellable;
};

typedef struct {
    Link *link;
    BpfpvThreadKind kind;
    guint vcpu;
    BpfpvCpuset *cpus;
    char *status;
} Pin;

static Link *
link_ref(Link *link)
{
    g_atomic_ref_count_inc(&link->refs);
    return link;
}

static void
link_unref(Link *link)
{
    if (!g_atomic_ref_count_dec(&link->refs))
        return;
    g_clear_pointer(&link->connection, virConnectClose);
    g_free(link->uri);
    g_free(link->uuid);
    g_free(link);
}

static void
pin_free(gpointer data)
{
    Pin *pin = data;

    link_unref(pin->link);
    bpfpv_cpuset_free(pin->cpus);
    g_free(pin->status);
    g_free(pin);
}

static virDomainPtr
lookup_run(Link *link, GError **error)
{
    g_autoptr(virDomain) domain = bpfpv_virt_lookup(link->connection, link->uuid, error);

    if (domain && (int)virDomainGetID(domain) != link->id) {
        g_set_error(error, BPFPV_RUN_ERROR, BPFPV_RUN_ERROR_OVER,
                    "domain %s is no longer running with id %d", virDomainGetName(domain),
                    link->id);
        return NULL;
    }
    return g_steal_pointer(&domain);
}

/* Looks the domain up, on a new connection where the last one has died. */
static virDomainPtr
link_open(Link *link, GError **error)
{
    int n;

    if (link->connection && virConnectIsAlive(link->connection) != 1)
        g_clear_pointer(&link->connection, virConnectClose);
    if (!link->connection) {
        link->connection = bpfpv_virt_open(link->uri, error);
        if (!link->connection)
            return NULL;
    }
    n = virNodeGetCPUMap(link->connection, NULL, NULL, 0);
    if (n <= 0) {
        bpfpv_virt_set_error(error, "counting the host's CPUs");
        return NULL;
    }
    link->n_host_cpus = (guint)n;
    return lookup_run(link, error);
}

/* @error: (transfer full) */
static void
return_error(GTask *task, const Link *link, GError *error)
{
    bpfpv_run_explain(link->connection, link->uuid, link->id, &error);
    g_task_return_error(task, error);
}

/* Those that may be plugged in, too. Returns: 0 with @error set */
static guint
count_vcpus(virDomainPtr domain, GError **error)
{
    int n = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_VCPU_MAXIMUM);

    if (n <= 0)
        bpfpv_virt_set_error(error, "counting the vCPUs of domain %s", virDomainGetName(domain));
    else if (n > BPFPV_CPUSET_MAX)
        g_set_error(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE,
                    "domain %s has %d vCPUs, and bpfpv takes %d at most; give it fewer <vcpu>s",
                    virDomainGetName(domain), n, BPFPV_CPUSET_MAX);
    return n <= 0 || n > BPFPV_CPUSET_MAX ? 0 : (guint)n;
}

static GPtrArray *
read_pins(Link *link, virDomainPtr domain, GError **error)
{
    gsize maplen = VIR_CPU_MAPLEN(link->n_host_cpus);
    guint n_vcpus = count_vcpus(domain, error);
    g_autofree guchar *maps = g_malloc0(maplen * MAX(n_vcpus, 1));
    g_autoptr(GPtrArray) threads = bpfpv_pinned_threads_new();
    g_autoptr(BpfpvXmlDoc) doc = NULL;
    int n;

    if (n_vcpus == 0)
        return NULL;
    n = virDomainGetVcpuPinInfo(domain, (int)n_vcpus, maps, (int)maplen, VIR_DOMAIN_AFFECT_LIVE);
    if (n <= 0) {
        bpfpv_virt_set_error(error, "reading the vCPU pins of domain %s", virDomainGetName(domain));
        return NULL;
    }
    for (int i = 0; i < n; i++)
        bpfpv_pinned_threads_add(
            threads, BPFPV_THREAD_VCPU, (guint)i,
            bpfpv_cpuset_new_from_map(maps + (gsize)i * maplen, maplen, link->n_host_cpus));
    doc = bpfpv_pinner_read_xml(domain, 0, error);
    if (!doc)
        return NULL;
    bpfpv_pinner_see_own(domain, xmlDocGetRootElement(doc), threads, link->n_host_cpus);
    return g_steal_pointer(&threads);
}

static void
read_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    GError *error = NULL;
    g_autoptr(virDomain) domain = link_open(pin->link, &error);
    GPtrArray *threads = domain ? read_pins(pin->link, domain, &error) : NULL;

    if (threads)
        g_task_return_pointer(task, threads, (GDestroyNotify)g_ptr_array_unref);
    else
        return_error(task, pin->link, error);
}

static void
read_threads_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    GError *error = NULL;
    g_autoptr(virDomain) domain = link_open(pin->link, &error);
    GPtrArray *threads = NULL;

    if (domain)
        threads = bpfpv_pinner_list_threads(domain, pin->link->n_host_cpus, &error);
    if (threads)
        g_task_return_pointer(task, threads, (GDestroyNotify)g_ptr_array_unref);
    else
        return_error(task, pin->link, error);
}

static int
call_libvirt(const Pin *pin, virDomainPtr domain, guchar *map, int maplen)
{
    switch (pin->kind) {
    case BPFPV_THREAD_EMULATOR:
        return virDomainPinEmulator(domain, map, maplen, VIR_DOMAIN_AFFECT_LIVE);
    case BPFPV_THREAD_IOTHREAD:
        return virDomainPinIOThread(domain, pin->vcpu, map, maplen, VIR_DOMAIN_AFFECT_LIVE);
    case BPFPV_THREAD_VCPU:
        break;
    }
    return virDomainPinVcpuFlags(domain, pin->vcpu, map, maplen, VIR_DOMAIN_AFFECT_LIVE);
}

/* Where the connection has died libvirt's reason, if any, is that, and no answer to the call. */
static GError *
why_not(const Pin *pin, virDomainPtr domain)
{
    static const char *const what[] = {"vCPU", "emulator", "I/O thread"};
    g_autofree char *text = bpfpv_cpuset_format(pin->cpus);
    gboolean answered = virGetLastErrorCode() != VIR_ERR_OK;
    GError *error = NULL;

    bpfpv_virt_set_error(&error, "pinning %s %u of domain %s to host CPUs %s", what[pin->kind],
                         pin->vcpu, virDomainGetName(domain), text);
    if (answered && virConnectIsAlive(pin->link->connection) == 1)
        return error;
    error->domain = BPFPV_PINNER_ERROR;
    error->code = BPFPV_PINNER_ERROR_UNSURE;
    return error;
}

/* The domain was started again while the call waited in libvirt: it has pinned the next run, for
 * which nobody has called yet, since its calls wait in the same queue. */
static void
return_landed(GTask *task, const Pin *pin, virDomainPtr domain, guchar *map, int maplen)
{
    GError *error = NULL;

    if (bpfpv_run_check(pin->link->connection, pin->link->uuid, pin->link->id, &error)) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    memset(map, 0, (gsize)maplen);
    if (bpfpv_pinner_read_defined(domain, pin->kind, pin->vcpu, map, maplen))
        call_libvirt(pin, domain, map, maplen);
    g_task_return_error(task, error);
}

static void
pin_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    GError *error = NULL;
    g_autoptr(virDomain) domain = link_open(pin->link, &error);
    gsize maplen = VIR_CPU_MAPLEN((gsize)MAX(pin->link->n_host_cpus, 1));
    g_autofree guchar *map = g_malloc0(maplen);

    bpfpv_run_explain(pin->link->connection, pin->link->uuid, pin->link->id, &error);
    if (bpfpv_run_is_over(error)) {
        g_task_return_error(task, error);
        return;
    }
    if (!domain) {
        g_task_return_new_error(task, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE, "%s",
                                error->message);
        g_error_free(error);
        return;
    }
    if (pin->link->unnoted) {
        g_task_return_new_error(task, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE,
                                "the status of domain %s could not be written, by which its pins "
                                "are known as bpfpv's",
                                virDomainGetName(domain));
        return;
    }
    bpfpv_cpuset_to_map(pin->cpus, map, maplen);
    if (call_libvirt(pin, domain, map, (int)maplen) < 0)
        return_error(task, pin->link, why_not(pin, domain));
    else
        return_landed(task, pin, domain, map, (int)maplen);
}

static void
note_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    GError *error = NULL;
    g_autoptr(virDomain) domain = link_open(pin->link, &error);

    if (domain && virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, pin->status,
                                       pin->status ? STATUS_PREFIX : NULL, BPFPV_STATUS_NAMESPACE,
                                       VIR_DOMAIN_AFFECT_LIVE) < 0)
        bpfpv_virt_set_error(&error, "writing the status of domain %s", virDomainGetName(domain));
    else if (domain &&
             !bpfpv_run_check(pin->link->connection, pin->link->uuid, pin->link->id, &error))
        virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, NULL, NULL,
                             BPFPV_STATUS_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE); /* the next run's */
    pin->link->unnoted = error != NULL;
    if (error)
        return_error(task, pin->link, error);
    else
        g_task_return_boolean(task, TRUE);
}

BpfpvPinner *
bpfpv_pinner_new(const char *uri, const char *uuid, int id)
{
    BpfpvPinner *pinner = g_new0(BpfpvPinner, 1);

    pinner->link = g_new0(Link, 1);
    g_atomic_ref_count_init(&pinner->link->refs);
    pinner->link->uri = g_strdup(uri);
    pinner->link->uuid = g_strdup(uuid);
    pinner->link->id = id;
    pinner->worker = bpfpv_worker_new_shared("pins", uuid);
    pinner->cancellable = g_cancellable_new();
    return pinner;
}

void
bpfpv_pinner_free(BpfpvPinner *pinner)
{
    if (!pinner)
        return;
    g_cancellable_cancel(pinner->cancellable);
    g_object_unref(pinner->cancellable);
    bpfpv_worker_free(pinner->worker);
    link_unref(pinner->link);
    g_free(pinner);
}

static void
run(BpfpvPinner *pinner, const Pin *what, GTaskThreadFunc func, GAsyncReadyCallback callback,
    gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, pinner->cancellable, callback, user_data);
    Pin *pin = g_new0(Pin, 1);

    pin->link = link_ref(pinner->link);
    pin->kind = what->kind;
    pin->vcpu = what->vcpu;
    pin->cpus = what->cpus ? bpfpv_cpuset_copy(what->cpus) : NULL;
    pin->status = g_strdup(what->status);
    /* What a pin call did must be known even when nobody wants it any more. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, pin, pin_free);
    bpfpv_worker_run(pinner->worker, task, func);
}

void
bpfpv_pinner_read(BpfpvPinner *pinner, GAsyncReadyCallback callback, gpointer user_data)
{
    run(pinner, &(Pin){0}, read_in_worker, callback, user_data);
}

GPtrArray *
bpfpv_pinner_read_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void
bpfpv_pinner_read_threads(BpfpvPinner *pinner, GAsyncReadyCallback callback, gpointer user_data)
{
    run(pinner, &(Pin){0}, read_threads_in_worker, callback, user_data);
}

GPtrArray *
bpfpv_pinner_read_threads_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void
bpfpv_pinner_pin(BpfpvPinner *pinner, BpfpvThreadKind kind, guint vcpu, const BpfpvCpuset *cpus,
                 GAsyncReadyCallback callback, gpointer user_data)
{
    run(pinner, &(Pin){.kind = kind, .vcpu = vcpu, .cpus = (BpfpvCpuset *)cpus}, pin_in_worker,
        callback, user_data);
}

gboolean
bpfpv_pinner_pin_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}

void
bpfpv_pinner_note(BpfpvPinner *pinner, const char *status, GAsyncReadyCallback callback,
                  gpointer user_data)
{
    run(pinner, &(Pin){.status = (char *)status}, note_in_worker, callback, user_data);
}

gboolean
bpfpv_pinner_note_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
