/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest loader's loop against a host that reads late, or is unplugged. The loop, the publisher,
 * the table and the stream are the loader's; the kernel's side, the CPUs and the title are not.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/host.h"
#include "loop/loop.h"
#include "process/title.h"

#define KEYS 20000 /* a snapshot of them is more than a socket holds */
#define MASK_SIZE 128
#define PATIENCE_MS 10000

static struct loop loop;
static struct program program;
static struct cpus cpu_state;
static pthread_t thread;
static int host = -1;
static atomic_int snapshots;
static uint32_t cpu_frames; /* CPUS frames that the host has read */
static atomic_uint_fast64_t losses;

uint64_t
program_lost(const struct program *unused)
{
    return losses;
}

void
program_count_misses(struct program *unused)
{
}

bool
program_drain(struct program *drained)
{
    uint64_t records;

    while (read(drained->ring_fd, &records, sizeof(records)) > 0)
        ;
    return true;
}

int
program_iterate(struct program *iterated)
{
    static const uint8_t mask[MASK_SIZE] = {1};

    for (uint64_t key = 1; key <= KEYS; key++)
        table_seed(iterated->table, key, mask, sizeof(mask));
    snapshots++;
    return 0;
}

void
cpus_refresh(struct cpus *unused)
{
}

void
cpus_heard(struct cpus *unused)
{
}

void
title_end(const char *unused)
{
}

static void *
run(void *unused)
{
    loop_run(&loop);
    return NULL;
}

static void
say(enum bpfpv_wire_type type, uint64_t payload)
{
    struct {
        struct bpfpv_wire_header header;
        uint64_t payload;
    } frame = {{.magic = BPFPV_WIRE_MAGIC, .type = type, .length = sizeof(payload)}, payload};

    assert_int_equal(write(host, &frame, sizeof(frame)), sizeof(frame));
}

/* The guest has changed something. */
static void
make_record(void)
{
    static const uint64_t one = 1;

    assert_int_equal(write(program.ring_fd, &one, sizeof(one)), sizeof(one));
}

/* The loop has filled the socket with the snapshot, and sleeps. */
static void
wait_until_stuck(void)
{
    int before = -1, now = 0;

    while (now == 0 || now != before) {
        before = now;
        usleep(100 * 1000);
        assert_int_equal(ioctl(host, FIONREAD, &now), 0);
    }
}

/* Counts the frames that are whole and drops them. Returns: the bytes that are left */
static size_t
take_frames(uint8_t *bytes, size_t length)
{
    struct bpfpv_wire_header header;
    size_t at = 0;

    while (length - at >= sizeof(header)) {
        memcpy(&header, bytes + at, sizeof(header));
        assert_int_equal(header.magic, BPFPV_WIRE_MAGIC);
        if (length - at < sizeof(header) + header.length)
            break;
        cpu_frames += header.type == BPFPV_WIRE_CPUS;
        at += sizeof(header) + header.length;
    }
    memmove(bytes, bytes + at, length - at);
    return length - at;
}

/* Reads until @n snapshots were taken and no byte has come for a tenth of a second. */
static bool
host_reads_until(int n)
{
    static uint8_t bytes[1 << 16];
    bool quiet = false;

    for (int i = 0; i < PATIENCE_MS / 100 && !(quiet && snapshots >= n); i++) {
        quiet = true;
        while (read(host, bytes, sizeof(bytes)) > 0)
            quiet = false;
        usleep(100 * 1000);
    }
    return snapshots >= n;
}

static int
setup(void **state)
{
    int ends[2];

    memset(&loop, 0, sizeof(loop));
    memset(&program, 0, sizeof(program));
    snapshots = 0;
    losses = 0;
    cpu_frames = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    host = ends[1];
    program.ring_fd = eventfd(0, EFD_NONBLOCK);
    program.table = table_new(2 * KEYS);
    cpu_state = (struct cpus){.n_cpus = 4, .words = 1, .online_fd = -1, .uevent_fd = -1};
    loop.port = ends[0];
    loop.cpus = &cpu_state;
    loop.hello.n_programs = 1;
    loop.hello.max_keys = 2 * KEYS;
    assert_true(loop_open(&loop, &program));
    signal(SIGPIPE, SIG_IGN); /* which a port does not raise */
    return 0;
}

static int
setup_running(void **state)
{
    return setup(state) != 0 ? -1 : pthread_create(&thread, NULL, run, NULL);
}

static int
teardown(void **state)
{
    if (host >= 0)
        close(host);
    close(loop.port);
    close(loop.epoll);
    close(loop.timer);
    close(loop.signals);
    close(program.ring_fd);
    table_free(program.table);
    return 0;
}

static void
stop_loop(void)
{
    say(BPFPV_WIRE_STOP, 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
a_loss_while_the_host_does_not_read_is_repaired(void **state)
{
    say(BPFPV_WIRE_RESYNC, 42);
    wait_until_stuck();
    losses = 5;
    make_record();
    usleep(1200 * 1000); /* longer than the loop waits for something to follow */
    assert_int_equal(snapshots, 1);
    assert_true(host_reads_until(2));
    stop_loop();
}

static void
a_snapshot_that_lost_nothing_is_taken_once(void **state)
{
    say(BPFPV_WIRE_RESYNC, 42);
    wait_until_stuck();
    make_record();
    usleep(800 * 1000);
    assert_true(host_reads_until(1));
    usleep(800 * 1000);
    assert_int_equal(snapshots, 1);
    stop_loop();
}

/* The buffer is full when a CPU comes, and there is nothing else to be said after that. */
static void
a_cpu_that_comes_while_the_buffer_is_full_is_told(void **state)
{
    static uint8_t bytes[2 * STREAM_OUT_BYTES];
    size_t length;

    while (stream_out_frame(&loop.out, BPFPV_WIRE_PONG, "12345678", 8))
        ;
    loop.cpus_untold = true;
    host_write(&loop);
    length = (size_t)read(host, bytes, sizeof(bytes));
    assert_int_equal(take_frames(bytes, length), 0);
    assert_int_equal(cpu_frames, 1);
    assert_false(loop.cpus_untold);
}

/* As ENODEV of a virtio port: an error that is no "not now". */
static void
it_ends_when_its_port_is_unplugged(void **state)
{
    struct timespec limit;

    say(BPFPV_WIRE_RESYNC, 42);
    wait_until_stuck();
    close(host); /* with data unread, the other end gets ECONNRESET */
    host = -1;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE_MS / 1000;
    assert_int_equal(pthread_timedjoin_np(thread, NULL, &limit), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loss_while_the_host_does_not_read_is_repaired,
                                        setup_running, teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_that_lost_nothing_is_taken_once, setup_running,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_cpu_that_comes_while_the_buffer_is_full_is_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(it_ends_when_its_port_is_unplugged, setup_running,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
