/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps in Placement what it should have of this host: reads, works out the difference, does it,
 * and begins again when somebody else was quicker. From one thread at a time; blocks.
 */
#pragma once

#include "nova-hook/conf/conf.h"
#include "nova-hook/placement/reconcile.h"

#include <gio/gio.h>

typedef struct _BpfpvKeeper BpfpvKeeper;

/* @conf: borrowed */
BpfpvKeeper *bpfpv_keeper_new(const BpfpvAgentConf *conf, GError **error);
void bpfpv_keeper_free(BpfpvKeeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvKeeper, bpfpv_keeper_free)

/* Returns: (transfer full): what Placement has of this host; %NULL with @error set */
BpfpvObserved *bpfpv_keeper_observe(BpfpvKeeper *keeper, GCancellable *cancellable, GError **error);

/**
 * bpfpv_keeper_apply:
 * @done: (element-type utf8): gets a line for each thing that was done
 *
 * Returns: (transfer full): what Placement had before the last thing was done; %NULL with @error
 * set
 */
BpfpvObserved *bpfpv_keeper_apply(BpfpvKeeper *keeper, const BpfpvDesired *desired, GPtrArray *done,
                                  GCancellable *cancellable, GError **error);

/* Returns: (transfer full): the instances that hold anchors of @observed's child */
char **bpfpv_keeper_consumers(BpfpvKeeper *keeper, const BpfpvObserved *observed,
                              GCancellable *cancellable, GError **error);
