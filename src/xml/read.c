/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a <bpfpv> element to a BpfpvConfig; see read.h. Only what was
 * checked is read, so that nothing in here can fail.
 */
#include "xml/read.h"

#include "xml/document.h"

static void
read_uint(const xmlNode *node, const char *name, guint *result)
{
    bpfpv_xml_get_uint(node, name, 0, G_MAXUINT, result);
}

static void
read_text(const xmlNode *node, const char *name, char **result)
{
    char *value = bpfpv_xml_get_attribute(node, name);

    if (!value)
        return;
    g_free(*result);
    *result = value;
}

/* The number of @name's value among those that @to_string knows; what the schema lets through. */
static guint
read_choice(const xmlNode *node, const char *name, const char *(*to_string)(guint), guint otherwise)
{
    g_autofree char *value = bpfpv_xml_get_attribute(node, name);

    for (guint i = 0; value && to_string(i); i++)
        if (g_str_equal(value, to_string(i)))
            return i;
    return otherwise;
}

static void
read_placement(const xmlNode *node, BpfpvConfig *config)
{
    config->mode =
        (BpfpvPlacementMode)read_choice(node, "mode", bpfpv_mode_to_string, BPFPV_MODE_EXCLUSIVE);
    config->smt = (BpfpvSmt)read_choice(node, "smt", bpfpv_smt_to_string, config->smt);
    config->cohort =
        (BpfpvCohortPolicy)read_choice(node, "cohort", bpfpv_cohort_to_string, config->cohort);
    config->numa = (BpfpvNuma)read_choice(node, "numa", bpfpv_numa_to_string, config->numa);
    config->near = (BpfpvNear)read_choice(node, "near", bpfpv_near_to_string, config->near);
    read_uint(node, "reserve", &config->reserve);
    read_uint(node, "weight", &config->weight);
    read_uint(node, "hold", &config->hold_ms);
    g_clear_pointer(&config->cpuset, bpfpv_cpuset_free);
    config->cpuset = bpfpv_xml_get_cpuset(node, "cpuset");
}

static void
read_program(const xmlNode *node, BpfpvConfig *config)
{
    const xmlNode *placement = bpfpv_xml_find_child(node, "placement");
    const xmlNode *limit = bpfpv_xml_find_child(node, "limit");
    g_autofree char *mode = bpfpv_xml_get_attribute(placement, "mode");

    if (g_strcmp0(mode, "off") == 0)
        return;
    g_ptr_array_add(config->programs, bpfpv_xml_get_attribute(node, "name"));
    if (placement)
        read_placement(placement, config);
    read_uint(limit, "anchors", &config->max_anchors);
    read_uint(limit, "keys", &config->max_keys);
    read_uint(limit, "rate", &config->rate);
    read_uint(limit, "changes", &config->changes);
    read_uint(limit, "burst", &config->burst);
}

static BpfpvConfig *
read_valid(const xmlNode *element)
{
    BpfpvConfig *config = bpfpv_config_new();
    const xmlNode *timeout = bpfpv_xml_find_child(element, "timeout");

    for (const xmlNode *child = element->children; child; child = child->next)
        if (bpfpv_xml_is_element(child, "program"))
            read_program(child, config);
    read_text(bpfpv_xml_find_child(element, "channel"), "name", &config->channel);
    read_text(bpfpv_xml_find_child(element, "guest"), "directory", &config->directory);
    read_uint(timeout, "loader", &config->loader_timeout_s);
    read_uint(timeout, "grace", &config->grace_s);
    return config;
}

BpfpvConfig *
bpfpv_element_read(const xmlNode *element, const char *domain, guint n_vcpus,
                   const BpfpvElementContext *context, GError **error)
{
    g_autoptr(BpfpvMistakes) mistakes = bpfpv_element_check(element, domain, n_vcpus, context);
    g_autofree char *text = NULL;

    if (mistakes->len == 0)
        return read_valid(element);
    g_ptr_array_add(mistakes, NULL);
    text = g_strjoinv("; ", (char **)mistakes->pdata);
    g_set_error_literal(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_INVALID, text);
    return NULL;
}
