/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bench-host looks at from outside; see host-probe.h. */
#define _GNU_SOURCE /* sched_getaffinity(), ppoll() */
#include "host-probe.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench-guest.h"

#define PORT "bench.0"
/* Between two looks at a thread: what a figure is certain to. */
#define LOOK_US 50

/* ---- the port ---- */

static char *
socket_path(const char *name)
{
    return g_strdup_printf("%s/%s.bench", bed_environment("BED_DIR"), name);
}

char *
probe_devices_xml(const char *name)
{
    g_autofree char *path = socket_path(name);

    return g_strdup_printf("<channel type='unix'><source mode='bind' path='%s'/>"
                           "<target type='virtio' name='" PORT "'/></channel>",
                           path);
}

static int
connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        bed_fail("can't connect to %s: %s", path, g_strerror(errno));
    return fd;
}

/* vCPU 1's, by the name that QEMU gives it. */
static pid_t
find_thread(const char *name)
{
    g_autofree char *pid_file = g_strdup_printf("/run/libvirt/qemu/%s.pid", name);
    g_autofree char *pid = NULL;
    g_autofree char *tasks = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *task;

    if (!g_file_get_contents(pid_file, &pid, NULL, NULL))
        bed_fail("no process of %s", name);
    tasks = g_strdup_printf("/proc/%s/task", g_strstrip(pid));
    dir = g_dir_open(tasks, 0, NULL);
    while (dir && (task = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("%s/%s/comm", tasks, task);
        g_autofree char *comm = NULL;

        if (g_file_get_contents(path, &comm, NULL, NULL) && g_str_has_prefix(comm, "CPU 1/"))
            return (pid_t)g_ascii_strtoll(task, NULL, 10);
    }
    bed_fail("%s has no thread of vCPU 1", name);
}

void
probe_open(Probe *probe, BedGuest *guest)
{
    g_autofree char *path = socket_path(bed_guest_name(guest));

    bench_guest_install(guest);
    bed_guest_spawn(guest, BENCH_GUEST_PROGRAM, "obey", "/dev/virtio-ports/" PORT, NULL);
    *probe = (Probe){guest, connect_to(path), find_thread(bed_guest_name(guest))};
    probe_ask(probe, 'e');
}

void
probe_close(Probe *probe)
{
    close(probe->port);
}

static void
send_command(Probe *probe, char command)
{
    if (write(probe->port, &command, 1) != 1)
        bed_fail("can't write to the guest's port: %s", g_strerror(errno));
}

/* Waits @wait_us at most. Returns: whether the answer is there */
static gboolean
is_answered(Probe *probe, gint64 wait_us)
{
    struct pollfd poll = {.fd = probe->port, .events = POLLIN};
    struct timespec wait = {wait_us / G_USEC_PER_SEC, wait_us % G_USEC_PER_SEC * 1000};
    char byte;

    if (ppoll(&poll, 1, &wait, NULL) <= 0)
        return FALSE;
    if (read(probe->port, &byte, 1) != 1)
        bed_fail("the guest's end of its port was closed");
    return TRUE;
}

gint64
probe_ask(Probe *probe, char command)
{
    gint64 began = g_get_monotonic_time();

    send_command(probe, command);
    if (!is_answered(probe, PROBE_TIMEOUT_US))
        bed_fail("the guest doesn't answer to %c", command);
    return g_get_monotonic_time() - began;
}

/* ---- the thread ---- */

guint
probe_cpus(const Probe *probe)
{
    cpu_set_t set;

    if (sched_getaffinity(probe->thread, sizeof(set), &set) < 0)
        bed_fail("vCPU 1's thread is gone: %s", g_strerror(errno));
    return (guint)CPU_COUNT(&set);
}

gint64
probe_change(Probe *probe, char command, guint n_cpus, gint64 one_way)
{
    gint64 began = g_get_monotonic_time(), answered = 0, changed = 0;

    send_command(probe, command);
    while (answered == 0 || changed == 0) {
        if (answered == 0 && is_answered(probe, LOOK_US))
            answered = g_get_monotonic_time();
        else if (answered != 0)
            g_usleep(LOOK_US);
        if (changed == 0 && probe_cpus(probe) == n_cpus)
            changed = g_get_monotonic_time();
        if (g_get_monotonic_time() - began > PROBE_TIMEOUT_US)
            bed_fail("after %c, vCPU 1's thread has %u CPUs for good, and not %u", command,
                     probe_cpus(probe), n_cpus);
    }
    return changed - (answered - one_way);
}

gint64
probe_settle(Probe *probe, char command, gint64 quiet, gint64 *answered)
{
    gint64 began = g_get_monotonic_time(), last = 0, end = 0;
    guint before = probe_cpus(probe);

    send_command(probe, command);
    while (end == 0 || g_get_monotonic_time() - end < quiet) {
        guint now;

        if (end == 0 && is_answered(probe, LOOK_US))
            end = g_get_monotonic_time();
        else if (end != 0)
            g_usleep(LOOK_US);
        now = probe_cpus(probe);
        if (now != before)
            last = g_get_monotonic_time();
        before = now;
        if (g_get_monotonic_time() - began > 3 * PROBE_TIMEOUT_US)
            bed_fail("the guest doesn't answer to %c", command);
    }
    if (answered)
        *answered = end;
    return last;
}

/* ---- processes ---- */

gint64
probe_cpu_time(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) fields = NULL;
    const char *rest;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(rest = strrchr(text, ')')))
        bed_fail("process %d is gone", (int)pid);
    fields = g_strsplit(rest + 2, " ", 15);
    return (g_ascii_strtoll(fields[11], NULL, 10) + g_ascii_strtoll(fields[12], NULL, 10)) *
           G_USEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

pid_t
probe_find_process(const char *name)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    const char *entry;

    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("/proc/%s/comm", entry);
        g_autofree char *comm = NULL;

        if (g_ascii_isdigit(*entry) && g_file_get_contents(path, &comm, NULL, NULL) &&
            g_str_equal(g_strchomp(comm), name))
            return (pid_t)g_ascii_strtoll(entry, NULL, 10);
    }
    bed_fail("no process %s", name);
}
