/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain asked for and was refused: which CPUs its anchors do without, which sets are not
 * asked for again, and until when. The more often, the longer, up to some minutes; forgotten when
 * the host or a cgroup changes. Pure: the time is passed in.
 */
#pragma once

#include "core/plan/plan.h"

/* How long a refused CPU or set is left alone at first, and at most. */
#define BPFPV_REFUSED_FIRST_US (2 * G_USEC_PER_SEC)
#define BPFPV_REFUSED_LONGEST_US (300 * G_USEC_PER_SEC)
/* So many CPUs are tried for an anchor, one after the other; then it isn't the CPUs. */
#define BPFPV_REFUSED_CPUS_MAX 4

typedef struct _BpfpvRefusals BpfpvRefusals;

BpfpvRefusals *bpfpv_refusals_new(void);
void bpfpv_refusals_free(BpfpvRefusals *refusals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvRefusals, bpfpv_refusals_free)

/**
 * bpfpv_refusals_add:
 * @anchored: @cpus is a single CPU that a vCPU was to be anchored to
 * @why: for people
 * @now_us: as all times, of one clock that only goes on
 *
 * A thread was refused @cpus.
 */
void bpfpv_refusals_add(BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id,
                        const BpfpvCpuset *cpus, gboolean anchored, const char *why, gint64 now_us);

/**
 * bpfpv_refusals_accept:
 *
 * A thread got @cpus: whatever it was refused before is forgotten.
 */
void bpfpv_refusals_accept(BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id,
                           const BpfpvCpuset *cpus, gboolean anchored);

/* The host or the cgroup changed: everything may be asked for again. */
void bpfpv_refusals_clear(BpfpvRefusals *refusals);

/* Whether a thread that was refused @cpus is not to ask for it yet. */
gboolean bpfpv_refusals_has(const BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id,
                            const BpfpvCpuset *cpus, gint64 now_us);

/**
 * bpfpv_refusals_cpus:
 * @all: what an anchor could be on at all
 *
 * Returns: (transfer full) (nullable): CPUs that no anchor of the domain is to be given; %NULL:
 * none
 */
BpfpvCpuset *bpfpv_refusals_cpus(const BpfpvRefusals *refusals, const BpfpvCpuset *all,
                                 gint64 now_us);

/* Returns: (transfer none) (nullable): why the last CPU was refused */
const char *bpfpv_refusals_why(const BpfpvRefusals *refusals);

/* Returns: when something may be asked for again that may not now; G_MAXINT64: there is nothing */
gint64 bpfpv_refusals_next_us(const BpfpvRefusals *refusals, gint64 now_us);
