/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: any bytes as nova.conf, and any value of it as a set of CPUs.
 * Whatever they are, they end in a value or an error, and no error has a line
 * break of the file's in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nova/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_spec(const char *spec)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) set = spec ? bpfpv_nova_cpu_spec_parse(spec, &error) : NULL;

    if (spec && (set == NULL) != (error != NULL))
        abort();
    if (set && bpfpv_cpuset_is_empty(set))
        abort();
    for (const char *at = error ? error->message : ""; *at; at++)
        if ((guchar)*at < 0x20)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BpfpvNovaConf) conf = bpfpv_nova_conf_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    gboolean ok = bpfpv_nova_conf_parse(conf, (const char *)data, size, "nova.conf", &error);

    if (ok != (error == NULL))
        abort();
    check_spec(bpfpv_nova_conf_get(conf, "compute", "cpu_shared_set"));
    check_spec(text);
    return 0;
}
