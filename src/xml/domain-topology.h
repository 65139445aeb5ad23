/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what a domain's XML says of its CPUs and memory: <cpu><topology>,
 * <numa>, <numatune>, <cputune>. The part of domain-xml that has nothing to do
 * with bpfpv's own element. Never blocks.
 */
#pragma once

#include "core/topology/guest-topology.h"

/* An I/O thread of QEMU's. */
typedef struct {
    guint id;
    BpfpvCpuset *cpus; /* (nullable): iothreadpin, else <vcpu cpuset>; NULL: any */
} BpfpvDomainIothread;

typedef struct {
    guint n_vcpus;        /* the most it can have; BPFPV_CPUSET_MAX at most */
    BpfpvCpuset *enabled; /* vCPUs that are plugged in now */
    BpfpvGuestTopology *guest;
    BpfpvCpuset *realtime; /* of these, those that <vcpusched> gives FIFO or RR */
    GPtrArray *original;   /* of BpfpvCpuset or NULL, by vCPU: vcpupin, else <vcpu cpuset>; NULL:
                            * any host CPU */
    BpfpvCpuset *unpinned; /* (nullable): <vcpu cpuset>: what all have without a pin of their own;
                            * NULL: any */
    BpfpvCpuset *emulator; /* (nullable): emulatorpin, else <vcpu cpuset>; NULL: any */
    GArray *iothreads;     /* of BpfpvDomainIothread, by id */
    GPtrArray *devices;    /* of addresses: the host's PCI devices that it has */
    BpfpvCpuset *fixed; /* host CPUs that a vCPU is pinned to alone, and if there is such, those of
                         * the emulator and the I/O threads too */
} BpfpvDomainTopology;

/**
 * bpfpv_domain_topology_parse:
 * @text: a domain's XML
 * @error: domain %BPFPV_XML_ERROR
 *
 * Returns: (transfer full) (nullable): %NULL if @text is not a domain, one with more than
 *   %BPFPV_CPUSET_MAX vCPUs, or one with a pin that is not a set of CPUs below that
 */
BpfpvDomainTopology *bpfpv_domain_topology_parse(const char *text, GError **error);
void bpfpv_domain_topology_free(BpfpvDomainTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDomainTopology, bpfpv_domain_topology_free)
