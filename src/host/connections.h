/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A few connections to libvirt that the calls for all domains share: what a connection costs when
 * nothing happens, two descriptors and the answers to libvirtd's keep-alive, is the same for one
 * domain and for a thousand. One connection serves as long as it has room; another is opened where
 * calls wait in it, up to %BPFPV_CONNECTIONS_MAX. Any thread.
 */
#pragma once

#include "host/virt.h"

/* Calls in one connection: libvirtd reads no more of a client that has five (max_client_requests)
 * under way. */
#define BPFPV_CONNECTIONS_CALLS 4
#define BPFPV_CONNECTIONS_MAX 4

typedef struct _BpfpvConnections BpfpvConnections;

/**
 * bpfpv_connections_get:
 * @uri: libvirt URI
 *
 * The process's connections to @uri. None is opened yet.
 *
 * Returns: (transfer full): drop with bpfpv_connections_unref()
 */
BpfpvConnections *bpfpv_connections_get(const char *uri);
/* The last one closes them. */
void bpfpv_connections_unref(BpfpvConnections *connections);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvConnections, bpfpv_connections_unref)

/**
 * bpfpv_connections_borrow:
 * @last: (nullable): the connection that was borrowed before and whose handles the caller has:
 *   the same again, if it lives and has room. Only compared
 *
 * A connection for one call after the other. Opens one if need be, and blocks then.
 *
 * Returns: (nullable): give back with bpfpv_connections_give_back(); %NULL with @error set
 */
virConnectPtr bpfpv_connections_borrow(BpfpvConnections *connections, virConnectPtr last,
                                       GError **error);
void bpfpv_connections_give_back(BpfpvConnections *connections, virConnectPtr connection);
