/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of agent-conf share. */
#pragma once

#include "nova-hook/conf/conf.h"

/**
 * bpfpv_agent_conf_set:
 * @known: (out): whether there is such a setting
 *
 * Takes one setting; where there are several of the same name, the last one stands.
 */
gboolean bpfpv_agent_conf_set(BpfpvAgentConf *conf, const char *section, const char *key,
                              const char *value, gboolean *known, GError **error);
/* Frees the texts. */
void bpfpv_agent_conf_clear(BpfpvAgentConf *conf);
/* As it is written. */
const char *bpfpv_agent_conf_auth_name(BpfpvAuthType type);

/* Asks nova.conf, if it is told where that is, for what is not said here. */
gboolean bpfpv_agent_conf_take_nova(BpfpvAgentConf *conf, GError **error);
