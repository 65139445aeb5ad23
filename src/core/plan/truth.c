/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of a pin; see truth.h. */
#include "core/plan/truth.h"

void
bpfpv_thread_truth_clear(BpfpvThreadTruth *truth)
{
    g_clear_pointer(&truth->actual, bpfpv_cpuset_free);
    g_clear_pointer(&truth->refused, bpfpv_cpuset_free);
    truth->astray = FALSE;
}

static void
narrow(BpfpvCpuset *cpus, const BpfpvCpuset *by)
{
    if (by)
        bpfpv_cpuset_intersect(cpus, by);
}

static gboolean
is_astray(const BpfpvCpuset *cpus, const BpfpvCpuset *actual, const BpfpvCpuset *allowed,
          const BpfpvCpuset *online)
{
    g_autoptr(BpfpvCpuset) expected = bpfpv_cpuset_copy(cpus);
    g_autoptr(BpfpvCpuset) seen = bpfpv_cpuset_copy(actual);

    narrow(expected, allowed);
    narrow(expected, online);
    narrow(seen, online);
    return !bpfpv_cpuset_is_empty(expected) && !bpfpv_cpuset_equal(expected, seen);
}

gboolean
bpfpv_thread_truth_see(BpfpvThreadTruth *truth, const BpfpvCpuset *cpus, const BpfpvCpuset *actual,
                       const BpfpvCpuset *allowed, const BpfpvCpuset *online)
{
    gboolean same = actual && truth->actual ? bpfpv_cpuset_equal(actual, truth->actual)
                                            : actual == truth->actual;

    truth->astray = actual && is_astray(cpus, actual, allowed, online);
    if (same)
        return FALSE;
    g_clear_pointer(&truth->actual, bpfpv_cpuset_free);
    truth->actual = actual ? bpfpv_cpuset_copy(actual) : NULL;
    return TRUE;
}

gboolean
bpfpv_thread_truth_refuses(const BpfpvThreadTruth *truth, const BpfpvCpuset *cpus)
{
    return truth->refused && bpfpv_cpuset_equal(truth->refused, cpus);
}

const BpfpvCpuset *
bpfpv_thread_truth_cpus(const BpfpvThreadTruth *truth, const BpfpvCpuset *cpus)
{
    return truth->actual ? truth->actual : cpus;
}

BpfpvCpuset *
bpfpv_thread_truth_back(const BpfpvCpuset *original, const BpfpvCpuset *allowed,
                        gboolean allowed_only)
{
    BpfpvCpuset *back = bpfpv_cpuset_copy(original);

    if (allowed_only && allowed && bpfpv_cpuset_intersects(original, allowed))
        bpfpv_cpuset_intersect(back, allowed);
    return back;
}
