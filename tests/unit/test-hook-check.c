/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether libvirtd can run a hook: what can't be executed, fails or hangs is told by name. */
#include "unit.h"

#include <glib/gstdio.h>

#include "host/hook-check.h"

static char *root, *hook;

static int
setup(void **state)
{
    root = g_dir_make_tmp("bpfpv-check-XXXXXX", NULL);
    hook = root ? g_build_filename(root, "bpfpv", NULL) : NULL;
    return hook ? 0 : -1;
}

static int
teardown(void **state)
{
    g_remove(hook);
    g_rmdir(root);
    g_free(hook);
    g_free(root);
    return 0;
}

static void
place(const char *text, int mode)
{
    g_remove(hook);
    assert_true(g_file_set_contents(hook, text, -1, NULL));
    assert_int_equal(g_chmod(hook, mode), 0);
}

static void
assert_fails(BpfpvHookError code, const char *words)
{
    g_autoptr(GError) error = NULL;

    assert_false(bpfpv_hook_check(hook, &error));
    assert_true(g_error_matches(error, BPFPV_HOOK_ERROR, (int)code));
    if (!strstr(error->message, words) || !strstr(error->message, hook))
        fail_msg("\"%s\" is not in \"%s\"", words, error->message);
}

static void
one_that_ends_well_passes(void **state)
{
    g_autoptr(GError) error = NULL;

    place("#!/bin/sh\n[ \"$2\" = reconnect ]\n", 0755);
    assert_true(bpfpv_hook_check(hook, &error));
    assert_null(error);
}

static void
the_one_that_is_shipped_passes(void **state)
{
    assert_true(bpfpv_hook_check(g_getenv("BPFPV_HOOK_SCRIPT"), NULL));
}

static void
none_is_not_one_that_fails(void **state)
{
    g_remove(hook);
    assert_fails(BPFPV_HOOK_ERROR_ABSENT, "No such file");
}

static void
what_cannot_be_executed_is_told(void **state)
{
    place("#!/bin/sh\n", 0644);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "is not an executable file");
    place("#!/nonexistent/interpreter\n", 0755);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "can't be executed: No such file");
    place("garbage", 0755);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "can't be executed: Exec format error");
}

static void
a_status_is_told_with_what_the_hook_says(void **state)
{
    place("#!/bin/sh\necho no such library >&2\nexit 127\n", 0755);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "ended with status 127: no such library");
    place("#!/bin/sh\nkill -SEGV $$\n", 0755);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "was ended by signal 11");
    place("#!/bin/sh\nhead -c 1000000 /dev/zero >&2; exit 1\n", 0755);
    assert_fails(BPFPV_HOOK_ERROR_FAILS, "ended with status 1");
}

static void
only_profiles_in_force_of_what_runs_hooks_count(void **state)
{
    g_auto(GStrv) labels = bpfpv_hook_labels("libvirtd (enforce)\nlibvirtd//qemu_bridge_helper "
                                             "(enforce)\n/usr/sbin/cupsd (enforce)\nvirtqemud "
                                             "(complain)\nlibvirt-1234 (enforce)\nodd\n\n");

    assert_int_equal(g_strv_length(labels), 1);
    assert_string_equal(labels[0], "libvirtd");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_well_passes),
        cmocka_unit_test(the_one_that_is_shipped_passes),
        cmocka_unit_test(none_is_not_one_that_fails),
        cmocka_unit_test(what_cannot_be_executed_is_told),
        cmocka_unit_test(a_status_is_told_with_what_the_hook_says),
        cmocka_unit_test(only_profiles_in_force_of_what_runs_hooks_count),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
