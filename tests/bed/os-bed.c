/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See os-bed.h. */
#include "os-bed.h"

#include <fcntl.h>
#include <string.h>

#include "bed-private.h"
#include "nova-hook/http/http.h"

#define PLACEMENT "http://127.0.0.1:8778"
#define SECRET "s3cr3t"

static BpfpvSecret *test_token;
static GSubprocess *service;

void
os_bed(const char *verb, const char *what)
{
    const char *argv[] = {"bed-openstack", verb, what, NULL};
    g_autofree char *err = NULL;

    if (bed_run(argv, NULL, &err) != 0)
        bed_fail("bed-openstack %s: %s", verb, err);
}

void
os_set_token(const char *token)
{
    bpfpv_secret_free(test_token);
    test_token = bpfpv_secret_new(token, strlen(token));
}

char *
os_request(const char *method, const char *url, const char *body, guint *status)
{
    const BpfpvHttpOptions options = {.timeout_s = 60};
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvHttp) http = bpfpv_http_new(&options, &error);
    g_autoptr(BpfpvSecret) json = body ? bpfpv_secret_new(body, strlen(body)) : NULL;
    g_autofree char *full = *url == '/' ? g_strconcat(PLACEMENT, url, NULL) : g_strdup(url);
    const BpfpvHttpRequest request = {.method = method,
                                      .url = full,
                                      .token = test_token,
                                      .version = "placement 1.29",
                                      .body = json};
    g_autoptr(BpfpvHttpAnswer) answer = bpfpv_http_send(http, &request, NULL, &error);

    *status = answer ? answer->status : 0;
    return g_strdup(answer ? answer->body->str : error->message);
}

char *
os_do(const char *method, const char *url, const char *body)
{
    guint status;
    char *answer = os_request(method, url, body, &status);

    if (status < 200 || status > 299)
        bed_fail("%s %s: %u: %s", method, url, status, answer);
    return answer;
}

char *
os_field(const char *json, const char *name)
{
    g_autofree char *pattern = g_strdup_printf("\"%s\": ?\"?([^\",}]*)", name);
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(regex, json, 0, &match))
        bed_fail("no \"%s\" in %s", name, json);
    return g_match_info_fetch(match, 1);
}

char *
os_find(const char *name)
{
    g_autofree char *path = g_strconcat("/resource_providers?name=", name, NULL);
    g_autofree char *list = os_do("GET", path, NULL);

    return strstr(list, "\"uuid\"") ? os_field(list, "uuid") : NULL;
}

char *
os_make_host(void)
{
    g_autofree char *made = os_do("POST", "/resource_providers", "{\"name\": \"" OS_HOST "\"}");
    char *uuid = os_field(made, "uuid");
    g_autofree char *path = g_strdup_printf("/resource_providers/%s/inventories", uuid);

    g_free(os_do("PUT", path,
                 "{\"resource_provider_generation\": 0, \"inventories\": "
                 "{\"VCPU\": {\"total\": 8}}}"));
    return uuid;
}

/* Returns: whether it is gone; not if it has children or is in use */
static gboolean
delete_provider(const char *uuid)
{
    g_autofree char *path = g_strconcat("/resource_providers/", uuid, NULL);
    guint status;
    g_autofree char *answer = os_request("DELETE", path, NULL, &status);

    if (status != 204 && status != 404 && status != 409)
        bed_fail("DELETE %s: %u: %s", path, status, answer);
    return status != 409;
}

/* An agent that runs may make the child anew in between. */
static gboolean
remove_both(gpointer uuid)
{
    g_autofree char *child = os_find(OS_CHILD);

    return (!child || delete_provider(child)) && delete_provider(uuid);
}

void
os_remove_host(const char *uuid)
{
    if (!bed_wait(remove_both, (gpointer)uuid, BED_SOON))
        bed_fail("provider %s can't be removed", uuid);
}

gboolean
os_is_candidate(void)
{
    g_autofree char *uuid = os_find(OS_HOST);
    g_autofree char *found = os_do("GET",
                                   "/allocation_candidates?resources=VCPU:2,CUSTOM_BPFPV_ANCHOR:2"
                                   "&required=CUSTOM_BPFPV",
                                   NULL);

    return uuid && strstr(found, uuid);
}

/* Placement may have no such trait or class yet: 400, and no candidate. */
static gboolean
is_as_wanted(gpointer data)
{
    g_autofree char *trait = NULL, *class = NULL;
    guint trait_status, class_status;

    trait = os_request("GET", "/traits/CUSTOM_BPFPV", NULL, &trait_status);
    class = os_request("GET", "/resource_classes/CUSTOM_BPFPV_ANCHOR", NULL, &class_status);
    if (trait_status == 404 || class_status == 404)
        return !*(gboolean *)data;
    return os_is_candidate() == *(gboolean *)data;
}

void
os_wait_candidate(gboolean wanted, guint timeout_ms)
{
    if (!bed_wait(is_as_wanted, &wanted, timeout_ms))
        bed_fail("the host is %s candidate after %u ms", wanted ? "no" : "still a", timeout_ms);
}

/* ---- bpfpv-placement ---- */

static char *
conf_path(const char *name)
{
    return g_build_filename(bed_environment("BED_DIR"), name, NULL);
}

void
os_configure(const char *placement)
{
    g_autofree char *path = conf_path("placement.conf");
    g_autofree char *text =
        g_strdup_printf("[node]\nprovider=" OS_HOST "\n[agent]\ninterval=1\nanchors=2\n"
                        "provider_config_dir=%s/provider_config\n[placement]\n%s",
                        bed_environment("BED_DIR"), placement);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
assert_no_secret(const char *text)
{
    if (strstr(text, SECRET) || strstr(text, "gAAAA"))
        bed_fail("a secret is in: %s", text);
}

int
os_agent(char **out, char **err, const char *first, ...)
{
    g_autoptr(GPtrArray) argv = NULL;
    g_autofree char *path = conf_path("placement.conf");
    g_autofree char *conf = g_strconcat("--config=", path, NULL);
    g_autofree char *said = NULL, *complained = NULL;
    va_list list;
    int code;

    va_start(list, first);
    argv = bed_arguments(bed_environment("BPFPV_PLACEMENT"), first, list);
    va_end(list);
    g_ptr_array_insert(argv, 1, (gpointer) "--verbose");
    g_ptr_array_insert(argv, 1, conf);
    code = bed_run((const char *const *)argv->pdata, &said, &complained);
    assert_no_secret(said);
    assert_no_secret(complained);
    if (out)
        *out = g_steal_pointer(&said);
    if (err)
        *err = g_steal_pointer(&complained);
    return code;
}

char *
os_bed_service_log(void)
{
    g_autofree char *path = conf_path("agent.log");
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    assert_no_secret(text);
    return text;
}

void
os_bed_service_start(void)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autofree char *path = conf_path("placement.conf");
    g_autofree char *conf = g_strconcat("--config=", path, NULL);
    g_autofree char *log = conf_path("agent.log");
    const char *argv[] = {bed_environment("BPFPV_PLACEMENT"), "--verbose", conf, "run", NULL};
    g_autoptr(GError) error = NULL;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_null(service);
    g_subprocess_launcher_take_stdout_fd(launcher, fd);
    service = g_subprocess_launcher_spawnv(launcher, argv, &error);
    if (!service)
        bed_fail("can't run bpfpv-placement: %s", error->message);
}

int
os_bed_service_stop(int signal)
{
    int code;

    g_subprocess_send_signal(service, signal);
    assert_true(g_subprocess_wait(service, NULL, NULL));
    code = g_subprocess_get_if_exited(service) ? g_subprocess_get_exit_status(service)
                                               : 128 + g_subprocess_get_term_sig(service);
    g_clear_object(&service);
    g_free(os_bed_service_log()); /* looks for secrets */
    return code;
}
