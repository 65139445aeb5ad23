/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire protocol as bytes: a bounded output buffer that frames are encoded
 * into, and a reader that finds the host's frames in what arrives. Pure, no I/O.
 *
 * The protocol is little-endian, and so is every machine this builds for.
 */
#ifndef BPFPV_GUEST_STREAM_H
#define BPFPV_GUEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpfpv_wire.h"

#define STREAM_OUT_BYTES 65536u
#define STREAM_IN_BYTES 4096u

/* Longest payload of a host frame; more can't be a frame of ours. */
#define STREAM_IN_MAX_PAYLOAD 64u

struct stream_out {
    size_t start; /* first byte not yet written */
    size_t end;
    size_t batch; /* where the open RECORDS frame starts */
    bool batch_open;
    uint32_t count; /* records in it */
    uint8_t bytes[STREAM_OUT_BYTES];
};

struct stream_in {
    size_t length;
    uint8_t bytes[STREAM_IN_BYTES];
};

struct stream_frame {
    uint16_t type;
    uint32_t length;
    uint8_t payload[STREAM_IN_MAX_PAYLOAD];
};

/**
 * stream_out_reset:
 *
 * Discards everything that waits.
 */
void stream_out_reset(struct stream_out *out);

/**
 * stream_out_pending:
 * @bytes: return location of the first waiting byte
 *
 * Returns: how many bytes wait to be written; none while a batch is open
 */
size_t stream_out_pending(const struct stream_out *out, const uint8_t **bytes);

/**
 * stream_out_written:
 * @count: how many of the waiting bytes were written
 */
void stream_out_written(struct stream_out *out, size_t count);

/**
 * stream_out_frame:
 * @payload: @length bytes, padded to a multiple of 8 by this
 *
 * Returns: false, and nothing is encoded, when the frame doesn't fit
 */
bool stream_out_frame(struct stream_out *out, uint16_t type, const void *payload, size_t length);

/**
 * stream_out_batch:
 *
 * Opens a RECORDS frame. Records follow by stream_out_record(), and then
 * stream_out_batch_end(); no other frame may be encoded between.
 *
 * Returns: false when not even one record of @largest bytes would fit
 */
bool stream_out_batch(struct stream_out *out, uint32_t program, uint32_t generation,
                      uint32_t largest);

/**
 * stream_out_record:
 * @value: @size bytes; %NULL when @size is 0, a tombstone
 *
 * Returns: false, and nothing is encoded, when the record doesn't fit
 */
bool stream_out_record(struct stream_out *out, uint64_t key, const void *value, uint32_t size);

/**
 * stream_out_batch_end:
 *
 * Closes the RECORDS frame; a frame without records disappears.
 */
void stream_out_batch_end(struct stream_out *out);

/**
 * stream_in_space:
 * @space: return location
 *
 * Returns: how many bytes may be stored at @space; never 0 once stream_in_next()
 * has returned false
 */
size_t stream_in_space(struct stream_in *in, uint8_t **space);

/**
 * stream_in_stored:
 * @count: how many bytes were stored where stream_in_space() said
 */
void stream_in_stored(struct stream_in *in, size_t count);

/**
 * stream_in_reset:
 *
 * Forgets a frame that has arrived only in part.
 */
void stream_in_reset(struct stream_in *in);

/**
 * stream_in_next:
 * @frame: return location
 *
 * Finds the next frame and passes over anything that isn't one. A header whose
 * payload has another frame's magic in it was cut short by a host that went
 * away, and is passed over too.
 *
 * Returns: false when the bytes so far hold no further whole frame
 */
bool stream_in_next(struct stream_in *in, struct stream_frame *frame);

#endif
