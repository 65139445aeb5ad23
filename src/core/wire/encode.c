/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encodes the few frames that the host sends.
 */
#include "core/wire/wire.h"

static GBytes *
encode(enum bpfpv_wire_type type, const void *payload, gsize length)
{
    struct bpfpv_wire_header header = {
        .magic = GUINT32_TO_LE(BPFPV_WIRE_MAGIC),
        .type = GUINT16_TO_LE((guint16)type),
        .length = GUINT32_TO_LE((guint32)length),
    };
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)&header, sizeof(header));
    if (length > 0)
        g_byte_array_append(bytes, payload, (guint)length);
    return g_byte_array_free_to_bytes(bytes);
}

static GBytes *
encode_nonce(enum bpfpv_wire_type type, guint64 nonce)
{
    struct bpfpv_wire_nonce payload = {.nonce = GUINT64_TO_LE(nonce)};

    return encode(type, &payload, sizeof(payload));
}

/**
 * bpfpv_wire_encode_limit:
 * @max_keys: most keys of one program, at least 1
 *
 * Returns: (transfer full): a LIMIT, in force from the next RESYNC on
 */
GBytes *
bpfpv_wire_encode_limit(guint max_keys)
{
    struct bpfpv_wire_limit payload = {.max_keys = GUINT32_TO_LE(max_keys)};

    return encode(BPFPV_WIRE_LIMIT, &payload, sizeof(payload));
}

/**
 * bpfpv_wire_encode_resync:
 * @nonce: what HELLO shall echo; never used before on this channel
 *
 * Returns: (transfer full): a RESYNC: the guest shall send everything anew
 */
GBytes *
bpfpv_wire_encode_resync(guint64 nonce)
{
    return encode_nonce(BPFPV_WIRE_RESYNC, nonce);
}

/**
 * bpfpv_wire_encode_ping:
 * @nonce: what PONG shall echo
 *
 * Returns: (transfer full): a PING
 */
GBytes *
bpfpv_wire_encode_ping(guint64 nonce)
{
    return encode_nonce(BPFPV_WIRE_PING, nonce);
}

/**
 * bpfpv_wire_encode_stop:
 *
 * Returns: (transfer full): a STOP: the loader shall detach its programs and end
 */
GBytes *
bpfpv_wire_encode_stop(void)
{
    return encode(BPFPV_WIRE_STOP, NULL, 0);
}
