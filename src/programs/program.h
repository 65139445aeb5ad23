/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host half of a guest program, and the registry of all of them. A new
 * program is a NAME.bpf.c in bpf/, a NAME.c here, and a line in registry.c.
 */
#pragma once

#include "core/demand.h"
#include "core/topology/guest-cpus.h"
#include "core/table/table.h"

typedef struct {
    const char *name; /* of the program and its object file */
    /* What it keeps of its table as records arrive; a malformed value is skipped. */
    BpfpvDigestFuncs digest;
    /* Adds to @demand what a table's @digest says. @cpus: which vCPUs the guest's CPUs are. Its
     * cost must not grow with the number of keys. Pure. */
    void (*add_demand)(gconstpointer digest, const BpfpvGuestCpus *cpus, BpfpvDemand *demand);
    /* Returns: (transfer full): a value as people write it; "?" for a malformed one. Pure. */
    char *(*format_value)(const guint8 *value, gsize size);
} BpfpvProgram;

extern const BpfpvProgram bpfpv_program_affinity;

/**
 * bpfpv_program_find:
 *
 * Returns: (nullable): the program of this name
 */
const BpfpvProgram *bpfpv_program_find(const char *name);

/**
 * bpfpv_program_list:
 *
 * Returns: (transfer container) (element-type utf8): the names of all programs
 */
GPtrArray *bpfpv_program_list(void);

/**
 * bpfpv_program_names:
 *
 * Returns: (transfer full): the known names, comma-separated, for messages
 */
char *bpfpv_program_names(void);
