/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a <bpfpv> element to a BpfpvConfig. */
#pragma once

#include "core/config.h"
#include "xml/check.h"

/**
 * bpfpv_element_read:
 * @element: a <bpfpv> element, or what was meant to be one
 * @domain: the domain's name, for messages
 * @n_vcpus: the domain's; 0: not known
 * @context: (nullable): what to check it against beside the schema
 * @error: return location, domain %BPFPV_XML_ERROR: all mistakes, one after the other
 *
 * Returns: (transfer full): the configuration, with no program in it where all are off, or %NULL
 * with @error set
 */
BpfpvConfig *bpfpv_element_read(const xmlNode *element, const char *domain, guint n_vcpus,
                                const BpfpvElementContext *context, GError **error);
