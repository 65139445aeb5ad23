/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpv-placement's service between a bpfpvd and a Placement that do what the test says: what it
 * does when one of them changes its mind meanwhile.
 */
#include "os-run.h"

#include "fake-http.h"
#include "ctl-fake.h"

#define UUID "c37796aa-0187-47a1-94c8-6fabb248248e"
/* What follows is the address. */
#define NOAUTH                                                                                     \
    "[agent]\ninterval=3600\nanchors=0\n[placement]\nauth_type=noauth2\nendpoint_override="
#define PASSWORD_AUTH                                                                              \
    "username=agent\nuser_domain_name=Default\nproject_name=service\n"                             \
    "project_domain_name=Default\nauth_url="
#define HOST(ready, anchors)                                                                       \
    "{'Ready': <" ready ">, 'Programs': <['affinity']>, 'Pool': <'1-3'>, 'Anchors': "              \
    "<uint32 " anchors ">}"

typedef struct {
    OsRun *run;
    GTestDBus *bus;
    FakeManager *bpfpvd;
} Fixture;

static int
set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    if (os_run_set_up((void **)&fixture->run) != 0)
        return -1;
    fixture->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fixture->bus);
    fixture->bpfpvd = fake_manager_new(g_test_dbus_get_bus_address(fixture->bus));
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    Fixture *fixture = *state;
    void *run = fixture->run;

    os_run_tear_down(&run);
    fake_manager_free(fixture->bpfpvd);
    g_test_dbus_down(fixture->bus);
    g_object_unref(fixture->bus);
    g_free(fixture);
    return 0;
}

static void
start(Fixture *fixture, const char *settings, const FakeHttp *fake)
{
    os_run_configure(fixture->run, "%s%s\n", settings, fake_http_url(fake));
    os_service_start(fixture->run, g_test_dbus_get_bus_address(fixture->bus));
}

static guint
count(FakeHttp *fake, const char *request)
{
    g_autofree char *requests = fake_http_requests(fake);
    g_auto(GStrv) parts = g_strsplit(requests, request, -1);

    return g_strv_length(parts) - 1;
}

/* ---- Placement ---- */

/* Has the host, with neither traits nor child, and takes no traits: others are always quicker. */
static GString *
be_contended(const char *request, gpointer user_data)
{
    const char *body = "{}";

    if (g_str_has_prefix(request, "PUT /resource_providers/" UUID "/traits "))
        return fake_http_answer("409 Conflict", "",
                                "{\"errors\": [{\"detail\": \"changed\", \"code\": "
                                "\"placement.concurrent_update\"}]}");
    if (g_str_has_prefix(request, "GET / "))
        body = "{\"versions\": [{\"max_version\": \"1.39\", \"min_version\": \"1.0\"}]}";
    else if (g_str_has_prefix(request, "GET /resource_providers?name=c1 "))
        body = "{\"resource_providers\": [{\"uuid\": \"" UUID "\", \"name\": \"c1\", "
               "\"generation\": 1, \"parent_provider_uuid\": null, "
               "\"root_provider_uuid\": \"" UUID "\"}]}";
    else if (g_str_has_prefix(request, "GET /resource_providers?"))
        body = "{\"resource_providers\": []}";
    else if (g_str_has_prefix(request, "GET /resource_providers/" UUID "/traits "))
        body = "{\"traits\": [], \"resource_provider_generation\": 1}";
    return fake_http_answer("200 OK", "", body);
}

/* Trying goes on for more than a minute, and the last try may be the one that succeeds. */
static void
a_trait_is_not_tried_for_when_bpfpvd_has_gone(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(FakeHttp) fake = fake_http_new(NULL, be_contended, NULL);
    guint tried;

    start(fixture, NOAUTH, fake);
    os_service_wait(fixture->run, "reading again", 10);
    fake_manager_set_host(fixture->bpfpvd, HOST("false", "0"));
    os_service_wait(fixture->run, "not offered: bpfpvd can't reach libvirt", 10);
    tried = count(fake, "PUT /resource_providers/");
    os_service_stop(fixture->run);
    assert_int_equal(fixture->run->code, 0);
    assert_int_equal(count(fake, "PUT /resource_providers/"), tried);
    assert_null(strstr(fixture->run->err, "WARNING"));
    assert_non_null(strstr(fixture->run->err, "given up"));
}

/* bpfpvd says something new every 50 ms, and is listened to before it stops. */
static void
change_upon_change_is_followed(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(FakeHttp) fake = fake_http_new(NULL, be_contended, NULL);
    guint before;

    fake_manager_set_host(fixture->bpfpvd, HOST("false", "0"));
    start(fixture, NOAUTH, fake);
    os_service_wait(fixture->run, "not offered", 10);
    before = count(fake, "/traits HTTP");
    for (guint i = 0; i < 60 && count(fake, "/traits HTTP") == before; i++) {
        fake_manager_set_host(fixture->bpfpvd, i % 2 ? HOST("false", "1") : HOST("false", "2"));
        g_usleep(50 * 1000);
    }
    assert_true(count(fake, "/traits HTTP") > before);
    os_service_stop(fixture->run);
    assert_int_equal(fixture->run->code, 0);
}

/* ---- addresses ---- */

static GString *
know_no_path(const char *request, gpointer user_data)
{
    return fake_http_answer("404 Not Found", "", user_data);
}

/* That nothing is there is not what a wrong address says. */
static void
a_wrong_address_is_no_host_without_traits(void **state)
{
    static const struct {
        const char *settings;
        const char *body;
        const char *said;
    } cases[] = {
        {PASSWORD_AUTH, "{\"error\": {\"message\": \"no such page\"}}",
         "Keystone: %s/v3/auth/tokens: 404: no such page"},
        {NOAUTH, "<html>no such page</html>", "%s/: 404"},
        {NOAUTH, "{\"errors\": [{\"detail\": \"no such page\"}]}", "%s/: 404: no such page"},
    };
    Fixture *fixture = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(FakeHttp) fake = fake_http_new(NULL, know_no_path, (gpointer)cases[i].body);
        g_auto(GStrv) parts = g_strsplit(cases[i].said, "%s", -1);
        g_autofree char *said = g_strjoinv(fake_http_url(fake), parts);

        start(fixture, cases[i].settings, fake);
        os_service_wait(fixture->run, said, 10);
        os_service_stop(fixture->run);
        os_assert_failed(fixture->run, "Placement may still have what was given");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_trait_is_not_tried_for_when_bpfpvd_has_gone),
        TEST(change_upon_change_is_followed),
        TEST(a_wrong_address_is_no_host_without_traits),
    };

    if (!fake_bus_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
