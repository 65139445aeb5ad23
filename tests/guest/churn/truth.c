/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The truth, from /proc alone: of every task that is no kernel thread and hasn't begun to exit, the
 * CPUs that it may run on, where those are fewer than all possible ones. Knows nothing of the zoo.
 */
#define _GNU_SOURCE
#include "churn.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As include/linux/sched.h of every kernel has them. */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* "ID (NAME) STATE PPID PGRP SESSION TTY TPGID FLAGS": the name may hold anything. */
static bool
counts(const char *directory)
{
    char path[400], text[512], *at;
    unsigned flags;
    char letter;

    snprintf(path, sizeof(path), "%s/stat", directory);
    if (!read_text(path, text, sizeof(text)))
        return false;
    at = strrchr(text, ')');
    if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &letter, &flags) != 2)
        return false;
    return letter != 'Z' && letter != 'X' && !(flags & (PF_EXITING | PF_KTHREAD));
}

/* "Cpus_allowed:	ff" or, of more than 32 CPUs, "ffffffff,ffffffff". */
static bool
read_mask(const char *directory, uint64_t *mask)
{
    static const char name[] = "\nCpus_allowed:\t";
    char path[400], text[4096], *at;

    snprintf(path, sizeof(path), "%s/status", directory);
    if (!read_text(path, text, sizeof(text)) || !(at = strstr(text, name)))
        return false;
    *mask = 0;
    for (at += strlen(name); *at && *at != '\n'; at++) {
        char digit[2] = {*at, '\0'};

        if (*at != ',')
            *mask = *mask << 4 | strtoul(digit, NULL, 16);
    }
    return true;
}

static void
print_task(const char *process, const char *task)
{
    char directory[300], list[64];
    uint64_t mask, all = (UINT64_C(1) << n_cpus) - 1;

    snprintf(directory, sizeof(directory), "/proc/%.20s/task/%.20s", process, task);
    if (!counts(directory) || !read_mask(directory, &mask) || (mask & all) == all)
        return;
    format_mask(mask, list, sizeof(list));
    printf("%s %s\n", task, list);
}

static bool
is_number(const char *name)
{
    return *name >= '0' && *name <= '9';
}

static void
print_process(const char *process)
{
    char path[300];
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%.20s/task", process);
    tasks = opendir(path);
    while (tasks && (entry = readdir(tasks))) {
        if (is_number(entry->d_name))
            print_task(process, entry->d_name);
    }
    if (tasks)
        closedir(tasks);
}

/* Without the process that looks, which will be gone when the answer is read. */
int
truth_print(void)
{
    struct dirent *entry;
    DIR *proc = opendir("/proc");

    if (!proc)
        return 1;
    while ((entry = readdir(proc))) {
        if (is_number(entry->d_name) && atoi(entry->d_name) != getpid())
            print_process(entry->d_name);
    }
    closedir(proc);
    return 0;
}
