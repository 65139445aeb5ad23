/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One epoll for all guests' sockets; see ready.h. */
#define _GNU_SOURCE
#include "host/channel/ready.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

/* In one turn of the main loop, so that the others in it have their turns as well. The kernel puts
 * those that are told of behind those that are not. */
#define AT_ONCE 16

struct _BpfpvReady {
    int fd;
    guint32 events; /* that are wanted */
    BpfpvReadyFunc func;
    gpointer user_data;
};

static struct {
    int epoll;
    guint source;
    guint users;
    struct epoll_event events[AT_ONCE]; /* of this turn */
    int n;
} all = {.epoll = -1};

static gboolean
dispatch(int fd, GIOCondition condition, gpointer user_data)
{
    all.n = epoll_wait(all.epoll, all.events, AT_ONCE, 0);
    for (int i = 0; i < all.n; i++) {
        const BpfpvReady *ready = all.events[i].data.ptr;

        if (ready) /* and not freed by another's turn */
            ready->func(all.events[i].events, ready->user_data);
    }
    all.n = 0;
    return G_SOURCE_CONTINUE;
}

BpfpvReady *
bpfpv_ready_new(int fd, BpfpvReadyFunc func, gpointer user_data)
{
    BpfpvReady *ready = g_new0(BpfpvReady, 1);

    if (all.users++ == 0) {
        all.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (all.epoll < 0)
            g_error("no epoll: %s", g_strerror(errno));
        all.source = g_unix_fd_add(all.epoll, G_IO_IN, dispatch, NULL);
    }
    *ready = (BpfpvReady){.fd = fd, .func = func, .user_data = user_data};
    return ready;
}

void
bpfpv_ready_want(BpfpvReady *ready, guint32 events)
{
    struct epoll_event event = {.events = events, .data.ptr = ready};
    int operation = ready->events == 0 ? EPOLL_CTL_ADD
                    : events == 0      ? EPOLL_CTL_DEL
                                       : EPOLL_CTL_MOD;

    if (events == ready->events)
        return;
    if (epoll_ctl(all.epoll, operation, ready->fd, &event) < 0)
        g_warning("can't watch a guest's socket: %s", g_strerror(errno));
    ready->events = events;
}

void
bpfpv_ready_free(BpfpvReady *ready)
{
    if (!ready)
        return;
    bpfpv_ready_want(ready, 0);
    for (int i = 0; i < all.n; i++)
        if (all.events[i].data.ptr == ready)
            all.events[i].data.ptr = NULL;
    g_free(ready);
    if (--all.users > 0)
        return;
    g_clear_handle_id(&all.source, g_source_remove);
    close(all.epoll);
    all.epoll = -1;
}
