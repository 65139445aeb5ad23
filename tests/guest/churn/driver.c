/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver: chooses operations, counts how they went, and serves steps; see churn.h. */
#define _GNU_SOURCE
#include "churn.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Members to begin with. */
#define FOUNDERS 8
/* More than all weights together. */
#define DECK 512
/* Another member or cgroup may be what an operation needs. */
#define TRIES 6

static struct {
    const char *name;
    unsigned weight;
    enum outcome (*run)(unsigned kind);
    unsigned succeeded, failed;
} kinds[] = {
    {"pin", 12, member_pin},
    {"pin-storm", 6, member_storm},
    {"pin-other", 12, member_pin_other},
    {"spawn", 8, member_spawn},
    {"thread", 16, member_thread},
    {"fork", 10, member_fork},
    {"fork-namespace", 3, member_fork_ns},
    {"vfork", 5, member_vfork},
    {"exec", 5, member_exec},
    {"exec-thread", 6, member_exec_thread},
    {"exit", 4, member_exit},
    {"exit-leader", 5, member_exit_leader},
    {"exit-all", 5, member_exit_all},
    {"kill", 3, member_kill},
    {"reuse-id", 6, member_reuse},
    {"pursue", 8, member_pursue},
    {"kernel-helper", 3, member_helper},
    {"offline", 7, machine_offline},
    {"online", 4, machine_online},
    {"kernel-workers", 3, machine_workers},
    {"kernel-thread", 2, machine_kthread},
    {"fifo", 4, machine_fifo},
    {"deadline", 5, machine_deadline},
    {"normal", 6, machine_normal},
    {"cpuset-create", 8, cpuset_create},
    {"cpuset-change", 10, cpuset_change},
    {"cpuset-widen", 4, cpuset_widen},
    {"cpuset-partition", 6, cpuset_partition}, /* of cgroups v2 */
    {"cpuset-exclusive", 6, cpuset_exclusive}, /* of v1 */
    {"cpuset-move", 14, cpuset_move},
    {"cpuset-move-thread", 8, cpuset_move_thread},
    {"cpuset-move-tree", 6, cpuset_move_tree},
    {"cpuset-remove", 5, cpuset_remove},
    {"cpuset-spawn", 5, cpuset_spawn},
};
#define KINDS ((unsigned)(sizeof(kinds) / sizeof(kinds[0])))

/* What the hierarchy in use doesn't know gets no turns. */
static void leave_out(enum outcome (*run)(unsigned kind))
{
    unsigned i;

    for (i = 0; i < KINDS; i++)
        if (kinds[i].run == run)
            kinds[i].weight = 0;
}

void
driver_count(unsigned kind, bool succeeded)
{
    kinds[kind].succeeded += succeeded;
    kinds[kind].failed += !succeeded;
}

/* From a shuffled deck, so that each kind has its turns in a short run too. */
static unsigned
choose(void)
{
    static unsigned deck[DECK], left;
    unsigned i, n, at, kind;

    if (left == 0) {
        for (kind = 0; kind < KINDS; kind++) {
            for (n = 0; n < kinds[kind].weight && left < DECK; n++)
                deck[left++] = kind;
        }
    }
    i = random_below(left);
    at = deck[i];
    deck[i] = deck[--left];
    return at;
}

static volatile unsigned current;

/* Says where the driver is stuck: an operation takes a second at most. */
static void
on_alarm(int signal)
{
    complain_and_exit("stuck in", kinds[current].name);
}

static void
operate(unsigned count)
{
    enum outcome outcome;
    unsigned kind, tries;

    while (count-- > 0) {
        kind = current = choose();
        alarm(2 * TIMEOUT_S);
        outcome = kinds[kind].run(kind);
        for (tries = 1; outcome == FAILED && tries < TRIES; tries++)
            outcome = kinds[kind].run(kind);
        if (outcome != LATER)
            driver_count(kind, outcome == SUCCEEDED);
        if (random_below(4) == 0)
            zoo_reap();
    }
    zoo_finish_all();
    alarm(0);
}

static void
print_statistics(int fd)
{
    unsigned i;

    for (i = 0; i < KINDS; i++)
        if (kinds[i].weight > 0)
            dprintf(fd, "%s %u %u\n", kinds[i].name, kinds[i].succeeded, kinds[i].failed);
}

static int
open_socket(bool server)
{
    struct sockaddr_un address = {AF_UNIX, DRIVER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (server) {
        unlink(DRIVER_SOCKET);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
            complain_and_exit("can't listen at", DRIVER_SOCKET);
    } else if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        complain_and_exit("no driver at", DRIVER_SOCKET);
    }
    return fd;
}

int
driver_main(uint64_t seed, bool v1)
{
    int listener, client, i;
    char text[32];
    ssize_t n;

    if (!freopen("/dev/console", "w", stderr)) /* which the test's log ends with */
        return 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, on_alarm);
    random_seed(seed);
    leave_out(v1 ? cpuset_partition : cpuset_exclusive);
    zoo_open();
    machine_open();
    if (!cpuset_open(v1))
        complain_and_exit("no cpusets in cgroups", v1 ? "v1" : "v2");
    for (i = 0; i < FOUNDERS; i++)
        zoo_start(zoo_reserve(), 0, 0);
    listener = open_socket(true);
    while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        n = read(client, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = '\0';
        if (strcmp(text, "statistics") == 0)
            print_statistics(client);
        else
            operate((unsigned)atoi(text));
        dprintf(client, "done\n");
        close(client);
    }
    return 1;
}

/* Prints what the driver answers up to its "done"; without that, the driver has ended. */
bool
driver_ask(const char *text)
{
    int fd = open_socket(false);
    FILE *answer = fdopen(fd, "r");
    char line[128];
    bool done = false;

    if (!answer || write(fd, text, strlen(text)) < 0)
        complain_and_exit("can't ask", "the driver");
    while (!done && fgets(line, sizeof(line), answer)) {
        done = strcmp(line, "done\n") == 0;
        if (!done)
            fputs(line, stdout);
    }
    fclose(answer);
    return done;
}
