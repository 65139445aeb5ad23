/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the last plan means for a managed domain: whether it gets what it asks for, and why not. */
#include "daemon/manager/private.h"

/* What one guest does may change the reasons of many others. */
#define TELL_MS 100

const BpfpvPlanDomain *
bpfpv_manager_plan(BpfpvManager *manager, const BpfpvManaged *managed)
{
    return bpfpv_plan_find(bpfpv_placer_plan(manager->placer), managed->key);
}

/* Why the host could not give @managed a single anchor were it alone, else "". Asked often, for
 * every status, and worked out once for each solve. */
static const char *
why_hopeless(const BpfpvManaged *managed)
{
    BpfpvManager *manager = managed->manager;
    const char *known = g_hash_table_lookup(manager->hopeless, managed->key);
    g_autoptr(BpfpvCpuset) taken = NULL;
    g_autoptr(GArray) threads = NULL;
    BpfpvPlacementDomain domain = {0};
    BpfpvPlacementHost host;
    char *why = NULL;

    if (known)
        return known;
    taken = bpfpv_manager_taken(manager);
    threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    host = bpfpv_manager_placement_host(manager, taken);
    bpfpv_managed_fill(managed, &domain, threads);
    bpfpv_placement_capacity(&host, &domain, &why);
    if (!why)
        why = g_strdup("");
    g_hash_table_insert(manager->hopeless, g_strdup(managed->key), why);
    return why;
}

/* Why an anchor that is planned for has not its CPU all the same; NULL: it has, or will in a moment
 */
static const char *
why_not_held(const BpfpvManaged *managed, guint vcpu)
{
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);

    if (vcpu >= applied->vcpus->len || bpfpv_applied_vcpu_holds(applied->vcpus->pdata[vcpu]))
        return NULL;
    return bpfpv_pins_error(managed->pins, vcpu);
}

/* Returns: (nullable): why the first such is unmet */
static const char *
count_unmet(const BpfpvManaged *managed, gboolean is_anchor, guint *unmet, guint *all)
{
    const BpfpvPlanDomain *plan = bpfpv_manager_plan(managed->manager, managed);
    const char *why = NULL;

    *unmet = *all = 0;
    for (guint i = 0; plan && i < plan->vcpus->len; i++) {
        const BpfpvPlanVcpu *vcpu = g_ptr_array_index(plan->vcpus, i);
        const char *not_held;

        if ((vcpu->want == BPFPV_WANT_ANCHOR) != is_anchor)
            continue;
        (*all)++;
        not_held = vcpu->met && is_anchor ? why_not_held(managed, i) : NULL;
        if (vcpu->met && !not_held)
            continue;
        (*unmet)++;
        why = why ? why : not_held ? not_held : vcpu->why;
    }
    return why;
}

BpfpvState
bpfpv_managed_state(const BpfpvManaged *managed, char **reason)
{
    BpfpvManager *manager = managed->manager;
    BpfpvState state = bpfpv_session_state(managed->session);
    const char *why;
    guint unmet, all;

    *reason = bpfpv_session_reason(managed->session);
    if (state == BPFPV_STATE_ACTIVE && !managed->settled && !managed->releasing &&
        !manager->shutting_down) {
        g_free(*reason);
        *reason =
            g_strdup(bpfpv_pins_original(managed->pins) ? "placing its vCPUs" : "reading its pins");
        return BPFPV_STATE_SYNCING;
    }
    if (state != BPFPV_STATE_ACTIVE || !manager->topology ||
        !bpfpv_managed_takes_part(manager, managed))
        return state;
    why = count_unmet(managed, TRUE, &unmet, &all);
    if (unmet > 0 && *why_hopeless(managed)) {
        g_free(*reason);
        *reason = g_strdup(why_hopeless(managed));
        return BPFPV_STATE_FAILED;
    }
    if (**reason)
        return state;
    g_free(*reason);
    if (unmet > 0)
        *reason = g_strdup_printf("%u of %u anchors not met: %s", unmet, all, why ? why : "");
    else
        *reason = g_strdup(count_unmet(managed, FALSE, &unmet, &all));
    if (!*reason)
        *reason = g_strdup("");
    return state;
}

/* ---- telling ---- */

void
bpfpv_managed_tell_state(BpfpvManaged *managed)
{
    BpfpvManager *manager = managed->manager;
    g_autofree char *reason = NULL;
    BpfpvState state = bpfpv_managed_state(managed, &reason);

    manager->funcs->state(managed->name, managed->uuid, bpfpv_state_to_string(state), reason,
                          manager->user_data);
    managed->told_state = state;
    g_free(managed->told_reason);
    managed->told_reason = g_steal_pointer(&reason);
}

static void
tell_if_changed(BpfpvManaged *managed)
{
    g_autofree char *reason = NULL;
    BpfpvState state;

    if (bpfpv_session_state(managed->session) != BPFPV_STATE_ACTIVE || managed->releasing ||
        managed->manager->shutting_down)
        return;
    state = bpfpv_managed_state(managed, &reason);
    if (state != managed->told_state || g_strcmp0(reason, managed->told_reason) != 0)
        bpfpv_managed_tell_state(managed);
}

static gboolean
tell_over(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->tell_source = 0;
    if (manager->tell_again)
        bpfpv_manager_tell_states(manager);
    return G_SOURCE_REMOVE;
}

static void
tell_changes(const BpfpvManager *manager, GPtrArray *uuids)
{
    if (uuids->len == 0 || manager->funcs->changed == NULL)
        return;
    g_ptr_array_add(uuids, NULL);
    manager->funcs->changed((const char *const *)uuids->pdata, manager->user_data);
}

void
bpfpv_manager_tell_states(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer managed;
    g_autoptr(GPtrArray) uuids = g_ptr_array_new(); /* borrowed */

    manager->tell_again = manager->tell_source != 0;
    if (manager->tell_again)
        return;
    manager->tell_source = g_timeout_add(TELL_MS, tell_over, manager);
    g_hash_table_iter_init(&iter, manager->untold);
    while (g_hash_table_iter_next(&iter, &managed, NULL)) {
        g_ptr_array_add(uuids, ((BpfpvManaged *)managed)->uuid);
        tell_if_changed(managed);
    }
    g_hash_table_remove_all(manager->untold);
    tell_changes(manager, uuids);
}

char *
bpfpv_manager_summary(const BpfpvManager *manager)
{
    if (!manager->connected)
        return g_strdup("Not connected to libvirt, trying again");
    return g_strdup_printf("Connected to libvirt, %u domains managed",
                           g_hash_table_size(manager->domains));
}
