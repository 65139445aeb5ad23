/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's XML; see domain-xml.h. libvirt's part is trusted to be
 * libvirt's; the <bpfpv> element is a person's and gets errors that teach.
 */
#include "host/domain-xml.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

typedef xmlDoc BpfpvXmlDoc;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvXmlDoc, xmlFreeDoc)

/* Where the reading of a <bpfpv> element stands. */
typedef struct {
    const char *domain;
    BpfpvConfig *config;
    GError **error;
} Reader;

G_DEFINE_QUARK(bpfpv-xml-error-quark, bpfpv_xml_error)

static gboolean
is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
}

static const xmlNode *
find_child(const xmlNode *parent, const char *name)
{
    for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
        if (is_element(node, name))
            return node;
    return NULL;
}

/* Returns: (transfer full) (nullable) */
static char *
get_attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

static char *
get_text(const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    char *copy = text ? g_strstrip(g_strdup((const char *)text)) : NULL;

    xmlFree(text);
    return copy;
}

static gboolean
fail(Reader *reader, const xmlNode *node, const char *attribute, const char *value,
     const char *remedy)
{
    g_set_error(reader->error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_INVALID,
                "domain %s: <%s%s%s%s%s%s>, line %ld: %s", reader->domain, (const char *)node->name,
                attribute ? " " : "", attribute ? attribute : "", attribute ? "=\"" : "",
                attribute ? value : "", attribute ? "\"" : "", xmlGetLineNo(node), remedy);
    return FALSE;
}

static gboolean
read_uint(Reader *reader, const xmlNode *node, const char *name, guint least, guint most,
          guint *result)
{
    g_autofree char *value = get_attribute(node, name);
    g_autofree char *remedy = NULL;
    guint64 number;

    if (!value)
        return TRUE;
    if (g_ascii_string_to_unsigned(value, 10, least, most, &number, NULL)) {
        *result = (guint)number;
        return TRUE;
    }
    remedy = g_strdup_printf("\"%s\" is not a number from %u to %u", value, least, most);
    return fail(reader, node, name, value, remedy);
}

static gboolean
check_attributes(Reader *reader, const xmlNode *node, const char *const *known)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        const char *name = (const char *)attribute->name;
        g_autofree char *list = NULL;
        g_autofree char *remedy = NULL;
        g_autofree char *value = NULL;

        if (g_strv_contains(known, name))
            continue;
        list = g_strjoinv(", ", (char **)known);
        remedy = g_strdup_printf("\"%s\" is not an attribute of <%s>; known are: %s", name,
                                 (const char *)node->name, *known ? list : "none");
        value = get_attribute(node, name);
        return fail(reader, node, name, value ? value : "", remedy);
    }
    return TRUE;
}

static gboolean
read_placement(Reader *reader, const xmlNode *node)
{
    /* smt and cohort are the full solver's; they are part of the element already. */
    static const char *const known[] = {"mode", "cpuset", "smt", "cohort", NULL};
    g_autofree char *mode = get_attribute(node, "mode");
    g_autofree char *cpuset = get_attribute(node, "cpuset");
    g_autoptr(GError) cause = NULL;

    if (!check_attributes(reader, node, known))
        return FALSE;
    if (mode && g_str_equal(mode, "shared"))
        reader->config->mode = BPFPV_MODE_SHARED;
    else if (mode && !g_str_equal(mode, "exclusive"))
        return fail(reader, node, "mode", mode, "mode is one of exclusive, shared");
    if (!cpuset)
        return TRUE;
    g_clear_pointer(&reader->config->cpuset, bpfpv_cpuset_free);
    reader->config->cpuset = bpfpv_cpuset_parse(cpuset, &cause);
    if (!reader->config->cpuset)
        return fail(reader, node, "cpuset", cpuset, cause->message);
    if (bpfpv_cpuset_is_empty(reader->config->cpuset))
        return fail(reader, node, "cpuset", cpuset, "the set is empty");
    return TRUE;
}

static gboolean
read_limit(Reader *reader, const xmlNode *node)
{
    static const char *const known[] = {"anchors", "keys", "rate", NULL};

    return check_attributes(reader, node, known) &&
           read_uint(reader, node, "anchors", 0, BPFPV_CPUSET_MAX, &reader->config->max_anchors) &&
           read_uint(reader, node, "keys", 1, 1048576, &reader->config->max_keys) &&
           read_uint(reader, node, "rate", 1, 10000, &reader->config->rate);
}

static gboolean
read_program(Reader *reader, const xmlNode *node)
{
    static const char *const known[] = {"name", NULL};
    g_autofree char *name = get_attribute(node, "name");

    if (!check_attributes(reader, node, known))
        return FALSE;
    if (!name || !*name)
        return fail(reader, node, NULL, NULL, "a program needs a name=\"…\"; \"affinity\" is one");
    if (g_ptr_array_find_with_equal_func(reader->config->programs, name, g_str_equal, NULL))
        return fail(reader, node, "name", name, "this program is named twice");
    g_ptr_array_add(reader->config->programs, g_strdup(name));
    for (const xmlNode *child = node->children; child; child = child->next) {
        gboolean read = TRUE;

        if (is_element(child, "placement"))
            read = read_placement(reader, child);
        else if (is_element(child, "limit"))
            read = read_limit(reader, child);
        else if (child->type == XML_ELEMENT_NODE)
            read = fail(reader, child, NULL, NULL,
                        "not an element of <program>; known are: placement, limit");
        if (!read)
            return FALSE;
    }
    return TRUE;
}

/* QEMU's and libvirt's port names are longer-lived than ours: keep to a plain alphabet. */
static gboolean
read_channel(Reader *reader, const xmlNode *node)
{
    static const char *const known[] = {"name", NULL};
    g_autofree char *name = get_attribute(node, "name");

    if (!check_attributes(reader, node, known))
        return FALSE;
    if (!name)
        return TRUE;
    if (!g_regex_match_simple("^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", name, 0, 0))
        return fail(reader, node, "name", name,
                    "a channel's name is up to 63 letters, digits, dots, dashes and underscores");
    g_free(reader->config->channel);
    reader->config->channel = g_steal_pointer(&name);
    return TRUE;
}

static BpfpvConfig *
read_config(const xmlNode *element, const char *domain, GError **error)
{
    static const char *const known[] = {NULL};
    g_autoptr(BpfpvConfig) config = bpfpv_config_new();
    Reader reader = {domain, config, error};

    if (!check_attributes(&reader, element, known))
        return NULL;
    for (const xmlNode *child = element->children; child; child = child->next) {
        gboolean read = TRUE;

        if (is_element(child, "program"))
            read = read_program(&reader, child);
        else if (is_element(child, "channel"))
            read = read_channel(&reader, child);
        else if (child->type == XML_ELEMENT_NODE)
            read = fail(&reader, child, NULL, NULL,
                        "not an element of <bpfpv>; known are: program, channel");
        if (!read)
            return NULL;
    }
    if (config->programs->len == 0) {
        fail(&reader, element, NULL, NULL,
             "it names no program; <program name=\"affinity\"/> is the usual one");
        return NULL;
    }
    return g_steal_pointer(&config);
}

static const xmlNode *
find_bpfpv(const xmlNode *root)
{
    const xmlNode *metadata = find_child(root, "metadata");

    for (const xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next)
        if (is_element(node, "bpfpv") && node->ns &&
            g_str_equal((const char *)node->ns->href, BPFPV_DOMAIN_NAMESPACE))
            return node;
    return NULL;
}

static void
read_one_channel(BpfpvDomainXml *xml, const xmlNode *node, const char *wanted)
{
    const xmlNode *target = find_child(node, "target");
    g_autofree char *name = get_attribute(target, "name");
    g_autofree char *state = get_attribute(target, "state");
    gboolean connected = g_strcmp0(state, "connected") == 0;

    if (g_strcmp0(name, AGENT_CHANNEL) == 0) {
        xml->has_agent = TRUE;
        xml->agent_connected = connected;
    } else if (g_strcmp0(name, wanted) == 0) {
        xml->channel_path = get_attribute(find_child(node, "source"), "path");
        xml->channel_alias = get_attribute(find_child(node, "alias"), "name");
        xml->channel_connected = connected;
    }
}

static xmlDocPtr
parse(const char *text, GError **error)
{
    xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "domain.xml", NULL,
                                  XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    if (!doc)
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    "the XML is not well-formed: %s",
                    xmlGetLastError() ? xmlGetLastError()->message : "no reason given");
    return doc;
}

BpfpvDomainXml *
bpfpv_domain_xml_parse(const char *text, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = parse(text, error);
    g_autoptr(BpfpvDomainXml) xml = g_new0(BpfpvDomainXml, 1);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *element, *devices;

    if (!doc)
        return NULL;
    xml->name = get_text(find_child(root, "name"));
    xml->uuid = get_text(find_child(root, "uuid"));
    if (!root || !is_element(root, "domain") || !xml->name || !xml->uuid) {
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    "not a <domain> with a name and a UUID");
        return NULL;
    }
    element = find_bpfpv(root);
    if (element)
        xml->config = read_config(element, xml->name, &xml->config_error);
    devices = find_child(root, "devices");
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (is_element(node, "channel"))
            read_one_channel(xml, node, xml->config ? xml->config->channel : BPFPV_CHANNEL_DEFAULT);
    return g_steal_pointer(&xml);
}

void
bpfpv_domain_xml_free(BpfpvDomainXml *xml)
{
    if (!xml)
        return;
    g_free(xml->name);
    g_free(xml->uuid);
    bpfpv_config_free(xml->config);
    g_clear_error(&xml->config_error);
    g_free(xml->channel_path);
    g_free(xml->channel_alias);
    g_free(xml);
}

BpfpvConfig *
bpfpv_config_parse(const char *text, const char *domain, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = parse(text, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    return root ? read_config(root, domain, error) : NULL;
}
