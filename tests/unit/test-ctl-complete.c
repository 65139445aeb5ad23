/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl complete: what the shells offer is what there is. The real binary against a fake bpfpvd;
 * tests/check-completion tests the shells' part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "ctl-run.h"
#include "ctl/line/line.h"

#define LIST                                                                                       \
    "[{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>},"                                    \
    " {'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'failed'>},"                                  \
    " {'domain': <'web\033[31m'>, 'uuid': <'u3'>, 'state': <'active'>}]"
#define STATUS                                                                                     \
    "{'domain': <'web1'>, 'vcpus': <[{'vcpu': <uint32 0>, 'want': <'float'>},"                     \
    " {'vcpu': <uint32 1>, 'want': <'fixed'>, 'why': <'fixed by administrator'>}]>}"

#define assert_offered(fixture, expected, ...)                                                     \
    do {                                                                                           \
        ctl_run(fixture, "complete", "--", __VA_ARGS__, NULL);                                     \
        ctl_assert_ended(fixture, 0, NULL);                                                        \
        assert_string_equal((fixture)->out, expected);                                             \
    } while (0)

/* --help and completion list the same, of every command. */
static void
every_option_in_the_help_is_offered(void **state)
{
    CtlFixture *fixture = *state;
    g_autoptr(GRegex) options =
        g_regex_new("^  (?:-\\w, )?(--[a-z-]+=?)", G_REGEX_MULTILINE, 0, NULL);

    for (const BpfpvCommand *const *at = bpfpv_commands(); *at != NULL; at++) {
        g_autoptr(GMatchInfo) match = NULL;
        g_autofree char *help = NULL;
        guint n = 0;

        ctl_run(fixture, "help", (*at)->name, NULL);
        help = g_strdup(strstr(fixture->out, "Options:"));
        ctl_run(fixture, "complete", "--", (*at)->name, "-", NULL);
        ctl_assert_ended(fixture, 0, NULL);
        for (g_regex_match(options, help, 0, &match); g_match_info_matches(match);
             g_match_info_next(match, NULL)) {
            g_autofree char *option = g_match_info_fetch(match, 1);
            g_autofree char *line = g_strdup_printf("\n%s\t", option);
            g_autofree char *out = g_strconcat("\n", fixture->out, NULL);

            ctl_assert_has(out, line);
            n++;
        }
        assert_true(n >= 6);
    }
}

static void
commands_and_values_are_offered(void **state)
{
    CtlFixture *fixture = *state;

    assert_offered(fixture, "list\tLists the managed domains\n", "li");
    assert_offered(fixture, "list\tLists the managed domains\n", "--color", "never", "li");
    assert_offered(fixture, "list\tLists the managed domains\n", "help", "li");
    assert_offered(fixture, "--color=always\n", "list", "--color=al");
    assert_offered(fixture, "never\n", "list", "--color", "n");
    assert_offered(fixture, "affinity\n", "keys", "--program", "");
    assert_offered(fixture, "--program=affinity\n", "keys", "--program=a");
    assert_offered(fixture, ":files\n", "validate", "");
    assert_offered(fixture, ":files\n", "plan", "--map", "");
    assert_offered(fixture, "", "plan", "one", "");
    assert_offered(fixture, "", "list", "");
    assert_offered(fixture, "", "frobnicate", "");
    assert_offered(fixture, "", "list", "--frobnicate=");
    assert_offered(fixture, "", "attach", "--timeout", "");
}

static void
managed_domains_are_offered_once(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, LIST);
    assert_offered(fixture, "db\tactive\nweb1\tfailed\n", "show", "");
    assert_offered(fixture, "web1\tfailed\n", "detach", "db", "");
    assert_offered(fixture, "db\tactive\n", "release", "d");
    assert_offered(fixture, "", "keys", "db", "");
    assert_offered(fixture, "db\tactive\n", "show", "--", "d");
}

static void
a_pinned_vcpu_is_offered_to_release(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_show(fixture->fake, STATUS);
    assert_offered(fixture, "1\tfixed by administrator\n", "release", "web1", "");
    assert_offered(fixture, "", "release", "web1", "1", "");
}

static void
running_domains_that_are_not_managed_are_offered_to_attach(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *dir = g_dir_make_tmp("bpfpv-virsh-XXXXXX", NULL);
    g_autofree char *virsh = g_build_filename(dir, "virsh", NULL);
    g_autofree char *before = g_strdup(g_getenv("PATH"));
    g_autofree char *path = g_strconcat(dir, ":", before, NULL);

    assert_true(g_file_set_contents(virsh, "#!/bin/sh\nprintf 'db\\nmail\\n\\n'\n", -1, NULL));
    assert_int_equal(g_chmod(virsh, 0755), 0);
    fake_manager_set_list(fixture->fake, LIST);
    g_setenv("PATH", path, TRUE);
    assert_offered(fixture, "mail\n", "attach", "");
    g_setenv("PATH", before, TRUE);
    g_unlink(virsh);
    g_rmdir(dir);
}

/* Completion is no place to complain. */
static void
without_a_daemon_there_is_nothing_to_offer(void **state)
{
    CtlFixture *fixture = *state;

    g_clear_pointer(&fixture->fake, fake_manager_free);
    assert_offered(fixture, "", "show", "");
    assert_offered(fixture, "", "release", "web1", "");
    assert_offered(fixture, "", "keys", "--program", "");
    assert_offered(fixture, "--json\tPrint JSON\n", "show", "--j");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_option_in_the_help_is_offered),
        TEST(commands_and_values_are_offered),
        TEST(managed_domains_are_offered_once),
        TEST(a_pinned_vcpu_is_offered_to_release),
        TEST(running_domains_that_are_not_managed_are_offered_to_attach),
        TEST(without_a_daemon_there_is_nothing_to_offer),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
