/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done; see reconcile.h. Pure. */
#include "config.h"

#include "nova-hook/placement/reconcile.h"

#include <string.h>

void
bpfpv_observed_free(BpfpvObserved *observed)
{
    if (!observed)
        return;
    bpfpv_provider_free(observed->root);
    g_strfreev(observed->traits);
    bpfpv_provider_free(observed->child);
    g_free(observed);
}

void
bpfpv_desired_free(BpfpvDesired *desired)
{
    if (!desired)
        return;
    g_strfreev(desired->traits);
    g_free(desired);
}

static void
action_free(gpointer data)
{
    BpfpvAction *action = data;

    g_free(action->trait);
    g_strfreev(action->traits);
    g_free(action);
}

gboolean
bpfpv_trait_is_ours(const char *trait)
{
    const gsize n = strlen(BPFPV_TRAIT);

    return strncmp(trait, BPFPV_TRAIT, n) == 0 && (trait[n] == '\0' || trait[n] == '_');
}

char *
bpfpv_trait_of_program(const char *program)
{
    GString *trait = g_string_new(BPFPV_TRAIT "_");

    for (const char *at = program; *at; at++)
        g_string_append_c(trait, g_ascii_isalnum(*at) ? g_ascii_toupper(*at) : '_');
    return g_string_free(trait, FALSE);
}

BpfpvDesired *
bpfpv_desired_new(const char *const *programs, guint anchors)
{
    BpfpvDesired *desired = g_new0(BpfpvDesired, 1);
    GPtrArray *traits = g_ptr_array_new();

    if (programs) {
        g_ptr_array_add(traits, g_strdup(BPFPV_TRAIT));
        for (guint i = 0; programs[i]; i++)
            g_ptr_array_add(traits, bpfpv_trait_of_program(programs[i]));
        desired->anchors = anchors;
    }
    g_ptr_array_add(traits, NULL);
    desired->traits = (char **)g_ptr_array_free(traits, FALSE);
    return desired;
}

static BpfpvAction *
add_action(GPtrArray *actions, BpfpvActionType type)
{
    BpfpvAction *action = g_new0(BpfpvAction, 1);

    action->type = type;
    g_ptr_array_add(actions, action);
    return action;
}

/* ---- traits ---- */

static gboolean
contains(char **strings, const char *string)
{
    return g_strv_contains((const char *const *)strings, string);
}

static void
add_traits(GPtrArray *actions, const BpfpvDesired *desired, const BpfpvObserved *observed)
{
    GPtrArray *wanted = g_ptr_array_new();
    gboolean differs = FALSE;

    for (guint i = 0; observed->traits[i]; i++) {
        const char *trait = observed->traits[i];

        if (!bpfpv_trait_is_ours(trait) || contains(desired->traits, trait))
            g_ptr_array_add(wanted, g_strdup(trait));
        else
            differs = TRUE;
    }
    for (guint i = 0; desired->traits[i]; i++) {
        if (contains(observed->traits, desired->traits[i]))
            continue;
        add_action(actions, BPFPV_ACTION_CREATE_TRAIT)->trait = g_strdup(desired->traits[i]);
        g_ptr_array_add(wanted, g_strdup(desired->traits[i]));
        differs = TRUE;
    }
    g_ptr_array_add(wanted, NULL);
    if (differs)
        add_action(actions, BPFPV_ACTION_SET_TRAITS)->traits = (char **)wanted->pdata;
    else
        g_strfreev((char **)wanted->pdata);
    g_ptr_array_free(wanted, FALSE);
}

/* ---- the child and its anchors ---- */

/* Placement takes no total of 0: to give nothing is to reserve everything. */
static BpfpvInventory
wanted_inventory(const BpfpvDesired *desired, const BpfpvObserved *observed)
{
    gint64 total = desired->anchors > 0 ? desired->anchors : observed->inventory.total;

    return (BpfpvInventory){
        .total = total,
        .reserved = desired->anchors > 0 ? 0 : total,
        .min_unit = 1,
        .max_unit = total,
        .step_size = 1,
        .allocation_ratio = 1.0,
    };
}

static gboolean
inventory_equal(const BpfpvInventory *a, const BpfpvInventory *b)
{
    return a->total == b->total && a->reserved == b->reserved && a->min_unit == b->min_unit &&
           a->max_unit == b->max_unit && a->step_size == b->step_size &&
           a->allocation_ratio >= b->allocation_ratio && a->allocation_ratio <= b->allocation_ratio;
}

static void
add_child(GPtrArray *actions, const BpfpvDesired *desired, const BpfpvObserved *observed)
{
    BpfpvInventory wanted = wanted_inventory(desired, observed);

    if (desired->remove && observed->child && observed->used == 0) {
        add_action(actions, BPFPV_ACTION_DELETE_CHILD);
    } else if (observed->child && observed->has_inventory) {
        if (!inventory_equal(&wanted, &observed->inventory))
            add_action(actions, BPFPV_ACTION_SET_INVENTORY)->inventory = wanted;
    } else if (desired->anchors > 0) {
        if (!observed->child)
            add_action(actions, BPFPV_ACTION_CREATE_CHILD);
        add_action(actions, BPFPV_ACTION_CREATE_CLASS);
        add_action(actions, BPFPV_ACTION_CREATE_INVENTORY)->inventory = wanted;
    }
}

GPtrArray *
bpfpv_reconcile(const BpfpvDesired *desired, const BpfpvObserved *observed)
{
    GPtrArray *actions = g_ptr_array_new_with_free_func(action_free);

    if (desired->anchors > 0) {
        add_child(actions, desired, observed);
        add_traits(actions, desired, observed);
    } else {
        add_traits(actions, desired, observed);
        add_child(actions, desired, observed);
    }
    return actions;
}

/* ---- for people ---- */

static char *
describe_traits(const BpfpvAction *action, const BpfpvObserved *observed)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; action->traits[i]; i++)
        if (!contains(observed->traits, action->traits[i]))
            g_string_append_printf(text, "%sadded trait %s", text->len > 0 ? ", " : "",
                                   action->traits[i]);
    for (guint i = 0; observed->traits[i]; i++)
        if (!contains(action->traits, observed->traits[i]))
            g_string_append_printf(text, "%sremoved trait %s", text->len > 0 ? ", " : "",
                                   observed->traits[i]);
    return g_string_free(text, FALSE);
}

char *
bpfpv_action_describe(const BpfpvAction *action, const BpfpvObserved *observed)
{
    switch (action->type) {
    case BPFPV_ACTION_CREATE_TRAIT:
        return g_strdup_printf("made sure that trait %s exists", action->trait);
    case BPFPV_ACTION_SET_TRAITS:
        return describe_traits(action, observed);
    case BPFPV_ACTION_CREATE_CLASS:
        return g_strdup("made sure that resource class " BPFPV_ANCHOR_CLASS " exists");
    case BPFPV_ACTION_CREATE_CHILD:
        return g_strdup_printf("created provider %s" BPFPV_CHILD_SUFFIX, observed->root->name);
    case BPFPV_ACTION_CREATE_INVENTORY:
    case BPFPV_ACTION_SET_INVENTORY:
        return g_strdup_printf("set %s to %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " reserved",
                               BPFPV_ANCHOR_CLASS, action->inventory.total,
                               action->inventory.reserved);
    case BPFPV_ACTION_DELETE_CHILD:
        return g_strdup_printf("removed provider %s" BPFPV_CHILD_SUFFIX, observed->root->name);
    }
    return g_strdup("");
}
