/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgroup.c and cgroup-watch.c share. */
#pragma once

#include "host/cgroup.h"

/* What somebody who narrows or widens a cpuset writes to, in both versions. */
#define BPFPV_CGROUP_CPUS "cpuset.cpus"

struct _BpfpvCgroup {
    char *mount; /* the hierarchy's directory */
    char *path;  /* the domain's, below it */
    gboolean v1;
};
