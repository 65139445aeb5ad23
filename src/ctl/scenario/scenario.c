/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a scenario; see scenario.h. */
#include "ctl/scenario/scenario.h"

#include "ctl/scenario/json.h"
#include "xml/capabilities.h"

#define MAX_MOVES 8

void
bpfpv_scenario_free(BpfpvScenario *scenario)
{
    if (scenario == NULL)
        return;
    bpfpv_topology_free(scenario->topology);
    bpfpv_cpuset_free(scenario->pool);
    bpfpv_cpuset_free(scenario->taken);
    g_clear_pointer(&scenario->devices, g_hash_table_unref);
    g_ptr_array_unref(scenario->domains);
    bpfpv_plan_free(scenario->current);
    g_free(scenario);
}

/* The topology, without which there are no sets of CPUs to be checked. @online: (nullable) */
static gboolean
parse_capabilities(BpfpvScenarioReader *reader, const BpfpvScenarioPart *root, const char *name,
                   const char *text, const BpfpvCpuset *online)
{
    BpfpvScenario *scenario = reader->scenario;
    g_autoptr(GError) cause = NULL;

    bpfpv_topology_free(scenario->topology);
    scenario->topology = bpfpv_capabilities_parse(text, online, &cause);
    if (scenario->topology == NULL)
        return bpfpv_scenario_fail(root, "%s: %s", name, cause->message);
    reader->present = bpfpv_topology_present(scenario->topology);
    return TRUE;
}

static gboolean
read_capabilities(BpfpvScenarioReader *reader, const BpfpvScenarioPart *root)
{
    const char *name = NULL;
    g_autofree char *text = NULL;
    g_autoptr(BpfpvCpuset) online = NULL;

    if (!bpfpv_scenario_string(root, "capabilities", &name))
        return FALSE;
    if (name == NULL)
        return bpfpv_scenario_fail(
            root, "\"capabilities\" is missing: the file that 'virsh capabilities' wrote");
    text = bpfpv_scenario_file(root, name);
    /* What is online may be more than the capabilities have, as on the host itself. */
    return text != NULL && bpfpv_scenario_set(root, "online", NULL, NULL, &online) &&
           parse_capabilities(reader, root, name, text, online);
}

/* @topology: (transfer full): the same host, of which more is known */
static void
refine(BpfpvScenarioReader *reader, BpfpvTopology *topology)
{
    bpfpv_topology_free(reader->scenario->topology);
    reader->scenario->topology = topology;
    reader->present = bpfpv_topology_present(topology);
}

static gboolean
read_host(BpfpvScenarioReader *reader, const BpfpvScenarioPart *root)
{
    BpfpvScenario *scenario = reader->scenario;
    g_autoptr(BpfpvCpuset) slow = NULL, isolated = NULL;
    guint spread = BPFPV_SPREAD_PACK, share = BPFPV_SHARE_FAIR;

    if (!read_capabilities(reader, root) ||
        !bpfpv_scenario_choice(root, "spread", bpfpv_spread_to_string, &spread) ||
        !bpfpv_scenario_choice(root, "share", bpfpv_share_to_string, &share) ||
        !bpfpv_scenario_host_set(root, "efficiency", &slow) ||
        !bpfpv_scenario_host_set(root, "isolated", &isolated))
        return FALSE;
    if (slow != NULL)
        refine(reader, bpfpv_topology_with_efficiency(scenario->topology, slow, 1));
    if (isolated != NULL)
        refine(reader, bpfpv_topology_with_isolated(scenario->topology, isolated));
    scenario->spread = (BpfpvSpread)spread;
    scenario->share = (BpfpvShare)share;
    scenario->reserve = 1;
    return bpfpv_scenario_read_devices(reader, root) &&
           bpfpv_scenario_uint(root, "reserve", 0, BPFPV_CPUSET_MAX, &scenario->reserve) &&
           bpfpv_scenario_host_set(root, "pool", &scenario->pool) &&
           bpfpv_scenario_host_set(root, "taken", &scenario->taken);
}

const BpfpvScenarioDomain *
bpfpv_scenario_find_domain(const BpfpvScenario *scenario, const char *name)
{
    for (guint d = 0; d < scenario->domains->len; d++) {
        const BpfpvScenarioDomain *domain = scenario->domains->pdata[d];

        if (g_str_equal(domain->name, name))
            return domain;
    }
    return NULL;
}

static gboolean
read_anchors(const BpfpvScenarioPart *part, BpfpvPlanDomain *planned)
{
    g_autoptr(GList) members = json_object_get_members(part->object);

    for (const GList *at = members; at; at = at->next) {
        BpfpvPlanVcpu *vcpu;
        guint number;

        if (!bpfpv_scenario_vcpu(part, at->data, planned->vcpus->len, &number))
            return FALSE;
        vcpu = planned->vcpus->pdata[number];
        if (!bpfpv_scenario_host_set(part, at->data, &vcpu->cpus))
            return FALSE;
        if (bpfpv_cpuset_count(vcpu->cpus) != 1)
            return bpfpv_scenario_fail(
                part,
                "\"%s\": it is the one CPU that the vCPU is anchored to; leave out what floats",
                (const char *)at->data);
        vcpu->want = BPFPV_WANT_ANCHOR;
        vcpu->met = TRUE;
    }
    return TRUE;
}

/* "current": {"NAME": {"0": "3"}}: anchors in force. */
static gboolean
read_current(const BpfpvScenarioReader *reader, const BpfpvScenarioPart *root)
{
    BpfpvScenarioPart current = {reader, "\"current\": ", NULL};
    g_autoptr(GList) members = NULL;

    if (!bpfpv_scenario_object(root, "current", &current.object))
        return FALSE;
    if (current.object == NULL)
        return TRUE;
    reader->scenario->current = bpfpv_plan_new();
    members = json_object_get_members(current.object);
    for (const GList *at = members; at; at = at->next) {
        const BpfpvScenarioDomain *domain = bpfpv_scenario_find_domain(reader->scenario, at->data);
        g_autofree char *where =
            g_strdup_printf("\"current\": domain %s: ", (const char *)at->data);
        BpfpvScenarioPart part = {reader, where, NULL};

        if (domain == NULL)
            return bpfpv_scenario_fail(&part, "there is none of this name in \"domains\"");
        if (!bpfpv_scenario_object(&current, at->data, &part.object) ||
            !read_anchors(&part, bpfpv_plan_add_domain(reader->scenario->current, domain->name,
                                                       domain->original->len)))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_scenario(BpfpvScenarioReader *reader, JsonNode *node)
{
    static const char *const names[] = {
        "capabilities", "pool",   "taken", "online",  "efficiency", "isolated", "devices",
        "reserve",      "spread", "share", "domains", "current",    NULL};
    BpfpvScenarioPart root = {reader, "", NULL};
    JsonArray *domains = NULL;

    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node))
        return bpfpv_scenario_fail(&root, "not a JSON object; bpfpv-placement(7) shows one");
    root.object = json_node_get_object(node);
    if (!bpfpv_scenario_check_names(&root, names) || !read_host(reader, &root) ||
        !bpfpv_scenario_array(&root, "domains", &domains))
        return FALSE;
    if (domains == NULL)
        return bpfpv_scenario_fail(
            &root, "\"domains\" is missing: a list like [{\"name\": \"web\", \"vcpus\": 2}]");
    for (guint d = 0; d < json_array_get_length(domains); d++) {
        if (!bpfpv_scenario_read_domain(reader, domains, d))
            return FALSE;
    }
    return read_current(reader, &root);
}

BpfpvScenario *
bpfpv_scenario_load(const char *path, GError **error)
{
    g_autoptr(BpfpvScenario) scenario = g_new0(BpfpvScenario, 1);
    g_autoptr(JsonParser) parser = json_parser_new();
    BpfpvScenarioReader reader = {path, scenario, NULL, error};

    scenario->domains = g_ptr_array_new_with_free_func(bpfpv_scenario_domain_free);
    if (!json_parser_load_from_file(parser, path, error) ||
        !read_scenario(&reader, json_parser_get_root(parser)))
        return NULL;
    return g_steal_pointer(&scenario);
}

void
bpfpv_scenario_place(const BpfpvScenario *scenario, BpfpvPlacer *placer)
{
    BpfpvPlacementHost host = {
        .topology = scenario->topology,
        .pool = scenario->pool,
        .taken = scenario->taken,
        .reserve = scenario->reserve,
        .max_moves = MAX_MOVES,
        .spread = scenario->spread,
        .share = scenario->share,
    };

    bpfpv_placer_set_host(placer, &host);
    for (guint d = 0; d < scenario->domains->len; d++)
        bpfpv_placer_set_domain(placer,
                                &((BpfpvScenarioDomain *)scenario->domains->pdata[d])->view);
    if (scenario->current != NULL)
        bpfpv_placer_adopt(placer, scenario->current);
    bpfpv_placer_solve(placer, 0);
}
