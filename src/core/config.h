/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is configured for one domain: the <bpfpv> element as values, with its
 * defaults. Reading it from XML is src/host/domain-xml. Pure.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"
#include "core/placer/placement.h"

#define BPFPV_DOMAIN_NAMESPACE "urn:bpfpv:domain:1"
#define BPFPV_CHANNEL_DEFAULT "org.bpfpv.0"
#define BPFPV_MAX_KEYS_DEFAULT 65536
#define BPFPV_RATE_DEFAULT 200
#define BPFPV_CHANGES_DEFAULT 50
#define BPFPV_LOADER_TIMEOUT_DEFAULT_S 60
#define BPFPV_GRACE_DEFAULT_S 10
#define BPFPV_HOLD_HOST G_MAXUINT

typedef struct {
    GPtrArray *programs;      /* of char *: program names, at least one, no doubles */
    BpfpvPlacementMode mode;  /* default: exclusive */
    BpfpvCpuset *cpuset;      /* (nullable): host CPUs for anchors; NULL: the host's pool */
    BpfpvSmt smt;             /* default: match */
    BpfpvCohortPolicy cohort; /* default: llc */
    BpfpvNuma numa;           /* default: prefer */
    BpfpvNear near;           /* default: memory */
    guint max_anchors;        /* default: G_MAXUINT, no limit */
    guint reserve;            /* CPUs of its pool that it leaves to others; default: 0 */
    guint weight;             /* 1..1000, default: 1 */
    guint hold_ms;            /* 0..60000; BPFPV_HOLD_HOST: the host's, the default */
    guint max_keys;           /* 1..1048576 per program, default BPFPV_MAX_KEYS_DEFAULT */
    guint rate;               /* 1..10000 pin calls a second, default BPFPV_RATE_DEFAULT */
    guint changes;            /* 1..10000 a second of what it asks for, BPFPV_CHANGES_DEFAULT */
    guint burst;              /* of those at once; 0: bpfpv_config_burst() */
    char *channel;            /* virtio channel's target name */
    char *directory;          /* (nullable): of the guest, for the loader; NULL: found by itself */
    guint loader_timeout_s;   /* 1..600, for the loader to attach */
    guint grace_s;            /* 0..600: a lost loader's demand stays in force for so long */
} BpfpvConfig;

/* Everything at its default, no program. */
BpfpvConfig *bpfpv_config_new(void);
BpfpvConfig *bpfpv_config_copy(const BpfpvConfig *config);
/* Its wishes and bounds, as the solver takes them; @domain borrows its set of CPUs. */
void bpfpv_config_fill_placement(const BpfpvConfig *config, BpfpvPlacementDomain *domain);
void bpfpv_config_free(BpfpvConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvConfig, bpfpv_config_free)
/* Changes that a guest with that many vCPUs may make at once where nothing else is configured: as
 * when a program with a thread for each starts, pins them one by one, and ends. */
guint bpfpv_config_burst(guint n_vcpus);
gboolean bpfpv_config_equal(const BpfpvConfig *a, const BpfpvConfig *b);
/* What a guest loader must be told at injection: if equal, a change needs no new injection. */
gboolean bpfpv_config_same_injection(const BpfpvConfig *a, const BpfpvConfig *b);
