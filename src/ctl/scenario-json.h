/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a scenario's JSON. What is of another type is as if it were not there. */
#pragma once

#include <json-glib/json-glib.h>

#include "ctl/scenario.h"

/* Where reading stands. */
typedef struct {
    const char *path;
    BpfpvScenario *scenario;
    const BpfpvCpuset *present; /* host CPUs, once the host is read */
    GError **error;
} BpfpvScenarioReader;

/* Sets the error, with the file's name before it. Returns: FALSE */
gboolean bpfpv_scenario_fail(const BpfpvScenarioReader *reader, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/* @object of all of these: (nullable). Returns: (nullable) (transfer none) */
const char *bpfpv_scenario_string(JsonObject *object, const char *name);
JsonObject *bpfpv_scenario_object(JsonObject *object, const char *name);
JsonArray *bpfpv_scenario_array(JsonObject *object, const char *name);

/* These leave @value as it is where there is no such member, and return FALSE with the error set
 * for one that can not be right. */
gboolean bpfpv_scenario_uint(const BpfpvScenarioReader *reader, JsonObject *object,
                             const char *name, guint most, guint *value);
/* @set: (transfer full) */
gboolean bpfpv_scenario_set(const BpfpvScenarioReader *reader, JsonObject *object, const char *name,
                            BpfpvCpuset **set);
/* @to_string: names the values from 0 on, NULL after the last */
gboolean bpfpv_scenario_choice(const BpfpvScenarioReader *reader, JsonObject *object,
                               const char *name, const char *(*to_string)(guint), guint *value);

/* @name: relative to the scenario's folder. Returns: (transfer full) (nullable) */
char *bpfpv_scenario_file(const BpfpvScenarioReader *reader, const char *name);

/* scenario-domain.c: reads one domain of the scenario. */
gboolean bpfpv_scenario_read_domain(const BpfpvScenarioReader *reader, JsonObject *object);
void bpfpv_scenario_domain_free(gpointer domain);
