/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvctl validate: the real binary, on files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "ctl-run.h"

#define ELEMENT "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>"
#define DOMAIN(metadata) "<domain><name>a</name><metadata>" metadata "</metadata></domain>"

static void
assert_said(CtlFixture *fixture, const char *xml, const char *text, const char *json)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("bpfpv-XXXXXX.xml", &path, NULL);

    assert_true(g_close(fd, NULL));
    assert_true(g_file_set_contents(path, xml, -1, NULL));
    ctl_run(fixture, "validate", path, NULL);
    ctl_assert_ended(fixture, 0, "");
    ctl_assert_has(fixture->out, text);
    ctl_run(fixture, "validate", "--json", path, NULL);
    ctl_assert_ended(fixture, 0, "");
    ctl_assert_has(fixture->out, json);
    g_remove(path);
}

static void
says_that_there_is_no_element(void **state)
{
    assert_said(*state, DOMAIN(""), "there is no <bpfpv> element", "\"element\" : false");
    assert_said(*state, "<domain><name>a</name></domain>", "there is no <bpfpv> element",
                "\"element\" : false");
}

static void
says_that_an_element_is_valid(void **state)
{
    assert_said(*state, DOMAIN(ELEMENT), ": valid\n", "\"element\" : true");
    assert_said(*state, ELEMENT, ": valid\n", "\"element\" : true");
}

#define NEAR                                                                                       \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'><placement near='devices'/>"       \
    "</program></bpfpv>"
/* One that no machine has: Linux numbers PCI domains from 0 on. */
#define DEVICE                                                                                     \
    "<devices><hostdev mode='subsystem' type='pci'><source><address domain='0x7fffffff' "          \
    "bus='0xff' slot='0x1f' function='0x7'/></source></hostdev></devices></domain>"

static void
says_that_there_is_no_device_to_be_near_to(void **state)
{
    assert_said(*state, DOMAIN(NEAR), "note: near is \"devices\", but the domain has no PCI device",
                "\"near is \\\"devices\\\", but the domain has no PCI device");
    assert_said(*state, NEAR, ": valid\n", "\"notes\" : []");
    assert_said(*state, DOMAIN(ELEMENT), ": valid\n", "\"notes\" : []");
}

static void
says_that_nobody_knows_where_a_device_is(void **state)
{
    assert_said(
        *state, "<domain><name>a</name><metadata>" NEAR "</metadata>" DEVICE,
        "note: near is \"devices\", but the host does not say which cell 7fffffff:ff:1f.7 is",
        "which cell 7fffffff:ff:1f.7 is near");
}

/* ---- many ---- */

#define WRONG                                                                                      \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'><placement mode='best'/>"          \
    "</program></bpfpv>"

static char *
make_files(const char *const *names_and_texts)
{
    char *dir = g_dir_make_tmp("bpfpv-validate-XXXXXX", NULL);

    for (; *names_and_texts != NULL; names_and_texts += 2) {
        g_autofree char *path = g_build_filename(dir, names_and_texts[0], NULL);

        assert_true(g_file_set_contents(path, names_and_texts[1], -1, NULL));
    }
    return dir;
}

static void
remove_files(const char *dir)
{
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(open)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_remove(path);
    }
    g_rmdir(dir);
}

static void
a_directory_is_checked_file_by_file(void **state)
{
    static const char *const files[] = {
        "b.xml", DOMAIN(WRONG), "a.xml",     DOMAIN(ELEMENT), "c.xml", DOMAIN(""),
        "d.xml", "no XML",      "notes.txt", "no XML",        NULL,
    };
    CtlFixture *fixture = *state;
    g_autofree char *dir = make_files(files);
    g_autofree char *b = g_strconcat(dir, "/b.xml: domain a: ", NULL);
    g_autofree char *d = g_strconcat(dir, "/d.xml: ", NULL);

    ctl_run(fixture, "validate", dir, NULL);
    ctl_assert_ended(fixture, 1, b);
    ctl_assert_has(fixture->err, d);
    ctl_assert_lacks(fixture->err, "a.xml");
    ctl_assert_lacks(fixture->err, "notes.txt");
    assert_string_equal(fixture->out,
                        "files: 4; valid: 1; without a <bpfpv> element: 1; with mistakes: 2\n");
    remove_files(dir);
}

static void
files_without_mistakes_are_a_success(void **state)
{
    static const char *const files[] = {"a.xml", DOMAIN(ELEMENT), "b.xml", DOMAIN(""), NULL};
    CtlFixture *fixture = *state;
    g_autofree char *dir = make_files(files);
    g_autofree char *a = g_build_filename(dir, "a.xml", NULL);
    g_autofree char *b = g_build_filename(dir, "b.xml", NULL);
    const char *first, *second;

    ctl_run(fixture, "validate", b, a, NULL);
    ctl_assert_ended(fixture, 0, "");
    assert_string_equal(fixture->out,
                        "files: 2; valid: 1; without a <bpfpv> element: 1; with mistakes: 0\n");
    ctl_run(fixture, "validate", "--json", dir, NULL);
    ctl_assert_ended(fixture, 0, "");
    ctl_assert_has(fixture->out, "{\n  \"valid\" : true,\n  \"files\" : [");
    first = strstr(fixture->out, "/a.xml");
    second = strstr(fixture->out, "/b.xml");
    assert_true(first != NULL && second != NULL && first < second);
    remove_files(dir);
}

static void
a_directory_without_xml_is_a_mistake(void **state)
{
    static const char *const files[] = {"notes.txt", "", NULL};
    CtlFixture *fixture = *state;
    g_autofree char *dir = make_files(files);

    ctl_run(fixture, "validate", dir, NULL);
    ctl_assert_ended(fixture, 1, "there is no *.xml in it");
    remove_files(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_that_there_is_no_element),
        TEST(says_that_an_element_is_valid),
        TEST(says_that_there_is_no_device_to_be_near_to),
        TEST(says_that_nobody_knows_where_a_device_is),
        TEST(a_directory_is_checked_file_by_file),
        TEST(files_without_mistakes_are_a_success),
        TEST(a_directory_without_xml_is_a_mistake),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
