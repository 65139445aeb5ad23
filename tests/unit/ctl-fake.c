/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A private bus and, on it, a service that looks like bpfpvd and does what a
 * test tells it. Its interface is data/org.bpfpv1.xml itself, so that client
 * and contract are tested against each other.
 */
#include "ctl-fake.h"

#include <stdio.h>
#include <string.h>

struct _FakeManager {
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    GDBusConnection *connection;
    const char *state; /* of FAKE_DOMAIN; NULL: not managed; the service's thread only */
    const char *reason;
    const char *other_state; /* the same of FAKE_OTHER */
    const char *other_reason;
    GMutex lock; /* for all below */
    const char *list;
    const char *show;
    const char *map;
    const char *host;
    const char *error_name;
    const char *error_message;
    gboolean dies;
    const FakeStep *steps;
    GString *calls;
};

gboolean
fake_bus_is_possible(void)
{
    g_autofree char *daemon = g_find_program_in_path("dbus-daemon");

    if (daemon == NULL)
        printf("1..0 # SKIP dbus-daemon is not installed\n");
    return daemon != NULL;
}

static void
emit(FakeManager *fake, const char *domain, const char *state, const char *reason)
{
    g_autoptr(GError) error = NULL;
    const char *uuid = g_str_equal(domain, FAKE_DOMAIN) ? FAKE_UUID : FAKE_OTHER_UUID;

    g_dbus_connection_emit_signal(fake->connection, NULL, "/org/bpfpv1", "org.bpfpv1.Manager",
                                  "StateChanged",
                                  g_variant_new("(ssss)", domain, uuid, state, reason), &error);
    g_assert_no_error(error);
}

static void
take_step(FakeManager *fake, const FakeStep *step)
{
    const char *reason = step->reason != NULL ? step->reason : "";

    if (step->is_death) {
        g_dbus_connection_close_sync(fake->connection, NULL, NULL);
        return;
    }
    if (step->domain == NULL) {
        fake->state = step->state;
        fake->reason = reason;
    } else if (g_str_equal(step->domain, FAKE_OTHER)) {
        fake->other_state = step->state;
        fake->other_reason = reason;
    }
    if (!step->is_silent)
        emit(fake, step->domain != NULL ? step->domain : FAKE_DOMAIN, step->state, reason);
}

typedef struct {
    FakeManager *fake;
    const FakeStep *step;
} Later;

static gboolean
on_step(gpointer user_data)
{
    Later *later = user_data;

    take_step(later->fake, later->step);
    return G_SOURCE_REMOVE;
}

static void
schedule(FakeManager *fake, const FakeStep *step)
{
    g_autoptr(GSource) source = g_timeout_source_new(step->delay_ms);
    Later *later = g_new(Later, 1);

    *later = (Later){fake, step};
    g_source_set_callback(source, on_step, later, g_free);
    g_source_attach(source, fake->context);
}

static GVariant *
make_status(FakeManager *fake, const char *domain)
{
    if (g_str_equal(domain, FAKE_OTHER) && fake->other_state != NULL)
        return g_variant_new_parsed("{'domain': <%s>, 'uuid': <%s>, 'state': <%s>, 'reason': <%s>}",
                                    FAKE_OTHER, FAKE_OTHER_UUID, fake->other_state,
                                    fake->other_reason);
    if (g_str_equal(domain, FAKE_OTHER))
        return NULL;
    if (fake->show != NULL)
        return g_variant_new_parsed(fake->show);
    if (fake->state == NULL)
        return NULL;
    return g_variant_new_parsed("{'domain': <%s>, 'uuid': <%s>, 'state': <%s>, 'reason': <%s>}",
                                FAKE_DOMAIN, FAKE_UUID, fake->state, fake->reason);
}

static void
answer_show(FakeManager *fake, const char *domain, GDBusMethodInvocation *invocation)
{
    GVariant *status = make_status(fake, domain);
    g_autofree char *message = g_strdup_printf("domain '%s' is not managed", domain);

    if (status == NULL)
        g_dbus_method_invocation_return_dbus_error(invocation, "org.bpfpv1.Error.NotManaged",
                                                   message);
    else
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(@a{sv})", status));
}

/* Five keys, in pages of two. */
static void
answer_keys(GVariant *parameters, GDBusMethodInvocation *invocation)
{
    GVariantBuilder keys = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ts)"));
    guint64 from, key, n = 0;

    g_variant_get_child(parameters, 2, "t", &from);
    for (key = 100; key < 105; key++)
        if (key >= from && n++ < 2)
            g_variant_builder_add(&keys, "(ts)", key, "0-1,3");
    g_dbus_method_invocation_return_value(
        invocation, g_variant_new("(ub@a(ts))", 1, n > 2, g_variant_builder_end(&keys)));
}

/* All: a vCPU, the emulator and an I/O thread. */
static void
answer_release(FakeManager *fake, GVariant *parameters, GDBusMethodInvocation *invocation)
{
    static const char all[] =
        "([{'thread': <'vcpu'>, 'id': <uint32 2>, 'original': <'0-7'>},"
        "  {'thread': <'emulator'>, 'id': <uint32 0>, 'original': <'0-7'>},"
        "  {'thread': <'iothread'>, 'id': <uint32 1>, 'original': <'4-7'>}],)";
    gint32 vcpu;

    g_variant_get_child(parameters, 1, "i", &vcpu);
    g_string_append_printf(fake->calls, ":%d", vcpu);
    if (vcpu < 0)
        g_dbus_method_invocation_return_value(invocation, g_variant_new_parsed(all));
    else
        g_dbus_method_invocation_return_value(
            invocation,
            g_variant_new_parsed("([{'thread': <'vcpu'>, 'id': <%u>, 'original': <'0-7'>}],)",
                                 (guint32)vcpu));
}

static void
answer_attach(FakeManager *fake, const char *domain, GDBusMethodInvocation *invocation)
{
    const FakeStep *step = g_str_equal(domain, FAKE_OTHER) ? NULL : fake->steps;

    for (; step != NULL && step->state != NULL && step->delay_ms == 0; step++)
        take_step(fake, step);
    g_dbus_method_invocation_return_value(invocation, NULL);
    for (; step != NULL && step->state != NULL; step++)
        schedule(fake, step);
}

/* Returns: %TRUE if the call has been dealt with */
static gboolean
refuse(FakeManager *fake, const char *method, GVariant *parameters,
       GDBusMethodInvocation *invocation)
{
    const char *domain = "";

    if (g_variant_n_children(parameters) > 0)
        g_variant_get_child(parameters, 0, "&s", &domain);
    g_string_append_printf(fake->calls, "%s%s(%s)", fake->calls->len > 0 ? " " : "", method,
                           domain);
    if (fake->dies) {
        g_dbus_connection_close_sync(fake->connection, NULL, NULL);
        g_object_unref(invocation);
        return TRUE;
    }
    if (fake->error_name == NULL)
        return FALSE;
    g_dbus_method_invocation_return_dbus_error(invocation, fake->error_name, fake->error_message);
    return TRUE;
}

static void
on_call(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
        const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED, const char *method,
        GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeManager *fake = user_data;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);
    const char *domain = "";

    if (refuse(fake, method, parameters, invocation))
        return;
    if (g_variant_n_children(parameters) > 0)
        g_variant_get_child(parameters, 0, "&s", &domain);
    if (g_str_equal(method, "List"))
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(@aa{sv})", g_variant_new_parsed(fake->list)));
    else if (g_str_equal(method, "Map"))
        g_dbus_method_invocation_return_value(
            invocation, g_variant_new("(@a{sv})", g_variant_new_parsed(fake->map)));
    else if (g_str_equal(method, "Metrics"))
        g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", FAKE_METRICS));
    else if (g_str_equal(method, "Show"))
        answer_show(fake, domain, invocation);
    else if (g_str_equal(method, "Keys"))
        answer_keys(parameters, invocation);
    else if (g_str_equal(method, "Attach"))
        answer_attach(fake, domain, invocation);
    else if (g_str_equal(method, "Release"))
        answer_release(fake, parameters, invocation);
    else
        g_dbus_method_invocation_return_value(invocation, NULL);
}

static GVariant *
on_get(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
       const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED, const char *property,
       GError **error, gpointer user_data)
{
    FakeManager *fake = user_data;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);
    g_autoptr(GVariant) host = g_variant_ref_sink(g_variant_new_parsed(fake->host));
    GVariant *value = g_variant_lookup_value(host, property, NULL);

    if (value == NULL)
        g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "no %s", property);
    return value;
}

static GDBusInterfaceInfo *
read_interface(void)
{
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *path =
        g_build_filename(srcdir != NULL ? srcdir : ".", "data", "org.bpfpv1.xml", NULL);
    g_autofree char *xml = NULL;
    g_autoptr(GDBusNodeInfo) node = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(path, &xml, NULL, &error);
    g_assert_no_error(error);
    node = g_dbus_node_info_new_for_xml(xml, &error);
    g_assert_no_error(error);
    return g_dbus_interface_info_ref(g_dbus_node_info_lookup_interface(node, "org.bpfpv1.Manager"));
}

static gpointer
run_service(gpointer user_data)
{
    FakeManager *fake = user_data;

    g_main_context_push_thread_default(fake->context);
    g_main_loop_run(fake->loop);
    g_main_context_pop_thread_default(fake->context);
    return NULL;
}

static void
offer(FakeManager *fake)
{
    static const GDBusInterfaceVTable vtable = {.method_call = on_call, .get_property = on_get};
    GDBusInterfaceInfo *interface = read_interface();
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GError) error = NULL;

    g_main_context_push_thread_default(fake->context);
    g_dbus_connection_register_object(fake->connection, "/org/bpfpv1", interface, &vtable, fake,
                                      NULL, &error);
    g_main_context_pop_thread_default(fake->context);
    g_assert_no_error(error);
    g_dbus_interface_info_unref(interface);
    reply = g_dbus_connection_call_sync(
        fake->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "RequestName", g_variant_new("(su)", "org.bpfpv1", 0), G_VARIANT_TYPE("(u)"),
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
}

FakeManager *
fake_manager_new(const char *bus_address)
{
    FakeManager *fake = g_new0(FakeManager, 1);
    g_autoptr(GError) error = NULL;

    g_mutex_init(&fake->lock);
    fake->list = "@aa{sv} []";
    fake->map = "{'cpus': <@aa{sv} []>}";
    fake->host = "{'Version': <'0'>, 'Ready': <true>, 'Connected': <true>, 'Programs': "
                 "<['affinity']>, 'Pool': <'1-3'>, "
                 "'Anchors': <uint32 2>}";
    fake->calls = g_string_new(NULL);
    fake->context = g_main_context_new();
    fake->loop = g_main_loop_new(fake->context, FALSE);
    fake->connection =
        g_dbus_connection_new_for_address_sync(bus_address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_assert_no_error(error);
    offer(fake);
    fake->thread = g_thread_new("fake bpfpvd", run_service, fake);
    return fake;
}

static gboolean
on_quit(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

void
fake_manager_free(FakeManager *fake)
{
    if (fake == NULL)
        return;
    g_main_context_invoke(fake->context, on_quit, fake->loop);
    g_thread_join(fake->thread);
    g_dbus_connection_close_sync(fake->connection, NULL, NULL);
    g_object_unref(fake->connection);
    while (g_main_context_iteration(fake->context, FALSE))
        ;
    g_main_loop_unref(fake->loop);
    g_main_context_unref(fake->context);
    g_string_free(fake->calls, TRUE);
    g_mutex_clear(&fake->lock);
    g_free(fake);
}

void
fake_manager_set_list(FakeManager *fake, const char *domains)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->list = domains;
}

void
fake_manager_set_show(FakeManager *fake, const char *status)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->show = status;
}

void
fake_manager_set_map(FakeManager *fake, const char *map)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->map = map;
}

void
fake_manager_set_host(FakeManager *fake, const char *host)
{
    g_mutex_lock(&fake->lock);
    fake->host = host;
    g_mutex_unlock(&fake->lock);
    g_dbus_connection_emit_signal(
        fake->connection, NULL, "/org/bpfpv1", "org.freedesktop.DBus.Properties",
        "PropertiesChanged",
        g_variant_new("(s@a{sv}as)", "org.bpfpv1.Manager", g_variant_new_parsed(host), NULL), NULL);
}

void
fake_manager_set_error(FakeManager *fake, const char *name, const char *message)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->error_name = name;
    fake->error_message = message;
}

void
fake_manager_set_death(FakeManager *fake)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->dies = TRUE;
}

void
fake_manager_set_steps(FakeManager *fake, const FakeStep *steps)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    fake->steps = steps;
}

void
fake_manager_emit(FakeManager *fake, const char *state, const char *reason)
{
    emit(fake, FAKE_DOMAIN, state, reason);
}

void
fake_manager_emit_changed(FakeManager *fake)
{
    static const char *const uuids[] = {FAKE_UUID, NULL};
    g_autoptr(GError) error = NULL;

    g_dbus_connection_emit_signal(fake->connection, NULL, "/org/bpfpv1", "org.bpfpv1.Manager",
                                  "Changed", g_variant_new("(^as)", uuids), &error);
    g_assert_no_error(error);
}

char *
fake_manager_get_calls(FakeManager *fake)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fake->lock);

    return g_strdup(fake->calls->str);
}
