/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain of a scenario is to live near to: its memory, its PCI devices, or cells. Where the
 * host's devices are the scenario says; this machine's sysfs is another host's.
 */
#include "ctl/scenario/json.h"

/* As far as capabilities have them, see xml/capabilities.c. */
#define MAX_CELL 4096

/* "devices": {"0000:3b:00.0": 1}: the cells that the host's devices are near to. */
gboolean
bpfpv_scenario_read_devices(const BpfpvScenarioReader *reader, const BpfpvScenarioPart *root)
{
    BpfpvScenario *scenario = reader->scenario;
    BpfpvScenarioPart part = {reader, "\"devices\": ", NULL};
    g_autoptr(GList) members = NULL;

    if (!bpfpv_scenario_object(root, "devices", &part.object))
        return FALSE;
    scenario->devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    members = part.object ? json_object_get_members(part.object) : NULL;
    for (const GList *at = members; at; at = at->next) {
        g_autoptr(BpfpvCpuset) one = NULL, missing = NULL;
        guint cell = 0;

        if (!bpfpv_scenario_uint(&part, at->data, 0, MAX_CELL, &cell))
            return FALSE;
        one = bpfpv_cpuset_new_range(cell, cell);
        missing = bpfpv_topology_missing_cells(scenario->topology, one);
        if (!bpfpv_cpuset_is_empty(missing))
            return bpfpv_scenario_fail(&part, "\"%s\": the host has no cell %u",
                                       (const char *)at->data, cell);
        g_hash_table_insert(scenario->devices, g_strdup(at->data), GUINT_TO_POINTER(cell));
    }
    return TRUE;
}

static gboolean
take_devices(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    GHashTable *known = part->reader->scenario->devices;

    if (domain->devices->len == 0)
        return bpfpv_scenario_fail(part,
                                   "\"near\": \"devices\", but it has none; give it an \"xml\" "
                                   "with a <hostdev>, or say near to which cells, like \"0\"");
    bpfpv_cpuset_free(domain->near);
    domain->near = bpfpv_cpuset_new();
    for (guint i = 0; i < domain->devices->len; i++) {
        gpointer cell;

        if (!g_hash_table_lookup_extended(known, domain->devices->pdata[i], NULL, &cell))
            return bpfpv_scenario_fail(
                part,
                "\"near\": \"devices\": which cell its device %s is near to is "
                "not in \"devices\" of the scenario",
                (const char *)domain->devices->pdata[i]);
        bpfpv_cpuset_add(domain->near, GPOINTER_TO_UINT(cell));
    }
    return TRUE;
}

static gboolean
take_cells(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain, const char *text)
{
    const BpfpvTopology *topology = part->reader->scenario->topology;
    g_autoptr(BpfpvCpuset) cells = bpfpv_cpuset_parse(text, NULL);
    g_autoptr(BpfpvCpuset) missing = cells ? bpfpv_topology_missing_cells(topology, cells) : NULL;
    g_autofree char *missing_text = NULL;

    if (!cells)
        return bpfpv_scenario_fail(
            part, "\"near\": \"%s\" is not \"memory\", \"devices\" or a set of cells like \"0-1\"",
            text);
    missing_text = bpfpv_cpuset_format(missing);
    if (!bpfpv_cpuset_is_empty(missing))
        return bpfpv_scenario_fail(part, "\"near\": \"%s\": the host has no cell %s", text,
                                   missing_text);
    bpfpv_cpuset_free(domain->near);
    domain->near = g_steal_pointer(&cells);
    return TRUE;
}

/* What @part does not say is as the domain's XML has it. */
gboolean
bpfpv_scenario_read_near(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    const char *text = NULL;

    if (!bpfpv_scenario_string(part, "near", &text))
        return FALSE;
    if (text == NULL)
        return !domain->near_devices || take_devices(part, domain);
    if (g_str_equal(text, bpfpv_near_to_string(BPFPV_NEAR_MEMORY)))
        return TRUE;
    if (g_str_equal(text, bpfpv_near_to_string(BPFPV_NEAR_DEVICES)))
        return take_devices(part, domain);
    return take_cells(part, domain, text);
}
