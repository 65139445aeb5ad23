/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cleaning up after injections that were cut off, see leftovers.h.
 */
#include "sent/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* As src/host/injector.c names its directories. */
#define PREFIX "bpfpv-"
#define DIGITS 16
/* No injection takes so long. */
#define AGE_S 600

static bool
is_ours(const char *name)
{
    size_t prefix = strlen(PREFIX);

    return strncmp(name, PREFIX, prefix) == 0 && strlen(name) == prefix + DIGITS &&
           strspn(name + prefix, "0123456789abcdef") == DIGITS;
}

/* Opened first, so that what is looked at is what is emptied; a link is not followed. */
static int
open_if_old(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0 &&
        status.st_mtime < time(NULL) - AGE_S)
        return fd;
    close(fd);
    return -1;
}

static void
empty(int fd)
{
    DIR *directory = fdopendir(fd);
    struct dirent *entry;

    if (directory == NULL) {
        close(fd);
        return;
    }
    while ((entry = readdir(directory)) != NULL)
        unlinkat(fd, entry->d_name, 0); /* no directories: we make none */
    closedir(directory);
}

void
leftovers_remove(const char *parent)
{
    DIR *directory = opendir(parent);
    struct dirent *entry;
    int fd;

    if (directory == NULL)
        return;
    while ((entry = readdir(directory)) != NULL) {
        if (!is_ours(entry->d_name))
            continue;
        fd = open_if_old(dirfd(directory), entry->d_name);
        if (fd < 0)
            continue;
        empty(fd);
        unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
    }
    closedir(directory);
}
