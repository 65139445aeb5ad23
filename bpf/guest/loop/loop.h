/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loader's life after loading: one thread, one epoll set, asleep unless
 * the table changes or the host speaks.
 */
#ifndef BPFPV_GUEST_LOOP_H
#define BPFPV_GUEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cpus.h"
#include "loop/publisher.h"
#include "table/stream.h"

struct loop {
    int port;
    int epoll;
    int timer;
    int signals;
    struct cpus *cpus;
    struct bpfpv_wire_hello hello; /* all but the nonce */
    struct publisher publishers[BPFPV_WIRE_MAX_PROGRAMS];
    bool synced; /* a host has asked, and is there */
    bool done;
    bool cpus_untold;   /* the host does not know yet which CPUs there are */
    uint64_t flushed;   /* ms; when they were last */
    uint64_t flush_due; /* ms; when changes are sent */
    uint64_t check_due; /* ms; a last look at the loss counters */
    uint64_t doubt_due; /* ms; when to believe that the host is away */
    struct stream_in in;
    struct stream_out out;
};

/**
 * loop_open:
 * @loop: (out): zeroed by the caller but for hello, cpus and port, which stay
 * the caller's
 * @programs: hello.n_programs of them
 *
 * Creates what the loop waits with; blocks SIGTERM, SIGINT and SIGHUP.
 *
 * Returns: false with errno set
 */
bool loop_open(struct loop *loop, struct program *programs);

/**
 * loop_run:
 *
 * Serves the host until it says STOP, a signal asks, or an iterator fails.
 *
 * Returns: 0, or 1 after an internal error; the host was told in any case
 */
int loop_run(struct loop *loop);

#endif
