/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's pin calls of one domain; see pinner.h. The only place that pins. */
#include "host/pinner/private.h"

#include <string.h>

#include "xml/document.h"
#include "host/connections.h"
#include "host/run.h"
#include "host/virt.h"
#include "host/worker.h"

G_DEFINE_QUARK(bpfpv_pinner_error_quark, bpfpv_pinner_error)

#define STATUS_PREFIX "bpfpvstatus"

/* Calls for all domains that are under way at once: each connection's share. */
static BpfpvWorkerKind calls_kind =
    BPFPV_WORKER_KIND(BPFPV_CONNECTIONS_MAX * BPFPV_CONNECTIONS_CALLS);

struct _BpfpvPinner {
    BpfpvPinLink *link;
    BpfpvWorker *worker;
    GCancellable *cancellable;
};

typedef struct {
    BpfpvPinLink *link;
    BpfpvThreadKind kind;
    guint vcpu;
    BpfpvCpuset *cpus;
    char *status;
    gboolean begun;
} Pin;

static void
pin_free(gpointer data)
{
    Pin *pin = data;

    if (!pin->begun)
        g_atomic_int_add(&pin->link->queued, -1);
    bpfpv_pin_link_unref(pin->link);
    bpfpv_cpuset_free(pin->cpus);
    g_free(pin->status);
    g_free(pin);
}

static gboolean
begin(Pin *pin, GError **error)
{
    pin->begun = TRUE;
    g_atomic_int_add(&pin->link->queued, -1);
    return bpfpv_pin_link_begin(pin->link, error);
}

/* @error: (transfer full) */
static void
return_error(GTask *task, BpfpvPinLink *link, GError *error)
{
    bpfpv_pin_link_explain(link, &error);
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
read_pins(const BpfpvPinLink *link, GError **error)
{
    virDomainPtr domain = link->domain;
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
    GPtrArray *threads = NULL;

    if (begin(pin, &error) && bpfpv_pin_link_count_cpus(pin->link, &error))
        threads = read_pins(pin->link, &error);
    if (threads)
        g_task_return_pointer(task, threads, (GDestroyNotify)g_ptr_array_unref);
    else
        return_error(task, pin->link, error);
    bpfpv_pin_link_end(pin->link);
}

static void
read_threads_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    GError *error = NULL;
    GPtrArray *threads = NULL;

    if (begin(pin, &error) && bpfpv_pin_link_count_cpus(pin->link, &error))
        threads = bpfpv_pinner_list_threads(pin->link->domain, pin->link->n_host_cpus, &error);
    if (threads)
        g_task_return_pointer(task, threads, (GDestroyNotify)g_ptr_array_unref);
    else
        return_error(task, pin->link, error);
    bpfpv_pin_link_end(pin->link);
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

/* If it has not, the next run's thread goes back to what its definition says. */
static void
return_landed(GTask *task, const Pin *pin)
{
    BpfpvPinLink *link = pin->link;
    g_autofree guchar *map = NULL;
    GError *error = NULL;
    int maplen;

    if (bpfpv_pin_link_has_landed(link, &error)) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    if (bpfpv_pin_link_count_cpus(link, NULL)) {
        maplen = (int)VIR_CPU_MAPLEN(link->n_host_cpus);
        map = g_malloc0((gsize)maplen);
        if (bpfpv_pinner_read_defined(link->domain, pin->kind, pin->vcpu, map, maplen))
            call_libvirt(pin, link->domain, map, maplen);
    }
    g_clear_pointer(&link->domain, virDomainFree);
    g_task_return_error(task, error);
}

/* Returns: whether the call may be made; if not, @error says why it was not */
static gboolean
may_pin(Pin *pin, GError **error)
{
    BpfpvPinLink *link = pin->link;
    g_autoptr(GError) cause = NULL;

    if (!begin(pin, &cause)) {
        bpfpv_pin_link_explain(link, &cause);
        if (bpfpv_run_is_over(cause))
            g_propagate_error(error, g_steal_pointer(&cause));
        else
            g_set_error(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE, "%s",
                        cause->message);
        return FALSE;
    }
    if (link->unnoted) {
        g_set_error(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE,
                    "the status of domain %s could not be written, by which its pins are known as "
                    "bpfpv's",
                    virDomainGetName(link->domain));
        return FALSE;
    }
    return bpfpv_pin_link_is_free(link, error);
}

static void
pin_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    BpfpvPinLink *link = pin->link;
    int maplen = (int)VIR_CPU_MAPLEN(bpfpv_cpuset_last(pin->cpus) + 1);
    g_autofree guchar *map = g_malloc0((gsize)maplen);
    GError *error = NULL;

    bpfpv_cpuset_to_map(pin->cpus, map, (gsize)maplen);
    if (!may_pin(pin, &error)) {
        g_task_return_error(task, error);
    } else if (call_libvirt(pin, link->domain, map, maplen) < 0) {
        error = why_not(pin, link->domain);
        link->held = bpfpv_virt_is_busy(error);
        return_error(task, link, error);
    } else {
        link->held = FALSE;
        return_landed(task, pin);
    }
    bpfpv_pin_link_end(link);
}

static void
write_status(Pin *pin, GError **error)
{
    BpfpvPinLink *link = pin->link;
    g_autoptr(GError) cause = NULL;

    if (virDomainSetMetadata(link->domain, VIR_DOMAIN_METADATA_ELEMENT, pin->status,
                             pin->status ? STATUS_PREFIX : NULL, BPFPV_STATUS_NAMESPACE,
                             VIR_DOMAIN_AFFECT_LIVE) < 0) {
        bpfpv_virt_set_error(&cause, "writing the status of domain %s",
                             virDomainGetName(link->domain));
        link->held = bpfpv_virt_is_busy(cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return;
    }
    link->held = FALSE;
    link->unchecked = TRUE;
    if (g_atomic_int_get(&link->queued) == 0)
        bpfpv_pin_link_has_landed(link, error); /* else the call that comes next looks */
}

static void
note_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;
    BpfpvPinLink *link = pin->link;
    GError *error = NULL;

    if (begin(pin, &error) && bpfpv_pin_link_is_free(link, &error))
        write_status(pin, &error);
    link->unnoted = error != NULL;
    if (error)
        return_error(task, link, error);
    else
        g_task_return_boolean(task, TRUE);
    bpfpv_pin_link_end(link);
}

/* The last call of a pinner: those that were to look were cancelled. */
static void
look_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Pin *pin = data;

    if (pin->link->unchecked && begin(pin, NULL))
        bpfpv_pin_link_has_landed(pin->link, NULL);
    g_task_return_boolean(task, TRUE);
    bpfpv_pin_link_end(pin->link);
}

BpfpvPinner *
bpfpv_pinner_new(const char *uri, const char *uuid, int id)
{
    BpfpvPinner *pinner = g_new0(BpfpvPinner, 1);

    pinner->link = bpfpv_pin_link_new(uri, uuid, id);
    pinner->worker = bpfpv_worker_new_shared("pins", uuid);
    pinner->cancellable = g_cancellable_new();
    return pinner;
}

static void
run(BpfpvPinner *pinner, const Pin *what, GCancellable *cancellable, GTaskThreadFunc func,
    GAsyncReadyCallback callback, gpointer user_data)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
    Pin *pin = g_new0(Pin, 1);

    pin->link = bpfpv_pin_link_ref(pinner->link);
    pin->kind = what->kind;
    pin->vcpu = what->vcpu;
    pin->cpus = what->cpus ? bpfpv_cpuset_copy(what->cpus) : NULL;
    pin->status = g_strdup(what->status);
    g_atomic_int_inc(&pin->link->queued);
    /* What a pin call did must be known even when nobody wants it any more. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, pin, pin_free);
    bpfpv_worker_run(pinner->worker, &calls_kind, task, func);
}

void
bpfpv_pinner_free(BpfpvPinner *pinner)
{
    if (!pinner)
        return;
    g_cancellable_cancel(pinner->cancellable);
    run(pinner, &(Pin){0}, NULL, look_in_worker, NULL, NULL);
    g_object_unref(pinner->cancellable);
    bpfpv_worker_free(pinner->worker);
    bpfpv_pin_link_unref(pinner->link);
    g_free(pinner);
}

void
bpfpv_pinner_read(BpfpvPinner *pinner, GAsyncReadyCallback callback, gpointer user_data)
{
    run(pinner, &(Pin){0}, pinner->cancellable, read_in_worker, callback, user_data);
}

GPtrArray *
bpfpv_pinner_read_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

void
bpfpv_pinner_read_threads(BpfpvPinner *pinner, GAsyncReadyCallback callback, gpointer user_data)
{
    run(pinner, &(Pin){0}, pinner->cancellable, read_threads_in_worker, callback, user_data);
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
    run(pinner, &(Pin){.kind = kind, .vcpu = vcpu, .cpus = (BpfpvCpuset *)cpus},
        pinner->cancellable, pin_in_worker, callback, user_data);
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
    run(pinner, &(Pin){.status = (char *)status}, pinner->cancellable, note_in_worker, callback,
        user_data);
}

gboolean
bpfpv_pinner_note_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
