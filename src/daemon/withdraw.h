/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd --withdraw: leaves nothing of bpfpv in any running domain. */
#pragma once

#include "daemon/conf/conf.h"

/**
 * bpfpv_withdraw:
 * @conf: the files not yet read
 *
 * For every running domain: puts the original pins back, ends the loader in the guest, unplugs the
 * channel that bpfpv plugged in, removes the status element, and the <bpfpv> element where only the
 * running domain has one. No daemon may be running. Blocks, for a minute at most.
 *
 * Returns: whether nothing is left; what is was logged
 */
gboolean bpfpv_withdraw(BpfpvConf *conf);
