/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virsh as the window: the element set, changed, broken and removed on a
 * running domain, and what the status element says meanwhile.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define DOMAIN_NS "urn:bpfpv:domain:1"
#define STATUS_NS "urn:bpfpv:status:1"
#define ELEMENT(inside) "<bpfpv><program name='affinity'>" inside "</program></bpfpv>"

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "window"};

    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    return 0;
}

static void
set_element(const char *element)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "metadata", "window", DOMAIN_NS, "--key", "bpfpv", "--set", element,
                  "--live", NULL) != 0)
        bed_fail("virsh metadata --set: %s", err);
}

/* What "virsh metadata" prints; "" where there is none. */
static char *
status(void)
{
    char *out = NULL;

    return bed_virsh(&out, NULL, "metadata", "window", STATUS_NS, "--live", NULL) == 0
               ? out
               : (g_free(out), g_strdup(""));
}

typedef struct {
    const char *part;
    char *seen;
} Wait;

static gboolean
status_has(gpointer data)
{
    Wait *wait = data;

    g_free(wait->seen);
    wait->seen = status();
    return wait->part ? strstr(wait->seen, wait->part) != NULL : *wait->seen == '\0';
}

/* NULL: that there is none. */
static void
assert_status(const char *part)
{
    Wait wait = {part, NULL};

    if (!bed_wait(status_has, &wait, BED_SOON))
        bed_fail("the status should %s%s:\n%s", part ? "say " : "be gone", part ? part : "",
                 wait.seen);
    g_free(wait.seen);
}

static void
setting_the_element_attaches(void **state)
{
    set_element(ELEMENT(""));
    bed_wait_state("window", "active", BED_SOON);
    assert_status("<status state=\"active\" plugged=\"org.bpfpv.0\">");
    assert_status("<program name=\"affinity\" attach=\"");
    assert_status("<vcpu id=\"0\" want=\"float\"");
}

static void
the_status_follows_what_virsh_shows(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *line = g_strdup_printf(
        "<vcpu id=\"1\" want=\"anchor\" tasks=\"1\" cpus=\"%d\" applied=\"%d\" last=\"0-1\" "
        "original=\"0-1\" unpinned=\"yes\"/>",
        cpu, cpu);

    assert_status(line);
    bed_guest_kill(guest, pid, SIGKILL);
    g_free(line);
    line = g_strdup_printf("<vcpu id=\"1\" want=\"float\" tasks=\"0\" cpus=\"0-1\" "
                           "applied=\"0-1\" last=\"%d\" original=\"0-1\"",
                           cpu);
    assert_status(line);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
the_definition_has_no_status(void **state)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), VIR_DOMAIN_XML_INACTIVE);

    assert_null(strstr(xml, STATUS_NS));
    free(xml);
}

/* Floating vCPUs leave an anchored CPU in exclusive mode, and may stay on it in shared mode. */
static void
mode_and_limit_change_without_a_new_injection(void **state)
{
    gint64 loader = itest_loader(guest);
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    set_element(ELEMENT("<placement mode='shared'/>"));
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_vcpupin_single(guest, 1, 0);
    set_element(ELEMENT("<limit anchors='0'/>"));
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_status("<vcpu id=\"1\" want=\"anchor\" tasks=\"1\" cpus=\"0-1\"");
    set_element(ELEMENT("<placement cpuset='1'/>"));
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    set_element(ELEMENT("<placement cpuset='0'/>"));
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_int_equal(itest_loader(guest), loader);
}

/* The loader is told: it reports as many keys as it may, and all when it may again. */
static void
the_limit_of_keys_changes_without_a_new_injection(void **state)
{
    gint64 loader = itest_loader(guest);
    gint64 pid = bed_guest_task(guest, NULL, 0, "many 5 1");

    itest_assert_want(guest, 1, "anchor", 5);
    set_element(ELEMENT("<limit keys='2' rate='50'/>"));
    itest_assert_want(guest, 1, "anchor", 2);
    bed_wait_state("window", "active", BED_SOON);
    set_element(ELEMENT("<limit keys='100'/>"));
    itest_assert_want(guest, 1, "anchor", 5);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_int_equal(itest_loader(guest), loader);
}

static void
an_invalid_element_leaves_the_last_good_one(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    set_element(ELEMENT("<placement cpuset='1'/>"));
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    set_element(ELEMENT("<placement cpuset='0' smt='maybe'/>"));
    assert_status("invalid=\"domain window: &lt;bpfpv:placement smt=");
    assert_status("is not one of match, isolate, ignore");
    assert_status("<status state=\"active\"");
    bed_assert_vcpupin(guest, 1, "1", 0);
    set_element(ELEMENT("<placement cpuset='0'/>"));
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

/* Over a second of changes, it is written about once a second. */
static void
the_status_changes_at_most_once_a_second(void **state)
{
    g_autofree char *last = status();
    gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    guint changes = 0;

    while (g_get_monotonic_time() < end) {
        gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
        g_autofree char *now = status();

        bed_guest_kill(guest, pid, SIGKILL);
        if (!g_str_equal(now, last))
            changes++;
        g_free(last);
        last = g_steal_pointer(&now);
    }
    assert_in_range(changes, 1, 6);
}

static void
removing_the_element_restores_exactly(void **state)
{
    bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_int_equal(
        bed_virsh(NULL, NULL, "metadata", "window", DOMAIN_NS, "--remove", "--live", NULL), 0);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_status(NULL);
    assert_int_equal(itest_loader(guest), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_the_element_attaches),
        cmocka_unit_test(the_status_follows_what_virsh_shows),
        cmocka_unit_test(the_definition_has_no_status),
        cmocka_unit_test(mode_and_limit_change_without_a_new_injection),
        cmocka_unit_test(the_limit_of_keys_changes_without_a_new_injection),
        cmocka_unit_test(an_invalid_element_leaves_the_last_good_one),
        cmocka_unit_test(the_status_changes_at_most_once_a_second),
        cmocka_unit_test(removing_the_element_restores_exactly),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
