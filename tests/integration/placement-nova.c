/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nova's own code beside bpfpv-placement: its loader reads the provider.yaml that we write, and its
 * report client, doing what nova-compute's periodic task does, leaves alone what we put into
 * Placement.
 */
#include "tests/bed/os-bed.h"

#include <gio/gio.h>
#include <string.h>

#include "tests/bed/bed.h"

#define NOAUTH "auth_type=noauth2\nendpoint_override=http://127.0.0.1:8778/\n"

/* What Nova is installed for: the interpreter of Debian's packages. */
#define PYTHON "/usr/bin/python3"

/* The loader, as nova-compute calls it. */
static const char loader[] = "import sys\n"
                             "from nova.compute import provider_config as p\n"
                             "print(p.get_provider_configs(sys.argv[1]))\n";

/* What ResourceTracker._update_to_placement() does, conflicts tried again, with a driver that
 * reports its inventory and its traits: argv is nova.conf, the host's UUID and name, how often, and
 * a command to run when Nova has everything in its cache. */
static const char periodic[] =
    "import subprocess, sys\n"
    "import nova.monkey_patch\n"
    "from nova import config, context, exception, objects\n"
    "from nova.scheduler.client import report\n"
    "config.parse_args(['nova-compute', '--config-file', sys.argv[1]], init_rpc=False)\n"
    "objects.register_all()\n"
    "ctx = context.get_admin_context()\n"
    "client = report.SchedulerReportClient()\n"
    "for i in range(int(sys.argv[4])):\n"
    "    tree = client.get_provider_tree_and_ensure_root(ctx, sys.argv[2], name=sys.argv[3])\n"
    "    tree.update_inventory(sys.argv[2], {'VCPU': {'total': 8 + i, 'reserved': 0, 'min_unit': 1,"
    " 'max_unit': 8, 'step_size': 1, 'allocation_ratio': 4.0}})\n"
    "    traits = set(tree.data(sys.argv[2]).traits) - {'HW_CPU_X86_SSE'}\n"
    "    tree.update_traits(sys.argv[2], traits | {'COMPUTE_NODE'} |"
    " ({'HW_CPU_X86_SSE'} if i % 2 else set()))\n"
    "    if i == 1: subprocess.check_call(sys.argv[5:], stdout=sys.stderr)\n"
    "    try: client.update_from_provider_tree(ctx, tree)\n"
    "    except exception.ResourceProviderUpdateConflict: print('conflict')\n"
    "print(sorted(client.get_provider_tree_and_ensure_root(ctx, sys.argv[2])"
    ".data(sys.argv[2]).traits))\n";

static char *dir;
static char *host;
static BedDaemon *daemon_process;

static void
write_file(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static gboolean
offers_anchors(gpointer data)
{
    g_autofree char *status = NULL;

    return os_agent(&status, NULL, "status", "--json", NULL) == 0 &&
           strstr(status, "\"healthy\" : true");
}

static int
setup(void **state)
{
    g_autofree char *conf = NULL;

    dir = g_build_filename(g_getenv("BED_DIR"), "nova", NULL);
    assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
    conf = g_build_filename(dir, "bpfpvd.conf", NULL);
    write_file("bpfpvd.conf", "[host]\nreserve=0\n");
    /* keystoneauth's way to send a token of one's own: noauth2's. */
    write_file("nova.conf", "[placement]\nauth_type = admin_token\ntoken = admin\n"
                            "endpoint = http://127.0.0.1:8778\n"
                            "endpoint_override = http://127.0.0.1:8778\n");
    os_bed("start", "placement");
    os_set_token("admin");
    os_configure(NOAUTH);
    host = os_make_host();
    daemon_process = bed_daemon_start("--config", conf, NULL);
    return bed_wait(offers_anchors, NULL, BED_SOON) ? 0 : -1;
}

/* @arguments: no more than a dozen */
static int
run_python(char **out, char **err, const char *script, const char *const *arguments)
{
    const char *argv[16] = {PYTHON, "-c", script};

    for (guint i = 0; arguments[i]; i++)
        argv[3 + i] = arguments[i];
    return bed_run(argv, out, err);
}

static void
nova_s_loader_takes_the_file(void **state)
{
    const char *arguments[] = {dir, NULL};
    g_autofree char *yaml = NULL, *read = NULL, *err = NULL;

    assert_int_equal(os_agent(&yaml, NULL, "provider-config", NULL), 0);
    write_file("bpfpv.yaml", yaml);
    if (run_python(&read, &err, loader, arguments) != 0)
        bed_fail("Nova refuses it: %s", err);
    if (!strstr(read, "{'name': '" OS_HOST "'}") || !strstr(read, "'CUSTOM_BPFPV_AFFINITY'") ||
        !strstr(read, "'CUSTOM_BPFPV_ANCHOR': {'total': "))
        bed_fail("Nova reads: %s", read);
}

/* Where the agent is not told which provider it is about, nova-compute knows. */
static void
nova_s_loader_takes_one_for_whoever_reads_it(void **state)
{
    const char *arguments[] = {dir, NULL};
    g_autofree char *conf = g_build_filename(g_getenv("BED_DIR"), "placement.conf", NULL);
    g_autofree char *yaml = NULL, *read = NULL, *err = NULL;

    assert_true(g_file_set_contents(conf, "[agent]\nanchors=3\n", -1, NULL));
    assert_int_equal(os_agent(&yaml, NULL, "provider-config", NULL), 0);
    os_configure(NOAUTH);
    write_file("bpfpv.yaml", yaml);
    if (run_python(&read, &err, loader, arguments) != 0)
        bed_fail("Nova refuses it: %s", err);
    if (!strstr(read, "{'uuid': '$COMPUTE_NODE'}") || !strstr(read, "'total': 3"))
        bed_fail("Nova reads: %s", read);
}

static void
nova_s_loader_takes_any_name(void **state)
{
    const char *arguments[] = {dir, NULL};
    g_autofree char *yaml = NULL, *read = NULL, *err = NULL;

    assert_int_equal(
        os_agent(&yaml, NULL, "--provider=it's: {#1} \"x\" \xc3\xa4", "provider-config", NULL), 0);
    write_file("bpfpv.yaml", yaml);
    if (run_python(&read, &err, loader, arguments) != 0)
        bed_fail("Nova refuses it: %s", err);
    if (!strstr(read, "it\\'s: {#1} \"x\" "))
        bed_fail("Nova reads: %s", read);
}

static void
nova_s_loader_refuses_a_broken_one(void **state)
{
    const char *arguments[] = {dir, NULL};
    g_autofree char *yaml = NULL, *err = NULL;
    g_autoptr(GString) broken = NULL;

    assert_int_equal(os_agent(&yaml, NULL, "provider-config", NULL), 0);
    broken = g_string_new(yaml);
    g_string_replace(broken, "- CUSTOM_BPFPV\n", "- BPFPV\n", 1);
    write_file("bpfpv.yaml", broken->str);
    assert_int_not_equal(run_python(NULL, &err, loader, arguments), 0);
    assert_non_null(strstr(err, "only custom traits are allowed"));
    write_file("bpfpv.yaml", "# nothing\n");
}

static char *
run_periodic(const char *times, const char *command)
{
    g_autofree char *conf = g_build_filename(dir, "nova.conf", NULL);
    g_autofree char *agent_conf = g_build_filename(g_getenv("BED_DIR"), "placement.conf", NULL);
    const char *arguments[] = {
        conf,    host,       OS_HOST,    times, bed_environment("BPFPV_PLACEMENT"),
        command, "--config", agent_conf, NULL};
    g_autofree char *err = NULL;
    char *out = NULL;

    if (run_python(&out, &err, periodic, arguments) != 0)
        bed_fail("Nova's report client fails: %s", err);
    return out;
}

static void
nova_s_periodic_task_leaves_ours_in_place(void **state)
{
    g_autofree char *out = NULL, *status = NULL;

    assert_int_equal(os_agent(NULL, NULL, "ensure", NULL), 0);
    os_wait_candidate(TRUE, 0);
    out = run_periodic("6", "status");
    if (!strstr(out, "CUSTOM_BPFPV_AFFINITY") || !strstr(out, "HW_CPU_X86_SSE"))
        bed_fail("Nova's provider has %s", out);
    os_wait_candidate(TRUE, 0);
    assert_int_equal(os_agent(&status, NULL, "status", NULL), 0);
    assert_non_null(strstr(status, "in sync    yes"));
}

/* While Nova still has them in its cache: its write is refused, and it reads again. */
static void
nova_s_periodic_task_does_not_bring_back_what_is_gone(void **state)
{
    g_autofree char *out = NULL;

    bed_daemon_kill(daemon_process);
    out = run_periodic("6", "ensure");
    assert_non_null(strstr(out, "conflict"));
    if (strstr(out, "CUSTOM_BPFPV"))
        bed_fail("Nova brought it back: %s", out);
    os_wait_candidate(FALSE, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nova_s_loader_takes_the_file),
        cmocka_unit_test(nova_s_loader_takes_one_for_whoever_reads_it),
        cmocka_unit_test(nova_s_loader_takes_any_name),
        cmocka_unit_test(nova_s_loader_refuses_a_broken_one),
        cmocka_unit_test(nova_s_periodic_task_leaves_ours_in_place),
        cmocka_unit_test(nova_s_periodic_task_does_not_bring_back_what_is_gone),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
