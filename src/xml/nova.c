/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads Nova's metadata; see nova.h. */
#include "xml/nova.h"

#include <string.h>

#include "xml/document.h"

/* What Nova's database holds of a name, in characters. */
#define NAME_MOST 255
#define PAIRS_MOST 64
#define RESOURCES "resources"
/* More anchors than any host has CPUs. */
#define ANCHORS_MOST BPFPV_CPUSET_MAX

static const char *const namespaces[] = {
    "http://openstack.org/xmlns/libvirt/nova/1.0",
    "http://openstack.org/xmlns/libvirt/nova/1.1",
};

static void
pair_free(gpointer data)
{
    BpfpvNovaPair *pair = data;

    g_free(pair->name);
    g_free(pair->value);
    g_free(pair);
}

void
bpfpv_nova_free(BpfpvNova *nova)
{
    if (!nova)
        return;
    g_free(nova->flavor);
    g_ptr_array_unref(nova->specs);
    g_ptr_array_unref(nova->properties);
    g_free(nova);
}

static void
add_pair(GPtrArray *pairs, const char *name, const xmlNode *node)
{
    BpfpvNovaPair *pair;

    if (pairs->len >= PAIRS_MOST)
        return;
    pair = g_new0(BpfpvNovaPair, 1);
    pair->name = g_strdup(name);
    pair->value = bpfpv_xml_get_text(node);
    g_ptr_array_add(pairs, pair);
}

/* "resources:CLASS", or of a numbered or named group, "resources1:CLASS": all count. */
static void
read_resource(BpfpvNova *nova, const char *name, const xmlNode *node)
{
    const char *colon = strchr(name, ':');
    g_autofree char *value = bpfpv_xml_get_text(node);
    guint64 number;

    if (!colon || !g_str_equal(colon + 1, BPFPV_NOVA_RESOURCE) || !value ||
        !g_ascii_string_to_unsigned(value, 10, 0, ANCHORS_MOST, &number, NULL))
        return;
    nova->has_anchors = TRUE;
    nova->anchors = MIN(nova->anchors + (guint)number, ANCHORS_MOST);
}

static void
read_specs(BpfpvNova *nova, const xmlNode *flavor)
{
    const xmlNode *specs = bpfpv_xml_find_child(flavor, "extraSpecs");

    for (const xmlNode *node = bpfpv_xml_find_child(specs, "extraSpec"); node;
         node = bpfpv_xml_find_next(node->next, "extraSpec")) {
        g_autofree char *name = bpfpv_xml_get_attribute(node, "name");

        if (name && g_str_has_prefix(name, BPFPV_NOVA_SPEC_PREFIX))
            add_pair(nova->specs, name + strlen(BPFPV_NOVA_SPEC_PREFIX), node);
        else if (name && g_str_has_prefix(name, RESOURCES))
            read_resource(nova, name, node);
    }
}

static void
read_properties(BpfpvNova *nova, const xmlNode *image)
{
    const xmlNode *properties = bpfpv_xml_find_child(image, "properties");

    for (const xmlNode *node = bpfpv_xml_find_child(properties, "property"); node;
         node = bpfpv_xml_find_next(node->next, "property")) {
        g_autofree char *name = bpfpv_xml_get_attribute(node, "name");

        if (name && g_str_has_prefix(name, BPFPV_NOVA_PROPERTY_PREFIX))
            add_pair(nova->properties, name + strlen(BPFPV_NOVA_PROPERTY_PREFIX), node);
    }
}

static const xmlNode *
find_instance(const xmlNode *root)
{
    const xmlNode *metadata = bpfpv_xml_find_child(root, "metadata");

    for (const xmlNode *node = bpfpv_xml_find_child(metadata, "instance"); node;
         node = bpfpv_xml_find_next(node->next, "instance"))
        for (gsize i = 0; i < G_N_ELEMENTS(namespaces); i++)
            if (bpfpv_xml_has_namespace(node, namespaces[i]))
                return node;
    return NULL;
}

BpfpvNova *
bpfpv_nova_read(const xmlNode *root)
{
    const xmlNode *instance = find_instance(root);
    const xmlNode *flavor = bpfpv_xml_find_child(instance, "flavor");
    g_autofree char *name = bpfpv_xml_get_attribute(flavor, "name");
    BpfpvNova *nova;

    if (!instance)
        return NULL;
    nova = g_new0(BpfpvNova, 1);
    nova->specs = g_ptr_array_new_with_free_func(pair_free);
    nova->properties = g_ptr_array_new_with_free_func(pair_free);
    if (name && g_utf8_strlen(name, -1) <= NAME_MOST)
        nova->flavor = g_steal_pointer(&name);
    read_specs(nova, flavor);
    read_properties(nova, bpfpv_xml_find_child(instance, "image"));
    return nova;
}
