/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpv-placement status: what bpfpvd says, what Placement has, and whether they agree. */
#include "config.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "nova-hook/agent/agent.h"
#include "nova-hook/command.h"
#include "nova-hook/placement/keeper.h"

typedef struct {
    const BpfpvHealth *health;
    const BpfpvObserved *observed;
    gboolean in_sync;
} Status;

/* Returns: (transfer full): those of Placement's traits that are ours */
static char **
our_traits(const BpfpvObserved *observed)
{
    GPtrArray *ours = g_ptr_array_new();

    for (guint i = 0; observed->traits[i]; i++)
        if (bpfpv_trait_is_ours(observed->traits[i]))
            g_ptr_array_add(ours, g_strdup(observed->traits[i]));
    g_ptr_array_add(ours, NULL);
    return (char **)g_ptr_array_free(ours, FALSE);
}

/* ---- for people ---- */

static void
print_provider(const char *what, const BpfpvProvider *provider)
{
    if (provider)
        g_print("%-10s %s (%s)\n", what, provider->name, provider->uuid);
    else
        g_print("%-10s none\n", what);
}

static void
print_table(const Status *status)
{
    const BpfpvObserved *observed = status->observed;
    const BpfpvHealth *health = status->health;
    g_auto(GStrv) traits = our_traits(observed);
    g_autofree char *list = g_strjoinv(" ", traits);

    if (health->reason)
        g_print("%-10s not healthy: %s\n", "bpfpvd", health->reason);
    else
        g_print("%-10s healthy, can give %u anchors on CPUs %s\n", "bpfpvd", health->anchors,
                health->pool);
    print_provider("provider", observed->root);
    g_print("%-10s %s\n", "traits", *list ? list : "none of bpfpv's");
    print_provider("child", observed->child);
    if (observed->has_inventory)
        g_print("%-10s %" G_GINT64_FORMAT " in all, %" G_GINT64_FORMAT
                " reserved, %" G_GINT64_FORMAT " used\n",
                "anchors", observed->inventory.total, observed->inventory.reserved, observed->used);
    else
        g_print("%-10s none\n", "anchors");
    g_print("%-10s %s\n", "in sync",
            status->in_sync ? "yes" : "no; \"bpfpv-placement ensure\" makes it so");
}

/* ---- for programs ---- */

static void
add_provider(JsonBuilder *json, const char *member, const BpfpvProvider *provider)
{
    json_builder_set_member_name(json, member);
    if (!provider) {
        json_builder_add_null_value(json);
        return;
    }
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "name");
    json_builder_add_string_value(json, provider->name);
    json_builder_set_member_name(json, "uuid");
    json_builder_add_string_value(json, provider->uuid);
    json_builder_end_object(json);
}

static void
add_strings(JsonBuilder *json, const char *member, char **strings)
{
    json_builder_set_member_name(json, member);
    json_builder_begin_array(json);
    for (guint i = 0; strings[i]; i++)
        json_builder_add_string_value(json, strings[i]);
    json_builder_end_array(json);
}

static void
add_number(JsonBuilder *json, const char *member, gint64 value)
{
    json_builder_set_member_name(json, member);
    json_builder_add_int_value(json, value);
}

static void
add_health(JsonBuilder *json, const BpfpvHealth *health)
{
    json_builder_set_member_name(json, "bpfpvd");
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "healthy");
    json_builder_add_boolean_value(json, health->reason == NULL);
    json_builder_set_member_name(json, "reason");
    json_builder_add_string_value(json, health->reason ? health->reason : "");
    add_strings(json, "programs", health->programs);
    json_builder_set_member_name(json, "pool");
    json_builder_add_string_value(json, health->pool);
    add_number(json, "anchors", health->anchors);
    json_builder_end_object(json);
}

static void
add_inventory(JsonBuilder *json, const BpfpvObserved *observed)
{
    json_builder_set_member_name(json, "anchors");
    json_builder_begin_object(json);
    add_number(json, "total", observed->has_inventory ? observed->inventory.total : 0);
    add_number(json, "reserved", observed->has_inventory ? observed->inventory.reserved : 0);
    add_number(json, "used", observed->used);
    json_builder_end_object(json);
}

static void
print_json(const Status *status)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_auto(GStrv) traits = our_traits(status->observed);
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_object(json);
    add_health(json, status->health);
    add_provider(json, "provider", status->observed->root);
    add_strings(json, "traits", traits);
    add_provider(json, "child", status->observed->child);
    add_inventory(json, status->observed);
    json_builder_set_member_name(json, "in_sync");
    json_builder_add_boolean_value(json, status->in_sync);
    json_builder_end_object(json);
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static gboolean
run_status(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error)
{
    g_autoptr(BpfpvHealth) health = bpfpv_health_ask(line->bus_address, NULL);
    g_autoptr(BpfpvDesired) desired = bpfpv_agent_desired(conf, health);
    g_autoptr(BpfpvKeeper) keeper = bpfpv_keeper_new(conf, error);
    g_autoptr(BpfpvObserved) observed = keeper ? bpfpv_keeper_observe(keeper, NULL, error) : NULL;
    g_autoptr(GPtrArray) actions = observed ? bpfpv_reconcile(desired, observed) : NULL;
    Status status = {.health = health, .observed = observed};

    if (!observed)
        return FALSE;
    status.in_sync = actions->len == 0;
    if (line->json)
        print_json(&status);
    else
        print_table(&status);
    return TRUE;
}

const BpfpvPlacementCommand bpfpv_placement_status = {
    .name = "status",
    .summary = "Shows what bpfpvd says and what Placement has",
    .talks = TRUE,
    .run = run_status,
};
