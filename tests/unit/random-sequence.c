/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See random-sequence.h. */
#include "random-sequence.h"

static const char *const fixtures[] = {"laptop",      "smt",      "hybrid", "offline", "no-cache",
                                       "memory-only", "sub-numa", "epyc",   "cpus-512"};

/* The first are those of random-scenario.h, then those of tests/fixtures/capabilities; read once.
 * Returns: (transfer none) */
static const BpfpvTopology *
sequence_topology(guint which)
{
    static BpfpvTopology *known[N_SMALL + G_N_ELEMENTS(fixtures)];

    if (known[which] == NULL && which < N_SMALL) {
        known[which] = scenario_topology(random_hosts[which], "0-7");
    } else if (known[which] == NULL) {
        g_autofree char *path = g_strdup_printf("%s/tests/fixtures/capabilities/%s.xml", SRCDIR,
                                                fixtures[which - N_SMALL]);
        g_autofree char *text = NULL;

        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        known[which] = bpfpv_capabilities_parse(text, NULL, NULL);
        assert_non_null(known[which]);
    }
    return known[which];
}

/* Small hosts most of the time: that is where there is not enough for all, and where the time that
 * a plan and its check take is spent best. */
static guint
random_topology(GRand *rand)
{
    guint fixture;

    if (!one_in(rand, 3))
        return below(rand, N_SMALL);
    fixture = below(rand, G_N_ELEMENTS(fixtures));
    if (fixture == G_N_ELEMENTS(fixtures) - 1 && !one_in(rand, 12))
        fixture = 0;
    return N_SMALL + fixture;
}

/* One with many cores, where more anchors fit than the solver searches for. */
static guint
random_large_topology(GRand *rand)
{
    guint fixture = G_N_ELEMENTS(fixtures) - (one_in(rand, 6) ? 1 : 2);

    return N_SMALL + fixture;
}

static void
add_change(GArray *changes, GRand *rand, guint step, ChangeKind kind, gboolean large,
           gboolean plain)
{
    Change change = {kind, g_rand_int(rand), step, large ? LARGE_VCPUS : MAX_VCPUS, plain};

    if (kind == CHANGE_TOPOLOGY)
        change.most = large ? random_large_topology(rand) : random_topology(rand);
    g_array_append_val(changes, change);
}

GArray *
random_sequence(GRand *rand, guint most_steps)
{
    static const ChangeKind later[] = {
        CHANGE_DEMAND, CHANGE_DEMAND, CHANGE_DEMAND, CHANGE_DEMAND,   CHANGE_DEMAND,
        CHANGE_DEMAND, CHANGE_ONLINE, CHANGE_ONLINE, CHANGE_POLICY,   CHANGE_POLICY,
        CHANGE_ADD,    CHANGE_REMOVE, CHANGE_HOST,   CHANGE_TOPOLOGY, CHANGE_THREADS,
        CHANGE_CGROUP, CHANGE_COUNT,  CHANGE_COUNT,  CHANGE_COUNT,    CHANGE_ISOLATED};
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(Change));
    guint steps = 1 + below(rand, most_steps);
    gboolean large = one_in(rand, LARGE_ONE_IN), plain = one_in(rand, PLAIN_ONE_IN);

    add_change(changes, rand, 0, CHANGE_TOPOLOGY, large, plain);
    add_change(changes, rand, 0, CHANGE_HOST, large, plain);
    if (one_in(rand, 5))
        add_change(changes, rand, 0, CHANGE_ISOLATED, large, plain);
    for (guint n = 1 + below(rand, MAX_DOMAINS); n > 0; n--)
        add_change(changes, rand, 0, CHANGE_ADD, large, plain);
    for (guint step = 1; step < steps; step++) {
        for (guint n = 1 + below(rand, 2); n > 0; n--)
            add_change(changes, rand, step, later[below(rand, G_N_ELEMENTS(later))], large, plain);
    }
    return changes;
}

/* Returns: whether there was something to change */
static gboolean
make_change(GRand *rand, Scenario *scenario, const Change *change)
{
    guint n = scenario->domains->len;
    guint which = n > 0 ? change->seed % n : 0;

    g_rand_set_seed(rand, change->seed);
    switch (change->kind) {
    case CHANGE_TOPOLOGY:
        scenario_take_topology(scenario, bpfpv_topology_copy(sequence_topology(change->most)));
        return TRUE;
    case CHANGE_HOST:
        change_host(rand, scenario);
        return TRUE;
    case CHANGE_ONLINE:
        change_online(rand, scenario);
        return TRUE;
    case CHANGE_ISOLATED:
        change_isolated(rand, scenario);
        return TRUE;
    case CHANGE_ADD:
        if (n < MAX_DOMAINS)
            (change->plain ? add_plain_domain : add_domain)(rand, scenario, change->most);
        return n < MAX_DOMAINS;
    case CHANGE_REMOVE:
        if (n > 0)
            g_ptr_array_remove_index(scenario->domains, which);
        return n > 0;
    case CHANGE_POLICY:
        if (n > 0)
            change_bounds(rand, scenario, scenario->domains->pdata[which]);
        if (n > 0 && change->plain)
            make_plain(scenario->domains->pdata[which]);
        return n > 0;
    case CHANGE_CGROUP:
        if (n > 0)
            change_cgroup(rand, scenario, scenario->domains->pdata[which]);
        return n > 0;
    case CHANGE_THREADS:
        if (n > 0)
            change_threads(rand, scenario, scenario->domains->pdata[which]);
        return n > 0;
    case CHANGE_COUNT:
        if (n > 0)
            change_count(rand, scenario->domains->pdata[which]);
        return n > 0;
    default:
        if (n > 0)
            change_demand(rand, scenario->domains->pdata[which]);
        return n > 0;
    }
}

guint
make_step(GRand *rand, Scenario *scenario, const GArray *changes, guint at)
{
    guint step = g_array_index(changes, Change, at).step;

    scenario->now_us += 1 + g_array_index(changes, Change, at).seed % 120;
    for (; at < changes->len && g_array_index(changes, Change, at).step == step; at++)
        make_change(rand, scenario, &g_array_index(changes, Change, at));
    return at;
}

gboolean
fails_alike(const GArray *changes, RunSequence run, gpointer data, const char *rule)
{
    g_autofree char *wrong = changes->len > 0 ? run(changes, data) : NULL;

    return wrong != NULL && strstr(wrong, rule) != NULL;
}

/* Leaves out as many changes at a time as @size says. Returns: whether that did something */
static gboolean
shrink_by(GArray **changes, guint size, RunSequence run, gpointer data, const char *rule)
{
    gboolean done = FALSE;

    for (guint at = 0; at + size <= (*changes)->len;) {
        GArray *fewer = g_array_copy(*changes);

        g_array_remove_range(fewer, at, size);
        if (fails_alike(fewer, run, data, rule)) {
            g_array_unref(*changes);
            *changes = fewer;
            done = TRUE;
        } else {
            g_array_unref(fewer);
            at++;
        }
    }
    return done;
}

/* Fewer vCPUs, and a plainer host. */
static gboolean
shrink_each(GArray *changes, RunSequence run, gpointer data, const char *rule)
{
    gboolean done = FALSE;

    for (guint i = 0; i < changes->len; i++) {
        Change *change = &g_array_index(changes, Change, i);
        guint was = change->most;

        for (guint most = change->kind == CHANGE_TOPOLOGY ? 0 : 1;
             (change->kind == CHANGE_ADD || change->kind == CHANGE_TOPOLOGY) && most < was;
             most++) {
            change->most = most;
            if (fails_alike(changes, run, data, rule)) {
                done = TRUE;
                break;
            }
            change->most = was;
        }
    }
    return done;
}

void
shrink(GArray **changes, RunSequence run, gpointer data, const char *rule)
{
    gboolean again = TRUE;

    while (again) {
        again = FALSE;
        for (guint size = (*changes)->len / 2; size > 0; size /= 2)
            again |= shrink_by(changes, size, run, data, rule);
        again |= shrink_each(*changes, run, data, rule);
    }
}
