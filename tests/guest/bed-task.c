/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tasks that tests look at, inside the test guest. Static, without GLib.
 *
 *   bed-task [-o FILE] VERB ARGUMENT...
 *
 *   pin LIST [busy]      pins itself, prints its id, sleeps or spins until killed
 *   threads FIFO LIST... one sleeping thread per LIST; commands are read from FIFO, one a line:
 *                        "exit I", "pin I LIST", "add LIST"; ends when killed
 *   many COUNT LIST      COUNT sleeping threads, all pinned to LIST
 *   fork LIST [orphan]   pins itself and forks; orphan: only the child stays
 *   storm COUNT LIST...  pins itself COUNT times, taking the LISTs in turn, and ends
 *   set TID LIST         changes the mask of another task
 *   get TID              prints it
 *   invalid              asks for a CPU that isn't there; 0 if that was EINVAL
 *
 * LIST is as in taskset -c: 0,2-3. Every id is printed as "tid N", to FILE if there is one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_THREADS 4096

static struct {
    pthread_t thread;
    pid_t tid;
    cpu_set_t mask;
    sem_t quit; /* not pthread_cancel: a static program lacks what it needs */
} tasks[MAX_THREADS];
static int n_tasks;
static pthread_barrier_t ready;

static void
fail(const char *what, const char *value)
{
    fprintf(stderr, "bed-task: %s %s: %s\n", what, value, strerror(errno));
    exit(1);
}

static cpu_set_t
parse_list(const char *list)
{
    cpu_set_t mask;
    const char *p = list;

    CPU_ZERO(&mask);
    do {
        char *end;
        unsigned long first = strtoul(p, &end, 10), last = first;

        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (end == p || (*end && *end != ',') || last >= CPU_SETSIZE) {
            errno = EINVAL;
            fail("CPU list", list);
        }
        for (; first <= last; first++)
            CPU_SET(first, &mask);
        p = *end ? end + 1 : end;
    } while (*p);
    return mask;
}

static void
pin(pid_t tid, const char *list)
{
    cpu_set_t mask = parse_list(list);

    if (sched_setaffinity(tid, sizeof(mask), &mask) < 0)
        fail("can't pin to", list);
}

static void
say_tid(pid_t tid)
{
    printf("tid %d\n", (int)tid);
    fflush(stdout);
}

static int
stay(int busy)
{
    volatile int forever = 1;

    while (forever) {
        if (!busy)
            pause();
    }
    return 0;
}

static void *
run_thread(void *slot)
{
    int i = (int)(long)slot;

    if (sched_setaffinity(0, sizeof(cpu_set_t), &tasks[i].mask) < 0)
        fail("can't pin", "a thread");
    tasks[i].tid = gettid();
    pthread_barrier_wait(&ready);
    sem_wait(&tasks[i].quit);
    return NULL;
}

/* Returns when the new thread is pinned. */
static void
add_thread(const char *list)
{
    int i = n_tasks++;

    if (i >= MAX_THREADS) {
        errno = E2BIG;
        fail("one thread too many:", list);
    }
    tasks[i].mask = parse_list(list);
    sem_init(&tasks[i].quit, 0, 0);
    pthread_barrier_init(&ready, NULL, 2);
    errno = pthread_create(&tasks[i].thread, NULL, run_thread, (void *)(long)i);
    if (errno)
        fail("can't start a thread for", list);
    pthread_barrier_wait(&ready);
    pthread_barrier_destroy(&ready);
    say_tid(tasks[i].tid);
}

static void
obey(const char *line)
{
    char list[64];
    int i;

    if (sscanf(line, "add %63s", list) == 1) {
        add_thread(list);
    } else if (sscanf(line, "exit %d", &i) == 1 && i >= 0 && i < n_tasks) {
        sem_post(&tasks[i].quit);
        pthread_join(tasks[i].thread, NULL);
    } else if (sscanf(line, "pin %d %63s", &i, list) == 2 && i >= 0 && i < n_tasks) {
        pin(tasks[i].tid, list);
    } else {
        errno = EINVAL;
        fail("command", line);
    }
}

static int
run_threads(const char *fifo, char **lists)
{
    char line[128];
    FILE *commands;

    if (mkfifo(fifo, 0600) < 0)
        fail("can't make", fifo);
    commands = fopen(fifo, "r+"); /* a writer of its own: never at its end */
    if (!commands)
        fail("can't open", fifo);
    for (; *lists; lists++)
        add_thread(*lists);
    while (fgets(line, sizeof(line), commands))
        obey(line);
    return 1;
}

static int
run_fork(const char *list, int orphan)
{
    pid_t child;

    pin(0, list);
    child = fork();
    if (child < 0)
        fail("can't fork, pinned to", list);
    if (child == 0) {
        /* Or whoever captures the parent's output would wait for the child's, too. */
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(1);
        return stay(0);
    }
    if (!orphan)
        say_tid(getpid());
    say_tid(child);
    return orphan ? 0 : stay(0);
}

static int
run_invalid(void)
{
    cpu_set_t mask;

    CPU_ZERO(&mask);
    CPU_SET(CPU_SETSIZE - 1, &mask);
    if (sched_setaffinity(0, sizeof(mask), &mask) == 0)
        return 1;
    printf("%s\n", strerror(errno));
    return errno == EINVAL ? 0 : 1;
}

static int
show_mask(pid_t tid)
{
    const char *separator = "";
    cpu_set_t mask;

    if (sched_getaffinity(tid, sizeof(mask), &mask) < 0)
        fail("can't read the mask of", "that task");
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &mask)) {
            printf("%s%d", separator, i);
            separator = ",";
        }
    }
    printf("\n");
    return 0;
}

int
main(int argc, char **argv)
{
    const char *verb, *first;

    if (argc > 2 && !strcmp(argv[1], "-o")) {
        if (!freopen(argv[2], "w", stdout))
            fail("can't write", argv[2]);
        argc -= 2;
        argv += 2;
    }
    verb = argc > 1 ? argv[1] : "";
    first = argc > 2 ? argv[2] : "";
    if (!strcmp(verb, "invalid"))
        return run_invalid();
    if (!strcmp(verb, "get") && argc == 3)
        return show_mask(atoi(first));
    if (!strcmp(verb, "fork") && argc >= 3)
        return run_fork(first, argc > 3);
    if (!strcmp(verb, "threads") && argc >= 3)
        return run_threads(first, argv + 3);
    if (!strcmp(verb, "pin") && argc >= 3) {
        pin(0, first);
        say_tid(getpid());
        return stay(argc > 3);
    }
    if (!strcmp(verb, "set") && argc == 4) {
        pin(atoi(first), argv[3]);
        return 0;
    }
    if (!strcmp(verb, "many") && argc == 4) {
        for (int i = atoi(first); i > 0; i--)
            add_thread(argv[3]);
        return stay(0);
    }
    if (!strcmp(verb, "storm") && argc >= 4) {
        for (int i = 0; i < atoi(first); i++)
            pin(0, argv[3 + i % (argc - 3)]);
        return 0;
    }
    fprintf(stderr, "usage: bed-task [-o FILE] VERB ARGUMENT..., see its source\n");
    return 2;
}
