/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explaining a refusal, see refusal.h.
 */
#include "kernel/refusal.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define LOCKDOWN "/sys/kernel/security/lockdown"

static char first_warning[256];
static char verifier_log[REFUSAL_LOG_BYTES];

static int __attribute__((format(printf, 2, 0)))
keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
    if (level == LIBBPF_WARN && first_warning[0] == '\0')
        vsnprintf(first_warning, sizeof(first_warning), format, args);
    return 0;
}

void
refusal_capture(void)
{
    first_warning[0] = '\0';
    verifier_log[0] = '\0';
    libbpf_set_print(keep_warning);
}

char *
refusal_log(void)
{
    return verifier_log;
}

/* "none [integrity] confidentiality": the one in brackets, or "". */
static void
read_lockdown(char *mode, size_t size)
{
    char text[128] = "", *open_bracket, *close_bracket;
    int fd = open(LOCKDOWN, O_RDONLY | O_CLOEXEC);

    mode[0] = '\0';
    if (fd < 0)
        return;
    if (read(fd, text, sizeof(text) - 1) > 0) {
        open_bracket = strchr(text, '[');
        close_bracket = strchr(text, ']');
        if (open_bracket != NULL && close_bracket != NULL) {
            *close_bracket = '\0';
            snprintf(mode, size, "%s", open_bracket + 1);
        }
    }
    close(fd);
}

static bool
tells_nothing(const char *line)
{
    static const char *const endings[] = {"processed ", "verification time ", "stack depth ",
                                          "max_states", "-- END"};
    size_t i;

    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strncmp(line, endings[i], strlen(endings[i])) == 0)
            return true;
    }
    return line[0] == '\0';
}

/* The verifier says last what it stumbled over, but for some statistics. */
static const char *
last_line(char *log)
{
    char *end = log + strlen(log), *line;

    while (end > log) {
        *end = '\0';
        line = strrchr(log, '\n');
        line = line != NULL ? line + 1 : log;
        if (!tells_nothing(line))
            return line;
        end = line > log ? line - 1 : log;
    }
    return "";
}

static const char *
warning(void)
{
    static const char prefix[] = "libbpf: ";
    size_t skip = strncmp(first_warning, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;

    first_warning[strcspn(first_warning, "\n")] = '\0';
    return first_warning + skip;
}

enum exit_code
refusal_complain(const char *program, int error)
{
    const char *line = last_line(verifier_log);
    char lockdown[32];

    read_lockdown(lockdown, sizeof(lockdown));
    if (access(VMLINUX_BTF, R_OK) != 0)
        return complain(EXIT_KERNEL, "program", program,
                        "the kernel has no BTF at " VMLINUX_BTF " (CONFIG_DEBUG_INFO_BTF)");
    if (error == -EPERM && geteuid() != 0)
        return complain(EXIT_KERNEL, "program", program, "only root may load it");
    if (strcmp(lockdown, "confidentiality") == 0)
        return complain(EXIT_KERNEL, "program", program,
                        "kernel lockdown is \"confidentiality\": %s", strerror(-error));
    if (error == -EPERM || error == -EACCES) {
        if (*line == '\0')
            return complain(EXIT_KERNEL, "program", program,
                            "the kernel does not permit it (%s): a security module, or no "
                            "CAP_BPF and CAP_PERFMON",
                            strerror(-error));
    }
    if (*line != '\0')
        return complain(EXIT_KERNEL, "program", program, "the verifier refuses it: %s", line);
    if (error == -ESRCH || error == -ENOENT)
        return complain(EXIT_KERNEL, "program", program, "what it attaches to is absent: %s",
                        *warning() != '\0' ? warning() : strerror(-error));
    return complain(EXIT_KERNEL, "program", program, "%s: %s", strerror(-error), warning());
}
