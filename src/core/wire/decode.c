/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds frames in the bytes of one connection: first hunts for the HELLO that
 * echoes the host's nonce, then takes frame after frame and accepts no
 * irregularity. Payloads are read in frame.c.
 */
#include "core/wire/private.h"

#include <string.h>

#define HEADER sizeof(struct bpfpv_wire_header)
#define MAX_FRAME (HEADER + BPFPV_WIRE_MAX_PAYLOAD)

/* A HELLO's header, and its payload up to and including the nonce: enough to know it by. */
#define HELLO_PREFIX (HEADER + offsetof(struct bpfpv_wire_hello, nonce) + sizeof(guint64))

/* An empty buffer of more is given back. */
#define KEPT 1024

struct _BpfpvDecoder {
    guint64 nonce;
    BpfpvWireBounds bounds;
    GByteArray *buffer;
    gsize head; /* bytes of buffer already consumed */
    gboolean seen_hello, seen_cpus;
    gboolean overrun;
    GError *error; /* set once the stream is broken: all that next() returns from then on */
};

typedef struct {
    guint32 magic, length, unused;
    guint16 type, flags;
} Header;

/**
 * bpfpv_decoder_new:
 * @nonce: what the RESYNC that was sent on this connection carried
 * @max_keys: most keys that one program of this domain may have
 *
 * Returns: (transfer full): a decoder for one connection; it serves one thread
 *   at a time
 */
BpfpvDecoder *
bpfpv_decoder_new(guint64 nonce, guint max_keys)
{
    BpfpvDecoder *decoder = g_new0(BpfpvDecoder, 1);

    decoder->nonce = nonce;
    decoder->bounds.max_keys = max_keys;
    decoder->buffer = g_byte_array_new();
    return decoder;
}

/**
 * bpfpv_decoder_free:
 * @decoder: (nullable): the decoder
 *
 * Frees @decoder and the bytes that it holds.
 */
void
bpfpv_decoder_free(BpfpvDecoder *decoder)
{
    if (decoder == NULL)
        return;
    g_byte_array_unref(decoder->buffer);
    g_clear_error(&decoder->error);
    g_free(decoder);
}

static gsize
available(const BpfpvDecoder *decoder)
{
    return decoder->buffer->len - decoder->head;
}

static const guint8 *
head(const BpfpvDecoder *decoder)
{
    return decoder->buffer->data + decoder->head;
}

/**
 * bpfpv_decoder_push:
 * @decoder: the decoder
 * @bytes: (array length=length): bytes as they came
 * @length: how many
 *
 * Adds bytes. Call bpfpv_decoder_next() until it returns %NULL before the next
 * push: a decoder that is pushed to while it holds more than one largest frame
 * refuses the bytes, and bpfpv_decoder_next() then fails with
 * %BPFPV_WIRE_ERROR_LIMIT. So it never holds more than that and @length, and
 * its buffer at most twice as much.
 */
void
bpfpv_decoder_push(BpfpvDecoder *decoder, const guint8 *bytes, gsize length)
{
    if (length == 0 || decoder->error != NULL)
        return;
    if (available(decoder) > MAX_FRAME || length > G_MAXUINT / 4) {
        decoder->overrun = TRUE;
        return;
    }
    /* Moves fewer bytes than were consumed since the last move: O(1) for each byte pushed. */
    if (decoder->head > decoder->buffer->len / 2) {
        g_byte_array_remove_range(decoder->buffer, 0, (guint)decoder->head);
        decoder->head = 0;
    }
    g_byte_array_append(decoder->buffer, bytes, (guint)length);
}

static Header
read_header(const guint8 *bytes)
{
    struct bpfpv_wire_header wire;

    memcpy(&wire, bytes, sizeof(wire));
    return (Header){
        .magic = GUINT32_FROM_LE(wire.magic),
        .type = GUINT16_FROM_LE(wire.type),
        .flags = GUINT16_FROM_LE(wire.flags),
        .length = GUINT32_FROM_LE(wire.length),
        .unused = GUINT32_FROM_LE(wire.unused),
    };
}

typedef enum {
    NOT_HELLO,
    HELLO,
    HELLO_OF_OTHER_VERSION,
} Candidate;

/* Looks at HELLO_PREFIX bytes that may be anything. */
static Candidate
examine(const BpfpvDecoder *decoder, const guint8 *bytes)
{
    Header header = read_header(bytes);
    struct bpfpv_wire_hello hello = {0};
    guint n_programs;

    memcpy(&hello, bytes + HEADER, HELLO_PREFIX - HEADER);
    n_programs = GUINT16_FROM_LE(hello.n_programs);
    if (header.magic != BPFPV_WIRE_MAGIC || header.type != BPFPV_WIRE_HELLO || header.flags != 0 ||
        header.unused != 0 || GUINT64_FROM_LE(hello.nonce) != decoder->nonce)
        return NOT_HELLO;
    if (GUINT16_FROM_LE(hello.version) != BPFPV_WIRE_VERSION)
        return HELLO_OF_OTHER_VERSION;
    if (n_programs < 1 || n_programs > BPFPV_WIRE_MAX_PROGRAMS ||
        header.length != sizeof(hello) + n_programs * sizeof(struct bpfpv_wire_program))
        return NOT_HELLO;
    return HELLO;
}

/* Skips to where only our HELLO can start. FALSE: it is not there yet, or @error is set. */
static gboolean
hunt(BpfpvDecoder *decoder, GError **error)
{
    static const guint8 first = BPFPV_WIRE_MAGIC & 0xff;

    while (available(decoder) >= HELLO_PREFIX) {
        const guint8 *at = head(decoder);
        const guint8 *next;

        switch (examine(decoder, at)) {
        case HELLO:
            return TRUE;
        case HELLO_OF_OTHER_VERSION:
            g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_VERSION,
                        "the guest speaks another protocol version than this host's %d",
                        BPFPV_WIRE_VERSION);
            return FALSE;
        case NOT_HELLO:
            break;
        }
        next = memchr(at + 1, first, available(decoder) - 1);
        decoder->head =
            next != NULL ? (gsize)(next - decoder->buffer->data) : (gsize)decoder->buffer->len;
    }
    return FALSE;
}

static gboolean
check_header(const Header *header, GError **error)
{
    if (header->magic != BPFPV_WIRE_MAGIC)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_FRAME,
                    "frame starts with %#010x, not with the magic %#010x", header->magic,
                    BPFPV_WIRE_MAGIC);
    else if (header->flags != 0 || header->unused != 0)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_FRAME,
                    "frame type %u: flags %#x and unused %#x are not 0", header->type,
                    header->flags, header->unused);
    else if (header->length > BPFPV_WIRE_MAX_PAYLOAD || header->length % 8 != 0)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_FRAME,
                    "frame type %u: length %u is above %u or no multiple of 8", header->type,
                    header->length, BPFPV_WIRE_MAX_PAYLOAD);
    else if (header->type == 0 || header->type >= BPFPV_WIRE_RESYNC)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_FRAME,
                    "frame type %u is not one that a guest sends", header->type);
    else
        return TRUE;
    return FALSE;
}

/* HELLO once, then CPUS before any table: those behind can rely on it. */
static gboolean
check_order(const BpfpvDecoder *decoder, guint type, GError **error)
{
    gboolean is_table =
        type == BPFPV_WIRE_BEGIN || type == BPFPV_WIRE_RECORDS || type == BPFPV_WIRE_END;

    if (type == BPFPV_WIRE_HELLO && decoder->seen_hello)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "a second HELLO on one connection");
    else if (is_table && !decoder->seen_cpus)
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "frame type %u before the first CPUS", type);
    else
        return TRUE;
    return FALSE;
}

/* The frame at the head, and *skipped set if that was one of an unknown type. */
static BpfpvFrame *
take_frame(BpfpvDecoder *decoder, gboolean *skipped, GError **error)
{
    g_autoptr(BpfpvFrame) frame = NULL;
    const guint8 *at = head(decoder);
    Header header;

    if (available(decoder) < HEADER)
        return NULL;
    header = read_header(at);
    if (!check_header(&header, error) || !check_order(decoder, header.type, error))
        return NULL;
    if (available(decoder) - HEADER < header.length)
        return NULL;
    decoder->head += HEADER + header.length;
    *skipped = !bpfpv_wire_type_is_known(header.type);
    if (*skipped)
        return NULL;
    frame =
        bpfpv_wire_frame_parse(header.type, at + HEADER, header.length, &decoder->bounds, error);
    if (frame == NULL)
        return NULL;
    if (frame->type == BPFPV_WIRE_HELLO) {
        decoder->seen_hello = TRUE;
        decoder->bounds.n_programs = frame->hello->programs->len;
    }
    decoder->seen_cpus |= frame->type == BPFPV_WIRE_CPUS;
    return g_steal_pointer(&frame);
}

static BpfpvFrame *
decode(BpfpvDecoder *decoder, GError **error)
{
    BpfpvFrame *frame = NULL;
    gboolean skipped;

    if (!decoder->seen_hello && !hunt(decoder, error))
        return NULL;
    do {
        skipped = FALSE;
        frame = take_frame(decoder, &skipped, error);
    } while (skipped);
    return frame;
}

/* Most guests are quiet most of the time, and there may be thousands. */
static void
let_go(BpfpvDecoder *decoder)
{
    if (available(decoder) > 0 || decoder->buffer->len <= KEPT)
        return;
    g_byte_array_unref(decoder->buffer);
    decoder->buffer = g_byte_array_new();
    decoder->head = 0;
}

/**
 * bpfpv_decoder_next:
 * @decoder: the decoder
 * @error: return location, domain %BPFPV_WIRE_ERROR
 *
 * Takes the next frame from the bytes pushed so far. Bytes before the HELLO
 * with the right nonce are skipped, as are frames of unknown types; anything
 * else irregular is an error. After an error every call returns the same one:
 * the connection must be dropped. A HELLO with the right nonce but another
 * version is %BPFPV_WIRE_ERROR_VERSION.
 *
 * Returns: (transfer full) (nullable): the frame; %NULL without @error set if
 *   more bytes are needed
 */
BpfpvFrame *
bpfpv_decoder_next(BpfpvDecoder *decoder, GError **error)
{
    BpfpvFrame *frame = NULL;

    if (decoder->error == NULL)
        frame = decode(decoder, &decoder->error);
    if (frame == NULL && decoder->error == NULL && decoder->overrun)
        g_set_error(&decoder->error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_LIMIT,
                    "bytes came faster than they were decoded");
    if (decoder->error != NULL && error != NULL)
        *error = g_error_copy(decoder->error);
    if (frame == NULL)
        let_go(decoder);
    return frame;
}
