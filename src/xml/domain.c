/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's XML; see domain.h. libvirt's part is trusted to be
 * libvirt's; the <bpfpv> element is a person's and gets errors that teach; what
 * Nova copied from flavor and image is only compared.
 */
#include "xml/domain.h"

#include <string.h>

#include "xml/read.h"
#include "xml/document.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

static void
read_one_channel(BpfpvDomainXml *xml, const xmlNode *node, const char *wanted)
{
    const xmlNode *target = bpfpv_xml_find_child(node, "target");
    g_autofree char *name = bpfpv_xml_get_attribute(target, "name");
    g_autofree char *state = bpfpv_xml_get_attribute(target, "state");
    gboolean connected = g_strcmp0(state, "connected") == 0;

    if (g_strcmp0(name, AGENT_CHANNEL) == 0) {
        xml->has_agent = TRUE;
        xml->agent_connected = connected;
    } else if (g_strcmp0(name, wanted) == 0) {
        xml->channel_path = bpfpv_xml_get_attribute(bpfpv_xml_find_child(node, "source"), "path");
        xml->channel_alias = bpfpv_xml_get_attribute(bpfpv_xml_find_child(node, "alias"), "name");
        xml->channel_connected = connected;
    }
}

static void
read_element(BpfpvDomainXml *xml, const xmlNode *root, const xmlNode *element,
             const BpfpvElementContext *context)
{
    xml->has_element = TRUE;
    xml->source = g_strdup("domain XML");
    xml->config = bpfpv_element_read(element, xml->name, bpfpv_domain_n_vcpus(root), context,
                                     &xml->config_error);
    xml->is_off = xml->config && xml->config->programs->len == 0;
    if (xml->is_off)
        g_clear_pointer(&xml->config, bpfpv_config_free);
}

/* The one place where it is decided what holds for a domain. */
static void
read_config(BpfpvDomainXml *xml, const xmlNode *root, const BpfpvElementContext *context,
            const BpfpvPolicy *policy)
{
    const xmlNode *element = bpfpv_element_find(root);
    g_autoptr(BpfpvNova) nova = bpfpv_nova_read(root);
    g_autoptr(GError) error = NULL;
    g_autofree char *source = NULL;
    g_autoptr(BpfpvConfig) config =
        bpfpv_policy_config(policy, xml->name, nova, context, &source, &error);

    xml->stands = config || error;
    if (element) {
        read_element(xml, root, element, context);
        return;
    }
    xml->config = g_steal_pointer(&config);
    xml->config_error = g_steal_pointer(&error);
    xml->source = g_steal_pointer(&source);
}

BpfpvDomainXml *
bpfpv_domain_xml_parse(const char *text, const BpfpvElementContext *context,
                       const BpfpvPolicy *policy, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, strlen(text), error);
    g_autoptr(BpfpvDomainXml) xml = g_new0(BpfpvDomainXml, 1);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *devices;

    if (!doc)
        return NULL;
    xml->name = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "name"));
    xml->uuid = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "uuid"));
    if (!root || !bpfpv_xml_is_element(root, "domain") || !xml->name || !xml->uuid) {
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    "not a <domain> with a name and a UUID");
        return NULL;
    }
    read_config(xml, root, context, policy);
    xml->status = bpfpv_status_read(root);
    devices = bpfpv_xml_find_child(root, "devices");
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
        if (bpfpv_xml_is_element(node, "channel"))
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
    g_free(xml->source);
    bpfpv_status_free(xml->status);
    g_free(xml->channel_path);
    g_free(xml->channel_alias);
    g_free(xml);
}
