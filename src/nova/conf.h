/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads nova.conf as nova-compute does: the format of oslo.config, and Nova's
 * notation for sets of CPUs. Values are as they are written: $names in them are
 * not replaced. Messages never quote a line, as the file holds passwords.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"

#define BPFPV_NOVA_CONF_ERROR (bpfpv_nova_conf_error_quark())
typedef enum {
    BPFPV_NOVA_CONF_ERROR_SYNTAX, /* of a file, or of a set of CPUs */
    BPFPV_NOVA_CONF_ERROR_FILE,   /* can't be read, or is not a file of that kind at all */
} BpfpvNovaConfError;
GQuark bpfpv_nova_conf_error_quark(void);

/* What is read of one file at the most: twice a sample nova.conf with every option in it. */
#define BPFPV_NOVA_CONF_MOST (2 * 1024 * 1024)

typedef struct _BpfpvNovaConf BpfpvNovaConf;

/* Returns: (transfer full): nothing is set */
BpfpvNovaConf *bpfpv_nova_conf_new(void);
void bpfpv_nova_conf_free(BpfpvNovaConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvNovaConf, bpfpv_nova_conf_free)

/**
 * bpfpv_nova_conf_parse:
 * @text: @length bytes, of whatever kind
 * @name: what to call it in errors, a file's name
 * @error: return location, domain %BPFPV_NOVA_CONF_ERROR: NAME:LINE and what is wrong there
 *
 * Adds what one file says; where it says something anew, the later one stands. Pure.
 */
gboolean bpfpv_nova_conf_parse(BpfpvNovaConf *conf, const char *text, gsize length,
                               const char *name, GError **error);

/**
 * bpfpv_nova_conf_load:
 * @file: nova.conf, wherever it lies
 * @error: return location, domain %BPFPV_NOVA_CONF_ERROR
 *
 * Reads what nova-compute reads where it is started without options, in its order: @file,
 * nova-compute.conf beside it, then of the directories FILE.d and nova-compute.conf.d every *.conf,
 * by name. Each may be missing, but not all of them. Blocks.
 *
 * Returns: (transfer full): what they say, or %NULL with @error set
 */
BpfpvNovaConf *bpfpv_nova_conf_load(const char *file, GError **error);

/**
 * bpfpv_nova_conf_get:
 * @section: "DEFAULT", "compute", …; upper and lower case are the same but for DEFAULT
 * @key: an option's name, as it is written
 *
 * Returns: (transfer none) (nullable): its value, with the lines of a continued one separated by
 *   line feeds; %NULL where it is not set
 */
const char *bpfpv_nova_conf_get(const BpfpvNovaConf *conf, const char *section, const char *key);

/**
 * bpfpv_nova_cpu_spec_parse:
 * @spec: "4-12,^8,15": numbers, ranges, and both with ^ to exclude them
 * @error: return location, domain %BPFPV_NOVA_CONF_ERROR
 *
 * As Nova reads cpu_shared_set and its like: what is excluded is excluded wherever it stands, empty
 * items count for nothing. A set without any CPU is an error, and so is a CPU above
 * BPFPV_CPUSET_MAX - 1, of which Nova knows no limit.
 *
 * Returns: (transfer full): the set, or %NULL with @error set
 */
BpfpvCpuset *bpfpv_nova_cpu_spec_parse(const char *spec, GError **error);
