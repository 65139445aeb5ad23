/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the halves of the wire module share: decode.c finds frames in a
 * stream, hello.c and frame.c read one frame's payload.
 */
#pragma once

#include "core/wire/wire.h"

/* What HELLO and the host's limits say about the frames that follow. */
typedef struct {
    guint n_programs;
    guint max_keys;
} BpfpvWireBounds;

/* Is @type one that this host decodes? */
gboolean bpfpv_wire_type_is_known(guint type);

/* Reads the payload of a frame of a known type; every field is checked. */
BpfpvFrame *bpfpv_wire_frame_parse(enum bpfpv_wire_type type, const guint8 *payload, gsize length,
                                   const BpfpvWireBounds *bounds, GError **error);

gboolean bpfpv_wire_hello_parse(BpfpvFrame *frame, const guint8 *payload, gsize length,
                                GError **error);

/* Sets @error; always FALSE. */
gboolean bpfpv_wire_fail(GError **error, BpfpvWireError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
gboolean bpfpv_wire_expect_length(const char *frame, gsize length, gsize expected, GError **error);
/* A NUL-padded field as printable ASCII. */
char *bpfpv_wire_printable(const char *field, gsize size);
