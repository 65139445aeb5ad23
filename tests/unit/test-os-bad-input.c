/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpv-placement against a Keystone and a Placement that answer what they should not: it says
 * what is wrong, sends its credentials nowhere else, says no secret, and does not crash.
 */
#include "os-run.h"

#include "fake-http.h"

#define PASSWORD_AUTH                                                                              \
    "auth_url=%s/identity\nusername=agent\nuser_domain_name=Default\nproject_name=service\n"       \
    "project_domain_name=Default\ntimeout=2\n"
#define VERSIONS "{\"versions\": [{\"max_version\": \"1.39\", \"min_version\": \"1.0\"}]}"
#define UUID "c37796aa-0187-47a1-94c8-6fabb248248e"

/* What the fake does with each request. */
typedef struct {
    FakeHttp *keystone;
    const char *placement; /* its address, for the catalog */
    GString *(*answer)(const char *request);
} World;

static GString *
only(const char *request, gpointer user_data)
{
    return ((World *)user_data)->answer(request);
}

/* A Keystone that says yes, before a Placement that the test makes. */
static GString *
with_token(const char *request, gpointer user_data)
{
    World *world = user_data;
    g_autofree char *body = NULL;

    if (!strstr(request, "/v3/auth/tokens"))
        return world->answer(request);
    body = g_strdup_printf("{\"token\": {\"catalog\": [{\"type\": \"placement\", \"endpoints\": "
                           "[{\"interface\": \"public\", \"region_id\": \"r1\", \"url\": "
                           "\"%s/placement\"}]}]}}",
                           world->placement);
    return fake_http_answer("201 Created", "X-Subject-Token: " OS_TOKEN "\r\n", body);
}

static void
run_against(OsRun *run, FakeHttpFunc func, GString *(*answer)(const char *request))
{
    World world = {.answer = answer};
    g_autoptr(FakeHttp) fake = fake_http_new(NULL, func, &world);

    world.placement = fake_http_url(fake);
    os_run_configure(run, PASSWORD_AUTH, fake_http_url(fake));
    os_run(run, "status");
}

/* ---- Keystone ---- */

/* Says back what it was sent, as a debugging proxy would. */
static GString *
refuse_and_repeat(const char *request)
{
    const char *body = strstr(request, "\"password\":{");
    g_autofree char *word = g_strdup(strstr(body, "\"password\":\"") + strlen("\"password\":"));
    g_autofree char *answer = NULL;

    word[strlen("\"s3cr3t-pass\\\"word\\\\\"")] = '\0';
    answer = g_strdup_printf("{\"error\": {\"message\": %s}}", word);
    return fake_http_answer("401 Unauthorized", "", answer);
}

static void
wrong_credentials(void **state)
{
    run_against(*state, only, refuse_and_repeat);
    os_assert_failed(*state, "/identity/v3/auth/tokens: 401: ***");
}

/* JSON of the request, in a string of the answer's. */
static GString *
refuse_and_quote(const char *request)
{
    return fake_http_answer("400 Bad Request", "",
                            "{\"error\": {\"message\": \"invalid: {\\\"password\\\": "
                            "\\\"s3cr3t-pass\\\\\\\"word\\\\\\\\\\\"}\"}}");
}

static void
a_password_that_is_quoted(void **state)
{
    run_against(*state, only, refuse_and_quote);
    os_assert_failed(*state, "/identity/v3/auth/tokens: 400: invalid: {\"password\": \"***\"}");
}

static GString *
say_nothing_useful(const char *request)
{
    return fake_http_answer("200 OK", "", "<html><body>It works!</body></html>");
}

static void
garbage_instead_of_json(void **state)
{
    run_against(*state, only, say_nothing_useful);
    os_assert_failed(*state, "the answer is not");
}

static GString *
forget_the_token(const char *request)
{
    return fake_http_answer("201 Created", "",
                            "{\"token\": {\"catalog\": [{\"type\": \"placement\", \"endpoints\": "
                            "[{\"interface\": \"public\", \"url\": \"http://127.0.0.1:1\"}]}]}}");
}

static void
no_token_in_the_answer(void **state)
{
    run_against(*state, only, forget_the_token);
    os_assert_failed(*state, "no X-Subject-Token");
}

static GString *
know_no_placement(const char *request)
{
    return fake_http_answer("201 Created", "X-Subject-Token: " OS_TOKEN "\r\n",
                            "{\"token\": {\"catalog\": []}}");
}

static void
no_placement_in_the_catalog(void **state)
{
    run_against(*state, only, know_no_placement);
    os_assert_failed(*state, "catalog has no placement service");
}

static GString *
hang_up(const char *request)
{
    return NULL;
}

static void
a_connection_that_is_closed(void **state)
{
    run_against(*state, only, hang_up);
    os_assert_failed(*state, "Empty reply");
}

static GString *
think(const char *request)
{
    g_usleep(4 * G_USEC_PER_SEC);
    return NULL;
}

static void
an_answer_that_does_not_come(void **state)
{
    run_against(*state, only, think);
    os_assert_failed(*state, "timed out");
}

static void
nobody_there(void **state)
{
    OsRun *run = *state;

    os_run_configure(run, PASSWORD_AUTH, "http://127.0.0.1:1");
    os_run(run, "ensure");
    os_assert_failed(run, "http://127.0.0.1:1/identity/v3/auth/tokens");
}

/* ---- redirects ---- */

static GString *
note_only(const char *request, gpointer user_data)
{
    return fake_http_answer("200 OK", "", "{}");
}

static char *elsewhere;

static GString *
send_elsewhere(const char *request)
{
    g_autofree char *location = g_strdup_printf("Location: %s/x\r\n", elsewhere);

    return fake_http_answer("307 Temporary Redirect", location, "");
}

static void
a_redirect_is_not_followed(void **state)
{
    g_autoptr(FakeHttp) other = fake_http_new(NULL, note_only, NULL);
    g_autofree char *requests = NULL;

    elsewhere = g_strdup(fake_http_url(other));
    run_against(*state, only, send_elsewhere);
    os_assert_failed(*state, elsewhere);
    os_assert_failed(*state, "redirected to");
    run_against(*state, with_token, send_elsewhere);
    os_assert_failed(*state, "redirected to");
    requests = fake_http_requests(other);
    assert_string_equal(requests, "");
    g_free(elsewhere);
}

static GString *
send_elsewhere_with_password(const char *request)
{
    g_autofree char *padding = g_strnfill(280, 'x');
    g_autofree char *location =
        g_strconcat("Location: http://x/", padding, OS_PASSWORD, "\r\n", NULL);

    return fake_http_answer("302 Found", location, "");
}

static GString *
send_elsewhere_with_token(const char *request)
{
    return fake_http_answer("302 Found", "Location: http://x/?token=" OS_TOKEN "\r\n", "");
}

static void
a_redirect_that_has_a_secret_in_it(void **state)
{
    run_against(*state, only, send_elsewhere_with_password);
    os_assert_failed(*state, "xxx***, where the credentials are not sent");
    run_against(*state, with_token, send_elsewhere_with_token);
    os_assert_failed(*state, "http://x/?token=***,");
}

/* ---- Placement ---- */

static GString *
send_much(const char *request)
{
    GString *answer = g_string_new("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\": \"");

    for (int i = 0; i < 10 * 1024; i++) {
        g_autofree char *kilobyte = g_strnfill(1024, 'x');

        g_string_append_len(answer, kilobyte, 1024);
    }
    g_string_append(answer, "\"}");
    return answer;
}

static void
ten_megabytes(void **state)
{
    run_against(*state, with_token, send_much);
    os_assert_failed(*state, "larger than 4 MiB");
}

static GString *
forbid_and_repeat(const char *request)
{
    if (strstr(request, "/placement/ HTTP"))
        return fake_http_answer("200 OK", "", VERSIONS);
    return fake_http_answer("403 Forbidden", "",
                            "{\"errors\": [{\"detail\": \"token " OS_TOKEN
                            " may not \\u001b[2J\\n this\"}]}");
}

static void
a_token_in_an_error(void **state)
{
    OsRun *run = *state;

    run_against(run, with_token, forbid_and_repeat);
    os_assert_failed(run, "403: token *** may not ?[2J this");
    assert_null(strchr(run->err, '\033'));
}

static GString *
refuse_the_token(const char *request)
{
    if (strstr(request, "/placement/ HTTP"))
        return fake_http_answer("200 OK", "", VERSIONS);
    return fake_http_answer("401 Unauthorized", "", "{\"message\": \"who are you?\"}");
}

static void
a_token_that_is_refused_is_renewed_once(void **state)
{
    OsRun *run = *state;
    World world = {.answer = refuse_the_token};
    g_autoptr(FakeHttp) fake = fake_http_new(NULL, with_token, &world);
    g_autofree char *requests = NULL;
    g_auto(GStrv) parts = NULL;

    world.placement = fake_http_url(fake);
    os_run_configure(run, PASSWORD_AUTH, fake_http_url(fake));
    os_run(run, "status");
    os_assert_failed(run, "401: who are you?");
    requests = fake_http_requests(fake);
    parts = g_strsplit(requests, "POST /identity/v3/auth/tokens", -1);
    assert_int_equal(g_strv_length(parts), 3); /* two of them */
}

/* Placement's middleware asks for a token even to say which versions it speaks. */
static GString *
refuse_the_first(const char *request)
{
    static gint asked;

    if (strstr(request, "/placement/ HTTP") && g_atomic_int_add(&asked, 1) == 0)
        return fake_http_answer("401 Unauthorized", "", "{}");
    if (strstr(request, "/placement/ HTTP"))
        return fake_http_answer("200 OK", "", VERSIONS);
    return fake_http_answer("200 OK", "", "{\"resource_providers\": []}");
}

static void
a_token_that_is_refused_at_first_is_renewed(void **state)
{
    run_against(*state, with_token, refuse_the_first);
    os_assert_failed(*state, "Placement has no resource provider c1");
}

static GString *
be_old(const char *request)
{
    return fake_http_answer("200 OK", "",
                            "{\"versions\": [{\"max_version\": \"1.28\", \"min_version\": "
                            "\"1.0\"}]}");
}

static void
a_placement_that_is_too_old(void **state)
{
    run_against(*state, with_token, be_old);
    os_assert_failed(*state, "up to 1.28, 1.29 is needed");
}

static GString *
have_an_odd_provider(const char *request)
{
    if (strstr(request, "/placement/ HTTP"))
        return fake_http_answer("200 OK", "", VERSIONS);
    return fake_http_answer("200 OK", "",
                            "{\"resource_providers\": [{\"uuid\": \"../../v3/users\", \"name\": "
                            "\"c1\", \"generation\": 1}]}");
}

static void
a_uuid_that_is_a_path(void **state)
{
    run_against(*state, with_token, have_an_odd_provider);
    os_assert_failed(*state, "GET /resource_providers?name=c1: the answer has no right \"uuid\"");
}

/* ---- TLS ---- */

/* @host: the only one that it is for */
static char *
make_certificate(OsRun *run, const char *host)
{
    g_autofree char *subject = g_strconcat("/CN=", host, NULL);
    g_autofree char *name = g_strconcat("subjectAltName=DNS:", host, NULL);
    g_autofree char *key = os_run_path(run, "key.pem");
    char *both = os_run_path(run, "tls.pem");
    const char *argv[] = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                          "-days",   "2",   "-subj", subject,   "-addext",  name,
                          "-keyout", key,   "-out",  both,      NULL};
    g_autofree char *certificate = NULL, *private_key = NULL, *pem = NULL;
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        argv, G_SUBPROCESS_FLAGS_STDERR_SILENCE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL);

    assert_non_null(process);
    assert_true(g_subprocess_wait_check(process, NULL, NULL));
    assert_true(g_file_get_contents(both, &certificate, NULL, NULL));
    assert_true(g_file_get_contents(key, &private_key, NULL, NULL));
    pem = g_strconcat(certificate, private_key, NULL);
    assert_true(g_file_set_contents(both, pem, -1, NULL));
    return both;
}

static void
a_certificate_that_nobody_knows(void **state)
{
    OsRun *run = *state;
    g_autofree char *pem = make_certificate(run, "localhost");
    World world = {.answer = know_no_placement};
    g_autoptr(FakeHttp) fake = fake_http_new(pem, only, &world);
    g_autofree char *requests = NULL;

    os_run_configure(run, PASSWORD_AUTH, fake_http_url(fake));
    os_run(run, "status");
    os_assert_failed(run, "cafile= names the certificates to trust");
    requests = fake_http_requests(fake);
    assert_string_equal(requests, "");

    /* With it, the same server is spoken to. */
    os_run_configure(run, PASSWORD_AUTH "cafile=%s\n", fake_http_url(fake), pem);
    os_run(run, "status");
    os_assert_failed(run, "catalog has no placement service");
}

/* Trusted, but somebody else's: who has it could be anybody's Keystone. */
static void
a_certificate_for_another_host(void **state)
{
    OsRun *run = *state;
    g_autofree char *pem = make_certificate(run, "other.example");
    World world = {.answer = know_no_placement};
    g_autoptr(FakeHttp) fake = fake_http_new(pem, only, &world);
    g_autofree char *requests = NULL;

    os_run_configure(run, PASSWORD_AUTH "cafile=%s\n", fake_http_url(fake), pem);
    os_run(run, "status");
    /* which goes on with "name" or "hostname", by curl's version */
    os_assert_failed(run, "no alternative certificate subject name matches target host");
    requests = fake_http_requests(fake);
    assert_string_equal(requests, "");
}

static void
no_tls_where_it_should_be(void **state)
{
    OsRun *run = *state;
    World world = {.answer = know_no_placement};
    g_autoptr(FakeHttp) fake = fake_http_new(NULL, only, &world);
    g_autofree char *url = g_strconcat("https", fake_http_url(fake) + strlen("http"), NULL);

    os_run_configure(run, PASSWORD_AUTH, url);
    os_run(run, "status");
    os_assert_failed(run, url);
}

/* ---- configuration ---- */

/* os_run() sees to it that none of them is said. */
static void
secrets_where_they_do_not_belong(void **state)
{
    static const struct {
        const char *lines;
        const char *said;
    } cases[] = {
        {"password=" OS_PASSWORD, "password= does not belong here"},
        {"\npassword " OS_PASSWORD, "line 9 is neither"},
        {"[agent]\n" OS_PASSWORD, "line 9 is neither"},
        {"[" OS_PASSWORD, "line 8 is neither"},
        {"username=" OS_PASSWORD "\xff", "[placement] username= is not UTF-8"},
        {"username=\\qs3cr3t", "[placement] username= is not UTF-8, or has a backslash"},
        {"password s3cr3t=", "[placement] ...= is no setting's name"},
        {"auth_url=http://agent:s3cr3t@127.0.0.1:1", "ends up in logs"},
    };
    OsRun *run = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        os_run_configure(run, "auth_type=noauth2\n%s\n", cases[i].lines);
        os_run(run, "status");
        os_assert_failed(run, cases[i].said);
        os_assert_failed(run, run->conf);
    }
    os_run_write(run, "placement.conf", "password=" OS_PASSWORD "\n", 0644);
    os_run(run, "status");
    os_assert_failed(run, "does not begin with a [SECTION]");
    os_run_write(run, "placement.conf", "[placement]\nEncoding=" OS_PASSWORD "\n", 0644);
    os_run(run, "status");
    os_assert_failed(run, "line 2 is neither");
}

static void
credentials_that_others_may_read(void **state)
{
    static const guint modes[] = {0640, 0604, 0620, 0666};
    OsRun *run = *state;

    os_run_configure(run, PASSWORD_AUTH, "http://127.0.0.1:1");
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        os_run_write(run, "credentials", "password=" OS_PASSWORD "\n", modes[i]);
        os_run(run, "status");
        os_assert_failed(run, "chmod 0600");
    }
    os_run_write(run, "credentials", "pass=" OS_PASSWORD "\n", 0600);
    os_run(run, "status");
    os_assert_failed(run, "has no line password=");
}

static void
wrong_settings_are_named(void **state)
{
    static const struct {
        const char *setting;
        const char *said;
    } cases[] = {
        {"auth_url=ftp://x", "[placement] auth_url=ftp://x: an address begins with"},
        {"auth_type=kerberos", "known are password"},
        {"timeout=0", "not a number of seconds, 1 to 3600"},
        {"timout=3", "[placement] timout= is not a setting"},
        {"auth_type=noauth2", "auth_type=noauth2 needs endpoint_override="},
        {"auth_type=v3applicationcredential\nauth_url=http://x", "application_credential_id="},
        {"username=x", "needs auth_url="},
        {"[agent]\non_stop=never", "either remove or keep"},
        {"[agent]\nanchors=-3", "not a number of CPUs"},
    };
    OsRun *run = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        os_run_configure(run, "%s\n", cases[i].setting);
        os_run(run, "status");
        os_assert_failed(run, cases[i].said);
        os_assert_failed(run, run->conf);
    }
}

static void
the_owner_of_the_trait_is_found(void **state)
{
    OsRun *run = *state;
    g_autofree char *conf = g_strdup_printf(
        "[placement]\nauth_type=noauth2\nendpoint_override=http://127.0.0.1:1\n[node]\n"
        "provider=c1\n[agent]\nprovider_config_dir=%s\n",
        run->dir);

    os_run_write(run, "placement.conf", conf, 0644);
    os_run_write(run, "a.yaml",
                 "# CUSTOM_BPFPV is the agent's\ntraits: [CUSTOM_A] # CUSTOM_BPFPV\n", 0644);
    os_run_write(run, "b.yml", "traits: [CUSTOM_BPFPV]\n", 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "http://127.0.0.1:1/");
    os_run_write(run, "c.yaml", "meta:\n  traits: ['CUSTOM_BPFPV']\n", 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "c.yaml:2 names CUSTOM_BPFPV");
    os_run(run, "withdraw");
    os_assert_failed(run, "c.yaml:2 names CUSTOM_BPFPV");
}

/* Where bpfpvd does not run, somebody has to say how many anchors there are. */
static void
a_provider_config_needs_no_daemon_that_is_told_all(void **state)
{
    OsRun *run = *state;

    os_run_configure(run, "%s", "");
    os_run(run, "provider-config");
    os_assert_failed(run, "say it with --anchors=N");
    os_run(run, "--anchors=6 --provider=c2 provider-config");
    assert_int_equal(run->code, 0);
    assert_non_null(strstr(run->out, "name: 'c2'\n"));
    assert_non_null(strstr(run->out, "total: 6\n"));
    assert_non_null(strstr(run->out, "- CUSTOM_BPFPV_AFFINITY\n"));
}

/* Where Nova keeps what, its own configuration says. */
static void
nova_conf_says_where_things_are(void **state)
{
    OsRun *run = *state;
    g_autofree char *conf = g_strdup_printf(
        "[placement]\nauth_type=noauth2\nendpoint_override=http://127.0.0.1:1\n[node]\n"
        "nova_conf=%s/nova.conf\n",
        run->dir);
    g_autofree char *nova = g_strdup_printf("[DEFAULT]\nstate_path = %s\n[compute]\n"
                                            "provider_config_location = %s\n",
                                            run->dir, run->dir);
    g_autofree char *missing = g_strconcat(run->dir, "/compute_id", NULL);

    os_run_write(run, "placement.conf", conf, 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "nova.conf");
    os_run_write(run, "nova.conf", "[DEFAULT]\nstate_path = $pybasedir\n", 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "has a $; set compute_id= here");
    os_run_write(run, "nova.conf", nova, 0644);
    os_run(run, "ensure");
    os_assert_failed(run, missing);
    os_run_write(run, "compute_id", "c37796aa-0187-47a1-94c8-6fabb248248e\n", 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "http://127.0.0.1:1/");
    os_run_write(run, "c.yaml", "traits: ['CUSTOM_BPFPV']\n", 0644);
    os_run(run, "ensure");
    os_assert_failed(run, "c.yaml:1 names CUSTOM_BPFPV");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, os_run_set_up, os_run_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_credentials),
        TEST(a_password_that_is_quoted),
        TEST(garbage_instead_of_json),
        TEST(no_token_in_the_answer),
        TEST(no_placement_in_the_catalog),
        TEST(a_connection_that_is_closed),
        TEST(an_answer_that_does_not_come),
        TEST(nobody_there),
        TEST(a_redirect_is_not_followed),
        TEST(a_redirect_that_has_a_secret_in_it),
        TEST(ten_megabytes),
        TEST(a_token_in_an_error),
        TEST(a_token_that_is_refused_is_renewed_once),
        TEST(a_token_that_is_refused_at_first_is_renewed),
        TEST(a_placement_that_is_too_old),
        TEST(a_uuid_that_is_a_path),
        TEST(a_certificate_that_nobody_knows),
        TEST(a_certificate_for_another_host),
        TEST(no_tls_where_it_should_be),
        TEST(secrets_where_they_do_not_belong),
        TEST(credentials_that_others_may_read),
        TEST(wrong_settings_are_named),
        TEST(the_owner_of_the_trait_is_found),
        TEST(a_provider_config_needs_no_daemon_that_is_told_all),
        TEST(nova_conf_says_where_things_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
