/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A member of the zoo: waits for the commands in its slot and obeys; see churn.h. */
#define _GNU_SOURCE
#include "churn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_BYTES (64 * 1024)
#define STORM_PINS 40

/* The ids as /proc has them, whose PID namespace is the machine's. */
static void
learn_ids(struct slot *slot)
{
    char link[64];
    ssize_t n = readlink("/proc/thread-self", link, sizeof(link) - 1);

    link[n > 0 ? n : 0] = '\0';
    if (sscanf(link, "%d/task/%d", &slot->pid, &slot->tid) != 2)
        abort();
}

static void *
thread_main(void *slot)
{
    member_run((int)(long)slot);
}

static int
start_thread(int slot)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, thread_main, (void *)(long)slot);
    pthread_attr_destroy(&attributes);
    return error;
}

static int
start_process(int slot)
{
    pid_t child = fork();

    if (child == 0)
        member_run(slot);
    return child < 0 ? errno : 0;
}

/* The caller's next child would be in the new pid_namespace, too, without the way back. */
static int
start_namespace(int slot)
{
    int back = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), error = 0;

    if (back < 0 || unshare(CLONE_NEWPID) < 0)
        error = errno;
    else
        error = start_process(slot);
    setns(back, CLONE_NEWPID);
    close(back);
    return error;
}

static int
become_program(int slot)
{
    char number[16];
    char *const argv[] = {PROGRAM, "task", (char *)shared_file, number, NULL};

    snprintf(number, sizeof(number), "%d", slot);
    execv(PROGRAM, argv);
    return errno;
}

static int
start_by_vfork(int slot, uint64_t mask)
{
    char number[16];
    char *const argv[] = {PROGRAM, "task", (char *)shared_file, number, NULL};
    pid_t child;

    snprintf(number, sizeof(number), "%d", slot);
    child = vfork();
    if (child == 0) {
        set_mask(0, mask);
        execv(PROGRAM, argv);
        _exit(1);
    }
    return child < 0 ? errno : 0;
}

static int
pin_often(uint64_t seed)
{
    uint64_t mask = seed;
    int i, pinned = 0;

    for (i = 0; i < STORM_PINS; i++) {
        mask = mask * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        pinned += set_mask(0, mask >> 33);
    }
    return pinned > 0 ? 0 : EINVAL;
}

/* A call may be on its way while the task ends, and another gets its id. */
static int
pursue(const struct slot *slot)
{
    const volatile int *tid = &slot->argument;
    uint64_t mask = slot->mask;
    unsigned n = 0;

    while (*tid > 0) {
        if (++n % 64 == 0)
            usleep(200); /* it may be above all others */
        mask = mask * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        set_mask(*tid, mask >> 33);
    }
    return 0;
}

static int
crash(void)
{
    const struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &most);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return EINVAL;
}

static int
obey(int index, enum command command)
{
    struct slot *slot = &slots[index];

    switch (command) {
    case PIN:
        return set_mask(0, slot->mask) ? 0 : errno;
    case STORM:
        return pin_often(slot->mask);
    case PURSUE:
        return pursue(slot);
    case THREAD:
        return start_thread(slot->argument);
    case FORK:
        return start_process(slot->argument);
    case FORK_NS:
        return start_namespace(slot->argument);
    case VFORK:
        return start_by_vfork(slot->argument, slot->mask);
    case EXEC:
        return become_program(index);
    case CRASH:
        return crash();
    case EXIT:
        /* The first thread leaves the others behind. What glibc keeps of the thread is lost. */
        syscall(SYS_exit, 0);
        return EINVAL;
    case EXIT_ALL:
        _exit(0);
    default:
        return EINVAL;
    }
}

void
member_run(int index)
{
    struct slot *slot = &slots[index];
    int command;

    learn_ids(slot);
    futex_set(&slot->ready, 1);
    for (;;) {
        futex_wait_change(&slot->command, NOTHING, 0);
        command = slot->command;
        slot->command = NOTHING;
        slot->result = obey(index, command);
        futex_set(&slot->done, slot->done + 1);
    }
}

/* Where a program begins that was started by exec or, with the core on its input, by the kernel. */
int
member_main(const char *file, int slot)
{
    int fd = open(file, O_RDWR | O_CLOEXEC);
    void *memory =
        mmap(NULL, SLOTS * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(0);
    if (fd < 0 || memory == MAP_FAILED || slot < 0 || slot >= SLOTS)
        return 1;
    close(fd);
    slots = memory;
    shared_file = file;
    signal(SIGCHLD, SIG_IGN);
    member_run(slot);
}
