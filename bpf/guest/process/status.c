/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What runs, as /proc tells it, see status.h. The loaders aren't asked: they
 * have no ear in the guest.
 */
#include "process/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/deny.h"
#include "sent/image.h"
#include "process/title.h"

/* Bytes of /proc/PID/WHAT, NUL-terminated; their number, 0 if there are none. */
static size_t
read_proc(const char *pid, const char *what, char *text, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, what);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static bool
is_loader(const char *pid)
{
    char comm[32];

    if (*pid < '0' || *pid > '9' || strtol(pid, NULL, 10) == getpid())
        return false;
    read_proc(pid, "comm", comm, sizeof(comm));
    return strcmp(comm, TITLE_NAME "\n") == 0;
}

/* The words of its title, one a line. */
static void
print_title(const char *pid)
{
    char title[4096];
    size_t length = read_proc(pid, "cmdline", title, sizeof(title)), at, i;

    for (i = 0; i < length; i++) {
        if (title[i] != '\0' && (title[i] < ' ' || title[i] > '~'))
            title[i] = '?';
    }
    for (at = strlen(title) + 1; at < length && title[at] != '\0'; at += strlen(title + at) + 1)
        printf("  %s\n", title + at);
}

static void
print_digest(const char *pid)
{
    char path[64], hex[2 * BPFPV_WIRE_DIGEST_LEN + 1];
    struct image image = {0};

    snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
    if (image_read(path, &image) == 0) {
        image_hex(image.digest, hex);
        printf("  loader sha256:%s\n", hex);
    } else {
        printf("  loader %s: only root may read it\n", path);
    }
    free(image.bytes);
}

enum exit_code
status_print(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    unsigned n = 0;

    if (proc == NULL)
        return complain(EXIT_OTHER, "status", "/proc", "%s", strerror(errno));
    while ((entry = readdir(proc)) != NULL) {
        if (!is_loader(entry->d_name))
            continue;
        printf("%s, process %s:\n", TITLE_NAME, entry->d_name);
        print_title(entry->d_name);
        print_digest(entry->d_name);
        printf("  to stop it: kill %s\n", entry->d_name);
        n++;
    }
    closedir(proc);
    printf(n > 0 ? "to refuse it from now on: create " DENY_FILE "\n" : "no loader runs\n");
    return n > 0 ? EXIT_RUNNING : EXIT_OTHER;
}
