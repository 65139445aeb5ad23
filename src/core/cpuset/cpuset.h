/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set of CPU numbers, of any width up to BPFPV_CPUSET_MAX. Host CPUs, vCPUs
 * and guest CPUs all come as such sets; what a set is of, its holder knows.
 */
#pragma once

#include <glib.h>

/* One more than the highest CPU number that a set can hold. */
#define BPFPV_CPUSET_MAX 8192

typedef struct _BpfpvCpuset BpfpvCpuset;

#define BPFPV_CPUSET_ERROR (bpfpv_cpuset_error_quark())
typedef enum {
    BPFPV_CPUSET_ERROR_SYNTAX,
    BPFPV_CPUSET_ERROR_RANGE,
} BpfpvCpusetError;
GQuark bpfpv_cpuset_error_quark(void);

BpfpvCpuset *bpfpv_cpuset_new(void);
/* The CPUs first..last, both included. */
BpfpvCpuset *bpfpv_cpuset_new_range(guint first, guint last);
/* libvirt's syntax: "0-3,^2,8"; excludes come anywhere after their range. Empty is an error. */
BpfpvCpuset *bpfpv_cpuset_parse(const char *text, GError **error);
/* CPU n is bit n % 64 of words[n / 64]; bits at or above @n_cpus are cut off. */
BpfpvCpuset *bpfpv_cpuset_new_from_words(const guint64 *words, gsize n_words, guint n_cpus);
/* libvirt's cpumap: CPU n is bit n % 8 of map[n / 8]; CPUs at or above @n_cpus are cut off. */
BpfpvCpuset *bpfpv_cpuset_new_from_map(const guchar *map, gsize maplen, guint n_cpus);
BpfpvCpuset *bpfpv_cpuset_copy(const BpfpvCpuset *set);
/* One more holder, who frees it too; nobody may change it then. */
BpfpvCpuset *bpfpv_cpuset_share(BpfpvCpuset *set);
void bpfpv_cpuset_free(BpfpvCpuset *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvCpuset, bpfpv_cpuset_free)

void bpfpv_cpuset_add(BpfpvCpuset *set, guint cpu);
void bpfpv_cpuset_remove(BpfpvCpuset *set, guint cpu);
gboolean bpfpv_cpuset_contains(const BpfpvCpuset *set, guint cpu);
gboolean bpfpv_cpuset_is_empty(const BpfpvCpuset *set);
guint bpfpv_cpuset_count(const BpfpvCpuset *set);
/* The lowest CPU ≥ @from, or -1: for (int c = next(s, 0); c >= 0; c = next(s, c + 1)) */
int bpfpv_cpuset_next(const BpfpvCpuset *set, guint from);
/* The highest CPU, or -1. */
int bpfpv_cpuset_last(const BpfpvCpuset *set);
gboolean bpfpv_cpuset_equal(const BpfpvCpuset *a, const BpfpvCpuset *b);
/* A total order for sorting: like strcmp(). */
int bpfpv_cpuset_compare(const BpfpvCpuset *a, const BpfpvCpuset *b);
gboolean bpfpv_cpuset_is_subset(const BpfpvCpuset *part, const BpfpvCpuset *whole);
gboolean bpfpv_cpuset_intersects(const BpfpvCpuset *a, const BpfpvCpuset *b);
guint bpfpv_cpuset_hash(gconstpointer set);
/* In place: @set becomes @set ∩ / ∪ / ∖ @other. */
void bpfpv_cpuset_intersect(BpfpvCpuset *set, const BpfpvCpuset *other);
void bpfpv_cpuset_unite(BpfpvCpuset *set, const BpfpvCpuset *other);
void bpfpv_cpuset_subtract(BpfpvCpuset *set, const BpfpvCpuset *other);
void bpfpv_cpuset_assign(BpfpvCpuset *set, const BpfpvCpuset *other);
guint bpfpv_cpuset_count_common(const BpfpvCpuset *a, const BpfpvCpuset *b);
/* "0-3,8"; "" for the empty set; what parse() reads back. */
char *bpfpv_cpuset_format(const BpfpvCpuset *set);
/* For a sentence: "CPU 3", "CPUs 0-3,8". */
char *bpfpv_cpuset_describe(const BpfpvCpuset *set);
/* Fills @map as virDomainPinVcpu wants it; CPUs that don't fit @maplen are left out. */
void bpfpv_cpuset_to_map(const BpfpvCpuset *set, guchar *map, gsize maplen);
