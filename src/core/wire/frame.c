/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the payload of one frame that a guest sent. The payload's length is
 * the header's and its bytes are there; nothing else about it is trusted.
 * Fields are copied out before they are read, so no alignment is needed.
 */
#include "core/wire/private.h"

#include <string.h>

static gboolean
expect_zero(const char *frame, guint32 value, GError **error)
{
    if (value == 0)
        return TRUE;
    return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "%s: the unused field is %#x, not 0",
                           frame, value);
}

static BpfpvCpuset *
parse_mask(const guint8 *bytes, gsize n_words, guint n_cpus)
{
    guint64 words[BPFPV_WIRE_MAX_CPUS / 64];

    for (gsize i = 0; i < n_words; i++) {
        memcpy(&words[i], bytes + i * sizeof(guint64), sizeof(guint64));
        words[i] = GUINT64_FROM_LE(words[i]);
    }
    return bpfpv_cpuset_new_from_words(words, n_words, n_cpus);
}

static gboolean
parse_cpus(BpfpvFrame *frame, const guint8 *payload, gsize length, GError **error)
{
    struct bpfpv_wire_cpus wire;
    guint n_cpus, words;
    gsize mask_size;

    if (length < sizeof(wire))
        return bpfpv_wire_expect_length("CPUS", length, sizeof(wire), error);
    memcpy(&wire, payload, sizeof(wire));
    n_cpus = GUINT32_FROM_LE(wire.n_cpus);
    words = GUINT32_FROM_LE(wire.words);
    if (n_cpus < 1 || n_cpus > BPFPV_WIRE_MAX_CPUS)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "CPUS: %u CPUs, expected 1 to %u",
                               n_cpus, BPFPV_WIRE_MAX_CPUS);
    if (words != (n_cpus + 63) / 64)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "CPUS: %u words for %u CPUs, expected %u", words, n_cpus,
                               (n_cpus + 63) / 64);
    mask_size = words * sizeof(guint64);
    if (!bpfpv_wire_expect_length("CPUS", length, sizeof(wire) + 2 * mask_size, error))
        return FALSE;
    frame->n_cpus = n_cpus;
    frame->possible = parse_mask(payload + sizeof(wire), words, n_cpus);
    frame->online = parse_mask(payload + sizeof(wire) + mask_size, words, n_cpus);
    bpfpv_cpuset_intersect(frame->online, frame->possible);
    if (bpfpv_cpuset_is_empty(frame->online))
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "CPUS: no %s CPU",
                               bpfpv_cpuset_is_empty(frame->possible) ? "possible" : "online");
    return TRUE;
}

static gboolean
parse_cpu_ids(BpfpvFrame *frame, const guint8 *payload, gsize length, GError **error)
{
    struct bpfpv_wire_cpu_ids wire;
    guint count;

    frame->cpu_ids = g_array_new(FALSE, FALSE, sizeof(BpfpvGuestCpuId));
    if (length < sizeof(wire))
        return bpfpv_wire_expect_length("CPU_IDS", length, sizeof(wire), error);
    memcpy(&wire, payload, sizeof(wire));
    count = GUINT32_FROM_LE(wire.count);
    if (count < 1 || count > BPFPV_WIRE_MAX_CPU_IDS)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "CPU_IDS: %u CPUs, expected 1 to %u",
                               count, BPFPV_WIRE_MAX_CPU_IDS);
    if (!expect_zero("CPU_IDS", GUINT32_FROM_LE(wire.unused), error) ||
        !bpfpv_wire_expect_length("CPU_IDS", length,
                                  sizeof(wire) + count * sizeof(struct bpfpv_wire_cpu_id), error))
        return FALSE;
    for (guint i = 0; i < count; i++) {
        struct bpfpv_wire_cpu_id one;
        BpfpvGuestCpuId id;

        memcpy(&one, payload + sizeof(wire) + i * sizeof(one), sizeof(one));
        id = (BpfpvGuestCpuId){GUINT32_FROM_LE(one.cpu), GUINT32_FROM_LE(one.id)};
        if (id.cpu >= BPFPV_WIRE_MAX_CPUS)
            return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "CPU_IDS: CPU %u, at most %u",
                                   id.cpu, BPFPV_WIRE_MAX_CPUS - 1);
        g_array_append_val(frame->cpu_ids, id);
    }
    return TRUE;
}

static gboolean
set_program(BpfpvFrame *frame, guint32 program, guint32 generation, const BpfpvWireBounds *bounds,
            GError **error)
{
    if (program >= bounds->n_programs)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "frame of program %u, HELLO named %u programs", program,
                               bounds->n_programs);
    frame->program = program;
    frame->generation = generation;
    return TRUE;
}

static gboolean
parse_begin(BpfpvFrame *frame, const guint8 *payload, gsize length, const BpfpvWireBounds *bounds,
            GError **error)
{
    struct bpfpv_wire_begin wire;

    if (!bpfpv_wire_expect_length("BEGIN", length, sizeof(wire), error))
        return FALSE;
    memcpy(&wire, payload, sizeof(wire));
    return set_program(frame, GUINT32_FROM_LE(wire.program), GUINT32_FROM_LE(wire.generation),
                       bounds, error);
}

static gboolean
parse_end(BpfpvFrame *frame, const guint8 *payload, gsize length, const BpfpvWireBounds *bounds,
          GError **error)
{
    struct bpfpv_wire_end wire;

    if (!bpfpv_wire_expect_length("END", length, sizeof(wire), error))
        return FALSE;
    memcpy(&wire, payload, sizeof(wire));
    frame->keys = GUINT64_FROM_LE(wire.keys);
    frame->lost = GUINT64_FROM_LE(wire.lost);
    frame->dropped = GUINT64_FROM_LE(wire.dropped);
    if (frame->keys > bounds->max_keys)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_LIMIT,
                               "END: %" G_GUINT64_FORMAT " keys, this domain may have %u",
                               frame->keys, bounds->max_keys);
    return set_program(frame, GUINT32_FROM_LE(wire.program), GUINT32_FROM_LE(wire.generation),
                       bounds, error);
}

/* Reads the record at *at of @end and moves *at behind its padding. */
static gboolean
parse_record(BpfpvWireRecord *record, const guint8 **at, const guint8 *end, GError **error)
{
    struct bpfpv_wire_record wire;
    gsize padded;

    if ((gsize)(end - *at) < sizeof(wire))
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "RECORDS: ends within a record's header");
    memcpy(&wire, *at, sizeof(wire));
    *at += sizeof(wire);
    record->key = GUINT64_FROM_LE(wire.key);
    record->size = GUINT32_FROM_LE(wire.size);
    record->value = *at;
    if (record->size > BPFPV_WIRE_MAX_VALUE)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "RECORDS: a value of %u bytes, at most %u fit", record->size,
                               BPFPV_WIRE_MAX_VALUE);
    if (!expect_zero("record", GUINT32_FROM_LE(wire.unused), error))
        return FALSE;
    padded = (record->size + 7u) & ~(gsize)7;
    if ((gsize)(end - *at) < padded)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "RECORDS: ends within a value of %u bytes", record->size);
    for (gsize i = record->size; i < padded; i++) {
        if ((*at)[i] != 0)
            return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "RECORDS: padding is not zero");
    }
    *at += padded;
    return TRUE;
}

static gboolean
parse_records(BpfpvFrame *frame, const guint8 *payload, gsize length, const BpfpvWireBounds *bounds,
              GError **error)
{
    struct bpfpv_wire_records wire;
    const guint8 *at, *end;
    guint32 count;

    frame->records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));
    if (length < sizeof(wire))
        return bpfpv_wire_expect_length("RECORDS", length, sizeof(wire), error);
    frame->bytes = g_bytes_new(payload, length);
    at = g_bytes_get_data(frame->bytes, NULL);
    end = at + length;
    memcpy(&wire, at, sizeof(wire));
    at += sizeof(wire);
    count = GUINT32_FROM_LE(wire.count);
    if (!expect_zero("RECORDS", GUINT32_FROM_LE(wire.unused), error) ||
        !set_program(frame, GUINT32_FROM_LE(wire.program), GUINT32_FROM_LE(wire.generation), bounds,
                     error))
        return FALSE;
    for (guint32 i = 0; i < count; i++) {
        BpfpvWireRecord record;

        if (!parse_record(&record, &at, end, error))
            return FALSE;
        g_array_append_val(frame->records, record);
    }
    if (at != end)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "RECORDS: %zu bytes follow its %u records", (gsize)(end - at),
                               count);
    return TRUE;
}

static gboolean
parse_pong(BpfpvFrame *frame, const guint8 *payload, gsize length, GError **error)
{
    struct bpfpv_wire_nonce wire;

    if (!bpfpv_wire_expect_length("PONG", length, sizeof(wire), error))
        return FALSE;
    memcpy(&wire, payload, sizeof(wire));
    frame->nonce = GUINT64_FROM_LE(wire.nonce);
    return TRUE;
}

/* A reason that this host does not know is shown as INTERNAL: its text says more. */
static gboolean
parse_bye(BpfpvFrame *frame, const guint8 *payload, gsize length, GError **error)
{
    struct bpfpv_wire_bye_frame wire;

    if (!bpfpv_wire_expect_length("BYE", length, sizeof(wire), error))
        return FALSE;
    memcpy(&wire, payload, sizeof(wire));
    if (!expect_zero("BYE", GUINT32_FROM_LE(wire.unused), error))
        return FALSE;
    frame->bye_reason = GUINT32_FROM_LE(wire.reason);
    if (frame->bye_reason < BPFPV_WIRE_BYE_STOPPED || frame->bye_reason > BPFPV_WIRE_BYE_INTERNAL)
        frame->bye_reason = BPFPV_WIRE_BYE_INTERNAL;
    frame->bye_text = bpfpv_wire_printable(wire.text, sizeof(wire.text));
    return TRUE;
}

/**
 * bpfpv_wire_type_is_known:
 * @type: a frame type as received
 *
 * Returns: whether bpfpv_wire_frame_parse() reads frames of @type
 */
gboolean
bpfpv_wire_type_is_known(guint type)
{
    return type >= BPFPV_WIRE_HELLO && type <= BPFPV_WIRE_CPU_IDS;
}

static gboolean
parse_payload(BpfpvFrame *frame, const guint8 *payload, gsize length, const BpfpvWireBounds *bounds,
              GError **error)
{
    switch (frame->type) {
    case BPFPV_WIRE_HELLO:
        return bpfpv_wire_hello_parse(frame, payload, length, error);
    case BPFPV_WIRE_CPUS:
        return parse_cpus(frame, payload, length, error);
    case BPFPV_WIRE_CPU_IDS:
        return parse_cpu_ids(frame, payload, length, error);
    case BPFPV_WIRE_BEGIN:
        return parse_begin(frame, payload, length, bounds, error);
    case BPFPV_WIRE_RECORDS:
        return parse_records(frame, payload, length, bounds, error);
    case BPFPV_WIRE_END:
        return parse_end(frame, payload, length, bounds, error);
    case BPFPV_WIRE_PONG:
        return parse_pong(frame, payload, length, error);
    case BPFPV_WIRE_BYE:
        return parse_bye(frame, payload, length, error);
    case BPFPV_WIRE_LIMIT:
    case BPFPV_WIRE_RESYNC:
    case BPFPV_WIRE_PING:
    case BPFPV_WIRE_STOP:
        break;
    }
    return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME, "frame type %u is not a guest's",
                           (guint)frame->type);
}

/**
 * bpfpv_wire_frame_parse:
 * @type: the frame's type
 * @payload: (array length=length): its payload; not trusted
 * @length: at most %BPFPV_WIRE_MAX_PAYLOAD
 * @bounds: what frames after HELLO are checked against
 * @error: return location, domain %BPFPV_WIRE_ERROR
 *
 * Reads and checks one payload. Allocates in proportion to @length.
 *
 * Returns: (transfer full): the frame, or %NULL with @error set
 */
BpfpvFrame *
bpfpv_wire_frame_parse(enum bpfpv_wire_type type, const guint8 *payload, gsize length,
                       const BpfpvWireBounds *bounds, GError **error)
{
    g_autoptr(BpfpvFrame) frame = g_new0(BpfpvFrame, 1);

    frame->type = type;
    if (!parse_payload(frame, payload, length, bounds, error))
        return NULL;
    return g_steal_pointer(&frame);
}
