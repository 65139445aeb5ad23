/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxml2 for the files that read and write domain XML: parsing without
 * network, files or surprises, and looking around in a document.
 */
#pragma once

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "core/cpuset/cpuset.h"

#define BPFPV_STATUS_NAMESPACE "urn:bpfpv:status:1"

#define BPFPV_XML_ERROR (bpfpv_xml_error_quark())
typedef enum {
    BPFPV_XML_ERROR_SYNTAX,  /* not well-formed, or not a domain */
    BPFPV_XML_ERROR_INVALID, /* something in it can't be right; the message says what */
} BpfpvXmlError;
GQuark bpfpv_xml_error_quark(void);

typedef xmlDoc BpfpvXmlDoc;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvXmlDoc, xmlFreeDoc)

/**
 * bpfpv_xml_parse:
 * @text: @length bytes, of whatever kind
 * @error: return location, domain %BPFPV_XML_ERROR
 *
 * Loads no file and no entity, and refuses what is nested deeper, or has
 * longer texts, than libxml2's own limits.
 *
 * Returns: (transfer full): free with xmlFreeDoc()
 */
xmlDoc *bpfpv_xml_parse(const char *text, gsize length, GError **error);

/* Whether it is an element of this local name, of any namespace. */
gboolean bpfpv_xml_is_element(const xmlNode *node, const char *name);
gboolean bpfpv_xml_has_namespace(const xmlNode *node, const char *href);
/* Returns: (nullable): the first child of this local name; @parent may be NULL */
xmlNode *bpfpv_xml_find_child(const xmlNode *parent, const char *name);
/* Returns: (nullable): @node, or the first of its later siblings, of this local name; @node may be
 * NULL */
xmlNode *bpfpv_xml_find_next(const xmlNode *node, const char *name);
/* Returns: (transfer full) (nullable): an attribute without namespace; @node may be NULL */
char *bpfpv_xml_get_attribute(const xmlNode *node, const char *name);
/* The same as a number; FALSE where it is none from @least to @most. */
gboolean bpfpv_xml_get_uint(const xmlNode *node, const char *name, guint least, guint most,
                            guint *result);
/* The same as a set of CPUs. Returns: (transfer full) (nullable): NULL where it is none */
BpfpvCpuset *bpfpv_xml_get_cpuset(const xmlNode *node, const char *name);
/* Returns: (transfer full) (nullable): what is in it, without space at the ends */
char *bpfpv_xml_get_text(const xmlNode *node);
/* Takes it out of its document, with the space before it, and frees it. */
void bpfpv_xml_remove(xmlNode *node);
