/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which domains bpfpvctl takes a command to be about: several, and globs. The real binary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "ctl-run.h"

#define LIST                                                                                       \
    "[{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>},"                                    \
    " {'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'active'>},"                                  \
    " {'domain': <'web2'>, 'uuid': <'u3'>, 'state': <'active'>},"                                  \
    " {'domain': <'x[1]'>, 'uuid': <'u4'>, 'state': <'active'>}]"

static void
assert_calls(const CtlFixture *fixture, const char *expected)
{
    g_autofree char *calls = fake_manager_get_calls(fixture->fake);

    assert_string_equal(calls, expected);
}

static void
a_glob_means_all_managed_domains_that_match(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, LIST);
    ctl_run(fixture, "detach", "web*", "db", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "web1: detached, its original pins are back\n"
                                      "web2: detached, its original pins are back\n"
                                      "db: detached, its original pins are back\n");
    assert_calls(fixture, "List() Detach(web1) Detach(web2) Detach(db)");
}

static void
a_domain_whose_name_looks_like_a_glob_is_that_one(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, LIST);
    ctl_run(fixture, "detach", "x[1]", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_calls(fixture, "List() Detach(x[1])");
}

static void
a_glob_that_matches_nothing_changes_nothing(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, LIST);
    ctl_run(fixture, "detach", "db", "mail*", NULL);
    ctl_assert_ended(fixture, 1, "no managed domain matches \"mail*\"; bpfpvctl list shows them");
    assert_string_equal(fixture->out, "");
    assert_calls(fixture, "List()");
}

static void
one_failure_does_not_keep_the_others_back(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.NotManaged", "it is not managed");
    ctl_run(fixture, "detach", "db", "web1", NULL);
    ctl_assert_ended(fixture, 1, "it is not managed\nbpfpvctl: it is not managed\n");
    assert_calls(fixture, "Detach(db) Detach(web1)");
}

static void
several_are_shown_one_below_the_other(void **state)
{
    CtlFixture *fixture = *state;
    g_autoptr(JsonNode) root = NULL;

    fake_manager_set_show(fixture->fake,
                          "{'domain': <'web1'>, 'uuid': <'u'>, 'state': <'active'>}");
    ctl_run(fixture, "show", "web1", "web2", "db", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: domain 'web2' is not managed\n");
    ctl_assert_has(fixture->out, "web1  active\n  uuid     u\n");
    ctl_assert_has(fixture->out, "answered yet\n\nweb1  active\n");
    ctl_run(fixture, "show", "--json", "web1", "db", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    root = json_from_string(fixture->out, NULL);
    assert_int_equal(json_array_get_length(json_node_get_array(root)), 2);
}

/* A script that asked for one must not be answered with an array. */
static void
one_is_an_object_and_a_glob_an_array(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, "[{'domain': <'web1'>}]");
    fake_manager_set_show(fixture->fake,
                          "{'domain': <'web1'>, 'uuid': <'u'>, 'state': <'active'>}");
    ctl_run(fixture, "show", "--json", "web1", NULL);
    assert_int_equal(fixture->out[0], '{');
    ctl_run(fixture, "show", "--json", "web?", NULL);
    assert_int_equal(fixture->out[0], '[');
}

static void
releases_all_that_match(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, LIST);
    ctl_run(fixture, "release", "web*", "0", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "web1: vCPU 0 handed back to bpfpvd, within host CPUs 0-7\n"
                                      "web2: vCPU 0 handed back to bpfpvd, within host CPUs 0-7\n");
    ctl_run(fixture, "release", "--json", "web*", "0", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\"domain\" : \"web2\"");
    ctl_run(fixture, "release", "--json", "web1", "0", NULL);
    ctl_assert_lacks(fixture->out, "\"domain\"");
}

/* ---- domains that run ---- */

/* In front of all other programs. @script: what virsh does; NULL: there is none */
static char *
install_virsh(const char *script)
{
    char *dir = g_dir_make_tmp("bpfpv-virsh-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "virsh", NULL);

    if (script != NULL) {
        assert_true(g_file_set_contents(path, script, -1, NULL));
        assert_int_equal(g_chmod(path, 0755), 0);
    }
    return dir;
}

static void
remove_virsh(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "virsh", NULL);

    g_unlink(path);
    g_rmdir(dir);
}

static void
run_with_path(CtlFixture *fixture, const char *path, const char *glob)
{
    g_autofree char *before = g_strdup(g_getenv("PATH"));

    g_setenv("PATH", path, TRUE);
    ctl_run(fixture, "attach", "--no-wait", glob, NULL);
    g_setenv("PATH", before, TRUE);
}

static void
attach_takes_all_running_domains_that_match(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *dir = install_virsh("#!/bin/sh\n"
                                         "[ \"$*\" = \"--readonly --connect x:///y list --name\" ]"
                                         " && printf 'db\\nweb1\\nweb3\\n\\n'\n");
    g_autofree char *path = g_strconcat(dir, ":", g_getenv("PATH"), NULL);

    fake_manager_set_host(fixture->fake, "{'LibvirtUri': <'x:///y'>}");
    run_with_path(fixture, path, "web*");
    ctl_assert_ended(fixture, 0, NULL);
    assert_calls(fixture, "Attach(web1) Attach(web3)");
    run_with_path(fixture, path, "mail*");
    ctl_assert_ended(fixture, 1, "no running domain matches \"mail*\"; virsh list shows them");
    remove_virsh(dir);
}

static void
attach_says_why_running_domains_are_not_known(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *none = install_virsh(NULL);
    g_autofree char *fails = install_virsh("#!/bin/sh\necho 'error: no socket' >&2\nexit 1\n");

    run_with_path(fixture, none, "*");
    ctl_assert_ended(fixture, 1, "asked of virsh, which can't be started");
    run_with_path(fixture, fails, "*");
    ctl_assert_ended(fixture, 1, "virsh --connect qemu:///system list: error: no socket\n");
    assert_calls(fixture, "");
    remove_virsh(none);
    remove_virsh(fails);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_glob_means_all_managed_domains_that_match),
        TEST(a_domain_whose_name_looks_like_a_glob_is_that_one),
        TEST(a_glob_that_matches_nothing_changes_nothing),
        TEST(one_failure_does_not_keep_the_others_back),
        TEST(several_are_shown_one_below_the_other),
        TEST(one_is_an_object_and_a_glob_an_array),
        TEST(releases_all_that_match),
        TEST(attach_takes_all_running_domains_that_match),
        TEST(attach_says_why_running_domains_are_not_known),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
