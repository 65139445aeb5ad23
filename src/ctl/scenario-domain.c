/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a domain of a scenario: how many vCPUs, its wishes and bounds, what its guest asks for. */
#include "ctl/scenario-json.h"
#include "host/domain-topology.h"

#define MAX_VCPUS 1024
#define MAX_IOTHREADS 1024

void
bpfpv_scenario_domain_free(gpointer data)
{
    BpfpvScenarioDomain *domain = data;

    g_free(domain->name);
    bpfpv_demand_free(domain->demand);
    g_ptr_array_unref(domain->original);
    bpfpv_cpuset_free(domain->pool);
    bpfpv_guest_topology_free(domain->guest);
    g_array_unref(domain->threads);
    g_ptr_array_unref(domain->thread_sets);
    g_free(domain);
}

static gboolean
read_placement(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain,
               JsonObject *placement)
{
    BpfpvPlacementDomain *view = &domain->view;
    guint mode = 0, smt = 0, cohort = 0, numa = 0;

    view->max_anchors = G_MAXUINT;
    view->weight = 1;
    if (!bpfpv_scenario_choice(reader, placement, "mode", bpfpv_mode_to_string, &mode) ||
        !bpfpv_scenario_choice(reader, placement, "smt", bpfpv_smt_to_string, &smt) ||
        !bpfpv_scenario_choice(reader, placement, "cohort", bpfpv_cohort_to_string, &cohort) ||
        !bpfpv_scenario_choice(reader, placement, "numa", bpfpv_numa_to_string, &numa) ||
        !bpfpv_scenario_set(reader, placement, "cpuset", &domain->pool) ||
        !bpfpv_scenario_uint(reader, placement, "anchors", BPFPV_CPUSET_MAX, &view->max_anchors) ||
        !bpfpv_scenario_uint(reader, placement, "reserve", BPFPV_CPUSET_MAX, &view->reserve) ||
        !bpfpv_scenario_uint(reader, placement, "weight", 1000, &view->weight))
        return FALSE;
    view->mode = (BpfpvPlacementMode)mode;
    view->smt = (BpfpvSmt)smt;
    view->cohort = (BpfpvCohortPolicy)cohort;
    view->numa = (BpfpvNuma)numa;
    return TRUE;
}

static gboolean
read_demand(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain, JsonObject *object)
{
    JsonArray *demands = bpfpv_scenario_array(object, "demand");
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, domain->original->len - 1);

    for (guint i = 0; demands && i < json_array_get_length(demands); i++) {
        JsonNode *node = json_array_get_element(demands, i);
        JsonObject *one = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        g_autoptr(BpfpvCpuset) mask = NULL;
        guint tasks = 1;

        if (!bpfpv_scenario_set(reader, one, "mask", &mask) ||
            !bpfpv_scenario_uint(reader, one, "tasks", 1 << 20, &tasks))
            return FALSE;
        if (mask == NULL)
            return bpfpv_scenario_fail(
                reader, "domain %s: a demand needs a \"mask\" of its vCPUs, like \"0-1\"",
                domain->name);
        bpfpv_demand_add(domain->demand, mask, all, tasks);
    }
    return TRUE;
}

/* @set: (nullable): any host CPU */
static void
add_thread(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain, BpfpvThreadKind kind,
           guint id, const BpfpvCpuset *set)
{
    BpfpvCpuset *original = bpfpv_cpuset_copy(set != NULL ? set : reader->present);
    BpfpvPlacementThread thread = {kind, id, original};

    g_ptr_array_add(domain->thread_sets, original);
    g_array_append_val(domain->threads, thread);
}

/* A domain without XML has an emulator, and as many I/O threads as is said. */
static gboolean
read_threads(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain, JsonObject *object)
{
    guint n = 0;

    if (domain->threads->len > 0)
        return TRUE;
    if (!bpfpv_scenario_uint(reader, object, "iothreads", MAX_IOTHREADS, &n))
        return FALSE;
    add_thread(reader, domain, BPFPV_THREAD_EMULATOR, 0, NULL);
    for (guint id = 1; id <= n; id++)
        add_thread(reader, domain, BPFPV_THREAD_IOTHREAD, id, NULL);
    return TRUE;
}

static void
take_xml(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain,
         BpfpvDomainTopology *topology)
{
    for (guint v = 0; v < topology->n_vcpus; v++) {
        const BpfpvCpuset *set = topology->original->pdata[v];

        g_ptr_array_add(domain->original, bpfpv_cpuset_copy(set ? set : reader->present));
    }
    domain->guest = g_steal_pointer(&topology->guest);
    add_thread(reader, domain, BPFPV_THREAD_EMULATOR, 0, topology->emulator);
    for (guint i = 0; i < topology->iothreads->len; i++) {
        const BpfpvDomainIothread *thread =
            &g_array_index(topology->iothreads, BpfpvDomainIothread, i);

        add_thread(reader, domain, BPFPV_THREAD_IOTHREAD, thread->id, thread->cpus);
    }
}

static gboolean
read_vcpus(const BpfpvScenarioReader *reader, BpfpvScenarioDomain *domain, JsonObject *object)
{
    const char *xml = bpfpv_scenario_string(object, "xml");
    JsonObject *originals = bpfpv_scenario_object(object, "original");
    guint n = 0;

    if (!bpfpv_scenario_uint(reader, object, "vcpus", MAX_VCPUS, &n))
        return FALSE;
    if (xml != NULL) {
        g_autofree char *text = bpfpv_scenario_file(reader, xml);
        g_autoptr(BpfpvDomainTopology) topology = text ? bpfpv_domain_topology_parse(text) : NULL;

        if (topology == NULL)
            return text ? bpfpv_scenario_fail(
                              reader, "%s is no domain's XML; 'virsh dumpxml' writes it", xml)
                        : FALSE;
        take_xml(reader, domain, topology);
    }
    for (guint v = domain->original->len; v < n; v++)
        g_ptr_array_add(domain->original, bpfpv_cpuset_copy(reader->present));
    if (domain->original->len == 0)
        return bpfpv_scenario_fail(reader, "domain %s needs \"vcpus\": N or \"xml\": \"FILE\"",
                                   domain->name);
    for (guint v = 0; originals && v < domain->original->len; v++) {
        g_autofree char *name = g_strdup_printf("%u", v);
        BpfpvCpuset *set = NULL;

        if (!bpfpv_scenario_set(reader, originals, name, &set))
            return FALSE;
        if (set == NULL)
            continue;
        bpfpv_cpuset_free(domain->original->pdata[v]);
        domain->original->pdata[v] = set;
    }
    return TRUE;
}

gboolean
bpfpv_scenario_read_domain(const BpfpvScenarioReader *reader, JsonObject *object)
{
    BpfpvScenarioDomain *domain = g_new0(BpfpvScenarioDomain, 1);

    domain->name = g_strdup(bpfpv_scenario_string(object, "name"));
    domain->original = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    domain->threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    domain->thread_sets = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    g_ptr_array_add(reader->scenario->domains, domain);
    if (domain->name == NULL)
        return bpfpv_scenario_fail(reader, "a domain needs a \"name\"");
    for (guint d = 0; d + 1 < reader->scenario->domains->len; d++) {
        if (g_strcmp0(((BpfpvScenarioDomain *)reader->scenario->domains->pdata[d])->name,
                      domain->name) == 0)
            return bpfpv_scenario_fail(reader, "domain %s is there twice", domain->name);
    }
    if (!read_vcpus(reader, domain, object) || !read_threads(reader, domain, object) ||
        !read_placement(reader, domain, bpfpv_scenario_object(object, "placement")))
        return FALSE;
    domain->demand = bpfpv_demand_new(domain->original->len);
    domain->view.domain = domain->name;
    domain->view.demand = domain->demand;
    domain->view.original = domain->original;
    domain->view.pool = domain->pool;
    domain->view.guest = domain->guest;
    domain->view.threads = domain->threads;
    return read_demand(reader, domain, object);
}
