/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include <libvirt/libvirt.h>

#include "host/pinner/pinner.h"

/**
 * bpfpv_pinner_list_threads:
 * @n_host_cpus: the number of host CPUs that are present
 *
 * Blocks. A driver that knows no such threads, or of no pins for them, has none.
 *
 * Returns: (transfer full) (element-type BpfpvPinnedThread): the emulator first
 */
GPtrArray *bpfpv_pinner_list_threads(virDomainPtr domain, guint n_host_cpus, GError **error);

/* defined.c: what the domain's definition has for the thread. @map: (out): of @maplen bytes.
 * Returns: whether it could be read. Blocks. */
gboolean bpfpv_pinner_read_defined(virDomainPtr domain, BpfpvThreadKind kind, guint id, guchar *map,
                                   int maplen);
