/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The <bpfpv> element as single settings, for where no element can be written: flavors' extra
 * specs and sections of bpfpvd.conf. One table says which attribute a setting is; what values it
 * takes, its default and its meaning are the schema's. Pure but for libxml2.
 */
#pragma once

#include <glib.h>

#include "core/config.h"
#include "xml/check.h"
#include "xml/schema.h"

/* Which way a tenant may move a setting, seen as a number or as the place among its choices. */
typedef enum {
    BPFPV_TENANT_NOTHING,
    BPFPV_TENANT_LOWER,
    BPFPV_TENANT_HIGHER,
} BpfpvTenant;

typedef struct {
    const char *name;      /* "anchors"; after "bpfpv:" in an extra spec */
    const char *element;   /* below <bpfpv>: "program/limit" */
    const char *attribute; /* "anchors" */
    BpfpvTenant tenant;    /* after "hw_bpfpv_" in an image property */
} BpfpvSetting;

/* Returns: (nullable): in the table's order; NULL past its end */
const BpfpvSetting *bpfpv_setting(guint index);
/* Returns: (nullable) */
const BpfpvSetting *bpfpv_setting_find(const char *name);
/* What the schema says of it. */
const BpfpvSchemaAttribute *bpfpv_setting_schema(const BpfpvSetting *setting);
/* Returns: (transfer full): "affinity, cpuset, …" */
char *bpfpv_setting_names(void);

/* Values for some of the settings. */
typedef struct _BpfpvSettings BpfpvSettings;

BpfpvSettings *bpfpv_settings_new(void);
void bpfpv_settings_free(BpfpvSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvSettings, bpfpv_settings_free)

/**
 * bpfpv_settings_set:
 * @value: from wherever; not trusted
 *
 * Returns: (transfer full) (nullable): what is wrong with @name or @value, in characters that do
 *   no harm anywhere; %NULL: it is set
 */
char *bpfpv_settings_set(BpfpvSettings *settings, const char *name, const char *value);
/* Returns: (nullable) */
const char *bpfpv_settings_get(const BpfpvSettings *settings, const char *name);

/**
 * bpfpv_settings_fill:
 *
 * Takes from @other what @settings does not have yet.
 *
 * Returns: whether there was anything
 */
gboolean bpfpv_settings_fill(BpfpvSettings *settings, const BpfpvSettings *other);

/**
 * bpfpv_settings_restrict:
 * @value: a tenant's; not trusted
 *
 * Takes it if tenants may set @name, it is valid, and it asks for less than what holds.
 *
 * Returns: whether it was taken
 */
gboolean bpfpv_settings_restrict(BpfpvSettings *settings, const char *name, const char *value);

/* Returns: (transfer full): the element that says the same; without "affinity", one without a
 * program */
char *bpfpv_settings_to_element(const BpfpvSettings *settings);

/**
 * bpfpv_settings_to_config:
 * @domain: its name, for messages
 * @context: (nullable): what to check it against beside the schema
 * @error: return location, domain %BPFPV_XML_ERROR
 *
 * Returns: (transfer full): the configuration, with no program in it where affinity is off or not
 *   said, or %NULL with @error set
 */
BpfpvConfig *bpfpv_settings_to_config(const BpfpvSettings *settings, const char *domain,
                                      const BpfpvElementContext *context, GError **error);
