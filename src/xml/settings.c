/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single settings instead of a <bpfpv> element; see settings.h. */
#include "xml/settings.h"

#include <string.h>

#include "xml/read.h"
#include "xml/value.h"
#include "xml/document.h"

#define PLACEMENT "program/placement"
#define LIMIT "program/limit"

/* Ordered by element: bpfpv_settings_to_element() opens each once. */
static const BpfpvSetting table[] = {
    {"affinity", PLACEMENT, "mode", BPFPV_TENANT_HIGHER}, /* exclusive, shared, off */
    {"cpuset", PLACEMENT, "cpuset", BPFPV_TENANT_NOTHING},
    {"smt", PLACEMENT, "smt", BPFPV_TENANT_NOTHING},
    {"cohort", PLACEMENT, "cohort", BPFPV_TENANT_NOTHING},
    {"numa", PLACEMENT, "numa", BPFPV_TENANT_NOTHING},
    {"near", PLACEMENT, "near", BPFPV_TENANT_NOTHING},
    {"reserve", PLACEMENT, "reserve", BPFPV_TENANT_NOTHING},
    {"weight", PLACEMENT, "weight", BPFPV_TENANT_NOTHING},
    {"hold", PLACEMENT, "hold", BPFPV_TENANT_NOTHING},
    {"anchors", LIMIT, "anchors", BPFPV_TENANT_LOWER},
    {"keys", LIMIT, "keys", BPFPV_TENANT_NOTHING},
    {"rate", LIMIT, "rate", BPFPV_TENANT_NOTHING},
    {"changes", LIMIT, "changes", BPFPV_TENANT_NOTHING},
    {"burst", LIMIT, "burst", BPFPV_TENANT_NOTHING},
    {"channel", "channel", "name", BPFPV_TENANT_NOTHING},
    {"directory", "guest", "directory", BPFPV_TENANT_NOTHING},
    {"loader-timeout", "timeout", "loader", BPFPV_TENANT_NOTHING},
    {"grace", "timeout", "grace", BPFPV_TENANT_NOTHING},
};

/* More than any valid value has. */
#define VALUE_MOST 1024

struct _BpfpvSettings {
    char *values[G_N_ELEMENTS(table)]; /* NULL: not set */
};

/* ---- the table ---- */

const BpfpvSetting *
bpfpv_setting(guint index)
{
    return index < G_N_ELEMENTS(table) ? &table[index] : NULL;
}

const BpfpvSetting *
bpfpv_setting_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_str_equal(table[i].name, name))
            return &table[i];
    return NULL;
}

const BpfpvSchemaAttribute *
bpfpv_setting_schema(const BpfpvSetting *setting)
{
    g_auto(GStrv) path = g_strsplit(setting->element, "/", -1);
    const BpfpvSchemaElement *element = bpfpv_schema_get();

    for (gsize i = 0; path[i]; i++)
        element = bpfpv_schema_child(element, path[i]);
    return bpfpv_schema_attribute(element, setting->attribute);
}

char *
bpfpv_setting_names(void)
{
    GString *names = g_string_new(table[0].name);

    for (gsize i = 1; i < G_N_ELEMENTS(table); i++)
        g_string_append_printf(names, ", %s", table[i].name);
    return g_string_free(names, FALSE);
}

/* ---- setting ---- */

BpfpvSettings *
bpfpv_settings_new(void)
{
    return g_new0(BpfpvSettings, 1);
}

void
bpfpv_settings_free(BpfpvSettings *settings)
{
    for (gsize i = 0; settings && i < G_N_ELEMENTS(table); i++)
        g_free(settings->values[i]);
    g_free(settings);
}

/* Printable ASCII of a length that a person reads. */
static gboolean
is_plain(const char *text)
{
    gsize length = strlen(text);

    for (gsize i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return FALSE;
    return length <= VALUE_MOST;
}

static char *
mistake_in(const BpfpvSetting *setting, const char *value)
{
    if (!is_plain(value))
        return g_strdup("its value is too long, or has characters that no setting has");
    return bpfpv_value_mistake(bpfpv_setting_schema(setting), value, NULL, 0);
}

char *
bpfpv_settings_set(BpfpvSettings *settings, const char *name, const char *value)
{
    const BpfpvSetting *setting = bpfpv_setting_find(name);
    g_autofree char *names = bpfpv_setting_names();
    char *mistake;

    if (!setting)
        return is_plain(name) && strlen(name) <= 64
                   ? g_strdup_printf("\"%s\" is not a setting; known are: %s", name, names)
                   : g_strdup_printf("it is not a setting; known are: %s", names);
    mistake = mistake_in(setting, value);
    if (mistake)
        return mistake;
    g_free(settings->values[setting - table]);
    settings->values[setting - table] = g_strdup(value);
    return NULL;
}

const char *
bpfpv_settings_get(const BpfpvSettings *settings, const char *name)
{
    const BpfpvSetting *setting = bpfpv_setting_find(name);

    return setting ? settings->values[setting - table] : NULL;
}

gboolean
bpfpv_settings_fill(BpfpvSettings *settings, const BpfpvSettings *other)
{
    gboolean any = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (settings->values[i] || !other->values[i])
            continue;
        settings->values[i] = g_strdup(other->values[i]);
        any = TRUE;
    }
    return any;
}

/* ---- restricting ---- */

/* A valid value as a number to compare; G_MAXUINT where there is no limit. */
static guint
rank_of(const BpfpvSchemaAttribute *schema, const char *value)
{
    guint64 number;

    for (guint i = 0; i + 1 < schema->choices->len; i++)
        if (g_str_equal(schema->choices->pdata[i], value))
            return i;
    return g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT, &number, NULL) ? (guint)number
                                                                              : G_MAXUINT;
}

gboolean
bpfpv_settings_restrict(BpfpvSettings *settings, const char *name, const char *value)
{
    const BpfpvSetting *setting = bpfpv_setting_find(name);
    const BpfpvSchemaAttribute *schema;
    g_autofree char *mistake = NULL;
    const char *present;
    guint wanted, holds;

    if (!setting || setting->tenant == BPFPV_TENANT_NOTHING)
        return FALSE;
    mistake = mistake_in(setting, value);
    if (mistake)
        return FALSE;
    schema = bpfpv_setting_schema(setting);
    present = settings->values[setting - table];
    wanted = rank_of(schema, value);
    holds = rank_of(schema, present ? present : schema->standard);
    if (setting->tenant == BPFPV_TENANT_LOWER ? wanted >= holds : wanted <= holds)
        return FALSE;
    g_free(settings->values[setting - table]);
    settings->values[setting - table] = g_strdup(value);
    return TRUE;
}

/* ---- as an element ---- */

/* The attributes of the settings that lie in @element; nothing where none is set. */
static void
append_element(const BpfpvSettings *settings, GString *xml, const char *element)
{
    const char *slash = strrchr(element, '/');
    gboolean opened = FALSE;

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *value = NULL;

        if (!settings->values[i] || !g_str_equal(table[i].element, element))
            continue;
        value = g_markup_escape_text(settings->values[i], -1);
        if (!opened)
            g_string_append_printf(xml, "<%s", slash ? slash + 1 : element);
        opened = TRUE;
        g_string_append_printf(xml, " %s=\"%s\"", table[i].attribute, value);
    }
    if (opened)
        g_string_append(xml, "/>");
}

char *
bpfpv_settings_to_element(const BpfpvSettings *settings)
{
    GString *xml = g_string_new("<bpfpv xmlns=\"" BPFPV_DOMAIN_NAMESPACE "\">");

    if (bpfpv_settings_get(settings, "affinity")) {
        g_string_append(xml, "<program name=\"affinity\">");
        append_element(settings, xml, PLACEMENT);
        append_element(settings, xml, LIMIT);
        g_string_append(xml, "</program>");
    }
    append_element(settings, xml, "channel");
    append_element(settings, xml, "guest");
    append_element(settings, xml, "timeout");
    g_string_append(xml, "</bpfpv>");
    return g_string_free(xml, FALSE);
}

BpfpvConfig *
bpfpv_settings_to_config(const BpfpvSettings *settings, const char *domain,
                         const BpfpvElementContext *context, GError **error)
{
    g_autofree char *text = bpfpv_settings_to_element(settings);
    g_autoptr(BpfpvXmlDoc) doc = NULL;

    if (!bpfpv_settings_get(settings, "affinity"))
        return bpfpv_config_new();
    doc = bpfpv_xml_parse(text, strlen(text), error);
    /* No number of vCPUs: a section is for domains of many sizes, whose limit may be above all. */
    return doc ? bpfpv_element_read(xmlDocGetRootElement(doc), domain, 0, context, error) : NULL;
}
