/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of a pin: a call that succeeded says what a thread was to have, and the kernel what
 * it has. A cgroup may allow less, others may move threads too. Pure.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"

/* Of one thread; all zero at first. */
typedef struct {
    BpfpvCpuset *actual;  /* (nullable): what the kernel lets it run on; NULL: not known */
    gboolean astray;      /* it isn't what it was given: the same call is due again */
    BpfpvCpuset *refused; /* (nullable): the set that no call is to be made for now */
} BpfpvThreadTruth;

void bpfpv_thread_truth_clear(BpfpvThreadTruth *truth);

/**
 * bpfpv_thread_truth_see:
 * @cpus: what the thread was given
 * @actual: (nullable): what the kernel says
 * @allowed: (nullable): what its cgroup allows; %NULL: any
 * @online: (nullable): the host's CPUs; %NULL: not known
 *
 * The thread is astray if it may run on other CPUs than those of @cpus that are allowed and
 * online. If there are none of those, there is nothing to be right.
 *
 * Returns: whether it may run on others than it might when it was seen last
 */
gboolean bpfpv_thread_truth_see(BpfpvThreadTruth *truth, const BpfpvCpuset *cpus,
                                const BpfpvCpuset *actual, const BpfpvCpuset *allowed,
                                const BpfpvCpuset *online);

/* Whether no call is to be made for @cpus now. */
gboolean bpfpv_thread_truth_refuses(const BpfpvThreadTruth *truth, const BpfpvCpuset *cpus);

/* Returns: (transfer none): what it really has, as far as is known; @cpus: what it was given */
const BpfpvCpuset *bpfpv_thread_truth_cpus(const BpfpvThreadTruth *truth, const BpfpvCpuset *cpus);

/**
 * bpfpv_thread_truth_back:
 * @original: what a thread had before bpfpv
 * @allowed: (nullable): what its cgroup allows
 * @allowed_only: whatever goes beyond that is refused, as by cgroup v1
 *
 * Returns: (transfer full): as much of the original as can be given back
 */
BpfpvCpuset *bpfpv_thread_truth_back(const BpfpvCpuset *original, const BpfpvCpuset *allowed,
                                     gboolean allowed_only);
