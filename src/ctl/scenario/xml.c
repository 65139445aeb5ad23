/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain's XML says for a scenario. Of a running domain that bpfpv manages, pins in it are
 * bpfpv's own: what was before them is in the status element.
 */
#include "ctl/scenario/json.h"
#include "xml/domain-topology.h"
#include "xml/nova.h"
#include "xml/pin-owner.h"
#include "xml/policy.h"
#include "xml/read.h"
#include "xml/status.h"

void
bpfpv_scenario_add_thread(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain,
                          BpfpvThreadKind kind, guint id, const BpfpvCpuset *set)
{
    BpfpvCpuset *original = bpfpv_cpuset_copy(set != NULL ? set : part->reader->present);
    BpfpvPlacementThread thread = {kind, id, original};

    g_ptr_array_add(domain->thread_sets, original);
    g_array_append_val(domain->threads, thread);
}

/* What it had before bpfpv, where its pin in the XML is bpfpv's. */
static void
undo_pin(const BpfpvScenarioPart *part, const BpfpvStatusThread *noted, const BpfpvDomainPins *pins,
         const GPtrArray *rewritten, BpfpvCpuset **has)
{
    const BpfpvCpuset *vcpu_cpuset = bpfpv_domain_pins_vcpu_cpuset(pins);
    g_autoptr(BpfpvCpuset) pin = bpfpv_domain_pins_get(pins, noted->kind, noted->id);
    const BpfpvCpuset *before = vcpu_cpuset != NULL ? vcpu_cpuset : part->reader->present;

    switch (bpfpv_pin_owner(noted, pin, vcpu_cpuset, rewritten)) {
    case BPFPV_PIN_THEIRS:
        return;
    case BPFPV_PIN_ORIGINAL:
        before = noted->original;
        break;
    case BPFPV_PIN_INHERITED:
        break;
    }
    bpfpv_cpuset_free(*has);
    *has = bpfpv_cpuset_copy(before);
}

static BpfpvCpuset **
find_iothread(BpfpvDomainTopology *topology, guint id)
{
    for (guint t = 0; t < topology->iothreads->len; t++) {
        BpfpvDomainIothread *one = &g_array_index(topology->iothreads, BpfpvDomainIothread, t);

        if (one->id == id)
            return &one->cpus;
    }
    return NULL;
}

static void
undo_pins(const BpfpvScenarioPart *part, const xmlNode *root, const BpfpvStatus *status,
          BpfpvDomainTopology *topology)
{
    g_autoptr(BpfpvDomainPins) pins = bpfpv_domain_pins_new(root);
    g_autoptr(GPtrArray) rewritten = bpfpv_domain_pins_rewritten(pins, status);

    for (guint i = 0; i < status->vcpus->len; i++) {
        const BpfpvStatusThread *noted = status->vcpus->pdata[i];

        if (noted->id < topology->n_vcpus)
            undo_pin(part, noted, pins, rewritten,
                     (BpfpvCpuset **)&topology->original->pdata[noted->id]);
    }
    for (guint i = 0; i < status->threads->len; i++) {
        const BpfpvStatusThread *noted = status->threads->pdata[i];
        BpfpvCpuset **has = noted->kind == BPFPV_THREAD_EMULATOR
                                ? &topology->emulator
                                : find_iothread(topology, noted->id);

        if (has != NULL)
            undo_pin(part, noted, pins, rewritten, has);
    }
}

static void
take_config(BpfpvScenarioDomain *domain, const BpfpvConfig *config)
{
    bpfpv_config_fill_placement(config, &domain->view);
    domain->view.pool = NULL; /* set from the domain's own in the end */
    domain->pool = config->cpuset ? bpfpv_cpuset_copy(config->cpuset) : NULL;
    domain->near_devices = config->near == BPFPV_NEAR_DEVICES;
}

/* Its <bpfpv> element, else its flavor; what bpfpvd.conf says is that host's. */
static gboolean
read_config(const BpfpvScenarioPart *part, const char *file, const xmlNode *root,
            BpfpvScenarioDomain *domain, guint n_vcpus)
{
    const xmlNode *element = bpfpv_element_find(root);
    g_autoptr(BpfpvNova) nova = bpfpv_nova_read(root);
    g_autoptr(BpfpvConfig) config = NULL;
    const BpfpvScenarioPart whole = {part->reader, "", NULL}; /* the cause names the domain */
    g_autoptr(GError) cause = NULL;
    g_autofree char *source = NULL;

    if (element)
        config = bpfpv_element_read(element, domain->name, n_vcpus, NULL, &cause);
    else
        config = bpfpv_policy_config(NULL, domain->name, nova, NULL, &source, &cause);
    if (cause)
        return bpfpv_scenario_fail(&whole, "%s: %s", file, cause->message);
    if (config)
        take_config(domain, config);
    return TRUE;
}

static void
take_topology(const BpfpvScenarioPart *part, BpfpvScenarioDomain *domain,
              BpfpvDomainTopology *topology)
{
    guint n = topology->n_vcpus;

    while (n > 1 && !bpfpv_cpuset_contains(topology->enabled, n - 1))
        n--;
    for (guint v = 0; v < n; v++) {
        const BpfpvCpuset *set = topology->original->pdata[v];

        g_ptr_array_add(domain->original,
                        bpfpv_cpuset_copy(set != NULL ? set : part->reader->present));
    }
    bpfpv_cpuset_assign(domain->enabled, topology->enabled);
    domain->realtime = g_steal_pointer(&topology->realtime);
    domain->guest = g_steal_pointer(&topology->guest);
    g_ptr_array_unref(domain->devices);
    domain->devices = g_ptr_array_ref(topology->devices);
    bpfpv_scenario_add_thread(part, domain, BPFPV_THREAD_EMULATOR, 0, topology->emulator);
    for (guint i = 0; i < topology->iothreads->len; i++) {
        const BpfpvDomainIothread *thread =
            &g_array_index(topology->iothreads, BpfpvDomainIothread, i);

        bpfpv_scenario_add_thread(part, domain, BPFPV_THREAD_IOTHREAD, thread->id, thread->cpus);
    }
}

gboolean
bpfpv_scenario_take_xml(const BpfpvScenarioPart *part, const char *file,
                        BpfpvScenarioDomain *domain)
{
    g_autofree char *text = bpfpv_scenario_file(part, file);
    g_autoptr(GError) cause = NULL;
    g_autoptr(BpfpvDomainTopology) topology =
        text ? bpfpv_domain_topology_parse(text, &cause) : NULL;
    g_autoptr(BpfpvXmlDoc) doc = topology ? bpfpv_xml_parse(text, strlen(text), NULL) : NULL;
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    g_autoptr(BpfpvStatus) status = root ? bpfpv_status_read(root) : NULL;

    if (text == NULL)
        return FALSE;
    if (root == NULL)
        return bpfpv_scenario_fail(part, "%s: %s", file,
                                   cause != NULL ? cause->message : "not a domain's XML");
    if (status != NULL)
        undo_pins(part, root, status, topology);
    if (!read_config(part, file, root, domain, topology->n_vcpus))
        return FALSE;
    take_topology(part, domain, topology);
    return TRUE;
}
