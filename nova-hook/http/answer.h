/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Keystone and Placement answer, from JSON to types. Not trusted: every function takes any
 * bytes, and fails with %BPFPV_OS_ERROR_MALFORMED, naming what is missing. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *uuid;
    char *name;
    char *parent; /* (nullable): UUID */
    char *root;   /* UUID */
    gint64 generation;
} BpfpvProvider;

void bpfpv_provider_free(BpfpvProvider *provider);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvProvider, bpfpv_provider_free)

/* Of one resource class. */
typedef struct {
    gint64 total;
    gint64 reserved;
    gint64 min_unit;
    gint64 max_unit;
    gint64 step_size;
    double allocation_ratio;
} BpfpvInventory;

typedef struct {
    gint64 lifetime_s; /* from when it was issued; 0: not told */
    char *endpoint;    /* (nullable): of Placement, if the catalog has one that fits */
    char *endpoints;   /* all of Placement's that it has, for messages: "public in r1, …" */
} BpfpvTokenInfo;

void bpfpv_token_info_free(BpfpvTokenInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvTokenInfo, bpfpv_token_info_free)

/**
 * bpfpv_answer_token:
 * @interfaces: "internal", "public", …, the one preferred first; %NULL-terminated
 * @region: (nullable): any
 *
 * Keystone's POST /v3/auth/tokens.
 */
BpfpvTokenInfo *bpfpv_answer_token(const char *text, gsize length, const char *const *interfaces,
                                   const char *region, GError **error);

/* Placement's GET /. @min, @max: the minor numbers of its microversions 1.N */
gboolean bpfpv_answer_versions(const char *text, gsize length, guint *min, guint *max,
                               GError **error);

/* Returns: (transfer full): one provider, as GET /resource_providers/UUID and POST answer it */
BpfpvProvider *bpfpv_answer_provider(const char *text, gsize length, GError **error);

/* Returns: (transfer full) (nullable): the only one of GET /resource_providers?name=; %NULL without
 * @error: none */
BpfpvProvider *bpfpv_answer_only_provider(const char *text, gsize length, GError **error);

/* Returns: (transfer full): the names of GET /resource_providers/UUID/traits, sorted */
char **bpfpv_answer_traits(const char *text, gsize length, gint64 *generation, GError **error);

/**
 * bpfpv_answer_inventory:
 * @inventory: (out): that of @class
 * @found: (out): whether there is one
 *
 * GET /resource_providers/UUID/inventories.
 */
gboolean bpfpv_answer_inventory(const char *text, gsize length, const char *class,
                                BpfpvInventory *inventory, gboolean *found, gint64 *generation,
                                GError **error);

/* GET /resource_providers/UUID/usages: how much of @class is used */
gboolean bpfpv_answer_usage(const char *text, gsize length, const char *class, gint64 *used,
                            GError **error);

/* Returns: (transfer full): the consumers of GET /resource_providers/UUID/allocations: instances'
 * UUIDs, sorted */
char **bpfpv_answer_consumers(const char *text, gsize length, GError **error);

/**
 * bpfpv_answer_error:
 * @code: (out): Placement's, such as "placement.concurrent_update", or ""
 *
 * Returns: (transfer full): what an answer other than success says for people, or ""; neither
 * cleaned nor shortened
 */
char *bpfpv_answer_error(const char *text, gsize length, char **code);
