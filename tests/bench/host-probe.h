/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bench-host looks at from outside: a guest that answers over a port of its own, where a
 * vCPU's thread may run. Microseconds all through.
 */
#pragma once

#include <sys/types.h>

#include "tests/bed/bed.h"

/* How long a change may take before the bench gives up. */
#define PROBE_TIMEOUT_US (20 * G_USEC_PER_SEC)

typedef struct {
    BedGuest *guest;
    int port;     /* "bed-bench obey" is at its other end */
    pid_t thread; /* of vCPU 1 */
} Probe;

/* Devices for a domain's XML: the port. g_free(). */
char *probe_devices_xml(const char *name);
/* Starts "bed-bench obey" in @guest, which has that port. */
void probe_open(Probe *probe, BedGuest *guest);
void probe_close(Probe *probe);

/* How many host CPUs the vCPU's thread may run on. */
guint probe_cpus(const Probe *probe);

/* Lets the guest do what @command says, see bed-bench.c, and waits for its answer. Returns: how
 * long that took. */
gint64 probe_ask(Probe *probe, char command);

/**
 * probe_change:
 * @command: "p" or "a"
 * @n_cpus: how many host CPUs the vCPU's thread has to have in the end
 * @one_way: how long an answer is on its way
 *
 * Returns: from the return of the guest's sched_setaffinity() until the thread had them
 */
gint64 probe_change(Probe *probe, char command, guint n_cpus, gint64 one_way);

/**
 * probe_settle:
 * @answered: (out) (optional): when the guest answered
 *
 * Lets the guest do what @command says and watches the vCPU's thread until @quiet after the answer.
 *
 * Returns: when the thread's CPUs changed last; 0: they did not
 */
gint64 probe_settle(Probe *probe, char command, gint64 quiet, gint64 *answered);

/* Processor time of a process so far. */
gint64 probe_cpu_time(pid_t pid);
/* The one of that name in this world. */
pid_t probe_find_process(const char *name);
