/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest loader's side of a ring buffer, over memory that the test fills as the kernel does.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/ring.h"

#define BYTES 4096u

/* As the kernel lays it out, but with the data once: nothing here is split at its end. */
static uint8_t *memory;
static struct ring ring;
static long page;

static int
setup(void **state)
{
    int fd = memfd_create("ring", MFD_CLOEXEC);

    page = sysconf(_SC_PAGESIZE);
    if (fd < 0 || ftruncate(fd, 2 * page + 2 * BYTES) < 0)
        return -1;
    memory = mmap(NULL, (size_t)(2 * page + 2 * BYTES), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED || !ring_open(&ring, fd, BYTES))
        return -1;
    return close(fd);
}

static unsigned long
consumed(void)
{
    return *(unsigned long *)(void *)memory;
}

/* Lays a record of one word at the producer's position. */
static uint32_t *
produce(uint64_t word, uint32_t flags)
{
    unsigned long *producer = (unsigned long *)(void *)(memory + page);
    uint8_t *at = memory + 2 * page + (*producer & (BYTES - 1));
    uint32_t *header = (uint32_t *)(void *)at;

    header[0] = (uint32_t)sizeof(word) | flags;
    header[1] = 0;
    memcpy(at + 8, &word, sizeof(word));
    *producer += 16;
    return header;
}

static void
expect(uint64_t word)
{
    uint32_t size = 0;
    const void *record = ring_next(&ring, &size);

    assert_non_null(record);
    assert_int_equal(size, sizeof(word));
    assert_memory_equal(record, &word, sizeof(word));
}

static void
expect_none(void)
{
    uint32_t size;

    assert_null(ring_next(&ring, &size));
}

static void
records_come_in_order_and_are_kept_until_released(void **state)
{
    unsigned long before = consumed();

    expect_none();
    produce(1, 0);
    produce(2, 0);
    expect(1);
    expect(2);
    expect_none();
    assert_int_equal(consumed(), before);
    ring_release(&ring);
    assert_int_equal(consumed(), before + 32);
}

static void
a_record_in_the_making_holds_back_what_follows(void **state)
{
    uint32_t *busy = produce(3, BPF_RINGBUF_BUSY_BIT);
    unsigned long end;

    produce(4, 0);
    end = ring_end(&ring);
    expect_none();
    assert_false(ring_has_passed(&ring, end));
    ring_release(&ring);
    *busy &= ~BPF_RINGBUF_BUSY_BIT;
    expect(3);
    assert_false(ring_has_passed(&ring, end));
    expect(4);
    assert_true(ring_has_passed(&ring, end));
    ring_release(&ring);
}

static void
discarded_records_are_passed_over_and_given_back(void **state)
{
    unsigned long before = consumed();

    produce(5, BPF_RINGBUF_DISCARD_BIT);
    produce(6, 0);
    produce(7, BPF_RINGBUF_DISCARD_BIT);
    expect(6);
    expect_none();
    ring_release(&ring);
    assert_int_equal(consumed(), before + 48);
}

static void
positions_go_on_past_the_end_of_the_memory(void **state)
{
    for (uint64_t i = 0; i < 3 * BYTES / 16; i++) {
        produce(i, 0);
        expect(i);
        ring_release(&ring);
    }
    assert_true(consumed() > 3 * BYTES);
    expect_none();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_in_order_and_are_kept_until_released),
        cmocka_unit_test(a_record_in_the_making_holds_back_what_follows),
        cmocka_unit_test(discarded_records_are_passed_over_and_given_back),
        cmocka_unit_test(positions_go_on_past_the_end_of_the_memory),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
