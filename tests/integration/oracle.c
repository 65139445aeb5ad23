/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replica against the truth, task by task and mask by mask, while the guest does all that
 * changes a mask (tests/guest/churn): after each step the host's copy, as "bpfpvctl keys" and
 * "bpfpvctl show" tell it, equals what the guest's /proc says. And it tells when it doesn't: the
 * same is done with a program that overlooks forks.
 *
 * BPFPV_TEST_SEED repeats a run, BPFPV_ORACLE_OPERATIONS makes it longer. BPFPV_ORACLE_CMDLINE (for
 * the guest's kernel), BPFPV_ORACLE_LOADER (options for the loader) and BPFPV_ORACLE_KERNEL_ONLY
 * are for the kernel matrix, tests/matrix.
 */
#include "itest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define VCPUS 4
#define OPERATIONS 500
#define STEP 25
/* Of so many steps one meets a daemon that is killed and started again: snapshots amid changes. */
#define RESTART_EVERY 8
#define SETTLE_MS 10000
/* Until each kind of operation has succeeded, a run may be repeated so often. */
#define MORE_RUNS 40

static guint32 seed;
static BedGuest *guest;
static BedDaemon *daemon_process;
static guint missing; /* tasks that the host had not, when it was wrong */

static int
setup(void **state)
{
    const char *text = g_getenv("BPFPV_TEST_SEED");

    seed = text ? (guint32)strtoul(text, NULL, 0) : g_random_int();
    print_message("BPFPV_TEST_SEED=%u\n", seed);
    return 0;
}

/* For bpfpvd: "--config=FILE", or NULL. */
static const char *
loader_option(void)
{
    static char *option;
    const char *loader = g_getenv("BPFPV_ORACLE_LOADER");
    g_autofree char *text = NULL;

    if (loader && *loader && !option) {
        text = g_strdup_printf("[test]\nloader=%s\n", loader);
        option = itest_config(text);
    }
    return option;
}

static guint
wanted_operations(void)
{
    const char *text = g_getenv("BPFPV_ORACLE_OPERATIONS");

    return text ? (guint)strtoul(text, NULL, 10) : OPERATIONS;
}

/* ---- both sides ---- */

static guint
parse_list(const char *list)
{
    g_auto(GStrv) ranges = g_strsplit(list, ",", -1);
    guint mask = 0;

    for (guint i = 0; ranges[i]; i++) {
        guint first = (guint)strtoul(ranges[i], NULL, 10);
        const char *dash = strchr(ranges[i], '-');
        guint last = dash ? (guint)strtoul(dash + 1, NULL, 10) : first;

        for (; first <= last && first < 32; first++)
            mask |= 1u << first;
    }
    return mask;
}

static guint
online_cpus(void)
{
    g_autofree char *list =
        bed_guest_exec(guest, NULL, "/bin/cat", "/sys/devices/system/cpu/online", NULL);

    return parse_list(list);
}

/* What "bpfpvctl show" has to say of each vCPU, and of the number of keys. */
typedef struct {
    gint64 keys;
    gint64 anchored[VCPUS]; /* tasks with no other online CPU */
    gint64 confined[VCPUS]; /* tasks that have several, but not all */
} Shown;

static Shown
shown_by(const char *truth)
{
    g_auto(GStrv) lines = g_strsplit(truth, "\n", -1);
    guint online = online_cpus();
    Shown shown = {0};

    for (guint i = 0; lines[i] && *lines[i]; i++) {
        guint mask = parse_list(strchr(lines[i], ' ') + 1) & online;

        shown.keys++;
        for (guint cpu = 0; cpu < VCPUS && mask != online; cpu++) {
            if (mask == 1u << cpu)
                shown.anchored[cpu]++;
            else if (mask >> cpu & 1)
                shown.confined[cpu]++;
        }
    }
    return shown;
}

static gboolean
vcpu_is(JsonObject *vcpu, gint64 anchored, gint64 confined)
{
    const char *want = anchored > 0 ? "anchor" : confined > 0 ? "cohort" : "float";

    return g_str_equal(json_object_get_string_member(vcpu, "want"), want) &&
           json_object_get_int_member(vcpu, "tasks") == (anchored > 0 ? anchored : confined);
}

/* Returns: whether "bpfpvctl show" says what follows from @truth. */
static gboolean
shows(const char *truth)
{
    g_autoptr(JsonObject) object = bed_ctl_show(bed_guest_name(guest));
    JsonArray *programs = json_object_get_array_member(object, "programs");
    JsonArray *vcpus = json_object_get_array_member(object, "vcpus");
    Shown shown = shown_by(truth);

    if (json_array_get_length(programs) != 1 ||
        json_object_get_int_member(json_array_get_object_element(programs, 0), "keys") !=
            shown.keys)
        return FALSE;
    for (guint v = 0; v < VCPUS; v++)
        if (!vcpu_is(json_array_get_object_element(vcpus, v), shown.anchored[v], shown.confined[v]))
            return FALSE;
    return TRUE;
}

/* What follows from the guest's /proc now, beside what "bpfpvctl show" says in the failed test's
 * log. */
static void
print_expected(void)
{
    g_autofree char *truth = itest_truth(guest, NULL);
    Shown shown = shown_by(truth);

    print_message("CPUs online in the guest: %#x; %d keys\n", online_cpus(), (int)shown.keys);
    for (guint v = 0; v < VCPUS; v++)
        print_message("vCPU %u: %d tasks have it alone, %d with others\n", v,
                      (int)shown.anchored[v], (int)shown.confined[v]);
}

/* @data: where the truth is; NULL there if it isn't known */
static gboolean
is_equal(gpointer data)
{
    char **truth = data;
    g_autofree char *replica = NULL;

    if (!*truth)
        *truth = itest_truth(guest, "0"); /* the kernel may have gone on by itself */
    replica = itest_replica(guest);
    if (g_str_equal(*truth, replica) && shows(*truth))
        return TRUE;
    g_clear_pointer(truth, g_free);
    return FALSE;
}

/* ---- the guest and what is done in it ---- */

static gboolean
driver_answers(gpointer data)
{
    int status;

    g_free(bed_guest_exec(guest, &status, "/bin/bed-churn", "step", "0", NULL));
    return status == 0;
}

static gboolean
knows_cpusets_v1(void)
{
    int status;

    g_free(bed_guest_exec(guest, &status, "/bin/sh", "-c",
                          "mkdir -p /run/try && mount -t cgroup -o cpuset none /run/try && "
                          "umount /run/try",
                          NULL));
    return status == 0;
}

static void
start_guest(void)
{
    const BedGuestOptions options = {.name = "oracle",
                                     .vcpus = VCPUS,
                                     .metadata_xml = ITEST_SHARED,
                                     .cmdline = g_getenv("BPFPV_ORACLE_CMDLINE")};

    guest = bed_guest_start(&options);
}

static void
start_driver(gboolean v1)
{
    g_autofree char *number = g_strdup_printf("%u", seed + v1);

    bed_guest_spawn(guest, "/bin/bed-churn", "driver", number, v1 ? "v1" : NULL, NULL);
    if (!bed_wait(driver_answers, NULL, BED_SOON))
        bed_fail("bed-churn's driver doesn't answer");
}

/* The guest goes on while there is no daemon, and while the next one takes its snapshot. */
static void
step_without_daemon(guint operations)
{
    g_autofree char *first = g_strdup_printf("%u", operations / 2);
    g_autofree char *rest = g_strdup_printf("%u", operations - operations / 2);

    bed_guest_spawn(guest, "/bin/bed-churn", "step", first, NULL);
    bed_daemon_kill(daemon_process);
    daemon_process = bed_daemon_start(loader_option(), NULL);
    bed_guest_spawn(guest, "/bin/bed-churn", "step", rest, NULL);
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
}

/* Prints what the driver did. Returns: a kind of operation that the guest's kernel has never let
 * happen, or NULL; g_free() */
static char *
print_statistics(void)
{
    g_autofree char *out = bed_guest_exec(guest, NULL, "/bin/bed-churn", "statistics", NULL);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(out), "\n", -1);
    char *never = NULL;

    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 3);

        print_message("%s\n", lines[i]);
        if (!never && strtoul(words[1], NULL, 10) == 0)
            never = g_strdup(words[0]);
    }
    return never;
}

/* Returns whether the replica was true after each step; ends at the first where it is not. */
static gboolean
churn(guint operations, gboolean restarts, guint settle_ms)
{
    for (guint done = 0, steps = 1; done < operations; done += STEP, steps++) {
        guint count = MIN(STEP, operations - done);
        g_autofree char *number = g_strdup_printf("%u", count);
        g_autofree char *truth = NULL;

        if (restarts && steps % RESTART_EVERY == 0)
            step_without_daemon(count);
        else
            truth = itest_truth(guest, number);
        /* At least one look at a truth that was read after all this: a guest that stood still, as
         * some kernels' do when they are treated like this, has taken the time, and not the
         * replica. */
        if (!bed_wait(is_equal, &truth, settle_ms) && !is_equal(&truth)) {
            print_message("the replica is wrong after %u operations\n", done + count);
            missing = itest_print_difference(guest);
            print_expected();
            return FALSE;
        }
    }
    return TRUE;
}

/* The kernel's own, about which nothing is asserted: some are there without us. */
static void
print_complaints(void)
{
    g_autofree char *out = bed_guest_exec(guest, NULL, "/bin/sh", "-c",
                                          "dmesg | grep -E 'BUG:|WARNING:|stall'; true", NULL);

    if (*out)
        print_message("the kernel complains:\n%s", out);
}

/* "KERNEL ATTACH" for tests/matrix/table; g_free() */
static char *
read_row(void)
{
    g_autoptr(JsonObject) status = bed_ctl_show(bed_guest_name(guest));
    JsonObject *one = json_object_get_object_member(status, "guest");
    JsonArray *programs = json_object_get_array_member(status, "programs");
    JsonObject *program = json_array_get_object_element(programs, 0);

    return g_strdup_printf("%s %s", json_object_get_string_member(one, "kernel"),
                           json_object_get_string_member(program, "attach"));
}

/* What is asked at random may be refused each time: the run goes on until each kind has happened.
 */
static void
churn_until_all_happened(guint operations)
{
    g_autofree char *never = print_statistics();

    for (guint more = 0; never; more++) {
        if (more == MORE_RUNS)
            bed_fail("no operation \"%s\" has ever succeeded (BPFPV_TEST_SEED=%u)", never, seed);
        print_message("no operation \"%s\" has succeeded yet: %u more\n", never, operations);
        if (!churn(operations, FALSE, SETTLE_MS))
            bed_fail("the replica differs from the guest's /proc (BPFPV_TEST_SEED=%u)", seed);
        g_free(never);
        never = print_statistics();
    }
}

static void
oracle(gboolean v1, guint operations)
{
    gint64 start = g_get_monotonic_time();

    start_driver(v1);
    if (!churn(operations, TRUE, SETTLE_MS))
        bed_fail("the replica differs from the guest's /proc (BPFPV_TEST_SEED=%u)", seed);
    print_message("%u operations with cgroups v%d in %.0f s, no mismatch; generation %d\n",
                  operations, v1 ? 1 : 2, (double)(g_get_monotonic_time() - start) / 1e6,
                  (int)itest_generation(guest));
    churn_until_all_happened(operations);
    print_complaints();
}

/* Where the kernel knows both versions of cpusets, each gets half of the operations. */
static void
the_replica_equals_the_truth(void **state)
{
    g_autofree char *row = NULL;
    gboolean both;
    guint operations = wanted_operations();

    daemon_process = bed_daemon_start(loader_option(), NULL);
    start_guest();
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    row = read_row();
    both = knows_cpusets_v1();
    if (both) {
        oracle(TRUE, operations / 2);
        bed_guest_destroy(guest);
        start_guest();
        bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    }
    oracle(FALSE, both ? operations - operations / 2 : operations);
    bed_guest_destroy(guest);
    bed_daemon_stop(daemon_process);
    print_message("matrix: %s %u exact (seed %u)\n", row, operations, seed);
}

static void
a_program_that_overlooks_forks_is_caught(void **state)
{
    g_autofree char *option = g_strdup_printf("--guest-dir=%s", g_getenv("BPFPV_BROKEN_GUEST_DIR"));

    bed_daemon_start(option, NULL);
    start_guest();
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    start_driver(FALSE);
    /* What is wrong is just that: tasks that are missing. */
    if (churn(OPERATIONS, FALSE, 2000))
        bed_fail("a program that overlooks forks passes");
    if (missing == 0)
        bed_fail("a program that overlooks forks fails, but the host has all of the guest's tasks");
    bed_guest_destroy(guest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_replica_equals_the_truth),
        cmocka_unit_test(a_program_that_overlooks_forks_is_caught),
    };

    const struct CMUnitTest first[] = {tests[0]};

    /* The other is about the oracle, not about the kernel. */
    if (g_getenv("BPFPV_ORACLE_KERNEL_ONLY"))
        return cmocka_run_group_tests(first, setup, bed_cleanup);
    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
