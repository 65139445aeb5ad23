/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes bpfpv's own pins out of a domain's XML; see repair.h. Every pin of a
 * thread that the status lists is bpfpv's, unless it is marked as somebody
 * else's: the status may be a second behind the pins, so their values say less.
 */
#include "hook/repair.h"

#include "xml/status.h"

/* The status's elements, and where libvirt has the pins of the threads that they are about. */
static const struct {
    const char *status;
    const char *pin;
    const char *id; /* the pin's attribute; NULL: there is only one */
} kinds[] = {
    {"vcpu", "vcpupin", "vcpu"},
    {"emulator", "emulatorpin", NULL},
    {"iothread", "iothreadpin", "iothread"},
};

static void
remove_node(xmlNode *node)
{
    xmlNode *space = node->prev;

    if (space && xmlIsBlankNode(space)) {
        xmlUnlinkNode(space);
        xmlFreeNode(space);
    }
    xmlUnlinkNode(node);
    xmlFreeNode(node);
}

/* @kind: an index of kinds; @entry: the status's element */
static xmlNode *
find_pin(const xmlNode *cputune, gsize kind, const xmlNode *entry)
{
    g_autofree char *wanted = bpfpv_xml_get_attribute(entry, "id");

    for (xmlNode *node = cputune ? cputune->children : NULL; node; node = node->next) {
        g_autofree char *id = NULL;

        if (!bpfpv_xml_is_element(node, kinds[kind].pin))
            continue;
        if (!kinds[kind].id)
            return node;
        id = bpfpv_xml_get_attribute(node, kinds[kind].id);
        if (id && g_strcmp0(id, wanted) == 0)
            return node;
    }
    return NULL;
}

static gboolean
is_yes(const xmlNode *node, const char *name)
{
    g_autofree char *value = bpfpv_xml_get_attribute(node, name);

    return g_strcmp0(value, "yes") == 0;
}

static void
restore_pin(const xmlNode *cputune, gsize kind, const xmlNode *entry)
{
    g_autofree char *original = bpfpv_xml_get_attribute(entry, "original");
    xmlNode *pin = find_pin(cputune, kind, entry);

    if (!pin)
        return;
    if (is_yes(entry, "unpinned"))
        remove_node(pin);
    else if (original && *original)
        xmlSetProp(pin, (const xmlChar *)"cpuset", (const xmlChar *)original);
}

/* Undoes what the status lists; whether something has to stay in it: an administrator's pin, or
 * that the channel is bpfpv's. */
static gboolean
undo(xmlNode *status, const xmlNode *cputune)
{
    static const char *const passing[] = {"state", "reason", "invalid"};
    gboolean stays = xmlHasProp(status, (const xmlChar *)"plugged") != NULL;
    xmlNode *next;

    for (gsize i = 0; i < G_N_ELEMENTS(passing); i++)
        xmlUnsetProp(status, (const xmlChar *)passing[i]);
    for (xmlNode *entry = status->children; entry; entry = next) {
        next = entry->next;
        if (entry->type != XML_ELEMENT_NODE)
            continue;
        if (xmlHasProp(entry, (const xmlChar *)"fixed")) {
            stays = TRUE;
            continue;
        }
        for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
            if (bpfpv_xml_is_element(entry, kinds[kind].status))
                restore_pin(cputune, kind, entry);
        remove_node(entry);
    }
    return stays;
}

static gboolean
has_elements(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            return TRUE;
    return FALSE;
}

static char *
print(xmlDoc *doc)
{
    xmlBuffer *buffer = xmlBufferCreate();
    char *text = NULL;

    if (xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0) > 0)
        text = g_strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

char *
bpfpv_hook_repair(const char *text, gsize length, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, length, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *status, *cputune;

    if (!doc)
        return NULL;
    if (!bpfpv_xml_is_element(root, "domain")) {
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX, "<%s> is not a <domain>",
                    (const char *)root->name);
        return NULL;
    }
    status = bpfpv_status_find(root);
    if (!status)
        return NULL;
    cputune = bpfpv_xml_find_child(root, "cputune");
    if (!undo(status, cputune))
        remove_node(status);
    if (cputune && !has_elements(cputune))
        remove_node(cputune);
    return print(doc);
}
