/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/protocol.md, "Why the replica is exact", tried out: the loader's table, publisher and stream
 * and the host's decoder and table, with a kernel between whose steps anything may happen. A change
 * of a key, the reservation of its record and the reading of the state are three steps; so are the
 * reading of keys by the iterator and what the loader makes of them. Records are lost, with and
 * without the program's knowledge, hosts come and go, the table may be too small for a while, and
 * the channel takes what it likes.
 *
 * Whatever the order: once changes cease, the host's replica is the kernel's state. Two kernels
 * that don't keep the rules show that it can be otherwise.
 */
#include "unit.h"

#include "core/table/table.h"
#include "frames.h"
#include "loop/publisher.h"

#define RUNS 6000
#define STEPS 300
#define KEYS 12
#define RING 6
#define TICK_MS 10
#define SETTLE_MS 8000

typedef enum {
    KERNEL_RIGHT,
    KERNEL_READS_FIRST,   /* the state is read before the record is reserved */
    KERNEL_LOSES_QUIETLY, /* a record that does not fit is not counted */
} KernelKind;

typedef struct {
    guint64 key;
    guint64 value;
    gboolean committed; /* in the ring: @value may be read */
} Record;

static struct {
    KernelKind kind;
    GRand *rand;
    guint64 state[KEYS]; /* 0: not in the table */
    GArray *changed;     /* of Record: changes without a record yet */
    GArray *ring;        /* of Record, in the order of reservation */
    guint64 lost, missed, counted;
    gboolean quiet; /* nothing changes any more; what has begun goes on */
} kernel;

static guint max_keys; /* what fits into the table; no more are left at the end */

static struct {
    BpfpvDecoder *decoder;
    BpfpvTable *table;
    guint64 nonce;
    gboolean in_snapshot;
} host;

static struct program program;
static struct publisher publisher;
static struct stream_out out;
static guint64 now;

/* ---- the kernel ---- */

static void
change(guint64 key, guint64 value)
{
    Record record = {.key = key, .value = value};

    kernel.state[key] = value;
    g_array_append_val(kernel.changed, record);
}

/* The last change of each key that there is no room for. */
static void
shrink_to(guint most)
{
    guint live = 0;

    for (guint key = 0; key < KEYS; key++)
        live += kernel.state[key] != 0;
    for (guint key = 0; key < KEYS && live > most; key++) {
        live -= kernel.state[key] != 0;
        change(key, 0);
    }
}

/* Of any change that waits: they are made on several CPUs. */
static void
reserve(void)
{
    guint which = below(kernel.rand, kernel.changed->len);
    Record record = g_array_index(kernel.changed, Record, which);

    g_array_remove_index(kernel.changed, which);
    if (one_in(kernel.rand, 60))
        kernel.missed++; /* the kernel has skipped the program */
    else if (kernel.ring->len < RING)
        g_array_append_val(kernel.ring, record);
    else if (kernel.kind != KERNEL_LOSES_QUIETLY)
        kernel.lost++;
}

static void
commit(void)
{
    Record *record = &g_array_index(kernel.ring, Record, below(kernel.rand, kernel.ring->len));

    if (record->committed)
        return;
    if (kernel.kind != KERNEL_READS_FIRST)
        record->value = kernel.state[record->key];
    record->committed = TRUE;
}

static void
kernel_step(void)
{
    guint what = below(kernel.rand, 3);

    if (what == 0 && !kernel.quiet)
        change(below(kernel.rand, KEYS), below(kernel.rand, 4));
    else if (what == 1 && kernel.changed->len > 0)
        reserve();
    else if (what == 2 && kernel.ring->len > 0)
        commit();
}

static void
kernel_steps(guint most)
{
    for (guint n = below(kernel.rand, most + 1); n > 0; n--)
        kernel_step();
}

/* ---- what the loader asks of it ---- */

uint64_t
program_lost(const struct program *unused)
{
    return kernel.lost + kernel.counted;
}

void
program_count_misses(struct program *unused)
{
    kernel.counted = kernel.missed;
}

/* Up to the first record that is reserved and not yet committed. */
bool
program_drain(struct program *drained)
{
    for (guint left = kernel.ring->len; left > 0; left--) {
        Record record = g_array_index(kernel.ring, Record, 0);

        if (!record.committed)
            return false;
        g_array_remove_index(kernel.ring, 0);
        table_apply(drained->table, record.key, &record.value,
                    record.value != 0 ? sizeof(record.value) : 0);
        kernel_steps(1);
    }
    return true;
}

/* A few keys are read, one after the other, before the first of them is taken in. */
int
program_iterate(struct program *iterated)
{
    guint64 values[KEYS];

    for (guint64 at = 0, end; at < KEYS; at = end) {
        end = at + 1 + below(kernel.rand, 5);
        end = MIN(end, KEYS);
        for (guint64 key = at; key < end; key++) {
            kernel_steps(2);
            values[key] = kernel.state[key];
        }
        kernel_steps(2);
        for (guint64 key = at; key < end; key++)
            if (values[key] != 0)
                table_seed(iterated->table, key, &values[key], sizeof(values[key]));
        program_drain(iterated);
    }
    return 0;
}

/* ---- the host ---- */

/* A snapshot is of keys with values. */
static gboolean
is_in_place(const BpfpvFrame *frame)
{
    if (frame->type == BPFPV_WIRE_BEGIN || frame->type == BPFPV_WIRE_END)
        host.in_snapshot = frame->type == BPFPV_WIRE_BEGIN;
    for (guint i = 0; frame->type == BPFPV_WIRE_RECORDS && i < frame->records->len; i++)
        if (host.in_snapshot && g_array_index(frame->records, BpfpvWireRecord, i).size == 0)
            return FALSE;
    return TRUE;
}

/* Returns: (transfer full) (nullable): what is wrong with what the guest says */
static char *
host_reads(const guint8 *bytes, gsize length)
{
    bpfpv_decoder_push(host.decoder, bytes, length);
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(host.decoder, &error);
        gboolean changed = FALSE;

        if (!error && !frame)
            return NULL;
        if (frame && !is_in_place(frame))
            return g_strdup("a tombstone in a snapshot");
        if (frame && (frame->type == BPFPV_WIRE_BEGIN || frame->type == BPFPV_WIRE_RECORDS ||
                      frame->type == BPFPV_WIRE_END))
            bpfpv_table_apply(host.table, frame, &changed, &error);
        if (error)
            return g_strdup(error->message);
    }
}

/* What is on its way is lost; HELLO and CPUS are the loop's, and not what is tried out here. */
static void
host_comes(void)
{
    g_autoptr(GByteArray) opening = g_byte_array_new();

    g_clear_pointer(&host.decoder, bpfpv_decoder_free);
    g_clear_pointer(&host.table, bpfpv_table_free);
    host.decoder = bpfpv_decoder_new(++host.nonce, max_keys);
    host.table = bpfpv_table_new(max_keys, NULL);
    host.in_snapshot = FALSE;
    frames_add_hello(opening, host.nonce, 1);
    frames_add_cpus(opening, 8, 0xff, 0xff);
    bpfpv_decoder_push(host.decoder, opening->data, opening->len);
    stream_out_reset(&out);
    publisher_resync(&publisher, now);
}

/* @most: bytes that the channel takes */
static char *
carry(gsize most)
{
    const uint8_t *bytes;
    gsize length = MIN(stream_out_pending(&out, &bytes), most);
    char *wrong = host_reads(bytes, length);

    stream_out_written(&out, length);
    return wrong;
}

/* ---- a run ---- */

static char *
step(void)
{
    switch (below(kernel.rand, 8)) {
    case 0:
        now += below(kernel.rand, 3 * TICK_MS);
        assert_int_equal(publisher_collect(&publisher, now, one_in(kernel.rand, 8)), 0);
        return NULL;
    case 1:
        publisher_pump(&publisher, &out);
        return NULL;
    case 2:
        return carry(below(kernel.rand, 200));
    case 3:
        if (one_in(kernel.rand, 40))
            host_comes();
        return NULL;
    default:
        kernel_step();
        return NULL;
    }
}

/* Changes cease, and the loader does what its loop would. */
static char *
settle(void)
{
    shrink_to(max_keys);
    kernel.quiet = TRUE;
    for (guint64 end = now + SETTLE_MS; now < end; now += TICK_MS) {
        char *wrong;

        kernel_steps(3);
        assert_int_equal(publisher_collect(&publisher, now, now % 500 < TICK_MS), 0);
        publisher_pump(&publisher, &out);
        wrong = carry(G_MAXSIZE);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static void
take_key(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    guint64 *copy = user_data;

    memcpy(&copy[key], value, sizeof(copy[key]));
}

static char *
compare(void)
{
    guint64 copy[KEYS] = {0};

    if (!bpfpv_table_is_synced(host.table))
        return g_strdup("no snapshot has come");
    bpfpv_table_foreach(host.table, take_key, copy);
    for (guint key = 0; key < KEYS; key++)
        if (copy[key] != kernel.state[key])
            return g_strdup_printf("key %u is %" G_GUINT64_FORMAT
                                   ", the host has %" G_GUINT64_FORMAT,
                                   key, kernel.state[key], copy[key]);
    return NULL;
}

/* Returns: (transfer full) (nullable): what is wrong at its end */
static char *
run(KernelKind kind, guint32 seed)
{
    char *wrong = NULL;

    memset(&kernel, 0, sizeof(kernel));
    kernel.kind = kind;
    kernel.rand = g_rand_new_with_seed(seed);
    kernel.changed = g_array_new(FALSE, FALSE, sizeof(Record));
    kernel.ring = g_array_new(FALSE, FALSE, sizeof(Record));
    max_keys = one_in(kernel.rand, 3) ? KEYS / 2 : KEYS;
    program = (struct program){.table = table_new(max_keys)};
    publisher = (struct publisher){.program = &program, .due = PUBLISHER_NEVER};
    now = 1000;
    host_comes();
    for (guint n = 0; n < STEPS && !wrong; n++)
        wrong = step();
    if (!wrong)
        wrong = settle();
    if (!wrong)
        wrong = compare();
    table_free(program.table);
    g_array_unref(kernel.changed);
    g_array_unref(kernel.ring);
    g_rand_free(kernel.rand);
    g_clear_pointer(&host.decoder, bpfpv_decoder_free);
    g_clear_pointer(&host.table, bpfpv_table_free);
    return wrong;
}

static void
no_interleaving_leaves_a_wrong_key(void **state)
{
    g_autoptr(GRand) seeds = unit_random(__func__);

    for (guint n = 0; n < RUNS; n++) {
        guint32 seed = g_rand_int(seeds);
        g_autofree char *wrong = run(KERNEL_RIGHT, seed);

        if (wrong)
            fail_msg("run %u, seed %u: %s", n, seed, wrong);
    }
}

/* By a key that is wrong at the end. */
static void
assert_found_out(KernelKind kind)
{
    g_autoptr(GRand) seeds = unit_random(__func__);

    for (guint n = 0; n < RUNS; n++) {
        g_autofree char *wrong = run(kind, g_rand_int(seeds));

        if (wrong && g_str_has_prefix(wrong, "key ")) {
            print_message("run %u: %s\n", n, wrong);
            return;
        }
    }
    fail_msg("not in %u runs", RUNS);
}

static void
reading_before_reserving_is_found_out(void **state)
{
    assert_found_out(KERNEL_READS_FIRST);
}

static void
a_loss_that_is_not_counted_is_found_out(void **state)
{
    assert_found_out(KERNEL_LOSES_QUIETLY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_interleaving_leaves_a_wrong_key),
        cmocka_unit_test(reading_before_reserving_is_found_out),
        cmocka_unit_test(a_loss_that_is_not_counted_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
