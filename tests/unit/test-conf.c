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

/* @restore: as "bpfpvd --restore" */
static BpfpvConf *
load_for(const char *text, gboolean restore, GError **error)
{
    g_autofree char *path = write_file("bpfpvd.conf", text);
    g_autofree char *option = g_strconcat("--config=", path, NULL);
    char *words[] = {(char *)"bpfpvd", option, restore ? (char *)"--restore" : NULL, NULL};
    char **argv = words;
    int argc = restore ? 3 : 2;
    g_autoptr(BpfpvConf) conf = bpfpv_conf_new(&argc, &argv, error);

    assert_non_null(conf);
    return bpfpv_conf_load(conf, error) ? g_steal_pointer(&conf) : NULL;
}

static BpfpvConf *
load(const char *text, GError **error)
{
    return load_for(text, FALSE, error);
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
                   "/nonexistent/nova.conf: cannot read");
    assert_refused("[nova]\ncpu_shared_set=3-1\n", "[nova] cpu_shared_set: \"3-1\" runs backwards");
    assert_refused("[nova]\ncpu_shared_set=0-3\ncpu_dedicated_set=0-3\n",
                   "no CPU is left for anchors");
    assert_refused("[nova]\nshared=0-3\n", "[nova] shared= is not a setting; known are: config");
}

static void
restoring_does_not_depend_on_nova_conf(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = load_for("[nova]\nconfig=/nonexistent/nova.conf\n", TRUE, &error);

    assert_null(error);
    assert_non_null(conf);
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
                   "[flavor x] affinity=on: \"on\" is not one of exclusive, shared, off");
    assert_refused("[domain *]\nanchors=-1\n", "[domain *] anchors=-1: \"-1\" is not a number");
    assert_refused(
        "[domain *]\ncolour=red\n",
        "[domain *] colour=red: \"colour\" is not a setting; known are: affinity, cpuset");
    assert_refused("[flavor]\naffinity=off\n", "[flavor] is for no flavor; write [flavor NAME]");
    assert_refused("[domain ]\n", "is for no domain");
    assert_refused("[flavors x]\n", "[flavors x] is not a section; known are: host, nova, hook");
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
        cmocka_unit_test(restoring_does_not_depend_on_nova_conf),
        cmocka_unit_test(sections_become_the_policy_in_their_order),
        cmocka_unit_test(what_is_wrong_with_a_section_is_said),
    };

    return cmocka_run_group_tests_name("conf", tests, setup, teardown);
}
