/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conversation with one guest's loader; see link.h. */
#include "daemon/session/link.h"

#include <string.h>

#include "daemon/counters.h"
#include "host/channel/channel.h"
#include "programs/program.h"

/* What a guest may send on average. A snapshot of 10,000 pinned threads is 320 KB. */
#define BYTES_PER_SECOND (1024 * 1024)

struct _BpfpvLink {
    const BpfpvLinkFuncs *funcs;
    gpointer user_data;
    guint max_keys;
    GPtrArray *programs; /* of names: those that are listened to */
    BpfpvChannel *channel;
    BpfpvDecoder *decoder;
    BpfpvHello *hello;
    GPtrArray *tables; /* of (nullable) BpfpvTable, as HELLO's programs */
    /* (nullable) of BpfpvGuestCpuId: of the next CPUS, and of the last */
    GArray *next_cpu_ids, *cpu_ids;
    BpfpvCpuset *online;
    gboolean synced;
    guint32 bye_reason;
    char *bye;       /* the loader's last words */
    gboolean *freed; /* set when the link is freed inside one of its callbacks */
};

static void
free_table(gpointer data)
{
    bpfpv_table_free(data);
}

/* What nobody has asked for costs no memory. (nullable) */
static BpfpvTable *
new_table(const BpfpvLink *link, const char *name)
{
    const BpfpvProgram *program = bpfpv_program_find(name);

    if (!program || !g_ptr_array_find_with_equal_func(link->programs, name, g_str_equal, NULL))
        return NULL;
    return bpfpv_table_new(link->max_keys, &program->digest);
}

static void
take_hello(BpfpvLink *link, BpfpvFrame *frame)
{
    link->hello = g_steal_pointer(&frame->hello);
    for (guint i = 0; i < link->hello->programs->len; i++) {
        const BpfpvWireProgram *wire = g_ptr_array_index(link->hello->programs, i);

        g_ptr_array_add(link->tables, new_table(link, wire->name));
    }
    link->funcs->hello(link->user_data);
}

static gboolean
all_synced(const BpfpvLink *link)
{
    for (guint i = 0; i < link->tables->len; i++) {
        const BpfpvTable *table = g_ptr_array_index(link->tables, i);

        if (table && !bpfpv_table_is_synced(table))
            return FALSE;
    }
    return link->online != NULL;
}

static void
tell_change(BpfpvLink *link)
{
    if (!link->synced && !all_synced(link))
        return;
    if (link->synced) {
        link->funcs->changed(link->user_data);
        return;
    }
    link->synced = TRUE;
    link->funcs->synced(link->user_data);
}

static gboolean
same_ids(const GArray *a, const GArray *b)
{
    if (!a || !b)
        return a == b;
    return a->len == b->len &&
           memcmp(a->data, b->data, a->len * g_array_get_element_size((GArray *)a)) == 0;
}

/* Returns: whether that says anything new: a loader, or a hostile guest, may repeat itself. */
static gboolean
take_cpus(BpfpvLink *link, BpfpvFrame *frame)
{
    g_autoptr(GArray) ids = g_steal_pointer(&link->next_cpu_ids);

    if (link->online && bpfpv_cpuset_equal(link->online, frame->online) &&
        (!ids || same_ids(ids, link->cpu_ids)))
        return FALSE;
    g_clear_pointer(&link->online, bpfpv_cpuset_free);
    link->online = g_steal_pointer(&frame->online);
    if (ids) {
        g_clear_pointer(&link->cpu_ids, g_array_unref);
        link->cpu_ids = g_steal_pointer(&ids);
    }
    return TRUE;
}

/* The guest tells its losses since its loader began: one that begins again begins at 0. */
static void
count_snapshot(guint64 lost_before, guint64 lost)
{
    bpfpv_counters.snapshots++;
    bpfpv_counters.lost += lost > lost_before ? lost - lost_before : 0;
}

/* Of a program that nobody has asked for, nothing is kept. */
static gboolean
take_table_frame(BpfpvLink *link, const BpfpvFrame *frame, gboolean *changed, GError **error)
{
    BpfpvTable *table = g_ptr_array_index(link->tables, frame->program);
    guint64 lost;

    if (!table)
        return TRUE;
    lost = bpfpv_table_lost(table);
    if (!bpfpv_table_apply(table, frame, changed, error))
        return FALSE;
    if (frame->type == BPFPV_WIRE_END)
        count_snapshot(lost, bpfpv_table_lost(table));
    *changed = *changed || (frame->type == BPFPV_WIRE_END && !link->synced);
    return TRUE;
}

static gboolean
take_frame(BpfpvLink *link, BpfpvFrame *frame, GError **error)
{
    gboolean changed = FALSE;

    switch (frame->type) {
    case BPFPV_WIRE_HELLO:
        take_hello(link, frame);
        return TRUE;
    case BPFPV_WIRE_CPU_IDS:
        g_clear_pointer(&link->next_cpu_ids, g_array_unref);
        link->next_cpu_ids = g_steal_pointer(&frame->cpu_ids);
        break;
    case BPFPV_WIRE_CPUS:
        changed = take_cpus(link, frame);
        break;
    case BPFPV_WIRE_BEGIN:
    case BPFPV_WIRE_RECORDS:
    case BPFPV_WIRE_END:
        if (!take_table_frame(link, frame, &changed, error))
            return FALSE;
        break;
    case BPFPV_WIRE_BYE:
        g_free(link->bye);
        link->bye = g_strdup(frame->bye_text);
        link->bye_reason = frame->bye_reason;
        break;
    default:
        break;
    }
    if (changed)
        tell_change(link);
    return TRUE;
}

static void
on_bytes(const guint8 *bytes, gsize length, gpointer user_data)
{
    BpfpvLink *link = user_data;
    gboolean freed = FALSE;

    link->freed = &freed;
    bpfpv_counters.bytes += length;
    bpfpv_decoder_push(link->decoder, bytes, length);
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(link->decoder, &error);
        g_autofree char *reason = NULL;

        if (frame)
            take_frame(link, frame, &error);
        if (freed)
            return;
        if (error) {
            reason = g_strdup_printf("the guest broke the protocol: %s", error->message);
            link->freed = NULL;
            bpfpv_counters.violations++;
            link->funcs->lost(reason, link->user_data);
            return;
        }
        if (!frame)
            break;
    }
    link->freed = NULL;
}

static void
on_closed(const GError *error, gpointer user_data)
{
    BpfpvLink *link = user_data;
    /* The callee frees the link, and with it the loader's last words. */
    g_autofree char *reason = g_steal_pointer(&link->bye);

    if (error)
        g_debug("channel: %s", error->message);
    link->funcs->lost(reason, link->user_data);
}

static const BpfpvChannelFuncs channel_funcs = {on_bytes, on_closed};

/* What an earlier request is answered with is skipped: it has another nonce. */
static void
ask(BpfpvLink *link)
{
    guint64 nonce = ((guint64)g_random_int() << 32) | g_random_int();
    g_autoptr(GBytes) limit = bpfpv_wire_encode_limit(link->max_keys);
    g_autoptr(GBytes) resync = bpfpv_wire_encode_resync(nonce);

    g_clear_pointer(&link->decoder, bpfpv_decoder_free);
    link->decoder = bpfpv_decoder_new(nonce, link->max_keys);
    bpfpv_channel_send(link->channel, limit);
    bpfpv_channel_send(link->channel, resync);
    bpfpv_counters.resyncs++;
}

BpfpvLink *
bpfpv_link_open(const char *path, const GPtrArray *programs, guint max_keys,
                const BpfpvLinkFuncs *funcs, gpointer user_data, GError **error)
{
    g_autoptr(BpfpvLink) link = g_new0(BpfpvLink, 1);

    link->funcs = funcs;
    link->user_data = user_data;
    link->max_keys = max_keys;
    link->tables = g_ptr_array_new_with_free_func(free_table);
    link->programs = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < programs->len; i++)
        g_ptr_array_add(link->programs, g_strdup(g_ptr_array_index(programs, i)));
    link->channel = bpfpv_channel_open(path, BYTES_PER_SECOND, &channel_funcs, link, error);
    if (!link->channel)
        return NULL;
    ask(link);
    return g_steal_pointer(&link);
}

void
bpfpv_link_ask_again(BpfpvLink *link)
{
    if (!link->hello)
        ask(link);
}

void
bpfpv_link_free(BpfpvLink *link)
{
    if (!link)
        return;
    if (link->freed)
        *link->freed = TRUE;
    g_clear_pointer(&link->channel, bpfpv_channel_free);
    g_clear_pointer(&link->decoder, bpfpv_decoder_free);
    g_clear_pointer(&link->hello, bpfpv_hello_free);
    g_clear_pointer(&link->next_cpu_ids, g_array_unref);
    g_clear_pointer(&link->cpu_ids, g_array_unref);
    g_clear_pointer(&link->online, bpfpv_cpuset_free);
    g_ptr_array_unref(link->tables);
    g_ptr_array_unref(link->programs);
    g_free(link->bye);
    g_free(link);
}

void
bpfpv_link_stop(BpfpvLink *link)
{
    g_autoptr(GBytes) stop = bpfpv_wire_encode_stop();

    bpfpv_channel_send(link->channel, stop);
}

const BpfpvHello *
bpfpv_link_hello(const BpfpvLink *link)
{
    return link->hello;
}

gboolean
bpfpv_link_is_synced(const BpfpvLink *link)
{
    return link->synced;
}

gboolean
bpfpv_link_was_stopped(const BpfpvLink *link)
{
    return link->bye_reason == BPFPV_WIRE_BYE_SIGNAL;
}

guint
bpfpv_link_online_cpus(const BpfpvLink *link)
{
    return link->online ? bpfpv_cpuset_count(link->online) : 0;
}

const BpfpvTable *
bpfpv_link_table(const BpfpvLink *link, guint index)
{
    return g_ptr_array_index(link->tables, index);
}

BpfpvDemand *
bpfpv_link_demand(const BpfpvLink *link, const BpfpvGuestTopology *guest, guint n_vcpus,
                  const BpfpvCpuset *enabled, gboolean *has_unplugged)
{
    BpfpvDemand *demand = bpfpv_demand_new(n_vcpus);
    g_autoptr(BpfpvGuestCpus) cpus = NULL;

    if (link->synced)
        cpus = bpfpv_guest_cpus_new(link->online, link->cpu_ids, guest, n_vcpus, enabled);
    if (has_unplugged)
        *has_unplugged = cpus && bpfpv_guest_cpus_has_unplugged(cpus);
    for (guint i = 0; link->synced && i < link->tables->len; i++) {
        const BpfpvWireProgram *wire = g_ptr_array_index(link->hello->programs, i);
        const BpfpvTable *table = g_ptr_array_index(link->tables, i);

        if (table)
            bpfpv_program_find(wire->name)->add_demand(bpfpv_table_digest(table), cpus, demand);
    }
    return demand;
}
