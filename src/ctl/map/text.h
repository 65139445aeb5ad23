/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a CPU, of those that share a cache, of a cell and of the host, in any picture. */
#pragma once

#include "ctl/map/model.h"

/* Whether it is a managed domain's vCPU that the state of @cpu is about. */
gboolean bpfpv_map_has_sitter(const BpfpvMapCpu *cpu);
/* Returns: (transfer full): "web1/0", "_", …; @shortened: (out) (optional): it is not all of it */
char *bpfpv_map_cpu_text(const BpfpvMapCpu *cpu, gboolean *shortened);
/* Returns: (transfer full): "cache 0", "socket 1, efficiency cores", … */
char *bpfpv_map_group_name(const BpfpvMapModel *model, const BpfpvMapGroup *group);
/* Returns: (transfer full): the numbers of @n CPUs from index @first on */
char *bpfpv_map_numbers(const BpfpvMapModel *model, guint first, guint n);
/* Returns: (transfer full): "cell 0, socket 1, 16 GiB" */
char *bpfpv_map_cell_name(const BpfpvMapModel *model, const BpfpvMapCell *cell);
/* Returns: (transfer full): "0-3 on 4-7, 5 on 9, pinned: 6 on 12" */
char *bpfpv_map_who_text(const BpfpvMapWho *who);
/* Returns: (transfer full): "4 of 4 CPUs online, pool 0-3, reserve 1" and "anchors: 2; …", lines of
 * their own, not ended */
char *bpfpv_map_figures(const BpfpvMapModel *model);
/* The groups of @cell, which are in a row: from @first to before @end. */
void bpfpv_map_cell_groups(const BpfpvMapModel *model, int cell, guint *first, guint *end);
/* Threads of the core that begins at index @first, within @group. */
guint bpfpv_map_count_threads(const BpfpvMapModel *model, const BpfpvMapGroup *group, guint first);
/* @counts: of BPFPV_MAP_N_STATES, added to, without those of which nothing but that they are
 * offline is known; @lost: those */
void bpfpv_map_count_states(const BpfpvMapModel *model, guint *counts, guint *lost);
