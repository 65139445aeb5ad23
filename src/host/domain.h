/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon does to a domain through libvirt apart from pinning it: its
 * metadata and its virtio channel. Every call opens a connection and blocks:
 * only from a worker.
 */
#pragma once

#include <glib.h>

/* Returns: (transfer full): the running domain's XML as it is now, or %NULL with @error set */
char *bpfpv_domain_get_xml(const char *uri, const char *uuid, GError **error);

/**
 * bpfpv_domain_set_element:
 * @element: (nullable): the <bpfpv> element for the running domain's
 *     metadata; %NULL removes it
 *
 * The persistent definition is not touched.
 */
gboolean bpfpv_domain_set_element(const char *uri, const char *uuid, const char *element,
                                  GError **error);

/**
 * bpfpv_domain_drop_element:
 *
 * Removes the <bpfpv> element from the running domain's metadata, where its persistent definition
 * has none: what is in there was put there for this run alone.
 */
gboolean bpfpv_domain_drop_element(const char *uri, const char *uuid, GError **error);

/**
 * bpfpv_domain_attach_channel:
 * @id: libvirt's number of the run that is meant
 * @name: the virtio channel's target name
 *
 * Plugs a unix channel into the running domain, where it has none of that name: a second one
 * would take the first one's socket away. Fails with %BPFPV_RUN_ERROR_OVER if that run is over;
 * then the next one has no channel of ours either.
 */
gboolean bpfpv_domain_attach_channel(const char *uri, const char *uuid, int id, const char *name,
                                     GError **error);

/**
 * bpfpv_domain_detach_channel:
 * @id: libvirt's number of the run that is meant: in another, @alias may be another device
 * @alias: the channel's device id, from the live XML
 *
 * Unplugs it again, and waits until it is gone, for some seconds at most.
 */
gboolean bpfpv_domain_detach_channel(const char *uri, const char *uuid, int id, const char *alias,
                                     GError **error);

/**
 * bpfpv_domain_resolve:
 * @text: what a person typed: as for virsh libvirt's id, else a UUID, else a name
 * @uuid: (out): the domain's UUID
 * @active: (out): whether it is running
 */
gboolean bpfpv_domain_resolve(const char *uri, const char *text, char **uuid, gboolean *active,
                              GError **error);
