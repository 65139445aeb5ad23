/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in front of libvirt for the program that it is linked into; see fake-libvirt.h. */
#include "fake-libvirt.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpuset/cpuset.h"

#define N_CONNECTIONS 16
#define CONNECTION ((virConnectPtr)&objects[0])

static int objects[N_CONNECTIONS];

/* What a virDomainPtr is here: as of when it was looked up. */
typedef struct {
    const char *uuid;
    const char *name;
    int id;
    virConnectPtr connection;
} Handle;

static guint n_host_cpus = 4;
static const char *capabilities = "<capabilities/>";
static FakePinFunc pin_func;
static gpointer pin_data;

static GMutex lock;
static const char *failing; /* under lock, as those that follow */
static int failing_code;
static int n_vcpus = 2;
static char *answer; /* of the agent */
static virConnectDomainQemuMonitorEventCallback port_callback;
static void *port_data;
static virConnectDomainEventCallback lifecycle_callback;
static void *lifecycle_data;
static virConnectCloseFunc close_callback;
static void *close_data;
static const char *holding, *held_uuid;
static guint held;
static GString *pins, *calls;
static GCond released;
static guint n_opened;
static int control_state;

/* So that the I/O threads have to be asked for. */
#define XML "<domain><vcpu placement='auto'>2</vcpu><iothreads>1</iothreads></domain>"
static const FakeGuest one_guest[] = {
    {"11111111-2222-3333-4444-555555555555", "fake", 1, XML},
    {0},
};
static const FakeGuest *guests = one_guest;
static GHashTable *by_uuid; /* (nullable): of FakeGuest: @guests, where they were set */
static guint failures;

static __thread virError last;

/* What the library answers by itself. */
static gboolean
is_local(const char *call)
{
    static const char *const local[] = {
        "virConnectIsAlive", "virDomainFree",          "virDomainGetConnect", "virDomainGetID",
        "virDomainGetName",  "virDomainGetUUIDString", "virConnectRef",       NULL,
    };

    return g_strv_contains(local, call);
}

/* Every call begins with it. Returns: whether this one is to fail. */
static gboolean
enter(const char *call)
{
    gboolean fails;

    virResetLastError();
    g_mutex_lock(&lock);
    if (calls && !is_local(call))
        g_string_append_printf(calls, "%s ", call + strlen("vir"));
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

void
fake_libvirt_set_vcpus(int n)
{
    g_mutex_lock(&lock);
    n_vcpus = n;
    g_mutex_unlock(&lock);
}

void
fake_libvirt_set_answer(const char *text)
{
    g_mutex_lock(&lock);
    g_free(answer);
    answer = g_strdup(text);
    g_mutex_unlock(&lock);
}

void
fake_libvirt_port_event(const char *details)
{
    Handle handle = {one_guest->uuid, one_guest->name, one_guest->id, CONNECTION};

    port_callback(CONNECTION, (virDomainPtr)&handle, "VSERPORT_CHANGE", 0, 0, details, port_data);
}

void
fake_libvirt_set_guests(const FakeGuest *others)
{
    g_mutex_lock(&lock);
    g_clear_pointer(&by_uuid, g_hash_table_unref);
    by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
    guests = others;
    for (const FakeGuest *guest = guests; guest->uuid; guest++)
        g_hash_table_insert(by_uuid, (gpointer)guest->uuid, (gpointer)guest);
    g_mutex_unlock(&lock);
}

void
fake_libvirt_set_host(guint n_cpus, const char *xml)
{
    n_host_cpus = n_cpus;
    capabilities = xml ? xml : "<capabilities/>";
}

void
fake_libvirt_watch_pins(FakePinFunc func, gpointer user_data)
{
    pin_func = func;
    pin_data = user_data;
}

static gsize
map_length(void)
{
    return (n_host_cpus + 7) / 8;
}

/* All host CPUs. */
static void
fill_map(unsigned char *map, gsize length)
{
    memset(map, 0, length);
    for (guint c = 0; c < n_host_cpus && c / 8 < length; c++)
        map[c / 8] |= (unsigned char)(1 << c % 8);
}

void
fake_libvirt_hold(const char *call, const char *uuid)
{
    g_mutex_lock(&lock);
    holding = call;
    held_uuid = uuid;
    held = 0;
    g_cond_broadcast(&released);
    g_mutex_unlock(&lock);
}

guint
fake_libvirt_held(void)
{
    guint n;

    g_mutex_lock(&lock);
    n = held;
    g_mutex_unlock(&lock);
    return n;
}

char *
fake_libvirt_calls(void)
{
    char *text;

    g_mutex_lock(&lock);
    if (!calls)
        calls = g_string_new(NULL);
    text = g_strdup(calls->str);
    g_string_truncate(calls, 0);
    g_mutex_unlock(&lock);
    return text;
}

void
fake_libvirt_set_control_state(int state)
{
    g_mutex_lock(&lock);
    control_state = state;
    g_mutex_unlock(&lock);
}

char *
fake_libvirt_pins(void)
{
    char *text;

    g_mutex_lock(&lock);
    text = g_strdup(pins ? pins->str : "");
    g_mutex_unlock(&lock);
    return text;
}

/* The answer of  is there; it may have to wait. */
static void
answer_later(const char *call, const char *uuid)
{
    g_mutex_lock(&lock);
    held += g_strcmp0(holding, call) == 0 && g_strcmp0(held_uuid, uuid) == 0;
    while (g_strcmp0(holding, call) == 0 && g_strcmp0(held_uuid, uuid) == 0)
        g_cond_wait(&released, &lock);
    g_mutex_unlock(&lock);
}

static virDomainPtr
handle_new(virConnectPtr connection, const FakeGuest *guest)
{
    Handle *handle = g_new(Handle, 1);

    *handle = (Handle){guest->uuid, guest->name, guest->id, connection};
    return (virDomainPtr)handle;
}

static void
set_no_domain(void)
{
    virResetLastError();
    last.code = VIR_ERR_NO_DOMAIN;
    last.level = VIR_ERR_ERROR;
    last.message = strdup("no such domain");
}

/* Each is (nullable), or -1. Returns: (nullable): NULL with libvirt's error set */
static const FakeGuest *
find(const char *uuid, const char *name, int id)
{
    const FakeGuest *found = NULL;

    g_mutex_lock(&lock);
    if (uuid && by_uuid)
        found = g_hash_table_lookup(by_uuid, uuid);
    for (const FakeGuest *guest = guests; guest->uuid && !found && !(uuid && by_uuid); guest++)
        if ((uuid && strcmp(guest->uuid, uuid) == 0) || (name && strcmp(guest->name, name) == 0) ||
            (id >= 0 && guest->id == id))
            found = guest;
    g_mutex_unlock(&lock);
    if (!found)
        set_no_domain();
    return found;
}

static virDomainPtr
look_up(virConnectPtr connection, const char *uuid, const char *name, int id)
{
    const FakeGuest *guest = find(uuid, name, id);

    return guest ? handle_new(connection, guest) : NULL;
}

static const Handle *
handle_of(virDomainPtr domain)
{
    return (const Handle *)domain;
}

void
fake_libvirt_close(void)
{
    close_callback(CONNECTION, VIR_CONNECT_CLOSE_REASON_EOF, close_data);
}

void
fake_libvirt_lifecycle(const char *uuid, int event)
{
    Handle handle = {uuid, "", -1, CONNECTION};

    lifecycle_callback(CONNECTION, (virDomainPtr)&handle, event, 0, lifecycle_data);
}

guint
fake_libvirt_opened(void)
{
    guint n;

    g_mutex_lock(&lock);
    n = n_opened;
    g_mutex_unlock(&lock);
    return n;
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
    virConnectPtr connection;

    if (enter("virConnectOpen"))
        return NULL;
    g_mutex_lock(&lock);
    connection = (virConnectPtr)&objects[n_opened++ % N_CONNECTIONS];
    g_mutex_unlock(&lock);
    return connection;
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
    if (enter("virConnectRegisterCloseCallback"))
        return -1;
    close_callback = callback;
    close_data = opaque;
    return 0;
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
    if (enter("virConnectDomainEventRegisterAny"))
        return -1;
    if (event == VIR_DOMAIN_EVENT_ID_LIFECYCLE) {
        lifecycle_callback = (virConnectDomainEventCallback)(void (*)(void))callback;
        lifecycle_data = opaque;
    }
    return event;
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
    if (enter("virConnectDomainQemuMonitorEventRegister"))
        return -1;
    port_callback = callback;
    port_data = opaque;
    return 0;
}

int
virConnectDomainQemuMonitorEventDeregister(virConnectPtr connection, int id)
{
    return enter("virConnectDomainQemuMonitorEventDeregister") ? -1 : 0;
}

int
virConnectListAllDomains(virConnectPtr connection, virDomainPtr **domains, unsigned int flags)
{
    int n = 0;

    if (enter("virConnectListAllDomains"))
        return -1;
    g_mutex_lock(&lock);
    while (guests[n].uuid)
        n++;
    *domains = calloc((size_t)n + 1, sizeof(**domains));
    n = 0;
    for (const FakeGuest *guest = guests; guest->uuid; guest++)
        if (guest->id >= 0)
            (*domains)[n++] = handle_new(connection, guest);
    g_mutex_unlock(&lock);
    return n;
}

char *
virConnectGetCapabilities(virConnectPtr connection)
{
    return enter("virConnectGetCapabilities") ? NULL : strdup(capabilities);
}

int
virNodeGetCPUMap(virConnectPtr connection, unsigned char **map, unsigned int *online,
                 unsigned int flags)
{
    if (enter("virNodeGetCPUMap"))
        return -1;
    if (map) {
        *map = malloc(map_length());
        fill_map(*map, map_length());
    }
    return (int)n_host_cpus;
}

/* ---- the domain ---- */

virDomainPtr
virDomainLookupByUUIDString(virConnectPtr connection, const char *uuid)
{
    return enter("virDomainLookupByUUIDString") ? NULL : look_up(connection, uuid, NULL, -1);
}

virDomainPtr
virDomainLookupByName(virConnectPtr connection, const char *name)
{
    return enter("virDomainLookupByName") ? NULL : look_up(connection, NULL, name, -1);
}

virDomainPtr
virDomainLookupByID(virConnectPtr connection, int id)
{
    return enter("virDomainLookupByID") ? NULL : look_up(connection, NULL, NULL, id);
}

int
virDomainFree(virDomainPtr domain)
{
    if (enter("virDomainFree"))
        return -1;
    g_free(domain);
    return 0;
}

virConnectPtr
virDomainGetConnect(virDomainPtr domain)
{
    return enter("virDomainGetConnect") ? NULL : handle_of(domain)->connection;
}

const char *
virDomainGetName(virDomainPtr domain)
{
    return enter("virDomainGetName") ? NULL : handle_of(domain)->name;
}

unsigned int
virDomainGetID(virDomainPtr domain)
{
    return enter("virDomainGetID") ? (unsigned int)-1 : (unsigned int)handle_of(domain)->id;
}

int
virDomainGetUUIDString(virDomainPtr domain, char *buffer)
{
    if (enter("virDomainGetUUIDString"))
        return -1;
    strcpy(buffer, handle_of(domain)->uuid);
    return 0;
}

int
virDomainIsActive(virDomainPtr domain)
{
    const FakeGuest *guest;

    if (enter("virDomainIsActive"))
        return -1;
    guest = find(handle_of(domain)->uuid, NULL, -1);
    return guest ? guest->id >= 0 : -1;
}

char *
virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    const FakeGuest *guest;
    char *xml;

    if (enter("virDomainGetXMLDesc"))
        return NULL;
    guest = find(handle_of(domain)->uuid, NULL, -1);
    if (!guest)
        return NULL;
    xml = strdup(guest->xml);
    answer_later("virDomainGetXMLDesc", guest->uuid);
    return xml;
}

int
virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
                     const char *uri, unsigned int flags)
{
    if (enter("virDomainSetMetadata"))
        return -1;
    answer_later("virDomainSetMetadata", handle_of(domain)->uuid);
    return 0;
}

int
virDomainGetControlInfo(virDomainPtr domain, virDomainControlInfoPtr info, unsigned int flags)
{
    if (enter("virDomainGetControlInfo"))
        return -1;
    memset(info, 0, sizeof(*info));
    g_mutex_lock(&lock);
    info->state = (unsigned int)control_state;
    g_mutex_unlock(&lock);
    return 0;
}

int
virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params, int *n,
                     unsigned int flags)
{
    if (enter("virDomainGetJobStats"))
        return -1;
    *type = VIR_DOMAIN_JOB_NONE;
    *params = NULL;
    *n = 0;
    return 0;
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
    return enter("virDomainQemuAgentCommand") ? NULL : strdup(answer ? answer : "{\"return\":{}}");
}

/* ---- its threads ---- */

int
virDomainGetVcpuPinInfo(virDomainPtr domain, int n, unsigned char *maps, int length,
                        unsigned int flags)
{
    if (enter("virDomainGetVcpuPinInfo"))
        return -1;
    for (int i = 0; i < MIN(n, n_vcpus); i++)
        fill_map(maps + i * length, (gsize)length);
    answer_later("virDomainGetVcpuPinInfo", handle_of(domain)->uuid);
    return MIN(n, n_vcpus);
}

int
virDomainGetVcpusFlags(virDomainPtr domain, unsigned int flags)
{
    return enter("virDomainGetVcpusFlags") ? -1 : n_vcpus;
}

int
virDomainGetEmulatorPinInfo(virDomainPtr domain, unsigned char *map, int length, unsigned int flags)
{
    if (enter("virDomainGetEmulatorPinInfo"))
        return -1;
    fill_map(map, (gsize)length);
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
    (**infos)->cpumap = malloc(map_length());
    fill_map((**infos)->cpumap, map_length());
    (**infos)->cpumaplen = (int)map_length();
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
    g_autofree char *text = NULL;
    g_autoptr(BpfpvCpuset) cpus = NULL;

    if (enter("virDomainPinVcpuFlags"))
        return -1;
    answer_later("virDomainPinVcpuFlags", handle_of(domain)->uuid);
    cpus = bpfpv_cpuset_new_from_map(map, (gsize)length, n_host_cpus);
    if (pin_func) {
        pin_func(handle_of(domain)->name, vcpu, bpfpv_cpuset_count(cpus), pin_data);
        return 0;
    }
    text = bpfpv_cpuset_format(cpus);
    g_mutex_lock(&lock);
    if (!pins)
        pins = g_string_new(NULL);
    g_string_append_printf(pins, "%s %u:%s ", handle_of(domain)->name, vcpu, text);
    g_mutex_unlock(&lock);
    return 0;
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
