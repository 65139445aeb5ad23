/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of bench-guest share. */
#pragma once

#include "tests/bed/bed.h"

#define BENCH_GUEST_PROGRAM "/run/bed-bench"

/* Puts bed-bench ($BED_BENCH) into @guest as BENCH_GUEST_PROGRAM. */
void bench_guest_install(BedGuest *guest);
/* "bpfpvctl detach". */
void bench_guest_detach(BedGuest *guest);

/* cmocka tests that print: the loader's wake-ups, memory and size; and the time until active. */
void bench_guest_loader(void **state);
void bench_guest_crowd(void **state);
