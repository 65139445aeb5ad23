/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture of the host: every kind of host, hostile names, any width. No bus, no terminal. */
#include "unit.h"

#include "core/plan/host-map.h"
#include "ctl/map/map.h"
#include "xml/capabilities.h"

static const BpfpvTerm plain = {.width = 0};

static BpfpvTopology *
load(const char *name)
{
    g_autofree char *path = g_strconcat(SRCDIR "/tests/fixtures/capabilities/", name, ".xml", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    BpfpvTopology *topology;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    topology = bpfpv_capabilities_parse(text, NULL, &error);
    assert_null(error);
    return topology;
}

static void
sit(BpfpvHostMap *map, const char *domain, guint vcpu, guint cpu)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new_range(cpu, cpu);

    bpfpv_host_map_add_vcpu(map, domain, vcpu, BPFPV_WANT_ANCHOR, set, FALSE);
}

static char *
draw(const BpfpvHostMap *map, const BpfpvTerm *term)
{
    g_autoptr(GVariant) dict = g_variant_ref_sink(bpfpv_host_map_describe(map));

    return bpfpv_map_draw(dict, term);
}

static void
assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

static void
assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("'%s' is in:\n%s", part, text);
}

static guint
assert_fits(const char *text, guint width)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (bpfpv_term_text_width(lines[i]) > width)
            fail_msg("more than %u columns: '%s'", width, lines[i]);
    }
    return g_strv_length(lines) - 1;
}

static void
eight_cpus_are_boxes_with_names(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("smt");
    g_autoptr(BpfpvCpuset) pool = cpus("1-7");
    g_autoptr(BpfpvCpuset) one = cpus("1"), five = cpus("5"), taken = cpus("7"),
                           rest = cpus("0,2-4,6");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, pool, 2);
    g_autofree char *picture = NULL;

    (void)state;
    bpfpv_host_map_add_vcpu(map, "db", 0, BPFPV_WANT_ANCHOR, one, TRUE);
    bpfpv_host_map_add_vcpu(map, "db", 1, BPFPV_WANT_FLOAT, rest, TRUE);
    bpfpv_host_map_add_vcpu(map, "web", 3, BPFPV_WANT_FIXED, five, FALSE);
    sit(map, "web", 2, 6);
    bpfpv_host_map_add_neighbour(map, "old", taken);
    picture = draw(map, &plain);
    assert_string_equal(picture,
                        "cell 0, 16 GiB\n"
                        "  cache 0: CPUs 0-7\n"
                        "    [0 -      | 4 .     ] [1 db/0   | 5 =web/3] [2 .      | 6 web/2 ] "
                        "[3 .      | 7 #old  ]\n"
                        "\n"
                        "  . free   - not in the pool   = pinned by definition or by hand   "
                        "# taken by an unmanaged domain\n"
                        "  8 of 8 CPUs online, pool 1-7, reserve 2\n"
                        "  anchors: 2; vCPUs floating on each of 5 CPUs: 1\n");
}

static void
a_narrow_terminal_gets_characters(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("smt");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    g_autofree char *wide = NULL, *narrow = NULL;
    const BpfpvTerm narrow_term = {.width = 30}, wide_term = {.width = 60};

    (void)state;
    sit(map, "a-name-of-20-columns", 0, 4);
    wide = draw(map, &wide_term);
    assert_has(wide, "| 4 a-name-of-20-columns/0]\n    [1 ");
    assert_fits(wide, 60);
    narrow = draw(map, &narrow_term);
    assert_has(narrow, "  cache 0: 0-7  .a .. .. ..\n");
    assert_has(narrow, "a  a-name-of-20-columns  0 on 4");
}

/* 100 domains: the letters are not enough, and still everything is told. */
static BpfpvHostMap *
crowd(const BpfpvTopology *topology)
{
    BpfpvHostMap *map = bpfpv_host_map_new(topology, NULL, 1);

    for (guint d = 0; d < 100; d++) {
        g_autofree char *name = g_strdup_printf("domain-%03u", d);

        for (guint v = 0; v < 3; v++)
            sit(map, name, v, 3 * d + v);
    }
    return map;
}

static void
many_cpus_are_a_character_each(void **state)
{
    static const guint widths[] = {80, 100, 200};
    g_autoptr(BpfpvTopology) topology = load("cpus-512");
    g_autoptr(BpfpvHostMap) map = crowd(topology);

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(widths); i++) {
        const BpfpvTerm term = {.width = widths[i]};
        g_autofree char *picture = draw(map, &term);

        /* Two cells, a line for each of 32 caches, and a line for each domain. */
        assert_in_range(assert_fits(picture, widths[i]), 2 + 32 + 100, 150);
        assert_has(picture, "\n  cache 0: 0-7,256-263       a* a* a* b* b* b* c* c*\n");
        assert_has(picture, "\na  domain-000  0-2 on 0-2\n");
        assert_has(picture, "\nZ  domain-051  0-2 on 153-155\n*  domain-052  0-2 on 156-158\n");
        assert_has(picture, "\n*  domain-099  0-2 on 297-299\n");
    }
}

static void
runs_of_nothing_are_one_line(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("cpus-512");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    g_autofree char *picture = NULL;

    (void)state;
    sit(map, "web", 0, 20);
    picture = draw(map, &plain);
    assert_string_equal(picture, "cell 0, socket 0, 1024 GiB\n"
                                 "  caches 0-1: all 32 CPUs free (0-15,256-271)\n"
                                 "  cache 2: 16-23,272-279     .. .. .. .. a. .. .. ..\n"
                                 "  caches 3-15: all 208 CPUs free (24-127,280-383)\n"
                                 "cell 1, socket 1, 1024 GiB\n"
                                 "  caches 16-31: all 256 CPUs free (128-255,384-511)\n"
                                 "\n"
                                 "  . free\n"
                                 "  512 of 512 CPUs online, pool 0-511, reserve 1\n"
                                 "  anchors: 1; no vCPU floats\n"
                                 "\n"
                                 "   DOMAIN  VCPUS\n"
                                 "a  web     0 on 20\n");
}

/* An escape, a C1 control character, a bidirectional override, a line end, bytes that are none. */
#define HOSTILE "\033]0;x\007\302\23331m\342\200\256\n\377end"

static void
names_can_do_nothing_to_a_terminal(void **state)
{
    static const char *const hosts[] = {"smt", "cpus-512"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(BpfpvTopology) topology = load(hosts[i]);
        g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
        g_autoptr(BpfpvCpuset) taken = cpus("3");
        g_autofree char *picture = NULL;

        sit(map, HOSTILE, 0, 1);
        bpfpv_host_map_add_neighbour(map, HOSTILE "2", taken);
        picture = draw(map, &plain);
        assert_has(picture, "?]0;x??31m? \357\277\275end");
        for (const char *at = picture; *at != '\0'; at = g_utf8_next_char(at)) {
            gunichar c = g_utf8_get_char(at);

            if (c != '\n' && !bpfpv_term_is_harmless(c))
                fail_msg("character U+%04X in:\n%s", c, picture);
        }
    }
}

static void
long_names_are_cut_and_explained(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("laptop");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    g_autofree char *picture = NULL;

    (void)state;
    sit(map, "trading-gateway-production-eu", 0, 0);
    sit(map, "仮想仮想仮想仮想仮想仮想", 1, 1); /* 24 columns; a cut in a character is none */
    picture = draw(map, &plain);
    assert_has(picture, "[0 trading-gateway-pro~/0] [1 仮想仮想仮想仮想仮~/1 ]\n");
    assert_has(picture, "\ntrading-gateway-production-eu  0 on 0\n");
    assert_has(picture, "\n仮想仮想仮想仮想仮想仮想       1 on 1\n");
}

static void
every_kind_of_host_is_drawn(void **state)
{
    static const struct {
        const char *host, *part;
    } cases[] = {
        {"laptop", "cell 0, 8 GiB\n  cache 0: CPUs 0-1\n    [0 x/0] [1 .  ]\n"},
        {"offline", "[2 .  ]\n  offline: CPUs 3,6-7\n\n  . free\n  5 of 8 CPUs online"},
        {"memory-only", "[3 .  ]\ncell 1, 64 GiB, no CPUs\n\n"},
        {"no-cache", "cell 1, socket 1, 16 GiB\n  socket 1: CPUs 4-7\n    [4 .   | 5 .  ]"},
        {"no-cache", "\n  which CPUs share a cache is not known\n"},
        {"sub-numa", "cell 1, socket 0, 32 GiB\n  cache 1: CPUs 4-7,20-23\n    [ 4 .   | 20 .  ]"},
        {"epyc", "\n  cache 7: CPUs 28-31,60-63\n    [28 .   | 60 .  ]"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BpfpvTopology) topology = load(cases[i].host);
        g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
        g_autofree char *picture = NULL;

        sit(map, "x", 0, 0);
        picture = draw(map, &plain);
        assert_has(picture, cases[i].part);
        assert_fits(picture, 100);
        if (!g_str_equal(cases[i].host, "no-cache"))
            assert_lacks(picture, "is not known");
    }
}

static void
offline_cpus_and_efficiency_cores_are_told(void **state)
{
    g_autoptr(BpfpvTopology) all = load("hybrid");
    g_autoptr(BpfpvCpuset) online = cpus("0-4,6-15"), slow = cpus("8-15");
    g_autoptr(BpfpvTopology) less = bpfpv_topology_with_online(all, online);
    g_autoptr(BpfpvTopology) topology = bpfpv_topology_with_efficiency(less, slow, 1);
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    const BpfpvTerm narrow = {.width = 50};
    g_autofree char *detailed = draw(map, &plain);
    g_autofree char *dense = NULL;

    (void)state;
    assert_has(detailed, "\n  cache 0: CPUs 0-7\n    [ 0 . |  1 .] [ 2 . |  3 .] [ 4 . |  5 !]");
    assert_has(detailed, "\n  cache 0, efficiency cores: CPUs 8-15\n    [ 8 .] [ 9 .] [10 .]");
    assert_has(detailed, "! offline\n  15 of 16 CPUs online");
    sit(map, "a-name-that-is-longer-than-a-box", 0, 0);
    sit(map, "a-name-that-is-longer-than-a-box", 1, 1);
    dense = draw(map, &narrow);
    assert_has(dense, "\n  cache 0: 0-7                      aa .. .! ..\n");
    assert_has(dense, "\n  cache 0, efficiency cores: 8-11   . . . .\n");
}

static void
several_on_one_cpu_are_counted_and_listed(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("laptop");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    g_autoptr(BpfpvCpuset) one = cpus("1");
    g_autofree char *picture = NULL;

    (void)state;
    bpfpv_host_map_add_vcpu(map, "a", 4, BPFPV_WANT_FIXED, one, FALSE);
    bpfpv_host_map_add_vcpu(map, "b", 5, BPFPV_WANT_FIXED, one, FALSE);
    bpfpv_host_map_add_neighbour(map, "c", one);
    picture = draw(map, &plain);
    assert_has(picture, "[1 =a/4+2]");
    assert_has(picture, "\nDOMAIN  VCPUS\n"
                        "a       pinned: 4 on 1\n"
                        "b       pinned: 5 on 1\n"
                        "c       not managed, pinned to 1\n");
}

static void
colours_are_for_those_who_want_them(void **state)
{
    static const BpfpvTerm coloured = {.colour = TRUE, .width = 100};
    g_autoptr(BpfpvTopology) topology = load("smt");
    g_autoptr(BpfpvHostMap) map = bpfpv_host_map_new(topology, NULL, 1);
    g_autofree char *with = NULL, *without = NULL;

    (void)state;
    sit(map, "web", 0, 4);
    with = draw(map, &coloured);
    without = draw(map, &plain);
    assert_has(with, "[0 .     | 4 \033[32mweb/0\033[0m]");
    assert_has(without, "[0 .     | 4 web/0]");
    assert_lacks(without, "\033");
}

static void
a_host_that_is_not_known_is_no_picture(void **state)
{
    g_autofree char *picture = draw(NULL, &plain);

    (void)state;
    assert_null(picture);
}

/* What another version or a broken daemon may send. */
static void
odd_dictionaries_do_no_harm(void **state)
{
    g_autoptr(GVariant) map = g_variant_ref_sink(g_variant_new_parsed(
        "{'pool': <uint32 7>, 'cells': <[{'cell': <'x'>}, {'cell': <uint32 0>}]>, 'cpus': <["
        " {'cpu': <uint32 4294967295>}, {'cpu': <uint32 9000>}, {'cpu': <'1'>}, {'new': <''>},"
        " {'cpu': <uint32 3>, 'state': <'on fire'>, 'cache': <uint32 4294967295>},"
        " {'cpu': <uint32 3>, 'state': <'free'>},"
        " {'cpu': <uint32 5>, 'state': <'anchor'>, 'core': <uint32 3>},"
        " {'cpu': <uint32 6>, 'state': <'free'>, 'vcpus': <[{'domain': <uint32 1>}]>}]>}"));
    g_autofree char *picture = bpfpv_map_draw(map, &plain);

    (void)state;
    assert_has(picture, "cell not known\n  somewhere: CPUs 3,5-6\n    [3 - | 5 ?] [6 .");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_cpus_are_boxes_with_names),
        cmocka_unit_test(a_narrow_terminal_gets_characters),
        cmocka_unit_test(many_cpus_are_a_character_each),
        cmocka_unit_test(runs_of_nothing_are_one_line),
        cmocka_unit_test(names_can_do_nothing_to_a_terminal),
        cmocka_unit_test(long_names_are_cut_and_explained),
        cmocka_unit_test(every_kind_of_host_is_drawn),
        cmocka_unit_test(offline_cpus_and_efficiency_cores_are_told),
        cmocka_unit_test(several_on_one_cpu_are_counted_and_listed),
        cmocka_unit_test(colours_are_for_those_who_want_them),
        cmocka_unit_test(a_host_that_is_not_known_is_no_picture),
        cmocka_unit_test(odd_dictionaries_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
