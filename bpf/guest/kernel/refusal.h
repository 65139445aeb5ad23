/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why the kernel refused a program, in one line that a person can act on.
 */
#ifndef BPFPV_GUEST_REFUSAL_H
#define BPFPV_GUEST_REFUSAL_H

#include "complain.h"

#define REFUSAL_LOG_BYTES (4u << 20)

/**
 * refusal_capture:
 *
 * Silences libbpf and keeps its first warning from here on.
 */
void refusal_capture(void);

/**
 * refusal_log:
 *
 * Returns: %REFUSAL_LOG_BYTES for the verifier to write to; one for all
 * programs, which costs memory only where it is written
 */
char *refusal_log(void);

/**
 * refusal_complain:
 * @program: its name
 * @error: negative errno from libbpf
 *
 * Finds out what the kernel lacks or forbids, and complains.
 *
 * Returns: %EXIT_KERNEL
 */
enum exit_code refusal_complain(const char *program, int error);

#endif
