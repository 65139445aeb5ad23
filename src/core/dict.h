/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills the dictionaries (a{sv}) that the bus and bpfpvctl's JSON are made of. */
#pragma once

#include "core/cpuset/cpuset.h"

/* @value: (nullable): any bytes; what is not UTF-8 is replaced, NULL is "" */
void bpfpv_dict_add_string(GVariantBuilder *dict, const char *key, const char *value);
void bpfpv_dict_add_uint(GVariantBuilder *dict, const char *key, guint value);
void bpfpv_dict_add_uint64(GVariantBuilder *dict, const char *key, guint64 value);
void bpfpv_dict_add_boolean(GVariantBuilder *dict, const char *key, gboolean value);
/* @set: (nullable): as text, "0-3,8"; NULL is "" */
void bpfpv_dict_add_set(GVariantBuilder *dict, const char *key, const BpfpvCpuset *set);
/* @value: taken if floating */
void bpfpv_dict_add_value(GVariantBuilder *dict, const char *key, GVariant *value);
