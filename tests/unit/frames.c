/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See frames.h. */
#include "frames.h"

void
frames_add(GByteArray *stream, guint type, const void *payload, gsize length)
{
    struct bpfpv_wire_header header = {
        .magic = BPFPV_WIRE_MAGIC,
        .type = (guint16)type,
        .length = (guint32)length,
    };

    g_byte_array_append(stream, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(stream, payload, (guint)length);
}

void
frames_add_hello(GByteArray *stream, guint64 nonce, guint n_programs)
{
    struct {
        struct bpfpv_wire_hello hello;
        struct bpfpv_wire_program programs[BPFPV_WIRE_MAX_PROGRAMS];
    } payload;

    memset(&payload, 0, sizeof(payload));
    payload.hello.version = BPFPV_WIRE_VERSION;
    payload.hello.n_programs = (guint16)n_programs;
    payload.hello.max_keys = 1000;
    payload.hello.nonce = nonce;
    strcpy(payload.hello.kernel, "6.1.0-30-amd64");
    strcpy(payload.hello.build, "0.1.0");
    for (guint i = 0; i < n_programs && i < BPFPV_WIRE_MAX_PROGRAMS; i++) {
        g_snprintf(payload.programs[i].name, BPFPV_WIRE_NAME_LEN, "p%u", i);
        strcpy(payload.programs[i].attach, "fexit");
    }
    frames_add(stream, BPFPV_WIRE_HELLO, &payload,
               sizeof(payload.hello) +
                   MIN(n_programs, BPFPV_WIRE_MAX_PROGRAMS) * sizeof(payload.programs[0]));
}

void
frames_add_cpus(GByteArray *stream, guint n_cpus, guint64 possible, guint64 online)
{
    struct {
        struct bpfpv_wire_cpus cpus;
        guint64 possible, online;
    } payload = {{n_cpus, 1}, possible, online};

    frames_add(stream, BPFPV_WIRE_CPUS, &payload, sizeof(payload));
}

void
frames_add_cpu_ids(GByteArray *stream, const struct bpfpv_wire_cpu_id *ids, guint count)
{
    struct {
        struct bpfpv_wire_cpu_ids head;
        struct bpfpv_wire_cpu_id ids[64];
    } payload = {{count, 0}, {{0, 0}}};

    memcpy(payload.ids, ids, count * sizeof(*ids));
    frames_add(stream, BPFPV_WIRE_CPU_IDS, &payload, sizeof(payload.head) + count * sizeof(*ids));
}

void
frames_add_begin(GByteArray *stream, guint program, guint generation)
{
    struct bpfpv_wire_begin payload = {program, generation};

    frames_add(stream, BPFPV_WIRE_BEGIN, &payload, sizeof(payload));
}

void
frames_add_end(GByteArray *stream, guint program, guint generation, guint64 keys)
{
    struct bpfpv_wire_end payload = {program, generation, keys, 7, 8};

    frames_add(stream, BPFPV_WIRE_END, &payload, sizeof(payload));
}

void
frames_add_records(GByteArray *stream, guint program, guint generation, guint64 first, guint count,
                   guint64 value)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    struct bpfpv_wire_records records = {program, generation, count, 0};

    g_byte_array_append(payload, (const guint8 *)&records, sizeof(records));
    for (guint i = 0; i < count; i++) {
        struct bpfpv_wire_record record = {first + i, value != 0 ? 8 : 0, 0};

        g_byte_array_append(payload, (const guint8 *)&record, sizeof(record));
        if (value != 0)
            g_byte_array_append(payload, (const guint8 *)&value, sizeof(value));
    }
    frames_add(stream, BPFPV_WIRE_RECORDS, payload->data, payload->len);
}

void
frames_add_opening(GByteArray *stream)
{
    frames_add_hello(stream, FRAMES_NONCE, 2);
    frames_add_cpus(stream, 8, 0xff, 0xff);
}

static void
receive(GSocket *guest, void *to, gsize length)
{
    gsize done = 0;

    g_socket_set_blocking(guest, FALSE);
    while (done < length) {
        gssize n = g_socket_receive(guest, (char *)to + done, length - done, NULL, NULL);

        g_assert_cmpint(n, !=, 0); /* the host has hung up */
        if (n > 0)
            done += (gsize)n;
        else if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
    g_socket_set_blocking(guest, TRUE);
}

guint64
frames_read_resync(GSocket *guest)
{
    struct bpfpv_wire_header header;
    guint64 payload[8];

    do {
        receive(guest, &header, sizeof(header));
        g_assert_cmpuint(header.length, <=, sizeof(payload));
        receive(guest, payload, header.length);
    } while (header.type != BPFPV_WIRE_RESYNC);
    return payload[0];
}
