/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations on members. What a member does by itself is only posted here, so that several are
 * under way at a time, and meet what is done to them.
 */
#define _GNU_SOURCE
#include "churn.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static enum outcome
post(int index, enum command command, int argument, unsigned kind)
{
    struct slot *slot = &slots[index];

    zoo_finish(index);
    if (!slot->alive)
        return FAILED;
    slot->argument = argument;
    slot->mask = random_mask();
    slot->kind = kind;
    slot->last = command;
    slot->before = slot->done;
    slot->pending = true;
    futex_set(&slot->command, command);
    return LATER;
}

/* A member that is as wanted; of all that there are a few are tried. */
static int
pick(bool (*wanted)(int slot))
{
    int tries, slot;

    for (tries = 0; tries < 32; tries++) {
        slot = zoo_pick();
        if (slot < 0 || wanted(slot))
            return slot;
    }
    return -1;
}

static enum outcome
post_to_any(enum command command, unsigned kind)
{
    int slot = zoo_pick();

    return slot >= 0 ? post(slot, command, 0, kind) : FAILED;
}

static enum outcome
post_making(int maker, enum command command, unsigned kind)
{
    int made;

    if (maker < 0)
        return FAILED;
    zoo_finish(maker); /* its end may take what is free */
    made = slots[maker].alive ? zoo_reserve() : -1;
    return made >= 0 ? post(maker, command, made, kind) : FAILED;
}

enum outcome
member_pin(unsigned kind)
{
    return post_to_any(PIN, kind);
}

enum outcome
member_storm(unsigned kind)
{
    return post_to_any(STORM, kind);
}

/* Whatever it is doing meanwhile. */
enum outcome
member_pin_other(unsigned kind)
{
    int slot = zoo_pick();

    return slot >= 0 && set_mask(slots[slot].tid, random_mask()) ? SUCCEEDED : FAILED;
}

enum outcome
member_spawn(unsigned kind)
{
    int slot = zoo_reserve();

    return slot >= 0 && zoo_start(slot, 0, 0) ? SUCCEEDED : FAILED;
}

enum outcome
member_thread(unsigned kind)
{
    return post_making(zoo_pick(), THREAD, kind);
}

enum outcome
member_fork(unsigned kind)
{
    return post_making(zoo_pick(), FORK, kind);
}

static bool
is_in_machines_namespace(int slot)
{
    return slots[slot].pid_namespace == 0;
}

enum outcome
member_fork_ns(unsigned kind)
{
    return post_making(pick(is_in_machines_namespace), FORK_NS, kind);
}

enum outcome
member_vfork(unsigned kind)
{
    return post_making(zoo_pick(), VFORK, kind);
}

static bool
is_first_thread(int slot)
{
    return slots[slot].leader;
}

static bool
is_other_thread(int slot)
{
    return !slots[slot].leader;
}

/* The other threads end, whatever they are doing; this one goes on, with the first one's id. */
static enum outcome
exec(int index)
{
    struct slot *slot = &slots[index];
    int i;

    if (index < 0)
        return FAILED;
    zoo_finish_makers();
    zoo_finish(index);
    if (!slot->alive)
        return FAILED;
    slot->ready = 0;
    futex_set(&slot->command, EXEC);
    if (!futex_wait_change(&slot->ready, 0, TIMEOUT_S)) {
        zoo_give_up(index, EXEC);
        return FAILED;
    }
    slot->leader = true;
    for (i = 0; i < SLOTS; i++) {
        if (i != index && slots[i].alive && slots[i].process == slot->process)
            zoo_bury_one(i);
    }
    return slot->tid == slot->pid ? SUCCEEDED : FAILED;
}

enum outcome
member_exec(unsigned kind)
{
    return exec(pick(is_first_thread));
}

enum outcome
member_exec_thread(unsigned kind)
{
    return exec(pick(is_other_thread));
}

/* Now and then with a new mask, while it ends. */
static enum outcome
end(int index, enum command command)
{
    pid_t tid;

    if (index < 0)
        return FAILED;
    zoo_finish_makers();
    zoo_finish(index);
    if (!slots[index].alive)
        return FAILED;
    tid = slots[index].tid;
    futex_set(&slots[index].command, command);
    if (random_below(2))
        set_mask(tid, random_mask());
    if (command == EXIT)
        zoo_bury_one(index);
    else
        zoo_bury(slots[index].process);
    return SUCCEEDED;
}

enum outcome
member_exit(unsigned kind)
{
    return end(pick(is_other_thread), EXIT);
}

static bool
is_first_of_several(int slot)
{
    return slots[slot].leader && zoo_has_others(slot);
}

enum outcome
member_exit_leader(unsigned kind)
{
    return end(pick(is_first_of_several), EXIT);
}

enum outcome
member_exit_all(unsigned kind)
{
    return end(zoo_pick(), EXIT_ALL);
}

enum outcome
member_kill(unsigned kind)
{
    int slot = zoo_pick();

    if (slot < 0)
        return FAILED;
    zoo_finish_makers();
    if (kill(slots[slot].pid, SIGKILL) < 0)
        return FAILED;
    zoo_bury(slots[slot].process);
    return SUCCEEDED;
}

/* One that has the thread id of another that has ended; unless that is still a zombie. */
enum outcome
member_reuse(unsigned kind)
{
    int slot = zoo_reserve();
    pid_t tid = zoo_dead_tid;

    if (slot < 0 || tid == 0) {
        if (slot >= 0)
            zoo_release(slot);
        return FAILED;
    }
    zoo_dead_tid = 0;
    zoo_reap();
    return zoo_start(slot, 0, tid) && slots[slot].tid == tid ? SUCCEEDED : FAILED;
}

static bool
is_thread_of_machine(int slot)
{
    return is_other_thread(slot) && is_in_machines_namespace(slot);
}

/* Two of other processes pin a thread without a pause while it ends, and while another task, born
 * with a mask of its own, gets its id. */
enum outcome
member_pursue(unsigned kind)
{
    int victim = pick(is_thread_of_machine), slot = zoo_reserve(), hunters[2], tries, i;
    bool born = false;
    pid_t tid;

    for (i = 0; i < 2; i++)
        hunters[i] = zoo_pick();
    if (victim < 0 || slot < 0 || hunters[0] == hunters[1] || slots[hunters[0]].pid_namespace ||
        slots[hunters[1]].pid_namespace || slots[hunters[0]].process == slots[victim].process ||
        slots[hunters[1]].process == slots[victim].process) {
        if (slot >= 0)
            zoo_release(slot);
        return FAILED;
    }
    zoo_finish_makers();
    zoo_finish(victim);
    if (!slots[victim].alive) {
        zoo_release(slot);
        return FAILED;
    }
    tid = slots[victim].tid;
    for (i = 0; i < 2; i++)
        post(hunters[i], PURSUE, tid, kind);
    usleep(1000);
    futex_set(&slots[victim].command, EXIT);
    zoo_bury_one(victim);
    set_mask(0, UINT64_C(1) << random_below(n_cpus));
    for (i = 0; i < 2; i++)
        slots[hunters[i]].argument = 0;
    for (tries = 0; !born && tries < 100; tries++)
        born = zoo_start(slot, 0, tid); /* as soon as the id is free */
    set_mask(0, ~UINT64_C(0));
    if (!born)
        zoo_release(slot);
    return LATER;
}

/* A program that the kernel starts by itself, from a worker thread: for the core of a member. */
enum outcome
member_helper(unsigned kind)
{
    int crashing = zoo_reserve(), helper = zoo_reserve();
    bool up = false;

    if (crashing >= 0 && helper >= 0 &&
        write_text("/proc/sys/kernel/core_pattern", "|%s task %s %d", PROGRAM, shared_file,
                   helper) &&
        zoo_start(crashing, 0, 0)) {
        futex_set(&slots[crashing].command, CRASH);
        zoo_bury(slots[crashing].process);
        up = zoo_await(helper, zoo_new_process(), 0);
    } else if (crashing >= 0) {
        zoo_release(crashing);
    }
    if (helper >= 0 && !up)
        zoo_release(helper);
    return up ? SUCCEEDED : FAILED;
}
