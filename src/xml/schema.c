/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads xml-schema/bpfpv.rng; see schema.h. Of RELAX NG it knows what
 * the schema uses. A schema that it can't read is a mistake in the source, and
 * found by the first test.
 */
#include "xml/schema.h"

#include "element-schema-text.h"
#include "xml/document.h"

#define OWN_NAMESPACE "urn:bpfpv:schema:1"
#define ANNOTATIONS "http://relaxng.org/ns/compatibility/annotations/1.0"

static char *
get_annotation(const xmlNode *node, const char *name, const char *namespace)
{
    xmlChar *value =
        xmlGetNsProp((xmlNode *)node, (const xmlChar *)name, (const xmlChar *)namespace);
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

/* ---- attributes ---- */

static void
read_param(BpfpvSchemaAttribute *attribute, const xmlNode *param)
{
    g_autofree char *name = bpfpv_xml_get_attribute(param, "name");
    g_autofree char *value = bpfpv_xml_get_text(param);
    g_autofree char *anchored = NULL;

    if (g_str_equal(name, "minInclusive")) {
        attribute->least = (guint)g_ascii_strtoull(value, NULL, 10);
    } else if (g_str_equal(name, "maxInclusive")) {
        attribute->most = (guint)g_ascii_strtoull(value, NULL, 10);
    } else {
        anchored = g_strdup_printf("\\A(?:%s)\\z", value);
        attribute->pattern = g_regex_new(anchored, 0, 0, NULL);
        g_assert(attribute->pattern);
    }
}

static void
read_values(BpfpvSchemaAttribute *attribute, const xmlNode *node)
{
    const xmlNode *choice = bpfpv_xml_find_child(node, "choice");
    const xmlNode *data = bpfpv_xml_find_child(node, "data");

    for (const xmlNode *child = choice ? choice->children : NULL; child; child = child->next)
        if (bpfpv_xml_is_element(child, "value"))
            g_ptr_array_add(attribute->choices, bpfpv_xml_get_text(child));
    for (const xmlNode *child = data ? data->children : NULL; child; child = child->next)
        if (bpfpv_xml_is_element(child, "param"))
            read_param(attribute, child);
    g_ptr_array_add(attribute->choices, NULL);
}

static BpfpvSchemaType
type_of(const BpfpvSchemaAttribute *attribute, const char *hint)
{
    if (g_strcmp0(hint, "cpuset") == 0)
        return BPFPV_SCHEMA_CPUSET;
    if (g_strcmp0(hint, "program") == 0)
        return BPFPV_SCHEMA_PROGRAM;
    if (attribute->choices->len > 1)
        return BPFPV_SCHEMA_CHOICE;
    return attribute->pattern ? BPFPV_SCHEMA_PATTERN : BPFPV_SCHEMA_NUMBER;
}

static void
read_attribute(BpfpvSchemaElement *element, const xmlNode *node, gboolean required)
{
    BpfpvSchemaAttribute *attribute = g_new0(BpfpvSchemaAttribute, 1);
    g_autofree char *hint = get_annotation(node, "type", OWN_NAMESPACE);

    attribute->name = bpfpv_xml_get_attribute(node, "name");
    attribute->sentence = bpfpv_xml_get_text(bpfpv_xml_find_child(node, "documentation"));
    attribute->standard = get_annotation(node, "defaultValue", ANNOTATIONS);
    if (!attribute->standard)
        attribute->standard = get_annotation(node, "default", OWN_NAMESPACE);
    attribute->unit = get_annotation(node, "unit", OWN_NAMESPACE);
    attribute->is = get_annotation(node, "is", OWN_NAMESPACE);
    attribute->required = required;
    attribute->choices = g_ptr_array_new_with_free_func(g_free);
    read_values(attribute, node);
    attribute->type = type_of(attribute, hint);
    g_ptr_array_add(element->attributes, attribute);
}

/* ---- elements ---- */

static BpfpvSchemaElement *read_element(const xmlNode *node, gboolean required, gboolean repeated);

/* What is below <element>, through the patterns that only say how often. */
static void
read_content(BpfpvSchemaElement *element, const xmlNode *parent, gboolean required,
             gboolean repeated)
{
    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (bpfpv_xml_is_element(node, "attribute"))
            read_attribute(element, node, required);
        else if (bpfpv_xml_is_element(node, "element"))
            g_ptr_array_add(element->children, read_element(node, required, repeated));
        else if (bpfpv_xml_is_element(node, "optional"))
            read_content(element, node, FALSE, repeated);
        else if (bpfpv_xml_is_element(node, "oneOrMore"))
            read_content(element, node, required, TRUE);
        else if (bpfpv_xml_is_element(node, "interleave"))
            read_content(element, node, required, repeated);
    }
}

static BpfpvSchemaElement *
read_element(const xmlNode *node, gboolean required, gboolean repeated)
{
    BpfpvSchemaElement *element = g_new0(BpfpvSchemaElement, 1);

    element->name = bpfpv_xml_get_attribute(node, "name");
    element->sentence = bpfpv_xml_get_text(bpfpv_xml_find_child(node, "documentation"));
    element->required = required;
    element->repeated = repeated;
    element->attributes = g_ptr_array_new();
    element->children = g_ptr_array_new();
    read_content(element, node, TRUE, FALSE);
    return element;
}

const BpfpvSchemaElement *
bpfpv_schema_get(void)
{
    static const BpfpvSchemaElement *schema;
    static gsize initialized;

    if (g_once_init_enter(&initialized)) {
        g_autoptr(BpfpvXmlDoc) doc =
            bpfpv_xml_parse(BPFPV_SCHEMA_TEXT, sizeof(BPFPV_SCHEMA_TEXT) - 1, NULL);
        const xmlNode *start = bpfpv_xml_find_child(xmlDocGetRootElement(doc), "start");

        schema = read_element(bpfpv_xml_find_child(start, "element"), TRUE, FALSE);
        g_once_init_leave(&initialized, 1);
    }
    return schema;
}

/* ---- looking up ---- */

const BpfpvSchemaElement *
bpfpv_schema_child(const BpfpvSchemaElement *element, const char *name)
{
    for (guint i = 0; i < element->children->len; i++) {
        const BpfpvSchemaElement *child = g_ptr_array_index(element->children, i);

        if (g_str_equal(child->name, name))
            return child;
    }
    return NULL;
}

const BpfpvSchemaAttribute *
bpfpv_schema_attribute(const BpfpvSchemaElement *element, const char *name)
{
    for (guint i = 0; i < element->attributes->len; i++) {
        const BpfpvSchemaAttribute *attribute = g_ptr_array_index(element->attributes, i);

        if (g_str_equal(attribute->name, name))
            return attribute;
    }
    return NULL;
}

/* @things: of structs that begin with their name */
static char *
join_names(const GPtrArray *things)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < things->len; i++)
        g_ptr_array_add(names, *(char **)g_ptr_array_index(things, i));
    g_ptr_array_add(names, NULL);
    return things->len > 0 ? g_strjoinv(", ", (char **)names->pdata) : g_strdup("none");
}

char *
bpfpv_schema_child_names(const BpfpvSchemaElement *element)
{
    return join_names(element->children);
}

char *
bpfpv_schema_attribute_names(const BpfpvSchemaElement *element)
{
    return join_names(element->attributes);
}
