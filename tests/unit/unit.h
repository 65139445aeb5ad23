/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the unit tests of the core share: cmocka with its headers in order, CPU
 * sets from text, and a seeded random source. A random test prints its seed;
 * BPFPV_TEST_SEED=N repeats it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "core/cpuset/cpuset.h"

#define UNIT_DEFAULT_SEED 20220602u

/* "" is the empty set. */
BpfpvCpuset *cpus(const char *text);

void assert_cpus(const BpfpvCpuset *set, const char *expected);

GRand *unit_random(const char *test);

/* A number below @end. */
guint below(GRand *rand, guint end);

gboolean one_in(GRand *rand, guint n);
