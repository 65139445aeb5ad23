/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people really pin with, in a Debian as it comes: systemd, and the
 * distribution's agent. Whatever the guest's /proc says of its tasks has to
 * be what the host was told. One guest with three vCPUs for all tests: each
 * leaves it as it found it.
 */
#include "itest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define N_VCPUS 3
/* Under TCG a systemd that starts takes its time, and so does all it starts. */
#define TOOL_MS 60000

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "stock", .vcpus = N_VCPUS, .stock = TRUE};

    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    itest_attach(guest);
    return 0;
}

/* ---- the guest's own view ---- */

typedef struct {
    guint on[N_VCPUS]; /* tasks that may run on this CPU only */
    guint narrow;      /* tasks that may not run everywhere */
    guint free;        /* tasks that may */
} Pinned;

/* "COUNT LIST" for every CPU list that a thread of a program has; kernel threads have no memory. */
static char *
pinned_lists(void)
{
    int status; /* of awk, which gives up, and prints nothing, if a task has just gone */

    return bed_guest_exec(guest, &status, "/bin/sh", "-c",
                          "awk 'FNR == 1 { user = 0 } /^VmSize:/ { user = 1 }"
                          " user && /^Cpus_allowed_list:/ { tasks[$2]++ }"
                          " END { for (list in tasks) print tasks[list], list }'"
                          " /proc/[0-9]*/task/[0-9]*/status 2>/dev/null",
                          NULL);
}

static Pinned
pinned_in_guest(void)
{
    g_autofree char *all = g_strdup_printf("0-%d", N_VCPUS - 1);
    g_autofree char *text = pinned_lists();
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    Pinned pinned = {{0}, 0, 0};

    for (guint i = 0; lines[i]; i++) {
        char *list;
        guint tasks = (guint)strtoul(lines[i], &list, 10);

        list = g_strstrip(list);
        if (g_str_equal(list, all)) {
            pinned.free += tasks;
            continue;
        }
        pinned.narrow += tasks;
        if (strlen(list) == 1)
            pinned.on[*list - '0'] += tasks;
    }
    return pinned;
}

/* ---- what the host shows of it ---- */

static gboolean
host_agrees(gpointer data)
{
    const Pinned *pinned = data;

    for (guint vcpu = 0; vcpu < N_VCPUS; vcpu++) {
        if (itest_tasks(guest, vcpu) != pinned->on[vcpu])
            return FALSE;
    }
    return itest_keys(guest) == pinned->narrow;
}

typedef struct {
    const char *cpus; /* those that have to have tasks of their own, "12"; no others may */
    guint tasks;      /* at least so many */
    Pinned seen;
} Claim;

/* What a tool starts comes in steps: both views are read until they agree. */
static gboolean
is_true(gpointer data)
{
    Claim *claim = data;

    claim->seen = pinned_in_guest();
    if (claim->seen.free == 0) /* awk gave up half way */
        return FALSE;
    for (guint vcpu = 0; vcpu < N_VCPUS; vcpu++) {
        gboolean wanted = strchr(claim->cpus, (char)('0' + vcpu)) != NULL;

        if ((claim->seen.on[vcpu] > 0) != wanted)
            return FALSE;
    }
    return claim->seen.narrow >= claim->tasks && host_agrees(&claim->seen);
}

/* Returns: how many tasks are pinned, in the guest and on the host. */
static guint
assert_pinned(const char *cpus, guint tasks)
{
    Claim claim = {cpus, tasks, {{0}, 0, 0}};

    if (!bed_wait(is_true, &claim, TOOL_MS))
        bed_fail(
            "in the guest %u tasks are pinned: %u, %u, %u to CPU 0, 1, 2; should be %u, on \"%s\"",
            claim.seen.narrow, claim.seen.on[0], claim.seen.on[1], claim.seen.on[2], tasks, cpus);
    return claim.seen.narrow;
}

static void
assert_anchored(guint vcpu)
{
    g_autofree char *want = itest_vcpu(guest, vcpu, "want");

    assert_string_equal(want, "anchor");
    bed_assert_vcpupin_single(guest, vcpu, BED_SOON);
}

static void
assert_all_float(void)
{
    assert_int_equal(assert_pinned("", 0), 0);
    for (guint vcpu = 0; vcpu < N_VCPUS; vcpu++) {
        itest_assert_want(guest, vcpu, "float", 0);
        bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
    }
}

static gint64
start(const char *command)
{
    g_autofree char *line = g_strconcat("exec ", command, " >/dev/null 2>&1", NULL);

    return bed_guest_spawn(guest, "/bin/sh", "-c", line, NULL);
}

static void
run(const char *command)
{
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", command, NULL));
}

/* @command pins something to @vcpu alone, at least @tasks tasks, until it is ended. */
static void
assert_follows(const char *command, guint vcpu, guint tasks)
{
    const char cpus[] = {(char)('0' + vcpu), '\0'};
    gint64 pid = start(command);
    guint seen = assert_pinned(cpus, tasks);

    print_message("%u tasks: %s\n", seen, command);
    assert_anchored(vcpu);
    bed_guest_kill(guest, pid, SIGTERM);
    assert_all_float();
}

/* ---- the tests ---- */

static void
a_system_that_has_just_booted_pins_nothing(void **state)
{
    g_autofree char *init = bed_guest_exec(guest, NULL, "/bin/cat", "/proc/1/comm", NULL);
    g_autofree char *package =
        bed_guest_exec(guest, NULL, "/usr/bin/dpkg", "--verify", "qemu-guest-agent", NULL);

    assert_string_equal(init, "systemd\n");
    assert_string_equal(package, ""); /* nothing of the package was altered */
    assert_all_float();
}

static void
systemd_confines_a_service_by_its_cgroup(void **state)
{
    run("systemd-run -q --unit=bound -p AllowedCPUs=1 sleep infinity");
    assert_int_equal(assert_pinned("1", 1), 1);
    assert_anchored(1);
    run("systemctl set-property --runtime bound.service AllowedCPUs=2");
    assert_int_equal(assert_pinned("2", 1), 1);
    assert_anchored(2);
    run("systemctl set-property --runtime bound.service AllowedCPUs=0-1");
    itest_assert_want(guest, 0, "cohort", 1);
    itest_assert_want(guest, 1, "cohort", 1);
    run("systemctl stop bound.service");
    assert_all_float();
}

static void
systemd_sets_the_affinity_of_a_service(void **state)
{
    run("systemd-run -q --unit=affine -p CPUAffinity=2 sleep infinity");
    assert_int_equal(assert_pinned("2", 1), 1);
    assert_anchored(2);
    run("systemctl stop affine.service");
    assert_all_float();
}

static void
taskset_pins_a_command_and_what_runs_already(void **state)
{
    gint64 pid = start("taskset -c 1 sleep infinity");
    g_autofree char *again = g_strdup_printf("taskset -cp 0 %" G_GINT64_FORMAT, pid);
    g_autofree char *release = g_strdup_printf("taskset -cp 0-2 %" G_GINT64_FORMAT, pid);

    assert_int_equal(assert_pinned("1", 1), 1);
    assert_anchored(1);
    run(again);
    assert_int_equal(assert_pinned("0", 1), 1);
    assert_anchored(0);
    run(release);
    assert_all_float();
    bed_guest_kill(guest, pid, SIGTERM);
}

static void
stress_ng_is_pinned_with_its_workers(void **state)
{
    assert_follows("stress-ng --taskset 1 --cpu 2 --cpu-load 5", 1, 3);
}

static void
cyclictest_pins_its_measuring_threads(void **state)
{
    gint64 pid = start("cyclictest -q -t 2 -a 1,2 -p 10 -i 10000");
    guint tasks = assert_pinned("12", 2);

    print_message("%u tasks: cyclictest\n", tasks);
    itest_assert_want(guest, 1, "anchor", 1);
    itest_assert_want(guest, 2, "anchor", 1);
    bed_guest_kill(guest, pid, SIGTERM);
    assert_all_float();
}

static void
hwloc_bind_binds_by_the_topology(void **state)
{
    assert_follows("hwloc-bind core:2 -- sleep infinity", 2, 1);
}

static void
openmp_binds_every_thread_to_its_place(void **state)
{
    gint64 pid = start("env OMP_NUM_THREADS=3 OMP_PLACES=threads OMP_PROC_BIND=close stock-openmp");

    assert_int_equal(assert_pinned("012", 3), 3);
    for (guint vcpu = 0; vcpu < N_VCPUS; vcpu++)
        itest_assert_want(guest, vcpu, "anchor", 1);
    bed_guest_kill(guest, pid, SIGTERM);
    assert_all_float();
    assert_follows("env OMP_NUM_THREADS=2 OMP_PLACES='{1}' OMP_PROC_BIND=true stock-openmp", 1, 2);
}

static void
the_threads_of_a_go_runtime_inherit(void **state)
{
    /* It waits for input, which never comes, in a handful of threads. */
    run("mkfifo /run/words");
    assert_follows("taskset -c 1 fzf --filter=x <>/run/words", 1, 3);
    run("rm /run/words");
}

/* What an upgrade of the agent does: the loader is in its cgroup, and ends with it. */
static void
the_agents_service_is_restarted(void **state)
{
    gint64 loader = itest_loader(guest);

    run("systemd-run -q --on-active=1 systemctl restart qemu-guest-agent");
    bed_wait_state("stock", "failed", TOOL_MS);
    bed_wait_state("stock", "active", TOOL_MS);
    bed_guest_wait_agent(guest);
    assert_int_not_equal(itest_loader(guest), loader);
    assert_follows("taskset -c 1 sleep infinity", 1, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_that_has_just_booted_pins_nothing),
        cmocka_unit_test(systemd_confines_a_service_by_its_cgroup),
        cmocka_unit_test(systemd_sets_the_affinity_of_a_service),
        cmocka_unit_test(taskset_pins_a_command_and_what_runs_already),
        cmocka_unit_test(stress_ng_is_pinned_with_its_workers),
        cmocka_unit_test(cyclictest_pins_its_measuring_threads),
        cmocka_unit_test(hwloc_bind_binds_by_the_topology),
        cmocka_unit_test(openmp_binds_every_thread_to_its_place),
        cmocka_unit_test(the_threads_of_a_go_runtime_inherit),
        cmocka_unit_test(the_agents_service_is_restarted),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
