/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook in a real libvirtd: virsh itself says what is wrong with each of
 * the schema's invalid examples, and each of the valid ones starts.
 */
#include "itest.h"

#include <string.h>

static int
setup(void **state)
{
    bed_hook_install();
    return 0;
}

static char *
example(const char *directory, const char *name)
{
    return g_build_filename(g_getenv("BPFPV_SCHEMA_DIR"), directory, name, NULL);
}

static void
for_each(const char *directory, void (*check)(const char *path, const char *name))
{
    g_autofree char *path = example(directory, "");
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *file;
    guint n = 0;

    assert_non_null(folder);
    while ((file = g_dir_read_name(folder))) {
        g_autofree char *xml = example(directory, file);
        g_autofree char *name = g_strndup(file, strlen(file) - MIN(strlen(file), 4));
        g_autofree char *err = NULL;

        if (!g_str_has_suffix(file, ".xml"))
            continue;
        if (bed_virsh(NULL, &err, "define", xml, NULL) != 0)
            bed_fail("define %s: %s", xml, err);
        check(xml, name);
        bed_virsh(NULL, NULL, "undefine", name, NULL);
        n++;
    }
    assert_true(n > 2);
}

static void
assert_starts(const char *path, const char *name)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "start", name, NULL) != 0)
        bed_fail("%s does not start: %s", path, err);
    assert_int_equal(bed_virsh(NULL, NULL, "destroy", name, NULL), 0);
}

static char *
host_cpus(void)
{
    char *text = NULL;

    assert_true(g_file_get_contents("/sys/devices/system/cpu/present", &text, NULL, NULL));
    return g_strchomp(text);
}

static void
assert_refused(const char *path, const char *name)
{
    g_autofree char *file = g_strndup(path, strlen(path) - 4);
    g_autofree char *beside = g_strconcat(file, ".expected", NULL);
    g_autofree char *host = host_cpus();
    g_autofree char *text = NULL;
    g_autofree char *err = NULL;
    GString *expected;

    assert_true(g_file_get_contents(beside, &text, NULL, NULL));
    expected = g_string_new(text);
    g_string_replace(expected, "@HOST@", host, 0);
    assert_int_equal(bed_virsh(NULL, &err, "start", name, NULL), 1);
    if (!strstr(err, expected->str))
        bed_fail("%s: virsh should say\n%sbut says\n%s", path, expected->str, err);
    g_string_free(expected, TRUE);
}

static void
assert_dropped(const char *path, const char *name)
{
    g_autofree char *xml = NULL;
    const char *once;

    assert_int_equal(bed_virsh(&xml, NULL, "dumpxml", name, NULL), 0);
    once = strstr(xml, "<program");
    assert_true(!once || !strstr(once + 1, "<program"));
    assert_starts(path, name);
}

static void
every_valid_example_starts(void **state)
{
    for_each("valid", assert_starts);
}

static void
virsh_says_what_is_wrong_with_every_invalid_one(void **state)
{
    for_each("invalid", assert_refused);
}

static void
libvirt_drops_what_only_validate_can_find(void **state)
{
    for_each("invalid/lost", assert_dropped);
}

static void
by_configuration_it_only_warns(void **state)
{
    bed_hook_configure("[hook]\ninvalid=warn\n");
    for_each("invalid", assert_starts);
    bed_hook_configure("");
}

/* Its start refused nothing, and its element is broken while it runs: reconnect must not mind. */
static void
a_restart_of_libvirtd_never_kills_a_guest(void **state)
{
    static const BedGuestOptions options = {.name = "runs", .no_wait = TRUE};
    BedGuest *guest = bed_guest_start(&options);
    int id = (int)virDomainGetID(bed_guest_domain(guest));

    assert_int_equal(bed_virsh(NULL, NULL, "metadata", "runs", "urn:bpfpv:domain:1", "--key",
                               "bpfpv", "--set", "<bpfpv><nonsense/></bpfpv>", "--live", NULL),
                     0);
    bed_libvirtd("restart");
    assert_int_equal(virDomainIsActive(bed_guest_domain(guest)), 1);
    assert_int_equal(virDomainGetID(bed_guest_domain(guest)), id);
    bed_guest_destroy(guest);
}

/* As during an upgrade, or where libvirtd may not execute it. */
static void
a_program_that_cannot_run_stops_nothing(void **state)
{
    static const char *const programs[] = {NULL, "/nonexistent", "/bin/false/no"};
    static const BedGuestOptions options = {.name = "goes-on", .no_wait = TRUE};

    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        BedGuest *guest;

        bed_hook_set_program(programs[i]);
        guest = bed_guest_start(&options);
        bed_libvirtd("restart");
        assert_int_equal(virDomainIsActive(bed_guest_domain(guest)), 1);
        bed_guest_destroy(guest);
    }
    bed_hook_set_program(g_getenv("BPFPV_HOOK"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_valid_example_starts),
        cmocka_unit_test(virsh_says_what_is_wrong_with_every_invalid_one),
        cmocka_unit_test(libvirt_drops_what_only_validate_can_find),
        cmocka_unit_test(by_configuration_it_only_warns),
        cmocka_unit_test(a_restart_of_libvirtd_never_kills_a_guest),
        cmocka_unit_test(a_program_that_cannot_run_stops_nothing),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
