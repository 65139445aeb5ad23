/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of what a program keeps of its table: whatever frames come in whatever order, it is what a
 * walk over the table would find.
 */
#include "unit.h"

#include "core/table/table.h"
#include "programs/program.h"

#define KEYS 60
#define VCPUS 6
#define ONLINE "0-5"

typedef struct {
    const BpfpvGuestCpus *cpus;
    BpfpvDemand *demand;
} Walk;

static void
add_key(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    Walk *walk = user_data;
    guint64 word = 0;
    g_autoptr(BpfpvCpuset) mask = NULL;
    g_autoptr(BpfpvCpuset) vcpus = NULL;

    (void)key;
    if (size != sizeof(word))
        return; /* malformed */
    memcpy(&word, value, sizeof(word));
    mask = bpfpv_cpuset_new_from_words(&word, 1, BPFPV_CPUSET_MAX);
    vcpus = bpfpv_guest_cpus_to_vcpus(walk->cpus, mask);
    bpfpv_demand_add(walk->demand, vcpus, bpfpv_guest_cpus_online(walk->cpus), 1);
}

static void
assert_digest_is_the_table(const BpfpvTable *table)
{
    g_autoptr(BpfpvCpuset) online = cpus(ONLINE);
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, NULL, NULL, VCPUS, NULL);
    g_autoptr(BpfpvDemand) kept = bpfpv_demand_new(VCPUS);
    g_autoptr(BpfpvDemand) walked = bpfpv_demand_new(VCPUS);
    Walk walk = {guest, walked};

    bpfpv_program_affinity.add_demand(bpfpv_table_digest(table), guest, kept);
    bpfpv_table_foreach(table, add_key, &walk);
    assert_true(bpfpv_demand_equal(kept, walked));
}

/* A few masks, so that many tasks share one; tombstones; and what is no mask. */
static BpfpvWireRecord
random_record(GRand *rand, guint64 *word)
{
    static const guint64 masks[] = {1, 2, 4, 3, 6, 0x18, 0x3f, 0x20, 0x40};
    static const guint32 sizes[] = {8, 8, 8, 8, 0, 0, 4};

    *word = masks[below(rand, G_N_ELEMENTS(masks))];
    return (BpfpvWireRecord){below(rand, KEYS), sizes[below(rand, G_N_ELEMENTS(sizes))],
                             (const guint8 *)word};
}

static gboolean
send_records(BpfpvTable *table, GRand *rand, guint generation)
{
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));
    guint64 words[8];
    BpfpvFrame frame = {.type = BPFPV_WIRE_RECORDS, .generation = generation, .records = records};
    gboolean changed = FALSE;

    for (guint i = below(rand, G_N_ELEMENTS(words)) + 1; i > 0; i--) {
        BpfpvWireRecord record = random_record(rand, &words[i - 1]);

        g_array_append_val(records, record);
    }
    return bpfpv_table_apply(table, &frame, &changed, NULL);
}

static void
send_begin(BpfpvTable *table, guint generation)
{
    BpfpvFrame frame = {.type = BPFPV_WIRE_BEGIN, .generation = generation};
    gboolean changed = FALSE;

    assert_true(bpfpv_table_apply(table, &frame, &changed, NULL));
}

/* Of a few guesses one may be right; a wrong one drops the snapshot. */
static void
send_end(BpfpvTable *table, guint generation, guint64 keys)
{
    BpfpvFrame frame = {.type = BPFPV_WIRE_END, .generation = generation, .keys = keys};
    gboolean changed = FALSE;

    bpfpv_table_apply(table, &frame, &changed, NULL);
}

static void
the_digest_is_what_the_table_holds(void **state)
{
    GRand *rand = unit_random("digest");

    (void)state;
    for (guint round = 0; round < 200; round++) {
        g_autoptr(BpfpvTable) table = bpfpv_table_new(KEYS / 2, &bpfpv_program_affinity.digest);
        guint generation = 1;

        send_begin(table, generation);
        send_end(table, generation, 0);
        for (guint step = 0; step < 200; step++) {
            if (one_in(rand, 20))
                send_begin(table, ++generation);
            else if (one_in(rand, 30))
                send_end(table, generation, below(rand, 8));
            else if (one_in(rand, 200))
                bpfpv_table_clear(table);
            else
                send_records(table, rand, generation);
            assert_digest_is_the_table(table);
        }
    }
    g_rand_free(rand);
}

/* While a snapshot comes in, the digest is that of the replica in use. */
static void
a_digest_is_swapped_in_with_its_snapshot(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(KEYS, &bpfpv_program_affinity.digest);
    guint64 word = 2;
    BpfpvWireRecord record = {7, sizeof(word), (const guint8 *)&word};
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(record));
    BpfpvFrame frame = {.type = BPFPV_WIRE_RECORDS, .generation = 1, .records = records};
    gconstpointer before = bpfpv_table_digest(table);
    gboolean changed = FALSE;

    (void)state;
    g_array_append_val(records, record);
    send_begin(table, 1);
    assert_true(bpfpv_table_apply(table, &frame, &changed, NULL));
    assert_ptr_equal(bpfpv_table_digest(table), before);
    assert_false(changed);
    send_end(table, 1, 1);
    assert_ptr_not_equal(bpfpv_table_digest(table), before);
    assert_digest_is_the_table(table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_what_the_table_holds),
        cmocka_unit_test(a_digest_is_swapped_in_with_its_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
