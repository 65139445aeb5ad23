/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd_notify(3)'s protocol: one datagram to $NOTIFY_SOCKET. See notify.h. */
#include "config.h"

#include "nova-hook/agent/notify.h"

#include <glib.h>
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
