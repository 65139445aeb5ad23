/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All managed domains together; see manager.h. What libvirt tells is in watch.c, which domain
 * somebody means in find.c, placement and pin calls are in place.c, what that means for each domain
 * in state.c, the daemon's end in shutdown.c.
 */
#include "daemon/manager/private.h"

#include "daemon/bus/status.h"
#include "host/run.h"
#include "programs/program.h"

/* ---- the end of being managed ---- */

static void
wake_waiters(BpfpvManaged *managed)
{
    for (guint i = 0; i < managed->waiters->len; i++)
        g_task_return_boolean(g_ptr_array_index(managed->waiters, i), TRUE);
    g_ptr_array_set_size(managed->waiters, 0);
}

static void
managed_free(gpointer data)
{
    BpfpvManaged *managed = data;

    g_hash_table_remove(managed->manager->by_key, managed->key);
    g_hash_table_remove(managed->manager->unplaced, managed);
    g_hash_table_remove(managed->manager->unreached, managed);
    g_hash_table_remove(managed->manager->untold, managed);
    wake_waiters(managed);
    g_ptr_array_unref(managed->waiters);
    bpfpv_session_free(managed->session);
    bpfpv_pins_free(managed->pins);
    bpfpv_guest_topology_free(managed->guest);
    bpfpv_cpuset_free(managed->realtime);
    bpfpv_cpuset_free(managed->memory);
    bpfpv_cpuset_free(managed->near);
    g_free(managed->near_mistake);
    bpfpv_cpuset_free(managed->unpinned);
    g_free(managed->uuid);
    g_free(managed->name);
    g_free(managed->key);
    g_free(managed->source);
    g_free(managed->told_reason);
    g_free(managed);
}

/* It is a neighbour from now on, of what it has again: its XML was last read when it had what we
 * gave it. */
static void
note_original(const BpfpvManaged *managed)
{
    g_autoptr(BpfpvCpuset) fixed = NULL;

    if (!bpfpv_pins_original(managed->pins))
        return; /* nothing was pinned */
    fixed = bpfpv_pins_single(managed->pins);
    bpfpv_manager_note_pinned(managed->manager, managed->uuid, managed->name, fixed);
}

static gboolean
drop_released(gpointer user_data)
{
    BpfpvManager *manager = user_data;
    g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    manager->drop_source = 0;
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvManaged *managed = value;

        if (!managed->releasing || !managed->session_stopped ||
            !bpfpv_pins_are_original(managed->pins) || !bpfpv_pins_end_note(managed->pins))
            continue;
        bpfpv_pins_forget(managed->pins);
        note_original(managed);
        /* An element set meanwhile was not acted upon: look again. */
        g_ptr_array_add(again, g_strdup(managed->uuid));
        g_hash_table_iter_remove(&iter);
    }
    bpfpv_manager_place_soon(manager);
    bpfpv_manager_check_withdrawal(manager);
    for (guint i = 0; !manager->withdrawn && i < again->len; i++)
        bpfpv_watch_refresh(manager->watch, g_ptr_array_index(again, i));
    return G_SOURCE_REMOVE;
}

void
bpfpv_manager_drop_soon(BpfpvManager *manager)
{
    if (!manager->drop_source)
        manager->drop_source = g_idle_add(drop_released, manager);
}

void
bpfpv_managed_release(BpfpvManaged *managed)
{
    if (managed->releasing)
        return;
    managed->releasing = TRUE;
    bpfpv_pins_forget_refusals(managed->pins);
    bpfpv_session_stop(managed->session);
    bpfpv_managed_place_soon(managed);
    bpfpv_manager_drop_soon(managed->manager);
}

/* ---- what sessions and pins tell ---- */

static void
on_session_state(BpfpvSession *session, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    managed->settled =
        managed->settled && bpfpv_session_state(managed->session) == BPFPV_STATE_ACTIVE;
    if (bpfpv_session_state(managed->session) == BPFPV_STATE_ACTIVE && !managed->settled)
        bpfpv_managed_place_soon(managed);
    bpfpv_managed_tell_state(managed);
    bpfpv_pins_note_soon(managed->pins);
}

static void
on_session_demand(BpfpvSession *session, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    bpfpv_pins_set_rate(managed->pins, bpfpv_session_config(session)
                                           ? bpfpv_session_config(session)->rate
                                           : BPFPV_RATE_DEFAULT);
    if (!bpfpv_demand_is_empty(bpfpv_session_demand(session)))
        bpfpv_managed_look_at_memory(managed);
    bpfpv_managed_place_soon(managed);
}

static void
on_session_refresh(BpfpvSession *session, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    bpfpv_watch_refresh(managed->manager->watch, managed->uuid);
}

static void
on_session_channel(BpfpvSession *session, gboolean ours, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    bpfpv_pins_set_our_channel(managed->pins, ours);
    bpfpv_pins_note_soon(managed->pins);
}

static void
on_session_stopped(BpfpvSession *session, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    managed->session_stopped = TRUE;
    bpfpv_manager_drop_soon(managed->manager);
}

static const BpfpvSessionFuncs session_funcs = {
    on_session_state, on_session_demand, on_session_refresh, on_session_channel, on_session_stopped,
};

static void
on_pins_ready(BpfpvPins *pins, const GError *error, gpointer user_data)
{
    BpfpvManaged *managed = user_data;
    g_autoptr(BpfpvDemand) demand = NULL;

    if (error) {
        if (!bpfpv_run_is_over(error))
            g_warning("domain %s: %s; trying again", managed->name, error->message);
        return;
    }
    demand = bpfpv_pins_demand(pins);
    bpfpv_session_set_vcpus(managed->session, managed->guest, bpfpv_pins_original(pins)->len);
    bpfpv_session_assume(managed->session, demand);
    bpfpv_managed_look_at_memory(managed);
    bpfpv_manager_place_soon(managed->manager);
}

static void
on_pins_moved(BpfpvPins *pins, gpointer user_data)
{
    BpfpvManaged *managed = user_data;

    bpfpv_managed_step_soon(managed);
    g_hash_table_add(managed->manager->untold, managed);
    bpfpv_manager_tell_states(managed->manager);
    bpfpv_pins_note_soon(managed->pins);
    if (managed->releasing)
        bpfpv_manager_drop_soon(managed->manager);
}

static void
on_pins_bounds(BpfpvPins *pins, gpointer user_data)
{
    bpfpv_managed_place_soon(user_data);
}

static BpfpvStatus *
on_pins_describe(BpfpvPins *pins, gpointer user_data)
{
    const BpfpvManaged *managed = user_data;

    return bpfpv_status_describe(managed->manager, managed);
}

static const BpfpvPinsFuncs pins_funcs = {on_pins_ready, on_pins_moved, on_pins_bounds,
                                          on_pins_describe};

/* ---- beginning to be managed ---- */

BpfpvManaged *
bpfpv_manager_manage(BpfpvManager *manager, const BpfpvDomainXml *xml, int id)
{
    BpfpvManaged *managed = g_new0(BpfpvManaged, 1);

    managed->manager = manager;
    managed->uuid = g_strdup(xml->uuid);
    managed->name = g_strdup(xml->name);
    managed->key = bpfpv_pins_key(managed->name, managed->uuid, id);
    managed->id = id;
    managed->waiters = g_ptr_array_new_with_free_func(g_object_unref);
    managed->pins = bpfpv_pins_new(manager->conf->uri, manager->conf->state_dir, managed->uuid,
                                   managed->name, id, manager->cgroups, &pins_funcs, managed);
    bpfpv_pins_host_changed(managed->pins, bpfpv_topology_online(manager->topology));
    if (xml->status)
        bpfpv_pins_adopt(managed->pins, xml->status);
    managed->session = bpfpv_session_new(manager->conf->uri, managed->uuid, managed->name, id,
                                         bpfpv_pins_our_channel(managed->pins), manager->payload,
                                         &session_funcs, managed);
    g_hash_table_insert(manager->domains, managed->uuid, managed);
    g_hash_table_insert(manager->by_key, managed->key, managed);
    return managed;
}

/* ---- for others ---- */

/* What libvirt gives to what has no pin of its own, on this host. */
static BpfpvCpuset *
unpinned_cpus(const BpfpvManaged *managed)
{
    const BpfpvCpuset *online = bpfpv_topology_online(managed->manager->topology);
    g_autoptr(BpfpvCpuset) cpus = bpfpv_cpuset_copy(managed->unpinned ? managed->unpinned : online);

    bpfpv_cpuset_intersect(cpus, online);
    return bpfpv_cpuset_is_empty(cpus) ? bpfpv_cpuset_copy(online) : g_steal_pointer(&cpus);
}

GPtrArray *
bpfpv_managed_hand_back(BpfpvManaged *managed, int vcpu, GError **error)
{
    g_autoptr(BpfpvCpuset) fallback = unpinned_cpus(managed);
    GPtrArray *released = bpfpv_pins_release(managed->pins, vcpu, fallback, error);

    if (!released)
        return NULL;
    bpfpv_managed_place_soon(managed);
    bpfpv_pins_note_soon(managed->pins);
    return released;
}

void
bpfpv_managed_wait_released(BpfpvManaged *managed, GTask *task)
{
    g_ptr_array_add(managed->waiters, g_object_ref(task));
    bpfpv_manager_drop_soon(managed->manager);
}

const char *
bpfpv_manager_unconnected(const BpfpvManager *manager)
{
    return manager->unconnected;
}

const char *
bpfpv_manager_uri(const BpfpvManager *manager)
{
    return manager->conf->uri;
}

void
bpfpv_manager_refresh(BpfpvManager *manager, const char *uuid)
{
    bpfpv_watch_refresh(manager->watch, uuid);
}

void
bpfpv_manager_reconfigured(BpfpvManager *manager)
{
    if (manager->shutting_down)
        return;
    bpfpv_session_set_injections(manager->conf->injections);
    bpfpv_manager_place_soon(manager);
    bpfpv_watch_refresh_all(manager->watch);
}

/* ---- life ---- */

BpfpvManager *
bpfpv_manager_new(const BpfpvConf *conf, const BpfpvManagerFuncs *funcs, gpointer user_data,
                  GError **error)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    g_autoptr(BpfpvPayload) payload = NULL;
    BpfpvManager *manager;

    payload = bpfpv_payload_load(conf->guest_dir, programs, error);
    if (!payload)
        return NULL;
    bpfpv_payload_set_options(payload, conf->test_loader);
    manager = g_new0(BpfpvManager, 1);
    manager->conf = conf;
    manager->funcs = funcs;
    manager->user_data = user_data;
    manager->payload = g_steal_pointer(&payload);
    manager->unconnected = g_strdup("connecting for the first time");
    manager->placer = bpfpv_placer_new();
    manager->all_unplaced = TRUE;
    manager->cancellable = g_cancellable_new();
    manager->unplaced = g_hash_table_new(NULL, NULL);
    manager->unreached = g_hash_table_new(NULL, NULL);
    manager->untold = g_hash_table_new(NULL, NULL);
    manager->neighbours =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bpfpv_neighbour_free);
    manager->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, managed_free);
    manager->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    manager->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    manager->hopeless = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    manager->cgroups = bpfpv_cgroup_watch_new();
    bpfpv_session_set_injections(conf->injections);
    manager->watch = bpfpv_watch_new(conf->uri, &bpfpv_manager_watch_funcs, manager);
    return manager;
}

void
bpfpv_manager_free(BpfpvManager *manager)
{
    if (!manager)
        return;
    g_clear_handle_id(&manager->place_source, g_source_remove);
    g_clear_handle_id(&manager->step_source, g_source_remove);
    g_clear_handle_id(&manager->drop_source, g_source_remove);
    g_clear_handle_id(&manager->tell_source, g_source_remove);
    g_clear_handle_id(&manager->shutdown_timer, g_source_remove);
    g_clear_handle_id(&manager->offline_timer, g_source_remove);
    g_cancellable_cancel(manager->cancellable);
    g_object_unref(manager->cancellable);
    bpfpv_watch_free(manager->watch);
    g_hash_table_unref(manager->domains);
    bpfpv_cgroup_watch_free(manager->cgroups);
    g_hash_table_unref(manager->by_key);
    g_hash_table_unref(manager->runs);
    g_hash_table_unref(manager->hopeless);
    g_hash_table_unref(manager->unplaced);
    g_hash_table_unref(manager->unreached);
    g_hash_table_unref(manager->untold);
    bpfpv_placer_free(manager->placer);
    g_hash_table_unref(manager->neighbours);
    g_clear_pointer(&manager->withdrawn, g_hash_table_unref);
    g_clear_handle_id(&manager->hold_source, g_source_remove);
    bpfpv_topology_free(manager->topology);
    bpfpv_payload_unref(manager->payload);
    g_free(manager->unconnected);
    g_free(manager);
}
