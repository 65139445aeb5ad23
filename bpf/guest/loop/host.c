/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talking to the host, see host.h.
 */
#include "loop/host.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FAREWELL_STEPS 10
#define FAREWELL_STEP_MS 100

static void
greet_programs(const struct loop *loop, uint8_t *to)
{
    struct bpfpv_wire_program program;
    uint32_t i;

    for (i = 0; i < loop->hello.n_programs; i++) {
        const struct program *from = loop->publishers[i].program;

        memset(&program, 0, sizeof(program));
        memcpy(program.name, from->name, sizeof(program.name));
        memcpy(program.attach, from->attach, sizeof(program.attach));
        memcpy(program.digest, from->digest, sizeof(program.digest));
        memcpy(to + i * sizeof(program), &program, sizeof(program));
    }
}

/* False when it doesn't fit now. */
static bool
tell_cpu_ids(struct loop *loop)
{
    static uint8_t frame[BPFPV_WIRE_MAX_PAYLOAD];
    const struct cpu_ids *ids = &loop->cpus->ids;
    const struct bpfpv_wire_cpu_ids head = {.count = ids->count};
    size_t size = ids->count * sizeof(ids->of[0]);

    if (ids->count == 0)
        return true;
    memcpy(frame, &head, sizeof(head));
    memcpy(frame + sizeof(head), ids->of, size);
    return stream_out_frame(&loop->out, BPFPV_WIRE_CPU_IDS, frame, sizeof(head) + size);
}

/* Encodes CPU_IDS and CPUS as they are known now; false when they don't fit now. */
static bool
tell_cpus(struct loop *loop)
{
    uint8_t cpus[sizeof(struct bpfpv_wire_cpus) + 2 * sizeof(loop->cpus->online)];
    const struct bpfpv_wire_cpus head = {
        .n_cpus = loop->cpus->n_cpus,
        .words = loop->cpus->words,
    };
    size_t set = head.words * sizeof(uint64_t);

    memcpy(cpus, &head, sizeof(head));
    memcpy(cpus + sizeof(head), loop->cpus->possible, set);
    memcpy(cpus + sizeof(head) + set, loop->cpus->online, set);
    return tell_cpu_ids(loop) &&
           stream_out_frame(&loop->out, BPFPV_WIRE_CPUS, cpus, sizeof(head) + 2 * set);
}

void
host_greet(struct loop *loop)
{
    uint8_t
        hello[sizeof(loop->hello) + BPFPV_WIRE_MAX_PROGRAMS * sizeof(struct bpfpv_wire_program)];

    memcpy(hello, &loop->hello, sizeof(loop->hello));
    greet_programs(loop, hello + sizeof(loop->hello));
    stream_out_frame(&loop->out, BPFPV_WIRE_HELLO, hello,
                     sizeof(loop->hello) +
                         loop->hello.n_programs * sizeof(struct bpfpv_wire_program));
    tell_cpus(loop);
}

/* False when the port takes no more for now. */
static bool
write_pending(struct loop *loop)
{
    const uint8_t *bytes;
    size_t length;
    ssize_t n;

    while ((length = stream_out_pending(&loop->out, &bytes)) > 0) {
        n = write(loop->port, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        stream_out_written(&loop->out, (size_t)n);
    }
    return true;
}

/* One program after the other, so that BEGIN..END of two are never mixed. Which CPUs there are goes
 * first, as soon as there is room for it. */
static bool
pump_all(struct loop *loop)
{
    uint32_t i;

    if (loop->cpus_untold)
        loop->cpus_untold = !tell_cpus(loop);
    if (loop->cpus_untold)
        return false;
    for (i = 0; i < loop->hello.n_programs; i++) {
        if (!publisher_pump(&loop->publishers[i], &loop->out))
            return false;
    }
    return true;
}

void
host_write(struct loop *loop)
{
    bool all;

    do {
        all = pump_all(loop);
    } while (write_pending(loop) && !all);
}

void
host_farewell(struct loop *loop, enum bpfpv_wire_bye reason, const char *text)
{
    struct bpfpv_wire_bye_frame bye = {.reason = reason};
    struct pollfd port = {.fd = loop->port, .events = POLLOUT};
    bool encoded = false;
    int step;

    memcpy(bye.text, text, strnlen(text, sizeof(bye.text)));
    for (step = 0; step < FAREWELL_STEPS; step++) {
        if (!encoded)
            encoded = stream_out_frame(&loop->out, BPFPV_WIRE_BYE, &bye, sizeof(bye));
        if (write_pending(loop) && encoded)
            return;
        port.revents = 0;
        if (poll(&port, 1, FAREWELL_STEP_MS) > 0 && port.revents & POLLHUP)
            return;
    }
}
