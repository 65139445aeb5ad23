/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Solves that have to search: random hosts on which not everybody finds a CPU. */
#pragma once

#include <glib.h>

/* Prints what they take. Returns: whether none takes more than @goal_us */
gboolean bench_hard(double goal_us);
