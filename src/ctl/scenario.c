/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a scenario; see scenario.h. */
#include "ctl/scenario.h"

#include "ctl/scenario-json.h"
#include "host/capabilities.h"

void
bpfpv_scenario_free(BpfpvScenario *scenario)
{
    if (scenario == NULL)
        return;
    bpfpv_topology_free(scenario->topology);
    bpfpv_cpuset_free(scenario->pool);
    bpfpv_cpuset_free(scenario->taken);
    g_ptr_array_unref(scenario->domains);
    bpfpv_plan_free(scenario->current);
    g_free(scenario);
}

static gboolean
read_host(BpfpvScenarioReader *reader, JsonObject *root)
{
    const char *name = bpfpv_scenario_string(root, "capabilities");
    g_autofree char *text = NULL;
    g_autoptr(BpfpvCpuset) online = NULL;
    g_autoptr(BpfpvCpuset) slow = NULL;
    g_autoptr(GError) cause = NULL;

    if (name == NULL)
        return bpfpv_scenario_fail(
            reader, "\"capabilities\" is missing: the file that 'virsh capabilities' wrote");
    text = bpfpv_scenario_file(reader, name);
    if (text == NULL || !bpfpv_scenario_set(reader, root, "online", &online) ||
        !bpfpv_scenario_set(reader, root, "efficiency", &slow))
        return FALSE;
    reader->scenario->topology = bpfpv_capabilities_parse(text, online, &cause);
    if (reader->scenario->topology == NULL)
        return bpfpv_scenario_fail(reader, "%s: %s", name, cause->message);
    if (slow != NULL) {
        BpfpvTopology *hybrid = bpfpv_topology_with_efficiency(reader->scenario->topology, slow, 1);

        bpfpv_topology_free(reader->scenario->topology);
        reader->scenario->topology = hybrid;
    }
    reader->scenario->reserve = 1;
    return bpfpv_scenario_uint(reader, root, "reserve", BPFPV_CPUSET_MAX,
                               &reader->scenario->reserve) &&
           bpfpv_scenario_set(reader, root, "pool", &reader->scenario->pool) &&
           bpfpv_scenario_set(reader, root, "taken", &reader->scenario->taken);
}

/* "current": {"NAME": {"0": "3"}}: anchors in force. */
static gboolean
read_current(const BpfpvScenarioReader *reader, JsonObject *root)
{
    JsonObject *current = bpfpv_scenario_object(root, "current");

    if (current == NULL)
        return TRUE;
    reader->scenario->current = bpfpv_plan_new();
    for (guint d = 0; d < reader->scenario->domains->len; d++) {
        const BpfpvScenarioDomain *domain = reader->scenario->domains->pdata[d];
        JsonObject *anchors = bpfpv_scenario_object(current, domain->name);
        BpfpvPlanDomain *planned =
            bpfpv_plan_add_domain(reader->scenario->current, domain->name, domain->original->len);

        for (guint v = 0; v < domain->original->len; v++) {
            BpfpvPlanVcpu *vcpu = planned->vcpus->pdata[v];
            g_autofree char *name = g_strdup_printf("%u", v);

            if (!bpfpv_scenario_set(reader, anchors, name, &vcpu->cpus))
                return FALSE;
            vcpu->met = TRUE;
            if (vcpu->cpus != NULL && bpfpv_cpuset_count(vcpu->cpus) == 1)
                vcpu->want = BPFPV_WANT_ANCHOR;
        }
    }
    return TRUE;
}

BpfpvScenario *
bpfpv_scenario_load(const char *path, GError **error)
{
    g_autoptr(BpfpvScenario) scenario = g_new0(BpfpvScenario, 1);
    g_autoptr(JsonParser) parser = json_parser_new();
    BpfpvScenarioReader reader = {path, scenario, NULL, error};
    JsonNode *node;
    JsonObject *root;
    JsonArray *domains;

    scenario->domains = g_ptr_array_new_with_free_func(bpfpv_scenario_domain_free);
    if (!json_parser_load_from_file(parser, path, error))
        return NULL;
    node = json_parser_get_root(parser);
    root = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    if (root == NULL) {
        bpfpv_scenario_fail(&reader, "not a JSON object; bpfpv-placement(7) shows one");
        return NULL;
    }
    if (!read_host(&reader, root))
        return NULL;
    reader.present = (BpfpvCpuset *)bpfpv_topology_present(scenario->topology);
    domains = bpfpv_scenario_array(root, "domains");
    for (guint d = 0; domains && d < json_array_get_length(domains); d++) {
        JsonNode *one = json_array_get_element(domains, d);

        if (!bpfpv_scenario_read_domain(
                &reader, JSON_NODE_HOLDS_OBJECT(one) ? json_node_get_object(one) : NULL))
            return NULL;
    }
    return read_current(&reader, root) ? g_steal_pointer(&scenario) : NULL;
}
