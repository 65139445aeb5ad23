/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxml2, for the files that read and write domain XML; see document.h. */
#include "xml/document.h"

G_DEFINE_QUARK(bpfpv_xml_error_quark, bpfpv_xml_error)

static void
set_syntax_error(GError **error)
{
    const xmlError *cause = xmlGetLastError();
    g_autofree char *reason =
        g_strdup(cause && cause->message ? cause->message : "no reason given");

    g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                "line %d: the XML is not well-formed: %s", cause ? cause->line : 1,
                g_strchomp(reason));
}

/* libxml2 2.9 prints what is wrong with an encoding whatever it was told. */
static void
be_silent(void *data G_GNUC_UNUSED, const char *format G_GNUC_UNUSED, ...)
{
}

/* Entities that nest take minutes to expand, and libvirt writes none: a document that begins to
 * declare some is read no further. */
static void
refuse_doctype(void *data, const xmlChar *name G_GNUC_UNUSED, const xmlChar *id G_GNUC_UNUSED,
               const xmlChar *system G_GNUC_UNUSED)
{
    xmlParserCtxt *context = data;

    *(gboolean *)context->_private = TRUE;
    xmlStopParser(context);
}

xmlDoc *
bpfpv_xml_parse(const char *text, gsize length, GError **error)
{
    gboolean has_doctype = FALSE;
    xmlParserCtxt *context;
    xmlDoc *doc;

    if (length == 0 || length > G_MAXINT) {
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    length == 0 ? "the XML is empty" : "the XML is too long");
        return NULL;
    }
    xmlResetLastError();
    xmlSetGenericErrorFunc(NULL, be_silent);
    context = xmlNewParserCtxt();
    context->_private = &has_doctype;
    context->sax->internalSubset = refuse_doctype;
    doc = xmlCtxtReadMemory(context, text, (int)length, "domain.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (has_doctype) {
        g_clear_pointer(&doc, xmlFreeDoc);
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    "the XML has a <!DOCTYPE>, which libvirt never writes; remove it");
    } else if (!doc) {
        set_syntax_error(error);
    }
    xmlFreeParserCtxt(context);
    return doc;
}

gboolean
bpfpv_xml_is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
}

gboolean
bpfpv_xml_has_namespace(const xmlNode *node, const char *href)
{
    return node->ns && g_strcmp0((const char *)node->ns->href, href) == 0;
}

xmlNode *
bpfpv_xml_find_next(const xmlNode *node, const char *name)
{
    for (; node; node = node->next)
        if (bpfpv_xml_is_element(node, name))
            return (xmlNode *)node;
    return NULL;
}

xmlNode *
bpfpv_xml_find_child(const xmlNode *parent, const char *name)
{
    return parent ? bpfpv_xml_find_next(parent->children, name) : NULL;
}

char *
bpfpv_xml_get_attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name) : NULL;
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

gboolean
bpfpv_xml_get_uint(const xmlNode *node, const char *name, guint least, guint most, guint *result)
{
    g_autofree char *value = bpfpv_xml_get_attribute(node, name);
    guint64 number;

    if (!value || !g_ascii_string_to_unsigned(value, 10, least, most, &number, NULL))
        return FALSE;
    *result = (guint)number;
    return TRUE;
}

BpfpvCpuset *
bpfpv_xml_get_cpuset(const xmlNode *node, const char *name)
{
    g_autofree char *text = bpfpv_xml_get_attribute(node, name);

    return text ? bpfpv_cpuset_parse(text, NULL) : NULL;
}

char *
bpfpv_xml_get_text(const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent((xmlNode *)node) : NULL;
    char *copy = text ? g_strstrip(g_strdup((const char *)text)) : NULL;

    xmlFree(text);
    return copy;
}

void
bpfpv_xml_remove(xmlNode *node)
{
    xmlNode *space = node->prev;

    if (space && xmlIsBlankNode(space)) {
        xmlUnlinkNode(space);
        xmlFreeNode(space);
    }
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}
