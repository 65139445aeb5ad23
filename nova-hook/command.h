/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command of bpfpv-placement is; they are listed in main.c. */
#pragma once

#include "nova-hook/conf/conf.h"

/* What the command line says. */
typedef struct {
    const char *bus_address; /* (nullable): the system bus */
    gboolean json;
    const char *provider; /* (nullable) */
    int anchors;          /* -1: not given */
} BpfpvCommandLine;

typedef struct {
    const char *name;
    const char *summary;
    gboolean talks; /* to Keystone and Placement, and so needs credentials */
    /* Returns: whether it did what it is for; @error need not be set if it has said why itself */
    gboolean (*run)(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error);
} BpfpvPlacementCommand;

extern const BpfpvPlacementCommand bpfpv_placement_ensure;
extern const BpfpvPlacementCommand bpfpv_placement_withdraw;
extern const BpfpvPlacementCommand bpfpv_placement_status;
extern const BpfpvPlacementCommand bpfpv_placement_run;
extern const BpfpvPlacementCommand bpfpv_placement_provider_config;
