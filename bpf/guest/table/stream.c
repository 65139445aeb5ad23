/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encoding to and decoding from the channel's bytes, see stream.h.
 */
#include "table/stream.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire protocol is little-endian: this needs conversions first"
#endif

#define HEADER sizeof(struct bpfpv_wire_header)

void
stream_out_reset(struct stream_out *out)
{
    out->start = out->end = out->batch = 0;
    out->batch_open = false;
}

size_t
stream_out_pending(const struct stream_out *out, const uint8_t **bytes)
{
    *bytes = out->bytes + out->start;
    return out->batch_open ? 0 : out->end - out->start;
}

void
stream_out_written(struct stream_out *out, size_t count)
{
    out->start += count;
    if (out->start == out->end)
        stream_out_reset(out);
}

static size_t
room(const struct stream_out *out)
{
    return STREAM_OUT_BYTES - out->end;
}

/* Moves what waits to the front, so that all free room is behind it. */
static void
compact(struct stream_out *out)
{
    if (out->batch_open)
        return;
    memmove(out->bytes, out->bytes + out->start, out->end - out->start);
    out->end -= out->start;
    out->start = 0;
}

static void
put(struct stream_out *out, const void *bytes, size_t length)
{
    size_t padding = -length & 7;

    if (length > 0)
        memcpy(out->bytes + out->end, bytes, length);
    memset(out->bytes + out->end + length, 0, padding);
    out->end += length + padding;
}

static void
put_header(struct stream_out *out, uint16_t type, size_t length)
{
    struct bpfpv_wire_header header = {
        .magic = BPFPV_WIRE_MAGIC,
        .type = type,
        .length = (uint32_t)((length + 7) & ~(size_t)7),
    };

    put(out, &header, sizeof(header));
}

bool
stream_out_frame(struct stream_out *out, uint16_t type, const void *payload, size_t length)
{
    if (room(out) < HEADER + length + 8)
        compact(out);
    if (room(out) < HEADER + length + 8 || length > BPFPV_WIRE_MAX_PAYLOAD)
        return false;
    put_header(out, type, length);
    put(out, payload, length);
    return true;
}

bool
stream_out_batch(struct stream_out *out, uint32_t program, uint32_t generation, uint32_t largest)
{
    struct bpfpv_wire_records records = {.program = program, .generation = generation};
    size_t least = HEADER + sizeof(records) + sizeof(struct bpfpv_wire_record) + largest + 8;

    if (room(out) < least)
        compact(out);
    if (room(out) < least)
        return false;
    out->batch = out->end;
    out->batch_open = true;
    out->count = 0;
    put_header(out, BPFPV_WIRE_RECORDS, 0);
    put(out, &records, sizeof(records));
    return true;
}

bool
stream_out_record(struct stream_out *out, uint64_t key, const void *value, uint32_t size)
{
    struct bpfpv_wire_record record = {.key = key, .size = size};
    size_t more = sizeof(record) + ((size + 7) & ~(size_t)7);
    size_t payload = out->end - out->batch - HEADER;

    if (room(out) < more || payload + more > BPFPV_WIRE_MAX_PAYLOAD)
        return false;
    put(out, &record, sizeof(record));
    put(out, value, size);
    out->count++;
    return true;
}

void
stream_out_batch_end(struct stream_out *out)
{
    uint8_t *frame = out->bytes + out->batch;
    uint32_t payload = (uint32_t)(out->end - out->batch - HEADER);

    if (out->count == 0)
        out->end = out->batch;
    memcpy(frame + offsetof(struct bpfpv_wire_header, length), &payload, sizeof(payload));
    memcpy(frame + HEADER + offsetof(struct bpfpv_wire_records, count), &out->count,
           sizeof(out->count));
    out->batch_open = false;
}

size_t
stream_in_space(struct stream_in *in, uint8_t **space)
{
    *space = in->bytes + in->length;
    return sizeof(in->bytes) - in->length;
}

void
stream_in_stored(struct stream_in *in, size_t count)
{
    in->length += count;
}

void
stream_in_reset(struct stream_in *in)
{
    in->length = 0;
}

static void
consume(struct stream_in *in, size_t count)
{
    in->length -= count;
    memmove(in->bytes, in->bytes + count, in->length);
}

/* Offset of the first place from @from on where a header may start, or of the
 * end, less what may be the first bytes of a magic. */
static size_t
find_magic(const uint8_t *bytes, size_t from, size_t length)
{
    static const uint32_t magic = BPFPV_WIRE_MAGIC;
    size_t at, part;

    for (at = from; at < length; at++) {
        part = length - at < sizeof(magic) ? length - at : sizeof(magic);
        if (memcmp(bytes + at, &magic, part) == 0)
            break;
    }
    return at;
}

static bool
plausible(const struct bpfpv_wire_header *header)
{
    return header->flags == 0 && header->unused == 0 && header->length % 8 == 0 &&
           header->length <= STREAM_IN_MAX_PAYLOAD;
}

bool
stream_in_next(struct stream_in *in, struct stream_frame *frame)
{
    struct bpfpv_wire_header header;
    size_t whole, next;

    for (;;) {
        consume(in, find_magic(in->bytes, 0, in->length));
        if (in->length < HEADER)
            return false;
        memcpy(&header, in->bytes, HEADER);
        whole = HEADER + header.length;
        if (!plausible(&header)) {
            consume(in, 1);
            continue;
        }
        next = find_magic(in->bytes, sizeof(header.magic), in->length);
        if (next < whole && next + sizeof(header.magic) <= in->length) {
            consume(in, next);
            continue;
        }
        if (in->length < whole)
            return false;
        frame->type = header.type;
        frame->length = header.length;
        memcpy(frame->payload, in->bytes + HEADER, header.length);
        consume(in, whole);
        return true;
    }
}
