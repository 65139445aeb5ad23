/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bpfpvd can serve guests on this host, and what it has to give; asked by libbpfpv. */
#pragma once

#include <gio/gio.h>

typedef struct {
    char *reason;    /* why it is not healthy; NULL: it is */
    char **programs; /* guest programs; none if it is not healthy */
    char *pool;      /* host CPUs for anchors */
    guint anchors;
} BpfpvHealth;

/**
 * bpfpv_health_ask:
 * @bus_address: (nullable): the system bus
 *
 * Healthy is: bpfpvd is on the bus, has reached libvirt, and has CPUs that may hold anchors.
 * Blocks, 25 s at most.
 *
 * Returns: (transfer full): never %NULL; what can't be asked isn't healthy
 */
BpfpvHealth *bpfpv_health_ask(const char *bus_address, GCancellable *cancellable);
void bpfpv_health_free(BpfpvHealth *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvHealth, bpfpv_health_free)
