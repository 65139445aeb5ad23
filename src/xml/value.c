/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks one value against the schema; see value.h. */
#include "xml/value.h"

static char *
check_cpuset(const BpfpvSchemaAttribute *attribute, const char *value, const BpfpvCpuset *host_cpus)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) set = NULL;
    g_autofree char *missing = NULL;
    g_autofree char *present = NULL;

    if (!g_regex_match(attribute->pattern, value, 0, NULL))
        return g_strdup_printf("\"%s\" is not %s", value, attribute->is);
    set = bpfpv_cpuset_parse(value, &error);
    if (!set)
        return g_strdup(error->message);
    if (!host_cpus || bpfpv_cpuset_is_subset(set, host_cpus))
        return NULL;
    bpfpv_cpuset_subtract(set, host_cpus);
    missing = bpfpv_cpuset_format(set);
    present = bpfpv_cpuset_format(host_cpus);
    return g_strdup_printf("this host has no CPU %s; its CPUs are %s", missing, present);
}

static char *
check_number(const BpfpvSchemaAttribute *attribute, const char *value, guint n_vcpus)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, attribute->least, attribute->most, &number, NULL))
        return g_strdup_printf("\"%s\" is not a number from %u to %u", value, attribute->least,
                               attribute->most);
    if (g_str_equal(attribute->name, "anchors") && n_vcpus > 0 && number > n_vcpus)
        return g_strdup_printf("%s anchors are more than the %u vCPU%s that the domain has", value,
                               n_vcpus, n_vcpus == 1 ? "" : "s");
    return NULL;
}

char *
bpfpv_value_mistake(const BpfpvSchemaAttribute *attribute, const char *value,
                    const BpfpvCpuset *host_cpus, guint n_vcpus)
{
    g_autofree char *choices = NULL;

    switch (attribute->type) {
    case BPFPV_SCHEMA_CPUSET:
        return check_cpuset(attribute, value, host_cpus);
    case BPFPV_SCHEMA_NUMBER:
        return check_number(attribute, value, n_vcpus);
    case BPFPV_SCHEMA_PATTERN:
        if (g_regex_match(attribute->pattern, value, 0, NULL))
            return NULL;
        return g_strdup_printf("\"%s\" is not %s", value, attribute->is);
    case BPFPV_SCHEMA_CHOICE:
        if (g_strv_contains((const char *const *)attribute->choices->pdata, value))
            return NULL;
        choices = g_strjoinv(", ", (char **)attribute->choices->pdata);
        return g_strdup_printf("\"%s\" is not one of %s", value, choices);
    case BPFPV_SCHEMA_PROGRAM:
        break;
    }
    return NULL;
}
