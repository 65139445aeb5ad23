/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between program.c and records.c only.
 */
#ifndef BPFPV_GUEST_RECORDS_H
#define BPFPV_GUEST_RECORDS_H

#include "program.h"

/**
 * records_open:
 *
 * Returns: the consumer of the program's ring buffer, or %NULL with errno set
 */
struct ring_buffer *
records_open(struct program *program);

#endif
