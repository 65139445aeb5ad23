/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in a domain's XML bpfpv's element is, and what libvirt would silently
 * drop because it is elsewhere; see check.h.
 */
#include <string.h>

#include "core/config.h"
#include "xml/check.h"
#include "xml/document.h"

#define ANY_NAMESPACE "urn:bpfpv:"

/* Whether somebody meant this for bpfpv. The status is bpfpv's own. */
static gboolean
is_meant(const xmlNode *node)
{
    const char *href = node->ns ? (const char *)node->ns->href : NULL;

    if (node->type != XML_ELEMENT_NODE || g_strcmp0(href, BPFPV_STATUS_NAMESPACE) == 0)
        return FALSE;
    return href ? g_str_has_prefix(href, ANY_NAMESPACE) : bpfpv_xml_is_element(node, "bpfpv");
}

xmlNode *
bpfpv_element_find(const xmlNode *root)
{
    const xmlNode *metadata = bpfpv_xml_find_child(root, "metadata");
    xmlNode *meant = NULL;

    for (xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next) {
        if (bpfpv_xml_is_element(node, "bpfpv") &&
            bpfpv_xml_has_namespace(node, BPFPV_DOMAIN_NAMESPACE))
            return node;
        if (!meant && is_meant(node))
            meant = node;
    }
    return meant;
}

guint
bpfpv_domain_n_vcpus(const xmlNode *root)
{
    g_autofree char *text = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "vcpu"));
    guint64 number = 0;

    if (text)
        g_ascii_string_to_unsigned(text, 10, 1, BPFPV_CPUSET_MAX, &number, NULL);
    return (guint)number;
}

/* ---- what libvirt drops ---- */

static void
add_lost(BpfpvMistakes *mistakes, const char *domain, const xmlNode *node, const char *why)
{
    g_ptr_array_add(mistakes,
                    g_strdup_printf("domain %s: <%s>, line %ld: %s", domain,
                                    (const char *)node->name, xmlGetLineNo((xmlNode *)node), why));
}

static void
check_outside(BpfpvMistakes *mistakes, const char *domain, const xmlNode *parent)
{
    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (is_meant(node))
            add_lost(mistakes, domain, node,
                     "it is outside <metadata>, so that libvirt drops it; move it into <metadata>");
        else if (node->type == XML_ELEMENT_NODE && !bpfpv_xml_is_element(node, "metadata"))
            check_outside(mistakes, domain, node);
    }
}

static void
check_others(BpfpvMistakes *mistakes, const char *domain, const xmlNode *root,
             const xmlNode *element)
{
    const xmlNode *metadata = bpfpv_xml_find_child(root, "metadata");

    for (const xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next) {
        g_autofree char *why = NULL;

        if (node == element || !is_meant(node))
            continue;
        if (!node->ns)
            why = g_strdup_printf("it has no namespace, so that libvirt drops it; write <bpfpv "
                                  "xmlns=\"%s\">",
                                  BPFPV_DOMAIN_NAMESPACE);
        else if (element->ns && xmlStrEqual(node->ns->href, element->ns->href))
            why = g_strdup_printf("the second of its namespace, which libvirt drops; put all into "
                                  "the one in line %ld",
                                  xmlGetLineNo((xmlNode *)element));
        if (why)
            add_lost(mistakes, domain, node, why);
    }
}

static BpfpvMistakes *
check_domain(const xmlNode *root, const BpfpvElementContext *context)
{
    g_autofree char *name = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "name"));
    const xmlNode *element = bpfpv_element_find(root);
    const char *domain = name && *name ? name : "without a name";
    BpfpvMistakes *mistakes =
        element ? bpfpv_element_check(element, domain, bpfpv_domain_n_vcpus(root), context)
                : g_ptr_array_new_with_free_func(g_free);

    if (element)
        check_others(mistakes, domain, root, element);
    check_outside(mistakes, domain, root);
    return mistakes;
}

BpfpvMistakes *
bpfpv_domain_check(const char *text, gsize length, const BpfpvElementContext *context,
                   gboolean *has_element, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, length, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    if (!doc)
        return NULL;
    if (has_element)
        *has_element = !bpfpv_xml_is_element(root, "domain") || bpfpv_element_find(root);
    if (bpfpv_xml_is_element(root, "domain"))
        return check_domain(root, context);
    if (is_meant(root))
        return bpfpv_element_check(root, NULL, 0, context);
    g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                "<%s> is neither a <domain> nor a <bpfpv> element", (const char *)root->name);
    return NULL;
}
