/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl plan: what the solver would do with a host and domains that a file
 * describes. Needs no daemon and touches nothing.
 */
#include "core/dict.h"
#include "core/plan/host-map.h"
#include "ctl/command.h"
#include "ctl/map/map.h"
#include "ctl/scenario/scenario.h"
#include "ctl/svg/svg.h"

#include <stdio.h>

static gboolean draw_map;
static gboolean draw_svg;

static const GOptionEntry options[] = {
    {"map", 0, 0, G_OPTION_ARG_NONE, &draw_map, "Draw the host and who would sit where", NULL},
    {"svg", 0, 0, G_OPTION_ARG_NONE, &draw_svg, "Draw the same as SVG, for a browser", NULL},
    {0},
};

static GVariant *
describe_vcpus(const BpfpvPlanDomain *domain, const BpfpvScenarioDomain *given)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint v = 0; v < domain->vcpus->len; v++) {
        const BpfpvPlanVcpu *vcpu = domain->vcpus->pdata[v];

        if (!bpfpv_cpuset_contains(given->enabled, v))
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_uint(&builder, "vcpu", v);
        bpfpv_dict_add_string(&builder, "want", bpfpv_want_to_string(vcpu->want));
        bpfpv_dict_add_boolean(&builder, "met", vcpu->met);
        bpfpv_dict_add_set(&builder, "cpus", vcpu->cpus);
        bpfpv_dict_add_string(&builder, "why", vcpu->why);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_iothreads(const BpfpvPlanDomain *domain)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint t = 0; t < domain->threads->len; t++) {
        const BpfpvPlanThread *thread = domain->threads->pdata[t];

        if (thread->kind != BPFPV_THREAD_IOTHREAD)
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_uint(&builder, "iothread", thread->id);
        bpfpv_dict_add_set(&builder, "cpus", thread->cpus);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

/* Returns: (nullable) */
static const BpfpvCpuset *
emulator_of(const BpfpvPlanDomain *domain)
{
    for (guint t = 0; t < domain->threads->len; t++) {
        const BpfpvPlanThread *thread = domain->threads->pdata[t];

        if (thread->kind == BPFPV_THREAD_EMULATOR)
            return thread->cpus;
    }
    return NULL;
}

static GVariant *
describe_domains(const BpfpvPlan *plan, const BpfpvScenario *scenario)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = plan->domains->pdata[d];

        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_string(&builder, "name", domain->domain);
        bpfpv_dict_add_value(
            &builder, "vcpus",
            describe_vcpus(domain, bpfpv_scenario_find_domain(scenario, domain->domain)));
        bpfpv_dict_add_set(&builder, "emulator", emulator_of(domain));
        bpfpv_dict_add_value(&builder, "iothreads", describe_iothreads(domain));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_unmet(const BpfpvPlan *plan)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = plan->domains->pdata[d];

        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvPlanVcpu *vcpu = domain->vcpus->pdata[v];

            if (vcpu->met)
                continue;
            g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
            bpfpv_dict_add_string(&builder, "domain", domain->domain);
            bpfpv_dict_add_uint(&builder, "vcpu", v);
            bpfpv_dict_add_string(&builder, "why", vcpu->why);
            g_variant_builder_close(&builder);
        }
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_moves(const BpfpvPlan *from, const BpfpvPlan *plan)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint d = 0; from && d < from->domains->len; d++) {
        const BpfpvPlanDomain *was = from->domains->pdata[d];
        const BpfpvPlanDomain *is = bpfpv_plan_find(plan, was->domain);

        for (guint v = 0; v < was->vcpus->len; v++) {
            const BpfpvPlanVcpu *left = was->vcpus->pdata[v], *right = is->vcpus->pdata[v];

            if (left->cpus == NULL || bpfpv_cpuset_equal(left->cpus, right->cpus))
                continue;
            g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
            bpfpv_dict_add_string(&builder, "domain", was->domain);
            bpfpv_dict_add_uint(&builder, "vcpu", v);
            bpfpv_dict_add_set(&builder, "from", left->cpus);
            bpfpv_dict_add_set(&builder, "to", right->cpus);
            g_variant_builder_close(&builder);
        }
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_score(const BpfpvPlacer *placer)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    BpfpvPlacementScore score;

    bpfpv_placer_score(placer, &score);
    bpfpv_dict_add_uint(&builder, "anchors", score.anchors);
    bpfpv_dict_add_uint(&builder, "unmet", score.unmet);
    bpfpv_dict_add_uint(&builder, "remote", score.remote);
    bpfpv_dict_add_uint(&builder, "slow", score.slow);
    bpfpv_dict_add_uint(&builder, "split", score.split);
    bpfpv_dict_add_uint(&builder, "crowded", score.crowded);
    bpfpv_dict_add_uint(&builder, "spread", score.spread);
    bpfpv_dict_add_uint(&builder, "away", score.away);
    bpfpv_dict_add_uint64(&builder, "cost", score.cost);
    return g_variant_builder_end(&builder);
}

static void
print_plan(const BpfpvPlacer *placer, const BpfpvScenario *scenario)
{
    const BpfpvPlan *plan = bpfpv_placer_plan(placer);
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) all = NULL;

    bpfpv_dict_add_value(&builder, "domains", describe_domains(plan, scenario));
    bpfpv_dict_add_value(&builder, "unmet", describe_unmet(plan));
    bpfpv_dict_add_value(&builder, "moves", describe_moves(scenario->current, plan));
    bpfpv_dict_add_value(&builder, "score", describe_score(placer));
    all = g_variant_ref_sink(g_variant_builder_end(&builder));
    bpfpv_ctl_print_json(all);
}

/* Who sits where when the plan is in force. */
static GVariant *
describe_map(const BpfpvScenario *scenario, const BpfpvPlan *plan)
{
    g_autoptr(BpfpvHostMap) map =
        bpfpv_host_map_new(scenario->topology, scenario->pool, scenario->reserve);

    if (scenario->taken != NULL)
        bpfpv_host_map_add_neighbour(map, NULL, scenario->taken);
    for (guint d = 0; d < scenario->domains->len; d++) {
        const BpfpvScenarioDomain *given = scenario->domains->pdata[d];
        const BpfpvPlanDomain *domain = bpfpv_plan_find(plan, given->name);

        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvPlanVcpu *vcpu = domain->vcpus->pdata[v];

            if (!bpfpv_cpuset_contains(given->enabled, v))
                continue;
            bpfpv_host_map_add_vcpu(map, domain->domain, v,
                                    vcpu->met ? vcpu->want : BPFPV_WANT_FLOAT, vcpu->cpus,
                                    given->view.smt == BPFPV_SMT_ISOLATE);
        }
    }
    return bpfpv_host_map_describe(map);
}

static void
print_svg(GVariant *map, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *title = g_strdup_printf("Host CPUs and who would sit on each: %s", name);
    g_autofree char *picture = bpfpv_svg_draw(map, title);

    fputs(picture, stdout); /* UTF-8, whatever the locale */
}

static void
print_map(const BpfpvCtl *ctl, const BpfpvScenario *scenario, const BpfpvPlan *plan,
          const char *path)
{
    g_autoptr(GVariant) map = g_variant_ref_sink(describe_map(scenario, plan));
    g_autofree char *picture = NULL;

    if (ctl->json) {
        bpfpv_ctl_print_json(map);
        return;
    }
    if (draw_svg) {
        print_svg(map, path);
        return;
    }
    picture = bpfpv_map_draw(map, &ctl->term);
    g_print("%s", picture);
}

static int
run_plan(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvScenario) scenario = NULL;
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    if (draw_svg && ctl->json)
        return bpfpv_ctl_usage("plan prints --json or --svg, not both");
    scenario = bpfpv_scenario_load(arguments[0], &error);
    if (scenario == NULL)
        return bpfpv_ctl_fail(error);
    bpfpv_scenario_place(scenario, placer);
    if (draw_map || draw_svg)
        print_map(ctl, scenario, bpfpv_placer_plan(placer), arguments[0]);
    else
        print_plan(placer, scenario);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_plan = {
    .name = "plan",
    .arguments = "SCENARIO",
    .summary = "Shows what placement would do, without a daemon",
    .min_arguments = 1,
    .max_arguments = 1,
    .first = BPFPV_ARGUMENT_FILE,
    .has_json = TRUE,
    .options = options,
    .run = run_plan,
};
