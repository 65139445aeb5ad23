/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains from tests/bed/domain.xml: defined, started, destroyed. Knows nothing of bpfpv. */
#include "bed-private.h"

#include <string.h>

struct _BedGuest {
    char *name;
    virDomainPtr domain;
};

static GPtrArray *guests;

static char *
channels(const BedGuestOptions *options)
{
    static const char format[] =
        "<channel type='unix'><target type='virtio' name='%s'/></channel>\n";
    GString *xml = g_string_new(NULL);

    if (!options->no_agent_channel)
        g_string_append_printf(xml, format, "org.qemu.guest_agent.0");
    if (options->with_channel)
        g_string_append_printf(xml, format, "org.bpfpv.0");
    if (options->devices_xml)
        g_string_append(xml, options->devices_xml);
    return g_string_free(xml, FALSE);
}

static const char *
template_file(const BedGuestOptions *options)
{
    return bed_environment(options->stock ? "BED_STOCK_TEMPLATE" : "BED_TEMPLATE");
}

static void
fill_in(GString *xml, const char *placeholder, const char *value)
{
    if (g_string_replace(xml, placeholder, value ? value : "", 0) == 0)
        bed_fail("the domain template has no %s", placeholder);
}

static guint
memory_mib(const BedGuestOptions *options)
{
    if (options->memory_mib)
        return options->memory_mib;
    return options->stock ? 512 : 384;
}

static char *
domain_xml(const BedGuestOptions *options, const char *name)
{
    const char *file = template_file(options);
    guint n = options->vcpus ? options->vcpus : 2;
    g_autofree char *vcpus = g_strdup_printf("%u", MAX(n, options->max_vcpus));
    g_autofree char *memory = g_strdup_printf("%u", memory_mib(options));
    g_autofree char *attributes = NULL;
    g_autofree char *console = g_strdup_printf("%s/%s.console", bed_environment("BED_DIR"), name);
    g_autofree char *cmdline = NULL;
    g_autofree char *channel_xml = channels(options);
    g_autofree char *template = NULL;
    GString *xml;

    if (!g_file_get_contents(file, &template, NULL, NULL))
        bed_fail("can't read %s", file);
    if (options->vcpu_cpuset)
        attributes = g_strdup_printf("cpuset='%s'", options->vcpu_cpuset);
    else if (options->max_vcpus)
        attributes = g_strdup_printf("current='%u'", n);
    if (options->cmdline)
        cmdline = g_markup_escape_text(options->cmdline, -1);
    xml = g_string_new(template);
    fill_in(xml, "@NAME@", name);
    fill_in(xml, "@METADATA@", options->metadata_xml);
    fill_in(xml, "@MEMORY@", memory);
    fill_in(xml, "@VCPU_ATTRIBUTES@", attributes);
    fill_in(xml, "@VCPUS@", vcpus);
    fill_in(xml, "@CPUTUNE@", options->cputune_xml);
    fill_in(xml, "@CMDLINE@", cmdline);
    fill_in(xml, "@CPU@", options->cpu_xml);
    fill_in(xml, "@CONSOLE@", console);
    fill_in(xml, "@CHANNELS@", channel_xml);
    return g_string_free(xml, FALSE);
}

BedGuest *
bed_guest_start(const BedGuestOptions *options)
{
    static const BedGuestOptions defaults;
    const BedGuestOptions *use = options ? options : &defaults;
    const char *name = use->name ? use->name : "guest";
    g_autofree char *xml = domain_xml(use, name);
    virDomainPtr domain = virDomainDefineXMLFlags(bed_connect(), xml, VIR_DOMAIN_DEFINE_VALIDATE);
    BedGuest *guest;

    if (!domain)
        bed_fail("can't define %s: %s\n%s", name, bed_libvirt_error(), xml);
    guest = g_new0(BedGuest, 1);
    guest->name = g_strdup(name);
    guest->domain = domain;
    if (!guests)
        guests = g_ptr_array_new();
    g_ptr_array_add(guests, guest);
    if (virDomainCreate(domain) < 0)
        bed_fail("can't start %s: %s\n%s", name, bed_libvirt_error(), xml);
    if (!use->no_wait && !use->no_agent_channel)
        bed_guest_wait_agent(guest);
    return guest;
}

/* libvirtd may have been restarted since, or the test may have undefined it. */
static void
remove_domain(const char *name)
{
    virDomainPtr domain = virDomainLookupByName(bed_connect(), name);

    if (!domain)
        return;
    virDomainDestroy(domain);
    virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_NVRAM |
                                       VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA);
    virDomainFree(domain);
}

void
bed_guest_destroy(BedGuest *guest)
{
    g_ptr_array_remove_fast(guests, guest);
    remove_domain(guest->name);
    virDomainFree(guest->domain);
    g_free(guest->name);
    g_free(guest);
}

void
bed_guest_destroy_all(void)
{
    while (guests && guests->len > 0)
        bed_guest_destroy(g_ptr_array_index(guests, 0));
}

virDomainPtr
bed_guest_domain(BedGuest *guest)
{
    virConnectPtr current = bed_connect();

    if (virDomainGetConnect(guest->domain) != current) {
        virDomainPtr domain = virDomainLookupByName(current, guest->name);

        if (!domain)
            bed_fail("libvirt has lost %s: %s", guest->name, bed_libvirt_error());
        virDomainFree(guest->domain);
        guest->domain = domain;
    }
    return guest->domain;
}

const char *
bed_guest_name(BedGuest *guest)
{
    return guest->name;
}

char *
bed_guest_console(BedGuest *guest)
{
    g_autofree char *file = g_strdup_printf("%s.console", guest->name);
    g_autofree char *path = g_build_filename(bed_environment("BED_DIR"), file, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}
