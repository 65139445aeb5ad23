/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture of the host as SVG: read as XML again, and looked at as a browser would lay it out:
 * what is where, and whether anything is outside, on top of something else, or somebody's markup.
 */
#include "unit.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "core/plan/host-map.h"
#include "ctl/svg/svg.h"
#include "ctl/term.h"
#include "xml/capabilities.h"

typedef struct {
    double x, y, w, h;
} Box;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* ---- pictures ---- */

/* @n CPUs, two threads in a core, eight in a cache, 64 in a cell; each fourth is anchored to a
 * domain of its own, whose name is @name and the CPU's number. */
static GVariant *
host(guint n, const char *name)
{
    GVariantBuilder map = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    GVariantBuilder cpus = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; i < n; i++) {
        GVariantDict cpu;

        g_variant_dict_init(&cpu, NULL);
        g_variant_dict_insert(&cpu, "cpu", "u", i);
        g_variant_dict_insert(&cpu, "cell", "u", i / 64);
        g_variant_dict_insert(&cpu, "cache", "u", i / 8);
        g_variant_dict_insert(&cpu, "core", "u", i - i % 2);
        g_variant_dict_insert(&cpu, "state", "s", i % 4 == 0 ? "anchor" : "free");
        if (i % 4 == 0) {
            g_autofree char *domain = g_strdup_printf("%s%u", name, i);
            GVariantBuilder vcpus = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

            g_variant_builder_open(&vcpus, G_VARIANT_TYPE_VARDICT);
            g_variant_builder_add(&vcpus, "{sv}", "domain", g_variant_new_string(domain));
            g_variant_builder_add(&vcpus, "{sv}", "vcpu", g_variant_new_uint32(7));
            g_variant_builder_close(&vcpus);
            g_variant_dict_insert_value(&cpu, "vcpus", g_variant_builder_end(&vcpus));
        }
        g_variant_builder_add_value(&cpus, g_variant_dict_end(&cpu));
    }
    g_variant_builder_add(&map, "{sv}", "pool", g_variant_new_string("0-1"));
    g_variant_builder_add(&map, "{sv}", "cpus", g_variant_builder_end(&cpus));
    return g_variant_ref_sink(g_variant_builder_end(&map));
}

static GVariant *
host_of(const char *capabilities)
{
    g_autofree char *path =
        g_strconcat(SRCDIR "/tests/fixtures/capabilities/", capabilities, ".xml", NULL);
    g_autofree char *text = NULL;
    g_autoptr(BpfpvTopology) topology = NULL;
    g_autoptr(BpfpvHostMap) map = NULL;
    g_autoptr(BpfpvCpuset) one = cpus("1");

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    topology = bpfpv_capabilities_parse(text, NULL, NULL);
    map = bpfpv_host_map_new(topology, NULL, 1);
    bpfpv_host_map_add_vcpu(map, "web", 0, BPFPV_WANT_ANCHOR, one, TRUE);
    return g_variant_ref_sink(bpfpv_host_map_describe(map));
}

static xmlDoc *
draw(GVariant *map, const char *title)
{
    g_autofree char *svg = bpfpv_svg_draw(map, title);
    xmlDoc *doc;

    assert_non_null(svg);
    doc = xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    return doc;
}

/* ---- reading ---- */

static xmlNodeSet *
find(xmlXPathContext *context, const char *path, xmlXPathObject **object)
{
    static xmlNodeSet none;

    *object = xmlXPathEvalExpression(BAD_CAST path, context);
    assert_non_null(*object);
    return (*object)->nodesetval != NULL ? (*object)->nodesetval : &none;
}

static xmlXPathContext *
look_into(xmlDoc *doc)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);

    assert_int_equal(
        xmlXPathRegisterNs(context, BAD_CAST "s", BAD_CAST "http://www.w3.org/2000/svg"), 0);
    return context;
}

/* Returns: (transfer full): the text of what is at @path, all of it in a row */
static char *
text_at(xmlDoc *doc, const char *path)
{
    xmlXPathContext *context = look_into(doc);
    xmlXPathObject *object;
    xmlNodeSet *nodes = find(context, path, &object);
    GString *text = g_string_new(NULL);

    for (int i = 0; i < nodes->nodeNr; i++) {
        xmlChar *content = xmlNodeGetContent(nodes->nodeTab[i]);

        g_string_append_printf(text, "%s%s", i > 0 ? "|" : "", (char *)content);
        xmlFree(content);
    }
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return g_string_free(text, FALSE);
}

static double
number_of(xmlNode *node, const char *attribute)
{
    xmlChar *text = xmlGetNoNsProp(node, BAD_CAST attribute);
    double value;

    assert_non_null(text);
    value = g_ascii_strtod((char *)text, NULL);
    xmlFree(text);
    return value;
}

static Box
box_of(xmlNode *node)
{
    return (Box){number_of(node, "x"), number_of(node, "y"), number_of(node, "width"),
                 number_of(node, "height")};
}

/* Letters of the fonts that are asked for are 0.6 of their size. */
static Box
box_of_text(xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    xmlChar *class = xmlGetNoNsProp(node, BAD_CAST "class");
    double size = g_str_equal(class, "title")                                      ? 16
                  : g_str_equal(class, "number") || g_str_equal(class, "tile-key") ? 10
                                                                                   : 12;
    double width = bpfpv_term_text_width((char *)content) * size * 0.6;
    double x = number_of(node, "x") - (g_str_equal(class, "tile-key") ? width / 2 : 0);

    xmlFree(content);
    xmlFree(class);
    return (Box){x, number_of(node, "y") - size, width, size};
}

static gboolean
is_within(Box inner, Box outer)
{
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w &&
           inner.y + inner.h <= outer.y + outer.h;
}

static gboolean
overlap(Box a, Box b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static GArray *
boxes_at(xmlDoc *doc, const char *path)
{
    xmlXPathContext *context = look_into(doc);
    xmlXPathObject *object;
    xmlNodeSet *nodes = find(context, path, &object);
    GArray *boxes = g_array_new(FALSE, FALSE, sizeof(Box));

    for (int i = 0; i < nodes->nodeNr; i++) {
        gboolean is_text = g_str_equal(nodes->nodeTab[i]->name, "text");
        Box box = is_text ? box_of_text(nodes->nodeTab[i]) : box_of(nodes->nodeTab[i]);

        g_array_append_val(boxes, box);
    }
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return boxes;
}

/* ---- what holds of every picture ---- */

static void
assert_all_within_the_whole(xmlDoc *doc)
{
    xmlNode *root = xmlDocGetRootElement(doc);
    const Box whole = {0, 0, number_of(root, "width"), number_of(root, "height")};
    g_autoptr(GArray) all = boxes_at(doc, "/s:svg/s:rect|/s:svg/s:text|//s:g/s:rect|//s:g/s:text");
    xmlChar *view = xmlGetNoNsProp(root, BAD_CAST "viewBox");
    g_autofree char *expected = g_strdup_printf("0 0 %g %g", whole.w, whole.h);

    assert_string_equal((char *)view, expected);
    xmlFree(view);
    assert_true(all->len > 0);
    for (guint i = 0; i < all->len; i++) {
        Box box = g_array_index(all, Box, i);

        if (!is_within(box, whole))
            fail_msg("%g,%g %gx%g is outside %gx%g", box.x, box.y, box.w, box.h, whole.w, whole.h);
    }
}

/* None is on another, and each is in one of those around. */
static void
assert_apart_and_within(xmlDoc *doc, const char *inner, const char *outer)
{
    g_autoptr(GArray) boxes = boxes_at(doc, inner);
    g_autoptr(GArray) around = boxes_at(doc, outer);

    for (guint i = 0; i < boxes->len; i++) {
        Box box = g_array_index(boxes, Box, i);
        guint n = 0;

        for (guint j = i + 1; j < boxes->len; j++)
            assert_false(overlap(box, g_array_index(boxes, Box, j)));
        for (guint j = 0; j < around->len; j++)
            n += is_within(box, g_array_index(around, Box, j));
        assert_int_equal(n, 1);
    }
}

static void
assert_laid_out(xmlDoc *doc, guint n_cpus)
{
    g_autoptr(GArray) tiles = boxes_at(doc, "//s:g/s:rect");

    assert_int_equal(tiles->len, n_cpus);
    assert_all_within_the_whole(doc);
    assert_apart_and_within(doc, "//s:g/s:rect", "//s:rect[@class='core']");
    assert_apart_and_within(doc, "//s:g/s:text", "//s:g/s:rect");
    assert_apart_and_within(doc, "//s:rect[@class='core']", "//s:rect[@class='cache']");
    assert_apart_and_within(doc, "//s:rect[@class='cache']", "//s:rect[@class='cell']");
    assert_apart_and_within(doc, "//s:text[@class='heading']", "//s:rect[@class='cache']");
    assert_apart_and_within(doc, "//s:text[@class='cell-name']", "//s:rect[@class='cell']");
    assert_apart_and_within(doc, "/s:svg/s:text", "//s:rect[@class='ground']");
}

/* ---- tests ---- */

static void
hosts_of_any_size_are_laid_out(void **state)
{
    static const guint sizes[] = {1, 2, 8, 64, 128, 129, 512};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GVariant) map = host(sizes[i], "web");
        g_autoptr(xmlDoc) doc = draw(map, "Host");

        assert_laid_out(doc, sizes[i]);
    }
}

static void
hosts_of_any_kind_are_laid_out(void **state)
{
    static const char *const kinds[] = {"smt",      "epyc",        "hybrid",  "laptop",
                                        "no-cache", "memory-only", "offline", "sub-numa"};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GVariant) map = host_of(kinds[i]);
        g_autoptr(xmlDoc) doc = draw(map, "Host");
        g_autoptr(GVariant) cpus = g_variant_lookup_value(map, "cpus", NULL);

        assert_laid_out(doc, (guint)g_variant_n_children(cpus));
    }
}

static void
a_small_host_has_names_and_a_large_one_numbers(void **state)
{
    g_autoptr(GVariant) small = host(8, "web"), large = host(512, "web");
    g_autoptr(xmlDoc) names = draw(small, "Host"), numbers = draw(large, "Host");
    g_autofree char *on_4 = text_at(names, "//s:g[@id='cpu4']/s:text");
    g_autofree char *on_508 = text_at(numbers, "//s:g[@id='cpu508']/s:text");
    g_autofree char *tip = text_at(numbers, "//s:g[@id='cpu508']/s:title");
    g_autofree char *free_tip = text_at(numbers, "//s:g[@id='cpu509']/s:title");
    g_autofree char *key = NULL, *first_free = text_at(names, "//s:g[@id='cpu5']/s:text");
    g_autofree char *path = NULL;

    (void)state;
    assert_string_equal(on_4, "4|web4/7");
    assert_string_equal(first_free, "5");
    assert_string_equal(tip, "CPU 508: anchor, web508/7");
    assert_string_equal(free_tip, "CPU 509: free");
    /* The number is found in the list again. */
    path = g_strdup_printf("//s:text[@class='key'][.='%s']/following-sibling::s:text[1]", on_508);
    key = text_at(numbers, path);
    assert_string_equal(key, "web508: 7 on 508");
}

static void
the_legend_has_the_states_that_there_are(void **state)
{
    g_autoptr(GVariant) map = host(8, "web");
    g_autoptr(xmlDoc) doc = draw(map, "Host");
    g_autofree char *text = text_at(doc, "/s:svg/s:text[@class='text']");

    (void)state;
    assert_string_equal(text, "anchor, in its domain's colour|free|"
                              "8 of 8 CPUs online, pool 0-1, reserve 0|anchors: 2; no vCPU floats|"
                              "web0: 7 on 0|web4: 7 on 4");
}

static void
who_cannot_see_it_is_told(void **state)
{
    g_autoptr(GVariant) map = host(2, "web");
    g_autoptr(xmlDoc) doc = draw(map, "Host CPUs & all");
    g_autofree char *title = text_at(doc, "/s:svg[@role='img']/s:title");
    g_autofree char *desc = text_at(doc, "/s:svg/s:desc");
    g_autofree char *ids = text_at(doc, "/s:svg[@aria-labelledby='title desc']/*[@id='title']");

    (void)state;
    assert_string_equal(title, "Host CPUs & all");
    assert_string_equal(ids, "Host CPUs & all");
    assert_string_equal(desc, "2 of 2 CPUs online, pool 0-1, reserve 0; anchors: 1; no vCPU "
                              "floats; web0: 7 on 0");
}

static void
assert_harmless(xmlNode *node)
{
    static const char *const elements[] = {"svg",  "title", "desc", "style", "defs", "pattern",
                                           "path", "rect",  "g",    "text",  NULL};

    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        assert_true(g_strv_contains(elements, (const char *)node->name));
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
            assert_false(g_str_has_prefix((const char *)attribute->name, "on"));
            assert_false(g_str_has_suffix((const char *)attribute->name, "href"));
        }
        assert_harmless(node->children);
    }
}

/* Names are chosen by whoever may define a domain, the title by whoever named a file. */
static void
names_can_do_nothing_to_the_picture(void **state)
{
    static const char hostile[] = "</text><script>a('\"&amp;]]>\033[31m\n\xff\xef\xbf\xbf";
    g_autoptr(GVariant) small = host(8, "</text><script>a('\"&]]>\033\n\xe2\x80\xae");
    g_autoptr(GVariant) large = host(256, "--><svg onload='a()'>");
    g_autoptr(xmlDoc) first = draw(small, hostile), second = draw(large, hostile);
    g_autofree char *on_0 = text_at(first, "//s:g[@id='cpu0']/s:title");
    g_autofree char *tip = text_at(second, "//s:g[@id='cpu0']/s:title");

    (void)state;
    assert_harmless(xmlDocGetRootElement(first));
    assert_harmless(xmlDocGetRootElement(second));
    assert_laid_out(first, 8);
    assert_string_equal(on_0, "CPU 0: anchor, </text><script>a('\"&]]>? ?0/7");
    assert_string_equal(tip, "CPU 0: anchor, --><svg onload='a()'>0/7");
}

static void
a_host_that_is_not_known_is_no_picture(void **state)
{
    g_autoptr(GVariant) map = host(0, "web");

    (void)state;
    assert_null(bpfpv_svg_draw(map, "Host"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_of_any_size_are_laid_out),
        cmocka_unit_test(hosts_of_any_kind_are_laid_out),
        cmocka_unit_test(a_small_host_has_names_and_a_large_one_numbers),
        cmocka_unit_test(the_legend_has_the_states_that_there_are),
        cmocka_unit_test(who_cannot_see_it_is_told),
        cmocka_unit_test(names_can_do_nothing_to_the_picture),
        cmocka_unit_test(a_host_that_is_not_known_is_no_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
