/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes what the schema says for people: "describe man" the elements' part of
 * bpfpv-xml(5), "describe readme" the table of the README, "describe settings"
 * that of docs/openstack.md. Built, not installed.
 */
#include <string.h>

#include "xml/nova.h"
#include "xml/schema.h"
#include "xml/settings.h"

/* "a number from 0 to 8192", "exclusive, shared", "a set of CPUs such as …" */
static char *
values_of(const BpfpvSchemaAttribute *attribute)
{
    switch (attribute->type) {
    case BPFPV_SCHEMA_CHOICE:
        return g_strjoinv(", ", (char **)attribute->choices->pdata);
    case BPFPV_SCHEMA_NUMBER:
        return g_strdup_printf("%u to %u %s", attribute->least, attribute->most, attribute->unit);
    default:
        return g_strdup(attribute->is);
    }
}

/* scdoc takes underscores for underlining. */
static char *
escape(const char *text)
{
    GString *out = g_string_new(text);

    g_string_replace(out, "_", "\\_", 0);
    g_string_replace(out, "*", "\\*", 0);
    g_string_replace(out, "<", "\\<", 0);
    return g_string_free(out, FALSE);
}

static void
print_man_attribute(const BpfpvSchemaElement *element, const BpfpvSchemaAttribute *attribute)
{
    g_autofree char *values = values_of(attribute);
    g_autofree char *clean = escape(values);
    g_autofree char *sentence = escape(attribute->sentence);

    g_print("*%s*\n\t%s\n\n\tValue: %s. ", attribute->name, sentence, clean);
    if (attribute->required)
        g_print("It has to be there.\n\n");
    else
        g_print("Default: %s.\n\n", attribute->standard);
}

static void
print_man(const BpfpvSchemaElement *element, const char *path)
{
    g_autofree char *here = g_strdup_printf("%s<%s>", path, element->name);

    g_print("## %s\n\n%s %s\n\n", here, element->sentence,
            element->required ? (element->repeated ? "At least one has to be there." : "")
                              : "May be left out; at most one.");
    for (guint i = 0; i < element->attributes->len; i++)
        print_man_attribute(element, g_ptr_array_index(element->attributes, i));
    for (guint i = 0; i < element->children->len; i++)
        print_man(g_ptr_array_index(element->children, i), "");
}

static void
print_readme(const BpfpvSchemaElement *element)
{
    for (guint i = 0; i < element->attributes->len; i++) {
        const BpfpvSchemaAttribute *attribute = g_ptr_array_index(element->attributes, i);
        g_autofree char *values = values_of(attribute);

        g_print("| `%s %s` | %s | %s | %s |\n", element->name, attribute->name, attribute->sentence,
                values, attribute->required ? "has to be there" : attribute->standard);
    }
    for (guint i = 0; i < element->children->len; i++)
        print_readme(g_ptr_array_index(element->children, i));
}

static void
print_settings(void)
{
    g_print("| extra spec | in a section | in `<bpfpv>` | image property | values | default |\n"
            "|---|---|---|---|---|---|\n");
    for (guint i = 0; bpfpv_setting(i); i++) {
        const BpfpvSetting *setting = bpfpv_setting(i);
        const BpfpvSchemaAttribute *schema = bpfpv_setting_schema(setting);
        const char *slash = strrchr(setting->element, '/');
        g_autofree char *values = values_of(schema);
        g_autofree char *property =
            g_strconcat("`" BPFPV_NOVA_PROPERTY_PREFIX, setting->name, "`", NULL);

        g_print("| `" BPFPV_NOVA_SPEC_PREFIX "%s` | `%s` | `%s %s` | %s | %s | %s |\n",
                setting->name, setting->name, slash ? slash + 1 : setting->element,
                setting->attribute, setting->tenant == BPFPV_TENANT_NOTHING ? "" : property, values,
                g_str_equal(setting->name, "affinity") ? "not managed" : schema->standard);
    }
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "man") == 0) {
        print_man(bpfpv_schema_get(), "");
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "readme") == 0) {
        g_print("| attribute | meaning | values | default |\n|---|---|---|---|\n");
        print_readme(bpfpv_schema_get());
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "settings") == 0) {
        print_settings();
        return 0;
    }
    g_printerr("usage: describe man|readme|settings\n");
    return 2;
}
