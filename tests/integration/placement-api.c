/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpv-placement with a real bpfpvd, a real libvirtd and a real Placement: the scheduler's
 * question is answered with this host exactly while it can keep the promise.
 */
#include "tests/bed/os-bed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NOAUTH "auth_type=noauth2\nendpoint_override=http://127.0.0.1:8778/\n"
/* The service waits longer after each failure, and a server's start takes its time here. */
#define AFTER_FAILURES 90000
#define CONSUMER "11111111-2222-4333-8444-555555555555"

/* Another program that writes the host's traits, and its child's aggregates. */
typedef struct {
    gboolean child_too;
    gint stop;
    gint n_written;
} Writer;

static char *daemon_conf;
static char *host;
static Writer writer;
static GThread *writer_thread;

static gboolean
is_healthy(gpointer data)
{
    g_autofree char *status = NULL;

    return os_agent(&status, NULL, "status", "--json", NULL) == 0 &&
           strstr(status, "\"healthy\" : true");
}

static void
configure_daemon(const char *text)
{
    assert_true(g_file_set_contents(daemon_conf, text, -1, NULL));
}

static BedDaemon *
start_daemon(void)
{
    BedDaemon *daemon = bed_daemon_start("--config", daemon_conf, NULL);

    if (!bed_wait(is_healthy, NULL, BED_SOON))
        bed_fail("bpfpvd is not healthy");
    return daemon;
}

static int
setup(void **state)
{
    daemon_conf = g_build_filename(g_getenv("BED_DIR"), "bpfpvd.conf", NULL);
    os_bed("start", "placement");
    os_set_token("admin");
    return 0;
}

/* A new provider for each test, and no daemon; the configuration may be another one's. */
static int
begin(void **state)
{
    configure_daemon("[host]\nreserve=0\n");
    os_configure(NOAUTH);
    host = os_make_host();
    return 0;
}

static void
stop_writer(void)
{
    if (!writer_thread)
        return;
    g_atomic_int_set(&writer.stop, TRUE);
    g_thread_join(g_steal_pointer(&writer_thread));
}

static int
end(void **state)
{
    stop_writer();
    bed_cleanup(state);
    if (host)
        os_remove_host(host);
    g_clear_pointer(&host, g_free);
    return 0;
}

static void
agent_does(const char *command, const char *says)
{
    g_autofree char *out = NULL, *err = NULL;

    if (os_agent(&out, &err, command, NULL) != 0)
        bed_fail("%s: %s", command, err);
    if (!strstr(out, says))
        bed_fail("%s lacks '%s': %s", command, says, out);
}

static void
agent_refuses(const char *command, const char *says)
{
    g_autofree char *err = NULL;

    assert_int_equal(os_agent(NULL, &err, command, NULL), 1);
    if (!strstr(err, says))
        bed_fail("%s lacks '%s': %s", command, says, err);
}

static char *
traits(void)
{
    g_autofree char *path = g_strdup_printf("/resource_providers/%s/traits", host);

    return os_do("GET", path, NULL);
}

static void
set_traits(const char *list)
{
    g_autofree char *path = g_strdup_printf("/resource_providers/%s/traits", host);
    g_autofree char *now = os_do("GET", path, NULL);
    g_autofree char *generation = os_field(now, "resource_provider_generation");
    g_autofree char *body = g_strdup_printf(
        "{\"resource_provider_generation\": %s, \"traits\": [%s]}", generation, list);

    g_free(os_do("PUT", path, body));
}

static gboolean
service_says(gpointer text)
{
    g_autofree char *log = os_bed_service_log();

    return strstr(log, text) != NULL;
}

static void
a_host_that_nova_does_not_know_is_named(void **state)
{
    os_remove_host(host);
    g_clear_pointer(&host, g_free);
    agent_refuses("ensure", "no resource provider " OS_HOST "; nova-compute makes it");
    agent_refuses("status", "no resource provider " OS_HOST);
    os_bed_service_start();
    if (!bed_wait(service_says, (gpointer) "no resource provider " OS_HOST, BED_SOON))
        bed_fail("the service does not say that there is no " OS_HOST);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
}

static void
the_trait_is_there_exactly_while_bpfpvd_is_healthy(void **state)
{
    g_autofree char *before = NULL, *after = NULL;
    BedDaemon *daemon;

    g_free(os_do("PUT", "/traits/CUSTOM_MINE", NULL));
    set_traits("\"CUSTOM_MINE\", \"HW_CPU_X86_AVX\"");
    agent_does("ensure", "not offered: bpfpvd is not running");
    os_wait_candidate(FALSE, 0);

    daemon = start_daemon();
    os_wait_candidate(FALSE, 0);
    agent_does("ensure", "added trait CUSTOM_BPFPV");
    os_wait_candidate(TRUE, 0);
    agent_does("ensure", "nothing to do");
    agent_does("status", "in sync    yes");
    before = traits();
    assert_non_null(strstr(before, "CUSTOM_BPFPV_AFFINITY"));

    bed_daemon_kill(daemon);
    agent_does("status", "in sync    no");
    agent_does("ensure", "removed trait CUSTOM_BPFPV");
    os_wait_candidate(FALSE, 0);
    after = traits();
    assert_null(strstr(after, "CUSTOM_BPFPV"));
    assert_non_null(strstr(after, "CUSTOM_MINE"));
    assert_non_null(strstr(after, "HW_CPU_X86_AVX"));
}

/* Whatever else it has. */
static void
without_the_trait_the_host_is_passed_by(void **state)
{
    g_autofree char *by_resources = NULL;

    start_daemon();
    agent_does("ensure", "added trait CUSTOM_BPFPV");
    os_wait_candidate(TRUE, 0);
    set_traits("\"CUSTOM_BPFPV_AFFINITY\"");
    os_wait_candidate(FALSE, 0);
    by_resources =
        os_do("GET", "/allocation_candidates?resources=VCPU:2,CUSTOM_BPFPV_ANCHOR:2", NULL);
    assert_non_null(strstr(by_resources, host));
    agent_does("ensure", "added trait CUSTOM_BPFPV");
    os_wait_candidate(TRUE, 0);
}

static void
the_service_follows_bpfpvd_and_libvirt(void **state)
{
    BedDaemon *daemon = start_daemon();

    os_bed_service_start();
    os_wait_candidate(TRUE, BED_SOON);
    bed_libvirtd("stop");
    os_wait_candidate(FALSE, BED_SOON);
    bed_libvirtd("start");
    os_wait_candidate(TRUE, BED_SOON);
    bed_daemon_kill(daemon);
    os_wait_candidate(FALSE, BED_SOON);
    daemon = start_daemon();
    os_wait_candidate(TRUE, BED_SOON);
    bed_daemon_stop(daemon);
    os_wait_candidate(FALSE, BED_SOON);
    start_daemon();
    os_wait_candidate(TRUE, BED_SOON);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
    os_wait_candidate(FALSE, 0);
}

static void
on_request_what_was_given_outlives_the_service(void **state)
{
    os_configure(NOAUTH "[agent]\non_stop=keep\n");
    start_daemon();
    os_bed_service_start();
    os_wait_candidate(TRUE, BED_SOON);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
    os_wait_candidate(TRUE, 0);
}

static gboolean
log_has(gpointer text)
{
    g_autofree char *log = os_bed_service_log();

    return strstr(log, text) != NULL;
}

static void
a_server_that_comes_back_is_told_what_happened(void **state)
{
    BedDaemon *daemon = start_daemon();

    os_bed_service_start();
    os_wait_candidate(TRUE, BED_SOON);
    os_bed("stop", "placement");
    bed_daemon_kill(daemon);
    assert_true(bed_wait(log_has, "Failed to connect to 127.0.0.1 port 8778", BED_SOON));
    os_bed("start", "placement");
    os_wait_candidate(FALSE, AFTER_FAILURES);
    start_daemon();
    os_wait_candidate(TRUE, BED_SOON);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
}

static void
a_host_that_is_removed_and_comes_back(void **state)
{
    start_daemon();
    os_bed_service_start();
    os_wait_candidate(TRUE, BED_SOON);
    os_remove_host(host);
    g_free(host);
    os_wait_candidate(FALSE, 0);
    host = os_make_host();
    os_wait_candidate(TRUE, AFTER_FAILURES);
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
}

/* ---- how many ---- */

static gboolean
status_has(gpointer text)
{
    g_autofree char *status = NULL;

    return os_agent(&status, NULL, "status", "--json", NULL) == 0 && strstr(status, text);
}

static void
assert_status(const char *text)
{
    g_autofree char *status = NULL;

    if (bed_wait(status_has, (gpointer)text, BED_SOON))
        return;
    os_agent(&status, NULL, "status", "--json", NULL);
    bed_fail("'%s' is not in %s", text, status);
}

/* placement.conf without a number of anchors: as bpfpvd says. */
static void
configure_as_bpfpvd_says(void)
{
    g_autofree char *file = g_build_filename(g_getenv("BED_DIR"), "placement.conf", NULL);

    assert_true(
        g_file_set_contents(file, "[node]\nprovider=" OS_HOST "\n[placement]\n" NOAUTH, -1, NULL));
}

static void
the_inventory_is_the_pool_less_the_reserve(void **state)
{
    static const struct {
        const char *conf;
        const char *status;
    } cases[] = {
        {"[host]\ncpuset=0-1\nreserve=1\n", "\"total\" : 1,\n    \"reserved\" : 0"},
        {"[host]\ncpuset=0-1\nreserve=2\n", "\"total\" : 1,\n    \"reserved\" : 1"},
        {"[host]\ncpuset=0-1\nreserve=0\n", "\"total\" : 1,\n    \"reserved\" : 0"},
        {"[host]\ncpuset=1\nreserve=0\n", "\"total\" : 1,\n    \"reserved\" : 1"},
    };

    configure_as_bpfpvd_says();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        BedDaemon *daemon;
        g_autofree char *out = NULL;

        configure_daemon(cases[i].conf);
        daemon = start_daemon();
        assert_int_equal(os_agent(&out, NULL, "ensure", NULL), 0);
        assert_status(cases[i].status);
        bed_daemon_kill(daemon);
    }
}

/* Also of a domain that is managed. */
static void
a_cpu_that_a_vcpu_is_pinned_to_is_not_given(void **state)
{
    const BedGuestOptions options = {
        .name = "pinned",
        .no_agent_channel = TRUE,
        .no_wait = TRUE,
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>",
        .cputune_xml = "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>",
    };
    BedGuest *guest;

    configure_as_bpfpvd_says();
    configure_daemon("[host]\ncpuset=0-1\nreserve=1\n");
    start_daemon();
    assert_status("\"pool\" : \"0-1\",\n    \"anchors\" : 1");
    guest = bed_guest_start(&options);
    assert_status("\"pool\" : \"1\",\n    \"anchors\" : 0");
    bed_guest_destroy(guest);
    assert_status("\"pool\" : \"0-1\",\n    \"anchors\" : 1");
}

/* ---- instances ---- */

static void
allocate(const char *child, const char *what)
{
    g_autofree char *body =
        g_strdup_printf("{\"allocations\": {%s%s%s%s}, \"project_id\": \"p\", "
                        "\"user_id\": \"u\", \"consumer_generation\": null}",
                        what ? "\"" : "", what ? child : "", what ? "\": " : "", what ? what : "");

    if (what)
        g_free(os_do("PUT", "/allocations/" CONSUMER, body));
    else
        g_free(os_do("DELETE", "/allocations/" CONSUMER, NULL));
}

/* What instances hold can't be had again. */
static void
anchors_that_are_used_are_not_promised(void **state)
{
    g_autofree char *child = NULL, *all_but_one = NULL, *status = NULL;
    int total = 0;

    start_daemon();
    agent_does("ensure", "created provider " OS_CHILD);
    child = os_find(OS_CHILD);
    os_wait_candidate(TRUE, 0);
    assert_int_equal(os_agent(&status, NULL, "status", "--json", NULL), 0);
    assert_int_equal(sscanf(strstr(status, "\"total\""), "\"total\" : %d", &total), 1);
    all_but_one = g_strdup_printf("{\"resources\": {\"CUSTOM_BPFPV_ANCHOR\": %d}}", total - 1);
    allocate(child, all_but_one);
    os_wait_candidate(FALSE, 0);
    agent_does("ensure", "nothing to do");
    allocate(child, NULL);
    os_wait_candidate(TRUE, 0);
}

static void
withdrawing_leaves_nothing_but_what_is_used(void **state)
{
    g_autofree char *child = NULL, *gone = NULL, *status = NULL;
    start_daemon();

    agent_does("ensure", "created provider " OS_CHILD);
    child = os_find(OS_CHILD);
    allocate(child, "{\"resources\": {\"CUSTOM_BPFPV_ANCHOR\": 1}}");
    agent_refuses("withdraw", CONSUMER);
    os_wait_candidate(FALSE, 0);
    assert_int_equal(os_agent(&status, NULL, "status", "--json", NULL), 0);
    assert_non_null(strstr(status, "\"used\" : 1"));

    allocate(child, NULL);
    agent_does("withdraw", "removed provider " OS_CHILD);
    gone = os_find(OS_CHILD);
    assert_null(gone);
    agent_does("withdraw", "nothing to do");
}

/* ---- another writer ---- */

/* As nova-compute would: reads, adds or removes a trait of its own, writes with what it read. */
static void
write_traits(const char *path, gboolean other)
{
    guint status;
    g_autofree char *now = os_request("GET", path, NULL, &status);
    g_autofree char *generation =
        status == 200 ? os_field(now, "resource_provider_generation") : g_strdup("0");
    gboolean ours = strstr(now, "\"CUSTOM_BPFPV\"") != NULL;
    g_autofree char *body =
        g_strdup_printf("{\"resource_provider_generation\": %s, \"traits\": [\"CUSTOM_MINE\"%s%s]}",
                        generation, ours ? ", \"CUSTOM_BPFPV\", \"CUSTOM_BPFPV_AFFINITY\"" : "",
                        other ? ", \"CUSTOM_OTHER\"" : "");

    g_free(os_request("PUT", path, body, &status));
    g_atomic_int_add(&writer.n_written, status == 200);
}

/* Every write of a provider's aggregates is one of the provider: the inventory that is read before
 * can't be written after it. */
static void
write_aggregates(gboolean other)
{
    g_autofree char *child = os_find(OS_CHILD);
    g_autofree char *path = g_strdup_printf("/resource_providers/%s/aggregates", child);
    g_autofree char *now = NULL, *generation = NULL, *body = NULL;
    guint status = 0;

    if (child)
        now = os_request("GET", path, NULL, &status);
    if (status != 200)
        return;
    generation = os_field(now, "resource_provider_generation");
    body = g_strdup_printf("{\"resource_provider_generation\": %s, \"aggregates\": [%s]}",
                           generation, other ? "\"" CONSUMER "\"" : "");
    g_free(os_request("PUT", path, body, &status));
    g_atomic_int_add(&writer.n_written, status == 200);
}

static gpointer
write_on(gpointer data)
{
    g_autofree char *path = g_strdup_printf("/resource_providers/%s/traits", host);

    for (guint i = 0; !g_atomic_int_get(&writer.stop); i++) {
        write_traits(path, i % 2);
        if (writer.child_too)
            write_aggregates(i % 2);
    }
    return NULL;
}

static void
start_writer(gboolean child_too)
{
    g_free(os_do("PUT", "/traits/CUSTOM_MINE", NULL));
    g_free(os_do("PUT", "/traits/CUSTOM_OTHER", NULL));
    writer = (Writer){.child_too = child_too};
    writer_thread = g_thread_new("writer", write_on, NULL);
}

/* Nova's writes are minutes apart. Against one that never rests, the agent has to lose now and
 * then, and to win by trying again. */
static void
concurrent_writers_are_won_against(void **state)
{
    guint n_lost = 0;

    start_writer(FALSE);
    for (guint round = 0; round < 20 && (round < 3 || n_lost == 0); round++) {
        BedDaemon *daemon = start_daemon();
        g_autofree char *up = NULL, *down = NULL, *present = NULL, *absent = NULL;

        if (os_agent(NULL, &up, "ensure", NULL) != 0)
            bed_fail("ensure: %s", up);
        present = traits();
        bed_daemon_kill(daemon);
        if (os_agent(NULL, &down, "ensure", NULL) != 0)
            bed_fail("ensure: %s", down);
        absent = traits();
        n_lost += strstr(up, "reading again") != NULL;
        n_lost += strstr(down, "reading again") != NULL;
        assert_non_null(strstr(present, "\"CUSTOM_BPFPV_AFFINITY\""));
        assert_null(strstr(absent, "CUSTOM_BPFPV"));
        assert_non_null(strstr(absent, "CUSTOM_MINE"));
    }
    /* Whether they met is chance; tests/unit/test-os-agent has one lose for certain. */
    print_message("%d writes of the other's, %u commands that lost to one\n", writer.n_written,
                  n_lost);
    assert_true(writer.n_written > 0);
}

/* Whether the service has lost a write of this kind. */
static gboolean
has_lost(const char *log, const char *kind)
{
    g_autofree char *pattern = g_strdup_printf("reading again: (PUT|POST) [^ ]*/%s", kind);

    return g_regex_match_simple(pattern, log, 0, 0);
}

static void
the_service_wins_against_them_too(void **state)
{
    g_autofree char *before = os_bed_service_log();
    gboolean has_lost_both = FALSE;
    BedDaemon *daemon = start_daemon();

    agent_does("ensure", "created provider " OS_CHILD);
    start_writer(TRUE);
    os_bed_service_start();
    for (guint round = 0; round < 20 && (round < 3 || !has_lost_both); round++) {
        g_autofree char *log = NULL;

        bed_daemon_kill(daemon);
        os_wait_candidate(FALSE, AFTER_FAILURES);
        daemon = start_daemon();
        os_wait_candidate(TRUE, AFTER_FAILURES);
        log = os_bed_service_log();
        has_lost_both = has_lost(log + strlen(before), "traits") &&
                        has_lost(log + strlen(before), "inventories");
    }
    print_message("lost writes of both kinds, and won: %s\n", has_lost_both ? "yes" : "no");
    /* The last words have a few tries only: one that never rests may win against all of them. */
    stop_writer();
    assert_int_equal(os_bed_service_stop(SIGTERM), 0);
    os_wait_candidate(FALSE, 0);
}

/* ---- which provider ---- */

static void
nova_s_compute_id_names_the_host(void **state)
{
    g_autofree char *file = g_build_filename(g_getenv("BED_DIR"), "compute_id", NULL);
    g_autofree char *conf_file = g_build_filename(g_getenv("BED_DIR"), "placement.conf", NULL);
    g_autofree char *conf = g_strdup_printf("[placement]\n" NOAUTH "[node]\ncompute_id=%s\n", file);
    g_autofree char *text = g_strconcat(host, "\n", NULL);

    assert_true(g_file_set_contents(conf_file, conf, -1, NULL));
    agent_refuses("status", "compute_id: no such file");
    assert_true(g_file_set_contents(file, "not a UUID\n", -1, NULL));
    agent_refuses("status", "has no UUID");
    assert_true(g_file_set_contents(file, text, -1, NULL));
    agent_does("status", "provider   " OS_HOST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_that_nova_does_not_know_is_named),
        TEST(the_trait_is_there_exactly_while_bpfpvd_is_healthy),
        TEST(without_the_trait_the_host_is_passed_by),
        TEST(the_service_follows_bpfpvd_and_libvirt),
        TEST(on_request_what_was_given_outlives_the_service),
        TEST(a_server_that_comes_back_is_told_what_happened),
        TEST(a_host_that_is_removed_and_comes_back),
        TEST(the_inventory_is_the_pool_less_the_reserve),
        TEST(a_cpu_that_a_vcpu_is_pinned_to_is_not_given),
        TEST(anchors_that_are_used_are_not_promised),
        TEST(withdrawing_leaves_nothing_but_what_is_used),
        TEST(concurrent_writers_are_won_against),
        TEST(the_service_wins_against_them_too),
        TEST(nova_s_compute_id_names_the_host),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
