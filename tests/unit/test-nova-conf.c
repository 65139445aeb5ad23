/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of nova-hook/nova-conf: the format, the order of files, and Nova's sets of CPUs. */
#include "unit.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "nova/conf.h"

static BpfpvNovaConf *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    BpfpvNovaConf *conf = bpfpv_nova_conf_new();

    assert_true(bpfpv_nova_conf_parse(conf, text, strlen(text), "nova.conf", &error));
    assert_null(error);
    return conf;
}

static void
assert_value(const BpfpvNovaConf *conf, const char *section, const char *key, const char *expected)
{
    const char *value = bpfpv_nova_conf_get(conf, section, key);

    assert_non_null(value);
    assert_string_equal(value, expected);
}

static void
both_signs_and_both_comments(void **state)
{
    g_autoptr(BpfpvNovaConf) conf = parse("# a comment = none\n"
                                          "; nor: this\n"
                                          "[compute]\n"
                                          "cpu_shared_set = 0-3\n"
                                          "cpu_dedicated_set: 4-7\n"
                                          "url = http://host:80/=\n"
                                          "map: a=b\n"
                                          "quoted = \"with  space \"\n"
                                          "single = 'x'\n"
                                          "empty =\n");

    assert_value(conf, "compute", "cpu_shared_set", "0-3");
    assert_value(conf, "compute", "cpu_dedicated_set", "4-7");
    assert_value(conf, "compute", "url", "http://host:80/=");
    assert_value(conf, "compute", "map", "a=b");
    assert_value(conf, "compute", "quoted", "with  space ");
    assert_value(conf, "compute", "single", "x");
    assert_value(conf, "compute", "empty", "");
    assert_null(bpfpv_nova_conf_get(conf, "compute", "other"));
    assert_null(bpfpv_nova_conf_get(conf, "DEFAULT", "cpu_shared_set"));
}

static void
indented_lines_continue(void **state)
{
    g_autoptr(BpfpvNovaConf) conf = parse("[compute]\r\n"
                                          "cpu_shared_set = 0-3,\r\n"
                                          "\t8-11,\r\n"
                                          "    ^9\r\n"
                                          "\r\n"
                                          "other = 1\r\n"
                                          "last = a\r\n"
                                          "  # b");
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) set =
        bpfpv_nova_cpu_spec_parse(bpfpv_nova_conf_get(conf, "compute", "cpu_shared_set"), &error);

    assert_null(error);
    assert_cpus(set, "0-3,8,10-11");
    assert_value(conf, "compute", "other", "1");
    assert_value(conf, "compute", "last", "a\n# b");
}

static void
sections_merge_and_the_last_value_stands(void **state)
{
    g_autoptr(BpfpvNovaConf) conf = parse("[compute]\na=1\nb=1\n[DEFAULT]\na=2\n[Compute]\na=3\n"
                                          "[default]\na=4\n");

    assert_value(conf, "compute", "a", "3");
    assert_value(conf, "compute", "b", "1");
    assert_value(conf, "COMPUTE", "a", "3");
    assert_value(conf, "DEFAULT", "a", "2");
    assert_value(conf, "default", "a", "4");
}

static void
mistakes_have_their_line_and_no_secret(void **state)
{
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"password = geheim\n", "nova.conf:1: "},
        {"[a]\n[b\npassword = geheim\n", "nova.conf:2: "},
        {"[a]\n[]\n", "nova.conf:2: "},
        {"[a]\ngeheim\n", "nova.conf:2: "},
        {"[a]\n = geheim\n", "nova.conf:2: "},
        {"[a]\n= geheim\n", "nova.conf:2: "},
        {"[a]\nx=1\n# so\n  geheim\n", "nova.conf:4: "},
        {"[a]\nx=1\n\n  geheim\n", "nova.conf:4: "},
        {"x=geheim\n\n[a]\n", "nova.conf:2: "},
        {"[a]\nx=\xff geheim\n", "nova.conf: "},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvNovaConf) conf = bpfpv_nova_conf_new();
        g_autoptr(GError) error = NULL;

        assert_false(
            bpfpv_nova_conf_parse(conf, cases[i].text, strlen(cases[i].text), "nova.conf", &error));
        assert_int_equal(error->domain, BPFPV_NOVA_CONF_ERROR);
        assert_true(g_str_has_prefix(error->message, cases[i].line));
        assert_null(strstr(error->message, "geheim"));
    }
}

static void
a_file_without_end_is_refused(void **state)
{
    g_autoptr(BpfpvNovaConf) conf = bpfpv_nova_conf_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_malloc(BPFPV_NOVA_CONF_MOST + 1);

    memset(text, '#', BPFPV_NOVA_CONF_MOST + 1);
    assert_false(bpfpv_nova_conf_parse(conf, text, BPFPV_NOVA_CONF_MOST + 1, "nova.conf", &error));
    assert_int_equal(error->code, BPFPV_NOVA_CONF_ERROR_FILE);
}

/* ---- files ---- */

static void
write_file(const char *root, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    g_remove(path);
}

static void
later_files_win(void **state)
{
    g_autofree char *root = g_dir_make_tmp("bpfpv-nova-XXXXXX", NULL);
    g_autofree char *main_file = g_build_filename(root, "nova.conf", NULL);
    g_autoptr(BpfpvNovaConf) conf = NULL;
    g_autoptr(GError) error = NULL;

    write_file(root, "nova.conf", "[compute]\na=main\nb=main\nc=main\nd=main\ne=main\nf=main\n");
    write_file(root, "nova-compute.conf",
               "[compute]\nb=compute\nc=compute\nd=compute\ne=compute\n");
    write_file(root, "nova.conf.d/20-late.conf", "[compute]\nd=20\ne=20\n");
    write_file(root, "nova.conf.d/10-early.conf", "[compute]\nc=10\nd=10\ne=10\n");
    write_file(root, "nova.conf.d/30-other", "[compute]\nf=no\n");
    write_file(root, "nova.conf.d/.hidden.conf", "[compute]\nf=no\n");
    write_file(root, "nova-compute.conf.d/x.conf", "[compute]\ne=x\n");
    conf = bpfpv_nova_conf_load(main_file, &error);
    assert_null(error);
    assert_value(conf, "compute", "a", "main");
    assert_value(conf, "compute", "b", "compute");
    assert_value(conf, "compute", "c", "10");
    assert_value(conf, "compute", "d", "20");
    assert_value(conf, "compute", "e", "x");
    assert_value(conf, "compute", "f", "main");
    remove_tree(root);
}

/* Each is enough, as it is for nova-compute. */
static void
the_main_file_may_be_missing(void **state)
{
    static const char *const names[] = {"nova.conf.d/a.conf", "nova-compute.conf",
                                        "nova-compute.conf.d/a.conf"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *root = g_dir_make_tmp("bpfpv-nova-XXXXXX", NULL);
        g_autofree char *main_file = g_build_filename(root, "nova.conf", NULL);
        g_autoptr(BpfpvNovaConf) conf = NULL;
        g_autoptr(GError) error = NULL;

        write_file(root, names[i], "[compute]\ncpu_shared_set=2-5\n");
        conf = bpfpv_nova_conf_load(main_file, &error);
        assert_null(error);
        assert_value(conf, "compute", "cpu_shared_set", "2-5");
        remove_tree(root);
    }
}

/* A link to a file that is not there is a mistake of somebody's. */
static void
a_main_file_that_leads_nowhere_is_named(void **state)
{
    g_autofree char *root = g_dir_make_tmp("bpfpv-nova-XXXXXX", NULL);
    g_autofree char *main_file = g_build_filename(root, "nova.conf", NULL);
    g_autoptr(GError) error = NULL;

    assert_int_equal(symlink("elsewhere", main_file), 0);
    write_file(root, "nova.conf.d/a.conf", "[compute]\na=1\n");
    assert_null(bpfpv_nova_conf_load(main_file, &error));
    assert_true(g_str_has_prefix(error->message, main_file));
    remove_tree(root);
}

static void
what_cannot_be_read_is_named(void **state)
{
    g_autofree char *root = g_dir_make_tmp("bpfpv-nova-XXXXXX", NULL);
    g_autofree char *main_file = g_build_filename(root, "nova.conf", NULL);
    g_autofree char *inner = g_build_filename(root, "nova.conf.d", "bad.conf", NULL);
    g_autofree char *expected = g_strconcat(inner, ":2: ", NULL);
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) mistake = NULL;
    g_autoptr(GError) directory = NULL;

    assert_null(bpfpv_nova_conf_load(main_file, &missing));
    assert_true(g_str_has_prefix(missing->message, main_file));
    write_file(root, "nova.conf", "");
    write_file(root, "nova.conf.d/bad.conf", "[a]\nb\n");
    assert_null(bpfpv_nova_conf_load(main_file, &mistake));
    assert_true(g_str_has_prefix(mistake->message, expected));
    assert_null(bpfpv_nova_conf_load(root, &directory));
    assert_int_equal(directory->code, BPFPV_NOVA_CONF_ERROR_FILE);
    remove_tree(root);
}

/* ---- sets of CPUs ---- */

static void
excludes_count_wherever_they_stand(void **state)
{
    static const char *const cases[][2] = {
        {"4-12,^8,15", "4-7,9-12,15"},
        {"^8,4-12,15", "4-7,9-12,15"},
        {" 1 - 3 , ^ 2 ", "1,3"},
        {",,0,,", "0"},
        {"0-9,^3-5", "0-2,6-9"},
        {"007", "7"},
        {"+1,1_0", "1,10"},
        {"0--0", "0"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvCpuset) set = bpfpv_nova_cpu_spec_parse(cases[i][0], &error);

        assert_null(error);
        assert_cpus(set, cases[i][1]);
    }
}

static void
what_is_no_set_of_cpus_is_refused(void **state)
{
    static const char *const cases[] = {
        "",        ",",     "a",    "-1",  "1-",   "3-1",  "^",
        "^^3",     "1-2-3", "0x10", "1.0", "1__0", "_1",   "1_",
        "1;2",     "4,^4",  "^4",   "1 2", "--1",  "8192", "0-99999999999999999999",
        "0-3\x01",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(bpfpv_nova_cpu_spec_parse(cases[i], &error));
        assert_int_equal(error->domain, BPFPV_NOVA_CONF_ERROR);
        assert_null(strchr(error->message, '\x01'));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_signs_and_both_comments),
        cmocka_unit_test(indented_lines_continue),
        cmocka_unit_test(sections_merge_and_the_last_value_stands),
        cmocka_unit_test(mistakes_have_their_line_and_no_secret),
        cmocka_unit_test(a_file_without_end_is_refused),
        cmocka_unit_test(later_files_win),
        cmocka_unit_test(the_main_file_may_be_missing),
        cmocka_unit_test(a_main_file_that_leads_nowhere_is_named),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(excludes_count_wherever_they_stand),
        cmocka_unit_test(what_is_no_set_of_cpus_is_refused),
    };

    return cmocka_run_group_tests_name("nova-conf", tests, NULL, NULL);
}
