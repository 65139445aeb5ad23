/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: the bytes of one connection through the decoder and into tables,
 * as the daemon does it. The first 8 bytes are the nonce, the ninth says how
 * large the pieces are in which the rest arrives. It aborts when the table shows
 * more than its limit, or changes what it shows with an error.
 *
 * With libFuzzer:    clang -fsanitize=fuzzer,address,undefined …
 * To run files only: with standalone.c, fuzz-wire FILE…
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "core/table/table.h"
#include "core/wire/wire.h"

#define MAX_KEYS 64
#define PREFIX 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
sum(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    guint64 *total = user_data;

    *total = *total * 31 + key;
    for (gsize i = 0; i < size; i++)
        *total = *total * 31 + value[i];
}

static guint64
content(const BpfpvTable *table)
{
    guint64 total = 0;

    bpfpv_table_foreach(table, sum, &total);
    return total;
}

static void
check_apply(BpfpvTable *table, const BpfpvFrame *frame)
{
    guint64 before = content(table);
    gboolean changed = FALSE;
    gboolean applied = bpfpv_table_apply(table, frame, &changed, NULL);

    if (!applied && changed)
        abort();
    if (!changed && content(table) != before)
        abort();
    if (bpfpv_table_n_keys(table) > MAX_KEYS)
        abort();
}

static void
drain(BpfpvDecoder *decoder, BpfpvTable **tables)
{
    BpfpvFrame *frame;

    while ((frame = bpfpv_decoder_next(decoder, NULL)) != NULL) {
        if (frame->type == BPFPV_WIRE_BEGIN || frame->type == BPFPV_WIRE_RECORDS ||
            frame->type == BPFPV_WIRE_END)
            check_apply(tables[frame->program], frame);
        bpfpv_frame_free(frame);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BpfpvTable *tables[BPFPV_WIRE_MAX_PROGRAMS];
    BpfpvDecoder *decoder;
    guint64 nonce;
    gsize piece;

    if (size < PREFIX)
        return 0;
    memcpy(&nonce, data, sizeof(nonce));
    piece = (gsize)data[8] * 16 + 1;
    decoder = bpfpv_decoder_new(nonce, MAX_KEYS);
    for (guint i = 0; i < BPFPV_WIRE_MAX_PROGRAMS; i++)
        tables[i] = bpfpv_table_new(MAX_KEYS, NULL);
    for (gsize at = PREFIX; at < size; at += piece) {
        bpfpv_decoder_push(decoder, data + at, MIN(piece, size - at));
        drain(decoder, tables);
    }
    for (guint i = 0; i < BPFPV_WIRE_MAX_PROGRAMS; i++)
        bpfpv_table_free(tables[i]);
    bpfpv_decoder_free(decoder);
    return 0;
}
