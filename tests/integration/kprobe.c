/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests in which the program attaches by kprobe: everything that it sees by fexit elsewhere, and
 * what locked down kernels say of it.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "probed", .metadata_xml = ITEST_SHARED};
    g_autofree char *config = itest_config("[test]\nloader=--attach=kprobe\n");

    guest = bed_guest_start(&options);
    bed_daemon_start(config, NULL);
    bed_wait_state("probed", "active", BED_SOON);
    return 0;
}

static char *
attach_kind(const char *domain)
{
    g_autoptr(JsonObject) object = bed_ctl_show(domain);
    JsonArray *array = json_object_get_array_member(object, "programs");

    return g_strdup(
        json_object_get_string_member(json_array_get_object_element(array, 0), "attach"));
}

static void
the_kind_is_told(void **state)
{
    g_autofree char *kind = attach_kind("probed");

    assert_string_equal(kind, "kprobe");
}

static void
changes_and_ends_are_seen(void **state)
{
    itest_assert_served(guest);
}

static void
a_change_by_another_is_seen(void **state)
{
    gint64 tid;
    gint64 pid = bed_guest_task(guest, &tid, 1, "pin 1");
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, tid);

    itest_assert_want(guest, 1, "anchor", 1);
    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "set", text, "0", NULL));
    itest_assert_want(guest, 0, "anchor", 1);
    itest_assert_want(guest, 1, "float", 0);
    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "set", text, "0-1", NULL));
    itest_assert_keys(guest, 0);
    bed_guest_kill(guest, pid, SIGKILL);
}

static void
children_and_threads_are_seen(void **state)
{
    gint64 tids[2];
    gint64 pid;

    bed_guest_task(guest, tids, 2, "fork 1");
    itest_assert_want(guest, 1, "anchor", 2);
    bed_guest_kill(guest, tids[0], SIGKILL);
    bed_guest_kill(guest, tids[1], SIGKILL);
    itest_assert_keys(guest, 0);
    pid = bed_guest_task(guest, NULL, 0, "many 200 1");
    itest_assert_want(guest, 1, "anchor", 200);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
}

/* Every entry must have found its return: what was skipped counts as lost. */
static void
nothing_was_skipped(void **state)
{
    g_autoptr(JsonObject) object = bed_ctl_show("probed");
    JsonArray *array = json_object_get_array_member(object, "programs");

    assert_int_equal(json_object_get_int_member(json_array_get_object_element(array, 0), "lost"),
                     0);
}

static void
lockdown_for_integrity_allows_it(void **state)
{
    const BedGuestOptions options = {
        .name = "integrity", .metadata_xml = ITEST_SHARED, .cmdline = "lockdown=integrity"};
    BedGuest *locked = bed_guest_start(&options);

    bed_wait_state("integrity", "active", BED_SOON);
    itest_assert_served(locked);
    bed_guest_destroy(locked);
}

static void
lockdown_for_confidentiality_is_named(void **state)
{
    const BedGuestOptions options = {.name = "confidential",
                                     .metadata_xml = ITEST_SHARED,
                                     .cmdline = "lockdown=confidentiality"};
    BedGuest *locked = bed_guest_start(&options);

    bed_wait_state("confidential", "failed", BED_SOON);
    itest_assert_reason("confidential", "the guest's kernel refuses the program: bpfpv-guest: "
                                        "program: affinity: kernel lockdown is "
                                        "\"confidentiality\"");
    bed_guest_destroy(locked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_is_told),
        cmocka_unit_test(changes_and_ends_are_seen),
        cmocka_unit_test(a_change_by_another_is_seen),
        cmocka_unit_test(children_and_threads_are_seen),
        cmocka_unit_test(nothing_was_skipped),
        cmocka_unit_test(lockdown_for_integrity_allows_it),
        cmocka_unit_test(lockdown_for_confidentiality_is_named),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
