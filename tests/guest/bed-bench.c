/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest does all day, counted: the operations that the programs of bpfpv are attached to,
 * and one that they are not. Static, without GLib; sent into the test guest by bench-guest.
 *
 *   bed-bench run N MEASURE...  each in N slices of 20 ms; prints "MEASURE RATE", which is the
 *                              median of the slices, operations a second
 *   bed-bench crowd COUNT CPU    COUNT sleeping threads, all pinned to CPU; prints "ready", stays
 *   bed-bench obey PORT          reads commands of one byte from a virtio port, and answers each
 * with the same byte when it is done: "e" does nothing; "p" pins itself to CPU 1; "a" to all CPUs;
 * "b" pins 64 sleeping threads one after the other, to CPUs 0 and 1 in turn; "r" releases these;
 * "s" flips between CPU 1 and all for 10 s and ends pinned
 *
 * MEASURE:
 *   pin      a pair of sched_setaffinity calls: to the CPU that it runs on, and to all again
 *   move     a pair of sched_setaffinity calls: to CPU 1, and back to CPU 0
 *   same     a pair of sched_setaffinity calls that change nothing
 *   fork     fork, _exit in the child, waitpid
 *   pinfork  the same by a parent that is pinned
 *   thread   pthread_create, pthread_join
 *   switch   a context switch, between two threads that share a CPU and write to each other's pipe
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 20000000

static cpu_set_t everywhere;

static void
fail(const char *what)
{
    fprintf(stderr, "bed-bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
set_mask(const cpu_set_t *mask)
{
    if (sched_setaffinity(0, sizeof(*mask), mask) < 0)
        fail("sched_setaffinity");
}

static cpu_set_t
only(int cpu)
{
    cpu_set_t mask;

    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    return mask;
}

static void
pin_once(void)
{
    static cpu_set_t here;

    if (CPU_COUNT(&here) == 0)
        here = only(sched_getcpu());
    set_mask(&here);
    set_mask(&everywhere);
}

static void
move_once(void)
{
    cpu_set_t first = only(0), second = only(1);

    set_mask(&second);
    set_mask(&first);
}

static void
same_once(void)
{
    set_mask(&everywhere);
    set_mask(&everywhere);
}

static void
fork_once(void)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        fail("fork");
    if (child == 0)
        _exit(0);
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
}

static void *
end_at_once(void *data)
{
    return data;
}

static void
thread_once(void)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, end_at_once, NULL);
    if (errno)
        fail("pthread_create");
    pthread_join(thread, NULL);
}

static int to_partner[2], from_partner[2];

static void *
answer(void *data)
{
    char byte;

    while (read(to_partner[0], &byte, 1) == 1)
        if (write(from_partner[1], &byte, 1) != 1)
            break;
    return data;
}

/* Two switches; those of one round trip. */
static void
switch_once(void)
{
    char byte = 0;

    if (write(to_partner[1], &byte, 1) != 1 || read(from_partner[0], &byte, 1) != 1)
        fail("pipe");
}

static void
pin_here(void)
{
    cpu_set_t here = only(0);

    set_mask(&here);
}

static void
let_go(void)
{
    set_mask(&everywhere);
}

static pthread_t partner;

static void
begin_switching(void)
{
    pin_here(); /* which the partner inherits */
    if (pipe(to_partner) < 0 || pipe(from_partner) < 0)
        fail("pipe");
    errno = pthread_create(&partner, NULL, answer, NULL);
    if (errno)
        fail("pthread_create");
}

static void
end_switching(void)
{
    close(to_partner[1]);
    pthread_join(partner, NULL);
    let_go();
}

static const struct measure {
    const char *name;
    void (*begin)(void);
    void (*once)(void);
    void (*end)(void);
    unsigned batch;      /* calls between two looks at the clock */
    unsigned operations; /* that one call counts for */
} measures[] = {
    {"pin", NULL, pin_once, NULL, 64, 1},
    {"move", NULL, move_once, let_go, 8, 1},
    {"same", NULL, same_once, NULL, 64, 1},
    {"fork", NULL, fork_once, NULL, 4, 1},
    {"pinfork", pin_here, fork_once, let_go, 4, 1},
    {"thread", NULL, thread_once, NULL, 8, 1},
    {"switch", begin_switching, switch_once, end_switching, 32, 2},
};

/* Operations a second. */
static double
run_slice(const struct measure *measure)
{
    uint64_t began = now_ns(), elapsed, calls = 0;

    do {
        for (unsigned i = 0; i < measure->batch; i++)
            measure->once();
        calls += measure->batch;
        elapsed = now_ns() - began;
    } while (elapsed < SLICE_NS);
    return (double)calls * measure->operations * 1e9 / (double)elapsed;
}

static int
ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void
run(const struct measure *measure, int n)
{
    double *rates = calloc((size_t)n, sizeof(*rates));

    if (!rates)
        fail("no memory");
    if (measure->begin)
        measure->begin();
    for (unsigned i = 0; i < measure->batch; i++) /* caches, and what is allocated once */
        measure->once();
    for (int i = 0; i < n; i++)
        rates[i] = run_slice(measure);
    if (measure->end)
        measure->end();
    qsort(rates, (size_t)n, sizeof(*rates), ascending);
    printf("%s %.3f\n", measure->name, rates[n / 2]);
    free(rates);
}

static int
run_named(const char *name, int n)
{
    for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
        if (!strcmp(measures[i].name, name)) {
            run(&measures[i], n);
            return 1;
        }
    }
    return 0;
}

static void *
sleep_forever(void *data)
{
    for (;;)
        pause();
    return data;
}

static int
crowd(int count, int cpu)
{
    cpu_set_t mask = only(cpu);
    pthread_attr_t attributes;
    pthread_t thread;

    set_mask(&mask); /* which they inherit */
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    for (int i = 0; i + 1 < count; i++) {
        errno = pthread_create(&thread, &attributes, sleep_forever, NULL);
        if (errno)
            fail("pthread_create");
    }
    printf("ready\n");
    fflush(stdout);
    sleep_forever(NULL);
    return 0;
}

/* ---- obey ---- */

#define BURST 64
#define STORM_NS 10000000000

static pid_t sleepers[BURST];

static void *
be_sleeper(void *data)
{
    sleepers[(long)data] = gettid();
    return sleep_forever(NULL);
}

static void
start_sleepers(void)
{
    pthread_t thread;

    for (long i = 0; i < BURST; i++) {
        errno = pthread_create(&thread, NULL, be_sleeper, (void *)i);
        if (errno)
            fail("pthread_create");
    }
    for (int i = 0; i < BURST; i++)
        while (!*(volatile pid_t *)&sleepers[i])
            sched_yield();
}

static void
pin_sleepers(int all)
{
    for (int i = 0; i < BURST; i++) {
        cpu_set_t mask = all ? everywhere : only(i % 2);

        if (sched_setaffinity(sleepers[i], sizeof(mask), &mask) < 0)
            fail("sched_setaffinity");
    }
}

static void
storm(void)
{
    uint64_t end = now_ns() + STORM_NS;
    cpu_set_t mask = only(1);

    while (now_ns() < end) {
        set_mask(&mask);
        set_mask(&everywhere);
    }
    set_mask(&mask);
}

static void
carry_out(char command)
{
    cpu_set_t mask = only(1);

    if (command == 'p')
        set_mask(&mask);
    else if (command == 'a')
        set_mask(&everywhere);
    else if (command == 'b' || command == 'r')
        pin_sleepers(command == 'r');
    else if (command == 's')
        storm();
}

/* Returns: whether to go on */
static int
obey_once(int fd)
{
    char command;
    ssize_t n = read(fd, &command, 1);

    if (n == 0) {
        usleep(10000); /* nobody has connected yet */
        return 1;
    }
    if (n < 0)
        return 0;
    carry_out(command);
    return write(fd, &command, 1) == 1;
}

static int
obey(const char *port)
{
    int fd = open(port, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        fail(port);
    start_sleepers();
    while (obey_once(fd))
        continue;
    fail(port);
    return 1;
}

/* Where stacks and mappings lie changes what a thread costs by several percent: always the same. */
static void
lie_still(char **argv)
{
    int persona = personality(0xffffffff);

    if (persona < 0 || persona & ADDR_NO_RANDOMIZE)
        return;
    if (personality((unsigned long)persona | ADDR_NO_RANDOMIZE) < 0)
        fail("personality");
    execv("/proc/self/exe", argv);
    fail("exec");
}

int
main(int argc, char **argv)
{
    lie_still(argv);
    if (sched_getaffinity(0, sizeof(everywhere), &everywhere) < 0)
        fail("sched_getaffinity");
    if (argc == 4 && !strcmp(argv[1], "crowd"))
        return crowd(atoi(argv[2]), atoi(argv[3]));
    if (argc == 3 && !strcmp(argv[1], "obey"))
        return obey(argv[2]);
    if (argc >= 4 && !strcmp(argv[1], "run") && atoi(argv[2]) > 0) {
        for (int i = 3; i < argc; i++)
            if (!run_named(argv[i], atoi(argv[2])))
                fail("no such measure");
        return 0;
    }
    fprintf(stderr,
            "usage: bed-bench run N MEASURE... | crowd COUNT CPU | obey PORT, see its source\n");
    return 2;
}
