/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON that a guest or QEMU may have a hand in: whatever it is, nobody parses it so deep that the
 * stack ends. json-glib takes comments and quotes that JSON does not have.
 */
#include "unit.h"

#include <gio/gio.h>

#include "core/json-check.h"
#include "fake-libvirt.h"
#include "host/agent.h"
#include "host/watch.h"

#define URI "fake:///"
#define UUID "11111111-2222-3333-4444-555555555555"
#define DEPTH (1 << 20)

/* What makes who counts quotes and brackets by JSON's rules alone believe that what follows is in
 * a string; %s is DEPTH brackets. */
static const char *const disguises[] = {
    "{\"return\": %s",        "{\"a\": '\"', \"return\": %s", "/* \" */ {\"return\": %s",
    "// \"\n{\"return\": %s", "{\"a\": /* ]]]]]]]] \" */ %s", "var a = {\"a\": '\\\"', \"b\": %s",
};

static char *
disguised(gsize i)
{
    g_autofree char *deep = g_strnfill(DEPTH, '[');
    g_auto(GStrv) parts = g_strsplit(disguises[i], "%s", 2);

    return g_strconcat(parts[0], deep, parts[1], NULL);
}

static void
what_is_deep_is_seen_through_every_disguise(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(disguises); i++) {
        g_autofree char *text = disguised(i);

        assert_false(bpfpv_json_is_harmless(text, strlen(text)));
    }
}

static void
what_is_json_is_let_through(void **state)
{
    static const char *const texts[] = {
        "{\"return\": {\"exited\": true, \"exitcode\": -1, \"out-data\": \"AA==\"}}",
        "{\"id\": \"channel1\", \"open\": false}",
        "[1.5e+3, null, \"[[[[ \\\" ' /* // = \\\\\", {}]\r\n\t",
        "",
    };
    g_autofree char *deep = g_strnfill(BPFPV_JSON_DEPTH_MAX, '[');
    g_autofree char *deeper = g_strnfill(BPFPV_JSON_DEPTH_MAX + 1, '[');

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_true(bpfpv_json_is_harmless(texts[i], strlen(texts[i])));
    assert_true(bpfpv_json_is_harmless(deep, strlen(deep)));
    assert_false(bpfpv_json_is_harmless(deeper, strlen(deeper)));
    assert_false(bpfpv_json_is_harmless("{}\0", 3));
}

static void
an_agents_answer_is_looked_at(void **state)
{
    g_autoptr(BpfpvAgent) agent = bpfpv_agent_open(URI, UUID, 1, NULL, NULL);
    BpfpvGuestOps *ops = bpfpv_agent_ops(agent);

    for (gsize i = 0; i < G_N_ELEMENTS(disguises); i++) {
        g_autofree char *text = disguised(i);
        g_autoptr(GError) error = NULL;
        gsize length;

        fake_libvirt_set_answer(text);
        assert_null(ops->read_file(ops, "/etc/hostname", 64, &length, &error));
        assert_int_equal(error->domain, BPFPV_AGENT_ERROR);
        assert_int_equal(error->code, BPFPV_AGENT_ERROR_PROTOCOL);
    }
    fake_libvirt_set_answer(NULL);
}

typedef struct {
    gboolean listed;
    guint ports;
} Told;

static void
on_connected(const BpfpvWatchHost *host, gpointer user_data)
{
}

static void
on_domain(const char *uuid, int id, const char *xml, gpointer user_data)
{
}

static void
on_listed(gpointer user_data)
{
    ((Told *)user_data)->listed = TRUE;
}

static void
on_port(const char *uuid, const char *alias, gboolean open, gpointer user_data)
{
    assert_string_equal(alias, "channel1");
    ((Told *)user_data)->ports++;
}

static void
an_event_of_qemus_is_looked_at(void **state)
{
    static const BpfpvWatchFuncs funcs = {
        .connected = on_connected,
        .domain = on_domain,
        .listed = on_listed,
        .port = on_port,
    };
    Told told = {0};
    BpfpvWatch *watch = bpfpv_watch_new(URI, &funcs, &told);

    while (!told.listed)
        g_main_context_iteration(NULL, TRUE);
    fake_libvirt_port_event("{\"id\": \"channel1\", \"open\": true}");
    assert_int_equal(told.ports, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(disguises); i++) {
        g_autofree char *text = disguised(i);

        fake_libvirt_port_event(text);
    }
    fake_libvirt_port_event(NULL);
    assert_int_equal(told.ports, 1);
    bpfpv_watch_free(watch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_deep_is_seen_through_every_disguise),
        cmocka_unit_test(what_is_json_is_let_through),
        cmocka_unit_test(an_agents_answer_is_looked_at),
        cmocka_unit_test(an_event_of_qemus_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
