/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An instance that its flavor has managed goes to another compute node: managed
 * there without a hand, by that node's pool. One that is detached stays so.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define NAME "instance-00000003"
#define INSTANCE                                                                                   \
    "<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'>"                     \
    "<nova:flavor name='bpfpv.large' id='1'><nova:extraSpecs>"                                     \
    "<nova:extraSpec name='bpfpv:affinity'>exclusive</nova:extraSpec>"                             \
    "</nova:extraSpecs></nova:flavor></nova:instance>"

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = NAME, .metadata_xml = INSTANCE};

    bed_hook_install();
    bed_second_start();
    bed_second_hook(TRUE);
    guest = bed_guest_start(&options);
    /* On the first host Nova lets instances float on CPU 0, on the second on CPU 1. */
    itest_start_daemons("[host]\nreserve=0\n[nova]\ncpu_shared_set=0\n",
                        "[host]\nreserve=0\n[nova]\ncpu_shared_set=1\n");
    return 0;
}

static int
teardown(void **state)
{
    bed_switch(FALSE);
    return bed_cleanup(state);
}

static void
migrate(void)
{
    gboolean second = bed_is_on_second();
    g_autofree char *err = NULL;

    if (bed_migrate(guest, NULL, &err) != 0)
        bed_fail("virsh migrate: %s", err);
    bed_switch(!second);
    bed_guest_wait_agent(guest);
}

static gboolean
is_managed(gpointer data)
{
    g_autoptr(JsonObject) status = bed_ctl_show(NAME);

    return status != NULL;
}

static void
the_destination_manages_it_by_its_flavor(void **state)
{
    gint64 task;

    bed_wait_state(NAME, "active", BED_SOON);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    migrate();
    bed_wait_state(NAME, "active", BED_SOON);
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
a_detach_goes_along(void **state)
{
    gint64 task;

    assert_int_equal(bed_ctl(NULL, NULL, "detach", NAME, NULL), 0);
    migrate();
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    assert_false(bed_wait(is_managed, NULL, 3000));
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    itest_attach(guest);
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_guest_kill(guest, task, SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_destination_manages_it_by_its_flavor),
        cmocka_unit_test(a_detach_goes_along),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
