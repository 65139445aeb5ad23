/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd --restore: puts back what a daemon that died left pinned. */
#pragma once

#include "daemon/conf/conf.h"

/**
 * bpfpv_restore:
 *
 * Pins every vCPU that the journal knows of to its original mask. Domains that
 * ended, or started anew, are left alone. Blocks.
 *
 * Returns: whether everything is back
 */
gboolean bpfpv_restore(const BpfpvConf *conf);
