/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's PCI devices that a domain has, and where they are; see devices.h. */
#include "xml/devices.h"

#include <string.h>

/* libvirt writes 0x3b, and takes 59 too. */
static gboolean
get_part(const xmlNode *address, const char *name, guint most, guint *part)
{
    g_autofree char *text = bpfpv_xml_get_attribute(address, name);
    gboolean is_hex = text && g_ascii_strncasecmp(text, "0x", 2) == 0;
    guint64 number;

    if (!text || !g_ascii_string_to_unsigned(is_hex ? text + 2 : text, is_hex ? 16 : 10, 0, most,
                                             &number, NULL))
        return FALSE;
    *part = (guint)number;
    return TRUE;
}

/* Returns: (transfer full) (nullable) */
static char *
read_address(const xmlNode *device)
{
    const xmlNode *address =
        bpfpv_xml_find_child(bpfpv_xml_find_child(device, "source"), "address");
    g_autofree char *type = bpfpv_xml_get_attribute(address, "type");
    g_autofree char *said = bpfpv_xml_get_attribute(address, "domain");
    guint domain = 0, bus, slot, function;

    if (!address || (type && !g_str_equal(type, "pci")) ||
        (said && !get_part(address, "domain", G_MAXINT32, &domain)) ||
        !get_part(address, "bus", 0xff, &bus) || !get_part(address, "slot", 0x1f, &slot) ||
        !get_part(address, "function", 7, &function))
        return NULL;
    return g_strdup_printf("%04x:%02x:%02x.%x", domain, bus, slot, function);
}

static gboolean
has_attribute(const xmlNode *node, const char *name, const char *value)
{
    g_autofree char *is = bpfpv_xml_get_attribute(node, name);

    return g_strcmp0(is, value) == 0;
}

static gboolean
is_pci_device(const xmlNode *node)
{
    if (bpfpv_xml_is_element(node, "interface"))
        return has_attribute(node, "type", "hostdev");
    return bpfpv_xml_is_element(node, "hostdev") && has_attribute(node, "mode", "subsystem") &&
           has_attribute(node, "type", "pci");
}

GPtrArray *
bpfpv_devices_read(const xmlNode *root)
{
    const xmlNode *devices = bpfpv_xml_find_child(root, "devices");
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        g_autofree char *address = is_pci_device(node) ? read_address(node) : NULL;

        if (!address || g_hash_table_contains(seen, address))
            continue;
        g_hash_table_add(seen, address);
        g_ptr_array_add(addresses, g_steal_pointer(&address));
    }
    return addresses;
}

/* Returns: a cell's id, or -1 */
static int
read_cell(const char *sysfs, const char *device)
{
    g_autofree char *path =
        g_build_filename(sysfs, "bus", "pci", "devices", device, "numa_node", NULL);
    g_autofree char *text = NULL;
    guint64 number;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !g_ascii_string_to_unsigned(g_strstrip(text), 10, 0, BPFPV_CPUSET_MAX - 1, &number, NULL))
        return -1;
    return (int)number;
}

BpfpvCpuset *
bpfpv_devices_cells(const GPtrArray *devices, const char *sysfs, GPtrArray **unknown)
{
    BpfpvCpuset *cells = bpfpv_cpuset_new();

    *unknown = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < devices->len; i++) {
        int cell = read_cell(sysfs, devices->pdata[i]);

        if (cell >= 0)
            bpfpv_cpuset_add(cells, (guint)cell);
        else
            g_ptr_array_add(*unknown, g_strdup(devices->pdata[i]));
    }
    return cells;
}

char *
bpfpv_devices_mistake(const GPtrArray *devices, const GPtrArray *unknown)
{
    if (devices->len == 0)
        return g_strdup("near is \"devices\", but the domain has no PCI device of the host's "
                        "(<hostdev type=\"pci\">, <interface type=\"hostdev\">); its home is as "
                        "with \"memory\"");
    if (unknown->len == 0)
        return NULL;
    return g_strdup_printf("near is \"devices\", but the host does not say which cell %s%s is near "
                           "to (numa_node in sysfs); %s",
                           (const char *)unknown->pdata[0],
                           unknown->len > 1 ? ", or another of its devices," : "",
                           unknown->len < devices->len ? "its other devices alone count"
                                                       : "its home is as with \"memory\"");
}
