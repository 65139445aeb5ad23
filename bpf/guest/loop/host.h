/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between loop.c and host.c only: what is said to the host, and saying it.
 */
#ifndef BPFPV_GUEST_HOST_H
#define BPFPV_GUEST_HOST_H

#include "loop/loop.h"

/**
 * host_greet:
 *
 * Encodes HELLO, CPU_IDS and CPUS. The output buffer is empty.
 */
void host_greet(struct loop *loop);

/**
 * host_write:
 *
 * Encodes what is to be said, which CPUs there are and what the publishers have,
 * and writes it, until all is written or the
 * port takes no more; then its next edge goes on.
 */
void host_write(struct loop *loop);

/**
 * host_farewell:
 * @reason: why
 * @text: in words, for the host's log
 *
 * Writes what is encoded already and then BYE, for no longer than a second;
 * nothing when no host is there.
 */
void host_farewell(struct loop *loop, enum bpfpv_wire_bye reason, const char *text);

#endif
