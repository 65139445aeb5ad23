/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the host's map; see model.h. What is not there or makes no sense is not known. */
#include "ctl/map/model.h"

static const char *const state_names[] = {
    [BPFPV_MAP_FREE] = "free",       [BPFPV_MAP_OUTSIDE] = "outside", [BPFPV_MAP_IDLE] = "idle",
    [BPFPV_MAP_ANCHOR] = "anchor",   [BPFPV_MAP_FIXED] = "fixed",     [BPFPV_MAP_TAKEN] = "taken",
    [BPFPV_MAP_OFFLINE] = "offline",
};

/* Past the last there is one for all. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define NO_LETTER '*'

typedef struct {
    BpfpvMapModel *model;
    GHashTable *managed; /* name → BpfpvMapWho */
    GHashTable *others;
} Reader;

/* Returns: (transfer floating or full) (nullable): a list of dictionaries */
static GVariant *
get_list(GVariant *dict, const char *key)
{
    return g_variant_lookup_value(dict, key, G_VARIANT_TYPE("aa{sv}"));
}

static guint
get_uint(GVariant *dict, const char *key)
{
    guint32 value = 0;

    g_variant_lookup(dict, key, "u", &value);
    return value;
}

static int
get_place(GVariant *dict, const char *key)
{
    guint32 value;

    return g_variant_lookup(dict, key, "u", &value) && value < G_MAXINT ? (int)value : -1;
}

static BpfpvMapState
get_state(GVariant *dict)
{
    const char *name = "";

    g_variant_lookup(dict, "state", "&s", &name);
    for (guint i = 0; i < BPFPV_MAP_N_STATES; i++) {
        if (g_str_equal(name, state_names[i]))
            return (BpfpvMapState)i;
    }
    return BPFPV_MAP_OUTSIDE; /* of a newer daemon */
}

/* ---- who sits there ---- */

static void
who_free(gpointer data)
{
    BpfpvMapWho *who = data;

    g_free(who->name);
    g_array_unref(who->seats);
    bpfpv_cpuset_free(who->cpus);
    g_free(who);
}

static BpfpvMapWho *
find_who(const Reader *reader, const char *name, gboolean managed)
{
    GHashTable *table = managed ? reader->managed : reader->others;
    BpfpvMapWho *who = g_hash_table_lookup(table, name);

    if (who != NULL)
        return who;
    who = g_new0(BpfpvMapWho, 1);
    who->name = bpfpv_term_clean(name);
    who->managed = managed;
    who->seats = g_array_new(FALSE, FALSE, sizeof(BpfpvMapSeat));
    who->cpus = bpfpv_cpuset_new();
    g_hash_table_insert(table, g_strdup(name), who);
    g_ptr_array_add(reader->model->who, who);
    return who;
}

static void
read_seats(const Reader *reader, GVariant *dict, BpfpvMapCpu *cpu)
{
    g_autoptr(GVariant) vcpus = get_list(dict, "vcpus");

    for (gsize i = 0; vcpus != NULL && i < g_variant_n_children(vcpus); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(vcpus, i);
        const char *domain = "", *want = "";
        BpfpvMapSeat seat = {get_uint(one, "vcpu"), cpu->cpu, FALSE};
        BpfpvMapWho *who;

        g_variant_lookup(one, "domain", "&s", &domain);
        g_variant_lookup(one, "want", "&s", &want);
        seat.fixed = g_str_equal(want, "fixed");
        who = find_who(reader, domain, TRUE);
        g_array_append_val(who->seats, seat);
        bpfpv_cpuset_add(who->cpus, cpu->cpu);
        cpu->more += cpu->who != NULL;
        /* The one that the state is about. */
        if (cpu->who == NULL || (!seat.fixed && cpu->state == BPFPV_MAP_ANCHOR)) {
            cpu->who = who;
            cpu->vcpu = seat.vcpu;
        }
    }
}

static void
read_neighbours(const Reader *reader, GVariant *dict, BpfpvMapCpu *cpu)
{
    g_autoptr(GVariant) names = g_variant_lookup_value(dict, "taken_by", G_VARIANT_TYPE("as"));

    for (gsize i = 0; names != NULL && i < g_variant_n_children(names); i++) {
        g_autoptr(GVariant) name = g_variant_get_child_value(names, i);
        BpfpvMapWho *who = find_who(reader, g_variant_get_string(name, NULL), FALSE);

        bpfpv_cpuset_add(who->cpus, cpu->cpu);
        cpu->more += cpu->who != NULL;
        if (cpu->who == NULL)
            cpu->who = who;
    }
}

static int
compare_who(gconstpointer a, gconstpointer b)
{
    const BpfpvMapWho *const *left = a, *const *right = b;

    if ((*left)->managed != (*right)->managed)
        return (*left)->managed ? -1 : 1;
    return g_strcmp0((*left)->name, (*right)->name);
}

static void
give_letters(const BpfpvMapModel *model)
{
    g_ptr_array_sort(model->who, compare_who);
    for (guint i = 0; i < model->who->len; i++) {
        BpfpvMapWho *who = model->who->pdata[i];

        who->letter = !who->managed ? '#' : i < sizeof(letters) - 1 ? letters[i] : NO_LETTER;
    }
}

/* ---- all ---- */

static void
read_cpus(const Reader *reader, GVariant *map)
{
    g_autoptr(GVariant) cpus = get_list(map, "cpus");
    g_autoptr(BpfpvCpuset) seen = bpfpv_cpuset_new();

    for (gsize i = 0; cpus != NULL && i < g_variant_n_children(cpus); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(cpus, i);
        int number = get_place(one, "cpu");
        BpfpvMapCpu cpu = {
            .cpu = (guint)number,
            .cell = get_place(one, "cell"),
            .socket = get_place(one, "socket"),
            .cache = get_place(one, "cache"),
            .core = get_place(one, "core"),
            .efficiency = get_uint(one, "efficiency"),
            .state = get_state(one),
            .floating = get_uint(one, "floating"),
        };

        if (number < 0 || number >= BPFPV_CPUSET_MAX || bpfpv_cpuset_contains(seen, cpu.cpu))
            continue;
        bpfpv_cpuset_add(seen, cpu.cpu);
        if (cpu.core < 0)
            cpu.core = number;
        read_seats(reader, one, &cpu);
        read_neighbours(reader, one, &cpu);
        reader->model->n_sockets = MAX(reader->model->n_sockets, (guint)(cpu.socket + 1));
        g_array_append_val(reader->model->cpus, cpu);
    }
}

static gboolean
has_cell(const BpfpvMapModel *model, int cell)
{
    for (guint i = 0; i < model->cells->len; i++) {
        if (g_array_index(model->cells, BpfpvMapCell, i).cell == cell)
            return TRUE;
    }
    return FALSE;
}

static void
read_cells(BpfpvMapModel *model, GVariant *map)
{
    g_autoptr(GVariant) cells = get_list(map, "cells");

    for (gsize i = 0; cells != NULL && i < g_variant_n_children(cells); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(cells, i);
        BpfpvMapCell cell = {get_place(one, "cell"), 0};

        g_variant_lookup(one, "memory", "t", &cell.memory_kib);
        if (!has_cell(model, cell.cell))
            g_array_append_val(model->cells, cell);
    }
    for (guint i = 0; i < model->cpus->len; i++) {
        BpfpvMapCell cell = {bpfpv_map_cpu(model, i)->cell, 0};

        if (!has_cell(model, cell.cell))
            g_array_append_val(model->cells, cell);
    }
}

BpfpvMapModel *
bpfpv_map_model_new(GVariant *map)
{
    BpfpvMapModel *model = g_new0(BpfpvMapModel, 1);
    g_autoptr(GHashTable) managed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) others = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const Reader reader = {model, managed, others};
    const char *pool = "", *isolated = "";

    model->cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvMapCpu));
    model->groups = g_array_new(FALSE, TRUE, sizeof(BpfpvMapGroup));
    model->cells = g_array_new(FALSE, TRUE, sizeof(BpfpvMapCell));
    model->who = g_ptr_array_new_with_free_func(who_free);
    g_variant_lookup(map, "pool", "&s", &pool);
    model->pool = bpfpv_term_clean(pool);
    g_variant_lookup(map, "isolated", "&s", &isolated);
    model->isolated = bpfpv_term_clean(isolated);
    model->reserve = get_uint(map, "reserve");
    read_cpus(&reader, map);
    read_cells(model, map);
    bpfpv_map_model_sort(model);
    give_letters(model);
    return model;
}

void
bpfpv_map_model_free(BpfpvMapModel *model)
{
    if (model == NULL)
        return;
    g_array_unref(model->cpus);
    g_array_unref(model->groups);
    g_array_unref(model->cells);
    g_ptr_array_unref(model->who);
    g_free(model->pool);
    g_free(model->isolated);
    g_free(model);
}
