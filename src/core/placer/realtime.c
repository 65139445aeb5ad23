/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Says which vCPUs with a real-time scheduler (<vcpusched>: FIFO or RR) may leave the emulator or
 * an I/O thread nothing: such a vCPU runs for as long as it likes, and a guest whose emulator does
 * not run stands still. Changes no set, only the plan's sentences.
 */
#include "core/placer/private.h"

static const BpfpvCpuset *
cpus_of(const BpfpvPlacerDomain *domain, guint vcpu)
{
    return ((const BpfpvPlanVcpu *)domain->planned->vcpus->pdata[vcpu])->cpus;
}

static gboolean
is_realtime(const BpfpvPlacerDomain *domain, guint vcpu)
{
    return domain->realtime != NULL && !domain->view.released &&
           bpfpv_cpuset_contains(domain->realtime, vcpu);
}

/* Whether all CPUs of @place may be busy with real-time vCPUs at once: those that have one CPU are
 * there, and each of the others may be on any that is left. */
static gboolean
may_be_full(const BpfpvPlacer *placer, const BpfpvCpuset *place)
{
    g_autoptr(BpfpvCpuset) left = bpfpv_cpuset_copy(place);
    guint n_roaming = 0;

    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            if (is_realtime(domain, v) && bpfpv_cpuset_count(cpus_of(domain, v)) == 1)
                bpfpv_cpuset_subtract(left, cpus_of(domain, v));
    }
    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            n_roaming += is_realtime(domain, v) && bpfpv_cpuset_count(cpus_of(domain, v)) > 1 &&
                         bpfpv_cpuset_intersects(cpus_of(domain, v), left);
    }
    return n_roaming >= bpfpv_cpuset_count(left);
}

/* The same, asked once for each set: threads share theirs. */
static gboolean
is_tight(const BpfpvPlacer *placer, GHashTable *known, const BpfpvCpuset *place)
{
    gpointer value;

    if (!g_hash_table_lookup_extended(known, place, NULL, &value)) {
        value = GINT_TO_POINTER(may_be_full(placer, place));
        g_hash_table_insert(known, (gpointer)place, value);
    }
    return GPOINTER_TO_INT(value);
}

static char *
name_of(const BpfpvPlanThread *thread, gboolean is_own)
{
    g_autofree char *name = thread->kind == BPFPV_THREAD_EMULATOR
                                ? g_strdup("the emulator")
                                : g_strdup_printf("I/O thread %u", thread->id);

    return is_own ? g_steal_pointer(&name) : g_strdup_printf("%s of another domain", name);
}

/* Adds to what the plan says of @vcpu; the next bpfpv_placer_write() starts from scratch. */
static void
add_why(BpfpvPlacerDomain *domain, guint vcpu, const BpfpvPlacerDomain *owner,
        const BpfpvPlanThread *thread)
{
    BpfpvPlanVcpu *planned = domain->planned->vcpus->pdata[vcpu];
    g_autofree char *name = name_of(thread, owner == domain);
    g_autofree char *place = bpfpv_cpuset_describe(thread->cpus);
    char *why = g_strdup_printf("%s%sits scheduler is a real-time one (<vcpusched>), and %s may "
                                "run on %s alone, where it may get no time; give that more CPUs",
                                planned->why != NULL ? planned->why : "",
                                planned->why != NULL ? "; " : "", name, place);

    g_free(planned->why);
    planned->why = why;
    domain->unsaid = TRUE;
    domain->quiet = FALSE;
    domain->changed = TRUE;
}

/* The first thread of any domain that @vcpu may starve is said. */
static void
look_at(const BpfpvPlacer *placer, GHashTable *known, BpfpvPlacerDomain *domain, guint vcpu)
{
    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *owner = placer->domains->pdata[d];

        for (guint t = 0; t < owner->planned->threads->len; t++) {
            const BpfpvPlanThread *thread = owner->planned->threads->pdata[t];

            if (!bpfpv_cpuset_intersects(thread->cpus, cpus_of(domain, vcpu)) ||
                !is_tight(placer, known, thread->cpus))
                continue;
            add_why(domain, vcpu, owner, thread);
            return;
        }
    }
}

/* After all sets are written. */
void
bpfpv_placer_say_realtime(BpfpvPlacer *placer)
{
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);

    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            if (is_realtime(domain, v))
                look_at(placer, known, domain, v);
    }
}
