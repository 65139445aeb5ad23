/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PREEMPT_RT kernel must have before a program may write to a ring
 * buffer where the scheduler holds its own locks.
 */
#ifndef BPFPV_GUEST_REALTIME_H
#define BPFPV_GUEST_REALTIME_H

#include <stdbool.h>

/**
 * realtime_ring_sleeps:
 *
 * A ring buffer was guarded by a spinlock_t until "bpf: Use raw_spinlock_t in
 * ringbuf" (Linux 6.12, and what distributions have taken of it: CVE-2024-50138).
 * On PREEMPT_RT that lock may sleep, which nobody may who holds a task's
 * pi_lock, as our callers do: with bad luck the guest stands still.
 *
 * Returns: whether this kernel is one; false as well where its BTF doesn't
 * say, which loading finds out soon enough
 */
bool realtime_ring_sleeps(void);

#endif
