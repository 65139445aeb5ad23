/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bpfpv-placement goes by: bpfpvd's health, credentials, which provider is this host. */
#include "unit.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "nova-hook/agent/agent.h"
#include "nova-hook/conf/credentials.h"
#include "nova-hook/placement/node.h"
#include "ctl-fake.h"

typedef struct {
    GTestDBus *bus;
    FakeManager *fake;
    char *dir;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fixture->bus);
    fixture->fake = fake_manager_new(g_test_dbus_get_bus_address(fixture->bus));
    fixture->dir = g_dir_make_tmp("bpfpv-os-XXXXXX", NULL);
    *state = fixture;
    return fixture->dir ? 0 : -1;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *file = g_build_filename(fixture->dir, BPFPV_CREDENTIAL, NULL);

    g_unsetenv("CREDENTIALS_DIRECTORY");
    g_unlink(file);
    g_rmdir(fixture->dir);
    g_free(fixture->dir);
    fake_manager_free(fixture->fake);
    g_test_dbus_down(fixture->bus);
    g_object_unref(fixture->bus);
    g_free(fixture);
    return 0;
}

/* ---- health ---- */

static BpfpvHealth *
ask(const Fixture *fixture)
{
    return bpfpv_health_ask(g_test_dbus_get_bus_address(fixture->bus), NULL);
}

static void
a_healthy_daemon_is_offered(void **state)
{
    g_autoptr(BpfpvHealth) health = ask(*state);
    BpfpvAgentConf conf = {.anchors = -1};
    g_autoptr(BpfpvDesired) desired = bpfpv_agent_desired(&conf, health);
    g_autoptr(BpfpvDesired) fewer = NULL;

    assert_null(health->reason);
    assert_string_equal(health->pool, "1-3");
    assert_int_equal(desired->anchors, 2);
    assert_string_equal(desired->traits[0], "CUSTOM_BPFPV");
    assert_string_equal(desired->traits[1], "CUSTOM_BPFPV_AFFINITY");
    assert_null(desired->traits[2]);
    conf.anchors = 1;
    fewer = bpfpv_agent_desired(&conf, health);
    assert_int_equal(fewer->anchors, 1);
}

static void
a_daemon_that_cannot_serve_is_not(void **state)
{
    static const struct {
        const char *host;
        const char *reason;
    } cases[] = {
        {"{'Ready': <false>, 'Programs': <['affinity']>, 'Pool': <'1-3'>, 'Anchors': <uint32 2>}",
         "can't reach libvirt"},
        {"{'Ready': <true>, 'Programs': <['affinity']>, 'Pool': <''>, 'Anchors': <uint32 0>}",
         "pool is empty"},
        {"{'Version': <'0.1'>}", "too old"},
        {"{'Ready': <true>, 'Pool': <'1'>}", "doesn't say"},
    };
    const BpfpvAgentConf conf = {.anchors = 7};
    Fixture *fixture = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvHealth) health = NULL;
        g_autoptr(BpfpvDesired) desired = NULL;

        fake_manager_set_host(fixture->fake, cases[i].host);
        health = ask(fixture);
        if (!health->reason || !strstr(health->reason, cases[i].reason))
            fail_msg("'%s' is not in '%s'", cases[i].reason, health->reason);
        desired = bpfpv_agent_desired(&conf, health);
        assert_null(desired->traits[0]);
        assert_int_equal(desired->anchors, 0);
    }
}

static void
a_daemon_that_is_not_there_is_not_healthy(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvHealth) gone = NULL, no_bus = NULL;

    g_clear_pointer(&fixture->fake, fake_manager_free);
    gone = ask(fixture);
    assert_non_null(strstr(gone->reason, "not running"));
    no_bus = bpfpv_health_ask("unix:path=/nonexistent/bus", NULL);
    assert_non_null(no_bus->reason);
}

/* ---- credentials ---- */

static void
systemd_s_credential_is_taken_first(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *file = g_build_filename(fixture->dir, BPFPV_CREDENTIAL, NULL);
    g_autoptr(BpfpvSecret) secret = NULL;
    g_autoptr(GError) error = NULL;

    g_setenv("CREDENTIALS_DIRECTORY", fixture->dir, TRUE);
    assert_true(g_file_set_contents(file, "#password=no\n password= a = b# \r\n", -1, NULL));
    assert_int_equal(chmod(file, 0440), 0); /* as systemd has it for a service's own group */
    secret = bpfpv_credentials_read(NULL, "/nonexistent", "password", &error);
    assert_non_null(secret);
    assert_string_equal(bpfpv_secret_text(secret), "a = b#");
    assert_int_equal(chmod(file, 0444), 0);
    assert_null(bpfpv_credentials_read(NULL, "/nonexistent", "password", &error));
    assert_non_null(error);
}

static void
only_a_file_can_have_credentials(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) of_dir = NULL, of_none = NULL;

    assert_null(bpfpv_credentials_read(fixture->dir, "", "password", &of_dir));
    assert_non_null(strstr(of_dir->message, "not a regular file"));
    assert_null(bpfpv_credentials_read(NULL, "/nonexistent/x", "password", &of_none));
    assert_non_null(strstr(of_none->message, "/nonexistent/x"));
}

static void
a_secret_is_hidden_and_grows(void **state)
{
    g_autoptr(BpfpvSecret) secret = bpfpv_secret_new("", 0);
    g_autofree char *text = NULL;

    bpfpv_secret_append_json(secret, "a\"b\\c\n\xc3\xa4");
    assert_string_equal(bpfpv_secret_text(secret), "a\\\"b\\\\c\\u000a\xc3\xa4");
    for (int i = 0; i < 1000; i++)
        bpfpv_secret_append(secret, "0123456789", 10);
    assert_int_equal(bpfpv_secret_length(secret), 15 + 10000);
    text = bpfpv_secret_hide(secret, g_strconcat("x", bpfpv_secret_text(secret), "y", NULL));
    assert_string_equal(text, "x***y");
}

/* Services quote what they were sent, JSON in a JSON string, with such escapes as they like. */
static void
a_secret_is_hidden_however_json_escapes_it(void **state)
{
    const char *word = "pa\"ss\\w/\xc3\xb6rd\xf0\x9f\x98\x80\t";
    g_autoptr(BpfpvSecret) secret = bpfpv_secret_new(word, strlen(word));
    static const struct {
        const char *text;
        const char *hidden;
    } cases[] = {
        {"a pa\"ss\\w/\xc3\xb6rd\xf0\x9f\x98\x80\t b", "a *** b"},
        {"\"pa\\\"ss\\\\w/\xc3\xb6rd\xf0\x9f\x98\x80\\t\"", "\"***\""},
        {"pa\\\"ss\\\\w\\/\\u00f6rd\\ud83d\\ude00\\u0009pa\\", "***pa\\"},
        {"\\u0070a\\\"ss\\\\w/\\u00F6rd\\uD83D\\uDE00\\t\\", "***\\"},
        {"pa\\\"ss\\\\w/\\u00f", "pa\\\"ss\\\\w/\\u00f"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = bpfpv_secret_hide(secret, g_strdup(cases[i].text));

        assert_string_equal(text, cases[i].hidden);
    }
}

/* ---- which provider ---- */

static void
a_provider_that_is_configured_is_the_only_one(void **state)
{
    BpfpvAgentConf conf = {.provider = (char *)"compute1"};
    g_auto(GStrv) names = bpfpv_node_names(&conf, NULL);

    assert_string_equal(names[0], "compute1");
    assert_null(names[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_healthy_daemon_is_offered),
        TEST(a_daemon_that_cannot_serve_is_not),
        TEST(a_daemon_that_is_not_there_is_not_healthy),
        TEST(systemd_s_credential_is_taken_first),
        TEST(only_a_file_can_have_credentials),
        cmocka_unit_test(a_secret_is_hidden_and_grows),
        cmocka_unit_test(a_secret_is_hidden_however_json_escapes_it),
        cmocka_unit_test(a_provider_that_is_configured_is_the_only_one),
    };

    if (!fake_bus_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
