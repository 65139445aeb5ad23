/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of a scenario's JSON. A person wrote it: what is of another type, out of range or has a
 * name that nobody knows is an error that says where it is, what is there and what should be.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "ctl/scenario/scenario.h"

/* Where reading stands. */
typedef struct {
    const char *path;
    BpfpvScenario *scenario;
    const BpfpvCpuset *present; /* (nullable): host CPUs, once the host is read */
    GError **error;
} BpfpvScenarioReader;

/* An object of the scenario's. */
typedef struct {
    const BpfpvScenarioReader *reader;
    const char *where;  /* before every error: "domain web1: "; "" is the scenario itself */
    JsonObject *object; /* (nullable): it is not there, and nothing in it */
} BpfpvScenarioPart;

/* Sets the error, with the file's name and the place before it. Returns: FALSE */
gboolean bpfpv_scenario_fail(const BpfpvScenarioPart *part, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/* @names: all members that there may be, NULL after the last */
gboolean bpfpv_scenario_check_names(const BpfpvScenarioPart *part, const char *const *names);

/* All of these leave @value as it is where there is no such member, and return FALSE with the error
 * set for one that can not be right. Strings, objects and arrays: (transfer none). */
gboolean bpfpv_scenario_string(const BpfpvScenarioPart *part, const char *name, const char **value);
gboolean bpfpv_scenario_object(const BpfpvScenarioPart *part, const char *name, JsonObject **value);
gboolean bpfpv_scenario_array(const BpfpvScenarioPart *part, const char *name, JsonArray **value);
/* The object that is entry @index of @array, a list. */
gboolean bpfpv_scenario_entry(const BpfpvScenarioPart *part, JsonArray *array, guint index,
                              JsonObject **value);
gboolean bpfpv_scenario_uint(const BpfpvScenarioPart *part, const char *name, guint least,
                             guint most, guint *value);
/* @within: (nullable): CPUs that there are; @whose: "the host has CPUs"
 * @value: replaced; (transfer full) */
gboolean bpfpv_scenario_set(const BpfpvScenarioPart *part, const char *name,
                            const BpfpvCpuset *within, const char *whose, BpfpvCpuset **value);
/* The same of the host's CPUs. */
gboolean bpfpv_scenario_host_set(const BpfpvScenarioPart *part, const char *name,
                                 BpfpvCpuset **value);
/* @to_string: names the values from 0 on, NULL after the last */
gboolean bpfpv_scenario_choice(const BpfpvScenarioPart *part, const char *name,
                               const char *(*to_string)(guint), guint *value);
/* The name of a member that is a vCPU's number, below @n. */
gboolean bpfpv_scenario_vcpu(const BpfpvScenarioPart *part, const char *name, guint n, guint *vcpu);

/* @name: relative to the scenario's folder. Returns: (transfer full) (nullable) */
char *bpfpv_scenario_file(const BpfpvScenarioPart *part, const char *name);

/* domain.c: reads one domain of the scenario, the @index-th. */
gboolean bpfpv_scenario_read_domain(const BpfpvScenarioReader *reader, JsonArray *domains,
                                    guint index);
void bpfpv_scenario_domain_free(gpointer domain);

/* near.c: where the host's PCI devices are, and what a domain is to live near to. */
gboolean bpfpv_scenario_read_devices(const BpfpvScenarioReader *reader,
                                     const BpfpvScenarioPart *root);
/* @part: its "placement" */
gboolean bpfpv_scenario_read_near(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain);

/* xml.c: what a domain's XML says of its vCPUs, its threads and what is configured. */
gboolean bpfpv_scenario_take_xml(const BpfpvScenarioPart *part, const char *file,
                                 BpfpvScenarioDomain *domain);
/* @set: (nullable): any host CPU */
void bpfpv_scenario_add_thread(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain,
                               BpfpvThreadKind kind, guint id, const BpfpvCpuset *set);
