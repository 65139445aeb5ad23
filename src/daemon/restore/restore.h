/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd --restore: puts back what a daemon that died left pinned. */
#pragma once

#include "daemon/conf/conf.h"

/* In all, whatever holds domains or libvirt up: below the unit's TimeoutStopSec=, which the whole
 * of ExecStopPost= has. */
#define BPFPV_RESTORE_TIMEOUT_MS 40000

/**
 * bpfpv_restore:
 * @conf: of it only the libvirt URI and the state directory, which bpfpvd.conf has no say in
 * @timeout_ms: when to give up what could not be put back
 *
 * Gives every thread that the journal knows of its original mask, several
 * domains at a time. Those that ended, or were started again, are left alone. What
 * can't be put back, or can't be read, stays in the journal and is said, with
 * the reason and what to do. Runs the default main context meanwhile.
 *
 * Returns: whether everything is back
 */
gboolean bpfpv_restore(const BpfpvConf *conf, guint timeout_ms);
