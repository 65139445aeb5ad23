/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's own configuration: command line and bpfpvd.conf. */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"
#include "core/placer/placement.h"
#include "xml/policy.h"

#define BPFPV_CONF_HOLD_MS 500
#define BPFPV_CONF_INJECTIONS 4

typedef struct {
    char *uri;           /* --connect */
    char *bus_address;   /* --bus-address; NULL: the system bus */
    char *guest_dir;     /* --guest-dir: bpfpv-guest and the program objects */
    char *state_dir;     /* --state-dir */
    char *file;          /* --config; NULL: the default one, which may be absent */
    gboolean check;      /* --check-config */
    gboolean restore;    /* --restore */
    gboolean withdraw;   /* --withdraw */
    char *check_hook;    /* --check-hook: NULL: not asked for */
    gboolean version;    /* --version */
    BpfpvCpuset *cpuset; /* [host] cpuset, within what [nova] leaves: for anchors; NULL: all */
    guint reserve;       /* [host] reserve: host CPUs that never hold an anchor */
    BpfpvSpread spread;  /* [host] spread: which of the places that a domain fits in it gets */
    BpfpvShare share;    /* [host] share: what a domain keeps where there are not enough CPUs */
    guint hold_ms;       /* [host] hold: how long an anchor stays that nobody asks for */
    guint injections;    /* [host] injections: guests that get their loader at once */
    BpfpvPolicy *policy; /* [flavor GLOB] and [domain GLOB] */
    char **test_loader;  /* [test] loader: more options for the guest's loader; NULL: none */
} BpfpvConf;

/**
 * bpfpv_conf_new:
 * @argc: (inout): the command line, options removed
 *
 * Returns: (transfer full): the configuration, files not yet read
 */
BpfpvConf *bpfpv_conf_new(int *argc, char ***argv, GError **error);

/**
 * bpfpv_conf_load:
 * @error: return location; a line for each mistake: place, what is wrong, what would be right
 *
 * Reads the file; also again: what it doesn't say has its default. Where it has a mistake,
 * nothing changes.
 */
gboolean bpfpv_conf_load(BpfpvConf *conf, GError **error);

/**
 * bpfpv_conf_check:
 *
 * Returns: (transfer full) (element-type utf8): what bpfpv_conf_load() would complain about
 */
GPtrArray *bpfpv_conf_check(const BpfpvConf *conf);
/* The file's name, whether it is there or not. */
const char *bpfpv_conf_path(const BpfpvConf *conf);
void bpfpv_conf_free(BpfpvConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvConf, bpfpv_conf_free)
