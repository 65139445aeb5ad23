/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvirt events that the watch turns into its callbacks. They come in the
 * main thread, from libvirt's sources in the default GLib main context.
 */
#include "host/watch-private.h"

#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <string.h>

#include "core/json-check.h"
#include "xml/document.h"
#include "host/virt.h"

typedef struct {
    char text[VIR_UUID_STRING_BUFLEN];
} Uuid;

static const char *
uuid_of(virDomainPtr domain, Uuid *uuid)
{
    return virDomainGetUUIDString(domain, uuid->text) == 0 ? uuid->text : "";
}

static void
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *user_data)
{
    BpfpvWatch *watch = user_data;
    Uuid uuid;

    switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
    case VIR_DOMAIN_EVENT_STOPPED: /* unless it is running again by now, in its next run */
        bpfpv_watch_run_changed(watch, uuid_of(domain, &uuid));
        break;
    case VIR_DOMAIN_EVENT_RESUMED:
    case VIR_DOMAIN_EVENT_SUSPENDED:
        bpfpv_watch_refresh(watch, uuid_of(domain, &uuid));
        break;
    default:
        break;
    }
}

static void
on_metadata(virConnectPtr connection, virDomainPtr domain, int type, const char *uri,
            void *user_data)
{
    Uuid uuid;

    if (g_strcmp0(uri, BPFPV_STATUS_NAMESPACE) == 0)
        return; /* the daemon's own */
    bpfpv_watch_refresh(user_data, uuid_of(domain, &uuid));
}

static void
on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason, void *user_data)
{
    BpfpvWatch *watch = user_data;
    Uuid uuid;

    watch->funcs->agent(uuid_of(domain, &uuid),
                        state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED,
                        watch->user_data);
}

static void
on_reboot(virConnectPtr connection, virDomainPtr domain, void *user_data)
{
    BpfpvWatch *watch = user_data;
    Uuid uuid;

    watch->funcs->reset(uuid_of(domain, &uuid), watch->user_data);
}

/* Plugged in, which may be for a new I/O thread, or unplugged. */
static void
on_device(virConnectPtr connection, virDomainPtr domain, const char *alias, void *user_data)
{
    Uuid uuid;

    bpfpv_watch_refresh(user_data, uuid_of(domain, &uuid));
}

/* QEMU says {"id": ALIAS, "open": BOOLEAN}; libvirt before 12.4.0 has no event of its own. */
static void
on_port(virConnectPtr connection, virDomainPtr domain, const char *event, long long seconds,
        unsigned int micros, const char *details, void *user_data)
{
    BpfpvWatch *watch = user_data;
    gboolean is_harmless = details && bpfpv_json_is_harmless(details, strlen(details));
    g_autoptr(JsonNode) node = is_harmless ? json_from_string(details, NULL) : NULL;
    JsonObject *object = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *alias;
    Uuid uuid;

    if (!object)
        return;
    alias = json_object_get_string_member_with_default(object, "id", NULL);
    if (alias)
        watch->funcs->port(uuid_of(domain, &uuid), alias,
                           json_object_get_boolean_member_with_default(object, "open", FALSE),
                           watch->user_data);
}

static void
on_tunable(virConnectPtr connection, virDomainPtr domain, virTypedParameterPtr params, int n,
           void *user_data)
{
    static const char prefix[] = "cputune.";
    BpfpvWatch *watch = user_data;
    Uuid uuid;

    for (int i = 0; i < n; i++)
        if (params[i].type == VIR_TYPED_PARAM_STRING && g_str_has_prefix(params[i].field, prefix))
            watch->funcs->pinned(uuid_of(domain, &uuid), params[i].field + sizeof(prefix) - 1,
                                 params[i].value.s, watch->user_data);
}

static void
on_close(virConnectPtr connection, int reason, void *user_data)
{
    bpfpv_watch_connection_closed(user_data);
}

static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
} events[BPFPV_WATCH_N_EVENTS] = {
    {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
    {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata)},
    {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_agent)},
    {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
    {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
    {VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable)},
};

gboolean
bpfpv_watch_events_start(BpfpvWatch *watch, GError **error)
{
    for (int i = 0; i < BPFPV_WATCH_N_EVENTS; i++)
        watch->events[i] = -1;
    watch->monitor_event = -1;
    for (int i = 0; i < BPFPV_WATCH_N_EVENTS; i++) {
        watch->events[i] = virConnectDomainEventRegisterAny(watch->connection, NULL, events[i].id,
                                                            events[i].callback, watch, NULL);
        if (watch->events[i] < 0) {
            bpfpv_virt_set_error(error, "registering for libvirt's event %d", events[i].id);
            bpfpv_watch_events_stop(watch);
            return FALSE;
        }
    }
    watch->monitor_event = virConnectDomainQemuMonitorEventRegister(
        watch->connection, NULL, "VSERPORT_CHANGE", on_port, watch, NULL, 0);
    if (watch->monitor_event < 0) {
        bpfpv_virt_set_error(error, "registering for QEMU's VSERPORT_CHANGE");
        bpfpv_watch_events_stop(watch);
        return FALSE;
    }
    /* Not every driver can tell; then the keep-alive does. */
    virConnectRegisterCloseCallback(watch->connection, on_close, watch, NULL);
    return TRUE;
}

void
bpfpv_watch_events_stop(BpfpvWatch *watch)
{
    virConnectUnregisterCloseCallback(watch->connection, on_close);
    if (watch->monitor_event >= 0)
        virConnectDomainQemuMonitorEventDeregister(watch->connection, watch->monitor_event);
    watch->monitor_event = -1;
    for (int i = 0; i < BPFPV_WATCH_N_EVENTS; i++) {
        if (watch->events[i] >= 0)
            virConnectDomainEventDeregisterAny(watch->connection, watch->events[i]);
        watch->events[i] = -1;
    }
}
