/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections to libvirt that all share; see connections.h. */
#include "host/connections.h"

typedef struct {
    virConnectPtr connection; /* NULL: none, or it is being opened */
    guint calls;              /* borrowed so often at the moment, or being opened for that */
} Slot;

struct _BpfpvConnections {
    guint refs; /* under the lock of all */
    char *uri;
    GMutex lock; /* of the slots */
    GCond changed;
    Slot slots[BPFPV_CONNECTIONS_MAX];
};

static GMutex lock;
static GHashTable *all; /* URI → BpfpvConnections; under lock */

BpfpvConnections *
bpfpv_connections_get(const char *uri)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    BpfpvConnections *connections;

    if (!all)
        all = g_hash_table_new(g_str_hash, g_str_equal);
    connections = g_hash_table_lookup(all, uri);
    if (!connections) {
        connections = g_new0(BpfpvConnections, 1);
        connections->uri = g_strdup(uri);
        g_mutex_init(&connections->lock);
        g_cond_init(&connections->changed);
        g_hash_table_insert(all, connections->uri, connections);
    }
    connections->refs++;
    return connections;
}

static gboolean
drop_reference(BpfpvConnections *connections)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);

    if (--connections->refs > 0)
        return FALSE;
    g_hash_table_remove(all, connections->uri);
    return TRUE;
}

void
bpfpv_connections_unref(BpfpvConnections *connections)
{
    if (!connections || !drop_reference(connections))
        return;
    for (guint i = 0; i < BPFPV_CONNECTIONS_MAX; i++)
        g_clear_pointer(&connections->slots[i].connection, virConnectClose);
    g_mutex_clear(&connections->lock);
    g_cond_clear(&connections->changed);
    g_free(connections->uri);
    g_free(connections);
}

/* ---- which one ---- */

static gboolean
is_alive(const Slot *slot)
{
    return slot->connection && virConnectIsAlive(slot->connection) == 1;
}

/* One with room: the last one, else the one with the fewest calls. */
static Slot *
find_open(BpfpvConnections *connections, virConnectPtr last)
{
    Slot *best = NULL;

    for (guint i = 0; i < BPFPV_CONNECTIONS_MAX; i++) {
        Slot *slot = &connections->slots[i];

        if (slot->calls >= BPFPV_CONNECTIONS_CALLS || !is_alive(slot))
            continue;
        if (slot->connection == last)
            return slot;
        if (!best || slot->calls < best->calls)
            best = slot;
    }
    return best;
}

/* One that nobody uses, and that is not open. What has died there is @dead. */
static Slot *
find_vacant(BpfpvConnections *connections, virConnectPtr *dead)
{
    for (guint i = 0; i < BPFPV_CONNECTIONS_MAX; i++) {
        Slot *slot = &connections->slots[i];

        if (slot->calls > 0 || is_alive(slot))
            continue;
        *dead = g_steal_pointer(&slot->connection);
        return slot;
    }
    return NULL;
}

/* Fills a slot that its caller has taken. */
static virConnectPtr
open_slot(BpfpvConnections *connections, Slot *slot, virConnectPtr dead, GError **error)
{
    virConnectPtr connection;

    g_clear_pointer(&dead, virConnectClose);
    connection = bpfpv_virt_open(connections->uri, error);
    g_mutex_lock(&connections->lock);
    slot->connection = connection;
    if (!connection)
        slot->calls--;
    g_cond_broadcast(&connections->changed);
    g_mutex_unlock(&connections->lock);
    return connection;
}

virConnectPtr
bpfpv_connections_borrow(BpfpvConnections *connections, virConnectPtr last, GError **error)
{
    virConnectPtr dead = NULL, connection;
    Slot *slot;

    g_mutex_lock(&connections->lock);
    for (;;) {
        slot = find_open(connections, last);
        if (slot)
            break;
        slot = find_vacant(connections, &dead);
        if (slot)
            break;
        g_cond_wait(&connections->changed, &connections->lock);
    }
    slot->calls++;
    connection = slot->connection;
    g_mutex_unlock(&connections->lock);
    return connection ? connection : open_slot(connections, slot, dead, error);
}

void
bpfpv_connections_give_back(BpfpvConnections *connections, virConnectPtr connection)
{
    g_mutex_lock(&connections->lock);
    for (guint i = 0; i < BPFPV_CONNECTIONS_MAX; i++) {
        if (connections->slots[i].connection != connection)
            continue;
        connections->slots[i].calls--;
        break;
    }
    g_cond_broadcast(&connections->changed);
    g_mutex_unlock(&connections->lock);
}
