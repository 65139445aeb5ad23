/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* placement.conf, and the credentials beside it. */
#pragma once

#include "nova-hook/http/secret.h"

typedef enum {
    BPFPV_AUTH_NOAUTH2,
    BPFPV_AUTH_PASSWORD,
    BPFPV_AUTH_APPLICATION_CREDENTIAL,
} BpfpvAuthType;

/* All strings but those with a default may be NULL. */
typedef struct {
    /* [placement], with the names of nova.conf's section */
    BpfpvAuthType auth_type;
    char *auth_url;
    char *username, *user_id, *user_domain_name, *user_domain_id;
    char *project_name, *project_id, *project_domain_name, *project_domain_id;
    char *application_credential_id;
    char *region_name;
    char **valid_interfaces; /* default: internal, public */
    char *endpoint_override;
    char *cafile;
    guint timeout_s;     /* default: 30 */
    BpfpvSecret *secret; /* password or application credential's; NULL for noauth2 */

    /* [node] */
    char *provider;   /* UUID or name of this host's resource provider */
    char *compute_id; /* file with its UUID */
    char *nova_conf;  /* nova-compute's configuration, for what is not said here */

    /* [agent] */
    guint interval_s; /* default: 60 */
    gboolean keep_on_stop;
    int anchors;               /* -1: as many as bpfpvd says */
    char *provider_config_dir; /* default: by nova_conf; "": not looked at */
} BpfpvAgentConf;

/**
 * bpfpv_agent_conf_load:
 * @path: (nullable): default: /etc/bpfpv/placement.conf
 * @with_credentials: whether a service will be talked to
 */
BpfpvAgentConf *bpfpv_agent_conf_load(const char *path, gboolean with_credentials, GError **error);
void bpfpv_agent_conf_free(BpfpvAgentConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvAgentConf, bpfpv_agent_conf_free)
