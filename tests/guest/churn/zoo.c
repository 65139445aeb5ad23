/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The members as the driver sees them: who is alive, and who ends with whom; see churn.h. */
#define _GNU_SOURCE
#include "churn.h"

#include <errno.h>
#include <linux/sched.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Members that the kernel may lose. */
#define MAX_LOST 4

int zoo_population;
pid_t zoo_dead_tid;
static int n_processes;
static int n_namespaces;
static int n_lost;

void
zoo_open(void)
{
    static char path[64];
    int fd = memfd_create("churn", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, SLOTS * sizeof(struct slot)) < 0)
        complain_and_exit("can't make", "the shared file");
    slots = mmap(NULL, SLOTS * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (slots == MAP_FAILED)
        complain_and_exit("can't map", "the shared file");
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
    shared_file = path;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* zombies of all kinds, until zoo_reap() */
}

int
zoo_new_process(void)
{
    return ++n_processes;
}

static int
find(bool alive)
{
    unsigned start = random_below(SLOTS), i, at;

    for (i = 0; i < SLOTS; i++) {
        at = (start + i) % SLOTS;
        if (slots[at].alive == alive && !slots[at].reserved)
            return (int)at;
    }
    return -1;
}

int
zoo_pick(void)
{
    return zoo_population > 0 ? find(true) : -1;
}

int
zoo_reserve(void)
{
    int slot = zoo_population < SLOTS * 3 / 4 ? find(false) : -1;

    if (slot >= 0) {
        memset(&slots[slot], 0, sizeof(slots[slot]));
        slots[slot].reserved = true;
    }
    return slot;
}

void
zoo_release(int slot)
{
    slots[slot].reserved = false;
}

static void
bury_slot(struct slot *slot)
{
    slot->alive = slot->pending = false;
    zoo_population--;
    if (slot->tid > 0 && slot->pid_namespace == 0)
        zoo_dead_tid = slot->tid;
}

static bool
is_there(int process)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i].alive && slots[i].process == process)
            return true;
    }
    return false;
}

/* All threads of a process have ended, or will soon: and its namespace, where it is first. */
void
zoo_bury(int process)
{
    int i, pid_namespace = 0;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i].process != process || !slots[i].alive)
            continue;
        if (slots[i].first)
            pid_namespace = slots[i].pid_namespace;
        bury_slot(&slots[i]);
    }
    for (i = 0; pid_namespace > 0 && i < SLOTS; i++) {
        if (slots[i].alive && slots[i].pid_namespace == pid_namespace)
            bury_slot(&slots[i]);
    }
}

bool
zoo_await(int index, int process, int pid_namespace)
{
    struct slot *slot = &slots[index];

    if (!futex_wait_change(&slot->ready, 0, TIMEOUT_S))
        return false;
    slot->alive = true;
    slot->reserved = false;
    slot->leader = true;
    slot->process = process;
    slot->pid_namespace = pid_namespace;
    zoo_population++;
    return true;
}

/* What a member has made is a member. */
static void
welcome(const struct slot *maker)
{
    struct slot *made = &slots[maker->argument];
    bool thread = maker->last == THREAD, new_space = maker->last == FORK_NS;

    if (!zoo_await(maker->argument, thread ? maker->process : zoo_new_process(),
                   new_space ? ++n_namespaces : maker->pid_namespace))
        complain_and_exit("never came up:", "a member of the zoo");
    made->leader = !thread;
    made->first = new_space || (thread && maker->first);
}

static bool
is_maker(const struct slot *slot)
{
    return slot->last >= THREAD && slot->last <= VFORK;
}

static void
print_file(const char *process, const char *task, const char *file)
{
    char path[96], text[1024] = "";

    snprintf(path, sizeof(path), "/proc/%.12s/task/%.12s/%s", process, task, file);
    read_text(path, text, sizeof(text));
    fprintf(stderr, "bed-churn: %s: %s\n", path, text);
}

/* Where each thread of the process is in the kernel. */
static void
print_threads(pid_t pid)
{
    char process[16], path[32];
    struct dirent *entry;
    DIR *tasks;

    snprintf(process, sizeof(process), "%d", (int)pid);
    snprintf(path, sizeof(path), "/proc/%s/task", process);
    tasks = opendir(path);
    while (tasks && (entry = readdir(tasks))) {
        if (*entry->d_name == '.')
            continue;
        print_file(process, entry->d_name, "stat");
        print_file(process, entry->d_name, "stack");
    }
    if (tasks)
        closedir(tasks);
}

/* The kernel itself can lose a task: with deadline policies, and CPUs that come and go, some do.
 * Its process is ended, and what is known of it goes to the console. */
void
zoo_give_up(int index, enum command command)
{
    struct slot *slot = &slots[index];

    if (++n_lost > MAX_LOST)
        complain_and_exit("too many don't answer:", "members of the zoo");
    fprintf(stderr, "bed-churn: no answer to command %d from thread %d of process %d\n",
            (int)command, (int)slot->tid, (int)slot->pid);
    print_threads(slot->pid);
    kill(slot->pid, SIGKILL);
    zoo_bury(slot->process);
}

void
zoo_finish(int index)
{
    struct slot *slot = &slots[index];
    bool makes = is_maker(slot);

    if (!slot->pending)
        return;
    if (!futex_wait_change(&slot->done, slot->before, TIMEOUT_S)) {
        zoo_give_up(index, slot->last);
        return;
    }
    slot->pending = false;
    if (makes && slot->result == 0)
        welcome(slot);
    else if (makes)
        zoo_release(slot->argument);
    driver_count(slot->kind, slot->result == 0);
}

void
zoo_finish_makers(void)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i].alive && is_maker(&slots[i]))
            zoo_finish(i);
    }
}

void
zoo_finish_all(void)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i].alive)
            zoo_finish(i);
    }
}

/* A process of the driver's own. glibc's idea of its ids is stale in there, and not used. */
bool
zoo_start(int slot, int directory, pid_t tid)
{
    uint64_t wanted = (uint64_t)(uintptr_t)&tid;
    struct clone_args args = {.exit_signal = SIGCHLD};
    long child;

    if (directory > 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)directory;
    }
    if (tid > 0) {
        args.set_tid = wanted;
        args.set_tid_size = 1;
    }
    child = syscall(SYS_clone3, &args, sizeof(args));
    if (child == 0) {
        close_range(3, ~0U, 0); /* the driver's sockets */
        signal(SIGCHLD, SIG_IGN);
        member_run(slot);
    }
    if (child < 0) {
        zoo_release(slot);
        return false;
    }
    return zoo_await(slot, zoo_new_process(), 0);
}

void
zoo_reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

bool
zoo_has_others(int slot)
{
    bool others;

    slots[slot].alive = false;
    others = is_there(slots[slot].process);
    slots[slot].alive = true;
    return others;
}

void
zoo_bury_one(int slot)
{
    if (zoo_has_others(slot))
        bury_slot(&slots[slot]);
    else
        zoo_bury(slots[slot].process);
}
