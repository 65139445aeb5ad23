/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills dictionaries; see dict.h. */
#include "core/dict.h"

void
bpfpv_dict_add_value(GVariantBuilder *dict, const char *key, GVariant *value)
{
    g_variant_builder_add(dict, "{sv}", key, value);
}

void
bpfpv_dict_add_string(GVariantBuilder *dict, const char *key, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value != NULL ? value : "", -1);

    bpfpv_dict_add_value(dict, key, g_variant_new_string(valid));
}

void
bpfpv_dict_add_uint(GVariantBuilder *dict, const char *key, guint value)
{
    bpfpv_dict_add_value(dict, key, g_variant_new_uint32(value));
}

void
bpfpv_dict_add_uint64(GVariantBuilder *dict, const char *key, guint64 value)
{
    bpfpv_dict_add_value(dict, key, g_variant_new_uint64(value));
}

void
bpfpv_dict_add_boolean(GVariantBuilder *dict, const char *key, gboolean value)
{
    bpfpv_dict_add_value(dict, key, g_variant_new_boolean(value));
}

void
bpfpv_dict_add_set(GVariantBuilder *dict, const char *key, const BpfpvCpuset *set)
{
    g_autofree char *text = set != NULL ? bpfpv_cpuset_format(set) : NULL;

    bpfpv_dict_add_string(dict, key, text);
}
