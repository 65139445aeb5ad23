/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is one value right for what the schema says of it? Asked for attributes of a
 * <bpfpv> element and for settings that come from elsewhere. Pure.
 */
#pragma once

#include "core/cpuset/cpuset.h"
#include "xml/schema.h"

/**
 * bpfpv_value_mistake:
 * @host_cpus: (nullable): the host's, online or not; %NULL: not checked
 * @n_vcpus: the domain's; 0: not known
 *
 * Whether a program is known, a %BPFPV_SCHEMA_PROGRAM, is the caller's to check.
 *
 * Returns: (transfer full) (nullable): what is wrong with @value, for people, who have it before
 *   their eyes; %NULL: nothing
 */
char *bpfpv_value_mistake(const BpfpvSchemaAttribute *attribute, const char *value,
                          const BpfpvCpuset *host_cpus, guint n_vcpus);
