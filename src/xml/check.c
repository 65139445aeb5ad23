/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks a <bpfpv> element against the schema and its surroundings; see
 * check.h. What is known of elements and attributes is the schema's;
 * only what lies between several of them is written here.
 */
#include "xml/check.h"

#include <string.h>

#include "core/config.h"
#include "xml/schema.h"
#include "xml/value.h"
#include "xml/document.h"

typedef struct {
    const char *domain;
    guint n_vcpus;
    BpfpvElementContext context;
    BpfpvMistakes *mistakes;
} Check;

/* @attribute: NULL: it is about the whole element; @value: NULL: the attribute is not there */
static void G_GNUC_PRINTF(5, 6) complain(Check *check, const xmlNode *node, const char *attribute,
                                         const char *value, const char *format, ...)
{
    GString *text = g_string_new(NULL);
    va_list arguments;

    if (check->domain)
        g_string_printf(text, "domain %s: ", check->domain);
    g_string_append_printf(text, "<%s%s%s",
                           node->ns && node->ns->prefix ? (const char *)node->ns->prefix : "",
                           node->ns && node->ns->prefix ? ":" : "", (const char *)node->name);
    if (attribute)
        g_string_append_printf(text, " %s=\"%s\"", attribute, value);
    g_string_append_printf(text, ">, line %ld: ", xmlGetLineNo((xmlNode *)node));
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    g_ptr_array_add(check->mistakes, g_string_free(text, FALSE));
}

/* ---- one attribute ---- */

static char *
program_names(const Check *check)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; check->context.programs && i < check->context.programs->len; i++)
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                               (char *)g_ptr_array_index(check->context.programs, i));
    if (names->len == 0)
        g_string_append(names, "affinity");
    return g_string_free(names, FALSE);
}

static void
check_program(Check *check, const xmlNode *node, const BpfpvSchemaAttribute *attribute,
              const char *value)
{
    g_autofree char *names = program_names(check);

    if (check->context.programs
            ? !g_ptr_array_find_with_equal_func((GPtrArray *)check->context.programs, value,
                                                g_str_equal, NULL)
            : !g_regex_match(attribute->pattern, value, 0, NULL))
        complain(check, node, attribute->name, value, "no such program; known are: %s", names);
    for (const xmlNode *other = node->prev; other; other = other->prev) {
        g_autofree char *name = bpfpv_xml_is_element(other, (const char *)node->name)
                                    ? bpfpv_xml_get_attribute(other, attribute->name)
                                    : NULL;

        if (g_strcmp0(name, value) == 0) {
            complain(check, node, attribute->name, value, "this program is named twice");
            return;
        }
    }
}

static void
check_value(Check *check, const xmlNode *node, const BpfpvSchemaAttribute *attribute,
            const char *value)
{
    g_autofree char *mistake =
        bpfpv_value_mistake(attribute, value, check->context.host_cpus, check->n_vcpus);

    if (attribute->type == BPFPV_SCHEMA_PROGRAM)
        check_program(check, node, attribute, value);
    else if (mistake)
        complain(check, node, attribute->name, value, "%s", mistake);
}

static void
check_attributes(Check *check, const xmlNode *node, const BpfpvSchemaElement *schema)
{
    for (const xmlAttr *present = node->properties; present; present = present->next) {
        const char *name = (const char *)present->name;
        const BpfpvSchemaAttribute *attribute =
            present->ns ? NULL : bpfpv_schema_attribute(schema, name);
        g_autofree char *value = (char *)xmlNodeGetContent((const xmlNode *)present);
        g_autofree char *names = bpfpv_schema_attribute_names(schema);

        if (attribute)
            check_value(check, node, attribute, value);
        else
            complain(check, node, name, value, "\"%s\" is not an attribute of <%s>; known are: %s",
                     name, schema->name, names);
    }
    for (guint i = 0; i < schema->attributes->len; i++) {
        const BpfpvSchemaAttribute *attribute = g_ptr_array_index(schema->attributes, i);
        g_autofree char *names = program_names(check);

        if (attribute->required && !xmlHasProp((xmlNode *)node, (const xmlChar *)attribute->name))
            complain(check, node, NULL, NULL, "it lacks %s=\"…\"; known programs are: %s",
                     attribute->name, names);
    }
}

/* ---- elements ---- */

static void check_element(Check *check, const xmlNode *node, const BpfpvSchemaElement *schema);

static void
check_child(Check *check, const xmlNode *node, const BpfpvSchemaElement *parent)
{
    const BpfpvSchemaElement *schema = bpfpv_schema_child(parent, (const char *)node->name);
    g_autofree char *names = bpfpv_schema_child_names(parent);

    /* Without a namespace as with ours: virsh metadata adds it to the element that it is given. */
    if (node->ns && !bpfpv_xml_has_namespace(node, BPFPV_DOMAIN_NAMESPACE)) {
        complain(check, node, NULL, NULL, "its namespace is \"%s\"; within <%s>, it has to be %s",
                 (const char *)node->ns->href, parent->name, BPFPV_DOMAIN_NAMESPACE);
        return;
    }
    if (!schema) {
        complain(check, node, NULL, NULL, "not an element of <%s>; known are: %s", parent->name,
                 names);
        return;
    }
    for (const xmlNode *other = node->prev; other && !schema->repeated; other = other->prev)
        if (bpfpv_xml_is_element(other, schema->name)) {
            complain(check, node, NULL, NULL, "<%s> may have only one <%s>", parent->name,
                     schema->name);
            break;
        }
    check_element(check, node, schema);
}

static void
check_text(Check *check, const xmlNode *text, const BpfpvSchemaElement *schema)
{
    g_autofree char *content = bpfpv_xml_get_text(text);
    g_autofree char *names = bpfpv_schema_child_names(schema);

    if (content && *content)
        complain(check, text->parent, NULL, NULL,
                 "it contains the text \"%s\"; it may contain elements only: %s", content, names);
}

static void
check_element(Check *check, const xmlNode *node, const BpfpvSchemaElement *schema)
{
    check_attributes(check, node, schema);
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            check_child(check, child, schema);
        else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            check_text(check, child, schema);
    }
    for (guint i = 0; i < schema->children->len; i++) {
        const BpfpvSchemaElement *child = g_ptr_array_index(schema->children, i);

        if (child->required && !bpfpv_xml_find_child(node, child->name))
            complain(check, node, NULL, NULL,
                     "it lacks a <%s>; <program name=\"affinity\"/> is the usual one", child->name);
    }
}

/* Whether the element itself is the one that this version knows. */
static gboolean
check_identity(Check *check, const xmlNode *node)
{
    static const char versions[] = "urn:bpfpv:domain:";
    const char *href = node->ns ? (const char *)node->ns->href : NULL;
    guint64 version;

    if (!href)
        complain(check, node, NULL, NULL,
                 "it has no namespace, so that libvirt drops it; write <bpfpv xmlns=\"%s\">",
                 BPFPV_DOMAIN_NAMESPACE);
    else if (g_str_equal(href, BPFPV_DOMAIN_NAMESPACE)) {
        if (bpfpv_xml_is_element(node, "bpfpv"))
            return TRUE;
        complain(check, node, NULL, NULL,
                 "not an element of bpfpv; the element is <bpfpv xmlns=\"%s\">",
                 BPFPV_DOMAIN_NAMESPACE);
    } else if (g_str_has_prefix(href, versions) &&
               g_ascii_string_to_unsigned(href + strlen(versions), 10, 2, G_MAXUINT, &version,
                                          NULL))
        complain(check, node, "xmlns", href,
                 "this is version %" G_GUINT64_FORMAT " of the element, and this bpfpv knows "
                 "version 1; update bpfpv, or write the element for %s",
                 version, BPFPV_DOMAIN_NAMESPACE);
    else
        complain(check, node, "xmlns", href,
                 "not a namespace of bpfpv; the element is <bpfpv xmlns=\"%s\">",
                 BPFPV_DOMAIN_NAMESPACE);
    return FALSE;
}

static void
check_all(Check *check, const xmlNode *element)
{
    if ((!check->domain && !element->ns) || check_identity(check, element))
        check_element(check, element, bpfpv_schema_get());
}

BpfpvMistakes *
bpfpv_element_check(const xmlNode *element, const char *domain, guint n_vcpus,
                    const BpfpvElementContext *context)
{
    Check check = {domain, n_vcpus, {0}, g_ptr_array_new_with_free_func(g_free)};

    if (context)
        check.context = *context;
    check_all(&check, element);
    return check.mistakes;
}
