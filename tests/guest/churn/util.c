/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the shared file, files, and the seeded sequence with the masks made from it. */
#define _GNU_SOURCE
#include "churn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t state;

void
futex_set(int *word, int value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Until *word isn't @from any more; for ever where @seconds is 0. Returns whether it changed. */
bool
futex_wait_change(int *word, int from, int seconds)
{
    struct timespec now, pause = {0, 100 * 1000 * 1000};
    time_t end;

    clock_gettime(CLOCK_MONOTONIC, &now);
    end = now.tv_sec + seconds;
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == from) {
        if (seconds && now.tv_sec > end)
            return false;
        syscall(SYS_futex, word, FUTEX_WAIT, from, seconds ? &pause : NULL, NULL, 0);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return true;
}

/* One write, as the kernel's files want it; errno says what it thinks of the text. */
bool
write_text(const char *path, const char *format, ...)
{
    char text[256];
    va_list list;
    int fd, length, error;
    ssize_t n;

    va_start(list, format);
    length = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = write(fd, text, (size_t)length);
    error = errno;
    close(fd);
    errno = error;
    return n == length;
}

bool
read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* xorshift64* */
void
random_seed(uint64_t seed)
{
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    state += state == 0;
}

unsigned
random_below(unsigned n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* One CPU, some, all, and now and then more than there are. */
uint64_t
random_mask(void)
{
    uint64_t all = (UINT64_C(1) << n_cpus) - 1;

    switch (random_below(8)) {
    case 0:
        return all;
    case 1:
        return ~UINT64_C(0);
    case 2:
    case 3:
    case 4:
        return UINT64_C(1) << random_below(n_cpus);
    default:
        return 1 + random_below((unsigned)all);
    }
}

bool
set_mask(pid_t tid, uint64_t mask)
{
    cpu_set_t set;

    memset(&set, 0, sizeof(set));
    memcpy(&set, &mask, sizeof(mask));
    return sched_setaffinity(tid, sizeof(set), &set) == 0;
}

/* "0-1,3": as the kernel and libvirt write it. */
void
format_mask(uint64_t mask, char *text, size_t size)
{
    unsigned first, last;
    size_t at = 0;

    *text = '\0';
    for (first = 0; first < n_cpus; first = last + 1) {
        last = first;
        if (!(mask >> first & 1))
            continue;
        while (last + 1 < n_cpus && mask >> (last + 1) & 1)
            last++;
        at += (size_t)snprintf(text + at, size - at, last > first ? "%s%u-%u" : "%s%u",
                               at ? "," : "", first, last);
    }
}

uint64_t
parse_mask(const char *list)
{
    unsigned first, last;
    uint64_t mask = 0;
    int n;

    while (sscanf(list, "%u%n", &first, &n) == 1) {
        list += n;
        last = first;
        if (sscanf(list, "-%u%n", &last, &n) == 1)
            list += n;
        for (; first <= last && first < MAX_CPUS; first++)
            mask |= UINT64_C(1) << first;
        list += *list == ',';
    }
    return mask;
}
