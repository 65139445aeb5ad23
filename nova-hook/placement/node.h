/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of Placement's providers is this host: as configured, else as nova-compute names it. */
#pragma once

#include "nova-hook/conf/conf.h"

/**
 * bpfpv_node_names:
 *
 * What to look for, the best first: what is configured, alone; else the UUID in nova's compute_id
 * file, alone; else the host's names, as libvirt tells them to Nova. May ask the resolver.
 *
 * Returns: (transfer full): UUIDs or names; %NULL with @error set
 */
char **bpfpv_node_names(const BpfpvAgentConf *conf, GError **error);
