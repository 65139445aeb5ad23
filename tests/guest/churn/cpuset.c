/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations on a few cgroups with a cpuset, of either version. Most of what is asked is refused in
 * one state or the other, and asked again in another.
 */
#define _GNU_SOURCE
#include "churn.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE_V1 "/run/cpuset"
#define BASE_V2 "/sys/fs/cgroup"

/* "" is the root, where all begin. */
static const char *const groups[] = {"", "/a", "/b", "/c", "/a/x", "/a/y", "/b/x"};
#define GROUPS ((unsigned)(sizeof(groups) / sizeof(groups[0])))

static bool is_v1;
static const char *base;

static const char *
path_of(const char *group, const char *file)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s%s/%s", base, group, file);
    return path;
}

static const char *
random_group(void)
{
    return groups[random_below(GROUPS)];
}

static const char *
random_child(void)
{
    return groups[1 + random_below(GROUPS - 1)];
}

static void
parent_of(const char *group, char parent[16])
{
    snprintf(parent, 16, "%s", group);
    *strrchr(parent, '/') = '\0';
}

/* Where v1 refuses what the parent hasn't got, or is offline, the rest of it is asked for. */
static bool
set_cpus(const char *group, uint64_t mask)
{
    char list[64], parent[16], has[64];

    parent_of(group, parent);
    if (is_v1 && random_below(8) && read_text(path_of(parent, "cpuset.cpus"), has, sizeof(has)) &&
        (mask & parse_mask(has)))
        mask &= parse_mask(has);
    format_mask(mask, list, sizeof(list));
    return write_text(path_of(group, "cpuset.cpus"), "%s\n", list);
}

static bool
create(const char *group)
{
    char parent[16], path[64];

    parent_of(group, parent);
    if (!is_v1 && *parent)
        write_text(path_of(parent, "cgroup.subtree_control"), "+cpuset");
    snprintf(path, sizeof(path), "%s%s", base, group);
    if (mkdir(path, 0755) < 0)
        return false;
    return !is_v1 ||
           (write_text(path_of(group, "cpuset.mems"), "0") && set_cpus(group, random_mask()));
}

bool
cpuset_open(bool v1)
{
    is_v1 = v1;
    base = v1 ? BASE_V1 : BASE_V2;
    if (v1)
        return mkdir(BASE_V1, 0755) == 0 && mount("cpuset", BASE_V1, "cgroup", 0, "cpuset") == 0 &&
               create("/a") && create("/b");
    return write_text(BASE_V2 "/cgroup.subtree_control", "+cpuset") && create("/a") && create("/b");
}

enum outcome
cpuset_create(unsigned kind)
{
    return create(random_child()) ? SUCCEEDED : FAILED;
}

enum outcome
cpuset_change(unsigned kind)
{
    return set_cpus(random_child(), random_mask()) ? SUCCEEDED : FAILED;
}

enum outcome
cpuset_widen(unsigned kind)
{
    return set_cpus(random_child(), ~UINT64_C(0)) ? SUCCEEDED : FAILED;
}

/* Whether the group has CPUs of its own now: what was asked for is kept as "root invalid"
 * otherwise. */
static bool
is_partition(const char *group)
{
    char text[128];

    return read_text(path_of(group, "cpuset.cpus.partition"), text, sizeof(text)) &&
           strncmp(text, "member", strlen("member")) != 0 && !strstr(text, "invalid");
}

/* Takes the CPUs of those beside @group: older kernels give none to a partition that another has
 * too. */
static void
make_room(const char *group)
{
    char parent[16], other[16];
    unsigned i;

    parent_of(group, parent);
    for (i = 1; i < GROUPS; i++) {
        parent_of(groups[i], other);
        if (groups[i] != group && strcmp(parent, other) == 0)
            write_text(path_of(groups[i], "cpuset.cpus"), "\n");
    }
}

/* Of v2: scheduling domains of their own. It has happened where the kernel says so, and where it
 * says no more that a group is one. */
enum outcome
cpuset_partition(unsigned kind)
{
    static const char *const kinds[] = {"root", "root", "isolated", "member"};
    const char *group = random_child(), *wanted = kinds[random_below(4)];
    bool was = is_partition(group), is;

    if (!was && random_below(2))
        make_room(group);
    if (!was)
        set_cpus(group, UINT64_C(1) << random_below(n_cpus));
    if (!write_text(path_of(group, "cpuset.cpus.partition"), "%s", wanted))
        return FAILED;
    is = is_partition(group);
    return is != was || (is && strcmp(wanted, "member") != 0) ? SUCCEEDED : FAILED;
}

/* Of v1: what stood for them there. */
enum outcome
cpuset_exclusive(unsigned kind)
{
    return write_text(path_of(random_group(), random_below(2) ? "cpuset.cpu_exclusive"
                                                              : "cpuset.sched_load_balance"),
                      "%u", random_below(4) == 0)
               ? SUCCEEDED
               : FAILED;
}

enum outcome
cpuset_move(unsigned kind)
{
    int slot = zoo_pick();

    if (slot < 0)
        return FAILED;
    return write_text(path_of(random_group(), "cgroup.procs"), "%d", (int)slots[slot].pid)
               ? SUCCEEDED
               : FAILED;
}

/* In v2 within a threaded subtree, which is made now and then. */
enum outcome
cpuset_move_thread(unsigned kind)
{
    int slot = zoo_pick();
    const char *group = random_group();

    if (slot < 0)
        return FAILED;
    if (!is_v1 && random_below(4) == 0)
        write_text(path_of(random_child(), "cgroup.type"), "threaded");
    return write_text(path_of(group, is_v1 ? "tasks" : "cgroup.threads"), "%d",
                      (int)slots[slot].tid)
               ? SUCCEEDED
               : FAILED;
}

/* The processes, or where these can't be read the threads, of one group into another. */
static unsigned
move_all(const char *from, const char *to)
{
    static char text[16384];
    const char *file = "cgroup.procs";
    char *at, *end;
    unsigned moved = 0;

    if (!read_text(path_of(from, file), text, sizeof(text))) {
        file = "cgroup.threads";
        if (!read_text(path_of(from, file), text, sizeof(text)))
            return 0;
    }
    for (at = text; *at; at = end + 1) {
        long id = strtol(at, &end, 10);

        if (end == at)
            break;
        moved += write_text(path_of(to, file), "%ld", id);
    }
    return moved;
}

enum outcome
cpuset_move_tree(unsigned kind)
{
    return move_all(random_child(), random_child()) > 0 ? SUCCEEDED : FAILED;
}

enum outcome
cpuset_remove(unsigned kind)
{
    const char *group = random_child();
    char path[64];

    if (random_below(2))
        move_all(group, "");
    snprintf(path, sizeof(path), "%s%s", base, group);
    return rmdir(path) == 0 ? SUCCEEDED : FAILED;
}

/* A process that begins its life in a group other than its parent's. Only v2 knows this; in v1 it
 * is moved there at once. */
enum outcome
cpuset_spawn(unsigned kind)
{
    int directory = open(path_of(random_child(), "."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int slot = directory >= 0 ? zoo_reserve() : -1;
    bool started = slot >= 0 && zoo_start(slot, is_v1 ? 0 : directory, 0);

    if (directory >= 0)
        close(directory);
    if (started && is_v1)
        started = write_text(path_of(random_child(), "tasks"), "%d", (int)slots[slot].tid);
    return started ? SUCCEEDED : FAILED;
}
