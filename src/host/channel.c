/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host end of a domain's virtio channel; see channel.h. */
#include "host/channel.h"

#include "core/budget.h"

#include <gio/gunixsocketaddress.h>
#include <sys/socket.h>

#define READ_SIZE (32 * 1024)
/* Host frames are 24 bytes; this many unsent ones mean that the guest does not read. */
#define UNSENT_MAX 4096

struct _BpfpvChannel {
    GSocket *socket;
    const BpfpvChannelFuncs *funcs;
    gpointer user_data;
    GSource *readable;
    GSource *writable; /* while there is something unsent */
    guint resume;      /* timer: reading pauses to keep the rate */
    GByteArray *unsent;
    BpfpvBudget budget; /* bytes; one second's worth at once */
    guint8 buffer[READ_SIZE];
};

static void start_reading(BpfpvChannel *channel);

static void
clear_source(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static gboolean
resume_reading(gpointer user_data)
{
    BpfpvChannel *channel = user_data;

    channel->resume = 0;
    start_reading(channel);
    return G_SOURCE_REMOVE;
}

/* Takes @length bytes off the budget; pauses the reading where it is used up. */
static void
account(BpfpvChannel *channel, gssize length)
{
    gint64 wait_us = bpfpv_budget_use(&channel->budget, (guint64)length, g_get_monotonic_time());

    if (wait_us == 0)
        return;
    clear_source(&channel->readable);
    /* A little more, so that the next read is worth it. */
    channel->resume = g_timeout_add((guint)(wait_us / 1000) + 20, resume_reading, channel);
}

static gboolean
on_readable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
    BpfpvChannel *channel = user_data;
    g_autoptr(GError) error = NULL;
    gssize length =
        g_socket_receive(channel->socket, (char *)channel->buffer, READ_SIZE, NULL, &error);

    if (length < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
    if (length <= 0) {
        clear_source(&channel->readable);
        channel->funcs->closed(error, channel->user_data);
        return G_SOURCE_REMOVE;
    }
    account(channel, length);
    channel->funcs->bytes(channel->buffer, (gsize)length, channel->user_data);
    /* The channel may be gone. Its source then is too, and what is returned does not matter. */
    return G_SOURCE_CONTINUE;
}

static void
start_reading(BpfpvChannel *channel)
{
    channel->readable =
        g_socket_create_source(channel->socket, G_IO_IN | G_IO_HUP | G_IO_ERR, NULL);
    g_source_set_callback(channel->readable, G_SOURCE_FUNC(on_readable), channel, NULL);
    g_source_attach(channel->readable, NULL);
}

static gboolean
on_writable(GSocket *socket, GIOCondition condition, gpointer user_data)
{
    BpfpvChannel *channel = user_data;
    gssize sent = g_socket_send(channel->socket, (const char *)channel->unsent->data,
                                channel->unsent->len, NULL, NULL);

    /* An error shows on the reading side too. */
    if (sent > 0)
        g_byte_array_remove_range(channel->unsent, 0, (guint)sent);
    if (channel->unsent->len > 0)
        return G_SOURCE_CONTINUE;
    clear_source(&channel->writable);
    return G_SOURCE_REMOVE;
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
    start_reading(channel);
    return g_steal_pointer(&channel);
}

void
bpfpv_channel_free(BpfpvChannel *channel)
{
    if (!channel)
        return;
    clear_source(&channel->readable);
    clear_source(&channel->writable);
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
    if (channel->writable)
        return;
    channel->writable = g_socket_create_source(channel->socket, G_IO_OUT, NULL);
    g_source_set_callback(channel->writable, G_SOURCE_FUNC(on_writable), channel, NULL);
    g_source_attach(channel->writable, NULL);
}
