/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's D-Bus object; see bus.h. Reading calls are answered from what
 * is known; those that change a domain set or remove its metadata element in a
 * worker, and the watch's event does the rest: there is one way in.
 */
#include "config.h"

#include "daemon/bus/bus.h"

#include "bus-interface.h"
#include "core/dict.h"
#include "daemon/bus/keys.h"
#include "daemon/bus/status.h"
#include "host/domain.h"
#include "xml/domain.h"
#include "host/virt.h"
#include "host/worker.h"

#define BUS_NAME "org.bpfpv1"
#define BUS_PATH "/org/bpfpv1"
#define BUS_INTERFACE "org.bpfpv1.Manager"
#define DEFAULT_ELEMENT "<bpfpv><program name='affinity'/></bpfpv>"
/* Where the domain's flavor or bpfpvd.conf would have it managed without an element. */
#define OFF_ELEMENT "<bpfpv><program name='affinity'><placement mode='off'/></program></bpfpv>"
/* Requests that may wait for libvirt at once. */
#define N_WORKERS 4

struct _BpfpvBus {
    const BpfpvConf *conf;
    BpfpvManager *manager;
    const BpfpvBusFuncs *funcs;
    gpointer user_data;
    GDBusConnection *connection;
    guint owner;
    guint object;
    BpfpvWorker *worker;
    GCancellable *cancellable;
    GVariant *told_host; /* what PropertiesChanged said last; NULL: nothing yet */
    char *hook;          /* what is wrong with it; NULL: not looked at */
};

/* One Attach or Detach under way. */
typedef struct {
    BpfpvBus *bus;
    GDBusMethodInvocation *invocation;
    char *uri;
    BpfpvPolicy *policy; /* a reference: the file may be read again meanwhile */
    char *text;          /* what the caller calls the domain */
    gboolean attach;
    char *uuid;
    gboolean active;
} Request;

static void
request_free(gpointer data)
{
    Request *request = data;

    g_free(request->uri);
    bpfpv_policy_unref(request->policy);
    g_free(request->text);
    g_free(request->uuid);
    g_free(request);
}

static void return_error(GDBusMethodInvocation *invocation, const char *name, const char *format,
                         ...) G_GNUC_PRINTF(3, 4);

static void
return_error(GDBusMethodInvocation *invocation, const char *name, const char *format, ...)
{
    g_autofree char *full = g_strconcat("org.bpfpv1.Error.", name, NULL);
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_dbus_method_invocation_return_dbus_error(invocation, full, message);
}

/* ---- changing a domain's element ---- */

/* Managed by element, or by what stands without one; and the other way round. */
static gboolean
set_element(const Request *request, GError **error)
{
    g_autofree char *text = bpfpv_domain_get_xml(request->uri, request->uuid, error);
    g_autoptr(BpfpvDomainXml) xml =
        text ? bpfpv_domain_xml_parse(text, NULL, request->policy, error) : NULL;
    const char *element;

    if (!xml)
        return FALSE;
    if (request->attach && xml->has_element && xml->config)
        return TRUE; /* an element of its own, which is just being taken up */
    if (request->attach)
        element = xml->stands ? NULL : DEFAULT_ELEMENT;
    else
        element = xml->stands ? OFF_ELEMENT : NULL;
    if (!element && !xml->has_element)
        return TRUE;
    return bpfpv_domain_set_element(request->uri, request->uuid, element, error);
}

static void
set_element_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Request *request = data;
    GError *error = NULL;

    if (!bpfpv_domain_resolve(request->uri, request->text, &request->uuid, &request->active,
                              &error) ||
        (request->active && !set_element(request, &error)))
        g_task_return_error(task, error);
    else
        g_task_return_boolean(task, TRUE);
}

static void
released(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_dbus_method_invocation_return_value(user_data, NULL);
}

static void
element_set(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GDBusMethodInvocation *invocation = user_data;
    Request *request = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    gboolean done = g_task_propagate_boolean(G_TASK(result), &error);
    BpfpvManaged *managed;

    if (g_error_matches(error, BPFPV_VIRT_ERROR, VIR_ERR_NO_DOMAIN)) {
        return_error(invocation, "NoSuchDomain", "no domain \"%s\"; virsh list --all shows them",
                     request->text);
    } else if (!done) {
        return_error(invocation, "Failed", "%s", error->message);
    } else if (!request->active) {
        return_error(invocation, "NotRunning", "domain \"%s\" is not running; virsh start %s",
                     request->text, request->text);
    } else if (request->attach) {
        bpfpv_manager_refresh(request->bus->manager, request->uuid);
        g_dbus_method_invocation_return_value(invocation, NULL);
    } else {
        managed = bpfpv_manager_find(request->bus->manager, request->uuid);
        bpfpv_manager_refresh(request->bus->manager, request->uuid);
        if (!managed) {
            g_dbus_method_invocation_return_value(invocation, NULL);
        } else {
            g_autoptr(GTask) wait = g_task_new(NULL, NULL, released, invocation);

            bpfpv_managed_wait_released(managed, wait);
        }
    }
}

static void
change_element(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text, gboolean attach)
{
    g_autoptr(GTask) task = g_task_new(NULL, bus->cancellable, element_set, invocation);
    Request *request = g_new0(Request, 1);

    request->bus = bus;
    request->uri = g_strdup(bus->conf->uri);
    request->policy = bpfpv_policy_ref(bus->conf->policy);
    request->text = g_strdup(text);
    request->attach = attach;
    g_task_set_task_data(task, request, request_free);
    bpfpv_worker_run(bus->worker, NULL, task, set_element_in_worker);
}

static void
attach(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text)
{
    BpfpvManaged *managed = bpfpv_manager_find(bus->manager, text);

    /* Already managed, perhaps with an element of its own: that one stands. */
    if (managed && !managed->releasing) {
        bpfpv_session_try_now(managed->session);
        g_dbus_method_invocation_return_value(invocation, NULL);
    } else
        change_element(bus, invocation, text, TRUE);
}

static void
return_not_managed(const BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text)
{
    const char *unconnected = bpfpv_manager_unconnected(bus->manager);

    if (unconnected) {
        return_error(
            invocation, "NotConnected",
            "whether domain \"%s\" is managed is not known: bpfpvd is not connected to "
            "libvirt at %s: %s; see whether libvirtd runs, bpfpvd tries again every second",
            text, bpfpv_manager_uri(bus->manager), unconnected);
        return;
    }
    return_error(invocation, "NotManaged",
                 "domain \"%s\" is not managed here; bpfpvctl attach manages a running domain, "
                 "bpfpvctl list shows those that are",
                 text);
}

static void
detach(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text)
{
    const BpfpvManaged *managed = bpfpv_manager_find(bus->manager, text);

    if (managed)
        change_element(bus, invocation, managed->uuid, FALSE);
    else
        return_not_managed(bus, invocation, text);
}

static GVariant *
describe_released(const GPtrArray *released)
{
    static const char *const kinds[] = {
        [BPFPV_THREAD_VCPU] = "vcpu",
        [BPFPV_THREAD_EMULATOR] = "emulator",
        [BPFPV_THREAD_IOTHREAD] = "iothread",
    };
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; i < released->len; i++) {
        const BpfpvPinsReleased *one = g_ptr_array_index(released, i);

        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_string(&builder, "thread", kinds[one->kind]);
        bpfpv_dict_add_uint(&builder, "id", one->id);
        bpfpv_dict_add_set(&builder, "original", one->original);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static void
release(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text, GVariant *parameters)
{
    BpfpvManaged *managed = bpfpv_manager_find(bus->manager, text);
    g_autoptr(GPtrArray) released = NULL;
    g_autoptr(GError) error = NULL;
    int vcpu;

    if (!managed) {
        return_not_managed(bus, invocation, text);
        return;
    }
    g_variant_get_child(parameters, 1, "i", &vcpu);
    released = bpfpv_managed_hand_back(managed, vcpu, &error);
    if (released)
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(@aa{sv})", describe_released(released)));
    else
        return_error(invocation, "InvalidArgument", "%s", error->message);
}

static void
metrics(const BpfpvBus *bus, GDBusMethodInvocation *invocation)
{
    g_autofree char *text = bpfpv_status_metrics(bus->manager);

    g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", text));
}

static void
show(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text)
{
    BpfpvManaged *managed = bpfpv_manager_find(bus->manager, text);

    if (!managed) {
        return_not_managed(bus, invocation, text);
        return;
    }
    g_dbus_method_invocation_return_value(
        invocation, g_variant_new("(@a{sv})", bpfpv_status_show(bus->manager, managed)));
}

static void
keys(BpfpvBus *bus, GDBusMethodInvocation *invocation, const char *text, GVariant *parameters)
{
    BpfpvManaged *managed = bpfpv_manager_find(bus->manager, text);
    const char *program;
    guint64 from;
    GVariant *page;

    if (!managed) {
        return_not_managed(bus, invocation, text);
        return;
    }
    g_variant_get(parameters, "(&s&st)", NULL, &program, &from);
    page = bpfpv_keys_of_link(bpfpv_session_link(managed->session), program, from);
    if (page)
        g_dbus_method_invocation_return_value(invocation, page);
    else
        return_error(invocation, "Failed",
                     "no program \"%s\" has answered from domain \"%s\"; bpfpvctl show tells its "
                     "state and programs",
                     program, text);
}

static void
reload(BpfpvBus *bus, GDBusMethodInvocation *invocation)
{
    g_autoptr(GError) error = NULL;

    if (bus->funcs->reload(bus->user_data, &error))
        g_dbus_method_invocation_return_value(invocation, NULL);
    else
        return_error(invocation, "Failed", "%s", error->message);
}

static void
on_call(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
        const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
        gpointer user_data)
{
    BpfpvBus *bus = user_data;
    const char *text = "";

    if (g_variant_n_children(parameters) > 0)
        g_variant_get_child(parameters, 0, "&s", &text);
    if (!bus->manager)
        return_error(invocation, "Failed", "the daemon is starting or stopping; try again");
    else if (g_str_equal(method, "List"))
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(@aa{sv})", bpfpv_status_list(bus->manager)));
    else if (g_str_equal(method, "Map"))
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(@a{sv})", bpfpv_status_map(bus->manager)));
    else if (g_str_equal(method, "Metrics"))
        metrics(bus, invocation);
    else if (g_str_equal(method, "Show"))
        show(bus, invocation, text);
    else if (g_str_equal(method, "Keys"))
        keys(bus, invocation, text, parameters);
    else if (g_str_equal(method, "Attach"))
        attach(bus, invocation, text);
    else if (g_str_equal(method, "Release"))
        release(bus, invocation, text, parameters);
    else if (g_str_equal(method, "Reload"))
        reload(bus, invocation);
    else
        detach(bus, invocation, text);
}

static GVariant *
on_get(GDBusConnection *connection, const char *sender, const char *path, const char *interface,
       const char *property, GError **error, gpointer user_data)
{
    BpfpvBus *bus = user_data;
    g_autoptr(GVariant) host = NULL;

    if (g_str_equal(property, "Version"))
        return g_variant_new_string(VERSION);
    if (g_str_equal(property, "Hook"))
        return g_variant_new_string(bus->hook ? bus->hook : "");
    if (bus->manager)
        host = g_variant_ref_sink(bpfpv_status_host(bus->manager));
    if (!host) {
        g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED,
                            "the daemon is starting or stopping; try again");
        return NULL;
    }
    return g_variant_lookup_value(host, property, NULL);
}

/* Those of @now that differ from what was told before. */
static GVariant *
find_changes(GVariant *now, GVariant *told)
{
    GVariantBuilder changed = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    GVariantIter iter;
    GVariant *value;
    const char *name;

    g_variant_iter_init(&iter, now);
    while (g_variant_iter_loop(&iter, "{&sv}", &name, &value)) {
        g_autoptr(GVariant) old = told ? g_variant_lookup_value(told, name, NULL) : NULL;

        if (!old || !g_variant_equal(old, value))
            g_variant_builder_add(&changed, "{sv}", name, value);
    }
    return g_variant_ref_sink(g_variant_builder_end(&changed));
}

void
bpfpv_bus_tell_host(BpfpvBus *bus)
{
    g_autoptr(GVariant) now = NULL;
    g_autoptr(GVariant) changed = NULL;

    if (!bus->manager)
        return;
    now = g_variant_ref_sink(bpfpv_status_host(bus->manager));
    changed = find_changes(now, bus->told_host);
    if (g_variant_n_children(changed) == 0)
        return;
    g_clear_pointer(&bus->told_host, g_variant_unref);
    bus->told_host = g_steal_pointer(&now);
    g_dbus_connection_emit_signal(bus->connection, NULL, BUS_PATH,
                                  "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                  g_variant_new("(s@a{sv}as)", BUS_INTERFACE, changed, NULL), NULL);
}

void
bpfpv_bus_tell_state(BpfpvBus *bus, const char *domain, const char *uuid, const char *state,
                     const char *reason)
{
    g_autofree char *clean = g_utf8_make_valid(reason, -1);

    g_dbus_connection_emit_signal(bus->connection, NULL, BUS_PATH, BUS_INTERFACE, "StateChanged",
                                  g_variant_new("(ssss)", domain, uuid, state, clean), NULL);
}

void
bpfpv_bus_tell_changes(BpfpvBus *bus, const char *const *uuids)
{
    g_dbus_connection_emit_signal(bus->connection, NULL, BUS_PATH, BUS_INTERFACE, "Changed",
                                  g_variant_new("(^as)", uuids), NULL);
}

/* ---- life ---- */

static void
on_name_acquired(GDBusConnection *connection, const char *name, gpointer user_data)
{
    BpfpvBus *bus = user_data;

    bus->funcs->ready(bus->user_data);
}

static void
on_name_lost(GDBusConnection *connection, const char *name, gpointer user_data)
{
    BpfpvBus *bus = user_data;

    bus->funcs->lost(connection ? "the name " BUS_NAME
                                  " is taken, is another bpfpvd running, or does the "
                                  "bus's policy not allow it?"
                                : "the connection to the bus was lost",
                     bus->user_data);
}

static GDBusConnection *
open_bus(const char *address, GError **error)
{
    if (!address)
        return g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, error);
    return g_dbus_connection_new_for_address_sync(
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, error);
}

gboolean
bpfpv_bus_is_served(const char *address)
{
    g_autoptr(GDBusConnection) connection = open_bus(address, NULL);
    g_autoptr(GVariant) answer = NULL;
    gboolean owned = FALSE;

    if (connection)
        answer = g_dbus_connection_call_sync(
            connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", g_variant_new("(s)", BUS_NAME), G_VARIANT_TYPE("(b)"),
            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
    if (answer)
        g_variant_get(answer, "(b)", &owned);
    return owned;
}

BpfpvBus *
bpfpv_bus_new(const char *address, const BpfpvConf *conf, const BpfpvBusFuncs *funcs,
              gpointer user_data, GError **error)
{
    static const GDBusInterfaceVTable vtable = {.method_call = on_call, .get_property = on_get};
    g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(BPFPV_BUS_XML, error);
    g_autoptr(BpfpvBus) bus = g_new0(BpfpvBus, 1);

    if (!info)
        return NULL;
    bus->conf = conf;
    bus->funcs = funcs;
    bus->user_data = user_data;
    bus->worker = bpfpv_worker_new(N_WORKERS);
    bus->cancellable = g_cancellable_new();
    bus->connection = open_bus(address, error);
    if (!bus->connection)
        return NULL;
    g_dbus_connection_set_exit_on_close(bus->connection, FALSE);
    bus->object = g_dbus_connection_register_object(bus->connection, BUS_PATH, info->interfaces[0],
                                                    &vtable, bus, NULL, error);
    if (!bus->object)
        return NULL;
    bus->owner =
        g_bus_own_name_on_connection(bus->connection, BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                     on_name_acquired, on_name_lost, bus, NULL);
    return g_steal_pointer(&bus);
}

void
bpfpv_bus_set_manager(BpfpvBus *bus, BpfpvManager *manager)
{
    bus->manager = manager;
}

void
bpfpv_bus_set_hook(BpfpvBus *bus, const char *problem)
{
    g_free(bus->hook);
    bus->hook = g_utf8_make_valid(problem ? problem : "", -1);
}

void
bpfpv_bus_free(BpfpvBus *bus)
{
    if (!bus)
        return;
    g_cancellable_cancel(bus->cancellable);
    g_object_unref(bus->cancellable);
    g_clear_handle_id(&bus->owner, g_bus_unown_name);
    if (bus->object)
        g_dbus_connection_unregister_object(bus->connection, bus->object);
    if (bus->connection)
        g_dbus_connection_flush_sync(bus->connection, NULL, NULL);
    g_clear_object(&bus->connection);
    g_clear_pointer(&bus->told_host, g_variant_unref);
    g_free(bus->hook);
    bpfpv_worker_free(bus->worker);
    g_free(bus);
}
