/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon knows of a domain, for the bus; see status.h. */
#include "daemon/bus/status.h"

#include "core/dict.h"

#define FIXED "fixed by administrator"

static void
add_heading(GVariantBuilder *builder, const BpfpvManaged *managed)
{
    g_autofree char *reason = NULL;
    BpfpvState state = bpfpv_managed_state(managed, &reason);

    bpfpv_dict_add_string(builder, "domain", managed->name);
    bpfpv_dict_add_string(builder, "uuid", managed->uuid);
    bpfpv_dict_add_string(builder, "state", bpfpv_state_to_string(state));
    bpfpv_dict_add_string(builder, "reason", reason);
    bpfpv_dict_add_boolean(builder, "connected",
                           bpfpv_manager_unconnected(managed->manager) == NULL);
}

/* @unmet: (out): those that have no CPU of their own, whatever is planned, and what else is unmet
 * Returns: how many anchors are wanted */
static guint
count_anchors(const BpfpvManaged *managed, const BpfpvPlanDomain *plan, guint *unmet)
{
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);
    guint n = 0;

    *unmet = 0;
    for (guint i = 0; plan && i < plan->vcpus->len; i++) {
        const BpfpvPlanVcpu *vcpu = g_ptr_array_index(plan->vcpus, i);
        gboolean is_anchor = vcpu->want == BPFPV_WANT_ANCHOR;

        n += is_anchor;
        *unmet += !vcpu->met || (is_anchor && applied && i < applied->vcpus->len &&
                                 !bpfpv_applied_vcpu_holds(g_ptr_array_index(applied->vcpus, i)));
    }
    return n;
}

GVariant *
bpfpv_status_list(BpfpvManager *manager)
{
    g_autoptr(GPtrArray) list = bpfpv_manager_list(manager);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; i < list->len; i++) {
        const BpfpvManaged *managed = g_ptr_array_index(list, i);
        const BpfpvPlanDomain *plan = bpfpv_manager_plan(manager, managed);
        const GPtrArray *original = bpfpv_pins_original(managed->pins);
        guint unmet, anchors = count_anchors(managed, plan, &unmet);

        g_variant_builder_open(&builder, G_VARIANT_TYPE("a{sv}"));
        add_heading(&builder, managed);
        bpfpv_dict_add_uint(&builder, "vcpus", original ? original->len : 0);
        bpfpv_dict_add_uint(&builder, "anchors", anchors);
        bpfpv_dict_add_uint(&builder, "unmet", unmet);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static void
add_digest(GVariantBuilder *builder, const guint8 *digest)
{
    GString *hex = g_string_new(NULL);
    g_autofree char *text = NULL;

    for (gsize i = 0; digest && i < BPFPV_WIRE_DIGEST_LEN; i++)
        g_string_append_printf(hex, "%02x", digest[i]);
    text = g_string_free(hex, FALSE);
    bpfpv_dict_add_string(builder, "digest", text);
}

static GVariant *
show_guest(const BpfpvLink *link)
{
    const BpfpvHello *hello = link ? bpfpv_link_hello(link) : NULL;
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

    bpfpv_dict_add_string(&builder, "kernel", hello ? hello->kernel : "");
    bpfpv_dict_add_uint(&builder, "cpus", link ? bpfpv_link_online_cpus(link) : 0);
    bpfpv_dict_add_string(&builder, "loader", hello ? hello->build : "");
    add_digest(&builder, hello ? hello->digest : NULL);
    bpfpv_dict_add_string(&builder, "owner",
                          !hello ? "" : (bpfpv_hello_is_owned(hello) ? "guest" : "host"));
    return g_variant_builder_end(&builder);
}

static GVariant *
show_programs(const BpfpvLink *link)
{
    const BpfpvHello *hello = link ? bpfpv_link_hello(link) : NULL;
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; hello && i < hello->programs->len; i++) {
        const BpfpvWireProgram *program = g_ptr_array_index(hello->programs, i);
        const BpfpvTable *table = bpfpv_link_table(link, i);

        if (!table)
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_string(&builder, "name", program->name);
        bpfpv_dict_add_string(&builder, "attach", program->attach);
        add_digest(&builder, program->digest);
        bpfpv_dict_add_uint(&builder, "keys", bpfpv_table_n_keys(table));
        bpfpv_dict_add_uint(&builder, "generation", bpfpv_table_generation(table));
        g_variant_builder_add(&builder, "{sv}", "lost",
                              g_variant_new_uint64(bpfpv_table_lost(table)));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

const char *
bpfpv_status_why(const BpfpvManaged *managed, guint vcpu, const BpfpvPlanVcpu *planned)
{
    const char *error = bpfpv_pins_error(managed->pins, vcpu);

    if (error)
        return error;
    if (bpfpv_cpuset_contains(bpfpv_pins_fixed(managed->pins), vcpu))
        return FIXED;
    return planned ? planned->why : NULL;
}

static void
add_vcpu(GVariantBuilder *builder, const BpfpvManaged *managed, guint index,
         const BpfpvPlanVcpu *planned)
{
    const GPtrArray *original = bpfpv_pins_original(managed->pins);
    const BpfpvAppliedVcpu *applied =
        g_ptr_array_index(bpfpv_pins_applied(managed->pins)->vcpus, index);

    g_variant_builder_open(builder, G_VARIANT_TYPE_VARDICT);
    bpfpv_dict_add_uint(builder, "vcpu", index);
    bpfpv_dict_add_uint(builder, "tasks", planned ? planned->tasks : 0);
    bpfpv_dict_add_string(builder, "want",
                          bpfpv_want_to_string(planned ? planned->want : BPFPV_WANT_FLOAT));
    bpfpv_dict_add_set(builder, "cpus", planned ? planned->cpus : NULL);
    bpfpv_dict_add_set(builder, "original", g_ptr_array_index(original, index));
    bpfpv_dict_add_set(builder, "applied", bpfpv_thread_truth_cpus(&applied->truth, applied->cpus));
    bpfpv_dict_add_string(builder, "why", bpfpv_status_why(managed, index, planned));
    g_variant_builder_close(builder);
}

static GVariant *
show_vcpus(BpfpvManager *manager, const BpfpvManaged *managed)
{
    const BpfpvPlanDomain *plan = bpfpv_manager_plan(manager, managed);
    const GPtrArray *original = bpfpv_pins_original(managed->pins);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; original && i < original->len; i++)
        add_vcpu(&builder, managed, i,
                 plan && i < plan->vcpus->len ? g_ptr_array_index(plan->vcpus, i) : NULL);
    return g_variant_builder_end(&builder);
}

const char *
bpfpv_status_thread_why(const BpfpvManaged *managed, const BpfpvAppliedThread *thread)
{
    const char *error = bpfpv_pins_thread_error(managed->pins, thread->id);

    if (error)
        return error;
    return thread->fixed ? FIXED : NULL;
}

const BpfpvCpuset *
bpfpv_status_thread_planned(const BpfpvPlanDomain *plan, const BpfpvAppliedThread *thread)
{
    if (thread->fixed)
        return thread->original;
    for (guint i = 0; plan && i < plan->threads->len; i++) {
        const BpfpvPlanThread *planned = g_ptr_array_index(plan->threads, i);

        if (planned->kind == thread->kind && planned->id == thread->id)
            return planned->cpus;
    }
    return NULL;
}

static void
add_thread(GVariantBuilder *builder, const BpfpvManaged *managed, const BpfpvPlanDomain *plan,
           const BpfpvAppliedThread *thread)
{
    if (thread->kind == BPFPV_THREAD_IOTHREAD)
        bpfpv_dict_add_uint(builder, "iothread", thread->id);
    bpfpv_dict_add_set(builder, "cpus", bpfpv_status_thread_planned(plan, thread));
    bpfpv_dict_add_set(builder, "original", thread->original);
    bpfpv_dict_add_set(builder, "applied", bpfpv_thread_truth_cpus(&thread->truth, thread->cpus));
    bpfpv_dict_add_string(builder, "why", bpfpv_status_thread_why(managed, thread));
}

/* Empty where libvirt tells nothing of it. */
static GVariant *
show_emulator(BpfpvManager *manager, const BpfpvManaged *managed)
{
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);
    const BpfpvAppliedThread *emulator =
        applied ? bpfpv_applied_domain_find_thread(applied, BPFPV_THREAD_EMULATOR, 0) : NULL;
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

    if (emulator)
        add_thread(&builder, managed, bpfpv_manager_plan(manager, managed), emulator);
    return g_variant_builder_end(&builder);
}

static GVariant *
show_iothreads(BpfpvManager *manager, const BpfpvManaged *managed)
{
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; applied && i < applied->threads->len; i++) {
        const BpfpvAppliedThread *thread = g_ptr_array_index(applied->threads, i);

        if (thread->kind != BPFPV_THREAD_IOTHREAD)
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        add_thread(&builder, managed, bpfpv_manager_plan(manager, managed), thread);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

#define SLOWED                                                                                     \
    "its guest never rests: it asks for other anchors more often than <limit changes> allows"

GVariant *
bpfpv_status_show(BpfpvManager *manager, const BpfpvManaged *managed)
{
    const BpfpvLink *link = bpfpv_session_link(managed->session);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

    add_heading(&builder, managed);
    bpfpv_dict_add_string(&builder, "source", managed->source);
    if (managed->near_mistake)
        bpfpv_dict_add_string(&builder, "near", managed->near_mistake);
    if (bpfpv_session_is_slowed(managed->session))
        bpfpv_dict_add_string(&builder, "slowed", SLOWED);
    g_variant_builder_add(&builder, "{sv}", "guest", show_guest(link));
    g_variant_builder_add(&builder, "{sv}", "programs", show_programs(link));
    g_variant_builder_add(&builder, "{sv}", "vcpus", show_vcpus(manager, managed));
    g_variant_builder_add(&builder, "{sv}", "emulator", show_emulator(manager, managed));
    g_variant_builder_add(&builder, "{sv}", "iothreads", show_iothreads(manager, managed));
    return g_variant_builder_end(&builder);
}
