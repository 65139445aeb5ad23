/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes bpfpv's own pins out of a domain's XML; see repair.h. */
#include "hook/repair.h"

#include "xml/pin-owner.h"
#include "xml/status.h"

static void
set_cpuset(xmlNode *pin, const BpfpvCpuset *cpus)
{
    g_autofree char *text = bpfpv_cpuset_format(cpus);

    xmlSetProp(pin, (const xmlChar *)"cpuset", (const xmlChar *)text);
}

/* Undoes what is noted of one thread; whether that an administrator has pinned it has to stay
 * noted. @removed: set if its pin is gone now */
static gboolean
undo_pin(const BpfpvStatusThread *noted, BpfpvDomainPins *pins, const GPtrArray *rewritten,
         gboolean *removed)
{
    xmlNode *pin = bpfpv_domain_pins_find(pins, noted->kind, noted->id);
    g_autoptr(BpfpvCpuset) cpus = bpfpv_domain_pins_get(pins, noted->kind, noted->id);

    switch (bpfpv_pin_owner(noted, cpus, bpfpv_domain_pins_vcpu_cpuset(pins), rewritten)) {
    case BPFPV_PIN_INHERITED:
        bpfpv_domain_pins_remove(pins, noted->kind, noted->id);
        *removed = TRUE;
        break;
    case BPFPV_PIN_ORIGINAL:
        set_cpuset(pin, noted->original);
        break;
    case BPFPV_PIN_THEIRS:
        break;
    }
    return bpfpv_pin_is_fixed(noted, cpus);
}

/* Undoes what the status lists; whether something has to stay in it: an administrator's pin, or
 * that the channel is bpfpv's. */
static gboolean
undo(xmlNode *status, BpfpvDomainPins *pins, const GPtrArray *rewritten, gboolean *removed)
{
    static const char *const passing[] = {"state", "reason", "invalid"};
    gboolean tells_origins = bpfpv_status_tells_origins(status);
    gboolean stays = xmlHasProp(status, (const xmlChar *)"plugged") != NULL;
    xmlNode *next;

    for (gsize i = 0; i < G_N_ELEMENTS(passing); i++)
        xmlUnsetProp(status, (const xmlChar *)passing[i]);
    for (xmlNode *entry = status->children; entry; entry = next) {
        g_autoptr(BpfpvStatusThread) noted = NULL;

        next = entry->next;
        if (entry->type != XML_ELEMENT_NODE)
            continue;
        noted = bpfpv_status_thread_read(entry, tells_origins);
        if (noted && undo_pin(noted, pins, rewritten, removed))
            stays = TRUE;
        else
            bpfpv_xml_remove(entry);
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
    g_autoptr(BpfpvDomainPins) pins = NULL;
    g_autoptr(BpfpvStatus) noted = NULL;
    g_autoptr(GPtrArray) rewritten = NULL;
    gboolean removed = FALSE;
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
    pins = bpfpv_domain_pins_new(root);
    noted = bpfpv_status_read(root);
    rewritten = bpfpv_domain_pins_rewritten(pins, noted);
    if (!undo(status, pins, rewritten, &removed))
        bpfpv_xml_remove(status);
    cputune = bpfpv_xml_find_child(root, "cputune");
    if (removed && !has_elements(cputune))
        bpfpv_xml_remove(cputune);
    return print(doc);
}
