/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What conf.c, nova.c and policy.c share. */
#pragma once

#include "daemon/conf/conf.h"

/* nova.c: [nova]. After [host], whose cpuset it narrows. Reads nova.conf. */
gboolean bpfpv_conf_read_nova(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error);

/* policy.c: [flavor GLOB] and [domain GLOB]. */
/* Whether it is the name of such a section. */
gboolean bpfpv_conf_is_policy(const char *group);
gboolean bpfpv_conf_read_policy(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error);
