/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Becoming a daemon, see daemon.h.
 */
#include "process/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int ready_pipe = -1;
static int null_device = -1;

static enum exit_code
await_child(int from)
{
    unsigned char code;
    ssize_t n;

    do {
        n = read(from, &code, 1);
    } while (n < 0 && errno == EINTR);
    if (n != 1)
        return complain(EXIT_OTHER, "daemon", "child", "died before it was ready");
    return (enum exit_code)code;
}

bool
daemon_fork(enum exit_code *code)
{
    int ends[2];
    pid_t child;

    null_device = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_device < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        *code = complain(EXIT_OTHER, "daemon", "/dev/null", "%s", strerror(errno));
        return false;
    }
    child = fork();
    if (child < 0) {
        *code = complain(EXIT_OTHER, "daemon", "fork", "%s", strerror(errno));
        return false;
    }
    if (child > 0) {
        close(ends[1]);
        *code = await_child(ends[0]);
        return false;
    }
    close(ends[0]);
    ready_pipe = ends[1];
    setsid();
    if (chdir("/") < 0 || dup2(null_device, STDIN_FILENO) < 0)
        *code = EXIT_OTHER;
    dup2(null_device, STDOUT_FILENO);
    return true;
}

void
daemon_ready(enum exit_code code)
{
    unsigned char byte = (unsigned char)code;

    dup2(null_device, STDERR_FILENO);
    if (write(ready_pipe, &byte, 1) != 1)
        return;
    close(ready_pipe);
    close(null_device);
}
