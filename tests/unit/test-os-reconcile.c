/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done in Placement, for each way in which it may differ; and what Nova is given to
 * read instead. */
#include "unit.h"

#include "nova-hook/placement/provider-config.h"
#include "nova-hook/placement/reconcile.h"

static const char *const affinity[] = {"affinity", NULL};

/* @traits: separated by blanks; @total: -1: no child, 0: a child without anchors */
static BpfpvObserved *
observed(const char *traits, int total, int reserved, int used)
{
    BpfpvObserved *now = g_new0(BpfpvObserved, 1);

    now->root = g_new0(BpfpvProvider, 1);
    now->root->name = g_strdup("host1");
    now->traits = *traits ? g_strsplit(traits, " ", -1) : g_new0(char *, 1);
    if (total < 0)
        return now;
    now->child = g_new0(BpfpvProvider, 1);
    now->has_inventory = total > 0;
    now->inventory = (BpfpvInventory){total, reserved, 1, total, 1, 1.0};
    now->used = used;
    return now;
}

/* What is done, as words: "child class anchors=4-0 trait=X traits=X,Y" */
static char *
plan(BpfpvDesired *wanted, BpfpvObserved *now)
{
    g_autoptr(BpfpvDesired) desired = wanted;
    g_autoptr(BpfpvObserved) have = now;
    g_autoptr(GPtrArray) actions = bpfpv_reconcile(desired, have);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < actions->len; i++) {
        const BpfpvAction *action = g_ptr_array_index(actions, i);
        g_autofree char *said = bpfpv_action_describe(action, have);
        g_autofree char *list = action->traits ? g_strjoinv(",", action->traits) : NULL;

        assert_true(*said != '\0');
        g_string_append(text, i > 0 ? " " : "");
        switch (action->type) {
        case BPFPV_ACTION_CREATE_TRAIT:
            g_string_append_printf(text, "trait=%s", action->trait);
            break;
        case BPFPV_ACTION_SET_TRAITS:
            g_string_append_printf(text, "traits=%s", list);
            break;
        case BPFPV_ACTION_CREATE_CLASS:
            g_string_append(text, "class");
            break;
        case BPFPV_ACTION_CREATE_CHILD:
            g_string_append(text, "child");
            break;
        case BPFPV_ACTION_CREATE_INVENTORY:
        case BPFPV_ACTION_SET_INVENTORY:
            g_string_append_printf(text, "%s=%d-%d",
                                   action->type == BPFPV_ACTION_SET_INVENTORY ? "set" : "anchors",
                                   (int)action->inventory.total, (int)action->inventory.reserved);
            break;
        case BPFPV_ACTION_DELETE_CHILD:
            g_string_append(text, "delete");
            break;
        }
    }
    return g_string_free(text, FALSE);
}

static BpfpvDesired *
removed(void)
{
    BpfpvDesired *desired = bpfpv_desired_new(NULL, 0);

    desired->remove = TRUE;
    return desired;
}

#define OURS "CUSTOM_BPFPV CUSTOM_BPFPV_AFFINITY"

static void
assert_plan(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    g_free(text);
}

static void
a_new_host_gets_its_anchors_before_the_trait(void **state)
{
    assert_plan(plan(bpfpv_desired_new(affinity, 4), observed("", -1, 0, 0)),
                "child class anchors=4-0 trait=CUSTOM_BPFPV trait=CUSTOM_BPFPV_AFFINITY "
                "traits=CUSTOM_BPFPV,CUSTOM_BPFPV_AFFINITY");
}

static void
what_is_right_is_left_alone(void **state)
{
    assert_plan(plan(bpfpv_desired_new(affinity, 4), observed("CUSTOM_A " OURS, 4, 0, 3)), "");
    assert_plan(plan(bpfpv_desired_new(NULL, 0), observed("CUSTOM_A", -1, 0, 0)), "");
    assert_plan(plan(bpfpv_desired_new(NULL, 0), observed("CUSTOM_A", 4, 4, 2)), "");
    assert_plan(plan(removed(), observed("CUSTOM_A", -1, 0, 0)), "");
}

static void
others_traits_stay(void **state)
{
    assert_plan(plan(bpfpv_desired_new(affinity, 4), observed("CUSTOM_A HW_CPU_X", 4, 0, 0)),
                "trait=CUSTOM_BPFPV trait=CUSTOM_BPFPV_AFFINITY "
                "traits=CUSTOM_A,HW_CPU_X,CUSTOM_BPFPV,CUSTOM_BPFPV_AFFINITY");
    /* These only look like ours. */
    assert_plan(
        plan(bpfpv_desired_new(NULL, 0), observed("CUSTOM_BPFPVX X_CUSTOM_BPFPV", -1, 0, 0)), "");
}

static void
a_sick_host_loses_the_trait_first_and_gives_no_more_anchors(void **state)
{
    assert_plan(plan(bpfpv_desired_new(NULL, 0), observed("CUSTOM_A " OURS, 4, 0, 2)),
                "traits=CUSTOM_A set=4-4");
    assert_plan(plan(bpfpv_desired_new(affinity, 4), observed("CUSTOM_A", 4, 4, 2)),
                "set=4-0 trait=CUSTOM_BPFPV trait=CUSTOM_BPFPV_AFFINITY "
                "traits=CUSTOM_A,CUSTOM_BPFPV,CUSTOM_BPFPV_AFFINITY");
}

static void
a_program_that_is_gone_loses_its_trait(void **state)
{
    assert_plan(plan(bpfpv_desired_new(affinity, 4), observed(OURS " CUSTOM_BPFPV_OLD", 4, 0, 0)),
                "traits=CUSTOM_BPFPV,CUSTOM_BPFPV_AFFINITY");
}

static void
anchors_follow_what_the_host_can_give(void **state)
{
    assert_plan(plan(bpfpv_desired_new(affinity, 6), observed(OURS, 4, 0, 0)), "set=6-0");
    assert_plan(plan(bpfpv_desired_new(affinity, 2), observed(OURS, 4, 0, 3)), "set=2-0");
    assert_plan(plan(bpfpv_desired_new(affinity, 0), observed(OURS, 4, 0, 0)), "set=4-4");
    assert_plan(plan(bpfpv_desired_new(affinity, 0), observed(OURS, -1, 0, 0)), "");
    assert_plan(plan(bpfpv_desired_new(affinity, 3), observed(OURS, 0, 0, 0)), "class anchors=3-0");
}

static void
a_ratio_that_somebody_set_is_put_right(void **state)
{
    BpfpvObserved *now = observed(OURS, 4, 0, 0);

    now->inventory.allocation_ratio = 16.0;
    assert_plan(plan(bpfpv_desired_new(affinity, 4), now), "set=4-0");
}

static void
withdrawing_keeps_a_child_in_use_without_giving_more(void **state)
{
    assert_plan(plan(removed(), observed("CUSTOM_A " OURS, 4, 0, 0)), "traits=CUSTOM_A delete");
    assert_plan(plan(removed(), observed("CUSTOM_A " OURS, 4, 0, 1)), "traits=CUSTOM_A set=4-4");
    assert_plan(plan(removed(), observed("", 0, 0, 0)), "delete");
}

static void
a_program_s_trait_is_one_that_placement_takes(void **state)
{
    g_autofree char *trait = bpfpv_trait_of_program("mem-pressure.2");

    assert_string_equal(trait, "CUSTOM_BPFPV_MEM_PRESSURE_2");
}

static void
provider_config_quotes_what_it_is_given(void **state)
{
    g_autofree char *any = bpfpv_provider_config(NULL, affinity, 4, NULL);
    g_autofree char *named = bpfpv_provider_config("it's: #1", affinity, 0, NULL);

    assert_non_null(strstr(any, "uuid: '$COMPUTE_NODE'\n"));
    assert_non_null(strstr(any, "total: 4\n"));
    assert_non_null(strstr(any, "- CUSTOM_BPFPV_AFFINITY\n"));
    assert_non_null(strstr(named, "name: 'it''s: #1'\n"));
    assert_null(strstr(named, "inventories"));
}

static void
provider_config_refuses_names_that_could_become_yaml(void **state)
{
    static const char *const names[] = {"", "a\nb: c", "tab\there", "bad\xff"};
    g_autofree char *long_name = g_strnfill(201, 'x');

    assert_null(bpfpv_provider_config(long_name, affinity, 1, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(bpfpv_provider_config(names[i], affinity, 1, &error));
        assert_non_null(error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_host_gets_its_anchors_before_the_trait),
        cmocka_unit_test(what_is_right_is_left_alone),
        cmocka_unit_test(others_traits_stay),
        cmocka_unit_test(a_sick_host_loses_the_trait_first_and_gives_no_more_anchors),
        cmocka_unit_test(a_program_that_is_gone_loses_its_trait),
        cmocka_unit_test(anchors_follow_what_the_host_can_give),
        cmocka_unit_test(a_ratio_that_somebody_set_is_put_right),
        cmocka_unit_test(withdrawing_keeps_a_child_in_use_without_giving_more),
        cmocka_unit_test(a_program_s_trait_is_one_that_placement_takes),
        cmocka_unit_test(provider_config_quotes_what_it_is_given),
        cmocka_unit_test(provider_config_refuses_names_that_could_become_yaml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
