/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replica against the truth: after random churn in the guest, the host's
 * copy equals what /proc says, task by task. The seed is printed;
 * BPFPV_TEST_SEED repeats it. BPFPV_TEST_LOADER has more options for the loader.
 */
#include "itest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define VCPUS 3
#define ROUNDS 6
#define MAX_ALIVE 24

static BedGuest *guest;
static GRand *random_source;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "churn", .vcpus = VCPUS};
    const char *text = g_getenv("BPFPV_TEST_SEED");
    const char *loader = g_getenv("BPFPV_TEST_LOADER");
    guint32 seed = text ? (guint32)strtoul(text, NULL, 0) : g_random_int();
    g_autofree char *test = g_strdup_printf("[test]\nloader=%s\n", loader ? loader : "");
    g_autofree char *config = itest_config(loader ? test : "");

    print_message("BPFPV_TEST_SEED=%u\n", seed);
    random_source = g_rand_new_with_seed(seed);
    guest = bed_guest_start(&options);
    bed_daemon_start(config, NULL);
    itest_attach(guest);
    return 0;
}

static int
teardown(void **state)
{
    g_rand_free(random_source);
    return bed_cleanup(state);
}

static gboolean
replica_is_true(gpointer data)
{
    g_autofree char *truth = itest_truth(guest, NULL);
    g_autofree char *replica = itest_replica(guest);

    return g_str_equal(truth, replica);
}

static void
assert_replica_is_true(void)
{
    if (bed_wait(replica_is_true, NULL, BED_SOON))
        return;
    itest_print_difference(guest);
    bed_fail("the replica differs from the guest's /proc");
}

static const char *
random_list(void)
{
    static const char *const lists[] = {"0", "1", "2", "0-1", "0,2", "1-2"};

    return lists[g_rand_int_range(random_source, 0, G_N_ELEMENTS(lists))];
}

/* One more of something that pins, forks or storms; its process id, or 0 if it has ended. */
static gint64
begin_something(void)
{
    g_autofree char *arguments = NULL;
    gint64 tids[2];

    switch (g_rand_int_range(random_source, 0, 4)) {
    case 0:
        arguments = g_strdup_printf("pin %s", random_list());
        return bed_guest_task(guest, tids, 1, arguments);
    case 1:
        arguments =
            g_strdup_printf("many %d %s", g_rand_int_range(random_source, 2, 60), random_list());
        return bed_guest_task(guest, tids, 1, arguments);
    case 2:
        arguments = g_strdup_printf("fork %s", random_list());
        bed_guest_task(guest, tids, 2, arguments);
        bed_guest_kill(guest, tids[0], SIGKILL); /* the parent, so that init reaps the child */
        return tids[1];
    default:
        g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "storm", "500", random_list(),
                              random_list(), random_list(), NULL));
        return 0;
    }
}

static void
the_replica_equals_proc_after_churn(void **state)
{
    g_autoptr(GArray) alive = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 6; i++) {
            gint64 pid = begin_something();

            if (pid > 0)
                g_array_append_val(alive, pid);
        }
        while (alive->len > 0 && (alive->len > MAX_ALIVE || g_rand_boolean(random_source))) {
            guint victim = (guint)g_rand_int_range(random_source, 0, (gint32)alive->len);

            bed_guest_kill(guest, g_array_index(alive, gint64, victim), SIGKILL);
            g_array_remove_index_fast(alive, victim);
        }
        assert_replica_is_true();
    }
    assert_true(alive->len == 0 || itest_keys(guest) > 0);
    while (alive->len > 0) {
        bed_guest_kill(guest, g_array_index(alive, gint64, alive->len - 1), SIGKILL);
        g_array_set_size(alive, alive->len - 1);
    }
    assert_replica_is_true();
    itest_assert_keys(guest, 0);
}

/* More at once than one frame holds. */
static void
a_thousand_threads_at_once(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "many 1000 1");

    itest_assert_want(guest, 1, "anchor", 1000);
    assert_replica_is_true();
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    for (guint vcpu = 0; vcpu < VCPUS; vcpu++)
        bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_replica_equals_proc_after_churn),
        cmocka_unit_test(a_thousand_threads_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
