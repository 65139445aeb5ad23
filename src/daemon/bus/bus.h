/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's D-Bus object: org.bpfpv1, as data/org.bpfpv1.xml describes it. */
#pragma once

#include "daemon/manager/manager.h"

typedef struct _BpfpvBus BpfpvBus;

typedef struct {
    /* The name is owned: whoever calls is answered. */
    void (*ready)(gpointer user_data);
    /* The bus or the name is not to be had, or was lost. */
    void (*lost)(const char *reason, gpointer user_data);
    /* Reads bpfpvd.conf again; where that fails, it was as if nobody had asked. */
    gboolean (*reload)(gpointer user_data, GError **error);
} BpfpvBusFuncs;

/**
 * bpfpv_bus_new:
 * @address: (nullable): a bus's address; %NULL: the system bus
 * @conf: borrowed as long as the bus
 * @funcs: (transfer none): valid as long as the bus
 */
BpfpvBus *bpfpv_bus_new(const char *address, const BpfpvConf *conf, const BpfpvBusFuncs *funcs,
                        gpointer user_data, GError **error);
void bpfpv_bus_free(BpfpvBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvBus, bpfpv_bus_free)

/* Whether a daemon is on the bus now. Blocks. */
gboolean bpfpv_bus_is_served(const char *address);

/* What answers the calls. Must outlive the bus. */
void bpfpv_bus_set_manager(BpfpvBus *bus, BpfpvManager *manager);

/* @problem: (nullable): why libvirtd could not run its hook; %NULL: it can, or there is none */
void bpfpv_bus_set_hook(BpfpvBus *bus, const char *problem);

/* Tells those who watch the properties which of them are not what they were. */
void bpfpv_bus_tell_host(BpfpvBus *bus);

void bpfpv_bus_tell_state(BpfpvBus *bus, const char *domain, const char *uuid, const char *state,
                          const char *reason);

/* Tells those who show domains that they may show something else of these. @uuids: NULL-terminated
 */
void bpfpv_bus_tell_changes(BpfpvBus *bus, const char *const *uuids);
