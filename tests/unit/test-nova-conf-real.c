/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nova-hook/nova-conf against the real thing: random files, read by oslo.config
 * as nova-compute would, and random sets of CPUs, read by Nova. Skipped where
 * the distribution's python3-oslo.config is not installed.
 */
#include "unit.h"

#include <glib/gstdio.h>

#include "nova/conf.h"

#define N_HOMES 150
#define N_SPECS 600

/* Per home one line: the values, separated by tabs, as Python writes strings; or "error". */
static const char read_homes[] =
    "import os,sys\n"
    "from oslo_config import cfg\n"
    "def read(h):\n"
    "  os.environ['HOME']=h; c=cfg.ConfigOpts()\n"
    "  for g in (None,'compute'): c.register_opts([cfg.StrOpt(k) for k in 'abc'],g)\n"
    "  try: c([],project='nova',prog='nova-compute')\n"
    "  except cfg.ConfigFileParseError: return 'error'\n"
    "  return '\\t'.join(ascii(v) for g in (c,c.compute) for v in (g.a,g.b,g.c))\n"
    "for h in sys.argv[1:]: print(read(h))\n";

static const char read_specs[] =
    "import sys\n"
    "from nova import exception\n"
    "from nova.virt import hardware\n"
    "def read(s):\n"
    "  try: return ' '.join(map(str,sorted(hardware.parse_cpu_spec(s)))) or 'error'\n"
    "  except exception.Invalid: return 'error'\n"
    "for s in sys.argv[1:]: print(read(s))\n";

static gboolean
can_import(const char *module)
{
    g_autofree char *code = g_strdup_printf("import %s", module);
    char *argv[] = {"/usr/bin/python3", "-c", code, NULL};
    int status = 1;

    return g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                        NULL, NULL, NULL, NULL, &status, NULL) &&
           status == 0;
}

/* @arguments: of char *; Returns: (transfer full): a line for each */
static char **
ask(const char *code, const GPtrArray *arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *output = NULL;
    int status;

    g_ptr_array_add(argv, "/usr/bin/python3");
    g_ptr_array_add(argv, "-c");
    g_ptr_array_add(argv, (gpointer)code);
    for (guint i = 0; i < arguments->len; i++)
        g_ptr_array_add(argv, arguments->pdata[i]);
    g_ptr_array_add(argv, NULL);
    assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                             NULL, &output, NULL, &status, &error));
    assert_int_equal(status, 0);
    return g_strsplit(output, "\n", -1);
}

static const char *
pick(GRand *rand, const char *const *from, gsize n)
{
    return from[below(rand, (guint)n)];
}

/* ---- files ---- */

static char *
random_file(GRand *rand)
{
    static const char *const pieces[] = {
        "[compute]", "[DEFAULT]", "[Compute]", "[default]", "[other]", "[",  "[]", "]",    "a",
        "b",         "c",         "=",         ":",         " = ",     "\"", "'",  "#",    ";",
        "x",         "y z",       "\t",        "  ",        "\n",      "\n", "\n", "\r\n", "\n\n",
        "\xc2\xa0",  "\xc3\xa9",  "0-3,^2",    "\x1c",      "\v",      "\r",
    };
    /* The first few can be continued. */
    static const char *const lines[] = {
        "a = 1\n",     "a: 2\n",      "b = \"q\"\n", "b='q\n",      "c =\n",
        "c = x\n",     "a=b=c\n",     "a:b=c\n",     "a = \"\n",    "a = ' x '\n",
        "[compute]\n", "[DEFAULT]\n", "[Compute]\n", "[default]\n", "[other]\n",
        "# x = y\n",   "; x\n",       "\n",          "   \n",
    };
    static const char *const more[] = {"  more\n", "\tmore \n", "  # no\n", " [x]\n", "    \n"};
    GString *text = g_string_new(one_in(rand, 100) ? "" : "[DEFAULT]\n");
    guint n = below(rand, 20);

    for (guint i = 0; i < n; i++) {
        guint line = below(rand, G_N_ELEMENTS(lines));

        g_string_append(text, lines[line]);
        if (line < 10 && one_in(rand, 3))
            g_string_append(text, pick(rand, more, G_N_ELEMENTS(more)));
        if (one_in(rand, 200))
            g_string_append(text, pick(rand, pieces, G_N_ELEMENTS(pieces)));
    }
    return g_string_free(text, FALSE);
}

static void
write_random(GRand *rand, const char *home, const char *name)
{
    g_autofree char *path = g_build_filename(home, ".nova", name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *text = random_file(rand);

    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Every file that is looked for is there, so that none of the machine's own is found. */
static char *
make_home(GRand *rand, const char *root, guint number)
{
    char *home = g_strdup_printf("%s/%u", root, number);

    write_random(rand, home, "nova.conf");
    write_random(rand, home, "nova-compute.conf");
    write_random(rand, home, "nova.conf.d/10.conf");
    write_random(rand, home, "nova.conf.d/9.conf");
    write_random(rand, home, "nova.conf.d/ignored");
    write_random(rand, home, "nova-compute.conf.d/B.conf");
    write_random(rand, home, "nova-compute.conf.d/a.conf");
    return home;
}

/* As Python's ascii() writes a string, for what the generator makes. */
static void
append_ascii(GString *line, const char *value)
{
    char quote;

    if (!value) {
        g_string_append(line, "None");
        return;
    }
    quote = strchr(value, '\'') && !strchr(value, '"') ? '"' : '\'';
    g_string_append_c(line, quote);
    for (const char *at = value; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (c == '\n' || c == '\t' || c == '\r')
            g_string_append(line, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        else if (c == (gunichar)quote || c == '\\')
            g_string_append_printf(line, "\\%c", (char)c);
        else if (c < 0x20 || c >= 0x7f)
            g_string_append_printf(line, "\\x%02x", c);
        else
            g_string_append_c(line, (char)c);
    }
    g_string_append_c(line, quote);
}

static char *
our_answer(const char *home)
{
    static const char *const keys[] = {"a", "b", "c"};
    g_autofree char *file = g_build_filename(home, ".nova", "nova.conf", NULL);
    g_autoptr(BpfpvNovaConf) conf = bpfpv_nova_conf_load(file, NULL);
    GString *line = g_string_new(NULL);

    for (guint i = 0; conf && i < 6; i++) {
        if (i > 0)
            g_string_append_c(line, '\t');
        append_ascii(line, bpfpv_nova_conf_get(conf, i < 3 ? "DEFAULT" : "compute", keys[i % 3]));
    }
    return conf ? g_string_free(line, FALSE) : (g_string_free(line, TRUE), g_strdup("error"));
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
files_read_as_oslo_config_reads_them(void **state)
{
    g_autoptr(GRand) rand = unit_random("nova-conf-real");
    g_autofree char *root = g_dir_make_tmp("bpfpv-nova-XXXXXX", NULL);
    g_autoptr(GPtrArray) homes = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) answers = NULL;
    guint errors = 0;

    for (guint i = 0; i < N_HOMES; i++)
        g_ptr_array_add(homes, make_home(rand, root, i));
    answers = ask(read_homes, homes);
    for (guint i = 0; i < N_HOMES; i++) {
        g_autofree char *ours = our_answer(homes->pdata[i]);

        assert_non_null(answers[i]);
        if (!g_str_equal(ours, answers[i]))
            print_message("%s is kept for you\n", (char *)homes->pdata[i]);
        assert_string_equal(ours, answers[i]);
        errors += g_str_equal(ours, "error");
    }
    /* Neither side may get away with refusing, or with taking, everything. */
    print_message("%u of %d were refused by both\n", errors, N_HOMES);
    assert_in_range(errors, 1, N_HOMES - N_HOMES / 10);
    remove_tree(root);
}

/* ---- sets of CPUs ---- */

static char *
random_spec(GRand *rand)
{
    static const char *const pieces[] = {"^", "-", ",", " ", "1", "3", "_", "+", "a"};
    GString *spec = g_string_new(NULL);
    guint n = 1 + below(rand, 5);

    for (guint i = 0; i < n; i++) {
        guint first = below(rand, 20);

        if (i > 0)
            g_string_append_c(spec, ',');
        if (one_in(rand, 6))
            g_string_append(spec, pick(rand, pieces, G_N_ELEMENTS(pieces)));
        g_string_append_printf(spec, "%s%u", one_in(rand, 3) ? "^" : "", first);
        if (one_in(rand, 2))
            g_string_append_printf(spec, "%s%u", one_in(rand, 4) ? " - " : "-",
                                   first + below(rand, 8) - (one_in(rand, 10) && first > 0));
        if (one_in(rand, 8))
            g_string_append(spec, pick(rand, pieces, G_N_ELEMENTS(pieces)));
    }
    return g_string_free(spec, FALSE);
}

static char *
our_set(const char *spec)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_nova_cpu_spec_parse(spec, NULL);
    GString *line = g_string_new(set ? NULL : "error");

    for (int cpu = set ? bpfpv_cpuset_next(set, 0) : -1; cpu >= 0;
         cpu = bpfpv_cpuset_next(set, (guint)cpu + 1))
        g_string_append_printf(line, "%s%d", line->len > 0 ? " " : "", cpu);
    return g_string_free(line, FALSE);
}

static void
sets_read_as_nova_reads_them(void **state)
{
    g_autoptr(GRand) rand = unit_random("nova-cpu-spec-real");
    g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) answers = NULL;
    guint errors = 0;

    for (guint i = 0; i < N_SPECS; i++)
        g_ptr_array_add(specs, random_spec(rand));
    answers = ask(read_specs, specs);
    for (guint i = 0; i < N_SPECS; i++) {
        g_autofree char *ours = our_set(specs->pdata[i]);

        if (!g_str_equal(ours, answers[i]))
            print_message("\"%s\"\n", (char *)specs->pdata[i]);
        assert_string_equal(ours, answers[i]);
        errors += g_str_equal(ours, "error");
    }
    print_message("%u of %d were refused by both\n", errors, N_SPECS);
    assert_in_range(errors, 1, N_SPECS - N_SPECS / 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_read_as_oslo_config_reads_them),
        cmocka_unit_test(sets_read_as_nova_reads_them),
    };

    if (!can_import("oslo_config") || !can_import("nova.virt.hardware")) {
        puts("1..0 # SKIP python3-nova, which brings oslo.config, is not installed");
        return 0;
    }
    return cmocka_run_group_tests_name("nova-conf-real", tests, NULL, NULL);
}
