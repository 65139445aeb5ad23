/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: what a guest sends, all the way to a plan: frames, table, demand, solver, beside a
 * neighbour that asks for something itself. Of the input the first byte says what the guest has,
 * and then come frames: two bytes for type and length of each, and its payload, so that what is
 * behind a frame's header is reached. It aborts when a plan breaks the rules that hold for every
 * plan, or when the same input gives another plan the second time.
 */
#include <stdlib.h>
#include <string.h>

#include "core/placer/placer.h"
#include "core/table/table.h"
#include "core/topology/guest-cpus.h"
#include "core/wire/wire.h"
#include "frames.h"
#include "programs/program.h"

#define MAX_KEYS 64
#define MAX_VCPUS 16
#define N_HOST_CPUS 12
#define ALL_CPUS "0-11"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- from the guest ---- */

typedef struct {
    BpfpvTable *table;
    BpfpvCpuset *online; /* (nullable) */
    GArray *ids;         /* (nullable) */
} Guest;

static GByteArray *
make_stream(const uint8_t *data, size_t size)
{
    static const guint8 types[] = {BPFPV_WIRE_CPUS,    BPFPV_WIRE_CPU_IDS, BPFPV_WIRE_BEGIN,
                                   BPFPV_WIRE_RECORDS, BPFPV_WIRE_END,     BPFPV_WIRE_BYE};
    GByteArray *stream = g_byte_array_new();

    frames_add_hello(stream, FRAMES_NONCE, 1);
    frames_add_cpus(stream, 8, 0xff, 0xff);
    for (size_t at = 0; at + 2 <= size;) {
        guint type = types[data[at] % G_N_ELEMENTS(types)];
        size_t length = MIN((size_t)data[at + 1] * 8, (size - at - 2) / 8 * 8);

        frames_add(stream, type, data + at + 2, length);
        at += 2 + length;
    }
    return stream;
}

static gboolean
take(Guest *guest, BpfpvFrame *frame)
{
    gboolean changed;

    switch (frame->type) {
    case BPFPV_WIRE_CPUS:
        bpfpv_cpuset_free(guest->online);
        guest->online = g_steal_pointer(&frame->online);
        return TRUE;
    case BPFPV_WIRE_CPU_IDS:
        g_clear_pointer(&guest->ids, g_array_unref);
        guest->ids = g_steal_pointer(&frame->cpu_ids);
        return TRUE;
    case BPFPV_WIRE_BEGIN:
    case BPFPV_WIRE_RECORDS:
    case BPFPV_WIRE_END:
        return bpfpv_table_apply(guest->table, frame, &changed, NULL);
    default:
        return TRUE;
    }
}

/* Until the first mistake, as the daemon does. */
static void
listen(Guest *guest, const GByteArray *stream)
{
    g_autoptr(BpfpvDecoder) decoder = bpfpv_decoder_new(FRAMES_NONCE, MAX_KEYS);
    gboolean goes_on = TRUE;

    bpfpv_decoder_push(decoder, stream->data, stream->len);
    while (goes_on) {
        g_autoptr(BpfpvFrame) frame = bpfpv_decoder_next(decoder, NULL);

        goes_on = frame != NULL && take(guest, frame);
    }
}

static BpfpvDemand *
make_demand(const Guest *guest, guint n_vcpus, const BpfpvCpuset *enabled)
{
    BpfpvDemand *demand = bpfpv_demand_new(n_vcpus);
    g_autoptr(BpfpvGuestCpus) cpus =
        bpfpv_guest_cpus_new(guest->online, guest->ids, NULL, n_vcpus, enabled);

    bpfpv_program_find("affinity")->add_demand(bpfpv_table_digest(guest->table), cpus, demand);
    return demand;
}

/* ---- to the plan ---- */

static BpfpvPlacementDomain
make_domain(const char *key, const BpfpvDemand *demand, GPtrArray *original, guint what)
{
    return (BpfpvPlacementDomain){
        .domain = key,
        .demand = demand,
        .original = original,
        .mode = what & 1 ? BPFPV_MODE_SHARED : BPFPV_MODE_EXCLUSIVE,
        .smt = (BpfpvSmt)(what % 3),
        .cohort = (BpfpvCohortPolicy)(what / 4 % 3),
        .max_anchors = G_MAXUINT,
        .weight = 1,
    };
}

static GPtrArray *
make_originals(guint n)
{
    GPtrArray *sets = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);

    for (guint v = 0; v < n; v++)
        g_ptr_array_add(sets, bpfpv_cpuset_parse(ALL_CPUS, NULL));
    return sets;
}

static void
check_vcpu(const BpfpvPlanVcpu *vcpu, const BpfpvCpuset *original, const BpfpvCpuset *enabled,
           guint v, BpfpvCpuset *anchored)
{
    if (bpfpv_cpuset_is_empty(vcpu->cpus) || !bpfpv_cpuset_is_subset(vcpu->cpus, original))
        abort();
    if (vcpu->want != BPFPV_WANT_ANCHOR)
        return;
    if (!vcpu->met) {
        if (vcpu->why == NULL)
            abort();
        return;
    }
    if (bpfpv_cpuset_count(vcpu->cpus) != 1 || bpfpv_cpuset_intersects(vcpu->cpus, anchored) ||
        !bpfpv_cpuset_contains(enabled, v))
        abort();
    bpfpv_cpuset_unite(anchored, vcpu->cpus);
}

static BpfpvPlan *
solve(const BpfpvPlacementHost *host, const GPtrArray *domains, const BpfpvCpuset *enabled)
{
    BpfpvPlan *plan = bpfpv_placement_solve(host, domains, NULL, 0);
    g_autoptr(BpfpvCpuset) anchored = bpfpv_cpuset_new();

    for (guint d = 0; d < domains->len; d++) {
        const BpfpvPlacementDomain *domain = domains->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->domain);

        for (guint v = 0; v < planned->vcpus->len; v++)
            check_vcpu(planned->vcpus->pdata[v], domain->original->pdata[v], enabled, v, anchored);
    }
    if (bpfpv_cpuset_count(anchored) > N_HOST_CPUS - host->reserve)
        abort();
    return plan;
}

static void
check_same(const BpfpvPlan *a, const BpfpvPlan *b, const char *key)
{
    const BpfpvPlanDomain *left = bpfpv_plan_find(a, key), *right = bpfpv_plan_find(b, key);

    for (guint v = 0; v < left->vcpus->len; v++) {
        const BpfpvPlanVcpu *one = left->vcpus->pdata[v], *other = right->vcpus->pdata[v];

        if (one->want != other->want || one->met != other->met ||
            !bpfpv_cpuset_equal(one->cpus, other->cpus))
            abort();
    }
}

static void
place(const BpfpvDemand *demand, guint n_vcpus, const BpfpvCpuset *enabled, guint what)
{
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_parse(ALL_CPUS, NULL);
    g_autoptr(BpfpvCpuset) first = bpfpv_cpuset_new_range(0, 0);
    g_autoptr(BpfpvCpuset) two = bpfpv_cpuset_new_range(0, 1);
    g_autoptr(BpfpvTopology) topology = bpfpv_topology_new(all, all);
    g_autoptr(BpfpvDemand) others = bpfpv_demand_new(2);
    g_autoptr(GPtrArray) original = make_originals(n_vcpus);
    g_autoptr(GPtrArray) neighbours = make_originals(2);
    const BpfpvPlacementHost host = {.topology = topology, .reserve = 1 + what % 4};
    BpfpvPlacementDomain fuzzed = make_domain("fuzzed", demand, original, what);
    BpfpvPlacementDomain neighbour = make_domain("neighbour", others, neighbours, 0);
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    g_autoptr(BpfpvPlan) plan = NULL;
    g_autoptr(BpfpvPlan) again = NULL;

    bpfpv_demand_add(others, first, two, 1);
    g_ptr_array_add(domains, &fuzzed);
    g_ptr_array_add(domains, &neighbour);
    plan = solve(&host, domains, enabled);
    again = solve(&host, domains, enabled);
    check_same(plan, again, "fuzzed");
    check_same(plan, again, "neighbour");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const BpfpvProgram *program = bpfpv_program_find("affinity");
    Guest guest = {.table = bpfpv_table_new(MAX_KEYS, &program->digest)};
    g_autoptr(GByteArray) stream = NULL;
    g_autoptr(BpfpvCpuset) enabled = NULL;
    g_autoptr(BpfpvDemand) demand = NULL;
    guint n_vcpus, n_enabled;

    if (size > 0) {
        n_vcpus = 2 + data[0] % (MAX_VCPUS - 1);
        n_enabled = n_vcpus - MIN(data[0] / 64U, n_vcpus - 2);
        enabled = bpfpv_cpuset_new_range(0, n_enabled - 1);
        stream = make_stream(data + 1, size - 1);
        listen(&guest, stream);
        demand = make_demand(&guest, n_vcpus, enabled);
        place(demand, n_vcpus, enabled, data[0]);
    }
    bpfpv_table_free(guest.table);
    bpfpv_cpuset_free(guest.online);
    g_clear_pointer(&guest.ids, g_array_unref);
    return 0;
}
