/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schema's examples: each in valid/ is accepted, each in invalid/ refused
 * with exactly the message beside it, and RELAX NG itself agrees. $srcdir is
 * the top of the source tree.
 */
#include "unit.h"

#include <libxml/relaxng.h>

#include "core/config.h"
#include "xml/check.h"
#include "xml/schema.h"
#include "xml/document.h"

#define HOST_CPUS "0-7"

static char *
source_path(const char *name)
{
    return g_build_filename(g_getenv("srcdir") ? g_getenv("srcdir") : ".", "xml-schema", name,
                            NULL);
}

static char *
read_file(const char *directory, const char *name, const char *suffix)
{
    g_autofree char *folder = source_path(directory);
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("cannot read %s", path);
    return text;
}

/* Calls @check with the name of every example in @directory. */
static void
for_each(const char *directory, void (*check)(const char *directory, const char *name))
{
    g_autofree char *path = source_path(directory);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *file;
    guint n = 0;

    assert_non_null(folder);
    while ((file = g_dir_read_name(folder))) {
        g_autofree char *name = g_strndup(file, strlen(file) - MIN(strlen(file), 4));

        if (!g_str_has_suffix(file, ".xml"))
            continue;
        check(directory, name);
        n++;
    }
    assert_true(n > 2);
}

static char *
find_mistakes(const char *text)
{
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(BpfpvCpuset) host = cpus(HOST_CPUS);
    const BpfpvElementContext context = {programs, host};
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvMistakes) mistakes = NULL;
    GString *lines = g_string_new(NULL);

    g_ptr_array_add(programs, (gpointer) "affinity");
    mistakes = bpfpv_domain_check(text, strlen(text), &context, NULL, &error);
    assert_null(error);
    for (guint i = 0; i < mistakes->len; i++)
        g_string_append_printf(lines, "%s\n", (char *)g_ptr_array_index(mistakes, i));
    return g_string_free(lines, FALSE);
}

static void
check_valid(const char *directory, const char *name)
{
    g_autofree char *text = read_file(directory, name, ".xml");
    g_autofree char *mistakes = find_mistakes(text);

    assert_string_equal(mistakes, "");
}

static void
check_invalid(const char *directory, const char *name)
{
    g_autofree char *text = read_file(directory, name, ".xml");
    g_autofree char *mistakes = find_mistakes(text);
    GString *expected = g_string_new(NULL);
    g_autofree char *file = read_file(directory, name, ".expected");

    g_string_assign(expected, file);
    g_string_replace(expected, "@HOST@", HOST_CPUS, 0);
    if (!g_str_equal(mistakes, expected->str))
        fail_msg("%s/%s: expected\n%sgot\n%s", directory, name, expected->str, mistakes);
    g_string_free(expected, TRUE);
}

static void
every_valid_example_is_accepted(void **state)
{
    for_each("valid", check_valid);
}

static void
every_invalid_example_is_refused_with_its_message(void **state)
{
    for_each("invalid", check_invalid);
}

static void
what_libvirt_would_drop_is_found(void **state)
{
    for_each("invalid/lost", check_invalid);
}

/* ---- RELAX NG itself ---- */

static xmlRelaxNGValidCtxtPtr validator;

static void
be_silent(void *data G_GNUC_UNUSED, const char *format G_GNUC_UNUSED, ...)
{
}

/* What the schema alone can't know. */
static gboolean
needs_surroundings(const char *name)
{
    static const char *const names[] = {"anchors",
                                        "cpuset-outside",
                                        "cpuset-empty",
                                        "cpuset-syntax",
                                        "program-twice",
                                        "program-unknown",
                                        NULL};

    return g_strv_contains(names, name);
}

static gboolean
is_schema_valid(const char *directory, const char *name)
{
    g_autofree char *text = read_file(directory, name, ".xml");
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, strlen(text), NULL);
    g_autoptr(BpfpvXmlDoc) alone = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *element = bpfpv_element_find(xmlDocGetRootElement(doc));

    if (!element)
        return TRUE; /* nothing of bpfpv's in it */
    xmlDocSetRootElement(alone, xmlDocCopyNode(element, alone, 1));
    return xmlRelaxNGValidateDoc(validator, alone) == 0;
}

static void
schema_accepts(const char *directory, const char *name)
{
    if (!is_schema_valid(directory, name))
        fail_msg("RELAX NG refuses %s/%s", directory, name);
}

static void
schema_refuses(const char *directory, const char *name)
{
    if (is_schema_valid(directory, name) != needs_surroundings(name))
        fail_msg("RELAX NG and the program disagree on %s/%s", directory, name);
}

static void
relax_ng_agrees(void **state)
{
    g_autofree char *path = source_path("bpfpv.rng");
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt(path);
    xmlRelaxNGPtr schema;

    schema = xmlRelaxNGParse(parser);
    assert_non_null(schema);
    validator = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidErrors(validator, be_silent, be_silent, NULL);
    for_each("valid", schema_accepts);
    for_each("invalid", schema_refuses);
    xmlRelaxNGFreeValidCtxt(validator);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(parser);
}

/* ---- what the manual says ---- */

static void
assert_documented(const BpfpvSchemaElement *element)
{
    assert_non_null(element->sentence);
    for (guint i = 0; i < element->attributes->len; i++) {
        const BpfpvSchemaAttribute *attribute = g_ptr_array_index(element->attributes, i);

        assert_non_null(attribute->sentence);
        assert_true(attribute->required || attribute->standard);
        if (attribute->type == BPFPV_SCHEMA_NUMBER) {
            assert_non_null(attribute->unit);
            assert_true(attribute->least < attribute->most);
        }
    }
    for (guint i = 0; i < element->children->len; i++)
        assert_documented(g_ptr_array_index(element->children, i));
}

static void
every_attribute_has_sentence_default_unit_and_range(void **state)
{
    assert_documented(bpfpv_schema_get());
}

static guint
standard(const char *parent, const char *element, const char *attribute)
{
    const BpfpvSchemaElement *schema = bpfpv_schema_get();

    if (parent)
        schema = bpfpv_schema_child(schema, parent);
    schema = bpfpv_schema_child(schema, element);
    return (guint)g_ascii_strtoull(bpfpv_schema_attribute(schema, attribute)->standard, NULL, 10);
}

static void
the_defaults_are_the_programs(void **state)
{
    g_autoptr(BpfpvConfig) config = bpfpv_config_new();
    const BpfpvSchemaElement *channel = bpfpv_schema_child(bpfpv_schema_get(), "channel");

    assert_int_equal(standard("program", "limit", "keys"), config->max_keys);
    assert_int_equal(standard("program", "limit", "rate"), config->rate);
    assert_int_equal(standard("program", "limit", "changes"), config->changes);
    assert_int_equal(standard(NULL, "timeout", "loader"), config->loader_timeout_s);
    assert_int_equal(standard(NULL, "timeout", "grace"), config->grace_s);
    assert_string_equal(bpfpv_schema_attribute(channel, "name")->standard, config->channel);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_valid_example_is_accepted),
        cmocka_unit_test(every_invalid_example_is_refused_with_its_message),
        cmocka_unit_test(what_libvirt_would_drop_is_found),
        cmocka_unit_test(relax_ng_agrees),
        cmocka_unit_test(every_attribute_has_sentence_default_unit_and_range),
        cmocka_unit_test(the_defaults_are_the_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
