/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a guest's administrator refuses: by a file.
 */
#ifndef BPFPV_GUEST_DENY_H
#define BPFPV_GUEST_DENY_H

#include "complain.h"

#define DENY_FILE "/etc/bpfpv/deny"

/**
 * deny_check:
 *
 * Looks for %DENY_FILE. Whatever it is, and even if it can't be read, its
 * presence refuses; the first line of a file tells the host why.
 *
 * Returns: %EXIT_RUNNING; %EXIT_DENIED after complaining
 */
enum exit_code deny_check(void);

#endif
