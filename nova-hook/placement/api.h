/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement's REST API, as far as it is needed, call by call; microversion 1.29. A token that is
 * refused is renewed once. Errors are of domain %BPFPV_OS_ERROR. From one thread at a time; blocks.
 */
#pragma once

#include "nova-hook/http/answer.h"
#include "nova-hook/placement/auth.h"

typedef struct _BpfpvPlacementApi BpfpvPlacementApi;

/* @auth, @http: borrowed */
BpfpvPlacementApi *bpfpv_placement_api_new(BpfpvAuth *auth, BpfpvHttp *http);
void bpfpv_placement_api_free(BpfpvPlacementApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPlacementApi, bpfpv_placement_api_free)

/* Returns: (transfer full) (nullable): the provider; %NULL without @error: there is none */
BpfpvProvider *bpfpv_placement_api_find(BpfpvPlacementApi *api, const char *uuid_or_name,
                                        GCancellable *cancellable, GError **error);

/* Returns: (transfer full): the provider's traits; @generation: (out) */
char **bpfpv_placement_api_traits(BpfpvPlacementApi *api, const char *uuid, gint64 *generation,
                                  GCancellable *cancellable, GError **error);
/* @generation: (inout): the one that was read, and the one that it has then */
gboolean bpfpv_placement_api_set_traits(BpfpvPlacementApi *api, const char *uuid, char **traits,
                                        gint64 *generation, GCancellable *cancellable,
                                        GError **error);
/* Makes the word known, if it isn't. */
gboolean bpfpv_placement_api_create_trait(BpfpvPlacementApi *api, const char *trait,
                                          GCancellable *cancellable, GError **error);
gboolean bpfpv_placement_api_create_class(BpfpvPlacementApi *api, const char *class,
                                          GCancellable *cancellable, GError **error);

BpfpvProvider *bpfpv_placement_api_create_child(BpfpvPlacementApi *api, const char *name,
                                                const char *parent, GCancellable *cancellable,
                                                GError **error);
/* Removes its inventory, too. */
gboolean bpfpv_placement_api_delete(BpfpvPlacementApi *api, const char *uuid,
                                    GCancellable *cancellable, GError **error);

gboolean bpfpv_placement_api_inventory(BpfpvPlacementApi *api, const char *uuid, const char *class,
                                       BpfpvInventory *inventory, gboolean *found,
                                       gint64 *generation, GCancellable *cancellable,
                                       GError **error);
/* @is_new: it has none of this class */
gboolean bpfpv_placement_api_set_inventory(BpfpvPlacementApi *api, const char *uuid,
                                           const char *class, const BpfpvInventory *inventory,
                                           gboolean is_new, gint64 generation,
                                           GCancellable *cancellable, GError **error);
gboolean bpfpv_placement_api_usage(BpfpvPlacementApi *api, const char *uuid, const char *class,
                                   gint64 *used, GCancellable *cancellable, GError **error);
/* Returns: (transfer full): the instances that have allocations of it */
char **bpfpv_placement_api_consumers(BpfpvPlacementApi *api, const char *uuid,
                                     GCancellable *cancellable, GError **error);
