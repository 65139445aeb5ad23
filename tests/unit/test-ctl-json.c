/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON of bpfpvctl is what data/json-schema says: the real binary, and with "plan" and
 * "validate" all that is behind it. What bpfpvd itself says is tested in test-manager.
 */
#include "unit.h"

#include <glib/gstdio.h>

#include "ctl-run.h"
#include "json-schema.h"

#define SCENARIOS SRCDIR "/tests/fixtures/scenarios/"

static void
plans_are_as_documented(void **state)
{
    static const char *const names[] = {"smt", "full", "epyc", "cpus-512", "dumped", "managed"};
    CtlFixture *fixture = *state;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat(SCENARIOS, names[i], ".json", NULL);

        ctl_run(fixture, "plan", path, NULL);
        ctl_assert_ended(fixture, 0, NULL);
        json_schema_assert("plan", fixture->out);
        ctl_run(fixture, "plan", "--map", "--json", path, NULL);
        ctl_assert_ended(fixture, 0, NULL);
        json_schema_assert("map", fixture->out);
    }
}

static void
validations_are_as_documented(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "validate", "--json", SCENARIOS "managed.xml", NULL);
    json_schema_assert("validate", fixture->out);
    ctl_run(fixture, "validate", "--json", SCENARIOS, NULL);
    json_schema_assert("validate", fixture->out);
}

static void
keys_and_releases_are_as_documented(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "keys", "--json", "web1", NULL);
    json_schema_assert("keys", fixture->out);
    ctl_run(fixture, "release", "--json", "web1", NULL);
    json_schema_assert("release", fixture->out);
    fake_manager_set_list(fixture->fake, "[{'domain': <'web1'>}]");
    ctl_run(fixture, "release", "--json", "web*", NULL);
    json_schema_assert("release", fixture->out);
}

static void
assert_mistake(const char *name, const char *json, const char *expected)
{
    g_autofree char *mistake = json_schema_find_mistake(name, json);

    assert_string_equal(mistake != NULL ? mistake : "none", expected);
}

/* Without this the others could pass whatever is printed. */
static void
what_is_not_as_documented_is_found(void **state)
{
    (void)state;
    assert_mistake("keys", "[{\"key\": 1, \"value\": \"0\"}]", "none");
    assert_mistake("keys", "{}", "keys: it is of another type");
    assert_mistake("keys", "[{\"key\": 1}]", "keys[0]: value");
    assert_mistake("keys", "[{\"key\": -1, \"value\": \"0\"}]", "keys[0].key: it is too small");
    assert_mistake("keys", "[{\"key\": \"1\", \"value\": \"0\"}]",
                   "keys[0].key: it is of another type");
    assert_mistake("keys", "[{\"key\": 1, \"value\": \"0\", \"x\": 1}]",
                   "keys[0].x: it is not documented");
    assert_mistake("release", "[{\"thread\": \"cpu\", \"id\": 1, \"original\": \"0\"}]",
                   "release[0].thread: it is none of those that it may be");
    assert_mistake("release", "[{\"thread\": \"vcpu\", \"id\": 1, \"original\": \"0-\"}]",
                   "release[0].original: it does not match its pattern");
    assert_mistake("validate", "{\"valid\": true}",
                   "validate: validate: element; or validate: files");
    assert_mistake("list", "", "there is nothing");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plans_are_as_documented),
        TEST(validations_are_as_documented),
        TEST(keys_and_releases_are_as_documented),
        cmocka_unit_test(what_is_not_as_documented_is_found),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
