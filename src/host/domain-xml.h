/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's XML: what is configured for bpfpv, and what the rest of it
 * says that matters here. The only user of libxml2. Never blocks.
 */
#pragma once

#include <glib.h>

#include "core/config.h"

#define BPFPV_XML_ERROR (bpfpv_xml_error_quark())
typedef enum {
    BPFPV_XML_ERROR_SYNTAX,  /* not well-formed, or not a domain */
    BPFPV_XML_ERROR_INVALID, /* the <bpfpv> element has something wrong */
} BpfpvXmlError;
GQuark bpfpv_xml_error_quark(void);

typedef struct {
    char *name;
    char *uuid;
    BpfpvConfig *config;  /* (nullable): NULL: no <bpfpv> element, or an invalid one */
    GError *config_error; /* (nullable): why the element is invalid */
    gboolean has_agent;   /* an agent channel is configured */
    gboolean agent_connected;
    /* The channel that the config names; without a config, the default's. */
    char *channel_path;   /* (nullable): host socket; NULL: no such channel */
    char *channel_alias;  /* (nullable): QEMU's device id */
    gboolean channel_connected; /* something in the guest has it open */
} BpfpvDomainXml;

/**
 * bpfpv_domain_xml_parse:
 * @text: a domain's live XML, as virDomainGetXMLDesc() gives it
 *
 * An invalid <bpfpv> element is not an error of this call: see config_error.
 */
BpfpvDomainXml *bpfpv_domain_xml_parse(const char *text, GError **error);
void bpfpv_domain_xml_free(BpfpvDomainXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDomainXml, bpfpv_domain_xml_free)

/**
 * bpfpv_config_parse:
 * @text: a <bpfpv> element
 * @domain: the domain's name, for messages
 */
BpfpvConfig *bpfpv_config_parse(const char *text, const char *domain, GError **error);
