/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of docs/placement.md that plans are checked against, as complaints name them. */
#pragma once

#include "unit.h"

/* All that can be complained about: test-placement-mutations has a wrong solver for each. */
static const char *const check_rules[] = {
    "0 what it wants",
    "1 within its bounds",
    "1 fixed is not touched",
    "1 all it may have",
    "1 not empty",
    "1 offline as it was",
    "1 where the kernel balances",
    "2 nobody else's",
    "3 off exclusive anchors",
    "3 reserve",
    "3 everybody can float",
    "4 says why",
    "4 unmet for a reason",
    "4 counts unmet",
    "4 limit of anchors",
    "5 the original set",
    "6 keeps an anchor",
    "6 not before its time",
    "6 few moves",
    "6 since when nobody asks",
    "6 the same plan",
    "6 whatever the order",
    "7 a core of its own",
    "7 cohort in one cache",
    "7 cohort in one cell",
    "7 cohort near its memory",
    "8 floats at home",
    "9 keeps its share",
    "9 one for one",
    "9 has its share",
    "cost near its memory",
    "cost a full core",
    "cost beside its siblings",
    "cost room for siblings",
    "cost without strangers",
    "cost at home",
    "cost its cohort's cell",
    "cost its cohort's cache",
    "cost room for its cohort",
    "cost an isolated CPU",
    "turn who lost one",
    "turn the fewest for its weight",
    "turn who waited longest",
};

void check_is_listed(const char *rule);
