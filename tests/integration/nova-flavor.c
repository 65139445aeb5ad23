/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instances as Nova starts them, with nothing of bpfpv in their XML: managed
 * because their flavor says so, by extra specs or by name; again after a hard
 * reboot, which rebuilds the XML; and not after a detach. What floats on this
 * host is CPU 1, CPU 0 is Nova's to hand out.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define INSTANCE(version, flavor, specs)                                                           \
    "<nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/" version "'>"             \
    "<nova:package version='32.0.0'/><nova:name>web &lt;1&gt;</nova:name>"                         \
    "<nova:flavor name='" flavor "' id='1'><nova:memory>384</nova:memory>" specs "</nova:flavor>"  \
    "<nova:root type='image' uuid='155d900f-4e14-4e4c-a73d-069cbf4541e6'/></nova:instance>"
#define SPEC(name, value) "<nova:extraSpec name='" name "'>" value "</nova:extraSpec>"

static BedGuest *guest;
static BedDaemon *daemon_process;

static char *
live_xml(void)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), 0);

    assert_non_null(xml);
    return xml;
}

static gboolean
is_in_xml(const char *part)
{
    g_autofree char *xml = live_xml();

    return strstr(xml, part) != NULL;
}

/* A member of "bpfpvctl show"; g_free(). */
static char *
shown(const char *domain, const char *member)
{
    g_autoptr(JsonObject) status = bed_ctl_show(domain);

    assert_non_null(status);
    return g_strdup(json_object_get_string_member(status, member));
}

static void
start_daemon(void)
{
    g_autofree char *nova = g_build_filename(g_getenv("BED_DIR"), "nova.conf", NULL);
    g_autofree char *text = g_strdup_printf("[host]\nreserve=0\n[nova]\nconfig=%s\n"
                                            "[flavor bpfpv.*]\naffinity=exclusive\nanchors=1\n",
                                            nova);
    g_autofree char *config = itest_config(text);

    assert_true(g_file_set_contents(nova,
                                    "[compute]\n# what floats\ncpu_shared_set = 0-99,\n  ^2-99\n"
                                    "cpu_dedicated_set: 0\n",
                                    -1, NULL));
    daemon_process = bed_daemon_start(config, NULL);
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "instance-00000001",
        .metadata_xml = INSTANCE("1.1", "m1.large",
                                 "<nova:extraSpecs>" SPEC("trait:CUSTOM_BPFPV", "required")
                                     SPEC("resources:CUSTOM_BPFPV_ANCHOR", "1")
                                         SPEC("bpfpv:smt", "ignore") "</nova:extraSpecs>"),
    };

    start_daemon();
    guest = bed_guest_start(&options);
    return 0;
}

/* A pinned task's vCPU gets the CPU that floats, and gives it back. */
static void
assert_served(void)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
extra_specs_alone_have_it_managed(void **state)
{
    g_autofree char *source = NULL;

    bed_wait_state(bed_guest_name(guest), "active", BED_SOON);
    assert_false(is_in_xml("urn:bpfpv:domain:1"));
    source = shown(bed_guest_name(guest), "source");
    assert_string_equal(source, "flavor extra specs");
    assert_served();
}

static void
the_flavors_anchors_are_the_limit(void **state)
{
    gint64 first = bed_guest_task(guest, NULL, 0, "pin 0");
    gint64 second;

    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    second = bed_guest_task(guest, NULL, 0, "pin 1");
    itest_assert_reason(bed_guest_name(guest), "1 of 2 anchors not met");
    bed_guest_kill(guest, first, SIGKILL);
    bed_guest_kill(guest, second, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
}

/* What Nova does: the domain is destroyed, and started from an XML that it has written anew. */
static void
hard_reboot(void)
{
    assert_int_equal(virDomainDestroy(bed_guest_domain(guest)), 0);
    assert_int_equal(virDomainCreate(bed_guest_domain(guest)), 0);
    bed_guest_wait_agent(guest);
}

static void
a_hard_reboot_needs_no_hand(void **state)
{
    hard_reboot();
    bed_wait_state(bed_guest_name(guest), "active", BED_SOON);
    assert_served();
}

static gboolean
is_unmanaged(gpointer data)
{
    return bed_ctl(NULL, NULL, "show", bed_guest_name(guest), NULL) == 1;
}

static gboolean
is_managed(gpointer data)
{
    return !is_unmanaged(data);
}

static void
a_detach_holds(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", bed_guest_name(guest), NULL), 0);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_int_equal(itest_loader(guest), 0);
    assert_true(is_in_xml("mode=\"off\""));
    assert_true(is_unmanaged(NULL));
    bed_daemon_stop(daemon_process);
    start_daemon();
    bed_libvirtd("restart");
    assert_false(bed_wait(is_managed, NULL, 3000));
    assert_true(is_unmanaged(NULL));
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
}

static void
an_attach_goes_back_to_the_flavor(void **state)
{
    g_autofree char *source = NULL;

    itest_attach(guest);
    assert_false(is_in_xml("urn:bpfpv:domain:1"));
    source = shown(bed_guest_name(guest), "source");
    assert_string_equal(source, "flavor extra specs");
    assert_served();
}

static void
a_detach_ends_with_a_hard_reboot(void **state)
{
    assert_int_equal(bed_ctl(NULL, NULL, "detach", bed_guest_name(guest), NULL), 0);
    hard_reboot();
    bed_wait_state(bed_guest_name(guest), "active", BED_SOON);
}

static gboolean
is_by_element(gpointer data)
{
    g_autofree char *source = shown(bed_guest_name(guest), "source");

    return g_str_equal(source, "domain XML");
}

static void
an_element_stands_above_the_flavor(void **state)
{
    assert_int_equal(virDomainSetMetadata(bed_guest_domain(guest), VIR_DOMAIN_METADATA_ELEMENT,
                                          ITEST_SHARED, "bpfpv", "urn:bpfpv:domain:1",
                                          VIR_DOMAIN_AFFECT_LIVE),
                     0);
    assert_true(bed_wait(is_by_element, NULL, BED_SOON));
    bed_guest_destroy(g_steal_pointer(&guest));
}

/* Before 32, Nova tells the flavor's name alone; here one that would like to be more. */
static void
a_section_has_it_managed_by_name(void **state)
{
    static const BedGuestOptions options = {
        .name = "instance-00000002",
        .metadata_xml = INSTANCE("1.0", "bpfpv.&quot;]&#x202e;*&lt;b&gt;", ""),
    };
    g_autofree char *source = NULL;
    g_autofree char *log = NULL;

    guest = bed_guest_start(&options);
    bed_wait_state("instance-00000002", "active", BED_SOON);
    source = shown("instance-00000002", "source");
    assert_string_equal(source, "bpfpvd.conf [flavor bpfpv.*]");
    assert_served();
    log = bed_daemon_log();
    assert_null(strstr(log, "\xe2\x80\xae"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extra_specs_alone_have_it_managed),
        cmocka_unit_test(the_flavors_anchors_are_the_limit),
        cmocka_unit_test(a_hard_reboot_needs_no_hand),
        cmocka_unit_test(a_detach_holds),
        cmocka_unit_test(an_attach_goes_back_to_the_flavor),
        cmocka_unit_test(a_detach_ends_with_a_hard_reboot),
        cmocka_unit_test(an_element_stands_above_the_flavor),
        cmocka_unit_test(a_section_has_it_managed_by_name),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
