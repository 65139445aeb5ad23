/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt hook in the world's libvirtd, and virsh as people type it. */
#include "bed-private.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define HOOK "/etc/libvirt/hooks/qemu.d/bpfpv"

void
bed_hook_configure(const char *text)
{
    g_autofree char *path = g_build_filename(bed_environment("BED_DIR"), "hook.conf", NULL);

    if (!g_file_set_contents(path, text, -1, NULL))
        bed_fail("can't write %s", path);
}

void
bed_hook_install(void)
{
    g_autofree char *directory = g_path_get_dirname(HOOK);
    g_autofree char *script =
        g_strdup_printf("#!/bin/sh\nexec '%s' --config='%s/hook.conf' \"$@\"\n",
                        bed_environment("BPFPV_HOOK"), bed_environment("BED_DIR"));

    bed_hook_configure("");
    if (g_mkdir_with_parents(directory, 0755) < 0 || !g_file_set_contents(HOOK, script, -1, NULL) ||
        chmod(HOOK, 0755) < 0)
        bed_fail("can't write %s", HOOK);
    /* libvirtd looks for hooks when it starts. */
    bed_libvirtd("restart");
}

void
bed_hook_remove(void)
{
    if (g_unlink(HOOK) < 0)
        bed_fail("can't remove %s", HOOK);
    bed_libvirtd("restart");
}

int
bed_virsh(char **out, char **err, const char *first, ...)
{
    g_autoptr(GPtrArray) argv = NULL;
    va_list list;

    va_start(list, first);
    argv = bed_arguments("virsh", first, list);
    va_end(list);
    return bed_run((const char *const *)argv->pdata, out, err);
}
