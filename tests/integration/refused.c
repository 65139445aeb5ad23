/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that can't take the program: a PREEMPT_RT one whose ring buffers may sleep, or else
 * /sys/kernel/btf is hidden, as in one that was built without. Rows of the kernel matrix; what
 * other refusals look like is in bad-input.c.
 */
#include "itest.h"

#include <string.h>

static gboolean
is_realtime(BedGuest *guest)
{
    int status = 0;

    g_free(bed_guest_exec(guest, &status, "/bin/test", "-e", "/sys/kernel/realtime", NULL));
    return status == 0;
}

static void
a_kernel_is_refused_with_the_reason(void **state)
{
    const BedGuestOptions options = {.name = "unfit"};
    BedGuest *guest = bed_guest_start(&options);
    g_autofree char *kernel = bed_guest_exec(guest, NULL, "/bin/uname", "-r", NULL);
    g_autofree char *reason = NULL;
    const char *lacks = "PREEMPT_RT";

    if (!is_realtime(guest)) {
        lacks = "BTF";
        g_free(bed_guest_exec(guest, NULL, "/bin/mount", "-t", "tmpfs", "none", "/sys/kernel/btf",
                              NULL));
    }
    bed_daemon_start(NULL);
    assert_int_equal(bed_ctl(NULL, NULL, "attach", "--no-wait", "unfit", NULL), 0);
    bed_wait_state("unfit", "failed", BED_SOON);
    itest_assert_reason("unfit", lacks);
    itest_assert_reason("unfit", "the guest's kernel refuses the program: bpfpv-guest: ");
    assert_int_equal(itest_loader(guest), 0);
    reason = itest_reason("unfit");
    print_message("matrix: %s none 0 refused: %s\n", g_strstrip(kernel), reason);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, bed_cleanup);
}
