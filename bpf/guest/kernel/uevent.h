/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hears that CPUs of the guest come and go.
 */
#ifndef BPFPV_GUEST_UEVENT_H
#define BPFPV_GUEST_UEVENT_H

#include <stdbool.h>

/**
 * uevent_open:
 *
 * Returns: a socket that is readable after a CPU came or went, and after nothing else; -1 where
 * the kernel has none: then CPUs are looked at only when the host asks
 */
int uevent_open(void);

/**
 * uevent_drain:
 *
 * Reads all that waits.
 */
void uevent_drain(int fd);

#endif
