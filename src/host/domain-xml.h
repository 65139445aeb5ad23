/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's XML: what is configured for bpfpv, and what the rest of it
 * says that matters here. Never blocks. libxml2 is used here and in the
 * element-*.c files only.
 */
#pragma once

#include <glib.h>

#include "core/config.h"
#include "host/element-check.h"
#include "host/element-status.h"
#include "host/element-xml.h"

typedef struct {
    char *name;
    char *uuid;
    BpfpvConfig *config;  /* (nullable): NULL: no <bpfpv> element, or an invalid one */
    GError *config_error; /* (nullable): why the element is invalid */
    BpfpvStatus *status;  /* (nullable): what a daemon, here or elsewhere, has noted in it */
    gboolean has_agent;   /* an agent channel is configured */
    gboolean agent_connected;
    /* The channel that the config names; without a config, the default's. */
    char *channel_path;         /* (nullable): host socket; NULL: no such channel */
    char *channel_alias;        /* (nullable): QEMU's device id */
    gboolean channel_connected; /* something in the guest has it open */
} BpfpvDomainXml;

/**
 * bpfpv_domain_xml_parse:
 * @text: a domain's live XML, as virDomainGetXMLDesc() gives it
 * @context: (nullable): what to check the element against beside the schema
 *
 * An invalid <bpfpv> element is not an error of this call: see config_error.
 */
BpfpvDomainXml *bpfpv_domain_xml_parse(const char *text, const BpfpvElementContext *context,
                                       GError **error);
void bpfpv_domain_xml_free(BpfpvDomainXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDomainXml, bpfpv_domain_xml_free)
