/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv against a fake bpfpvd on a private bus: every call, every error
 * code, and what watches promise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpfpv/bpfpv.h"
#include "ctl-fake.h"

typedef struct {
    GTestDBus *bus;
    const char *address;
    FakeManager *fake;
    BpfpvClient *client;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_autoptr(GError) error = NULL;

    fixture->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fixture->bus);
    fixture->address = g_test_dbus_get_bus_address(fixture->bus);
    fixture->fake = fake_manager_new(fixture->address);
    fixture->client = bpfpv_client_new_sync(fixture->address, NULL, &error);
    g_assert_no_error(error);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;

    bpfpv_client_free(fixture->client);
    fake_manager_free(fixture->fake);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_test_dbus_down(fixture->bus);
    g_object_unref(fixture->bus);
    g_free(fixture);
    return 0;
}

static void
assert_error(const GError *error, int code, const char *text)
{
    assert_non_null(error);
    assert_string_equal(g_quark_to_string(error->domain), "bpfpv-error");
    assert_int_equal(error->code, code);
    if (strstr(error->message, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, error->message);
}

static void
lists_domains(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) domains = NULL;
    g_autoptr(GVariant) first = NULL;
    guint32 vcpus = 0;

    fake_manager_set_list(fixture->fake, "[{'domain': <'web1'>, 'vcpus': <uint32 4>}]");
    domains = bpfpv_client_list_sync(fixture->client, NULL, &error);
    g_assert_no_error(error);
    assert_string_equal(g_variant_get_type_string(domains), "aa{sv}");
    first = g_variant_get_child_value(domains, 0);
    assert_true(g_variant_lookup(first, "vcpus", "u", &vcpus));
    assert_int_equal(vcpus, 4);
}

static void
shows_a_domain(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) status = NULL;
    g_autofree char *calls = NULL;
    const char *name = NULL;

    fake_manager_set_show(fixture->fake, "{'domain': <'web1'>}");
    status = bpfpv_client_show_sync(fixture->client, "17", NULL, &error);
    g_assert_no_error(error);
    assert_true(g_variant_lookup(status, "domain", "&s", &name));
    assert_string_equal(name, "web1");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Show(17)");
}

static void
maps_the_host(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) map = NULL;
    g_autofree char *calls = NULL;
    const char *pool = NULL;

    fake_manager_set_map(fixture->fake, "{'pool': <'1-7'>}");
    map = bpfpv_client_map_sync(fixture->client, NULL, &error);
    g_assert_no_error(error);
    assert_true(g_variant_lookup(map, "pool", "&s", &pool));
    assert_string_equal(pool, "1-7");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Map()");
}

static void
tells_of_the_host(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) host = NULL;
    g_autofree const char **programs = NULL;
    gboolean ready = FALSE;
    guint32 anchors = 0;

    host = bpfpv_client_host_sync(fixture->client, NULL, &error);
    g_assert_no_error(error);
    assert_true(g_variant_lookup(host, "Ready", "b", &ready));
    assert_true(ready);
    assert_true(g_variant_lookup(host, "Anchors", "u", &anchors));
    assert_int_equal(anchors, 2);
    assert_true(g_variant_lookup(host, "Programs", "^a&s", &programs));
    assert_string_equal(programs[0], "affinity");
}

static void
releases(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) one = NULL;
    g_autoptr(GVariant) all = NULL;
    g_autofree char *calls = NULL;

    one = bpfpv_client_release_sync(fixture->client, "web1", 3, NULL, &error);
    assert_null(error);
    assert_int_equal(g_variant_n_children(one), 1);
    all = bpfpv_client_release_sync(fixture->client, "web1", BPFPV_RELEASE_ALL, NULL, &error);
    assert_null(error);
    assert_true(g_variant_is_of_type(all, G_VARIANT_TYPE("aa{sv}")));
    assert_int_equal(g_variant_n_children(all), 3);
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Release(web1):3 Release(web1):-1");
    assert_null(bpfpv_client_release_sync(fixture->client, "\xff", 0, NULL, &error));
    assert_error(error, BPFPV_ERROR_INVALID_ARGUMENT, "is not UTF-8");
}

static void
attaches_and_detaches(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *calls = NULL;

    assert_true(bpfpv_client_attach_sync(fixture->client, "web1", NULL, &error));
    assert_true(bpfpv_client_detach_sync(fixture->client, "web1", NULL, &error));
    g_assert_no_error(error);
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Attach(web1) Detach(web1)");
}

static void
reloads(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) mistake = NULL;

    assert_true(bpfpv_client_reload_sync(fixture->client, NULL, &error));
    g_assert_no_error(error);
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.Failed", "file:1: x\nfile:2: y");
    assert_false(bpfpv_client_reload_sync(fixture->client, NULL, &mistake));
    assert_error(mistake, BPFPV_ERROR_FAILED, "file:1: x\nfile:2: y");
}

static void
maps_errors(void **state)
{
    static const struct {
        const char *name;
        int code;
        const char *text;
    } cases[] = {
        {"org.bpfpv1.Error.NoSuchDomain", BPFPV_ERROR_NO_SUCH_DOMAIN, "what went wrong"},
        {"org.bpfpv1.Error.NotRunning", BPFPV_ERROR_DOMAIN_NOT_RUNNING, "what went wrong"},
        {"org.bpfpv1.Error.NotManaged", BPFPV_ERROR_NOT_MANAGED, "what went wrong"},
        {"org.bpfpv1.Error.InvalidArgument", BPFPV_ERROR_INVALID_ARGUMENT, "what went wrong"},
        {"org.bpfpv1.Error.Failed", BPFPV_ERROR_FAILED, "what went wrong"},
        {"org.bpfpv1.Error.OfTheFuture", BPFPV_ERROR_FAILED, "what went wrong"},
        {"org.freedesktop.DBus.Error.AccessDenied", BPFPV_ERROR_ACCESS_DENIED, "run it as root"},
        {"org.freedesktop.DBus.Error.UnknownMethod", BPFPV_ERROR_FAILED, "does not offer"},
        {"org.freedesktop.DBus.Error.TimedOut", BPFPV_ERROR_TIMED_OUT, "in time"},
    };
    Fixture *fixture = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) of_list = NULL, of_show = NULL, of_attach = NULL, of_detach = NULL;
        g_autoptr(GError) of_map = NULL;

        fake_manager_set_error(fixture->fake, cases[i].name, "what went wrong");
        assert_null(bpfpv_client_list_sync(fixture->client, NULL, &of_list));
        assert_null(bpfpv_client_show_sync(fixture->client, "web1", NULL, &of_show));
        assert_null(bpfpv_client_map_sync(fixture->client, NULL, &of_map));
        assert_false(bpfpv_client_attach_sync(fixture->client, "web1", NULL, &of_attach));
        assert_false(bpfpv_client_detach_sync(fixture->client, "web1", NULL, &of_detach));
        assert_error(of_list, cases[i].code, cases[i].text);
        assert_error(of_show, cases[i].code, cases[i].text);
        assert_error(of_map, cases[i].code, cases[i].text);
        assert_error(of_attach, cases[i].code, cases[i].text);
        assert_error(of_detach, cases[i].code, cases[i].text);
        assert_null(strstr(of_list->message, "GDBus.Error"));
        /* A caller that doesn't want to know why may say so. */
        assert_null(bpfpv_client_list_sync(fixture->client, NULL, NULL));
    }
}

static void
says_that_no_daemon_runs(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->fake, fake_manager_free);
    assert_null(bpfpv_client_list_sync(fixture->client, NULL, &error));
    assert_error(error, BPFPV_ERROR_NOT_RUNNING, "systemctl start bpfpvd");
}

static void
says_that_the_daemon_died(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;

    fake_manager_set_death(fixture->fake);
    assert_null(bpfpv_client_list_sync(fixture->client, NULL, &error));
    assert_error(error, BPFPV_ERROR_NOT_RUNNING, "stopped before it answered List");
}

static void
says_that_the_bus_is_gone(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) before = NULL, after = NULL;

    assert_null(bpfpv_client_new_sync("unix:path=/nonexistent/bus", NULL, &before));
    assert_error(before, BPFPV_ERROR_NO_BUS, "unix:path=/nonexistent/bus");

    g_test_dbus_stop(fixture->bus);
    assert_null(bpfpv_client_list_sync(fixture->client, NULL, &after));
    assert_int_equal(after->code == BPFPV_ERROR_NO_BUS || after->code == BPFPV_ERROR_NOT_RUNNING,
                     TRUE);
    g_clear_error(&after);
    assert_null(bpfpv_client_list_sync(fixture->client, NULL, &after));
    assert_error(after, BPFPV_ERROR_NO_BUS, "connect again");
}

static void
refuses_names_that_are_not_utf8(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *calls = NULL;

    assert_null(bpfpv_client_show_sync(fixture->client, "web\xff", NULL, &error));
    assert_error(error, BPFPV_ERROR_INVALID_ARGUMENT, "not UTF-8");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "");
}

static void
can_be_cancelled(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) of_call = NULL, of_connect = NULL;

    g_cancellable_cancel(cancellable);
    assert_null(bpfpv_client_list_sync(fixture->client, cancellable, &of_call));
    g_assert_error(of_call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    assert_null(bpfpv_client_new_sync(fixture->address, cancellable, &of_connect));
    g_assert_error(of_connect, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
has_a_version(void **state G_GNUC_UNUSED)
{
    assert_true(g_regex_match_simple("^\\d+\\.\\d+", bpfpv_version(), 0, 0));
    bpfpv_client_free(NULL);
}

/* What a watch has told so far: "active: because\n…" */
typedef struct {
    GString *seen;
    gboolean frees_client;
    Fixture *fixture;
    gboolean is_destroyed;
} Seen;

static void
on_state(BpfpvClient *client, const char *domain, const char *uuid, const char *state,
         const char *reason, gpointer user_data)
{
    Seen *seen = user_data;

    assert_ptr_equal(client, seen->fixture->client);
    assert_string_equal(domain, FAKE_DOMAIN);
    assert_string_equal(uuid, FAKE_UUID);
    g_string_append_printf(seen->seen, "%s:%s ", state, reason);
    if (seen->frees_client)
        g_clear_pointer(&seen->fixture->client, bpfpv_client_free);
}

static void
on_destroy(gpointer user_data)
{
    ((Seen *)user_data)->is_destroyed = TRUE;
}

static gboolean
on_late(gpointer user_data G_GNUC_UNUSED)
{
    fail_msg("waited 10 seconds for what did not come");
    return G_SOURCE_REMOVE;
}

static void
wait_until(const gboolean *flag, const GString *seen, const char *text)
{
    guint watchdog = g_timeout_add_seconds(10, on_late, NULL);

    while (flag != NULL ? !*flag : strstr(seen->str, text) == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(watchdog);
}

/* A watch is in force when the bus has answered a later call. */
static void
settle(Fixture *fixture)
{
    g_autoptr(GVariant) domains = bpfpv_client_list_sync(fixture->client, NULL, NULL);

    assert_non_null(domains);
}

static void
watches_in_order(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    Seen seen = {.seen = text, .fixture = fixture};
    guint id = bpfpv_client_watch(fixture->client, on_state, &seen, on_destroy);

    assert_int_not_equal(id, 0);
    settle(fixture);
    fake_manager_emit(fixture->fake, "injecting", "");
    fake_manager_emit(fixture->fake, "failed", "no agent");
    wait_until(NULL, text, "failed");
    assert_string_equal(text->str, "injecting: failed:no agent ");

    bpfpv_client_unwatch(fixture->client, id);
    wait_until(&seen.is_destroyed, NULL, NULL);
    fake_manager_emit(fixture->fake, "active", "");
    settle(fixture);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    assert_null(strstr(text->str, "active"));
}

static void
watches_the_next_daemon_too(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    Seen seen = {.seen = text, .fixture = fixture};

    bpfpv_client_watch(fixture->client, on_state, &seen, NULL);
    settle(fixture);
    fake_manager_free(fixture->fake);
    fixture->fake = fake_manager_new(fixture->address);
    fake_manager_emit(fixture->fake, "active", "");
    wait_until(NULL, text, "active");
}

static void
may_be_freed_by_its_callback(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    Seen seen = {.seen = text, .fixture = fixture, .frees_client = TRUE};

    bpfpv_client_watch(fixture->client, on_state, &seen, on_destroy);
    settle(fixture);
    fake_manager_emit(fixture->fake, "active", "");
    fake_manager_emit(fixture->fake, "failed", "");
    wait_until(&seen.is_destroyed, NULL, NULL);
    assert_null(fixture->client);
    assert_string_equal(text->str, "active: ");
}

static void
ignores_signals_of_others(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GString) text = g_string_new(NULL);
    Seen seen = {.seen = text, .fixture = fixture};
    g_autoptr(GDBusConnection) other =
        g_dbus_connection_new_for_address_sync(fixture->address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, NULL);

    bpfpv_client_watch(fixture->client, on_state, &seen, NULL);
    settle(fixture);
    g_dbus_connection_emit_signal(
        other, NULL, "/org/bpfpv1", "org.bpfpv1.Manager", "StateChanged",
        g_variant_new("(ssss)", FAKE_DOMAIN, FAKE_UUID, "failed", "forged"), NULL);
    g_dbus_connection_flush_sync(other, NULL, NULL);
    fake_manager_emit(fixture->fake, "active", "");
    wait_until(NULL, text, "active");
    assert_string_equal(text->str, "active: ");
    g_dbus_connection_close_sync(other, NULL, NULL);
}

static void
on_host(BpfpvClient *client, gpointer user_data)
{
    assert_non_null(client);
    ++*(guint *)user_data;
}

static void
wait_for_more(const guint *count, guint than)
{
    guint watchdog = g_timeout_add_seconds(10, on_late, NULL);

    while (*count <= than)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(watchdog);
}

static void
watches_the_host(void **state)
{
    Fixture *fixture = *state;
    guint count = 0, before, id;

    id = bpfpv_client_watch_host(fixture->client, on_host, &count, NULL);
    settle(fixture);
    fake_manager_set_host(fixture->fake, "{'Ready': <false>}");
    wait_for_more(&count, 0);
    before = count;
    g_clear_pointer(&fixture->fake, fake_manager_free);
    wait_for_more(&count, before); /* it went */
    before = count;
    fixture->fake = fake_manager_new(fixture->address);
    wait_for_more(&count, before); /* and came */

    bpfpv_client_unwatch(fixture->client, id);
    before = count;
    fake_manager_set_host(fixture->fake, "{'Ready': <true>}");
    settle(fixture);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    assert_int_equal(count, before);
}

static void
on_changes(BpfpvClient *client, const char *const *uuids, gpointer user_data)
{
    assert_non_null(client);
    assert_string_equal(uuids[0], FAKE_UUID);
    assert_null(uuids[1]);
    ++*(guint *)user_data;
}

static void
watches_what_a_domain_has(void **state)
{
    Fixture *fixture = *state;
    guint count = 0, id;

    id = bpfpv_client_watch_changes(fixture->client, on_changes, &count, NULL);
    settle(fixture);
    fake_manager_emit_changed(fixture->fake);
    wait_for_more(&count, 0);
    bpfpv_client_unwatch(fixture->client, id);
    fake_manager_emit_changed(fixture->fake);
    settle(fixture);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    assert_int_equal(count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_domains),
        TEST(shows_a_domain),
        TEST(maps_the_host),
        TEST(tells_of_the_host),
        TEST(attaches_and_detaches),
        TEST(releases),
        TEST(reloads),
        TEST(maps_errors),
        TEST(says_that_no_daemon_runs),
        TEST(says_that_the_daemon_died),
        TEST(says_that_the_bus_is_gone),
        TEST(refuses_names_that_are_not_utf8),
        TEST(can_be_cancelled),
        cmocka_unit_test(has_a_version),
        TEST(watches_in_order),
        TEST(watches_the_next_daemon_too),
        TEST(may_be_freed_by_its_callback),
        TEST(ignores_signals_of_others),
        TEST(watches_the_host),
        TEST(watches_what_a_domain_has),
    };

    if (!fake_bus_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
