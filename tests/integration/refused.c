/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that can't take the program: /sys/kernel/btf is hidden, as in one that was built
 * without. A row of the kernel matrix; what other refusals look like is in bad-input.c.
 */
#include "itest.h"

#include <string.h>

static void
a_kernel_without_btf_is_refused_with_the_reason(void **state)
{
    const BedGuestOptions options = {.name = "nobtf"};
    BedGuest *guest = bed_guest_start(&options);
    g_autofree char *kernel = bed_guest_exec(guest, NULL, "/bin/uname", "-r", NULL);
    g_autofree char *reason = NULL;

    g_free(
        bed_guest_exec(guest, NULL, "/bin/mount", "-t", "tmpfs", "none", "/sys/kernel/btf", NULL));
    bed_daemon_start(NULL);
    assert_int_equal(bed_ctl(NULL, NULL, "attach", "--no-wait", "nobtf", NULL), 0);
    bed_wait_state("nobtf", "failed", BED_SOON);
    itest_assert_reason("nobtf", "BTF");
    itest_assert_reason("nobtf", "the guest's kernel refuses the program: bpfpv-guest: ");
    assert_int_equal(itest_loader(guest), 0);
    reason = itest_reason("nobtf");
    print_message("matrix: %s none 0 refused: %s\n", g_strstrip(kernel), reason);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_without_btf_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, bed_cleanup);
}
