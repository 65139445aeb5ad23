/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host end of a domain's virtio channel: a unix socket that QEMU listens
 * on. Bytes in, bytes out, in the main thread, never blocking; reading is held
 * to a byte rate, so that a guest can only ever fill its own channel.
 */
#pragma once

#include <gio/gio.h>

typedef struct _BpfpvChannel BpfpvChannel;

typedef struct {
    void (*bytes)(const guint8 *bytes, gsize length, gpointer user_data);
    /* The connection ended; the channel is of no more use and may be freed in here. */
    void (*closed)(const GError *error, gpointer user_data);
} BpfpvChannelFuncs;

/**
 * bpfpv_channel_open:
 * @path: the socket's path, from the domain's live XML
 * @bytes_per_second: what is read from the guest at most, on average
 * @funcs: (transfer none): valid as long as the channel
 */
BpfpvChannel *bpfpv_channel_open(const char *path, guint bytes_per_second,
                                 const BpfpvChannelFuncs *funcs, gpointer user_data,
                                 GError **error);
void bpfpv_channel_free(BpfpvChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvChannel, bpfpv_channel_free)

/**
 * bpfpv_channel_send:
 * @frame: a few bytes
 *
 * Queues them. What a guest that does not read leaves unsent is bounded; the
 * excess is dropped.
 */
void bpfpv_channel_send(BpfpvChannel *channel, GBytes *frame);
