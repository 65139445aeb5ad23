/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs; see host-cpus.h. */
#include "host/host-cpus.h"

#define PRESENT "/sys/devices/system/cpu/present"

BpfpvCpuset *
bpfpv_host_cpus_read(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(PRESENT, &text, NULL, NULL))
        return NULL;
    return bpfpv_cpuset_parse(g_strstrip(text), NULL);
}
