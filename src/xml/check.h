/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is what a person wrote for bpfpv into a domain's XML valid? Every mistake is
 * found, not just the first, and said with line, element, attribute, value and
 * what would be right. Links libxml2 and core, so that the hook can use it.
 */
#pragma once

#include <libxml/tree.h>

#include "core/cpuset/cpuset.h"

/* What an element is checked against beside the schema; what is NULL is not checked. */
typedef struct {
    const GPtrArray *programs;    /* (nullable) (element-type utf8): the known ones */
    const BpfpvCpuset *host_cpus; /* (nullable): the host's, online or not */
} BpfpvElementContext;

/* The mistakes found; messages are lines for people: "domain NAME: <ELEMENT>, line N: …". */
typedef GPtrArray BpfpvMistakes; /* of char * */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvMistakes, g_ptr_array_unref)

/**
 * bpfpv_element_find:
 * @root: <domain>
 *
 * Returns: (transfer none) (nullable): the element of this version, or else
 *   what was meant to be one, for bpfpv_element_check() to complain about
 */
xmlNode *bpfpv_element_find(const xmlNode *root);

/**
 * bpfpv_element_check:
 * @element: a <bpfpv> element, or what was meant to be one
 * @domain: the domain's name, for messages
 * @n_vcpus: the domain's; 0: not known
 * @context: (nullable)
 *
 * Returns: (transfer full): empty if the element is valid
 */
BpfpvMistakes *bpfpv_element_check(const xmlNode *element, const char *domain, guint n_vcpus,
                                   const BpfpvElementContext *context);

/**
 * bpfpv_domain_check:
 * @text: a domain's XML, or a <bpfpv> element alone
 * @context: (nullable)
 * @has_element: (out) (optional): whether there is an element, or what was meant to be one
 * @error: return location, domain %BPFPV_XML_ERROR: it is not XML, or neither of these
 *
 * As bpfpv_element_check(), and finds what libvirt would silently drop.
 *
 * Returns: (transfer full): empty if all is well
 */
BpfpvMistakes *bpfpv_domain_check(const char *text, gsize length,
                                  const BpfpvElementContext *context, gboolean *has_element,
                                  GError **error);

/* The vCPUs that a <domain> may have at most; 0: it does not say. */
guint bpfpv_domain_n_vcpus(const xmlNode *root);
