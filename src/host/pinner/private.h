/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include <libvirt/libvirt.h>

#include "host/pinner/pinner.h"
#include "xml/document.h"

/* threads.c: lists of BpfpvPinnedThread. @cpus: (transfer full) */
GPtrArray *bpfpv_pinned_threads_new(void);
void bpfpv_pinned_threads_add(GPtrArray *threads, BpfpvThreadKind kind, guint id,
                              BpfpvCpuset *cpus);

/* own.c: */
/* @flags: libvirt's. Blocks. Returns: (transfer full) */
BpfpvXmlDoc *bpfpv_pinner_read_xml(virDomainPtr domain, guint flags, GError **error);
/* Blocks. Returns: (transfer full): the host's CPUs that are online */
BpfpvCpuset *bpfpv_pinner_read_online(virDomainPtr domain, guint n_host_cpus);
/* @root: of the live XML, which was read after the pins of @threads. Completes those. Blocks. */
void bpfpv_pinner_see_own(virDomainPtr domain, const xmlNode *root, GPtrArray *threads,
                          guint n_host_cpus);

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
