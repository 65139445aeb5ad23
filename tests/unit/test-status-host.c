/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon says of its host: whether it is ready, its pool, and how many anchors it can
 * give. */
#include "unit.h"

#include "daemon/manager/private.h"
#include "daemon/bus/status.h"

/* Of a daemon on a host of CPUs 0-7, of which 7 is offline. */
typedef struct {
    BpfpvConf conf;
    BpfpvManager manager;
} World;

static int
set_up(void **state)
{
    World *world = g_new0(World, 1);
    g_autoptr(BpfpvCpuset) present = cpus("0-7");
    g_autoptr(BpfpvCpuset) online = cpus("0-6");

    world->manager.conf = &world->conf;
    world->manager.topology = bpfpv_topology_new(present, online);
    world->manager.domains = g_hash_table_new(g_str_hash, g_str_equal);
    world->manager.neighbours =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bpfpv_neighbour_free);
    world->manager.connected = TRUE;
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;

    g_hash_table_unref(world->manager.neighbours);
    g_hash_table_unref(world->manager.domains);
    bpfpv_topology_free(world->manager.topology);
    bpfpv_cpuset_free(world->conf.cpuset);
    g_free(world);
    return 0;
}

static void
assert_host(World *world, const char *pool, guint anchors)
{
    g_autoptr(GVariant) host = g_variant_ref_sink(bpfpv_status_host(&world->manager));
    const char *said = NULL;
    guint n = G_MAXUINT;

    assert_true(g_variant_lookup(host, "Pool", "&s", &said));
    assert_true(g_variant_lookup(host, "Anchors", "u", &n));
    assert_string_equal(said, pool);
    assert_int_equal(n, anchors);
}

static void
set_pool(World *world, const char *pool, guint reserve)
{
    bpfpv_cpuset_free(world->conf.cpuset);
    world->conf.cpuset = cpus(pool);
    world->conf.reserve = reserve;
}

static void
anchors_are_the_pool_less_the_reserve(void **state)
{
    World *world = *state;

    world->conf.reserve = 2;
    assert_host(world, "0-6", 5);
    set_pool(world, "2-5", 1);
    assert_host(world, "2-5", 3);
    set_pool(world, "2-5", 3);
    assert_host(world, "2-5", 1);
    set_pool(world, "2-5", 4);
    assert_host(world, "2-5", 0);
    set_pool(world, "2-5", 8192);
    assert_host(world, "2-5", 0);
    set_pool(world, "5-7", 1);
    assert_host(world, "5-6", 1);
}

static void
one_is_left_to_float_on(void **state)
{
    World *world = *state;

    assert_host(world, "0-6", 6);
    set_pool(world, "2-3", 0);
    assert_host(world, "2-3", 1);
    set_pool(world, "2", 0);
    assert_host(world, "2", 0);
}

static void
what_others_are_pinned_to_is_not_given(void **state)
{
    World *world = *state;
    BpfpvNeighbour *neighbour = g_new0(BpfpvNeighbour, 1);

    neighbour->cpus = cpus("0,3");
    g_hash_table_insert(world->manager.neighbours, (gpointer) "a", neighbour);
    set_pool(world, "2-5", 1);
    assert_host(world, "2,4-5", 2);
}

static void
who_is_not_ready_gives_nothing(void **state)
{
    World *world = *state;

    world->manager.connected = FALSE;
    assert_host(world, "", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(anchors_are_the_pool_less_the_reserve),
        TEST(one_is_left_to_float_on),
        TEST(what_others_are_pinned_to_is_not_given),
        TEST(who_is_not_ready_gives_nothing),
    };

    return cmocka_run_group_tests_name("status-host", tests, NULL, NULL);
}
