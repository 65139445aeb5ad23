/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd.conf: sections by flavor and domain, Nova's sets of CPUs, and errors that name the place.
 */
#include "unit.h"

#include <glib/gstdio.h>

#include "daemon/conf/conf.h"
#include "xml/domain.h"

static char *root;

static int
setup(void **state)
{
    root = g_dir_make_tmp("bpfpv-conf-XXXXXX", NULL);
    return root ? 0 : -1;
}

static char *
write_file(const char *name, const char *text)
{
    char *path = g_build_filename(root, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"bpfpvd.conf", "nova.conf"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(root, names[i], NULL);

        g_remove(path);
    }
    g_rmdir(root);
    g_free(root);
    return 0;
}

static BpfpvConf *
load(const char *text, GError **error)
{
    g_autofree char *path = write_file("bpfpvd.conf", text);
    g_autofree char *option = g_strconcat("--config=", path, NULL);
    char *words[] = {(char *)"bpfpvd", option, NULL};
    char **argv = words;
    int argc = 2;
    g_autoptr(BpfpvConf) conf = bpfpv_conf_new(&argc, &argv, error);

    assert_non_null(conf);
    return bpfpv_conf_load(conf, error) ? g_steal_pointer(&conf) : NULL;
}

static void
assert_pool(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load(text, &error);

    if (error)
        fail_msg("%s", error->message);
    if (!expected)
        assert_null(conf->cpuset);
    else
        assert_cpus(conf->cpuset, expected);
}

static void
assert_refused(const char *text, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load(text, &error);

    assert_null(conf);
    if (!strstr(error->message, part))
        fail_msg("\"%s\" is not in: %s", part, error->message);
}

/* ---- [nova] ---- */

static void
novas_sets_narrow_the_pool(void **state)
{
    assert_pool("", NULL);
    assert_pool("[host]\ncpuset=1-3\n", "1-3");
    assert_pool("[nova]\ncpu_shared_set=4-12,^8\n", "4-7,9-12");
    assert_pool("[host]\ncpuset=1-5\n[nova]\ncpu_shared_set=^4,4-12,1\n", "1,5");
    assert_pool("[nova]\ncpu_shared_set=0-7\ncpu_dedicated_set=4-7\n", "0-3");
    assert_pool("[nova]\ncpu_dedicated_set=4-7\n[host]\ncpuset=0-5\n", "0-3");
    assert_pool("[nova]\ncpu_dedicated_set=2-8191\n", "0-1");
}

static void
nova_conf_says_what_is_not_said_here(void **state)
{
    g_autofree char *nova = write_file("nova.conf", "[compute]\ncpu_shared_set = 0-3,\n  6\n"
                                                    "cpu_dedicated_set: 4-5\n");
    g_autofree char *alone = g_strdup_printf("[nova]\nconfig=%s\n", nova);
    g_autofree char *both = g_strdup_printf("[nova]\nconfig=%s\ncpu_shared_set=2-8\n", nova);
    g_autofree char *dedicated = g_strdup_printf("[nova]\nconfig=%s\ncpu_dedicated_set=0\n", nova);

    assert_pool(alone, "0-3,6");
    assert_pool(both, "2-3,6-8");
    assert_pool(dedicated, "1-3,6");
}

static void
the_legacy_option_stands_as_in_nova(void **state)
{
    g_autofree char *nova = write_file("nova.conf", "[DEFAULT]\nvcpu_pin_set = 4-9,^5\n[compute]\n"
                                                    "cpu_shared_set = 0-3\n");
    g_autofree char *text = g_strdup_printf("[nova]\nconfig=%s\n", nova);

    assert_pool(text, "4,6-9");
}

static void
a_nova_conf_that_says_nothing_narrows_nothing(void **state)
{
    g_autofree char *nova = write_file("nova.conf", "[compute]\ncpu_shared_set =\n");
    g_autofree char *text = g_strdup_printf("[nova]\nconfig=%s\n", nova);

    assert_pool(text, NULL);
}

static void
what_is_wrong_with_novas_sets_is_said(void **state)
{
    g_autofree char *nova = write_file("nova.conf", "[compute]\ncpu_dedicated_set = a\n");
    g_autofree char *text = g_strdup_printf("[nova]\nconfig=%s\n", nova);
    g_autofree char *where = g_strdup_printf("%s: [compute] cpu_dedicated_set: \"a\" is", nova);

    assert_refused(text, where);
    assert_refused("[nova]\nconfig=/nonexistent/nova.conf\n",
                   "/nonexistent/nova.conf: there is no such file");
    assert_refused(
        "[nova]\ncpu_shared_set=3-1\n",
        ":2: [nova] cpu_shared_set = 3-1: \"3-1\" runs backwards; write it in Nova's notation");
    assert_refused("[nova]\ncpu_shared_set=0-3\ncpu_dedicated_set=0-3\n",
                   "no CPU is left for anchors");
    assert_refused(
        "[nova]\nshared=0-3\n",
        ":2: [nova] shared = 0-3: shared is not a setting; known are: config, cpu_shared_set");
}

/* ---- [flavor GLOB], [domain GLOB] ---- */

static void
sections_become_the_policy_in_their_order(void **state)
{
    static const char nova[] =
        "<domain><name>web1</name><uuid>b</uuid><metadata><instance "
        "xmlns='http://openstack.org/xmlns/libvirt/nova/1.0'><flavor name='my gold'/></instance>"
        "</metadata></domain>";
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load("[flavor my gold]\naffinity = exclusive \nanchors=4\n"
                                     "[domain  web* ]\naffinity=off\ncpuset=2-7,^4\n",
                                     &error);
    g_autoptr(BpfpvDomainXml) gold = NULL;
    g_autoptr(BpfpvDomainXml) web = NULL;

    assert_null(error);
    gold = bpfpv_domain_xml_parse(nova, NULL, conf->policy, NULL);
    web = bpfpv_domain_xml_parse("<domain><name>web2</name><uuid>b</uuid></domain>", NULL,
                                 conf->policy, NULL);
    assert_int_equal(gold->config->max_anchors, 4);
    assert_cpus(gold->config->cpuset, "2-3,5-7");
    assert_string_equal(gold->source, "bpfpvd.conf [flavor my gold], bpfpvd.conf [domain web*]");
    assert_null(web->config);
}

static void
what_is_wrong_with_a_section_is_said(void **state)
{
    assert_refused("[flavor x]\naffinity=on\n",
                   ":2: [flavor x] affinity = on: \"on\" is not one of exclusive, shared, off");
    assert_refused("[domain *]\nanchors=-1\n",
                   ":2: [domain *] anchors = -1: \"-1\" is not a number");
    assert_refused(
        "[domain *]\ncolour=red\n",
        ":2: [domain *] colour = red: \"colour\" is not a setting; known are: affinity, cpuset");
    assert_refused("[flavor]\naffinity=off\n",
                   ":1: [flavor]: it is for no flavor; write [flavor NAME]");
    assert_refused("[domain ]\n", "it is for no domain");
    assert_refused("[flavors x]\n", ":1: [flavors x]: not a section; known are: host, nova, hook");
}

/* ---- the file ---- */

static void
what_is_wrong_with_a_setting_is_said(void **state)
{
    assert_refused("[host]\n\ncpuset=2-\n", ":3: [host] cpuset = 2-: CPU set '2-': expected");
    assert_refused("[host]\ncpuset=2-\n", "; write numbers and ranges, as in 2-7,^4,12");
    assert_refused("[host]\nreserve=9000\n", "write one from 0 to 8192");
    assert_refused("[host]\nspread=wide\n", "spread = wide: not one of pack, domains");
    assert_refused("[host]\nshare=half\n", "share = half: not one of fair, none");
    assert_refused("[host]\nhold=60001\n", "hold = 60001: not a number of milliseconds; write one "
                                           "from 0 to 60000");
    assert_refused("[host]\ninjections=0\n", "injections = 0: not a number of guests; write one "
                                             "from 1 to 16");
    assert_refused("[hook]\ninvalid=no\n", ":2: [hook] invalid = no: not one of refuse, warn");
    assert_refused("cpuset=1\n[host]\n", ":1: \"cpuset=1\": it is in no section");
    assert_refused("[host\ncpuset=1\n", ":1: \"[host\": a section's name ends with ]");
    assert_refused("[host] # x\n", "a comment has a line of its own");
    assert_refused("[host]\n=1\n", ":2: \"=1\": neither a [SECTION] nor KEY=VALUE");
    assert_refused("[host]\n\xff=1\n", ":2: \"\xef\xbf\xbd=1\": it is not UTF-8");
}

static void
the_last_of_the_same_settings_counts(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load("  [host]\r\n cpuset = 1-2 \r\n[nova]\n[host]\ncpuset=3\n"
                                     "[domain w*]\naffinity=off\n[host]\nreserve=4\n"
                                     "[domain w*]\naffinity=shared\n",
                                     &error);
    g_autoptr(BpfpvDomainXml) web = NULL;

    assert_null(error);
    assert_cpus(conf->cpuset, "3");
    assert_int_equal(conf->reserve, 4);
    web = bpfpv_domain_xml_parse("<domain><name>web2</name><uuid>b</uuid></domain>", NULL,
                                 conf->policy, NULL);
    assert_non_null(web->config);
}

static void
reading_again_takes_all_or_nothing(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) mistake = NULL;
    g_autoptr(BpfpvConf) conf = load("[host]\ncpuset=1-2\nreserve=3\n", &error);
    const BpfpvPolicy *policy = conf->policy;

    g_free(write_file("bpfpvd.conf", "[host]\ncpuset=4\nreserve=x\n[hots]\n"));
    assert_false(bpfpv_conf_load(conf, &mistake));
    assert_non_null(strstr(mistake->message, "bpfpvd.conf:3: [host] reserve = x: "));
    assert_non_null(strstr(mistake->message, "\n"));
    assert_non_null(strstr(mistake->message, "bpfpvd.conf:4: [hots]: "));
    assert_cpus(conf->cpuset, "1-2");
    assert_int_equal(conf->reserve, 3);
    assert_ptr_equal(conf->policy, policy);
    g_free(write_file("bpfpvd.conf", "[host]\nreserve=0\n"));
    assert_true(bpfpv_conf_load(conf, &error));
    assert_null(conf->cpuset); /* what is not said any more has its default again */
    assert_int_equal(conf->reserve, 0);
}

static void
a_check_finds_every_mistake(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load("", &error);
    g_autoptr(GPtrArray) mistakes = NULL;

    g_free(write_file("bpfpvd.conf",
                      "x\n[host]\ncpuset=a\nreserve=b\ncolour=c\n[hots]\ncpuset=1\n"
                      "[flavor]\nanchors=d\n[nova]\nconfig=/nonexistent\ncpu_shared_set=e\n"));
    mistakes = bpfpv_conf_check(conf);
    assert_int_equal(mistakes->len, 9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(novas_sets_narrow_the_pool),
        cmocka_unit_test(nova_conf_says_what_is_not_said_here),
        cmocka_unit_test(the_legacy_option_stands_as_in_nova),
        cmocka_unit_test(a_nova_conf_that_says_nothing_narrows_nothing),
        cmocka_unit_test(what_is_wrong_with_novas_sets_is_said),
        cmocka_unit_test(sections_become_the_policy_in_their_order),
        cmocka_unit_test(what_is_wrong_with_a_section_is_said),
        cmocka_unit_test(what_is_wrong_with_a_setting_is_said),
        cmocka_unit_test(the_last_of_the_same_settings_counts),
        cmocka_unit_test(reading_again_takes_all_or_nothing),
        cmocka_unit_test(a_check_finds_every_mistake),
    };

    return cmocka_run_group_tests_name("conf", tests, setup, teardown);
}
