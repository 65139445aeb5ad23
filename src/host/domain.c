/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata and channel of a running domain; see domain.h. */
#include "host/domain.h"

#include <string.h>

#include "core/config.h"
#include "host/run.h"
#include "host/virt.h"
#include "xml/document.h"

#define REMOVAL_MS 5000
#define REMOVAL_STEP_MS 20

/* A connection and a domain on it, for the length of one call. */
typedef struct {
    virConnectPtr connection;
    virDomainPtr domain;
} Handle;

static void
handle_clear(Handle *handle)
{
    g_clear_pointer(&handle->domain, virDomainFree);
    g_clear_pointer(&handle->connection, virConnectClose);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Handle, handle_clear)

static gboolean
handle_open(Handle *handle, const char *uri, const char *uuid, GError **error)
{
    handle->connection = bpfpv_virt_open(uri, error);
    if (!handle->connection)
        return FALSE;
    handle->domain = bpfpv_virt_lookup(handle->connection, uuid, error);
    return handle->domain != NULL;
}

static gboolean
is_run(const Handle *handle, int id)
{
    return (int)virDomainGetID(handle->domain) == id;
}

char *
bpfpv_domain_get_xml(const char *uri, const char *uuid, GError **error)
{
    g_auto(Handle) handle = {0};
    g_autofree char *xml = NULL;

    if (!handle_open(&handle, uri, uuid, error))
        return NULL;
    xml = virDomainGetXMLDesc(handle.domain, 0);
    if (!xml)
        bpfpv_virt_set_error(error, "reading the XML of domain %s", uuid);
    return g_steal_pointer(&xml);
}

gboolean
bpfpv_domain_set_element(const char *uri, const char *uuid, const char *element, GError **error)
{
    g_auto(Handle) handle = {0};

    if (!handle_open(&handle, uri, uuid, error))
        return FALSE;
    if (virDomainSetMetadata(handle.domain, VIR_DOMAIN_METADATA_ELEMENT, element,
                             element ? "bpfpv" : NULL, BPFPV_DOMAIN_NAMESPACE,
                             VIR_DOMAIN_AFFECT_LIVE) < 0) {
        bpfpv_virt_set_error(error, "setting the metadata of domain %s",
                             virDomainGetName(handle.domain));
        return FALSE;
    }
    return TRUE;
}

/* @flags: of which metadata */
static gboolean
has_element(virDomainPtr domain, unsigned int flags)
{
    g_autofree char *element =
        virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, BPFPV_DOMAIN_NAMESPACE, flags);

    return element != NULL;
}

gboolean
bpfpv_domain_drop_element(const char *uri, const char *uuid, GError **error)
{
    g_auto(Handle) handle = {0};

    if (!handle_open(&handle, uri, uuid, error))
        return FALSE;
    if (!has_element(handle.domain, VIR_DOMAIN_AFFECT_LIVE) ||
        has_element(handle.domain, VIR_DOMAIN_AFFECT_CONFIG))
        return TRUE;
    return bpfpv_domain_set_element(uri, uuid, NULL, error);
}

/* Returns: (transfer full) (nullable): the channel's device id; "" where libvirt tells none */
static char *
find_channel(virDomainPtr domain, const char *name)
{
    g_autofree char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(BpfpvXmlDoc) doc = xml ? bpfpv_xml_parse(xml, strlen(xml), NULL) : NULL;
    const xmlNode *devices =
        doc ? bpfpv_xml_find_child(xmlDocGetRootElement(doc), "devices") : NULL;

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        g_autofree char *target =
            bpfpv_xml_is_element(node, "channel")
                ? bpfpv_xml_get_attribute(bpfpv_xml_find_child(node, "target"), "name")
                : NULL;
        char *alias;

        if (g_strcmp0(target, name) != 0)
            continue;
        alias = bpfpv_xml_get_attribute(bpfpv_xml_find_child(node, "alias"), "name");
        return alias ? alias : g_strdup("");
    }
    return NULL;
}

/* The domain was started again while the call waited in libvirt: the next run has it, and has not
 * asked for it, since its calls wait for this one. */
static void
take_back_channel(virDomainPtr domain, const char *name)
{
    g_autofree char *alias = find_channel(domain, name);

    if (alias)
        virDomainDetachDeviceAlias(domain, alias, VIR_DOMAIN_AFFECT_LIVE);
}

gboolean
bpfpv_domain_attach_channel(const char *uri, const char *uuid, int id, const char *name,
                            GError **error)
{
    g_auto(Handle) handle = {0};
    g_autofree char *xml = g_markup_printf_escaped(
        "<channel type='unix'><target type='virtio' name='%s'/></channel>", name);
    g_autofree char *present = NULL;
    g_autoptr(GError) cause = NULL;

    if (!handle_open(&handle, uri, uuid, &cause) ||
        !bpfpv_run_check(handle.connection, uuid, id, &cause)) {
        bpfpv_run_explain(handle.connection, uuid, id, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    present = find_channel(handle.domain, name);
    if (present)
        return TRUE;
    if (virDomainAttachDeviceFlags(handle.domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0) {
        bpfpv_virt_set_error(&cause, "attaching channel %s to domain %s", name,
                             virDomainGetName(handle.domain));
        bpfpv_run_explain(handle.connection, uuid, id, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (bpfpv_run_check(handle.connection, uuid, id, error))
        return TRUE;
    take_back_channel(handle.domain, name);
    return FALSE;
}

/* libvirt answers before QEMU has let go of the device. */
static void
wait_for_removal(virDomainPtr domain, const char *alias)
{
    g_autofree char *mark = g_strdup_printf("<alias name='%s'/>", alias);

    for (guint waited = 0; waited < REMOVAL_MS; waited += REMOVAL_STEP_MS) {
        g_autofree char *xml = virDomainGetXMLDesc(domain, 0);

        if (!xml || !strstr(xml, mark))
            return;
        g_usleep(REMOVAL_STEP_MS * 1000);
    }
}

gboolean
bpfpv_domain_detach_channel(const char *uri, const char *uuid, int id, const char *alias,
                            GError **error)
{
    g_auto(Handle) handle = {0};

    if (!handle_open(&handle, uri, uuid, error))
        return FALSE;
    if (!is_run(&handle, id))
        return TRUE; /* gone with its run */
    /* By its alias: libvirt compares a channel given as XML by the socket's path too. */
    if (virDomainDetachDeviceAlias(handle.domain, alias, 0) < 0) {
        bpfpv_virt_set_error(error, "detaching channel %s from domain %s", alias,
                             virDomainGetName(handle.domain));
        if (bpfpv_run_check(handle.connection, uuid, id, NULL))
            return FALSE;
        g_clear_error(error); /* gone with its run, meanwhile */
        return TRUE;
    }
    wait_for_removal(handle.domain, alias);
    return TRUE;
}

/* In virsh's order. */
static virDomainPtr
lookup_any(virConnectPtr connection, const char *text)
{
    virDomainPtr domain = NULL;
    guint64 id;

    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &id, NULL))
        domain = virDomainLookupByID(connection, (int)id);
    if (!domain && g_uuid_string_is_valid(text))
        domain = virDomainLookupByUUIDString(connection, text);
    return domain ? domain : virDomainLookupByName(connection, text);
}

gboolean
bpfpv_domain_resolve(const char *uri, const char *text, char **uuid, gboolean *active,
                     GError **error)
{
    g_auto(Handle) handle = {0};
    char buffer[VIR_UUID_STRING_BUFLEN];

    handle.connection = bpfpv_virt_open(uri, error);
    if (!handle.connection)
        return FALSE;
    handle.domain = lookup_any(handle.connection, text);
    if (!handle.domain || virDomainGetUUIDString(handle.domain, buffer) < 0) {
        bpfpv_virt_set_error(error, "looking up domain \"%s\"", text);
        return FALSE;
    }
    *active = virDomainIsActive(handle.domain) == 1;
    *uuid = g_strdup(buffer);
    return TRUE;
}
