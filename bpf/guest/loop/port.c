/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding and opening the channel, see port.h.
 */
#include "loop/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"
#define WAIT_SECONDS 10
#define STEP_MS 50

static bool
has_name(const char *entry, const char *name)
{
    char path[PATH_MAX], found[256];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), PORTS "/%s/name", entry);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, found, sizeof(found) - 1);
    close(fd);
    if (n <= 0)
        return false;
    found[n] = '\0';
    found[strcspn(found, "\n")] = '\0';
    return strcmp(found, name) == 0;
}

/* The device's path in @path, or false if no port has that name (yet). */
static bool
find(const char *name, char *path, size_t size)
{
    DIR *ports = opendir(PORTS);
    struct dirent *entry;
    bool found = false;

    if (ports == NULL)
        return false;
    while (!found && (entry = readdir(ports)) != NULL) {
        if (entry->d_name[0] == '.' || !has_name(entry->d_name, name))
            continue;
        snprintf(path, size, "/dev/%s", entry->d_name);
        found = true;
    }
    closedir(ports);
    return found;
}

static time_t
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

enum exit_code
port_open(const char *name, int *fd)
{
    static const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    time_t last = seconds() + WAIT_SECONDS;
    char path[PATH_MAX];
    bool found = false;

    for (;;) {
        found = find(name, path, sizeof(path));
        *fd = found ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
        if (*fd >= 0)
            return EXIT_RUNNING;
        /* Known to sysfs but not yet in /dev: udev is at work. */
        if ((found && errno != ENOENT && errno != ENXIO) || seconds() > last)
            break;
        nanosleep(&step, NULL);
    }
    if (!found)
        return complain(EXIT_CHANNEL, "channel", name,
                        "no virtio-serial port has this name in " PORTS);
    if (errno == EBUSY)
        return complain(EXIT_CHANNEL, "channel", name, "is held by another process");
    return complain(EXIT_CHANNEL, "channel", name, "cannot open %s: %s", path, strerror(errno));
}

/* With the host away, a port is readable without end, and hangs up without end: hence the edges.
 * What is unplugged hangs up too, and a read of nothing tells. */
enum exit_code
port_await_host(const char *name, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    enum exit_code code = EXIT_CHANNEL;
    bool spoken = false;

    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return complain(EXIT_OTHER, "channel", name, "cannot watch it: %s", strerror(errno));
    while (!spoken) {
        event.events = 0;
        if (epoll_wait(epoll, &event, 1, -1) < 0 && errno != EINTR)
            break;
        spoken = (event.events & EPOLLIN) && !(event.events & EPOLLHUP);
        if (!spoken && read(fd, &event, 0) < 0 && errno == ENODEV)
            break;
    }
    if (spoken)
        code = EXIT_RUNNING;
    else
        complain(code, "channel", name, "waiting for the host: %s", strerror(errno));
    close(epoll);
    return code;
}
