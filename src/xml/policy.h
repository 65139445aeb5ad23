/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds for a domain that has no <bpfpv> element: its flavor's extra specs, then bpfpvd.conf's
 * sections by flavor and by domain. Pure.
 */
#pragma once

#include "xml/nova.h"
#include "xml/settings.h"

/* What a section's pattern is compared with. */
typedef enum {
    BPFPV_SECTION_DOMAIN, /* the domain's name */
    BPFPV_SECTION_FLAVOR, /* the name of its flavor in Nova's metadata */
} BpfpvSectionKind;

/* bpfpvd.conf's sections. Not changed once it is filled, and can then be read in any thread. */
typedef struct _BpfpvPolicy BpfpvPolicy;

BpfpvPolicy *bpfpv_policy_new(void);
/* A reference for another thread, which may still use it when the file has been read again. */
BpfpvPolicy *bpfpv_policy_ref(BpfpvPolicy *policy);
/* @policy: (nullable) */
void bpfpv_policy_unref(BpfpvPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPolicy, bpfpv_policy_unref)

/**
 * bpfpv_policy_add_section:
 * @glob: * stands for any text, ? for one character
 *
 * Returns: (transfer none): its settings, to be filled
 */
BpfpvSettings *bpfpv_policy_add_section(BpfpvPolicy *policy, BpfpvSectionKind kind,
                                        const char *glob);

/* How long @glob and @text are multiplies, at the worst. */
gboolean bpfpv_policy_glob_matches(const char *glob, const char *text);

/**
 * bpfpv_policy_config:
 * @policy: (nullable): %NULL: there are no sections
 * @domain: its name
 * @nova: (nullable): what Nova says of it
 * @context: (nullable): what to check it against beside the schema
 * @source: (out) (transfer full) (nullable): where the settings are from, for people: nothing that
 *   a flavor or tenant could have written is in it
 * @error: return location, domain %BPFPV_XML_ERROR
 *
 * Each setting is of the first that says it: the flavor's extra specs, then every section that
 * matches, in their order. Then the image's properties may ask for less.
 *
 * Returns: (transfer full) (nullable): the configuration; %NULL without @error where nothing says
 *   that the domain is to be managed, or something that it is not to be
 */
BpfpvConfig *bpfpv_policy_config(const BpfpvPolicy *policy, const char *domain,
                                 const BpfpvNova *nova, const BpfpvElementContext *context,
                                 char **source, GError **error);
