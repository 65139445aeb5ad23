/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's XML: what is configured for bpfpv, and what the rest of it
 * says that matters here. Never blocks. libxml2 is used here and in the
 * element-*.c files only.
 */
#pragma once

#include <glib.h>

#include "core/config.h"
#include "xml/check.h"
#include "xml/policy.h"
#include "xml/status.h"
#include "xml/document.h"

typedef struct {
    char *name;
    char *uuid;
    BpfpvConfig *config; /* (nullable): NULL: it is not to be managed, or what says so is invalid */
    GError *config_error; /* (nullable): why that is invalid */
    char *source;         /* (nullable): where either comes from, for people */
    gboolean has_element; /* there is a <bpfpv> element */
    gboolean is_off;      /* and it says that the domain is not to be managed */
    gboolean stands; /* without an element it would be managed: its flavor or bpfpvd.conf say so */
    BpfpvStatus *status; /* (nullable): what a daemon, here or elsewhere, has noted in it */
    gboolean has_agent;  /* an agent channel is configured */
    gboolean agent_connected;
    /* The channel that the config names; without a config, the default's. */
    char *channel_path;         /* (nullable): host socket; NULL: no such channel */
    char *channel_alias;        /* (nullable): QEMU's device id */
    gboolean channel_connected; /* something in the guest has it open */
} BpfpvDomainXml;

/**
 * bpfpv_domain_xml_parse:
 * @text: a domain's live XML, as virDomainGetXMLDesc() gives it
 * @context: (nullable): what to check the configuration against beside the schema
 * @policy: (nullable): bpfpvd.conf's sections
 *
 * The configuration is that of the <bpfpv> element, if there is one; else that of the flavor and
 * @policy. An invalid one is not an error of this call: see config_error.
 */
BpfpvDomainXml *bpfpv_domain_xml_parse(const char *text, const BpfpvElementContext *context,
                                       const BpfpvPolicy *policy, GError **error);
void bpfpv_domain_xml_free(BpfpvDomainXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDomainXml, bpfpv_domain_xml_free)
