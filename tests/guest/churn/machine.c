/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on the machine: CPUs, kernel threads, scheduling policies; see churn.h. */
#define _GNU_SOURCE
#include "churn.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KTHREADD 2
#define DEADLINE 6 /* SCHED_DEADLINE, which libc hides */
#define PERIOD_NS (10 * 1000 * 1000)
/* Of a task that was under it, the kernel has a timer for another period. */
#define SETTLE_US (20 * PERIOD_NS / 1000)

unsigned n_cpus;
static pid_t kswapd;
static uint64_t offline;
static bool had_deadlines; /* since a CPU went offline */

/* Without libc's: older ones lack it. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period; /* ns */
};

static pid_t
find_kernel_thread(const char *name)
{
    char path[300], comm[32];
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    pid_t found = 0;

    while (proc && !found && (entry = readdir(proc))) {
        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        if (read_text(path, comm, sizeof(comm)) && strncmp(comm, name, strlen(name)) == 0)
            found = atoi(entry->d_name);
    }
    if (proc)
        closedir(proc);
    return found;
}

void
machine_open(void)
{
    kswapd = find_kernel_thread("kswapd");
}

static bool
set_policy_of(int slot, struct attributes attributes)
{
    attributes.size = sizeof(attributes);
    return syscall(SYS_sched_setattr, slots[slot].tid, &attributes, 0) == 0;
}

static bool
set_online(unsigned cpu, bool on)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
    return write_text(path, "%d", on);
}

static void
end_deadlines(void)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i].alive && sched_getscheduler(slots[i].tid) == DEADLINE)
            set_policy_of(i, (struct attributes){.policy = SCHED_OTHER});
    }
}

/* Not the first, which newer kernels keep; and two of them stay. */
enum outcome
machine_offline(unsigned kind)
{
    unsigned cpu = 1 + random_below(n_cpus - 1);

    if (offline >> cpu & 1 || (unsigned)__builtin_popcountll(offline) + 2 >= n_cpus)
        return FAILED;
    if (had_deadlines) {
        end_deadlines();
        usleep(SETTLE_US);
        had_deadlines = false;
    }
    if (!set_online(cpu, false))
        return FAILED;
    offline |= UINT64_C(1) << cpu;
    return SUCCEEDED;
}

enum outcome
machine_online(unsigned kind)
{
    unsigned cpu;

    for (cpu = 1; cpu < n_cpus; cpu++) {
        if (!(offline >> cpu & 1))
            continue;
        if (!set_online(cpu, true))
            return FAILED;
        offline &= ~(UINT64_C(1) << cpu);
        return SUCCEEDED;
    }
    return FAILED;
}

/* The unbound workers, which are what starts the kernel's helper programs. */
enum outcome
machine_workers(unsigned kind)
{
    uint64_t mask = random_mask() & ((UINT64_C(1) << n_cpus) - 1);

    return write_text("/sys/devices/virtual/workqueue/cpumask", "%llx", (unsigned long long)mask)
               ? SUCCEEDED
               : FAILED;
}

enum outcome
machine_kthread(unsigned kind)
{
    pid_t tid = kswapd > 0 && random_below(2) ? kswapd : KTHREADD;

    return set_mask(tid, random_mask()) ? SUCCEEDED : FAILED;
}

static enum outcome
set_policy(struct attributes attributes)
{
    int slot = zoo_pick();

    return slot >= 0 && set_policy_of(slot, attributes) ? SUCCEEDED : FAILED;
}

enum outcome
machine_fifo(unsigned kind)
{
    return set_policy((struct attributes){.policy = random_below(2) ? SCHED_FIFO : SCHED_RR,
                                          .priority = 1 + random_below(50)});
}

/* Only admitted with a mask that spans the root domain: all CPUs, or those of a partition. The
 * task can't fork then, or be pinned to less. All CPUs come back before, and there is no such task
 * when one goes: kernels of before 7 divide by zero when they account for a task whose root domain
 * has no CPU left. */
enum outcome
machine_deadline(unsigned kind)
{
    while (offline != 0) {
        if (machine_online(kind) != SUCCEEDED)
            return FAILED;
    }
    had_deadlines = true;
    return set_policy((struct attributes){
        .policy = DEADLINE, .runtime = PERIOD_NS / 10, .deadline = PERIOD_NS, .period = PERIOD_NS});
}

enum outcome
machine_normal(unsigned kind)
{
    static const uint32_t policies[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};

    return set_policy((struct attributes){.policy = policies[random_below(3)]});
}
