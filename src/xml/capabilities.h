/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads libvirt's capabilities XML: where the host's CPUs sit and what they
 * share. Knows every form since libvirt 1.0: cache banks came with 3.3, dies
 * with 5.9, clusters with 10.1. Never blocks.
 */
#pragma once

#include "core/topology/topology.h"

#define BPFPV_CAPABILITIES_ERROR (bpfpv_capabilities_error_quark())
typedef enum {
    BPFPV_CAPABILITIES_ERROR_SYNTAX, /* not well-formed, or not capabilities */
    BPFPV_CAPABILITIES_ERROR_CPUS,   /* names no CPU */
} BpfpvCapabilitiesError;
GQuark bpfpv_capabilities_error_quark(void);

/**
 * bpfpv_capabilities_parse:
 * @text: what virConnectGetCapabilities() gives
 * @online: (nullable): the CPUs that can run; %NULL: those that libvirt says siblings of, all if
 *   it says none
 *
 * Host CPUs of @online that the XML does not have are added, in no known place.
 */
BpfpvTopology *bpfpv_capabilities_parse(const char *text, const BpfpvCpuset *online,
                                        GError **error);
