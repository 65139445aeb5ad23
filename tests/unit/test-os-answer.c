/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keystone's and Placement's answers: real ones are understood, any others are errors. */
#include "unit.h"

#include "nova-hook/http/answer.h"
#include "nova-hook/http/os-error.h"

#define UUID "c37796aa-0187-47a1-94c8-6fabb248248e"
#define ROOT "e7105ef2-ade0-4e41-8b58-deefbbe37377"

static const char *const internal[] = {"internal", "public", NULL};

#define TOKEN(catalog)                                                                             \
    "{\"token\": {\"methods\": [\"password\"], \"issued_at\": \"2026-11-24T01:00:00.000000Z\", "   \
    "\"expires_at\": \"2026-11-24T02:00:00.000000Z\", \"catalog\": [" catalog "]}}"
#define ENDPOINT(interface, region, url)                                                           \
    "{\"interface\": \"" interface "\", \"region\": \"" region "\", \"region_id\": \"" region      \
    "\", \"url\": \"" url "\"}"
#define SERVICE(type, endpoints) "{\"type\": \"" type "\", \"endpoints\": [" endpoints "]}"

static BpfpvTokenInfo *
token(const char *text, const char *region)
{
    g_autoptr(GError) error = NULL;
    BpfpvTokenInfo *info = bpfpv_answer_token(text, strlen(text), internal, region, &error);

    assert_null(error);
    return info;
}

static void
a_token_tells_its_life_and_the_endpoint(void **state)
{
    g_autoptr(BpfpvTokenInfo) info =
        token(TOKEN(SERVICE("compute", ENDPOINT("internal", "r1", "http://nova")) "," SERVICE(
                  "placement",
                  ENDPOINT("public", "r1", "http://p1") "," ENDPOINT(
                      "internal", "r1", "http://i1") "," ENDPOINT("internal", "r2", "http://i2"))),
              "r2");

    assert_int_equal(info->lifetime_s, 3600);
    assert_string_equal(info->endpoint, "http://i2");
}

static void
the_preferred_interface_is_taken(void **state)
{
    g_autoptr(BpfpvTokenInfo) both =
        token(TOKEN(SERVICE("placement", ENDPOINT("public", "r1", "http://p1") "," ENDPOINT(
                                             "internal", "r1", "http://i1"))),
              NULL);
    g_autoptr(BpfpvTokenInfo) one =
        token(TOKEN(SERVICE("placement", ENDPOINT("public", "r1", "http://p1"))), NULL);
    g_autoptr(BpfpvTokenInfo) other =
        token(TOKEN(SERVICE("placement", ENDPOINT("admin", "r1", "http://a1"))), NULL);

    assert_string_equal(both->endpoint, "http://i1");
    assert_string_equal(one->endpoint, "http://p1");
    assert_null(other->endpoint);
    assert_string_equal(other->endpoints, "admin in region r1");
}

static void
an_endpoint_that_is_no_address_is_none(void **state)
{
    static const char *const urls[] = {"file:///etc/passwd", "gopher://x", "http://a b",
                                       "http://u:p@a", "http://a\\u000ab"};

    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autofree char *text =
            g_strdup_printf(TOKEN(SERVICE("placement", ENDPOINT("internal", "r1", "%s"))), urls[i]);
        g_autoptr(BpfpvTokenInfo) info = token(text, NULL);

        assert_null(info->endpoint);
    }
}

static void
a_token_without_dates_has_no_life_that_is_told(void **state)
{
    g_autoptr(BpfpvTokenInfo) info = token("{\"token\": {\"expires_at\": \"tomorrow\"}}", NULL);

    assert_int_equal(info->lifetime_s, 0);
}

static void
versions_are_minor_numbers(void **state)
{
    const char *text = "{\"versions\": [{\"id\": \"v1.0\", \"max_version\": \"1.39\", "
                       "\"min_version\": \"1.0\"}]}";
    guint min = 9, max = 0;

    assert_true(bpfpv_answer_versions(text, strlen(text), &min, &max, NULL));
    assert_int_equal(min, 0);
    assert_int_equal(max, 39);
}

static void
a_provider_has_its_names_and_its_generation(void **state)
{
    const char *text =
        "{\"uuid\": \"" UUID "\", \"name\": \"c1_bpfpv\", \"generation\": 7, "
        "\"parent_provider_uuid\": \"" ROOT "\", \"root_provider_uuid\": \"" ROOT "\"}";
    g_autoptr(BpfpvProvider) provider = bpfpv_answer_provider(text, strlen(text), NULL);

    assert_string_equal(provider->uuid, UUID);
    assert_string_equal(provider->name, "c1_bpfpv");
    assert_string_equal(provider->parent, ROOT);
    assert_int_equal(provider->generation, 7);
}

static void
no_provider_is_no_error(void **state)
{
    const char *text = "{\"resource_providers\": []}";
    g_autoptr(GError) error = NULL;

    assert_null(bpfpv_answer_only_provider(text, strlen(text), &error));
    assert_null(error);
}

static void
inventories_usages_and_consumers(void **state)
{
    const char *inventories =
        "{\"resource_provider_generation\": 3, \"inventories\": {\"CUSTOM_A\": {\"total\": 4, "
        "\"reserved\": 1, \"min_unit\": 1, \"max_unit\": 4, \"step_size\": 1, "
        "\"allocation_ratio\": 1.0}}}";
    const char *usages = "{\"resource_provider_generation\": 3, \"usages\": {\"CUSTOM_A\": 2}}";
    const char *allocations = "{\"allocations\": {\"b\": {}, \"a\\u001b[31m\": {}}}";
    BpfpvInventory inventory = {0};
    gboolean found = FALSE;
    gint64 generation = 0, used = 0;
    g_auto(GStrv) consumers = NULL;

    assert_true(bpfpv_answer_inventory(inventories, strlen(inventories), "CUSTOM_A", &inventory,
                                       &found, &generation, NULL));
    assert_true(found);
    assert_int_equal(inventory.total, 4);
    assert_int_equal(inventory.reserved, 1);
    assert_int_equal(generation, 3);
    assert_true(bpfpv_answer_inventory(inventories, strlen(inventories), "CUSTOM_B", &inventory,
                                       &found, &generation, NULL));
    assert_false(found);
    assert_true(bpfpv_answer_usage(usages, strlen(usages), "CUSTOM_A", &used, NULL));
    assert_int_equal(used, 2);
    consumers = bpfpv_answer_consumers(allocations, strlen(allocations), NULL);
    assert_string_equal(consumers[0], "a?[31m");
    assert_string_equal(consumers[1], "b");
}

static void
errors_say_what_the_service_said(void **state)
{
    const char *placement = "{\"errors\": [{\"status\": 409, \"detail\": \"changed\", \"code\": "
                            "\"placement.concurrent_update\"}]}";
    const char *keystone = "{\"error\": {\"code\": 401, \"message\": \"wrong password\"}}";
    g_autofree char *code = NULL, *no_code = NULL, *none = NULL;
    g_autofree char *changed = bpfpv_answer_error(placement, strlen(placement), &code);
    g_autofree char *wrong = bpfpv_answer_error(keystone, strlen(keystone), &no_code);
    g_autofree char *html = bpfpv_answer_error("<html>", 6, &none);

    assert_string_equal(changed, "changed");
    assert_string_equal(code, "placement.concurrent_update");
    assert_string_equal(wrong, "wrong password");
    assert_string_equal(html, "");
}

/* Every parser, on one text: none may say yes, all say why. */
static void
assert_refused(const char *text, gsize length)
{
    g_autoptr(GError) of_token = NULL, of_versions = NULL, of_provider = NULL, of_only = NULL;
    g_autoptr(GError) of_traits = NULL, of_inventory = NULL, of_usage = NULL, of_consumers = NULL;
    BpfpvInventory inventory;
    gboolean found;
    gint64 number;
    guint min, max;

    assert_null(bpfpv_answer_token(text, length, internal, NULL, &of_token));
    assert_false(bpfpv_answer_versions(text, length, &min, &max, &of_versions));
    assert_null(bpfpv_answer_provider(text, length, &of_provider));
    assert_null(bpfpv_answer_only_provider(text, length, &of_only));
    assert_null(bpfpv_answer_traits(text, length, &number, &of_traits));
    assert_false(bpfpv_answer_inventory(text, length, "CUSTOM_A", &inventory, &found, &number,
                                        &of_inventory));
    assert_false(bpfpv_answer_usage(text, length, "CUSTOM_A", &number, &of_usage));
    assert_null(bpfpv_answer_consumers(text, length, &of_consumers));
    assert_int_equal(of_token->code, BPFPV_OS_ERROR_MALFORMED);
    assert_non_null(of_versions);
    assert_non_null(of_provider);
    assert_non_null(of_only);
    assert_non_null(of_traits);
    assert_non_null(of_inventory);
    assert_non_null(of_usage);
    assert_non_null(of_consumers);
}

static void
garbage_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "<html><body>It works!</body></html>",
        "{\"token\": 1, \"versions\": {}, \"traits\": \"x\", \"inventories\": [], \"usages\": 7, "
        "\"allocations\": null, \"resource_providers\": {}, \"uuid\": [], "
        "\"resource_provider_generation\": 1}",
        "{\"token\": [], \"versions\": [1], \"traits\": [1], \"inventories\": {\"CUSTOM_A\": 1}, "
        "\"usages\": {\"CUSTOM_A\": \"2\"}, \"allocations\": [], \"resource_providers\": [[]], "
        "\"uuid\": \"../../x\", \"name\": \"n\", \"generation\": 1, "
        "\"resource_provider_generation\": 1}",
        "{\"resource_providers\": [{}, {}], \"resource_provider_generation\": \"1\"}",
        "/* a comment */ {}",
        "{\"a\": 'b'}",
        "{\"a\": \"\xff\"}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_refused(texts[i], strlen(texts[i]));
    assert_refused("{\"a\": \"\0\"}", 10);
}

static void
a_megabyte_of_brackets_is_refused(void **state)
{
    g_autofree char *deep = g_strnfill(1 << 20, '[');
    g_autofree char *objects = g_malloc0(6 * 200000 + 1);

    for (gsize i = 0; i < 200000; i++)
        memcpy(objects + i * 5, "{\"a\":", 5);
    assert_refused(deep, strlen(deep));
    assert_refused(objects, strlen(objects));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_tells_its_life_and_the_endpoint),
        cmocka_unit_test(the_preferred_interface_is_taken),
        cmocka_unit_test(an_endpoint_that_is_no_address_is_none),
        cmocka_unit_test(a_token_without_dates_has_no_life_that_is_told),
        cmocka_unit_test(versions_are_minor_numbers),
        cmocka_unit_test(a_provider_has_its_names_and_its_generation),
        cmocka_unit_test(no_provider_is_no_error),
        cmocka_unit_test(inventories_usages_and_consumers),
        cmocka_unit_test(errors_say_what_the_service_said),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(a_megabyte_of_brackets_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
