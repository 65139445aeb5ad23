/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service: keeps Placement in line with bpfpvd's health, until it is told to stop. */
#pragma once

#include "nova-hook/conf/conf.h"
#include "nova-hook/agent/health.h"
#include "nova-hook/placement/reconcile.h"

/* Returns: (transfer full): what Placement should have, by @health and what is configured */
BpfpvDesired *bpfpv_agent_desired(const BpfpvAgentConf *conf, const BpfpvHealth *health);

/**
 * bpfpv_agent_run:
 * @conf: borrowed
 * @bus_address: (nullable): the system bus
 *
 * Runs a main loop until SIGTERM or SIGINT. Whatever goes wrong is logged and tried again.
 *
 * Returns: whether it could begin at all, and, at its end, Placement is as configured for it
 */
gboolean bpfpv_agent_run(const BpfpvAgentConf *conf, const char *bus_address, GError **error);
