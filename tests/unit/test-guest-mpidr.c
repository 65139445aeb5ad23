/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the loader finds in sysfs of the MPIDRs of an arm64 guest's CPUs: by device tree and by
 * ACPI. */
#include "unit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "kernel/mpidr.h"

static char *sysfs;

static int
make_sysfs(void **state)
{
    sysfs = g_dir_make_tmp("bpfpv-mpidr-XXXXXX", NULL);
    return sysfs ? 0 : -1;
}

static void
remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_tree(below);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static int
remove_sysfs(void **state)
{
    remove_tree(sysfs);
    g_clear_pointer(&sysfs, g_free);
    return 0;
}

static void
put(const char *name, const void *bytes, gsize size)
{
    g_autofree char *path = g_build_filename(sysfs, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

static void
put_of_cpu(guint cpu, const char *name, const void *bytes, gsize size)
{
    g_autofree char *path = g_strdup_printf("devices/system/cpu/cpu%u/%s", cpu, name);

    put(path, bytes, size);
}

static void
put_reg(guint cpu, guint64 mpidr, gsize size)
{
    guint64 reg = GUINT64_TO_BE(mpidr);

    put_of_cpu(cpu, "of_node/reg", (const guint8 *)&reg + sizeof(reg) - size, size);
}

static void
put_uid(guint cpu, const char *uid)
{
    put_of_cpu(cpu, "firmware_node/uid", uid, strlen(uid));
}

/* ACPI 6.5's GICC structure, of 82 bytes; QEMU's has 80 or less. */
static void
append_gicc(GByteArray *madt, guint32 uid, guint64 mpidr, guint8 length)
{
    guint8 gicc[82] = {0x0b, length};

    uid = GUINT32_TO_LE(uid);
    mpidr = GUINT64_TO_LE(mpidr);
    memcpy(gicc + 8, &uid, sizeof(uid));
    memcpy(gicc + 68, &mpidr, sizeof(mpidr));
    g_byte_array_append(madt, gicc, length);
}

static GByteArray *
new_madt(void)
{
    static const guint8 header[44] = "APIC", distributor[24] = {0x0c, 24};
    GByteArray *madt = g_byte_array_new();

    g_byte_array_append(madt, header, sizeof(header));
    return g_byte_array_append(madt, distributor, sizeof(distributor));
}

static void
put_madt(const GByteArray *madt)
{
    put("firmware/acpi/tables/APIC", madt->data, madt->len);
}

static void
assert_ids(const struct bpfpv_wire_cpu_id *expected, guint n)
{
    static struct cpu_ids ids;

    mpidr_read(sysfs, &ids);
    assert_int_equal(ids.count, n);
    for (guint i = 0; i < n; i++) {
        assert_int_equal(ids.of[i].cpu, expected[i].cpu);
        assert_int_equal(ids.of[i].id, expected[i].id);
    }
}

static void
nothing_is_known_where_firmware_is_silent(void **state)
{
    assert_ids(NULL, 0);
    put_of_cpu(0, "online", "1\n", 2);
    assert_ids(NULL, 0);
}

static void
a_device_tree_has_one_cell_or_two(void **state)
{
    static const struct bpfpv_wire_cpu_id expected[] = {{0, 0x101}, {1, 0}, {3, 0x02030405}};

    put_reg(0, 0x101, 4);
    put_reg(1, 0, 8);
    put_reg(3, 0x0200030405, 8);
    assert_ids(expected, G_N_ELEMENTS(expected));
}

static void
acpi_tells_by_the_number_of_the_processor(void **state)
{
    static const struct bpfpv_wire_cpu_id expected[] = {{0, 0x100}, {1, 2}, {2, 0x02030405}};
    g_autoptr(GByteArray) madt = new_madt();

    append_gicc(madt, 2, 2, 76);
    append_gicc(madt, 16, 0x100, 80);
    append_gicc(madt, 7, 0x0200030405, 82);
    put_madt(madt);
    put_uid(0, "16\n");
    put_uid(1, "2\n");
    put_uid(2, "7\n");
    assert_ids(expected, G_N_ELEMENTS(expected));
}

/* As QEMU 7.2 makes it for a "virt" machine of three CPUs. */
static void
qemus_own_table_is_read(void **state)
{
    static const char madt[] =
        "QVBJQ1gBAAAEMUJPQ0hTIEJYUEMgICAgAQAAAEJYUEMBAAAAAAAAAAAAAAAMGAAAAAAAAAAAAAgA"
        "AAAAAAAAAAMAAAALUAAAAAAAAAAAAAABAAAAAAAAABcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAtQAAABAAAAAQAAAAEAAAAAAAAAFwAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAA"
        "C1AAAAIAAAACAAAAAQAAAAAAAAAXAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAACAAAAAAAAAAAAAAAOEAAAAAAKCAAAAAAAAPYADxQAAAAAAAAAAAgIAAAAAAAA"
        "AAA=";
    static const struct bpfpv_wire_cpu_id expected[] = {{0, 2}, {1, 0}, {2, 1}};
    gsize size;
    g_autofree guchar *bytes = g_base64_decode(madt, &size);

    put("firmware/acpi/tables/APIC", bytes, size);
    put_uid(0, "2\n");
    put_uid(1, "0\n");
    put_uid(2, "1\n");
    assert_ids(expected, G_N_ELEMENTS(expected));
}

static void
half_of_them_is_none(void **state)
{
    put_reg(0, 0, 4);
    put_of_cpu(1, "of_node/name", "cpu", 4);
    assert_ids(NULL, 0);
}

static void
a_table_that_makes_no_sense_tells_nothing(void **state)
{
    static const char *const uids[] = {"3\n", "", "QEMU\n", "1x\n", "4294967297\n"};
    static const guint8 endless[] = {0x0e, 0};
    g_autoptr(GByteArray) madt = new_madt();

    append_gicc(madt, 1, 1, 80);
    put_madt(madt);
    for (guint i = 0; i < G_N_ELEMENTS(uids); i++) {
        put_uid(0, uids[i]);
        assert_ids(NULL, 0);
    }
    put_uid(0, "1\n");
    for (guint cut = 1; cut <= 80; cut++) {
        put("firmware/acpi/tables/APIC", madt->data, madt->len - cut);
        assert_ids(NULL, 0);
    }
    g_byte_array_set_size(madt, 44);
    g_byte_array_append(madt, endless, sizeof(endless));
    append_gicc(madt, 1, 1, 80);
    put_madt(madt);
    assert_ids(NULL, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_known_where_firmware_is_silent, make_sysfs,
                                        remove_sysfs),
        cmocka_unit_test_setup_teardown(a_device_tree_has_one_cell_or_two, make_sysfs,
                                        remove_sysfs),
        cmocka_unit_test_setup_teardown(acpi_tells_by_the_number_of_the_processor, make_sysfs,
                                        remove_sysfs),
        cmocka_unit_test_setup_teardown(qemus_own_table_is_read, make_sysfs, remove_sysfs),
        cmocka_unit_test_setup_teardown(half_of_them_is_none, make_sysfs, remove_sysfs),
        cmocka_unit_test_setup_teardown(a_table_that_makes_no_sense_tells_nothing, make_sysfs,
                                        remove_sysfs),
    };

    return cmocka_run_group_tests_name("guest-mpidr", tests, NULL, NULL);
}
