/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain with neither channel nor element is taken up while it runs, and let
 * go again without a trace: by bpfpvctl, and by virsh metadata alone.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;
static char *xml_before;

static char *
live_xml(void)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), 0);

    assert_non_null(xml);
    return xml;
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "plain"};

    guest = bed_guest_start(&options);
    xml_before = live_xml();
    bed_daemon_start(NULL);
    return 0;
}

static int
teardown(void **state)
{
    g_free(xml_before);
    return bed_cleanup(state);
}

/* The daemon is on the bus before it has asked libvirt. */
static gboolean
is_known(gpointer data)
{
    return bed_ctl(NULL, NULL, "list", NULL) == 0;
}

static void
a_daemon_with_nothing_to_do_touches_nothing(void **state)
{
    g_autofree char *out = NULL;
    g_autofree char *now = NULL;

    if (!bed_wait(is_known, NULL, BED_SOON))
        bed_fail("bpfpvd does not come to know which domains run");
    now = live_xml();
    assert_int_equal(bed_ctl(&out, NULL, "list", "--json", NULL), 0);
    assert_string_equal(g_strstrip(out), "[]");
    assert_null(strstr(xml_before, "urn:bpfpv"));
    assert_null(strstr(xml_before, "org.bpfpv"));
    assert_string_equal(now, xml_before);
}

static void
attach_takes_up_a_running_domain(void **state)
{
    g_autofree char *xml = NULL;
    gint64 pid;

    itest_attach(guest);
    xml = live_xml();
    assert_non_null(strstr(xml, "urn:bpfpv:domain:1"));
    assert_non_null(strstr(xml, "name='org.bpfpv.0'"));
    pid = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
attaching_twice_is_no_error(void **state)
{
    gint64 loader = itest_loader(guest);

    itest_attach(guest);
    assert_int_equal(itest_loader(guest), loader);
}

static void
the_domain_goes_by_name_uuid_and_id(void **state)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    g_autofree char *id = g_strdup_printf("%u", virDomainGetID(bed_guest_domain(guest)));

    assert_int_equal(virDomainGetUUIDString(bed_guest_domain(guest), uuid), 0);
    assert_int_equal(bed_ctl(NULL, NULL, "show", "plain", NULL), 0);
    assert_int_equal(bed_ctl(NULL, NULL, "show", uuid, NULL), 0);
    assert_int_equal(bed_ctl(NULL, NULL, "show", id, NULL), 0);
}

static gboolean
channel_is_gone(gpointer data)
{
    g_autofree char *xml = live_xml();

    return !strstr(xml, "urn:bpfpv") && !strstr(xml, "org.bpfpv");
}

static gboolean
has_journal(void)
{
    g_autoptr(GDir) dir = g_dir_open("/run/bpfpv", 0, NULL);

    return dir && g_dir_read_name(dir);
}

static void
detach_leaves_no_trace(void **state)
{
    g_autofree char *found = NULL;

    assert_int_equal(bed_ctl(NULL, NULL, "detach", "plain", NULL), 0);
    assert_int_equal(itest_loader(guest), 0);
    assert_true(bed_wait(channel_is_gone, NULL, BED_SOON));
    found = bed_guest_exec(guest, NULL, "/bin/find", "/run", "/tmp", "/dev/shm", "-name", "*bpfpv*",
                           NULL);
    assert_string_equal(found, "");
    assert_false(has_journal());
    assert_int_equal(bed_ctl(NULL, NULL, "show", "plain", NULL), 1);
}

static void
set_element(const char *element)
{
    assert_int_equal(virDomainSetMetadata(bed_guest_domain(guest), VIR_DOMAIN_METADATA_ELEMENT,
                                          element, element ? "bpfpv" : NULL, "urn:bpfpv:domain:1",
                                          VIR_DOMAIN_AFFECT_LIVE),
                     0);
}

static gboolean
is_unmanaged(gpointer data)
{
    return bed_ctl(NULL, NULL, "show", "plain", NULL) == 1;
}

static void
the_element_alone_does_the_same(void **state)
{
    gint64 pid;

    set_element("<bpfpv><program name='affinity'/></bpfpv>");
    bed_wait_state("plain", "active", BED_SOON);
    pid = bed_guest_task(guest, NULL, 0, "pin 0");
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    set_element(NULL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    assert_true(bed_wait(is_unmanaged, NULL, BED_SOON));
    assert_int_equal(itest_loader(guest), 0);
    bed_guest_kill(guest, pid, SIGKILL);
}

static char *
channel_alias(void)
{
    static const char before[] = "<alias name='";
    g_autofree char *xml = live_xml();
    const char *channel = strstr(xml, "name='org.bpfpv.0'");
    const char *alias;

    assert_non_null(channel);
    alias = strstr(channel, before);
    assert_non_null(alias);
    alias += strlen(before);
    return g_strndup(alias, strcspn(alias, "'"));
}

static gboolean
is_over(gpointer pid)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", (int)*(const gint64 *)pid);
    int status = 0;

    g_free(bed_guest_exec(guest, &status, "/bin/test", "-d", directory, NULL));
    return status != 0;
}

/* As an administrator may, or bpfpvd where a loader doesn't answer its STOP. */
static void
unplugging_the_channel_ends_the_loader(void **state)
{
    g_autofree char *alias = NULL;
    gint64 old;

    itest_attach(guest);
    old = itest_loader(guest);
    alias = channel_alias();
    assert_int_equal(virDomainDetachDeviceAlias(bed_guest_domain(guest), alias, 0), 0);
    assert_true(bed_wait(is_over, &old, BED_SOON));
    bed_wait_state("plain", "active", BED_SOON);
    itest_assert_served(guest);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "plain", NULL), 0);
}

static void
a_domain_that_is_attached_and_dies_is_forgotten(void **state)
{
    itest_attach(guest);
    assert_int_equal(virDomainDestroy(bed_guest_domain(guest)), 0);
    assert_true(bed_wait(is_unmanaged, NULL, BED_SOON));
    assert_int_equal(virDomainCreate(bed_guest_domain(guest)), 0);
    bed_guest_wait_agent(guest);
    itest_attach(guest);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daemon_with_nothing_to_do_touches_nothing),
        cmocka_unit_test(attach_takes_up_a_running_domain),
        cmocka_unit_test(attaching_twice_is_no_error),
        cmocka_unit_test(the_domain_goes_by_name_uuid_and_id),
        cmocka_unit_test(detach_leaves_no_trace),
        cmocka_unit_test(the_element_alone_does_the_same),
        cmocka_unit_test(unplugging_the_channel_ends_the_loader),
        cmocka_unit_test(a_domain_that_is_attached_and_dies_is_forgotten),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
