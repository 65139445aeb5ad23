/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * APIC ids from /proc/cpuinfo, see cpu-ids.h.
 */
#include "kernel/cpu-ids.h"
#include "kernel/mpidr.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* "NAME  : NUMBER" */
static bool
take_number(const char *line, const char *name, uint32_t *number)
{
    size_t length = strlen(name);
    char *end;

    if (strncmp(line, name, length) != 0)
        return false;
    line += length + strspn(line + length, " \t");
    if (*line++ != ':')
        return false;
    line += strspn(line, " \t");
    *number = (uint32_t)strtoul(line, &end, 10);
    return end != line && *end == '\0';
}

/* False when there are too many. */
static bool
take_line(struct cpu_ids *ids, const char *line, uint32_t *cpu)
{
    uint32_t id;

    if (take_number(line, "processor", cpu) || !take_number(line, "initial apicid", &id))
        return true;
    if (ids->count == BPFPV_WIRE_MAX_CPU_IDS || *cpu >= BPFPV_WIRE_MAX_CPUS)
        return false;
    ids->of[ids->count++] = (struct bpfpv_wire_cpu_id){*cpu, id};
    return true;
}

void
cpu_ids_refresh(struct cpu_ids *ids)
{
    char text[4096];
    size_t held = 0;
    off_t at = 0;
    uint32_t cpu = 0;
    bool fits = true;
    ssize_t n;

    ids->count = 0;
    while (fits && (n = pread(ids->fd, text + held, sizeof(text) - 1 - held, at)) > 0) {
        char *line = text, *end;

        at += n;
        held += (size_t)n;
        text[held] = '\0';
        for (; fits && (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            fits = take_line(ids, line, &cpu);
        }
        held -= (size_t)(line - text);
        /* Of a line that is longer than all this (flags) only the end is looked at. */
        if (line == text && held == sizeof(text) - 1)
            held = 0;
        memmove(text, line, held);
    }
    /* Half of them would be worse than none. */
    if (!fits)
        ids->count = 0;
}

void
cpu_ids_open(struct cpu_ids *ids)
{
    ids->count = 0;
#ifdef __aarch64__
    /* Once: QEMU plugs no vCPU into a machine of this kind that runs. */
    ids->fd = -1;
    mpidr_read("/sys", ids);
#else
    ids->fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    if (ids->fd >= 0)
        cpu_ids_refresh(ids);
#endif
}
