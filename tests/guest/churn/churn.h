/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bed-churn: a zoo of tasks in the test guest, and a driver that does to them, and to the machine,
 * whatever changes a task's CPU mask, at random from a seed. Static, without GLib.
 *
 *   bed-churn driver SEED [v1]  serves steps until killed; v1: cpusets in a hierarchy of their own
 *   bed-churn step N            has the driver do N operations and wait for what it set off, then
 *                               prints the truth: "TID LIST" for each task that may not run on
 *                               every possible CPU
 *   bed-churn truth             prints the truth; needs no driver
 *   bed-churn statistics        prints "NAME SUCCEEDED FAILED" for each kind of operation
 *   bed-churn task FILE SLOT    a member of the zoo; the driver starts it
 *
 * Driver and members share a file in memory, with a slot for each member. A member sleeps until
 * its slot has a command. The choices depend on the seed alone, but for what the kernel refuses.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SLOTS 160
#define MAX_CPUS 32
#define DRIVER_SOCKET "/run/churn.socket"
#define PROGRAM "/bin/bed-churn"
#define TIMEOUT_S 20

/* What a member can be told to do by itself. */
enum command {
    NOTHING,
    PIN,      /* to mask */
    STORM,    /* pins itself often, to masks made from mask as a seed */
    PURSUE,   /* pins task argument again and again, until that is changed */
    THREAD,   /* starts slot argument as a thread */
    FORK,     /* as a process */
    FORK_NS,  /* as the first process of a PID namespace */
    VFORK,    /* as a process that is pinned to mask between vfork and exec */
    EXEC,     /* becomes a new program; its process's other threads end */
    CRASH,    /* dumps core: into a program that the kernel starts */
    EXIT,     /* ends the thread alone */
    EXIT_ALL, /* ends the process */
};

struct slot {
    int command; /* the member waits on it */
    int done;    /* the driver waits on it: counts what the member has finished */
    int result;  /* of the last command: 0 or an errno */
    int argument;
    uint64_t mask;
    int ready;      /* the driver waits on it: the member runs */
    pid_t tid, pid; /* as the machine's first PID namespace has them */

    /* the driver's own */
    bool alive;
    bool reserved; /* a member is about to begin in it */
    bool pending;  /* a command is under way */
    unsigned kind; /* the operation that it belongs to */
    enum command last;
    int before;        /* what done was */
    int process;       /* the same for all threads of one */
    int pid_namespace; /* 0 is the machine's */
    bool leader;
    bool first; /* its process is the first of its namespace: all end with it */
};

/* How an operation went. LATER: zoo_finish() tells. */
enum outcome { FAILED, SUCCEEDED, LATER };

extern struct slot *slots;
extern const char *shared_file;
extern unsigned n_cpus;

/* main.c */
void complain_and_exit(const char *what, const char *object) __attribute__((noreturn));

/* driver.c: the choice among all operations */
int driver_main(uint64_t seed, bool v1);
void driver_count(unsigned kind, bool succeeded);
bool driver_ask(const char *text);

/* task.c: the members */
void member_run(int slot) __attribute__((noreturn));
int member_main(const char *file, int slot);

/* util.c: shared memory, files, the seeded sequence and masks from it */
void futex_set(int *word, int value);
bool futex_wait_change(int *word, int from, int seconds);
bool write_text(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool read_text(const char *path, char *text, size_t size);
void random_seed(uint64_t seed);
unsigned random_below(unsigned n);
uint64_t random_mask(void);
bool set_mask(pid_t tid, uint64_t mask);
void format_mask(uint64_t mask, char *text, size_t size);
uint64_t parse_mask(const char *list);

/* zoo.c: the members as the driver sees them */
extern int zoo_population;
extern pid_t zoo_dead_tid; /* of one that ended lately, or 0 */
void zoo_open(void);
int zoo_pick(void);    /* a member that is alive, or -1 */
int zoo_reserve(void); /* a slot for another, or -1 */
void zoo_release(int slot);
bool zoo_start(int slot, int directory, pid_t tid); /* 0: no cgroup's directory, any id */
bool zoo_await(int slot, int process,
               int pid_namespace); /* until a process that begins in it runs */
void zoo_finish(int slot);
void zoo_give_up(int slot, enum command command); /* it doesn't answer, and is ended */
void zoo_finish_makers(void);                     /* those who are making others */
void zoo_finish_all(void);
void zoo_reap(void);
bool zoo_has_others(int slot); /* threads of its process */
void zoo_bury(int process);    /* it has ended, or will in a moment */
void zoo_bury_one(int slot);   /* the thread alone */
int zoo_new_process(void);

/* members.c: operations on members */
enum outcome member_pin(unsigned kind);
enum outcome member_storm(unsigned kind);
enum outcome member_pin_other(unsigned kind);
enum outcome member_spawn(unsigned kind);
enum outcome member_thread(unsigned kind);
enum outcome member_fork(unsigned kind);
enum outcome member_fork_ns(unsigned kind);
enum outcome member_vfork(unsigned kind);
enum outcome member_exec(unsigned kind);
enum outcome member_exec_thread(unsigned kind);
enum outcome member_exit(unsigned kind);
enum outcome member_exit_leader(unsigned kind);
enum outcome member_exit_all(unsigned kind);
enum outcome member_kill(unsigned kind);
enum outcome member_reuse(unsigned kind);
enum outcome member_pursue(unsigned kind);
enum outcome member_helper(unsigned kind);

/* machine.c: operations on the machine */
void machine_open(void);
enum outcome machine_offline(unsigned kind);
enum outcome machine_online(unsigned kind);
enum outcome machine_workers(unsigned kind);
enum outcome machine_kthread(unsigned kind);
enum outcome machine_fifo(unsigned kind);
enum outcome machine_deadline(unsigned kind);
enum outcome machine_normal(unsigned kind);

/* cpuset.c: cgroups */
bool cpuset_open(bool v1);
enum outcome cpuset_create(unsigned kind);
enum outcome cpuset_change(unsigned kind);
enum outcome cpuset_widen(unsigned kind);
enum outcome cpuset_partition(unsigned kind);
enum outcome cpuset_exclusive(unsigned kind);
enum outcome cpuset_move(unsigned kind);
enum outcome cpuset_move_thread(unsigned kind);
enum outcome cpuset_move_tree(unsigned kind);
enum outcome cpuset_remove(unsigned kind);
enum outcome cpuset_spawn(unsigned kind);

/* truth.c */
int truth_print(void);
