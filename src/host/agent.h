/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-guest-agent through libvirt: run a program, write and read a file.
 * Every call blocks, for seconds if the guest likes: only from a worker.
 */
#pragma once

#include <gio/gio.h>

#include "core/guest-ops.h"

#define BPFPV_AGENT_ERROR (bpfpv_agent_error_quark())
typedef enum {
    BPFPV_AGENT_ERROR_UNAVAILABLE, /* no agent answers */
    BPFPV_AGENT_ERROR_FORBIDDEN,   /* the agent refuses this command by its configuration */
    BPFPV_AGENT_ERROR_FAILED,      /* the command failed in the guest */
    BPFPV_AGENT_ERROR_PROTOCOL,    /* the answer makes no sense */
    BPFPV_AGENT_ERROR_TIMEOUT,
} BpfpvAgentError;
GQuark bpfpv_agent_error_quark(void);

typedef struct _BpfpvAgent BpfpvAgent;

/**
 * bpfpv_agent_open:
 * @uri: libvirt URI; the agent gets a connection of its own, since libvirtd
 *     serves only a few requests of one connection at once
 * @uuid: the domain's UUID
 * @id: libvirt's id of the run that is meant: before each command it is made sure that it still
 *     runs, else the command fails with %BPFPV_RUN_ERROR_OVER
 * @cancellable: (nullable): looked at between commands
 */
BpfpvAgent *bpfpv_agent_open(const char *uri, const char *uuid, int id, GCancellable *cancellable,
                             GError **error);
void bpfpv_agent_close(BpfpvAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvAgent, bpfpv_agent_close)

/**
 * bpfpv_agent_give_way:
 * @must: asked before each command, in the thread that makes it; if it says so, the command and
 *   all that follow fail with %BPFPV_AGENT_ERROR_TIMEOUT
 * @data: borrowed as long as @agent
 */
void bpfpv_agent_give_way(BpfpvAgent *agent, gboolean (*must)(gpointer data), gpointer data);

/**
 * bpfpv_agent_ops:
 *
 * Returns: (transfer none): valid as long as @agent
 */
BpfpvGuestOps *bpfpv_agent_ops(BpfpvAgent *agent);
