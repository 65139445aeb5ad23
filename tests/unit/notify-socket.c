/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See notify-socket.h. */
#include "notify-socket.h"

#include "unit.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOON_MS 30000

NotifySocket *
notify_socket_new(const char *directory)
{
    NotifySocket *notify = g_new0(NotifySocket, 1);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    notify->path = g_build_filename(directory, "notify", NULL);
    assert_true(strlen(notify->path) < sizeof(address.sun_path));
    strcpy(address.sun_path, notify->path);
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(notify->fd >= 0);
    assert_int_equal(bind(notify->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return notify;
}

void
notify_socket_free(NotifySocket *notify)
{
    if (!notify)
        return;
    close(notify->fd);
    g_unlink(notify->path);
    g_free(notify->path);
    g_free(notify);
}

char *
notify_socket_receive(NotifySocket *notify, guint timeout_ms)
{
    struct pollfd entry = {.fd = notify->fd, .events = POLLIN};
    char buffer[4096];
    ssize_t n;

    if (poll(&entry, 1, (int)timeout_ms) <= 0)
        return NULL;
    n = recv(notify->fd, buffer, sizeof(buffer), 0);
    assert_true(n >= 0);
    return g_strndup(buffer, (gsize)n);
}

char *
notify_socket_wait(NotifySocket *notify, const char *line)
{
    gint64 end = g_get_monotonic_time() + SOON_MS * (gint64)1000;

    while (g_get_monotonic_time() < end) {
        g_autofree char *message = notify_socket_receive(notify, 100);
        g_auto(GStrv) lines = message ? g_strsplit(message, "\n", -1) : NULL;

        if (lines && g_strv_contains((const char *const *)lines, line))
            return g_steal_pointer(&message);
    }
    fail_msg("\"%s\" did not come", line);
    return NULL;
}

void
notify_socket_drain(NotifySocket *notify)
{
    char *message;

    while ((message = notify_socket_receive(notify, 0)))
        g_free(message);
}
