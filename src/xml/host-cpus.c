/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs; see host-cpus.h. */
#include "xml/host-cpus.h"

#define PRESENT "/sys/devices/system/cpu/present"

static BpfpvCpuset *
read_list(const char *path)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    return bpfpv_cpuset_parse(g_strstrip(text), NULL);
}

BpfpvCpuset *
bpfpv_host_cpus_read(void)
{
    return read_list(PRESENT);
}

BpfpvCpuset *
bpfpv_host_cpus_read_efficient(const char *sysfs)
{
    g_autofree char *path = g_build_filename(sysfs, "devices", "cpu_atom", "cpus", NULL);
    BpfpvCpuset *cpus = read_list(path);

    return cpus ? cpus : bpfpv_cpuset_new();
}
