/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Staying after the process that was started has reported and gone.
 */
#ifndef BPFPV_GUEST_DAEMON_H
#define BPFPV_GUEST_DAEMON_H

#include <stdbool.h>

#include "complain.h"

/**
 * daemon_fork:
 * @code: (out): in the parent, what to exit with
 *
 * Forks. The child leads a new session in / with nothing on stdin and stdout;
 * the parent waits for its daemon_ready(), or its death.
 *
 * Returns: true in the child, false in the parent
 */
bool daemon_fork(enum exit_code *code);

/**
 * daemon_ready:
 * @code: %EXIT_RUNNING, or why the child is about to exit (it has complained)
 *
 * In the child: lets the parent go, and closes stderr.
 */
void daemon_ready(enum exit_code code);

#endif
