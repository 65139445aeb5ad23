/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random hosts and domains, and random changes of them, for the tests of placement. */
#pragma once

#include "scenario.h"

#define HOST_CPUS 8
#define MAX_DOMAINS 4
#define MAX_VCPUS 4

/* Never empty; a third of them all CPUs, as most vCPUs' sets are in practice, and on larger hosts a
 * third what shares a core, a cache or a cell. */
BpfpvCpuset *random_set(GRand *rand, const BpfpvTopology *topology);

/* "cell:cache:core": no threads; threads; two cells of two caches' cores; two caches; hybrid. */
static const char *const random_hosts[] = {
    "0:0:0 0:0:1 0:0:2 0:0:3 0:0:4 0:0:5 0:0:6 0:0:7",
    "0:0:0 0:0:1 0:0:2 0:0:3 0:0:0 0:0:1 0:0:2 0:0:3",
    "0:0:0 0:0:0 0:0:1 0:0:1 1:1:2 1:1:2 1:1:3 1:1:3",
    "0:0:0 0:0:0 0:1:1 0:1:1 0:2:2 0:2:2 1:3:3 1:3:3",
    "0:0:0 0:0:0 0:0:1 0:0:1 0:0:4:1 0:0:5:1 0:0:6:1 0:0:7:1",
};

void change_online(GRand *rand, Scenario *scenario);

/* The host is booted with other isolated CPUs, or with none. */
void change_isolated(GRand *rand, Scenario *scenario);

void change_demand(GRand *rand, ScenarioDomain *domain);
/* One task more that asks for what others ask for, if there are such. */
void change_count(GRand *rand, ScenarioDomain *domain);

/* Somebody narrows the domain's cgroup, or widens it again; or the host refuses it CPUs. */
void change_cgroup(GRand *rand, const Scenario *scenario, ScenarioDomain *domain);

void change_bounds(GRand *rand, const Scenario *scenario, ScenarioDomain *domain);

gboolean random_key_is_used(const Scenario *scenario, const char *key);

/* I/O threads come, or all threads go. */
void change_threads(GRand *rand, const Scenario *scenario, ScenarioDomain *domain);

/* Nothing but its weight tells it from others: the turns alone decide. */
void make_plain(ScenarioDomain *domain);

void add_plain_domain(GRand *rand, Scenario *scenario, guint most);

/* @most: vCPUs */
void add_domain(GRand *rand, Scenario *scenario, guint most);

/* Pool, reserve, hold time, moves, and what others are pinned to. */
void change_host(GRand *rand, Scenario *scenario);

Scenario *random_scenario(GRand *rand);

void random_change(GRand *rand, Scenario *scenario);
