/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl attach: the real binary follows what a fake bpfpvd does, however
 * its signals and answers come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl-run.h"

/* The steps that were printed, without their times: "injecting active". */
static void
assert_steps(const CtlFixture *fixture, const char *expected)
{
    g_autoptr(GRegex) times =
        g_regex_new("^ *[0-9]+\\.[0-9] s  (.*)\n", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *steps = g_regex_replace(times, fixture->out, -1, 0, "\\1 ", 0, NULL);

    g_strchomp(steps);
    assert_string_equal(steps, expected);
}

static void
follows_until_active(void **state)
{
    static const FakeStep steps[] = {
        {.state = "waiting-agent", .reason = "guest boots"},
        {.delay_ms = 5, .state = "injecting"},
        {.delay_ms = 10, .state = "failed", .reason = "not ours", .domain = "other"},
        {.delay_ms = 15, .state = "syncing"},
        {.delay_ms = 20, .state = "active"},
        {0},
    };
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "waiting-agent: guest boots injecting syncing active");
    calls = fake_manager_get_calls(fixture->fake);
    ctl_assert_has(calls, "Attach(web1) Show(web1)");
}

static void
sees_what_precedes_the_reply(void **state)
{
    static const FakeStep steps[] = {
        {.state = "injecting"},
        {.state = "active"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "injecting active");
}

static void
sees_what_no_signal_tells(void **state)
{
    static const FakeStep steps[] = {
        {.state = "active", .is_silent = TRUE},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "active");
}

static void
waits_until_it_is_managed(void **state)
{
    static const FakeStep steps[] = {
        {.delay_ms = 300, .state = "active"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "active");
}

static void
follows_ids_and_uuids(void **state)
{
    static const FakeStep steps[] = {
        {.state = "syncing"},
        {.delay_ms = 20, .state = "active"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "17", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "syncing active");
    ctl_run(fixture, "attach", "7F1C2D3E-0000-4000-8000-000000000001", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_steps(fixture, "syncing active");
}

static void
follows_several_until_the_last_has_ended(void **state)
{
    static const FakeStep steps[] = {
        {.state = "injecting"},
        {.delay_ms = 10, .state = "waiting-agent", .domain = FAKE_OTHER},
        {.delay_ms = 20, .state = "active"},
        {.delay_ms = 30, .state = "failed", .reason = "no agent", .domain = FAKE_OTHER},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", "web2", "web1", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: attaching web2 failed: no agent\n");
    ctl_assert_lacks(fixture->err, "web1");
    assert_true(g_regex_match_simple("^web1 +[0-9.]+ s  injecting\n"
                                     "web2 +[0-9.]+ s  waiting-agent\n"
                                     "web1 +[0-9.]+ s  active\n"
                                     "web2 +[0-9.]+ s  failed: no agent\n$",
                                     fixture->out, 0, 0));
}

static void
shows_progress_in_place_on_a_terminal(void **state)
{
    static const FakeStep steps[] = {
        {.state = "injecting"},
        {.delay_ms = 10, .state = "active", .reason = "all \033[5mis well"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run_on_terminal(fixture, "NO_COLOR", "1", "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "web1  [##..]");
    ctl_assert_has(fixture->out, " s  injecting\033[K\r\n");
    ctl_assert_has(fixture->out, "\033[1A\rweb1  [####]");
    ctl_assert_has(fixture->out, " s  active: all ?[5mis well\033[K\r\n");
    ctl_run_on_terminal(fixture, "TERM", "dumb", "attach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_lacks(fixture->out, "\033");
    assert_true(g_regex_match_simple("^ +[0-9.]+ s  injecting\r\n", fixture->out, 0, 0));
}

static void
ends_with_a_failure(void **state)
{
    static const FakeStep steps[] = {
        {.state = "injecting"},
        {.delay_ms = 10, .state = "failed", .reason = "guest refused: \033[31mno\033[0m"},
        {.delay_ms = 11, .state = "waiting-agent"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "attaching web1 failed: guest refused: ?[31mno?[0m\n");
    assert_steps(fixture, "injecting failed: guest refused: ?[31mno?[0m");
}

static void
ends_when_detached_meanwhile(void **state)
{
    static const FakeStep steps[] = {
        {.state = "detached"}, /* left over: says nothing about this attach */
        {.state = "injecting"},
        {.delay_ms = 10, .state = "detached"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "web1 was detached before it was active");
    assert_steps(fixture, "injecting detached");
}

static void
ends_after_its_timeout(void **state)
{
    static const FakeStep steps[] = {
        {.state = "waiting-agent"},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "--timeout=1", "web1", NULL);
    ctl_assert_ended(fixture, 1, "web1 is waiting-agent after 1 seconds");
    assert_steps(fixture, "waiting-agent");
}

static void
ends_when_the_daemon_dies(void **state)
{
    static const FakeStep steps[] = {
        {.state = "injecting"},
        {.delay_ms = 300, .state = "", .is_death = TRUE},
        {0},
    };
    CtlFixture *fixture = *state;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "systemctl start bpfpvd");
    assert_steps(fixture, "injecting");
}

static void
need_not_wait(void **state)
{
    static const FakeStep steps[] = {
        {.state = "waiting-agent"},
        {0},
    };
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    fake_manager_set_steps(fixture->fake, steps);
    ctl_run(fixture, "attach", "--no-wait", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Attach(web1)");
}

static void
says_why_it_may_not(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    fake_manager_set_error(fixture->fake, "org.freedesktop.DBus.Error.AccessDenied",
                           "Rejected send message, 2 matched rules");
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "Attach is not allowed for this user: run it as root");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.NoSuchDomain",
                           "libvirt has no domain 'web1'");
    ctl_run(fixture, "attach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: libvirt has no domain 'web1'\n");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Attach(web1) Attach(web1)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(follows_until_active),
        TEST(follows_several_until_the_last_has_ended),
        TEST(shows_progress_in_place_on_a_terminal),
        TEST(sees_what_precedes_the_reply),
        TEST(sees_what_no_signal_tells),
        TEST(waits_until_it_is_managed),
        TEST(follows_ids_and_uuids),
        TEST(ends_with_a_failure),
        TEST(ends_when_detached_meanwhile),
        TEST(ends_after_its_timeout),
        TEST(ends_when_the_daemon_dies),
        TEST(need_not_wait),
        TEST(says_why_it_may_not),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
