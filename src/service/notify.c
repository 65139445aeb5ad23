/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sd_notify(3)'s protocol: one datagram to $NOTIFY_SOCKET; and sd_watchdog_enabled(3)'s
 * environment. See notify.h.
 */
#include "service/notify.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
bpfpv_notify(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    int fd;

    if (length == 0 || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
               (socklen_t)(G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + length)) < 0)
        g_debug("systemd can't be told: %m");
    close(fd);
}

void
bpfpv_notify_reloading(void)
{
    g_autofree char *state = g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT
                                             "\nSTATUS=Reading the configuration again",
                                             g_get_monotonic_time());

    bpfpv_notify(state);
}

static gboolean
be_alive(gpointer user_data)
{
    bpfpv_notify("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

/* Whether a variable of the environment is a number, and above 0. */
static gboolean
get_number(const char *name, guint64 *number)
{
    const char *text = g_getenv(name);

    return text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, number, NULL);
}

guint
bpfpv_notify_start_watchdog(void)
{
    guint64 usec, pid;

    if (!get_number("WATCHDOG_USEC", &usec))
        return 0;
    /* Inherited from a parent, and meant for that. */
    if (g_getenv("WATCHDOG_PID") && (!get_number("WATCHDOG_PID", &pid) || pid != (guint64)getpid()))
        return 0;
    be_alive(NULL);
    return g_timeout_add((guint)CLAMP(usec / 2000, 1, G_MAXUINT), be_alive, NULL);
}
