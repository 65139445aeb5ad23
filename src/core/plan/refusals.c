/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain was refused; see refusals.h. */
#include "core/plan/refusals.h"

/* For how long something is left alone. */
typedef struct {
    guint times;
    gint64 until_us;
} Wait;

/* The last set that a thread was refused. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;
    BpfpvCpuset *cpus;
    Wait wait;
} Refused;

struct _BpfpvRefusals {
    GArray *cpus;    /* of Wait, by host CPU: as an anchor's */
    GArray *threads; /* of Refused */
    guint in_a_row;  /* CPUs refused since one was accepted */
    Wait all;        /* every CPU: it isn't the CPU that is at fault */
    char *why;
};

static void
wait_on(Wait *wait, gint64 now_us)
{
    gint64 us = BPFPV_REFUSED_FIRST_US;

    for (guint i = 0; i < wait->times && us < BPFPV_REFUSED_LONGEST_US; i++)
        us *= 2;
    wait->times++;
    wait->until_us = now_us + MIN(us, BPFPV_REFUSED_LONGEST_US);
}

static void
refused_clear(gpointer data)
{
    g_clear_pointer(&((Refused *)data)->cpus, bpfpv_cpuset_free);
}

BpfpvRefusals *
bpfpv_refusals_new(void)
{
    BpfpvRefusals *refusals = g_new0(BpfpvRefusals, 1);

    refusals->cpus = g_array_new(FALSE, TRUE, sizeof(Wait));
    refusals->threads = g_array_new(FALSE, TRUE, sizeof(Refused));
    g_array_set_clear_func(refusals->threads, refused_clear);
    return refusals;
}

void
bpfpv_refusals_free(BpfpvRefusals *refusals)
{
    if (!refusals)
        return;
    g_array_unref(refusals->cpus);
    g_array_unref(refusals->threads);
    g_free(refusals->why);
    g_free(refusals);
}

void
bpfpv_refusals_clear(BpfpvRefusals *refusals)
{
    g_array_set_size(refusals->cpus, 0);
    g_array_set_size(refusals->threads, 0);
    refusals->in_a_row = 0;
    refusals->all = (Wait){0, 0};
    g_clear_pointer(&refusals->why, g_free);
}

/* Returns: (nullable): what is known of a thread's last refusal */
static Refused *
find(const BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id)
{
    for (guint i = 0; i < refusals->threads->len; i++) {
        Refused *refused = &g_array_index(refusals->threads, Refused, i);

        if (refused->kind == kind && refused->id == id)
            return refused;
    }
    return NULL;
}

/* Returns: until when the CPU is left alone */
static gint64
add_cpu(BpfpvRefusals *refusals, guint cpu, gint64 now_us)
{
    Wait *wait;

    if (cpu >= refusals->cpus->len)
        g_array_set_size(refusals->cpus, cpu + 1);
    wait = &g_array_index(refusals->cpus, Wait, cpu);
    wait_on(wait, now_us);
    if (++refusals->in_a_row >= BPFPV_REFUSED_CPUS_MAX)
        wait_on(&refusals->all, now_us);
    return MAX(wait->until_us, refusals->all.until_us);
}

void
bpfpv_refusals_add(BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus,
                   gboolean anchored, const char *why, gint64 now_us)
{
    Refused *refused = find(refusals, kind, id);

    if (!refused) {
        Refused added = {.kind = kind, .id = id};

        g_array_append_val(refusals->threads, added);
        refused = &g_array_index(refusals->threads, Refused, refusals->threads->len - 1);
    }
    if (!refused->cpus || !bpfpv_cpuset_equal(refused->cpus, cpus)) {
        bpfpv_cpuset_free(refused->cpus);
        refused->cpus = bpfpv_cpuset_copy(cpus);
    }
    if (!anchored) {
        wait_on(&refused->wait, now_us);
        return;
    }
    g_free(refusals->why);
    refusals->why = g_strdup(why);
    /* Just until there is another plan, which leaves the CPU out for as long. */
    refused->wait.until_us = add_cpu(refusals, (guint)bpfpv_cpuset_next(cpus, 0), now_us);
}

void
bpfpv_refusals_accept(BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id,
                      const BpfpvCpuset *cpus, gboolean anchored)
{
    const Refused *refused = find(refusals, kind, id);
    guint cpu;

    if (refused)
        g_array_remove_index_fast(refusals->threads,
                                  (guint)(refused - &g_array_index(refusals->threads, Refused, 0)));
    if (!anchored)
        return;
    cpu = (guint)bpfpv_cpuset_next(cpus, 0);
    if (cpu < refusals->cpus->len)
        g_array_index(refusals->cpus, Wait, cpu) = (Wait){0, 0};
    refusals->in_a_row = 0;
    refusals->all = (Wait){0, 0};
}

gboolean
bpfpv_refusals_has(const BpfpvRefusals *refusals, BpfpvThreadKind kind, guint id,
                   const BpfpvCpuset *cpus, gint64 now_us)
{
    const Refused *refused = find(refusals, kind, id);

    return refused && refused->wait.until_us > now_us && bpfpv_cpuset_equal(refused->cpus, cpus);
}

BpfpvCpuset *
bpfpv_refusals_cpus(const BpfpvRefusals *refusals, const BpfpvCpuset *all, gint64 now_us)
{
    g_autoptr(BpfpvCpuset) cpus = NULL;

    if (refusals->all.until_us > now_us)
        return bpfpv_cpuset_copy(all);
    cpus = bpfpv_cpuset_new();
    for (guint c = 0; c < refusals->cpus->len; c++)
        if (g_array_index(refusals->cpus, Wait, c).until_us > now_us)
            bpfpv_cpuset_add(cpus, c);
    return bpfpv_cpuset_is_empty(cpus) ? NULL : g_steal_pointer(&cpus);
}

const char *
bpfpv_refusals_why(const BpfpvRefusals *refusals)
{
    return refusals->why;
}

static gint64
earlier(gint64 next_us, const Wait *wait, gint64 now_us)
{
    return wait->until_us > now_us ? MIN(next_us, wait->until_us) : next_us;
}

gint64
bpfpv_refusals_next_us(const BpfpvRefusals *refusals, gint64 now_us)
{
    gint64 next_us = earlier(G_MAXINT64, &refusals->all, now_us);

    for (guint c = 0; c < refusals->cpus->len; c++)
        next_us = earlier(next_us, &g_array_index(refusals->cpus, Wait, c), now_us);
    for (guint i = 0; i < refusals->threads->len; i++)
        next_us = earlier(next_us, &g_array_index(refusals->threads, Refused, i).wait, now_us);
    return next_us;
}
