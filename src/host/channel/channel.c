/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host end of a domain's virtio channel; see channel.h. */
#include "host/channel/channel.h"

#include <gio/gunixsocketaddress.h>
#include <sys/epoll.h>

#include "core/budget.h"
#include "host/channel/ready.h"

#define READ_SIZE (32 * 1024)
/* Host frames are 24 bytes; this many unsent ones mean that the guest does not read. */
#define UNSENT_MAX 4096

struct _BpfpvChannel {
    GSocket *socket;
    const BpfpvChannelFuncs *funcs;
    gpointer user_data;
    BpfpvReady *ready;
    gboolean closed; /* the other end, and it was told */
    guint resume;    /* timer: reading pauses to keep the rate */
    GByteArray *unsent;
    BpfpvBudget budget; /* bytes; one second's worth at once */
};

/* To read, unless that pauses; to write, while there is something unsent. */
static void
want(BpfpvChannel *channel)
{
    bpfpv_ready_want(channel->ready, channel->closed
                                         ? 0
                                         : (channel->resume == 0 ? (guint32)EPOLLIN : 0) |
                                               (channel->unsent->len > 0 ? (guint32)EPOLLOUT : 0));
}

static gboolean
resume_reading(gpointer user_data)
{
    BpfpvChannel *channel = user_data;

    channel->resume = 0;
    want(channel);
    return G_SOURCE_REMOVE;
}

/* Takes @length bytes off the budget; pauses the reading where it is used up. */
static void
account(BpfpvChannel *channel, gssize length)
{
    gint64 wait_us = bpfpv_budget_use(&channel->budget, (guint64)length, g_get_monotonic_time());

    if (wait_us == 0)
        return;
    /* A little more, so that the next read is worth it. */
    channel->resume = g_timeout_add((guint)(wait_us / 1000) + 20, resume_reading, channel);
    want(channel);
}

static void
read_some(BpfpvChannel *channel)
{
    g_autoptr(GError) error = NULL;
    guint8 buffer[READ_SIZE]; /* not the channel's: there may be thousands */
    gssize length = g_socket_receive(channel->socket, (char *)buffer, READ_SIZE, NULL, &error);

    if (length < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
    if (length <= 0) {
        channel->closed = TRUE;
        want(channel);
        channel->funcs->closed(error, channel->user_data);
        return;
    }
    account(channel, length);
    channel->funcs->bytes(buffer, (gsize)length, channel->user_data);
}

static void
write_some(BpfpvChannel *channel)
{
    gssize sent = g_socket_send(channel->socket, (const char *)channel->unsent->data,
                                channel->unsent->len, NULL, NULL);

    /* An error shows on the reading side too. */
    if (sent > 0)
        g_byte_array_remove_range(channel->unsent, 0, (guint)sent);
    want(channel);
}

/* That the other end has hung up is read, behind what it sent last. The channel may be gone after
 * that. */
static void
on_ready(guint32 events, gpointer user_data)
{
    BpfpvChannel *channel = user_data;

    if (events & EPOLLOUT && channel->unsent->len > 0)
        write_some(channel);
    if (channel->resume == 0) {
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            read_some(channel);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        g_byte_array_set_size(channel->unsent, 0); /* nobody is there who would read it */
        want(channel);
    }
}

BpfpvChannel *
bpfpv_channel_open(const char *path, guint bytes_per_second, const BpfpvChannelFuncs *funcs,
                   gpointer user_data, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(BpfpvChannel) channel = g_new0(BpfpvChannel, 1);

    channel->unsent = g_byte_array_new();
    channel->socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
    if (!channel->socket)
        return NULL;
    g_socket_set_blocking(channel->socket, FALSE);
    if (!g_socket_connect(channel->socket, address, NULL, error)) {
        g_prefix_error(error, "connecting to channel socket %s: ", path);
        return NULL;
    }
    channel->funcs = funcs;
    channel->user_data = user_data;
    bpfpv_budget_init(&channel->budget, bytes_per_second, bytes_per_second, g_get_monotonic_time());
    channel->ready = bpfpv_ready_new(g_socket_get_fd(channel->socket), on_ready, channel);
    want(channel);
    return g_steal_pointer(&channel);
}

void
bpfpv_channel_free(BpfpvChannel *channel)
{
    if (!channel)
        return;
    g_clear_pointer(&channel->ready, bpfpv_ready_free);
    g_clear_handle_id(&channel->resume, g_source_remove);
    g_clear_object(&channel->socket);
    g_byte_array_unref(channel->unsent);
    g_free(channel);
}

void
bpfpv_channel_send(BpfpvChannel *channel, GBytes *frame)
{
    gsize length;
    const guint8 *data = g_bytes_get_data(frame, &length);

    if (channel->unsent->len + length > UNSENT_MAX)
        return; /* the guest does not read; whoever waits for an answer sees to that */
    g_byte_array_append(channel->unsent, data, (guint)length);
    want(channel);
}
