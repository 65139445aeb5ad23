/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random sequences of changes, as lists: each change has its own seed, so that
 * a list can be run again without some of them. What fails is made as small as
 * it can be: fewer changes, fewer vCPUs, a plainer host.
 */
#pragma once

#include "random-scenario.h"

#include "xml/capabilities.h"

typedef enum {
    CHANGE_TOPOLOGY,
    CHANGE_HOST, /* pool, reserve, hold time, moves, what others are pinned to */
    CHANGE_ONLINE,
    CHANGE_ADD,
    CHANGE_REMOVE,
    CHANGE_POLICY, /* mode, smt, cohort, numa, limits, reserve, weight, pool, threads */
    CHANGE_THREADS,
    CHANGE_CGROUP,
    CHANGE_DEMAND,
    CHANGE_COUNT,    /* one task more where there are some */
    CHANGE_ISOLATED, /* which CPUs the kernel does not balance */
} ChangeKind;

/* The changes of one step are made together, then the host is solved. */
typedef struct {
    ChangeKind kind;
    guint32 seed;
    guint step;
    guint most; /* of CHANGE_ADD: vCPUs; of CHANGE_TOPOLOGY: which one, see sequence_topology() */
    gboolean plain; /* of CHANGE_ADD and CHANGE_POLICY, see make_plain() */
} Change;

/* One sequence in so many has a large host, with domains of up to so many vCPUs. */
#define LARGE_ONE_IN 100
#define LARGE_VCPUS 80
/* And one in so many has domains that are all alike. */
#define PLAIN_ONE_IN 10

#define N_SMALL G_N_ELEMENTS(random_hosts)

GArray *random_sequence(GRand *rand, guint most_steps);

/* Makes the changes of the step that @at is the first of. Returns: the first of the next step */
guint make_step(GRand *rand, Scenario *scenario, const GArray *changes, guint at);

/* Returns: (transfer full) (nullable): what is wrong, beginning with the rule in brackets */
typedef char *(*RunSequence)(const GArray *changes, gpointer data);

gboolean fails_alike(const GArray *changes, RunSequence run, gpointer data, const char *rule);

/* Makes @changes, which fail by @rule, as few and as plain as still do. */
void shrink(GArray **changes, RunSequence run, gpointer data, const char *rule);
