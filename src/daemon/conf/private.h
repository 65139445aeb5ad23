/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What conf.c and its parts share: file.c reads bpfpvd.conf, nova.c and policy.c their sections. */
#pragma once

#include "daemon/conf/conf.h"
#include "daemon/conf/lines.h"

/* One reading of the file. */
typedef struct {
    BpfpvConf *conf;
    const char *path;
    GPtrArray *mistakes;                     /* of char * */
    GPtrArray *lines;                        /* of BpfpvConfLine */
    const BpfpvConfLine *config;             /* (nullable): [nova] config */
    const BpfpvConfLine *shared, *dedicated; /* (nullable): [nova] cpu_shared_set, … */
    GHashTable *policies;                    /* section's name → BpfpvSettings, the policy's */
} BpfpvConfReading;

/* file.c: */
/**
 * bpfpv_conf_read_file:
 * @conf: with all defaults
 * @path: the file
 * @optional: that it is not there is no mistake
 *
 * Returns: (transfer full) (element-type utf8): every mistake: place, what is wrong, what would be
 *   right; where there are any, @conf is of no use
 */
GPtrArray *bpfpv_conf_read_file(BpfpvConf *conf, const char *path, gboolean optional);
/* "FILE:LINE: [SECTION] KEY = VALUE: " and what is wrong. */
void bpfpv_conf_add_mistake(BpfpvConfReading *reading, const BpfpvConfLine *line,
                            const char *format, ...) G_GNUC_PRINTF(3, 4);

/* nova.c: [nova], and after all else, as it narrows [host] cpuset. Reads nova.conf. */
void bpfpv_conf_read_nova(BpfpvConfReading *reading);

/* policy.c: [flavor GLOB] and [domain GLOB]. */
/* Whether it is the name of such a section. */
gboolean bpfpv_conf_is_policy(const char *section);
void bpfpv_conf_take_policy(BpfpvConfReading *reading, const BpfpvConfLine *line);
