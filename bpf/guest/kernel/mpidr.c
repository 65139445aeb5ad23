/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MPIDRs as firmware gave them to the kernel, see mpidr.h. From the device tree, where the "reg"
 * of a CPU's node is its MPIDR; or from ACPI's MADT, which has the MPIDR of each processor beside
 * the number by which ACPI knows it.
 */
#include "kernel/mpidr.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define PATH_BYTES 256
/* Of 4,095 CPUs, each with an interrupt controller's two structures. */
#define MADT_BYTES (1u << 20)

/* ACPI 6.5, 5.2.12: the table's header, and its structure for a CPU (GICC). */
#define MADT_HEADER 44
#define GICC 0x0b
#define GICC_UID 8
#define GICC_MPIDR 68

struct madt {
    uint8_t *bytes; /* NULL: the machine has no such table */
    size_t size;
};

/* Returns: how much there was, at most @size; 0 also if there is no such file */
static size_t
read_file(const char *path, void *to, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t held = 0;
    ssize_t n;

    if (fd < 0)
        return 0;
    while (held < size && (n = read(fd, (char *)to + held, size - held)) > 0)
        held += (size_t)n;
    close(fd);
    return held;
}

/* @name: what is under the directory of a CPU */
static size_t
read_of_cpu(const char *sysfs, uint32_t cpu, const char *name, void *to, size_t size)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/%s", sysfs, cpu, name);
    return read_file(path, to, size);
}

static uint32_t
affinity_of(uint64_t mpidr)
{
    return (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
}

/* One or two big-endian cells. */
static bool
from_device_tree(const char *sysfs, uint32_t cpu, uint32_t *id)
{
    uint8_t reg[9];
    uint64_t mpidr = 0;
    size_t size = read_of_cpu(sysfs, cpu, "of_node/reg", reg, sizeof(reg)), i;

    if (size != 4 && size != 8)
        return false;
    for (i = 0; i < size; i++)
        mpidr = mpidr << 8 | reg[i];
    *id = affinity_of(mpidr);
    return true;
}

/* ACPI's are little-endian, as every machine is on which this is compiled. */
static bool
find_in_madt(const struct madt *madt, uint32_t uid, uint32_t *id)
{
    size_t at = MADT_HEADER, length;

    for (; at + 2 <= madt->size; at += length) {
        const uint8_t *entry = madt->bytes + at;
        uint64_t mpidr;

        length = entry[1];
        if (length < 2 || at + length > madt->size)
            return false;
        if (entry[0] != GICC || length < GICC_MPIDR + sizeof(mpidr) ||
            memcmp(entry + GICC_UID, &uid, sizeof(uid)) != 0)
            continue;
        memcpy(&mpidr, entry + GICC_MPIDR, sizeof(mpidr));
        *id = affinity_of(mpidr);
        return true;
    }
    return false;
}

static bool
from_acpi(const char *sysfs, uint32_t cpu, const struct madt *madt, uint32_t *id)
{
    char text[16] = "", *end;
    unsigned long uid;

    read_of_cpu(sysfs, cpu, "firmware_node/uid", text, sizeof(text) - 1);
    uid = strtoul(text, &end, 10);
    return end != text && (*end == '\n' || *end == '\0') && uid <= UINT32_MAX &&
           find_in_madt(madt, (uint32_t)uid, id);
}

static bool
read_all(const char *sysfs, const struct madt *madt, struct cpu_ids *ids)
{
    char path[PATH_BYTES];
    uint32_t cpu, id;

    for (cpu = 0; cpu < BPFPV_WIRE_MAX_CPUS; cpu++) {
        snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u", sysfs, cpu);
        if (access(path, F_OK) != 0)
            continue;
        if (ids->count == BPFPV_WIRE_MAX_CPU_IDS ||
            (!from_device_tree(sysfs, cpu, &id) && !from_acpi(sysfs, cpu, madt, &id)))
            return false;
        ids->of[ids->count++] = (struct bpfpv_wire_cpu_id){cpu, id};
    }
    return true;
}

void
mpidr_read(const char *sysfs, struct cpu_ids *ids)
{
    char path[PATH_BYTES];
    struct madt madt = {.bytes = malloc(MADT_BYTES)};

    ids->count = 0;
    snprintf(path, sizeof(path), "%s/firmware/acpi/tables/APIC", sysfs);
    if (madt.bytes != NULL)
        madt.size = read_file(path, madt.bytes, MADT_BYTES);
    /* Half of them would be worse than none. */
    if (!read_all(sysfs, &madt, ids))
        ids->count = 0;
    free(madt.bytes);
}
