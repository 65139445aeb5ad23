/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving up what the loader doesn't need once its programs are attached.
 */
#ifndef BPFPV_GUEST_PRIVILEGE_H
#define BPFPV_GUEST_PRIVILEGE_H

#include <stdbool.h>

/**
 * privilege_drop:
 *
 * Becomes nobody (65534) with no capability but the one to run an iterator,
 * without ways to gain others, and confined to the system calls of loop.c.
 * There is no way back.
 *
 * Returns: %NULL, or what the kernel refused, with errno set
 */
const char *privilege_drop(void);

#endif
