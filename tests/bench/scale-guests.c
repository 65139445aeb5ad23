/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See scale-guests.h. */
#define _GNU_SOURCE /* accept4(), pipe2() */
#include "scale-guests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/frames.h"

/* Most that the host lets a program keep, and one frame of them. */
#define MANY_KEYS 65536u
#define KEYS_AT_ONCE 1024u
#define CHURNED_KEYS 500u
#define EVENTS 64
/* Frames that a hostile guest makes ready at once, at most. */
#define BATCH 256

typedef struct {
    int listener, connection; /* -1: none */
    gboolean greeted;
    enum scale_command habit; /* 0: none */
    GByteArray *unsent;       /* of a hostile one */
    guint sent;               /* its frames so far */
} Guest;

typedef struct {
    guint guest;
    enum scale_command command;
} Order;

struct _ScaleGuests {
    pid_t process;
    int orders; /* the writing end */
    gint64 *sent_us;
};

/* ---- in the process of the guests ---- */

static struct {
    Guest *guests;
    guint n;
    int epoll, orders;
    gint64 *sent_us;
} here;

/* What epoll tells of: a guest's listener and its connection, and last the orders. */
#define LISTENER(i) (2 * (i))
#define CONNECTION(i) (2 * (i) + 1)
#define ORDERS (2 * here.n)

static void
watch(int fd, guint32 events, guint what, int operation)
{
    struct epoll_event event = {.events = events, .data.u32 = what};

    if (epoll_ctl(here.epoll, operation, fd, &event) < 0)
        g_error("epoll_ctl: %s", g_strerror(errno));
}

static void
send_whole(const Guest *guest, const GByteArray *stream)
{
    for (gsize done = 0; done < stream->len;) {
        gssize n = send(guest->connection, stream->data + done, stream->len - done, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return; /* the host has gone */
        done += n > 0 ? (gsize)n : 0;
    }
}

static void
greet(Guest *guest, guint64 nonce)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    frames_add_hello(stream, nonce, 1);
    strcpy((char *)stream->data + sizeof(struct bpfpv_wire_header) +
               sizeof(struct bpfpv_wire_hello) + offsetof(struct bpfpv_wire_program, name),
           "affinity");
    frames_add_cpus(stream, SCALE_VCPUS, (1 << SCALE_VCPUS) - 1, (1 << SCALE_VCPUS) - 1);
    frames_add_begin(stream, 0, 1);
    frames_add_end(stream, 0, 1, 0);
    send_whole(guest, stream);
    guest->greeted = TRUE;
}

/* What the host sends comes whole: it is a few small frames. */
static void
hear(Guest *guest, guint i)
{
    guint8 bytes[4096];
    gssize n = recv(guest->connection, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        watch(guest->connection, 0, CONNECTION(i), EPOLL_CTL_DEL);
        close(guest->connection);
        guest->connection = -1;
        guest->habit = 0;
        return;
    }
    for (gssize at = 0; at + (gssize)sizeof(struct bpfpv_wire_header) <= n;) {
        struct bpfpv_wire_header header;
        guint64 nonce;

        memcpy(&header, bytes + at, sizeof(header));
        at += (gssize)sizeof(header);
        if (header.type == BPFPV_WIRE_RESYNC) {
            memcpy(&nonce, bytes + at, sizeof(nonce));
            greet(guest, nonce);
        }
        at += header.length;
    }
}

static void
add_frame(Guest *guest)
{
    GByteArray *stream = guest->unsent;
    guint64 all = (1 << SCALE_VCPUS) - 1;
    guint keys = guest->sent * KEYS_AT_ONCE;

    if (guest->habit != SCALE_CHURN && keys < MANY_KEYS)
        frames_add_records(stream, 0, 1, 1 + keys, KEYS_AT_ONCE, 1 + keys % all);
    else if (guest->habit == SCALE_REPEAT)
        frames_add_cpus(stream, SCALE_VCPUS, all, all);
    else if (guest->habit == SCALE_FLIP)
        frames_add_cpus(stream, SCALE_VCPUS, all, guest->sent % 2 ? all : 1);
    else
        frames_add_records(stream, 0, 1, 1, CHURNED_KEYS, guest->sent % 2 ? 1 : 2);
    guest->sent++;
}

static void
misbehave(Guest *guest)
{
    gssize n;

    for (guint i = 0; i < BATCH && guest->unsent->len < BPFPV_WIRE_MAX_PAYLOAD; i++)
        add_frame(guest);
    n = send(guest->connection, guest->unsent->data, guest->unsent->len,
             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        g_byte_array_remove_range(guest->unsent, 0, (guint)n);
}

static void
set_habit(Guest *guest, guint i, enum scale_command habit)
{
    guest->habit = habit == SCALE_QUIET ? 0 : habit;
    guest->sent = 0;
    if (habit != SCALE_QUIET)
        g_byte_array_set_size(guest->unsent, 0);
    else if (guest->unsent->len > 0) /* a frame that was begun */
        send_whole(guest, guest->unsent);
    watch(guest->connection,
          EPOLLIN | (guest->habit && guest->habit != SCALE_SPIN ? (guint32)EPOLLOUT : 0),
          CONNECTION(i), EPOLL_CTL_MOD);
}

static void
obey(Guest *guest, const Order *order)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    if (guest->connection < 0)
        return;
    if (order->command != SCALE_PIN && order->command != SCALE_RELEASE) {
        set_habit(guest, order->guest, order->command);
        return;
    }
    frames_add_records(stream, 0, 1, 1, 1, order->command == SCALE_PIN ? 1 : 0);
    send_whole(guest, stream);
    __atomic_store_n(here.sent_us, g_get_monotonic_time(), __ATOMIC_RELEASE);
}

static void
take_orders(void)
{
    Order order;
    gssize n = read(here.orders, &order, sizeof(order));

    if (n == 0)
        _exit(0);
    if (n == sizeof(order))
        obey(&here.guests[order.guest], &order);
}

static void
on_event(const struct epoll_event *event)
{
    guint what = event->data.u32, i = what / 2;
    Guest *guest = &here.guests[i];

    if (what == ORDERS) {
        take_orders();
    } else if (what == LISTENER(i)) {
        guest->connection = accept4(guest->listener, NULL, NULL, SOCK_CLOEXEC);
        if (guest->connection >= 0)
            watch(guest->connection, EPOLLIN, CONNECTION(i), EPOLL_CTL_ADD);
    } else {
        if (event->events & (EPOLLIN | EPOLLHUP))
            hear(guest, i);
        if (guest->connection >= 0 && event->events & EPOLLOUT)
            misbehave(guest);
    }
}

static gboolean
is_spinning(void)
{
    for (guint i = 0; i < here.n; i++)
        if (here.guests[i].habit == SCALE_SPIN)
            return TRUE;
    return FALSE;
}

G_GNUC_NORETURN static void
be_guests(void)
{
    struct epoll_event events[EVENTS];
    gboolean spins = FALSE;

    for (;;) {
        int n = epoll_wait(here.epoll, events, EVENTS, spins ? 0 : -1);

        for (int i = 0; i < n; i++)
            on_event(&events[i]);
        if (n > 0)
            spins = is_spinning();
    }
}

static int
listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
        g_error("can't listen at %s: %s", path, g_strerror(errno));
    return fd;
}

static void
open_guests(const char *directory, guint n)
{
    here.guests = g_new0(Guest, n + 1);
    here.n = n;
    here.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = scale_guests_path(directory, i);

        here.guests[i] = (Guest){listen_at(path), -1, .unsent = g_byte_array_new()};
        watch(here.guests[i].listener, EPOLLIN, LISTENER(i), EPOLL_CTL_ADD);
    }
    watch(here.orders, EPOLLIN, ORDERS, EPOLL_CTL_ADD);
}

/* ---- outside ---- */

char *
scale_guests_path(const char *directory, guint i)
{
    return g_strdup_printf("%s/%u.channel", directory, i);
}

ScaleGuests *
scale_guests_start(const char *directory, guint n)
{
    ScaleGuests *guests = g_new0(ScaleGuests, 1);
    int ends[2], ready[2];
    char byte;

    guests->sent_us =
        mmap(NULL, sizeof(gint64), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (guests->sent_us == MAP_FAILED || pipe2(ends, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0)
        g_error("no guests: %s", g_strerror(errno));
    guests->process = fork();
    if (guests->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[1]);
        here.orders = ends[0];
        here.sent_us = guests->sent_us;
        open_guests(directory, n);
        if (write(ready[1], "r", 1) == 1)
            be_guests();
        _exit(1);
    }
    close(ends[0]);
    close(ready[1]);
    if (guests->process < 0 || read(ready[0], &byte, 1) != 1)
        g_error("no guests");
    close(ready[0]);
    guests->orders = ends[1];
    return guests;
}

void
scale_guests_end(ScaleGuests *guests)
{
    if (!guests)
        return;
    close(guests->orders);
    waitpid(guests->process, NULL, 0);
    munmap(guests->sent_us, sizeof(gint64));
    g_free(guests);
}

void
scale_guests_tell(ScaleGuests *guests, guint i, enum scale_command command)
{
    Order order = {i, command};

    __atomic_store_n(guests->sent_us, 0, __ATOMIC_RELEASE);
    if (write(guests->orders, &order, sizeof(order)) != sizeof(order))
        g_error("the guests have gone: %s", g_strerror(errno));
}

gint64
scale_guests_sent(const ScaleGuests *guests)
{
    return __atomic_load_n(guests->sent_us, __ATOMIC_ACQUIRE);
}
