/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Placement's REST API: traits, inventory and use of a provider; see api.h. */
#include "config.h"

#include "nova-hook/placement/private.h"

char **
bpfpv_placement_api_traits(BpfpvPlacementApi *api, const char *uuid, gint64 *generation,
                           GCancellable *cancellable, GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "/traits");
    g_autoptr(BpfpvHttpAnswer) answer =
        bpfpv_placement_call(api, "GET", path, NULL, cancellable, error);
    char **traits;

    if (!answer)
        return NULL;
    traits = bpfpv_answer_traits(answer->body->str, answer->body->len, generation, error);
    bpfpv_placement_explain(traits != NULL, path, error);
    return traits;
}

gboolean
bpfpv_placement_api_set_traits(BpfpvPlacementApi *api, const char *uuid, char **traits,
                               gint64 *generation, GCancellable *cancellable, GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "/traits");
    JsonBuilder *builder = json_builder_new();
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    g_autofree char *json = NULL;
    g_auto(GStrv) set = NULL;

    json_builder_begin_object(builder);
    bpfpv_placement_add_integer(builder, "resource_provider_generation", *generation);
    json_builder_set_member_name(builder, "traits");
    json_builder_begin_array(builder);
    for (guint i = 0; traits[i]; i++)
        json_builder_add_string_value(builder, traits[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    json = bpfpv_placement_json(builder);
    answer = bpfpv_placement_call(api, "PUT", path, json, cancellable, error);
    if (answer)
        set = bpfpv_answer_traits(answer->body->str, answer->body->len, generation, error);
    return set != NULL;
}

static gboolean
put_word(BpfpvPlacementApi *api, const char *where, const char *word, GCancellable *cancellable,
         GError **error)
{
    g_autofree char *path = g_strconcat(where, word, NULL);

    return bpfpv_placement_do(api, "PUT", path, NULL, cancellable, error);
}

gboolean
bpfpv_placement_api_create_trait(BpfpvPlacementApi *api, const char *trait,
                                 GCancellable *cancellable, GError **error)
{
    return put_word(api, "/traits/", trait, cancellable, error);
}

gboolean
bpfpv_placement_api_create_class(BpfpvPlacementApi *api, const char *class,
                                 GCancellable *cancellable, GError **error)
{
    return put_word(api, "/resource_classes/", class, cancellable, error);
}

/* ---- inventory and use ---- */

gboolean
bpfpv_placement_api_inventory(BpfpvPlacementApi *api, const char *uuid, const char *class,
                              BpfpvInventory *inventory, gboolean *found, gint64 *generation,
                              GCancellable *cancellable, GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "/inventories");
    g_autoptr(BpfpvHttpAnswer) answer =
        bpfpv_placement_call(api, "GET", path, NULL, cancellable, error);

    return answer && bpfpv_placement_explain(
                         bpfpv_answer_inventory(answer->body->str, answer->body->len, class,
                                                inventory, found, generation, error),
                         path, error);
}

gboolean
bpfpv_placement_api_set_inventory(BpfpvPlacementApi *api, const char *uuid, const char *class,
                                  const BpfpvInventory *inventory, gboolean is_new,
                                  gint64 generation, GCancellable *cancellable, GError **error)
{
    g_autofree char *rest =
        is_new ? g_strdup("/inventories") : g_strconcat("/inventories/", class, NULL);
    g_autofree char *path = bpfpv_placement_path(uuid, rest);
    JsonBuilder *builder = json_builder_new();
    g_autofree char *json = NULL;

    json_builder_begin_object(builder);
    if (is_new)
        bpfpv_placement_add_string(builder, "resource_class", class);
    bpfpv_placement_add_integer(builder, "resource_provider_generation", generation);
    bpfpv_placement_add_integer(builder, "total", inventory->total);
    bpfpv_placement_add_integer(builder, "reserved", inventory->reserved);
    bpfpv_placement_add_integer(builder, "min_unit", inventory->min_unit);
    bpfpv_placement_add_integer(builder, "max_unit", inventory->max_unit);
    bpfpv_placement_add_integer(builder, "step_size", inventory->step_size);
    json_builder_set_member_name(builder, "allocation_ratio");
    json_builder_add_double_value(builder, inventory->allocation_ratio);
    json_builder_end_object(builder);
    json = bpfpv_placement_json(builder);
    return bpfpv_placement_do(api, is_new ? "POST" : "PUT", path, json, cancellable, error);
}

gboolean
bpfpv_placement_api_usage(BpfpvPlacementApi *api, const char *uuid, const char *class, gint64 *used,
                          GCancellable *cancellable, GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "/usages");
    g_autoptr(BpfpvHttpAnswer) answer =
        bpfpv_placement_call(api, "GET", path, NULL, cancellable, error);

    return answer &&
           bpfpv_placement_explain(
               bpfpv_answer_usage(answer->body->str, answer->body->len, class, used, error), path,
               error);
}

char **
bpfpv_placement_api_consumers(BpfpvPlacementApi *api, const char *uuid, GCancellable *cancellable,
                              GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "/allocations");
    g_autoptr(BpfpvHttpAnswer) answer =
        bpfpv_placement_call(api, "GET", path, NULL, cancellable, error);
    char **consumers;

    if (!answer)
        return NULL;
    consumers = bpfpv_answer_consumers(answer->body->str, answer->body->len, error);
    bpfpv_placement_explain(consumers != NULL, path, error);
    return consumers;
}
