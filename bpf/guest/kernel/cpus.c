/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's CPUs from sysfs, see cpus.h.
 */
#include "kernel/cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/uevent.h"

#define POSSIBLE "/sys/devices/system/cpu/possible"
#define ONLINE "/sys/devices/system/cpu/online"

/* "0-3,8\n" into a set; the highest CPU, or -1 when it isn't such a list, or not the whole of it.
 */
static long
parse_list(const char *text, uint64_t *set)
{
    long first, last = -1;
    char *end;

    memset(set, 0, CPUS_WORDS * sizeof(*set));
    while (*text >= '0' && *text <= '9') {
        first = last = strtol(text, &end, 10);
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        if (last < first || last >= (long)BPFPV_WIRE_MAX_CPUS)
            return -1;
        for (; first <= last; first++)
            set[first / 64] |= UINT64_C(1) << first % 64;
        text = end + (*end == ',');
    }
    return *text == '\n' ? last : -1;
}

/* A page is as long as the kernel makes it. */
static long
read_list(int fd, uint64_t *set)
{
    static char text[65536 + 1]; /* of the largest page */
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    if (n <= 0)
        return -1;
    text[n] = '\0';
    return parse_list(text, set);
}

bool
cpus_open(struct cpus *cpus)
{
    int fd = open(POSSIBLE, O_RDONLY | O_CLOEXEC);
    long last;

    memset(cpus, 0, sizeof(*cpus));
    cpus->online_fd = open(ONLINE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    last = read_list(fd, cpus->possible);
    close(fd);
    if (cpus->online_fd < 0)
        return false;
    if (last < 0) {
        errno = EINVAL;
        return false;
    }
    cpus->n_cpus = (uint32_t)last + 1;
    cpus->words = (cpus->n_cpus + 63) / 64;
    memcpy(cpus->online, cpus->possible, sizeof(cpus->online));
    cpus->uevent_fd = uevent_open(); /* before the first look: nothing falls between */
    cpu_ids_open(&cpus->ids);
    cpus_refresh(cpus);
    return true;
}

void
cpus_refresh(struct cpus *cpus)
{
    uint64_t online[CPUS_WORDS];

    if (read_list(cpus->online_fd, online) >= 0)
        memcpy(cpus->online, online, sizeof(online));
    if (cpus->ids.fd >= 0)
        cpu_ids_refresh(&cpus->ids);
}

void
cpus_heard(struct cpus *cpus)
{
    uevent_drain(cpus->uevent_fd);
    cpus_refresh(cpus);
}
