/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decodes what a guest sends, encodes what the host sends. The layouts are in
 * bpf/include/bpfpv_wire.h. Everything that arrives is hostile: every length,
 * count, index and character is checked here, so that nothing behind this
 * module meets an unchecked one. No I/O.
 */
#pragma once

#include <glib.h>

#include "bpfpv_wire.h"
#include "core/topology/guest-cpus.h"

#define BPFPV_WIRE_ERROR (bpfpv_wire_error_quark())
typedef enum {
    BPFPV_WIRE_ERROR_FRAME,   /* header, length or field out of bounds */
    BPFPV_WIRE_ERROR_VERSION, /* a protocol version that this host does not speak */
    BPFPV_WIRE_ERROR_ORDER,   /* a frame where the protocol does not allow it */
    BPFPV_WIRE_ERROR_LIMIT,   /* more than the domain's limits allow */
} BpfpvWireError;
GQuark bpfpv_wire_error_quark(void);

typedef struct {
    char *name;   /* [a-z0-9_-]{1,31}, checked */
    char *attach; /* [a-z0-9_-]{1,15}, checked */
    guint8 digest[BPFPV_WIRE_DIGEST_LEN];
} BpfpvWireProgram;

typedef struct {
    guint64 nonce;
    guint8 session[BPFPV_WIRE_SESSION_LEN];
    char *kernel; /* printable ASCII; anything else became '?' */
    char *build;  /* likewise */
    guint8 digest[BPFPV_WIRE_DIGEST_LEN];
    guint32 max_keys;
    GPtrArray *programs; /* of BpfpvWireProgram */
} BpfpvHello;

typedef struct {
    guint64 key;
    guint32 size;        /* 0 is a tombstone */
    const guint8 *value; /* into the frame's bytes; 8-aligned is not promised */
} BpfpvWireRecord;

typedef struct {
    enum bpfpv_wire_type type;
    guint program;                  /* BEGIN, RECORDS, END: index into HELLO's list, checked */
    guint32 generation;             /* BEGIN, RECORDS, END */
    BpfpvHello *hello;              /* HELLO */
    guint n_cpus;                   /* CPUS */
    BpfpvCpuset *possible, *online; /* CPUS: never empty, online ⊆ possible */
    GArray *cpu_ids; /* CPU_IDS: of BpfpvGuestCpuId, each cpu below BPFPV_WIRE_MAX_CPUS */
    GArray *records; /* RECORDS: of BpfpvWireRecord */
    guint64 keys, lost, dropped; /* END */
    guint64 nonce;               /* PONG */
    guint32 bye_reason;          /* BYE */
    char *bye_text;              /* BYE: printable ASCII */
    GBytes *bytes;               /* what records' values point into */
} BpfpvFrame;

/* Whether the guest itself has started the loader: it was given no session. */
gboolean bpfpv_hello_is_owned(const BpfpvHello *hello);
void bpfpv_hello_free(BpfpvHello *hello);
void bpfpv_frame_free(BpfpvFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvHello, bpfpv_hello_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvFrame, bpfpv_frame_free)

/* One connection's decoder. Not thread-safe; used by one thread at a time. */
typedef struct _BpfpvDecoder BpfpvDecoder;

/* @nonce: of the RESYNC that was sent; every byte before its HELLO is skipped.
 * @max_keys: most keys of one program (bounds counts, not memory: see table). */
BpfpvDecoder *bpfpv_decoder_new(guint64 nonce, guint max_keys);
void bpfpv_decoder_free(BpfpvDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDecoder, bpfpv_decoder_free)

/* Adds bytes as they came. Keeps at most one largest frame plus @length. */
void bpfpv_decoder_push(BpfpvDecoder *decoder, const guint8 *bytes, gsize length);
/* Returns: (transfer full) (nullable): the next frame; NULL without @error: more bytes are needed.
 * Unknown guest frame types are skipped. After an error the connection must be dropped. */
BpfpvFrame *bpfpv_decoder_next(BpfpvDecoder *decoder, GError **error);

GBytes *bpfpv_wire_encode_limit(guint max_keys);
GBytes *bpfpv_wire_encode_resync(guint64 nonce);
GBytes *bpfpv_wire_encode_ping(guint64 nonce);
GBytes *bpfpv_wire_encode_stop(void);
