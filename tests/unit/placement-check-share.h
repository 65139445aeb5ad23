/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fair shares, by the definition of docs/placement.md and not by the solver: CPUs are dealt one by
 * one, and whether there is one more is found by matching (Kuhn 1955).
 */
#pragma once

#include "placement-check.h"

/* Rule 9; nothing where the host has more CPUs than such a check is worth. */
void check_shares(Check *check);
