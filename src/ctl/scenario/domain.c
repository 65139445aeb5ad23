/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a domain of a scenario: how many vCPUs, its wishes and bounds, what its guest asks for. */
#include "ctl/scenario/json.h"

#define MAX_VCPUS BPFPV_CPUSET_MAX
#define MAX_IOTHREADS BPFPV_CPUSET_MAX
/* As in the element's schema. */
#define MAX_ANCHORS 8192
#define MAX_RESERVE 8192
#define MAX_WEIGHT 1000

void
bpfpv_scenario_domain_free(gpointer data)
{
    BpfpvScenarioDomain *domain = data;

    g_free(domain->name);
    bpfpv_demand_free(domain->demand);
    g_ptr_array_unref(domain->original);
    bpfpv_cpuset_free(domain->enabled);
    bpfpv_cpuset_free(domain->realtime);
    bpfpv_cpuset_free(domain->pool);
    bpfpv_cpuset_free(domain->near);
    g_ptr_array_unref(domain->devices);
    bpfpv_guest_topology_free(domain->guest);
    g_array_unref(domain->threads);
    g_ptr_array_unref(domain->thread_sets);
    g_free(domain);
}

/* What it does not say is as the domain's XML has it, if there is such, else the default. */
static gboolean
read_placement(const BpfpvScenarioPart *domain_part, BpfpvScenarioDomain *domain)
{
    static const char *const names[] = {"mode", "cpuset",  "smt",     "cohort", "numa",
                                        "near", "anchors", "reserve", "weight", NULL};
    BpfpvPlacementDomain *view = &domain->view;
    guint mode = view->mode, smt = view->smt, cohort = view->cohort, numa = view->numa;
    g_autofree char *where = g_strconcat(domain_part->where, "\"placement\": ", NULL);
    BpfpvScenarioPart part = {domain_part->reader, where, NULL};

    if (!bpfpv_scenario_object(domain_part, "placement", &part.object) ||
        !bpfpv_scenario_check_names(&part, names) ||
        !bpfpv_scenario_choice(&part, "mode", bpfpv_mode_to_string, &mode) ||
        !bpfpv_scenario_choice(&part, "smt", bpfpv_smt_to_string, &smt) ||
        !bpfpv_scenario_choice(&part, "cohort", bpfpv_cohort_to_string, &cohort) ||
        !bpfpv_scenario_choice(&part, "numa", bpfpv_numa_to_string, &numa) ||
        !bpfpv_scenario_host_set(&part, "cpuset", &domain->pool) ||
        !bpfpv_scenario_uint(&part, "anchors", 0, MAX_ANCHORS, &view->max_anchors) ||
        !bpfpv_scenario_uint(&part, "reserve", 0, MAX_RESERVE, &view->reserve) ||
        !bpfpv_scenario_uint(&part, "weight", 1, MAX_WEIGHT, &view->weight) ||
        !bpfpv_scenario_read_near(&part, domain))
        return FALSE;
    view->mode = (BpfpvPlacementMode)mode;
    view->smt = (BpfpvSmt)smt;
    view->cohort = (BpfpvCohortPolicy)cohort;
    view->numa = (BpfpvNuma)numa;
    return TRUE;
}

static gboolean
read_one_demand(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    static const char *const names[] = {"mask", "tasks", NULL};
    g_autoptr(BpfpvCpuset) mask = NULL;
    guint tasks = 1;

    if (!bpfpv_scenario_check_names(part, names) ||
        !bpfpv_scenario_set(part, "mask", domain->enabled, "the domain has vCPUs", &mask) ||
        !bpfpv_scenario_uint(part, "tasks", 0, 1 << 20, &tasks))
        return FALSE;
    if (mask == NULL)
        return bpfpv_scenario_fail(part, "it needs a \"mask\" of the domain's vCPUs, like \"0-1\"");
    bpfpv_demand_add(domain->demand, mask, domain->enabled, tasks);
    return TRUE;
}

static gboolean
read_demand(const BpfpvScenarioPart *domain_part, BpfpvScenarioDomain *domain)
{
    JsonArray *demands = NULL;

    if (!bpfpv_scenario_array(domain_part, "demand", &demands))
        return FALSE;
    for (guint i = 0; demands && i < json_array_get_length(demands); i++) {
        g_autofree char *where =
            g_strdup_printf("%s\"demand\", entry %u: ", domain_part->where, i + 1);
        BpfpvScenarioPart part = {domain_part->reader, where, NULL};

        if (!bpfpv_scenario_entry(&part, demands, i, &part.object) ||
            !read_one_demand(&part, domain))
            return FALSE;
    }
    return TRUE;
}

/* A domain without XML has an emulator, and as many I/O threads as is said. */
static gboolean
read_threads(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    guint n = 0;

    if (!bpfpv_scenario_uint(part, "iothreads", 0, MAX_IOTHREADS, &n))
        return FALSE;
    if (domain->threads->len > 0)
        return !json_object_has_member(part->object, "iothreads") ||
               bpfpv_scenario_fail(part, "\"iothreads\": the \"xml\" says how many; leave it out");
    bpfpv_scenario_add_thread(part, domain, BPFPV_THREAD_EMULATOR, 0, NULL);
    for (guint id = 1; id <= n; id++)
        bpfpv_scenario_add_thread(part, domain, BPFPV_THREAD_IOTHREAD, id, NULL);
    return TRUE;
}

static gboolean
read_vcpus(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    const char *xml = NULL;
    guint n = 0;

    if (!bpfpv_scenario_uint(part, "vcpus", 1, MAX_VCPUS, &n) ||
        !bpfpv_scenario_string(part, "xml", &xml) ||
        (xml != NULL && !bpfpv_scenario_take_xml(part, xml, domain)))
        return FALSE;
    if (n > 0 && n < domain->original->len)
        return bpfpv_scenario_fail(part,
                                   "\"vcpus\": %u is less than the %u that %s has; leave it out", n,
                                   domain->original->len, xml);
    for (guint v = domain->original->len; v < n; v++) {
        g_ptr_array_add(domain->original, bpfpv_cpuset_copy(part->reader->present));
        bpfpv_cpuset_add(domain->enabled, v);
    }
    return domain->original->len > 0 ||
           bpfpv_scenario_fail(part, "it needs \"vcpus\": N or \"xml\": \"FILE\"");
}

static gboolean
read_originals(const BpfpvScenarioPart *domain_part, BpfpvScenarioDomain *domain)
{
    g_autofree char *where = g_strconcat(domain_part->where, "\"original\": ", NULL);
    BpfpvScenarioPart part = {domain_part->reader, where, NULL};
    g_autoptr(GList) members = NULL;

    if (!bpfpv_scenario_object(domain_part, "original", &part.object))
        return FALSE;
    members = part.object ? json_object_get_members(part.object) : NULL;
    for (const GList *at = members; at; at = at->next) {
        guint vcpu;

        if (!bpfpv_scenario_vcpu(&part, at->data, domain->original->len, &vcpu) ||
            !bpfpv_scenario_host_set(&part, at->data,
                                     (BpfpvCpuset **)&domain->original->pdata[vcpu]))
            return FALSE;
    }
    return TRUE;
}

static BpfpvScenarioDomain *
domain_new(void)
{
    BpfpvScenarioDomain *domain = g_new0(BpfpvScenarioDomain, 1);

    domain->original = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    domain->enabled = bpfpv_cpuset_new();
    domain->threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    domain->thread_sets = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    domain->devices = g_ptr_array_new_with_free_func(g_free);
    domain->view.max_anchors = G_MAXUINT;
    domain->view.weight = 1;
    return domain;
}

static gboolean
read_name(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain)
{
    const GPtrArray *domains = part->reader->scenario->domains;
    const char *name = NULL;

    if (!bpfpv_scenario_string(part, "name", &name))
        return FALSE;
    if (name == NULL || *name == '\0')
        return bpfpv_scenario_fail(part, "it needs a \"name\"");
    for (guint d = 0; d < domains->len; d++) {
        if (g_strcmp0(((BpfpvScenarioDomain *)domains->pdata[d])->name, name) == 0)
            return bpfpv_scenario_fail(part, "the name %s is there twice", name);
    }
    domain->name = g_strdup(name);
    return TRUE;
}

static void
set_view(BpfpvScenarioDomain *domain)
{
    domain->view.domain = domain->name;
    domain->view.demand = domain->demand;
    domain->view.original = domain->original;
    domain->view.realtime = domain->realtime;
    domain->view.pool = domain->pool;
    domain->view.near = domain->near;
    domain->view.guest = domain->guest;
    domain->view.threads = domain->threads;
}

gboolean
bpfpv_scenario_read_domain(const BpfpvScenarioReader *reader, JsonArray *domains, guint index)
{
    static const char *const names[] = {"name",      "vcpus",  "xml",      "iothreads",
                                        "placement", "demand", "original", NULL};
    BpfpvScenarioDomain *domain = domain_new();
    g_autofree char *place = g_strdup_printf("\"domains\", entry %u: ", index + 1);
    g_autofree char *where = NULL;
    BpfpvScenarioPart part = {reader, place, NULL};
    gboolean named =
        bpfpv_scenario_entry(&part, domains, index, &part.object) && read_name(&part, domain);

    g_ptr_array_add(reader->scenario->domains, domain);
    if (!named)
        return FALSE;
    where = g_strdup_printf("domain %s: ", domain->name);
    part.where = where;
    if (!bpfpv_scenario_check_names(&part, names) || !read_vcpus(&part, domain) ||
        !read_originals(&part, domain) || !read_threads(&part, domain) ||
        !read_placement(&part, domain))
        return FALSE;
    domain->demand = bpfpv_demand_new(domain->original->len);
    set_view(domain);
    return read_demand(&part, domain);
}
