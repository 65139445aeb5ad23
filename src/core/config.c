/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One domain's configuration as values, and when two of them are the same.
 * It neither reads XML nor checks ranges: src/xml/domain does both.
 */
#include "core/config.h"

#include <string.h>

/**
 * bpfpv_config_new:
 *
 * Returns: (transfer full): everything at its default, and no program yet
 */
BpfpvConfig *
bpfpv_config_new(void)
{
    BpfpvConfig *config = g_new0(BpfpvConfig, 1);

    config->programs = g_ptr_array_new_with_free_func(g_free);
    config->mode = BPFPV_MODE_EXCLUSIVE;
    config->max_anchors = G_MAXUINT;
    config->weight = 1;
    config->hold_ms = BPFPV_HOLD_HOST;
    config->max_keys = BPFPV_MAX_KEYS_DEFAULT;
    config->rate = BPFPV_RATE_DEFAULT;
    config->changes = BPFPV_CHANGES_DEFAULT;
    config->channel = g_strdup(BPFPV_CHANNEL_DEFAULT);
    config->loader_timeout_s = BPFPV_LOADER_TIMEOUT_DEFAULT_S;
    config->grace_s = BPFPV_GRACE_DEFAULT_S;
    return config;
}

/**
 * bpfpv_config_free:
 * @config: (nullable): the configuration
 *
 * Frees @config and all it points to.
 */
void
bpfpv_config_free(BpfpvConfig *config)
{
    if (config == NULL)
        return;
    g_ptr_array_unref(config->programs);
    bpfpv_cpuset_free(config->cpuset);
    g_free(config->channel);
    g_free(config->directory);
    g_free(config);
}

/* As sets: the order of the elements in the XML means nothing. */
static gboolean
same_programs(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint i = 0; i < a->len; i++) {
        if (!g_ptr_array_find_with_equal_func((GPtrArray *)b, a->pdata[i], g_str_equal, NULL))
            return FALSE;
    }
    return TRUE;
}

static gboolean
same_cpuset(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return bpfpv_cpuset_equal(a, b);
}

guint
bpfpv_config_burst(guint n_vcpus)
{
    return MAX(4 * MIN(n_vcpus, BPFPV_CPUSET_MAX), 16);
}

/**
 * bpfpv_config_equal:
 * @a: a configuration
 * @b: another
 *
 * Returns: whether both ask for the same; the order of programs does not count
 */
gboolean
bpfpv_config_equal(const BpfpvConfig *a, const BpfpvConfig *b)
{
    return bpfpv_config_same_injection(a, b) && a->mode == b->mode &&
           same_cpuset(a->cpuset, b->cpuset) && a->max_anchors == b->max_anchors &&
           a->smt == b->smt && a->cohort == b->cohort && a->numa == b->numa && a->near == b->near &&
           a->reserve == b->reserve && a->weight == b->weight && a->hold_ms == b->hold_ms &&
           a->rate == b->rate && a->changes == b->changes && a->burst == b->burst &&
           a->max_keys == b->max_keys && a->loader_timeout_s == b->loader_timeout_s &&
           a->grace_s == b->grace_s && g_strcmp0(a->directory, b->directory) == 0;
}

/**
 * bpfpv_config_same_injection:
 * @a: a configuration
 * @b: another
 *
 * Returns: whether a guest loader that was started for @a also serves @b: same
 *   programs, same channel
 */
gboolean
bpfpv_config_same_injection(const BpfpvConfig *a, const BpfpvConfig *b)
{
    return same_programs(a->programs, b->programs) && strcmp(a->channel, b->channel) == 0;
}

/**
 * bpfpv_config_copy:
 * @config: a configuration
 *
 * Returns: (transfer full): another that is equal to it
 */
BpfpvConfig *
bpfpv_config_copy(const BpfpvConfig *config)
{
    BpfpvConfig *copy = bpfpv_config_new();

    for (guint i = 0; i < config->programs->len; i++)
        g_ptr_array_add(copy->programs, g_strdup(config->programs->pdata[i]));
    copy->mode = config->mode;
    copy->cpuset = config->cpuset ? bpfpv_cpuset_copy(config->cpuset) : NULL;
    copy->smt = config->smt;
    copy->cohort = config->cohort;
    copy->numa = config->numa;
    copy->near = config->near;
    copy->max_anchors = config->max_anchors;
    copy->reserve = config->reserve;
    copy->weight = config->weight;
    copy->hold_ms = config->hold_ms;
    copy->max_keys = config->max_keys;
    copy->rate = config->rate;
    copy->changes = config->changes;
    copy->burst = config->burst;
    g_free(copy->channel);
    copy->channel = g_strdup(config->channel);
    copy->directory = g_strdup(config->directory);
    copy->loader_timeout_s = config->loader_timeout_s;
    copy->grace_s = config->grace_s;
    return copy;
}

/**
 * bpfpv_config_fill_placement:
 * @config: what is configured; its set of CPUs is borrowed
 * @domain: (inout): gets the wishes and bounds that @config has for placement
 */
void
bpfpv_config_fill_placement(const BpfpvConfig *config, BpfpvPlacementDomain *domain)
{
    domain->pool = config->cpuset;
    domain->mode = config->mode;
    domain->smt = config->smt;
    domain->cohort = config->cohort;
    domain->numa = config->numa;
    domain->max_anchors = config->max_anchors;
    domain->reserve = config->reserve;
    domain->weight = config->weight;
    domain->hold_us = config->hold_ms == BPFPV_HOLD_HOST ? 0
                      : config->hold_ms == 0             ? BPFPV_NO_HOLD
                                                         : (gint64)config->hold_ms * 1000;
}
