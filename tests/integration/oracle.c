/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replica against the truth, task by task and mask by mask, while the guest does all that
 * changes a mask (tests/guest/churn): after each step the host's copy, as "bpfpvctl keys" and
 * "bpfpvctl show" tell it, equals what the guest's /proc says. And it tells when it doesn't: the
 * same is done with a program that overlooks forks.
 *
 * BPFPV_TEST_SEED repeats a run, BPFPV_ORACLE_OPERATIONS makes it longer. BPFPV_ORACLE_CMDLINE (for
 * the guest's kernel) and BPFPV_ORACLE_KERNEL_ONLY are for the kernel matrix, tests/matrix.
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
/* A run of this length must have seen each kind of operation succeed. */
#define ENOUGH_FOR_ALL 500

static guint32 seed;
static BedGuest *guest;
static BedDaemon *daemon_process;

static int
setup(void **state)
{
    const char *text = g_getenv("BPFPV_TEST_SEED");

    seed = text ? (guint32)strtoul(text, NULL, 0) : g_random_int();
    print_message("BPFPV_TEST_SEED=%u\n", seed);
    return 0;
}

static guint
wanted_operations(void)
{
    const char *text = g_getenv("BPFPV_ORACLE_OPERATIONS");

    return text ? (guint)strtoul(text, NULL, 10) : OPERATIONS;
}

/* ---- both sides as text: "TID LIST" lines, in the order of the ids ---- */

static int
by_id(gconstpointer a, gconstpointer b)
{
    gint64 left = g_ascii_strtoll(*(char *const *)a, NULL, 10);
    gint64 right = g_ascii_strtoll(*(char *const *)b, NULL, 10);

    return (left > right) - (left < right);
}

/* Has the guest do @operations first. */
static char *
read_truth(guint operations)
{
    g_autofree char *number = g_strdup_printf("%u", operations);
    g_autofree char *out = bed_guest_exec(guest, NULL, "/bin/bed-churn", "step", number, NULL);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(out), "\n", -1);

    qsort(lines, g_strv_length(lines), sizeof(*lines), by_id);
    return g_strjoinv("\n", lines);
}

static char *
read_replica(void)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    JsonArray *keys;

    if (bed_ctl(&out, &err, "keys", "--json", bed_guest_name(guest), NULL) != 0)
        return g_steal_pointer(&err);
    root = json_from_string(out, NULL);
    keys = json_node_get_array(root);
    for (guint i = 0; i < json_array_get_length(keys); i++) {
        JsonObject *key = json_array_get_object_element(keys, i);

        g_ptr_array_add(lines, g_strdup_printf("%" G_GINT64_FORMAT " %s",
                                               json_object_get_int_member(key, "key"),
                                               json_object_get_string_member(key, "value")));
    }
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static guint
count_lines(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    return *text == '\0' ? 0 : g_strv_length(lines);
}

typedef struct {
    char *truth;
    char *replica;
    gint64 keys;
} Comparison;

static void
comparison_clear(Comparison *comparison)
{
    g_clear_pointer(&comparison->truth, g_free);
    g_clear_pointer(&comparison->replica, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Comparison, comparison_clear)

static gboolean
is_equal(gpointer data)
{
    Comparison *comparison = data;

    if (!comparison->truth)
        comparison->truth = read_truth(0); /* the kernel may have gone on by itself */
    g_free(comparison->replica);
    comparison->replica = read_replica();
    comparison->keys = itest_keys(guest);
    if (g_str_equal(comparison->truth, comparison->replica) &&
        comparison->keys == count_lines(comparison->truth))
        return TRUE;
    g_clear_pointer(&comparison->truth, g_free);
    return FALSE;
}

static void
print_missing(const char *what, const char *from, const char *in)
{
    g_auto(GStrv) lines = g_strsplit(from, "\n", -1);
    g_auto(GStrv) others = g_strsplit(in, "\n", -1);

    for (guint i = 0; lines[i]; i++)
        if (*lines[i] && !g_strv_contains((const char *const *)others, lines[i]))
            print_message("%s: %s\n", what, lines[i]);
}

static void
print_difference(void)
{
    g_autofree char *truth = read_truth(0);
    g_autofree char *replica = read_replica();

    print_missing("only the guest has", truth, replica);
    print_missing("only the host has", replica, truth);
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
    g_autofree char *number = g_strdup_printf("%u", operations);

    bed_guest_spawn(guest, "/bin/bed-churn", "step", number, NULL);
    bed_daemon_kill(daemon_process);
    daemon_process = bed_daemon_start(NULL);
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
}

/* Adds what the driver did to , by name: the number of those that succeeded. */
static void
add_statistics(GHashTable *total)
{
    g_autofree char *out = bed_guest_exec(guest, NULL, "/bin/bed-churn", "statistics", NULL);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(out), "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 3);
        guint before = GPOINTER_TO_UINT(g_hash_table_lookup(total, words[0]));
        guint now = (guint)strtoul(words[1], NULL, 10);

        print_message("%s\n", lines[i]);
        g_hash_table_replace(total, g_strdup(words[0]), GUINT_TO_POINTER(before + now));
    }
}

static void
assert_all_happened(GHashTable *total)
{
    GHashTableIter iter;
    gpointer name, succeeded;

    g_hash_table_iter_init(&iter, total);
    while (g_hash_table_iter_next(&iter, &name, &succeeded))
        if (GPOINTER_TO_UINT(succeeded) == 0)
            bed_fail("no operation \"%s\" has ever succeeded", (char *)name);
}

/* Returns whether the replica was true after each step; ends at the first where it is not. */
static gboolean
churn(guint operations, gboolean restarts, guint settle_ms)
{
    for (guint done = 0, steps = 1; done < operations; done += STEP, steps++) {
        guint count = MIN(STEP, operations - done);
        g_auto(Comparison) comparison = {0};

        if (restarts && steps % RESTART_EVERY == 0)
            step_without_daemon(count);
        else
            comparison.truth = read_truth(count);
        if (!bed_wait(is_equal, &comparison, settle_ms)) {
            print_message("the replica is wrong after %u operations\n", done + count);
            print_difference();
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

/* For tests/matrix/table. */
static void
print_row(guint operations)
{
    g_autoptr(JsonObject) status = bed_ctl_show(bed_guest_name(guest));
    JsonObject *one = json_object_get_object_member(status, "guest");
    JsonArray *programs = json_object_get_array_member(status, "programs");
    JsonObject *program = json_array_get_object_element(programs, 0);

    print_message("matrix: %s %s %u exact (seed %u)\n",
                  json_object_get_string_member(one, "kernel"),
                  json_object_get_string_member(program, "attach"), operations, seed);
}

static void
oracle(gboolean v1, guint operations, GHashTable *total)
{
    gint64 start = g_get_monotonic_time();

    start_driver(v1);
    if (!churn(operations, TRUE, SETTLE_MS))
        bed_fail("the replica differs from the guest's /proc (BPFPV_TEST_SEED=%u)", seed);
    print_message("%u operations with cgroups v%d in %.0f s, no mismatch; generation %d\n",
                  operations, v1 ? 1 : 2, (double)(g_get_monotonic_time() - start) / 1e6,
                  (int)itest_generation(guest));
    add_statistics(total);
    print_complaints();
}

/* Where the kernel knows both versions of cpusets, each gets half of the operations. */
static void
the_replica_equals_the_truth(void **state)
{
    g_autoptr(GHashTable) total = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean both;
    guint operations = wanted_operations();

    daemon_process = bed_daemon_start(NULL);
    start_guest();
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    both = knows_cpusets_v1();
    if (both) {
        oracle(TRUE, operations / 2, total);
        bed_guest_destroy(guest);
        start_guest();
        bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    }
    oracle(FALSE, both ? operations - operations / 2 : operations, total);
    if (operations >= ENOUGH_FOR_ALL)
        assert_all_happened(total);
    print_row(operations);
    bed_guest_destroy(guest);
    bed_daemon_stop(daemon_process);
}

static void
a_program_that_overlooks_forks_is_caught(void **state)
{
    g_autofree char *option = g_strdup_printf("--guest-dir=%s", g_getenv("BPFPV_BROKEN_GUEST_DIR"));

    bed_daemon_start(option, NULL);
    start_guest();
    bed_wait_state(bed_guest_name(guest), "active", BED_BOOT);
    start_driver(FALSE);
    if (churn(OPERATIONS, FALSE, 2000))
        bed_fail("a program that overlooks forks passes");
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
