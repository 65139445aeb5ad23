/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's end of the notification socket, for tests of services. */
#pragma once

#include <glib.h>

typedef struct {
    char *path; /* $NOTIFY_SOCKET */
    int fd;
} NotifySocket;

/* Below @directory; ends the test if that fails. */
NotifySocket *notify_socket_new(const char *directory);
void notify_socket_free(NotifySocket *notify);
/* Returns: (transfer full) (nullable): the next message; NULL: none came within @timeout_ms */
char *notify_socket_receive(NotifySocket *notify, guint timeout_ms);
/* Waits for a message that has @line as one of its lines, and drops those before it; fails the test
 * if none comes within half a minute. Returns: (transfer full): all of that message */
char *notify_socket_wait(NotifySocket *notify, const char *line);
/* Drops all that has come. */
void notify_socket_drain(NotifySocket *notify);
