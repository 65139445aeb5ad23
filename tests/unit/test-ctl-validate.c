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

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_that_there_is_no_element),
        TEST(says_that_an_element_is_valid),
        TEST(says_that_there_is_no_device_to_be_near_to),
        TEST(says_that_nobody_knows_where_a_device_is),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
