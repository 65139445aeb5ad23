/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpv-placement with a real Keystone: password and application credential, endpoint from the
 * catalog, tokens that end early or by themselves, wrong credentials.
 */
#include "tests/bed/os-bed.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/bed/bed.h"
#include "nova-hook/http/http.h"

/* tests/bed/openstack's */
#define KEYSTONE "http://127.0.0.1:5000/v3"
#define PASSWORD "s3cr3t \"agent\\"

#define BY_PASSWORD                                                                                \
    "auth_url=http://127.0.0.1:5000\nusername=agent\nuser_domain_name=Default\n"                   \
    "project_name=service\nproject_domain_name=Default\nregion_name=bed\n"

static char *host;
static char *user;
static char *credentials;

/* A token of the test's, as the agent gets its own. */
static void
authenticate(void)
{
    const char *body = "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
                       "{\"name\":\"agent\",\"domain\":{\"name\":\"Default\"},\"password\":"
                       "\"s3cr3t \\\"agent\\\\\"}}},\"scope\":{\"project\":{\"name\":\"service\","
                       "\"domain\":{\"name\":\"Default\"}}}}}";
    const BpfpvHttpOptions options = {.timeout_s = 60};
    g_autoptr(BpfpvHttp) http = bpfpv_http_new(&options, NULL);
    g_autoptr(BpfpvSecret) json = bpfpv_secret_new(body, strlen(body));
    const BpfpvHttpRequest request = {
        .method = "POST", .url = KEYSTONE "/auth/tokens", .body = json};
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvHttpAnswer) answer = bpfpv_http_send(http, &request, NULL, &error);
    char *user_object;

    if (!answer || !answer->subject_token)
        bed_fail("no token: %s", answer ? answer->body->str : error->message);
    os_set_token(bpfpv_secret_text(answer->subject_token));
    user_object = strstr(answer->body->str, "\"user\": {");
    user_object = strstr(user_object, "}, \"id\""); /* behind its domain */
    g_free(user);
    user = os_field(user_object, "id");
}

static void
make_catalog(void)
{
    g_autofree char *service = os_do("POST", KEYSTONE "/services",
                                     "{\"service\": {\"type\": \"placement\", \"name\": \"p\"}}");
    g_autofree char *id = os_field(service, "id");
    g_autofree char *endpoint = g_strdup_printf(
        "{\"endpoint\": {\"service_id\": \"%s\", \"interface\": \"internal\", \"region_id\": "
        "\"bed\", \"url\": \"http://127.0.0.1:8778\"}}",
        id);

    g_free(os_do("POST", KEYSTONE "/endpoints", endpoint));
}

static void
write_credentials(const char *key, const char *secret)
{
    g_autofree char *text = g_strdup_printf("%s = %s\n", key, secret);

    assert_true(g_file_set_contents(credentials, text, -1, NULL));
    assert_int_equal(chmod(credentials, 0600), 0);
}

static void
configure(const char *settings)
{
    g_autofree char *text = g_strdup_printf("credentials=%s\n%s", credentials, settings);

    os_configure(text);
}

static gboolean
is_healthy(gpointer data)
{
    g_autofree char *status = NULL;

    return os_agent(&status, NULL, "status", "--json", NULL) == 0 &&
           strstr(status, "\"healthy\" : true");
}

static int
setup(void **state)
{
    g_autofree char *conf = g_build_filename(g_getenv("BED_DIR"), "bpfpvd.conf", NULL);

    credentials = g_build_filename(g_getenv("BED_DIR"), "credentials", NULL);
    assert_true(g_file_set_contents(conf, "[host]\nreserve=0\n", -1, NULL));
    os_bed("start", "keystone");
    os_bed("start", "placement");
    authenticate();
    make_catalog();
    host = os_make_host();
    configure(BY_PASSWORD);
    write_credentials("password", PASSWORD);
    bed_daemon_start("--config", conf, NULL);
    return bed_wait(is_healthy, NULL, BED_SOON) ? 0 : -1;
}

static void
agent_refuses(const char *command, const char *says)
{
    g_autofree char *err = NULL;

    assert_int_equal(os_agent(NULL, &err, command, NULL), 1);
    if (!strstr(err, says))
        bed_fail("%s lacks '%s': %s", command, says, err);
}

static void
agent_does(const char *command)
{
    g_autofree char *err = NULL;

    if (os_agent(NULL, &err, command, NULL) != 0)
        bed_fail("%s: %s", command, err);
}

static void
a_password_and_the_catalog_suffice(void **state)
{
    agent_does("ensure");
    os_wait_candidate(TRUE, 0);
    agent_does("withdraw");
    os_wait_candidate(FALSE, 0);
}

static void
an_application_credential_suffices(void **state)
{
    g_autofree char *path = g_strdup_printf(KEYSTONE "/users/%s/application_credentials", user);
    g_autofree char *made = os_do("POST", path,
                                  "{\"application_credential\": {\"name\": \"agent\", \"secret\": "
                                  "\"s3cr3t-of-the-app\"}}");
    g_autofree char *id = os_field(made, "id");
    g_autofree char *settings =
        g_strdup_printf("auth_type=v3applicationcredential\nauth_url=" KEYSTONE "/\n"
                        "application_credential_id=%s\n",
                        id);
    configure(settings);
    write_credentials("application_credential_secret", "s3cr3t-of-the-app");
    agent_does("ensure");
    os_wait_candidate(TRUE, 0);
    write_credentials("application_credential_secret", "s3cr3t-wrong");
    agent_refuses("ensure", "401");
    write_credentials("password", PASSWORD);
    configure(BY_PASSWORD);
}

static void
wrong_credentials_are_told_and_not_shown(void **state)
{
    write_credentials("password", "s3cr3t-wrong");
    agent_refuses("ensure", "/v3/auth/tokens: 401: The request you have made requires");
    write_credentials("password", PASSWORD);
    configure(BY_PASSWORD "valid_interfaces=admin\n");
    agent_refuses("ensure", "interface admin in region bed (it has: internal in region bed)");
    configure(BY_PASSWORD);
}

static guint
count(const char *text, const char *part)
{
    guint n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static gboolean
has_tokens(gpointer n)
{
    g_autofree char *log = os_bed_service_log();

    return count(log, "a new token, for") >= GPOINTER_TO_UINT(n);
}

static void
wait_for_tokens(guint n)
{
    if (!bed_wait(has_tokens, GUINT_TO_POINTER(n), 60000))
        bed_fail("the service has not got %u tokens", n);
}

static gboolean
says_refused(gpointer data)
{
    g_autofree char *log = os_bed_service_log();

    return strstr(log, ": 401, ") != NULL;
}

/* Keystone loses the keys that it made tokens with: the agent's is refused before its time. */
static void
a_token_that_is_refused_is_renewed(void **state)
{
    os_bed_service_start();
    os_wait_candidate(TRUE, 60000);
    os_bed("rotate", NULL);
    if (!bed_wait(says_refused, NULL, 60000))
        bed_fail("the token is still taken");
    wait_for_tokens(2);
    authenticate();
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
    os_wait_candidate(FALSE, 0);
}

static void
a_token_is_renewed_before_it_expires(void **state)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "openstack/keystone.conf", NULL);
    g_autofree char *before = os_bed_service_log();
    g_autofree char *text = NULL, *log = NULL;
    g_autoptr(GString) conf = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    conf = g_string_new(text);
    g_string_replace(conf, "expiration = 3600", "expiration = 8", 1);
    assert_true(g_file_set_contents(path, conf->str, -1, NULL));
    os_bed("stop", "keystone");
    os_bed("start", "keystone");

    os_bed_service_start();
    wait_for_tokens(count(before, "a new token, for") + 3);
    authenticate();
    os_wait_candidate(TRUE, 0);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
    log = os_bed_service_log();
    assert_int_equal(count(log, "a new token, for 8 s") >= 3, TRUE);
    assert_int_equal(count(log, ": 401, "), count(before, ": 401, "));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_and_the_catalog_suffice),
        cmocka_unit_test(an_application_credential_suffices),
        cmocka_unit_test(wrong_credentials_are_told_and_not_shown),
        cmocka_unit_test(a_token_that_is_refused_is_renewed),
        cmocka_unit_test(a_token_is_renewed_before_it_expires),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
