/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds for a domain without a <bpfpv> element: the table of settings,
 * flavors' extra specs, bpfpvd.conf's sections, image properties, and names
 * that mean harm.
 */
#include "unit.h"

#include "xml/domain.h"
#include "xml/settings.h"

#define NOVA "xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'"

/* A domain of Nova's; each argument is XML. */
static char *
domain(const char *name, const char *flavor, const char *specs, const char *properties,
       const char *element)
{
    return g_strdup_printf(
        "<domain type='kvm' id='7'><name>%s</name>"
        "<uuid>11111111-2222-3333-4444-555555555555</uuid><metadata>"
        "<nova:instance " NOVA "><nova:flavor name=\"%s\"><nova:memory>1</nova:memory>"
        "<nova:extraSpecs>%s</nova:extraSpecs></nova:flavor>"
        "<nova:image uuid=''><nova:properties>%s</nova:properties></nova:image></nova:instance>"
        "%s</metadata><vcpu>4</vcpu><devices/></domain>",
        name, flavor, specs, properties, element);
}

#define SPEC(name, value) "<nova:extraSpec name='" name "'>" value "</nova:extraSpec>"
#define PROPERTY(name, value) "<nova:property name='" name "'>" value "</nova:property>"
#define EXCLUSIVE SPEC("bpfpv:affinity", "exclusive")

static BpfpvDomainXml *
read_domain(const char *text, const BpfpvPolicy *policy)
{
    g_autoptr(GError) error = NULL;
    BpfpvDomainXml *xml = bpfpv_domain_xml_parse(text, NULL, policy, &error);

    assert_null(error);
    return xml;
}

static BpfpvDomainXml *
with_specs(const char *specs, const char *properties)
{
    g_autofree char *text = domain("web1", "m1.small", specs, properties, "");

    return read_domain(text, NULL);
}

static void
set(BpfpvSettings *settings, const char *name, const char *value)
{
    g_autofree char *mistake = bpfpv_settings_set(settings, name, value);

    assert_null(mistake);
}

/* ---- the table ---- */

/* A valid value other than the default, for each. */
static const struct {
    const char *name;
    const char *value;
} samples[] = {
    {"affinity", "shared"},  {"cpuset", "2-7,^4"}, {"smt", "isolate"},     {"cohort", "cell"},
    {"numa", "strict"},      {"near", "devices"},  {"reserve", "2"},       {"weight", "7"},
    {"hold", "0"},           {"anchors", "3"},     {"keys", "99"},         {"rate", "20"},
    {"changes", "30"},       {"burst", "40"},      {"channel", "org.x.1"}, {"directory", "/run/x"},
    {"loader-timeout", "5"}, {"grace", "6"},
};

static void
every_setting_reaches_the_configuration(void **state)
{
    g_autoptr(GString) specs = g_string_new(NULL);
    g_autoptr(BpfpvDomainXml) xml = NULL;
    const BpfpvConfig *config;

    assert_null(bpfpv_setting(G_N_ELEMENTS(samples)));
    for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
        assert_string_equal(bpfpv_setting(i)->name, samples[i].name);
        assert_non_null(bpfpv_setting_schema(bpfpv_setting(i)));
        g_string_append_printf(specs, "<nova:extraSpec name='bpfpv:%s'>%s</nova:extraSpec>",
                               samples[i].name, samples[i].value);
    }
    xml = with_specs(specs->str, "");
    config = xml->config;
    assert_non_null(config);
    assert_int_equal(config->programs->len, 1);
    assert_string_equal(config->programs->pdata[0], "affinity");
    assert_int_equal(config->mode, BPFPV_MODE_SHARED);
    assert_cpus(config->cpuset, "2-3,5-7");
    assert_int_equal(config->smt, BPFPV_SMT_ISOLATE);
    assert_int_equal(config->cohort, BPFPV_COHORT_CELL);
    assert_int_equal(config->numa, BPFPV_NUMA_STRICT);
    assert_int_equal(config->reserve, 2);
    assert_int_equal(config->weight, 7);
    assert_int_equal(config->hold_ms, 0);
    assert_int_equal(config->max_anchors, 3);
    assert_int_equal(config->max_keys, 99);
    assert_int_equal(config->rate, 20);
    assert_int_equal(config->changes, 30);
    assert_int_equal(config->burst, 40);
    assert_string_equal(config->channel, "org.x.1");
    assert_string_equal(config->directory, "/run/x");
    assert_int_equal(config->loader_timeout_s, 5);
    assert_int_equal(config->grace_s, 6);
}

static void
defaults_are_those_of_the_element(void **state)
{
    g_autoptr(BpfpvDomainXml) xml = with_specs(EXCLUSIVE, "");
    g_autofree char *text =
        domain("web1", "x", "", "",
               "<bpfpv xmlns='" BPFPV_DOMAIN_NAMESPACE "'><program name='affinity'/></bpfpv>");
    g_autoptr(BpfpvDomainXml) other = read_domain(text, NULL);

    assert_true(bpfpv_config_equal(xml->config, other->config));
    assert_string_equal(xml->source, "flavor extra specs");
    assert_string_equal(other->source, "domain XML");
}

/* ---- extra specs ---- */

static void
without_affinity_nothing_is_managed(void **state)
{
    g_autoptr(BpfpvDomainXml) none = with_specs(SPEC("hw:cpu_policy", "shared"), "");
    g_autoptr(BpfpvDomainXml) half = with_specs(SPEC("bpfpv:smt", "isolate"), "");
    g_autoptr(BpfpvDomainXml) off = with_specs(SPEC("bpfpv:affinity", "off"), "");

    assert_null(none->config);
    assert_null(half->config);
    assert_null(off->config);
    assert_null(off->config_error);
    assert_false(none->stands || half->stands || off->stands);
}

static void
requested_anchors_are_the_limit_and_imply_affinity(void **state)
{
    g_autoptr(BpfpvDomainXml) alone = with_specs(SPEC("resources:CUSTOM_BPFPV_ANCHOR", "2"), "");
    g_autoptr(BpfpvDomainXml) groups = with_specs(SPEC("resources1:CUSTOM_BPFPV_ANCHOR", "1")
                                                      SPEC("resources_B:CUSTOM_BPFPV_ANCHOR", "2"),
                                                  "");
    g_autoptr(BpfpvDomainXml) said =
        with_specs(SPEC("resources:CUSTOM_BPFPV_ANCHOR", "2") SPEC("bpfpv:anchors", "1")
                       SPEC("bpfpv:affinity", "shared"),
                   "");
    g_autoptr(BpfpvDomainXml) more = with_specs(
        SPEC("resources:CUSTOM_BPFPV_ANCHOR", "2") EXCLUSIVE SPEC("bpfpv:anchors", "5"), "");
    g_autoptr(BpfpvDomainXml) none = with_specs(SPEC("resources:CUSTOM_BPFPV_ANCHOR", "0"), "");
    g_autoptr(BpfpvDomainXml) zero =
        with_specs(EXCLUSIVE SPEC("resources:CUSTOM_BPFPV_ANCHOR", "0"), "");
    g_autoptr(BpfpvDomainXml) other = with_specs(
        SPEC("resources:CUSTOM_BPFPV_ANCHORS", "2") SPEC("resources:CUSTOM_BPFPV_ANCHOR", "x"), "");

    assert_int_equal(alone->config->mode, BPFPV_MODE_EXCLUSIVE);
    assert_int_equal(alone->config->max_anchors, 2);
    assert_int_equal(groups->config->max_anchors, 3);
    assert_int_equal(said->config->mode, BPFPV_MODE_SHARED);
    assert_int_equal(said->config->max_anchors, 1);
    assert_int_equal(more->config->max_anchors, 2);
    assert_int_equal(zero->config->max_anchors, 0);
    assert_null(none->config);
    assert_null(other->config);
}

/* The scheduler knows the flavor alone. */
static void
sections_do_not_add_to_requested_anchors(void **state)
{
    g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
    BpfpvSettings *section = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "m1.*");
    g_autofree char *text =
        domain("web1", "m1.small", SPEC("resources:CUSTOM_BPFPV_ANCHOR", "2"), "", "");
    g_autoptr(BpfpvDomainXml) xml = NULL;

    set(section, "affinity", "shared");
    set(section, "anchors", "7");
    xml = read_domain(text, policy);
    assert_int_equal(xml->config->mode, BPFPV_MODE_EXCLUSIVE);
    assert_int_equal(xml->config->max_anchors, 2);
}

static void
a_mistake_in_a_spec_fails_the_domain_and_is_named(void **state)
{
    static const struct {
        const char *specs;
        const char *says;
    } cases[] = {
        {SPEC("bpfpv:affinity", "yes"), "bpfpv:affinity: \"yes\" is not one of exclusive, shared"},
        {EXCLUSIVE SPEC("bpfpv:anchors", "-1"), "bpfpv:anchors: \"-1\" is not a number from 0"},
        {EXCLUSIVE SPEC("bpfpv:cpuset", "7-2"), "runs backwards"},
        {EXCLUSIVE SPEC("bpfpv:colour", "red"), "\"colour\" is not a setting; known are: affinity"},
        {EXCLUSIVE SPEC("bpfpv:", "red"), "is not a setting"},
        {EXCLUSIVE SPEC("bpfpv:smt", "&#x9;&#xa;<b/>"), "bpfpv:smt: \"\" is not one of"},
        {EXCLUSIVE SPEC("bpfpv:smt", "is&#xe9;"), "characters that no setting has"},
        {EXCLUSIVE SPEC("bpfpv:a&#xa;b", "1"), "it is not a setting"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvDomainXml) xml = with_specs(cases[i].specs, "");

        assert_null(xml->config);
        assert_non_null(xml->config_error);
        assert_true(xml->stands);
        if (!strstr(xml->config_error->message, cases[i].says))
            fail_msg("\"%s\" is not in: %s", cases[i].says, xml->config_error->message);
        assert_true(g_str_has_prefix(xml->config_error->message,
                                     "domain web1: its flavor's extra spec bpfpv:"));
    }
}

/* ---- precedence ---- */

static void
the_element_stands_alone(void **state)
{
    g_autofree char *text =
        domain("web1", "x", EXCLUSIVE SPEC("bpfpv:smt", "isolate"), "",
               "<bpfpv xmlns='" BPFPV_DOMAIN_NAMESPACE "'><program name='affinity'>"
               "<placement mode='shared'/></program></bpfpv>");
    g_autoptr(BpfpvDomainXml) xml = read_domain(text, NULL);

    assert_int_equal(xml->config->mode, BPFPV_MODE_SHARED);
    assert_int_equal(xml->config->smt, BPFPV_SMT_MATCH);
    assert_true(xml->has_element && xml->stands && !xml->is_off);
}

static void
an_element_can_say_off(void **state)
{
    g_autofree char *text =
        domain("web1", "x", EXCLUSIVE, "",
               "<bpfpv xmlns='" BPFPV_DOMAIN_NAMESPACE "'><program name='affinity'>"
               "<placement mode='off'/></program></bpfpv>");
    g_autoptr(BpfpvDomainXml) xml = read_domain(text, NULL);

    assert_null(xml->config);
    assert_null(xml->config_error);
    assert_true(xml->is_off && xml->has_element && xml->stands);
}

static void
an_invalid_element_is_not_replaced(void **state)
{
    g_autofree char *text = domain("web1", "x", EXCLUSIVE, "",
                                   "<bpfpv xmlns='" BPFPV_DOMAIN_NAMESPACE "'><prog/></bpfpv>");
    g_autoptr(BpfpvDomainXml) xml = read_domain(text, NULL);

    assert_null(xml->config);
    assert_non_null(xml->config_error);
}

static void
each_setting_is_of_the_first_that_says_it(void **state)
{
    g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
    BpfpvSettings *special = bpfpv_policy_add_section(policy, BPFPV_SECTION_DOMAIN, "web?");
    BpfpvSettings *flavor = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "m1.*");
    BpfpvSettings *other = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "m2.*");
    BpfpvSettings *rest = bpfpv_policy_add_section(policy, BPFPV_SECTION_DOMAIN, "*");
    g_autofree char *text = domain("web1", "m1.small", SPEC("bpfpv:numa", "strict"), "", "");
    g_autoptr(BpfpvDomainXml) xml = NULL;

    set(special, "reserve", "1");
    set(special, "numa", "ignore");
    set(flavor, "affinity", "shared");
    set(flavor, "reserve", "2");
    set(flavor, "rate", "2");
    set(other, "smt", "ignore");
    set(rest, "affinity", "off");
    set(rest, "rate", "3");
    set(rest, "grace", "3");
    xml = read_domain(text, policy);
    assert_non_null(xml->config);
    assert_int_equal(xml->config->mode, BPFPV_MODE_SHARED);
    assert_int_equal(xml->config->numa, BPFPV_NUMA_STRICT);
    assert_int_equal(xml->config->reserve, 1);
    assert_int_equal(xml->config->rate, 2);
    assert_int_equal(xml->config->grace_s, 3);
    assert_int_equal(xml->config->smt, BPFPV_SMT_MATCH);
    assert_string_equal(xml->source, "flavor extra specs, bpfpvd.conf [domain web?], bpfpvd.conf "
                                     "[flavor m1.*], bpfpvd.conf [domain *]");
}

static void
a_domain_that_is_not_novas_has_no_flavor(void **state)
{
    g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
    BpfpvSettings *flavor = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "*");
    g_autoptr(BpfpvDomainXml) plain = NULL;
    g_autoptr(BpfpvDomainXml) foreign = NULL;

    set(flavor, "affinity", "exclusive");
    plain = read_domain("<domain><name>a</name><uuid>b</uuid></domain>", policy);
    foreign = read_domain("<domain><name>a</name><uuid>b</uuid><metadata><instance "
                          "xmlns='urn:x'><flavor name='m1'/></instance></metadata></domain>",
                          policy);
    assert_null(plain->config);
    assert_null(foreign->config);
}

/* ---- tenants ---- */

static void
a_tenant_can_ask_for_less_and_for_nothing_else(void **state)
{
    static const struct {
        const char *properties;
        guint anchors;
        BpfpvPlacementMode mode;
    } cases[] = {
        {PROPERTY("hw_bpfpv_anchors", "1"), 1, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_anchors", "3"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_anchors", "many"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_affinity", "exclusive"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_affinity", "&#x1f4a9;"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_smt", "isolate"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_weight", "1000"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_cpuset", "0-99"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("hw_bpfpv_x", "0-99"), 2, BPFPV_MODE_SHARED},
        {PROPERTY("bpfpv:anchors", "3"), 2, BPFPV_MODE_SHARED},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvDomainXml) xml = with_specs(
            SPEC("bpfpv:affinity", "shared") SPEC("bpfpv:anchors", "2"), cases[i].properties);

        assert_non_null(xml->config);
        assert_int_equal(xml->config->max_anchors, cases[i].anchors);
        assert_int_equal(xml->config->mode, cases[i].mode);
        assert_int_equal(xml->config->smt, BPFPV_SMT_MATCH);
        assert_int_equal(xml->config->weight, 1);
        assert_null(xml->config->cpuset);
        assert_true((strstr(xml->source, "restricted by the image") != NULL) == (i == 0));
    }
}

static void
a_tenant_can_stay_out_but_not_come_in(void **state)
{
    g_autoptr(BpfpvDomainXml) out = with_specs(EXCLUSIVE, PROPERTY("hw_bpfpv_affinity", "off"));
    g_autoptr(BpfpvDomainXml) shared =
        with_specs(EXCLUSIVE, PROPERTY("hw_bpfpv_affinity", "shared"));
    g_autoptr(BpfpvDomainXml) in = with_specs("", PROPERTY("hw_bpfpv_affinity", "shared"));
    g_autoptr(BpfpvDomainXml) unlimited =
        with_specs(EXCLUSIVE, PROPERTY("hw_bpfpv_anchors", "8000"));

    assert_null(out->config);
    assert_int_equal(shared->config->mode, BPFPV_MODE_SHARED);
    assert_null(in->config);
    assert_int_equal(unlimited->config->max_anchors, 8000);
}

/* ---- names that mean harm ---- */

static void
globs_match_as_globs_do(void **state)
{
    static const struct {
        const char *glob;
        const char *text;
        gboolean matches;
    } cases[] = {
        {"m1.*", "m1.small", TRUE},
        {"m1.*", "m1.", TRUE},
        {"m1.*", "m10", FALSE},
        {"*", "", TRUE},
        {"", "", TRUE},
        {"", "a", FALSE},
        {"?", "\xc3\xa9", TRUE},
        {"??", "\xc3\xa9", FALSE},
        {"a*b*c", "a-b-b-c", TRUE},
        {"a*b*c", "a-b-c-d", FALSE},
        {"*a", "aaab", FALSE},
        {"**a**", "bab", TRUE},
        {"[a]", "[a]", TRUE},
        {"[a]", "a", FALSE},
        {"m1", "m1*", FALSE},
        {"a?*", "a", FALSE},
        {"*.*", "m1.x", TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (bpfpv_policy_glob_matches(cases[i].glob, cases[i].text) != cases[i].matches)
            fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].text);
}

/* That would take GPatternSpec years. */
static void
no_name_makes_matching_slow(void **state)
{
    g_autofree char *text = g_strnfill(255, 'a');

    assert_false(bpfpv_policy_glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void
a_flavors_name_is_compared_and_never_shown(void **state)
{
    g_autofree char *longest = g_strnfill(10 * 1024, 'a');
    g_autofree char *fits = g_strnfill(255, 'a');
    const struct {
        const char *name; /* as in XML */
        const char *glob;
        gboolean matches;
    } cases[] = {
        {"*", "gold", FALSE},
        {"g?ld", "gold", FALSE},
        {"gold&#x9;&#xa;", "gold", FALSE},
        {"a&quot;&lt;/nova:flavor&gt;&amp;amp;", "a*", TRUE},
        {"&#x202e;dlog", "*", TRUE},
        {"../../etc/passwd", "*passwd", TRUE},
        {"%s%n", "%*", TRUE},
        {"$(id)", "*", TRUE},
        {"", "?*", FALSE},
        {fits, "a*", TRUE},
        {longest, "*", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
        g_autofree char *text = domain("web1", cases[i].name, "", "", "");
        g_autoptr(BpfpvDomainXml) xml = NULL;

        set(bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, cases[i].glob), "affinity",
            "shared");
        xml = read_domain(text, policy);
        assert_true((xml->config != NULL) == cases[i].matches);
        assert_null(xml->config_error);
        if (cases[i].matches) {
            g_autofree char *source = g_strdup_printf("bpfpvd.conf [flavor %s]", cases[i].glob);

            assert_string_equal(xml->source, source);
        }
    }
}

static void
too_many_specs_are_cut_off(void **state)
{
    g_autoptr(GString) specs = g_string_new(EXCLUSIVE);
    g_autoptr(BpfpvDomainXml) xml = NULL;

    for (guint i = 0; i < 100000; i++)
        g_string_append(specs, SPEC("bpfpv:smt", "isolate"));
    xml = with_specs(specs->str, "");
    assert_non_null(xml->config);
    assert_int_equal(xml->config->smt, BPFPV_SMT_ISOLATE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_reaches_the_configuration),
        cmocka_unit_test(defaults_are_those_of_the_element),
        cmocka_unit_test(without_affinity_nothing_is_managed),
        cmocka_unit_test(requested_anchors_are_the_limit_and_imply_affinity),
        cmocka_unit_test(sections_do_not_add_to_requested_anchors),
        cmocka_unit_test(a_mistake_in_a_spec_fails_the_domain_and_is_named),
        cmocka_unit_test(the_element_stands_alone),
        cmocka_unit_test(an_element_can_say_off),
        cmocka_unit_test(an_invalid_element_is_not_replaced),
        cmocka_unit_test(each_setting_is_of_the_first_that_says_it),
        cmocka_unit_test(a_domain_that_is_not_novas_has_no_flavor),
        cmocka_unit_test(a_tenant_can_ask_for_less_and_for_nothing_else),
        cmocka_unit_test(a_tenant_can_stay_out_but_not_come_in),
        cmocka_unit_test(globs_match_as_globs_do),
        cmocka_unit_test(no_name_makes_matching_slow),
        cmocka_unit_test(a_flavors_name_is_compared_and_never_shown),
        cmocka_unit_test(too_many_specs_are_cut_off),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
