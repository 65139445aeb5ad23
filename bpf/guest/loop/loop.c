/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting and dispatching, see loop.h. What is said to the host is in host.c.
 *
 * The port is watched edge-triggered: while the host is away it reports a
 * hang-up without end. The ring buffers are watched one-shot: the first record
 * wakes the loop, which then looks again only when it sends, so a storm costs
 * 100 wake-ups a second; and only while a host is synchronised, so nobody is
 * woken to fill a table that is read by nobody.
 */
#include "loop/loop.h"
#include "loop/host.h"
#include "process/title.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define FLUSH_MS 10
#define CHECK_MS 500
#define DOUBT_MS 1000
#define RING_EVENTS (EPOLLIN | EPOLLONESHOT)

/* What an event belongs to; below this, the index of a program. */
enum { TAG_PORT = 1000, TAG_TIMER, TAG_SIGNALS, TAG_CPUS };

static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool
watch(struct loop *loop, int op, int fd, uint32_t events, uint32_t tag)
{
    struct epoll_event event = {.events = events, .data.u32 = tag};

    return epoll_ctl(loop->epoll, op, fd, &event) == 0;
}

static bool
open_signals(struct loop *loop)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return false;
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->signals >= 0;
}

bool
loop_open(struct loop *loop, struct program *programs)
{
    uint32_t i;

    for (i = 0; i < loop->hello.n_programs; i++) {
        loop->publishers[i].program = &programs[i];
        loop->publishers[i].index = i;
        loop->publishers[i].due = PUBLISHER_NEVER;
    }
    loop->flush_due = loop->check_due = loop->doubt_due = PUBLISHER_NEVER;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return loop->epoll >= 0 && loop->timer >= 0 && open_signals(loop) &&
           watch(loop, EPOLL_CTL_ADD, loop->signals, EPOLLIN, TAG_SIGNALS) &&
           watch(loop, EPOLL_CTL_ADD, loop->timer, EPOLLIN, TAG_TIMER) &&
           (loop->cpus->uevent_fd < 0 ||
            watch(loop, EPOLL_CTL_ADD, loop->cpus->uevent_fd, EPOLLIN, TAG_CPUS)) &&
           watch(loop, EPOLL_CTL_ADD, loop->port, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                 TAG_PORT);
}

static void
watch_rings(struct loop *loop, int op)
{
    uint32_t i;

    for (i = 0; i < loop->hello.n_programs; i++)
        watch(loop, op, loop->publishers[i].program->ring_fd, RING_EVENTS, i);
}

static void
host_gone(struct loop *loop)
{
    uint32_t i;

    if (loop->synced)
        watch_rings(loop, EPOLL_CTL_DEL);
    loop->synced = false;
    title_end("host=away");
    loop->flush_due = loop->check_due = loop->doubt_due = PUBLISHER_NEVER;
    for (i = 0; i < loop->hello.n_programs; i++)
        loop->publishers[i].due = PUBLISHER_NEVER;
    stream_in_reset(&loop->in);
    stream_out_reset(&loop->out);
}

static void
resync(struct loop *loop, uint64_t nonce, uint64_t now)
{
    uint32_t i;

    if (!loop->synced)
        watch_rings(loop, EPOLL_CTL_ADD);
    loop->synced = true;
    title_end("host=connected");
    loop->hello.nonce = nonce;
    stream_out_reset(&loop->out);
    cpus_refresh(loop->cpus);
    loop->cpus_untold = false;
    host_greet(loop);
    for (i = 0; i < loop->hello.n_programs; i++)
        publisher_resync(&loop->publishers[i], now);
    loop->flush_due = now;
}

/* A RESYNC follows: what the old table knows of the host is void anyway. */
static void
limit_keys(struct loop *loop, uint32_t max_keys)
{
    struct table *table;
    uint32_t i;

    for (i = 0; i < loop->hello.n_programs && max_keys > 0; i++) {
        table = max_keys == loop->hello.max_keys ? NULL : table_new(max_keys);
        if (table == NULL)
            continue; /* the same, or no memory for another */
        table_free(loop->publishers[i].program->table);
        loop->publishers[i].program->table = table;
        loop->publishers[i].phase = PUBLISHER_AWAY;
        loop->publishers[i].due = PUBLISHER_NEVER;
    }
    if (max_keys > 0)
        loop->hello.max_keys = max_keys;
}

static void
handle_frame(struct loop *loop, const struct stream_frame *frame)
{
    uint64_t nonce = 0;

    if (frame->length == sizeof(nonce))
        memcpy(&nonce, frame->payload, sizeof(nonce));
    if (frame->type == BPFPV_WIRE_RESYNC && frame->length == sizeof(nonce))
        resync(loop, nonce, now_ms());
    else if (frame->type == BPFPV_WIRE_PING && frame->length == sizeof(nonce) && loop->synced)
        stream_out_frame(&loop->out, BPFPV_WIRE_PONG, &nonce, sizeof(nonce));
    else if (frame->type == BPFPV_WIRE_LIMIT && frame->length == sizeof(struct bpfpv_wire_limit))
        limit_keys(loop, (uint32_t)nonce);
    else if (frame->type == BPFPV_WIRE_STOP) {
        host_farewell(loop, BPFPV_WIRE_BYE_STOPPED, "the host asked");
        loop->done = true;
    }
}

/*
 * To the last byte: the next edge comes only with the next. A read of nothing
 * says that no host is there; but the kernel learns of a new host by another
 * queue than it gets data from, and may say so of one whose RESYNC was just
 * read. After data it is believed only if it still holds a second later.
 */
static void
handle_port(struct loop *loop, uint64_t now)
{
    struct stream_frame frame;
    bool data = false;
    uint8_t *space;
    size_t size;
    ssize_t n;

    do {
        size = stream_in_space(&loop->in, &space);
        n = read(loop->port, space, size);
        data |= n > 0;
        if (n > 0)
            stream_in_stored(&loop->in, (size_t)n);
        while (!loop->done && n > 0 && stream_in_next(&loop->in, &frame))
            handle_frame(loop, &frame);
    } while (!loop->done && (n > 0 || (n < 0 && errno == EINTR)));
    if (n < 0 && errno != EAGAIN)
        loop->done = true; /* ENODEV: unplugged, and no host will find this end again */
    else if (n < 0)
        loop->doubt_due = PUBLISHER_NEVER;
    else if (n == 0 && data)
        loop->doubt_due = now + DOUBT_MS;
    else if (n == 0 && (loop->doubt_due == PUBLISHER_NEVER || now >= loop->doubt_due))
        host_gone(loop);
}

static void
handle(struct loop *loop, uint32_t tag, uint64_t now)
{
    uint64_t expirations;

    if (tag == TAG_SIGNALS) {
        host_farewell(loop, BPFPV_WIRE_BYE_SIGNAL, "a signal in the guest");
        loop->done = true;
    } else if (tag == TAG_TIMER) {
        if (read(loop->timer, &expirations, sizeof(expirations)) > 0 && now >= loop->doubt_due)
            handle_port(loop, now);
    } else if (tag == TAG_CPUS) {
        cpus_heard(loop->cpus);
        loop->cpus_untold = loop->synced;
    } else if (tag == TAG_PORT) {
        handle_port(loop, now);
    } else if (loop->synced && loop->flush_due == PUBLISHER_NEVER) {
        /* At once after some quiet, so often at most in a storm. */
        loop->flush_due = now < loop->flushed + FLUSH_MS ? loop->flushed + FLUSH_MS : now;
    }
}

/* Collects and sends what is due by now; 0 or a negative errno. */
static int
serve(struct loop *loop, uint64_t now)
{
    bool flush = now >= loop->flush_due, check = now >= loop->check_due;
    struct publisher *publisher;
    int result = 0;
    uint32_t i;

    if (!loop->synced)
        return 0;
    for (i = 0; i < loop->hello.n_programs && result == 0; i++) {
        publisher = &loop->publishers[i];
        if (flush || check || now >= publisher->due)
            result = publisher_collect(publisher, now, check);
    }
    if (flush) {
        /* Adding looks for records first: none can slip through here. */
        watch_rings(loop, EPOLL_CTL_MOD);
        loop->flush_due = PUBLISHER_NEVER;
        loop->flushed = now;
    }
    if (flush || check)
        loop->check_due = flush ? now + CHECK_MS : PUBLISHER_NEVER;
    host_write(loop);
    for (i = 0; i < loop->hello.n_programs; i++)
        if (publisher_owes_check(&loop->publishers[i]) && loop->check_due == PUBLISHER_NEVER)
            loop->check_due = now + CHECK_MS;
    return result;
}

static void
set_timer(const struct loop *loop)
{
    uint64_t due = loop->flush_due < loop->check_due ? loop->flush_due : loop->check_due;
    struct itimerspec when = {{0, 0}, {0, 0}};
    uint32_t i;

    if (loop->doubt_due < due)
        due = loop->doubt_due;
    for (i = 0; i < loop->hello.n_programs; i++) {
        const struct publisher *publisher = &loop->publishers[i];

        /* One that is still sending takes its next snapshot after that. */
        if (publisher->phase != PUBLISHER_BEGIN && publisher->phase != PUBLISHER_SENDING &&
            publisher->due < due)
            due = publisher->due;
    }
    if (due != PUBLISHER_NEVER) {
        when.it_value.tv_sec = (time_t)(due / 1000);
        when.it_value.tv_nsec = (long)(due % 1000) * 1000000 + 1;
    }
    timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

int
loop_run(struct loop *loop)
{
    struct epoll_event events[BPFPV_WIRE_MAX_PROGRAMS + 4];
    int n, i, result;

    while (!loop->done) {
        set_timer(loop);
        n = epoll_wait(loop->epoll, events, sizeof(events) / sizeof(events[0]), -1);
        for (i = 0; i < n && !loop->done; i++)
            handle(loop, events[i].data.u32, now_ms());
        if (loop->done)
            break;
        result = serve(loop, now_ms());
        if (result < 0) {
            host_farewell(loop, BPFPV_WIRE_BYE_INTERNAL, strerror(-result));
            return 1;
        }
    }
    return 0;
}
