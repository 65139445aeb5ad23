/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SELinux's policy lets libvirtd execute; see hook-check-selinux.h. */
#include "host/hook-check-selinux.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SELINUX "/sys/fs/selinux"
#define CONTEXT_MAX 512

/* The context that libvirtd runs in where it runs, else the one that policies give it. */
static char *
libvirtd_context(void)
{
    static const char *const pid_files[] = {"/run/libvirtd.pid", "/run/virtqemud.pid"};

    for (gsize i = 0; i < G_N_ELEMENTS(pid_files); i++) {
        g_autofree char *pid = NULL, *path = NULL;
        char *context = NULL;

        if (!g_file_get_contents(pid_files[i], &pid, NULL, NULL))
            continue;
        path = g_strdup_printf("/proc/%s/attr/current", g_strstrip(pid));
        if (g_file_get_contents(path, &context, NULL, NULL))
            return g_strstrip(context);
    }
    return g_strdup("system_u:system_r:virtd_t:s0");
}

/* A number of the policy's: of a class, or of a permission in it; 0: it has none. */
static guint
read_number(const char *name)
{
    g_autofree char *path = g_build_filename(SELINUX "/class", name, NULL);
    g_autofree char *text = NULL;
    guint64 number = 0;

    if (g_file_get_contents(path, &text, NULL, NULL))
        g_ascii_string_to_unsigned(g_strstrip(text), 10, 0, G_MAXUINT16, &number, NULL);
    return (guint)number;
}

/* A file of SELinux's answers by being read what was written to it. */
static char *
ask(const char *file, const char *subject, const char *object, guint class)
{
    g_autofree char *path = g_build_filename(SELINUX, file, NULL);
    g_autofree char *question = g_strdup_printf("%s %s %u", subject, object, class);
    char answer[CONTEXT_MAX] = "";
    gssize length = -1;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    if (write(fd, question, strlen(question)) > 0)
        length = read(fd, answer, sizeof(answer) - 1);
    close(fd);
    return length > 0 ? g_strdup(answer) : NULL;
}

static gboolean
may(guint allowed, const char *permission)
{
    g_autofree char *name = g_build_filename("file/perms", permission, NULL);
    guint number = read_number(name);

    return number > 0 && number <= 32 && (allowed >> (number - 1) & 1);
}

gboolean
bpfpv_selinux_allows_hook(const char *path)
{
    g_autofree char *enforce = NULL, *subject = NULL, *answer = NULL, *becomes = NULL;
    char object[CONTEXT_MAX] = "";
    guint allowed;

    if (!g_file_get_contents(SELINUX "/enforce", &enforce, NULL, NULL) || enforce[0] != '1' ||
        getxattr(path, "security.selinux", object, sizeof(object) - 1) <= 0)
        return TRUE;
    subject = libvirtd_context();
    answer = ask("access", subject, object, read_number("file/index"));
    if (!answer || sscanf(answer, "%x", &allowed) != 1)
        return TRUE;
    becomes = ask("create", subject, object, read_number("process/index"));
    /* Without a domain of its own it has to run in libvirtd's. */
    return may(allowed, "execute") &&
           ((becomes && !g_str_equal(becomes, subject)) || may(allowed, "execute_no_trans"));
}
