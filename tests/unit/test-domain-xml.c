/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a domain's XML: what is taken from it, and the errors that teach. */
#include "unit.h"

#include "xml/domain.h"

#define NS "xmlns='" BPFPV_DOMAIN_NAMESPACE "'"

/* A live domain as libvirt writes it, with @metadata and @channels in their places. */
static BpfpvDomainXml *
parse(const char *metadata, const char *channels)
{
    g_autofree char *text = g_strdup_printf(
        "<domain type='qemu' id='7'>\n<name>web1</name>\n"
        "<uuid>11111111-2222-3333-4444-555555555555</uuid>\n<metadata>%s</metadata>\n"
        "<devices>%s</devices></domain>",
        metadata, channels);
    g_autoptr(GError) error = NULL;
    BpfpvDomainXml *xml = bpfpv_domain_xml_parse(text, NULL, NULL, &error);

    assert_null(error);
    assert_non_null(xml);
    return xml;
}

#define CHANNEL(name, state)                                                                       \
    "<channel type='unix'><source mode='bind' path='/s/" name "'/><target type='virtio' "          \
    "name='" name "' state='" state "'/><alias name='a-" name "'/></channel>"

static void
a_domain_without_the_element_is_not_managed(void **state)
{
    g_autoptr(BpfpvDomainXml) xml = parse("<other xmlns='urn:other'/>", "");

    assert_string_equal(xml->name, "web1");
    assert_null(xml->config);
    assert_null(xml->config_error);
    assert_false(xml->has_agent);
    assert_null(xml->channel_path);
}

static void
another_version_of_the_element_is_refused_by_name(void **state)
{
    g_autoptr(BpfpvDomainXml) xml =
        parse("<bpfpv xmlns='urn:bpfpv:domain:2'><program name='affinity'/></bpfpv>", "");

    assert_null(xml->config);
    assert_non_null(xml->config_error);
    assert_non_null(strstr(xml->config_error->message, "this is version 2 of the element"));
}

static void
everything_but_the_program_has_a_default(void **state)
{
    g_autoptr(BpfpvDomainXml) xml = parse("<bpfpv " NS "><program name='affinity'/></bpfpv>", "");

    assert_non_null(xml->config);
    assert_int_equal(xml->config->programs->len, 1);
    assert_int_equal(xml->config->mode, BPFPV_MODE_EXCLUSIVE);
    assert_null(xml->config->cpuset);
    assert_int_equal(xml->config->smt, BPFPV_SMT_MATCH);
    assert_int_equal(xml->config->cohort, BPFPV_COHORT_LLC);
    assert_int_equal(xml->config->numa, BPFPV_NUMA_PREFER);
    assert_int_equal(xml->config->near, BPFPV_NEAR_MEMORY);
    assert_int_equal(xml->config->reserve, 0);
    assert_int_equal(xml->config->weight, 1);
    assert_int_equal(xml->config->hold_ms, BPFPV_HOLD_HOST);
    assert_int_equal(xml->config->max_anchors, G_MAXUINT);
    assert_int_equal(xml->config->rate, BPFPV_RATE_DEFAULT);
    assert_string_equal(xml->config->channel, BPFPV_CHANNEL_DEFAULT);
}

static void
every_attribute_is_read(void **state)
{
    g_autoptr(BpfpvDomainXml) xml =
        parse("<b:bpfpv xmlns:b='" BPFPV_DOMAIN_NAMESPACE "'><b:program name='affinity'>"
              "<b:placement mode='shared' cpuset='2-7,^4' smt='isolate' cohort='cell' "
              "numa='strict' near='devices' reserve='2' weight='7' hold='250'/><b:limit "
              "anchors='4' keys='99' "
              "rate='20'/></b:program><b:channel name='org.example.1'/></b:bpfpv>",
              CHANNEL("org.example.1", "disconnected"));

    assert_null(xml->config_error);
    assert_int_equal(xml->config->mode, BPFPV_MODE_SHARED);
    assert_cpus(xml->config->cpuset, "2-3,5-7");
    assert_int_equal(xml->config->max_anchors, 4);
    assert_int_equal(xml->config->max_keys, 99);
    assert_int_equal(xml->config->smt, BPFPV_SMT_ISOLATE);
    assert_int_equal(xml->config->cohort, BPFPV_COHORT_CELL);
    assert_int_equal(xml->config->numa, BPFPV_NUMA_STRICT);
    assert_int_equal(xml->config->near, BPFPV_NEAR_DEVICES);
    assert_int_equal(xml->config->reserve, 2);
    assert_int_equal(xml->config->weight, 7);
    assert_int_equal(xml->config->hold_ms, 250);
    assert_int_equal(xml->config->rate, 20);
    assert_string_equal(xml->channel_path, "/s/org.example.1");
}

static void
channels_are_told_apart(void **state)
{
    g_autoptr(BpfpvDomainXml) xml = parse("", CHANNEL("org.qemu.guest_agent.0", "connected")
                                                  CHANNEL("org.bpfpv.0", "disconnected"));

    assert_true(xml->has_agent);
    assert_true(xml->agent_connected);
    assert_string_equal(xml->channel_path, "/s/org.bpfpv.0");
    assert_string_equal(xml->channel_alias, "a-org.bpfpv.0");
    assert_false(xml->channel_connected);
}

static void
assert_refused(const char *element, const char *message)
{
    g_autoptr(BpfpvDomainXml) xml = parse(element, "");

    assert_null(xml->config);
    assert_non_null(xml->config_error);
    assert_string_equal(xml->config_error->message, message);
}

static void
errors_name_line_element_value_and_remedy(void **state)
{
    assert_refused("<bpfpv " NS "/>",
                   "domain web1: <bpfpv>, line 4: it lacks a <program>; <program "
                   "name=\"affinity\"/> is the usual one");
    assert_refused("<bpfpv " NS ">\n<program name='affinity'><placement mode='rude'/></program>"
                   "</bpfpv>",
                   "domain web1: <placement mode=\"rude\">, line 5: \"rude\" is not one of "
                   "exclusive, shared, off");
    assert_refused("<bpfpv " NS "><program name='a'><limit anchors='-1'/></program></bpfpv>",
                   "domain web1: <limit anchors=\"-1\">, line 4: \"-1\" is not a number from 0 to "
                   "8192");
    assert_refused("<bpfpv " NS "><program name='a'/><program name='a'/></bpfpv>",
                   "domain web1: <program name=\"a\">, line 4: this program is named twice");
    assert_refused("<bpfpv " NS "><program name='a' x='1'/></bpfpv>",
                   "domain web1: <program x=\"1\">, line 4: \"x\" is not an attribute of "
                   "<program>; known are: name");
    assert_refused("<bpfpv " NS "><programme/><program name='a'/></bpfpv>",
                   "domain web1: <programme>, line 4: not an element of <bpfpv>; known are: "
                   "program, channel, guest, timeout");
    assert_refused("<bpfpv " NS "><program name='a'/><channel name='a/../b'/></bpfpv>",
                   "domain web1: <channel name=\"a/../b\">, line 4: \"a/../b\" is not up to 63 "
                   "letters, digits, dots, dashes and underscores, the first a letter or a "
                   "digit");
}

/* As libvirt keeps it: with the prefix and the namespace that it was set with. */
static BpfpvDomainXml *
parse_with_status(const BpfpvStatus *status)
{
    g_autofree char *status_xml = bpfpv_status_format(status);
    GString *text = g_string_new(status_xml);
    BpfpvDomainXml *xml;

    g_string_replace(text, "<status", "<s:status xmlns:s='" BPFPV_STATUS_NAMESPACE "'", 1);
    g_string_replace(text, "</status", "</s:status", 1);
    xml = parse(text->str, "");
    g_string_free(text, TRUE);
    return xml;
}

static void
a_status_comes_back_as_it_was_written(void **state)
{
    g_autoptr(BpfpvStatus) status = bpfpv_status_new();
    BpfpvStatusThread *vcpu = bpfpv_status_add_thread(status, BPFPV_THREAD_VCPU, 1);
    BpfpvStatusThread *emulator = bpfpv_status_add_thread(status, BPFPV_THREAD_EMULATOR, 0);
    BpfpvStatusThread *iothread = bpfpv_status_add_thread(status, BPFPV_THREAD_IOTHREAD, 4);
    g_autoptr(BpfpvDomainXml) xml = NULL;

    status->plugged = g_strdup("org.bpfpv.0");
    vcpu->original = cpus("0-3");
    vcpu->applied = cpus("2");
    vcpu->want = g_strdup("anchor");
    vcpu->origin = BPFPV_ORIGIN_VCPU;
    vcpu->cpus = cpus("2");
    vcpu->pinned = cpus("2-3");
    vcpu->pending = cpus("1");
    emulator->original = cpus("0-3");
    emulator->applied = cpus("0-1");
    emulator->origin = BPFPV_ORIGIN_NOTHING;
    emulator->why = g_strdup("a \"reason\"");
    iothread->original = cpus("3");
    iothread->fixed = TRUE;
    xml = parse_with_status(status);
    assert_non_null(xml->status);
    assert_string_equal(xml->status->plugged, "org.bpfpv.0");
    vcpu = g_ptr_array_index(xml->status->vcpus, 0);
    assert_int_equal(vcpu->id, 1);
    assert_cpus(vcpu->original, "0-3");
    assert_string_equal(vcpu->want, "anchor");
    assert_int_equal(vcpu->origin, BPFPV_ORIGIN_VCPU);
    assert_cpus(vcpu->cpus, "2");
    assert_cpus(vcpu->pinned, "2-3");
    assert_cpus(vcpu->pending, "1");
    assert_int_equal(xml->status->threads->len, 2);
    emulator = g_ptr_array_index(xml->status->threads, 0);
    assert_int_equal(emulator->kind, BPFPV_THREAD_EMULATOR);
    assert_cpus(emulator->original, "0-3");
    assert_cpus(emulator->applied, "0-1");
    assert_int_equal(emulator->origin, BPFPV_ORIGIN_NOTHING);
    assert_false(emulator->fixed);
    iothread = g_ptr_array_index(xml->status->threads, 1);
    assert_int_equal(iothread->kind, BPFPV_THREAD_IOTHREAD);
    assert_int_equal(iothread->id, 4);
    assert_cpus(iothread->original, "3");
    assert_true(iothread->fixed);
}

static BpfpvOrigin
origin_in(const char *format, const char *attributes)
{
    g_autofree char *text = g_strdup_printf("<s:status xmlns:s='" BPFPV_STATUS_NAMESPACE
                                            "'><vcpu id='0' original='0-3' %s/>%s</s:status>",
                                            attributes, format);
    g_autoptr(BpfpvDomainXml) xml = parse(text, "");

    return bpfpv_status_find_thread(xml->status, BPFPV_THREAD_VCPU, 0)->origin;
}

static void
an_earlier_versions_status_does_not_tell_every_origin(void **state)
{
    static const char format[] = "<format version='2'/>";

    assert_int_equal(origin_in("", ""), BPFPV_ORIGIN_UNKNOWN);
    assert_int_equal(origin_in("", "unpinned='yes'"), BPFPV_ORIGIN_NOTHING);
    assert_int_equal(origin_in(format, ""), BPFPV_ORIGIN_PIN);
    assert_int_equal(origin_in(format, "unpinned='yes'"), BPFPV_ORIGIN_NOTHING);
    assert_int_equal(origin_in(format, "unpinned='yes' inherited='vcpu'"), BPFPV_ORIGIN_VCPU);
    assert_int_equal(origin_in(format, "fixed='administrator'"), BPFPV_ORIGIN_PIN);
}

static void
a_status_that_makes_no_sense_is_left_out(void **state)
{
    g_autoptr(BpfpvDomainXml) xml =
        parse("<s:status xmlns:s='" BPFPV_STATUS_NAMESPACE "'><vcpu id='-1'/><vcpu/>"
              "<iothread id='0'/><iothread/><iothread id='x' original='1'/>"
              "<emulator original='9-'/></s:status>",
              "");

    assert_int_equal(xml->status->vcpus->len, 0);
    assert_int_equal(xml->status->threads->len, 1);
    assert_null(((BpfpvStatusThread *)g_ptr_array_index(xml->status->threads, 0))->original);
}

static void
what_is_not_a_domain_is_an_error(void **state)
{
    static const char *const texts[] = {"", "<", "<domain/>", "<network><name>x</name></network>"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(bpfpv_domain_xml_parse(texts[i], NULL, NULL, &error));
        assert_true(g_error_matches(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_without_the_element_is_not_managed),
        cmocka_unit_test(another_version_of_the_element_is_refused_by_name),
        cmocka_unit_test(everything_but_the_program_has_a_default),
        cmocka_unit_test(every_attribute_is_read),
        cmocka_unit_test(channels_are_told_apart),
        cmocka_unit_test(errors_name_line_element_value_and_remedy),
        cmocka_unit_test(a_status_comes_back_as_it_was_written),
        cmocka_unit_test(an_earlier_versions_status_does_not_tell_every_origin),
        cmocka_unit_test(a_status_that_makes_no_sense_is_left_out),
        cmocka_unit_test(what_is_not_a_domain_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
