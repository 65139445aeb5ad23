/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What exact.c has worked out, by state: a hash table of numbers alone
 * (open addressing), because with an allocation for each of its many thousand
 * entries a solve takes twice as long.
 */
#include "core/placer/private.h"

#define FIRST_SIZE 1024

/* By place: 0 is empty, else one more than the state. */
struct _BpfpvStates {
    guint64 *keys;
    gint8 *values;
    guint size; /* a power of two, more than half of it empty */
    guint n;
};

static guint
place_of(const BpfpvStates *states, guint64 key)
{
    guint64 hash = (key ^ key >> 33) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
    guint at = (guint)(hash ^ hash >> 33) & (states->size - 1);

    while (states->keys[at] != 0 && states->keys[at] != key)
        at = (at + 1) & (states->size - 1);
    return at;
}

static void
grow(BpfpvStates *states)
{
    BpfpvStates old = *states;

    states->size = MAX(2 * old.size, FIRST_SIZE);
    states->keys = g_new0(guint64, states->size);
    states->values = g_new0(gint8, states->size);
    for (guint i = 0; i < old.size; i++) {
        guint at;

        if (old.keys[i] == 0)
            continue;
        at = place_of(states, old.keys[i]);
        states->keys[at] = old.keys[i];
        states->values[at] = old.values[i];
    }
    g_free(old.keys);
    g_free(old.values);
}

/* Returns: (transfer full): an empty table */
BpfpvStates *
bpfpv_states_new(void)
{
    BpfpvStates *states = g_new0(BpfpvStates, 1);

    grow(states);
    return states;
}

/* Frees @states. */
void
bpfpv_states_free(BpfpvStates *states)
{
    g_free(states->keys);
    g_free(states->values);
    g_free(states);
}

/* How many it has. */
guint
bpfpv_states_count(const BpfpvStates *states)
{
    return states->n;
}

/* Adds @state, less than the highest number there is and not yet in @states. */
void
bpfpv_states_add(BpfpvStates *states, guint64 state, int value)
{
    guint at;

    if (2 * (states->n + 1) > states->size)
        grow(states);
    at = place_of(states, state + 1);
    states->keys[at] = state + 1;
    states->values[at] = (gint8)value;
    states->n++;
}

/* Returns: whether it has @state; @value: (out): what was added with it */
gboolean
bpfpv_states_find(const BpfpvStates *states, guint64 state, int *value)
{
    guint at = place_of(states, state + 1);

    *value = states->values[at];
    return states->keys[at] != 0;
}
