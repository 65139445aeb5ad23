/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of bpfpvctl: help, colours, and what it makes of typos. The real binary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl-run.h"
#include "ctl/line/line.h"

#define DOMAINS                                                                                    \
    "[{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>, 'reason': <''>,"                     \
    "  'vcpus': <uint32 16>, 'anchors': <uint32 2>, 'unmet': <uint32 0>}]"

static void
a_mistyped_word_has_one_likely_meaning(void **state)
{
    static const char *const words[] = {"list", "show", "attach", "detach", "validate", NULL};

    (void)state;
    assert_string_equal(bpfpv_suggest("lsit", words), "list");
    assert_string_equal(bpfpv_suggest("shwo", words), "show");
    assert_string_equal(bpfpv_suggest("atach", words), "attach");
    assert_string_equal(bpfpv_suggest("dettach", words), "detach");
    assert_string_equal(bpfpv_suggest("val", words), "validate");
    assert_string_equal(bpfpv_suggest("vlaidte", words), "validate");
    assert_null(bpfpv_suggest("", words));
    assert_null(bpfpv_suggest("s", words));
    assert_null(bpfpv_suggest("xy", words));
    assert_null(bpfpv_suggest("frobnicate", words));
    assert_null(bpfpv_suggest("a-word-that-is-longer-than-any-command", words));
}

static void
a_mistyped_command_is_told_what_was_meant(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "lsit", NULL);
    ctl_assert_ended(fixture, 2, "there is no command 'lsit'; did you mean 'list'?");
    ctl_run(fixture, "help", "shwo", NULL);
    ctl_assert_ended(fixture, 2, "there is no command 'shwo'; did you mean 'show'?");
    ctl_run(fixture, "frobnicate", NULL);
    ctl_assert_ended(fixture, 2, "there is no command 'frobnicate' (see");
    ctl_assert_lacks(fixture->err, "did you mean");
    ctl_run(fixture, "li\033[31mst", NULL);
    ctl_assert_ended(fixture, 2, "'li?[31mst'");
}

static void
a_mistyped_option_is_told_what_was_meant(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "list", "--jsno", NULL);
    ctl_assert_ended(fixture, 2, "--jsno; did you mean '--json'?");
    ctl_run(fixture, "attach", "--tiemout=5", "web1", NULL);
    ctl_assert_ended(fixture, 2, "--tiemout=5; did you mean '--timeout'?");
    ctl_run(fixture, "--colour=never", "list", NULL);
    ctl_assert_ended(fixture, 2, "--colour=never; did you mean '--color'?");
    ctl_run(fixture, "list", "--frobnicate", NULL);
    ctl_assert_ended(fixture, 2, "--frobnicate");
    ctl_assert_lacks(fixture->err, "did you mean");
}

static void
help_is_what_the_option_prints(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *all = NULL;

    ctl_run(fixture, "--help", NULL);
    all = g_strdup(fixture->out);
    ctl_run(fixture, "help", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, all);
    for (const BpfpvCommand *const *at = bpfpv_commands(); *at != NULL; at++) {
        g_autofree char *one = NULL;

        ctl_run(fixture, (*at)->name, "--help", NULL);
        ctl_assert_ended(fixture, 0, NULL);
        one = g_strdup(fixture->out);
        ctl_assert_has(one, (*at)->summary);
        ctl_assert_has(all, (*at)->summary);
        ctl_run(fixture, "help", (*at)->name, NULL);
        ctl_assert_ended(fixture, 0, NULL);
        assert_string_equal(fixture->out, one);
    }
}

static void
colours_are_as_asked_for(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, DOMAINS);
    ctl_run(fixture, "list", "--color=always", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\033[32mactive\033[0m");
    ctl_run(fixture, "list", "--color=auto", NULL);
    ctl_assert_lacks(fixture->out, "\033");
    ctl_run_on_terminal(fixture, "COLUMNS", "80", "--color=auto", "list", NULL);
    ctl_assert_has(fixture->out, "\033[32mactive\033[0m");
    ctl_run_on_terminal(fixture, "COLUMNS", "80", "--color=never", "list", NULL);
    ctl_assert_lacks(fixture->out, "\033");
    ctl_run_on_terminal(fixture, "NO_COLOR", "1", "--color=always", "list", NULL);
    ctl_assert_has(fixture->out, "\033[32mactive\033[0m");
    ctl_run(fixture, "list", "--color=always", "--no-color", NULL);
    ctl_assert_lacks(fixture->out, "\033");
    ctl_run(fixture, "list", "--color=sometimes", NULL);
    ctl_assert_ended(fixture, 2, "--color=sometimes is not one of auto, always, never");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_word_has_one_likely_meaning),
        TEST(a_mistyped_command_is_told_what_was_meant),
        TEST(a_mistyped_option_is_told_what_was_meant),
        TEST(help_is_what_the_option_prints),
        TEST(colours_are_as_asked_for),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
