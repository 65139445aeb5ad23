/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/wire: what the decoder takes, skips and refuses; what is encoded. */
#include "unit.h"

#include "core/wire/wire.h"
#include "frames.h"

static BpfpvDecoder *
decoder_with(const GByteArray *stream)
{
    BpfpvDecoder *decoder = bpfpv_decoder_new(FRAMES_NONCE, 1000);

    bpfpv_decoder_push(decoder, stream->data, stream->len);
    return decoder;
}

static void
skip_frames(BpfpvDecoder *decoder, guint count)
{
    while (count-- > 0) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(decoder, &error);

        assert_null(error);
        assert_non_null(frame);
    }
}

static BpfpvFrame *
expect_frame(BpfpvDecoder *decoder, guint type)
{
    g_autoptr(GError) error = NULL;
    BpfpvFrame *frame = bpfpv_decoder_next(decoder, &error);

    assert_null(error);
    assert_non_null(frame);
    assert_int_equal(frame->type, type);
    return frame;
}

static void
expect_more_needed(BpfpvDecoder *decoder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(decoder, &error);

    assert_null(error);
    assert_null(frame);
}

static void
expect_error(BpfpvDecoder *decoder, BpfpvWireError code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(decoder, &error);

    assert_null(frame);
    assert_true(g_error_matches(error, BPFPV_WIRE_ERROR, (gint)code));
    if (strstr(error->message, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, error->message);
}

/* The frame that @stream ends with, after an opening of two frames, is refused. */
static void
expect_refused(const GByteArray *stream, BpfpvWireError code, const char *part)
{
    g_autoptr(BpfpvDecoder) decoder = decoder_with(stream);

    skip_frames(decoder, 2);
    expect_error(decoder, code, part);
}

static GByteArray *
opening(void)
{
    GByteArray *stream = g_byte_array_new();

    frames_add_opening(stream);
    return stream;
}

static void
hello_is_decoded(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;
    const BpfpvWireProgram *program;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 2);
    decoder = decoder_with(stream);
    frame = expect_frame(decoder, BPFPV_WIRE_HELLO);
    assert_true(frame->hello->nonce == FRAMES_NONCE);
    assert_int_equal(frame->hello->max_keys, 1000);
    assert_string_equal(frame->hello->kernel, "6.1.0-30-amd64");
    assert_string_equal(frame->hello->build, "0.1.0");
    assert_int_equal(frame->hello->programs->len, 2);
    program = frame->hello->programs->pdata[1];
    assert_string_equal(program->name, "p1");
    assert_string_equal(program->attach, "fexit");
    expect_more_needed(decoder);
}

static void
hello_with_most_programs_is_decoded(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, BPFPV_WIRE_MAX_PROGRAMS);
    decoder = decoder_with(stream);
    frame = expect_frame(decoder, BPFPV_WIRE_HELLO);
    assert_int_equal(frame->hello->programs->len, BPFPV_WIRE_MAX_PROGRAMS);
}

static void
texts_that_fill_their_field_are_kept_and_made_printable(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;
    gsize at = sizeof(struct bpfpv_wire_header) + offsetof(struct bpfpv_wire_hello, build);

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    memset(stream->data + at, 'x', BPFPV_WIRE_BUILD_LEN);
    stream->data[at] = '\n';
    stream->data[at + 1] = 0xc3;
    decoder = decoder_with(stream);
    frame = expect_frame(decoder, BPFPV_WIRE_HELLO);
    assert_string_equal(frame->hello->build, "??xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void
hello_names_are_checked(void **state)
{
    static const char *const names[] = {"", "P0", "a b", "a/b", "p\xc3\xa9"};
    gsize at = sizeof(struct bpfpv_wire_header) + sizeof(struct bpfpv_wire_hello);

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GByteArray) stream = g_byte_array_new();
        g_autoptr(BpfpvDecoder) decoder = NULL;

        frames_add_hello(stream, FRAMES_NONCE, 1);
        strncpy((char *)stream->data + at, names[i], BPFPV_WIRE_NAME_LEN);
        decoder = decoder_with(stream);
        expect_error(decoder, BPFPV_WIRE_ERROR_FRAME, "program name");
    }
}

static void
a_name_that_fills_its_field_is_refused(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    gsize at = sizeof(struct bpfpv_wire_header) + sizeof(struct bpfpv_wire_hello) +
               offsetof(struct bpfpv_wire_program, attach);

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    memset(stream->data + at, 'x', BPFPV_WIRE_ATTACH_LEN);
    decoder = decoder_with(stream);
    expect_error(decoder, BPFPV_WIRE_ERROR_FRAME, "attach kind");
}

static void
program_names_are_unique(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    gsize at = sizeof(struct bpfpv_wire_header) + sizeof(struct bpfpv_wire_hello) +
               sizeof(struct bpfpv_wire_program);

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 2);
    strcpy((char *)stream->data + at, "p0");
    decoder = decoder_with(stream);
    expect_error(decoder, BPFPV_WIRE_ERROR_FRAME, "'p0' is listed twice");
}

static void
another_version_is_named_so(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    stream->data[sizeof(struct bpfpv_wire_header)] = 2;
    decoder = decoder_with(stream);
    expect_error(decoder, BPFPV_WIRE_ERROR_VERSION, "version");
}

static void
everything_before_the_hello_is_skipped(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    g_byte_array_append(stream, (const guint8 *)"garbage bfpvbfpbbf", 18);
    frames_add_hello(stream, FRAMES_NONCE + 1, 2); /* of an earlier RESYNC */
    frames_add_cpus(stream, 8, 0xff, 0xff);
    frames_add_records(stream, 0, 1, 0, 20, 0xff);
    g_byte_array_set_size(stream, stream->len - 13);
    frames_add_hello(stream, FRAMES_NONCE, 2);
    decoder = decoder_with(stream);
    frame = expect_frame(decoder, BPFPV_WIRE_HELLO);
    assert_true(frame->hello->nonce == FRAMES_NONCE);
    expect_more_needed(decoder);
}

static void
a_fake_header_does_not_hide_the_hello_behind_it(void **state)
{
    static const struct bpfpv_wire_header fakes[] = {
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_RECORDS, 0, BPFPV_WIRE_MAX_PAYLOAD, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 0, BPFPV_WIRE_MAX_PAYLOAD, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 0, 160 + 80 * 16, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 0, 160 + 80 * 17, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 1, 240, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 0, 240, 1},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_HELLO, 0, G_MAXUINT32, 0},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(fakes); i++) {
        for (gsize cut = 1; cut <= sizeof(fakes[i]); cut++) {
            g_autoptr(GByteArray) stream = g_byte_array_new();
            g_autoptr(BpfpvDecoder) decoder = NULL;

            g_byte_array_append(stream, (const guint8 *)&fakes[i], (guint)cut);
            frames_add_hello(stream, FRAMES_NONCE, 1);
            decoder = decoder_with(stream);
            bpfpv_frame_free(expect_frame(decoder, BPFPV_WIRE_HELLO));
        }
    }
}

/* Right nonce, but the length is that of another number of programs. */
static void
a_hello_of_the_wrong_length_is_not_one(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 2);
    stream->data[sizeof(struct bpfpv_wire_header) + 2] = 3;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    decoder = decoder_with(stream);
    frame = expect_frame(decoder, BPFPV_WIRE_HELLO);
    assert_int_equal(frame->hello->programs->len, 1);
}

static void
frames_arrive_byte_by_byte(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = bpfpv_decoder_new(FRAMES_NONCE, 1000);
    guint frames = 0;

    (void)state;
    frames_add_begin(stream, 1, 5);
    frames_add_records(stream, 1, 5, 100, 50, 0x3);
    frames_add_end(stream, 1, 5, 50);
    for (guint i = 0; i < stream->len; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvFrame) frame = NULL;

        bpfpv_decoder_push(decoder, stream->data + i, 1);
        frame = bpfpv_decoder_next(decoder, &error);
        assert_null(error);
        frames += frame != NULL;
    }
    assert_int_equal(frames, 5);
}

static void
cpus_are_cut_and_intersected(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    frames_add_cpus(stream, 6, 0xf7, 0xff);
    decoder = decoder_with(stream);
    skip_frames(decoder, 1);
    frame = expect_frame(decoder, BPFPV_WIRE_CPUS);
    assert_int_equal(frame->n_cpus, 6);
    assert_cpus(frame->possible, "0-2,4-5");
    assert_cpus(frame->online, "0-2,4-5");
}

static void
most_cpus_are_decoded(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;
    struct {
        struct bpfpv_wire_cpus cpus;
        guint64 masks[2 * 128];
    } payload = {{8192, 128}, {0}};

    (void)state;
    payload.masks[127] = payload.masks[255] = G_GUINT64_CONSTANT(1) << 63;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    frames_add(stream, BPFPV_WIRE_CPUS, &payload, sizeof(payload));
    decoder = decoder_with(stream);
    skip_frames(decoder, 1);
    frame = expect_frame(decoder, BPFPV_WIRE_CPUS);
    assert_cpus(frame->online, "8191");
}

static void
cpu_ids_are_decoded(void **state)
{
    static const struct bpfpv_wire_cpu_id ids[] = {{0, 0}, {8191, G_MAXUINT32}};
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_cpu_ids(stream, ids, G_N_ELEMENTS(ids));
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_CPU_IDS);
    assert_int_equal(frame->cpu_ids->len, 2);
    assert_int_equal(g_array_index(frame->cpu_ids, BpfpvGuestCpuId, 1).cpu, 8191);
    assert_int_equal(g_array_index(frame->cpu_ids, BpfpvGuestCpuId, 1).id, G_MAXUINT32);
}

static void
impossible_cpu_ids_are_refused(void **state)
{
    static const struct {
        guint32 words[4];
        gsize length;
        const char *part;
    } payloads[] = {
        {{0, 0}, 8, "0 CPUs"},
        {{2, 0, 0, 0}, 16, "16 bytes of payload, expected 24"},
        {{1, 0, 0, 0}, 8, "8 bytes of payload, expected 16"},
        {{4096, 0}, 8, "4096 CPUs"},
        {{G_MAXUINT32, 0}, 8, "4294967295 CPUs"},
        {{1, 1, 0, 0}, 16, "unused"},
        {{1, 0, 8192, 0}, 16, "CPU 8192"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_autoptr(GByteArray) stream = opening();

        frames_add(stream, BPFPV_WIRE_CPU_IDS, payloads[i].words, payloads[i].length);
        expect_refused(stream, BPFPV_WIRE_ERROR_FRAME, payloads[i].part);
    }
}

static void
expect_cpus_refused(guint n_cpus, guint words, guint64 possible, guint64 online, const char *part)
{
    g_autoptr(GByteArray) stream = opening();
    struct {
        struct bpfpv_wire_cpus cpus;
        guint64 possible, online;
    } payload = {{n_cpus, words}, possible, online};

    frames_add(stream, BPFPV_WIRE_CPUS, &payload, sizeof(payload));
    expect_refused(stream, BPFPV_WIRE_ERROR_FRAME, part);
}

static void
impossible_cpus_are_refused(void **state)
{
    (void)state;
    expect_cpus_refused(0, 0, 1, 1, "0 CPUs");
    expect_cpus_refused(0, 1, 1, 1, "0 CPUs");
    expect_cpus_refused(8193, 129, 1, 1, "8193 CPUs");
    expect_cpus_refused(G_MAXUINT32, 1, 1, 1, "4294967295 CPUs");
    expect_cpus_refused(8, 2, 1, 1, "2 words");
    expect_cpus_refused(65, 2, 1, 1, "24 bytes of payload, expected 40");
    expect_cpus_refused(8, 1, 0, 0, "no possible CPU");
    expect_cpus_refused(8, 1, 0xff00, 0xff00, "no possible CPU");
    expect_cpus_refused(8, 1, 0x0f, 0xf0, "no online CPU");
}

static void
records_are_decoded(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;
    const BpfpvWireRecord *record;

    (void)state;
    frames_add_records(stream, 1, 9, 41, 2, 0x0102);
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_RECORDS);
    assert_int_equal(frame->program, 1);
    assert_int_equal(frame->generation, 9);
    assert_int_equal(frame->records->len, 2);
    record = &g_array_index(frame->records, BpfpvWireRecord, 1);
    assert_int_equal(record->key, 42);
    assert_int_equal(record->size, 8);
    assert_memory_equal(record->value, "\x02\x01\0\0\0\0\0\0", 8);
}

static void
tombstones_are_decoded(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_records(stream, 0, 1, 41, 1, 0);
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_RECORDS);
    assert_int_equal(g_array_index(frame->records, BpfpvWireRecord, 0).size, 0);
}

/* One record of @size bytes of 1, in a frame that is @length long after the record's header. */
static GByteArray *
stream_with_record(guint count, guint size, guint length, guint unused)
{
    GByteArray *stream = opening();
    g_autoptr(GByteArray) payload = g_byte_array_new();
    struct bpfpv_wire_records records = {0, 1, count, 0};
    struct bpfpv_wire_record record = {7, size, unused};
    guint at;

    g_byte_array_append(payload, (const guint8 *)&records, sizeof(records));
    g_byte_array_append(payload, (const guint8 *)&record, sizeof(record));
    at = payload->len;
    g_byte_array_set_size(payload, at + length);
    memset(payload->data + at, 0, length);
    memset(payload->data + at, 1, MIN(size, length));
    frames_add(stream, BPFPV_WIRE_RECORDS, payload->data, payload->len);
    return stream;
}

static void
the_largest_value_is_decoded(void **state)
{
    g_autoptr(GByteArray) stream = stream_with_record(1, 1024, 1024, 0);
    g_autoptr(BpfpvDecoder) decoder = decoder_with(stream);
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_RECORDS);
    assert_int_equal(g_array_index(frame->records, BpfpvWireRecord, 0).size, 1024);
}

static void
expect_record_refused(guint count, guint size, guint length, guint unused, const char *part)
{
    g_autoptr(GByteArray) stream = stream_with_record(count, size, length, unused);

    expect_refused(stream, BPFPV_WIRE_ERROR_FRAME, part);
}

static void
malformed_records_are_refused(void **state)
{
    (void)state;
    expect_record_refused(1, 1025, 1032, 0, "a value of 1025 bytes");
    expect_record_refused(1, G_MAXUINT32, 8, 0, "a value of 4294967295 bytes");
    expect_record_refused(1, 9, 8, 0, "ends within a value");
    expect_record_refused(1, 8, 8, 1, "unused");
    expect_record_refused(2, 8, 8, 0, "ends within a record's header");
    expect_record_refused(G_MAXUINT32, 8, 8, 0, "ends within a record's header");
    expect_record_refused(1, 8, 16, 0, "8 bytes follow its 1 records");
    expect_record_refused(0, 8, 8, 0, "24 bytes follow its 0 records");
}

static void
padding_of_a_value_is_zero(void **state)
{
    g_autoptr(GByteArray) stream = stream_with_record(1, 3, 8, 0);
    g_autoptr(BpfpvDecoder) good = decoder_with(stream);

    (void)state;
    skip_frames(good, 3);
    stream->data[stream->len - 1] = 1;
    expect_refused(stream, BPFPV_WIRE_ERROR_FRAME, "padding");
}

static void
programs_are_among_those_of_hello(void **state)
{
    g_autoptr(GByteArray) begin = opening();
    g_autoptr(GByteArray) records = opening();
    g_autoptr(GByteArray) end = opening();

    (void)state;
    frames_add_begin(begin, 2, 1);
    expect_refused(begin, BPFPV_WIRE_ERROR_FRAME, "program 2");
    frames_add_records(records, 2, 1, 0, 1, 1);
    expect_refused(records, BPFPV_WIRE_ERROR_FRAME, "program 2");
    frames_add_end(end, G_MAXUINT32, 1, 0);
    expect_refused(end, BPFPV_WIRE_ERROR_FRAME, "program 4294967295");
}

static void
end_is_decoded(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add_end(stream, 1, 3, 1000);
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_END);
    assert_int_equal(frame->program, 1);
    assert_int_equal(frame->generation, 3);
    assert_int_equal(frame->keys, 1000);
    assert_int_equal(frame->lost, 7);
    assert_int_equal(frame->dropped, 8);
}

static void
more_keys_than_the_limit_are_refused(void **state)
{
    g_autoptr(GByteArray) stream = opening();

    (void)state;
    frames_add_end(stream, 0, 1, 1001);
    expect_refused(stream, BPFPV_WIRE_ERROR_LIMIT, "1001 keys");
}

static void
pong_and_bye_are_decoded(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) pong = NULL;
    g_autoptr(BpfpvFrame) bye = NULL;
    struct bpfpv_wire_nonce nonce = {99};
    struct bpfpv_wire_bye_frame last = {BPFPV_WIRE_BYE_SIGNAL, 0, "got SIGTERM\a"};

    (void)state;
    frames_add(stream, BPFPV_WIRE_PONG, &nonce, sizeof(nonce));
    frames_add(stream, BPFPV_WIRE_BYE, &last, sizeof(last));
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    pong = expect_frame(decoder, BPFPV_WIRE_PONG);
    assert_int_equal(pong->nonce, 99);
    bye = expect_frame(decoder, BPFPV_WIRE_BYE);
    assert_int_equal(bye->bye_reason, BPFPV_WIRE_BYE_SIGNAL);
    assert_string_equal(bye->bye_text, "got SIGTERM?");
}

static void
an_unknown_bye_reason_is_internal(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autoptr(BpfpvFrame) bye = NULL;
    struct bpfpv_wire_bye_frame last = {77, 0, "x"};

    (void)state;
    frames_add(stream, BPFPV_WIRE_BYE, &last, sizeof(last));
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    bye = expect_frame(decoder, BPFPV_WIRE_BYE);
    assert_int_equal(bye->bye_reason, BPFPV_WIRE_BYE_INTERNAL);
}

static void
unknown_guest_frames_are_skipped(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;
    g_autofree guint8 *payload = g_malloc0(BPFPV_WIRE_MAX_PAYLOAD);
    g_autoptr(BpfpvFrame) frame = NULL;

    (void)state;
    frames_add(stream, 9, payload, 0);
    frames_add(stream, 63, payload, BPFPV_WIRE_MAX_PAYLOAD);
    frames_add_begin(stream, 0, 1);
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    frame = expect_frame(decoder, BPFPV_WIRE_BEGIN);
    assert_int_equal(frame->generation, 1);
}

static void
bad_headers_after_hello_are_refused(void **state)
{
    static const struct bpfpv_wire_header headers[] = {
        {BPFPV_WIRE_MAGIC + 1, BPFPV_WIRE_PONG, 0, 8, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_PONG, 1, 8, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_PONG, 0, 8, 1},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_PONG, 0, 12, 0},
        {BPFPV_WIRE_MAGIC, 8, 0, BPFPV_WIRE_MAX_PAYLOAD + 8, 0},
        {BPFPV_WIRE_MAGIC, 8, 0, G_MAXUINT32 - 7, 0},
        {BPFPV_WIRE_MAGIC, 0, 0, 8, 0},
        {BPFPV_WIRE_MAGIC, BPFPV_WIRE_RESYNC, 0, 8, 0},
        {BPFPV_WIRE_MAGIC, G_MAXUINT16, 0, 8, 0},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GByteArray) stream = opening();

        g_byte_array_append(stream, (const guint8 *)&headers[i], sizeof(headers[i]));
        expect_refused(stream, BPFPV_WIRE_ERROR_FRAME, "frame ");
    }
}

static void
frames_of_fixed_size_have_that_size(void **state)
{
    static const guint types[] = {
        BPFPV_WIRE_CPUS, BPFPV_WIRE_BEGIN, BPFPV_WIRE_RECORDS, BPFPV_WIRE_END,
        BPFPV_WIRE_PONG, BPFPV_WIRE_BYE,   BPFPV_WIRE_CPU_IDS,
    };
    guint8 payload[200] = {0};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GByteArray) empty = opening();
        g_autoptr(GByteArray) longer = opening();

        frames_add(empty, types[i], payload, 0);
        expect_refused(empty, BPFPV_WIRE_ERROR_FRAME, "0 bytes of payload");
        payload[0] = types[i] == BPFPV_WIRE_CPUS || types[i] == BPFPV_WIRE_CPU_IDS;
        payload[4] = types[i] == BPFPV_WIRE_CPUS;
        frames_add(longer, types[i], payload, sizeof(payload));
        expect_refused(longer, BPFPV_WIRE_ERROR_FRAME, " bytes ");
    }
}

static void
a_second_hello_is_out_of_order(void **state)
{
    g_autoptr(GByteArray) stream = opening();

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    expect_refused(stream, BPFPV_WIRE_ERROR_ORDER, "second HELLO");
}

static void
tables_come_after_cpus(void **state)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDecoder) decoder = NULL;

    (void)state;
    frames_add_hello(stream, FRAMES_NONCE, 1);
    frames_add_begin(stream, 0, 1);
    decoder = decoder_with(stream);
    skip_frames(decoder, 1);
    expect_error(decoder, BPFPV_WIRE_ERROR_ORDER, "before the first CPUS");
}

static void
an_error_stays(void **state)
{
    g_autoptr(GByteArray) stream = opening();
    g_autoptr(BpfpvDecoder) decoder = NULL;

    (void)state;
    frames_add_begin(stream, 9, 1);
    frames_add_begin(stream, 0, 1);
    decoder = decoder_with(stream);
    skip_frames(decoder, 2);
    expect_error(decoder, BPFPV_WIRE_ERROR_FRAME, "program 9");
    bpfpv_decoder_push(decoder, stream->data, stream->len);
    expect_error(decoder, BPFPV_WIRE_ERROR_FRAME, "program 9");
}

static void
pushing_without_decoding_is_bounded(void **state)
{
    g_autoptr(BpfpvDecoder) decoder = bpfpv_decoder_new(FRAMES_NONCE, 1000);
    g_autofree guint8 *bytes = g_malloc0(40000);

    (void)state;
    bpfpv_decoder_push(decoder, bytes, 40000);
    bpfpv_decoder_push(decoder, bytes, 40000);
    expect_error(decoder, BPFPV_WIRE_ERROR_LIMIT, "faster");
}

static void
expect_encoded(GBytes *bytes, guint type, guint64 nonce, gboolean has_nonce)
{
    g_autoptr(GByteArray) expected = g_byte_array_new();
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);

    frames_add(expected, type, &nonce, has_nonce ? sizeof(nonce) : 0);
    assert_int_equal(size, expected->len);
    assert_memory_equal(data, expected->data, size);
}

static void
host_frames_are_encoded(void **state)
{
    g_autoptr(GBytes) resync = bpfpv_wire_encode_resync(FRAMES_NONCE);
    g_autoptr(GBytes) limit = bpfpv_wire_encode_limit(3);
    g_autoptr(GBytes) ping = bpfpv_wire_encode_ping(5);
    g_autoptr(GBytes) stop = bpfpv_wire_encode_stop();

    (void)state;
    assert_memory_equal(g_bytes_get_data(resync, NULL), "bfpv\x40\0\0\0\x08\0\0\0\0\0\0\0\x88\x77",
                        18);
    expect_encoded(resync, BPFPV_WIRE_RESYNC, FRAMES_NONCE, TRUE);
    expect_encoded(limit, BPFPV_WIRE_LIMIT, 3, TRUE);
    expect_encoded(ping, BPFPV_WIRE_PING, 5, TRUE);
    expect_encoded(stop, BPFPV_WIRE_STOP, 0, FALSE);
}

static GByteArray *
long_stream(void)
{
    GByteArray *stream = opening();
    struct bpfpv_wire_bye_frame bye = {BPFPV_WIRE_BYE_STOPPED, 0, "bye"};

    for (guint program = 0; program < 2; program++) {
        frames_add_begin(stream, program, 1);
        frames_add_records(stream, program, 1, 1, 20, 0x5);
        frames_add_end(stream, program, 1, 20);
    }
    frames_add_records(stream, 0, 1, 5, 3, 0);
    frames_add_cpus(stream, 8, 0xff, 0x0f);
    frames_add(stream, BPFPV_WIRE_BYE, &bye, sizeof(bye));
    return stream;
}

/* Pushes in pieces; whatever comes out has been checked, whatever goes wrong is an error. */
static guint
drive(GRand *rand, const guint8 *bytes, gsize length)
{
    g_autoptr(BpfpvDecoder) decoder = bpfpv_decoder_new(FRAMES_NONCE, 1000);
    g_autoptr(GError) error = NULL;
    guint frames = 0;

    while (length > 0 && error == NULL) {
        gsize piece = 1 + below(rand, 300);
        BpfpvFrame *frame;

        piece = MIN(piece, length);
        bpfpv_decoder_push(decoder, bytes, piece);
        while ((frame = bpfpv_decoder_next(decoder, &error)) != NULL) {
            assert_true(frame->type >= BPFPV_WIRE_HELLO && frame->type <= BPFPV_WIRE_BYE);
            assert_true(frame->program < BPFPV_WIRE_MAX_PROGRAMS);
            bpfpv_frame_free(frame);
            frames++;
        }
        bytes += piece;
        length -= piece;
    }
    return frames;
}

static void
a_million_mutated_bytes_do_no_harm(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    g_autoptr(GByteArray) stream = long_stream();
    guint64 bytes = 0, frames = 0;

    (void)state;
    assert_int_equal(drive(rand, stream->data, stream->len), 11);
    while (bytes < 1000000) {
        g_autofree guint8 *mutant = g_memdup2(stream->data, stream->len);
        gsize length = stream->len;

        for (guint n = 1 + below(rand, 8); n > 0; n--)
            mutant[below(rand, (guint)length)] ^= (guint8)(1u << below(rand, 8));
        if (one_in(rand, 3))
            memmove(mutant + 16, mutant + 16 + below(rand, 40), length - 56);
        frames += drive(rand, mutant, length);
        bytes += length;
    }
    /* Most mutations hit a record or a text, so the decoder saw more than openings. */
    assert_true(frames > 1000);
}

static void
long_garbage_with_magics_is_skipped_in_linear_time(void **state)
{
    g_autoptr(BpfpvDecoder) decoder = bpfpv_decoder_new(FRAMES_NONCE, 1000);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint8 chunk[4096];

    (void)state;
    for (gsize i = 0; i < sizeof(chunk); i++)
        chunk[i] = (guint8) "bfpv\1\0\0\0\xf0\0\0\0\0\0\0\0"[i % 16];
    for (guint i = 0; i < 5000; i++) { /* 20 MB */
        bpfpv_decoder_push(decoder, chunk, sizeof(chunk));
        expect_more_needed(decoder);
    }
    frames_add_hello(stream, FRAMES_NONCE, 1);
    bpfpv_decoder_push(decoder, stream->data, stream->len);
    bpfpv_frame_free(expect_frame(decoder, BPFPV_WIRE_HELLO));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_decoded),
        cmocka_unit_test(hello_with_most_programs_is_decoded),
        cmocka_unit_test(texts_that_fill_their_field_are_kept_and_made_printable),
        cmocka_unit_test(hello_names_are_checked),
        cmocka_unit_test(a_name_that_fills_its_field_is_refused),
        cmocka_unit_test(program_names_are_unique),
        cmocka_unit_test(another_version_is_named_so),
        cmocka_unit_test(everything_before_the_hello_is_skipped),
        cmocka_unit_test(a_fake_header_does_not_hide_the_hello_behind_it),
        cmocka_unit_test(a_hello_of_the_wrong_length_is_not_one),
        cmocka_unit_test(frames_arrive_byte_by_byte),
        cmocka_unit_test(cpus_are_cut_and_intersected),
        cmocka_unit_test(most_cpus_are_decoded),
        cmocka_unit_test(cpu_ids_are_decoded),
        cmocka_unit_test(impossible_cpu_ids_are_refused),
        cmocka_unit_test(impossible_cpus_are_refused),
        cmocka_unit_test(records_are_decoded),
        cmocka_unit_test(tombstones_are_decoded),
        cmocka_unit_test(the_largest_value_is_decoded),
        cmocka_unit_test(malformed_records_are_refused),
        cmocka_unit_test(padding_of_a_value_is_zero),
        cmocka_unit_test(programs_are_among_those_of_hello),
        cmocka_unit_test(end_is_decoded),
        cmocka_unit_test(more_keys_than_the_limit_are_refused),
        cmocka_unit_test(pong_and_bye_are_decoded),
        cmocka_unit_test(an_unknown_bye_reason_is_internal),
        cmocka_unit_test(unknown_guest_frames_are_skipped),
        cmocka_unit_test(bad_headers_after_hello_are_refused),
        cmocka_unit_test(frames_of_fixed_size_have_that_size),
        cmocka_unit_test(a_second_hello_is_out_of_order),
        cmocka_unit_test(tables_come_after_cpus),
        cmocka_unit_test(an_error_stays),
        cmocka_unit_test(pushing_without_decoding_is_bounded),
        cmocka_unit_test(host_frames_are_encoded),
        cmocka_unit_test(a_million_mutated_bytes_do_no_harm),
        cmocka_unit_test(long_garbage_with_magics_is_skipped_in_linear_time),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
