/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether libvirtd can run its hook; see hook-check.h. Nothing of libvirt is asked. */
#include "config.h"

#include "host/hook-check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/hook-check-selinux.h"

#define PROFILES "/sys/kernel/security/apparmor/profiles"
#define LIMIT_MS 10000

G_DEFINE_QUARK(bpfpv_hook_error_quark, bpfpv_hook_error)

/* What a child says before it is the hook. */
typedef struct {
    enum { STAGE_PROFILE, STAGE_EXEC } stage;
    int code; /* errno */
} Mishap;

static gboolean
is_hook_runner(const char *profile)
{
    static const char *const names[] = {"libvirtd", "virtqemud", "/usr/sbin/libvirtd",
                                        "/usr/sbin/virtqemud", NULL};

    return g_strv_contains(names, profile);
}

GStrv
bpfpv_hook_labels(const char *profiles)
{
    g_auto(GStrv) lines = g_strsplit(profiles, "\n", -1);
    g_autoptr(GStrvBuilder) labels = g_strv_builder_new();

    for (gsize i = 0; lines[i]; i++) {
        char *mode = strstr(lines[i], " (");

        if (!mode || !g_str_equal(mode, " (enforce)"))
            continue;
        *mode = '\0';
        if (is_hook_runner(lines[i]))
            g_strv_builder_add(labels, lines[i]);
    }
    return g_strv_builder_end(labels);
}

/* ---- in the child: nothing but system calls ---- */

static gboolean
write_all(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gssize length = (gssize)strlen(text), written;

    if (fd < 0)
        return FALSE;
    written = write(fd, text, (gsize)length);
    close(fd);
    return written == length;
}

/* At once, not with the exec: so it is the profile's rules that the exec is judged by. */
static gboolean
take_on_profile(const char *command)
{
    return write_all("/proc/self/attr/apparmor/current", command) ||
           (errno == ENOENT && write_all("/proc/self/attr/current", command));
}

static G_NORETURN void
become_hook(const char *path, const char *command, int report, int err)
{
    static char domain[] = "bpfpv-check", operation[] = "reconnect", sub[] = "begin", extra[] = "-";
    char *argv[] = {(char *)path, domain, operation, sub, extra, NULL};
    Mishap mishap = {STAGE_PROFILE, 0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (!command || take_on_profile(command)) {
        mishap.stage = STAGE_EXEC;
        execv(path, argv);
    }
    mishap.code = errno;
    if (write(report, &mishap, sizeof(mishap)) < 0)
        _exit(125);
    _exit(126);
}

/* ---- in the parent ---- */

/* Reads @fd to its end, which comes when the child ends; the first @size - 1 bytes are kept. */
static gboolean
read_until_closed(int fd, char *text, gsize size)
{
    gint64 deadline = g_get_monotonic_time() + LIMIT_MS * 1000;
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    gsize used = 0;
    char rest[256];

    for (;;) {
        gint64 left_ms = (deadline - g_get_monotonic_time()) / 1000;
        gboolean full = used == size - 1;
        gssize n;

        if (left_ms <= 0 || (poll(&poller, 1, (int)left_ms) < 0 && errno != EINTR))
            return FALSE;
        if (!poller.revents)
            continue;
        n = full ? read(fd, rest, sizeof(rest)) : read(fd, text + used, size - 1 - used);
        if (n == 0)
            return TRUE;
        used += n > 0 && !full ? (gsize)n : 0;
    }
}

static void
set_error(GError **error, const char *path, const char *label, const char *what)
{
    g_set_error(error, BPFPV_HOOK_ERROR, BPFPV_HOOK_ERROR_FAILS, "hook %s%s%s: %s", path,
                label ? ", under AppArmor's profile " : "", label ? label : "", what);
}

static gboolean
judge(const char *path, const char *label, int status, const Mishap *mishap, const char *said,
      GError **error)
{
    g_autofree char *what = NULL;

    if (mishap && mishap->stage == STAGE_PROFILE) {
        g_set_error(
            error, BPFPV_HOOK_ERROR, BPFPV_HOOK_ERROR_UNTRIED,
            "hook %s can't be tried under AppArmor's profile %s, which can't be taken on: %s", path,
            label, g_strerror(mishap->code));
        return FALSE;
    }
    if (mishap)
        what = g_strdup_printf("can't be executed: %s", g_strerror(mishap->code));
    else if (WIFSIGNALED(status))
        what = g_strdup_printf("was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        what = g_strdup_printf("ended with status %d%s%s", WEXITSTATUS(status), *said ? ": " : "",
                               said);
    if (what)
        set_error(error, path, label, what);
    return !what;
}

static pid_t
start(const char *path, const char *command, const int report[2], const int err[2])
{
    pid_t pid = fork();

    if (pid == 0)
        become_hook(path, command, report[1], err[1]);
    close(report[1]);
    close(err[1]);
    return pid;
}

/* @label: (nullable): the AppArmor profile to be under */
static gboolean
try_hook(const char *path, const char *label, GError **error)
{
    g_autofree char *command = label ? g_strconcat("changeprofile ", label, NULL) : NULL;
    char said[256] = "";
    Mishap mishap;
    int report[2], err[2], status = 0;
    gboolean ended, mishaps;
    pid_t pid;

    if (pipe2(report, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ||
        (pid = start(path, command, report, err)) < 0) {
        set_error(error, path, label, g_strerror(errno));
        return FALSE;
    }
    ended = read_until_closed(err[0], said, sizeof(said));
    if (!ended)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    mishaps = read(report[0], &mishap, sizeof(mishap)) == sizeof(mishap);
    close(report[0]);
    close(err[0]);
    if (ended)
        return judge(path, label, status, mishaps ? &mishap : NULL, g_strstrip(said), error);
    set_error(error, path, label, "does not end");
    return FALSE;
}

static gboolean
is_executable_file(const char *path, GError **error)
{
    struct stat info;

    if (stat(path, &info) < 0) {
        g_set_error(error, BPFPV_HOOK_ERROR,
                    errno == ENOENT ? BPFPV_HOOK_ERROR_ABSENT : BPFPV_HOOK_ERROR_FAILS,
                    "hook %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    if (S_ISREG(info.st_mode) && (info.st_mode & 0111))
        return TRUE;
    set_error(error, path, NULL, "is not an executable file");
    return FALSE;
}

gboolean
bpfpv_hook_check(const char *path, GError **error)
{
    g_autofree char *profiles = NULL;
    g_auto(GStrv) labels = NULL;

    if (!is_executable_file(path, error) || !try_hook(path, NULL, error))
        return FALSE;
    if (g_file_get_contents(PROFILES, &profiles, NULL, NULL)) {
        labels = bpfpv_hook_labels(profiles);
        for (gsize i = 0; labels[i]; i++)
            if (!try_hook(path, labels[i], error))
                return FALSE;
    }
    if (!bpfpv_selinux_allows_hook(path)) {
        set_error(error, path, NULL,
                  "SELinux's policy keeps libvirtd from executing it; try restorecon -v on it");
        return FALSE;
    }
    return TRUE;
}
