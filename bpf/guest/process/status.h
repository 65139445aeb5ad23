/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --status: for the guest's administrator, what loaders run here.
 */
#ifndef BPFPV_GUEST_STATUS_H
#define BPFPV_GUEST_STATUS_H

#include "complain.h"

/**
 * status_print:
 *
 * Prints each loader that runs: its process, its programs with their digests,
 * whether a host is there, and how to stop and refuse it.
 *
 * Returns: %EXIT_RUNNING, %EXIT_OTHER if none runs
 */
enum exit_code status_print(void);

#endif
