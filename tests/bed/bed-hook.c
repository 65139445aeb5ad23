/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The libvirt hook in the world's libvirtd, and virsh as people type it. */
#include "bed-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define HOOK "/etc/libvirt/hooks/qemu.d/bpfpv"

void
bed_hook_configure(const char *text)
{
    g_autofree char *path = g_build_filename(bed_environment("BED_DIR"), "hook.conf", NULL);

    if (!g_file_set_contents(path, text, -1, NULL))
        bed_fail("can't write %s", path);
}

/* The program with its configuration, at a place that goes with the world. */
static char *
program_path(void)
{
    return g_build_filename(bed_environment("BED_DIR"), "hook-program", NULL);
}

static void
write_script(const char *path, const char *text)
{
    if (!g_file_set_contents(path, text, -1, NULL) || chmod(path, 0755) < 0)
        bed_fail("can't write %s", path);
}

void
bed_hook_set_program(const char *path)
{
    g_autofree char *program = program_path();
    g_autofree char *script = g_strdup_printf(
        "#!/bin/sh\nexec '%s' --config='%s/hook.conf' \"$@\"\n", path, bed_environment("BED_DIR"));

    if (path)
        write_script(program, script);
    else if (g_unlink(program) < 0)
        bed_fail("can't remove %s", program);
}

/* What is installed, but for where the program is. */
static char *
hook_script(void)
{
    const char *path = bed_environment("BPFPV_HOOK_SCRIPT");
    g_autofree char *text = NULL;
    g_autofree char *program = program_path();
    const char *line, *end;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        bed_fail("can't read %s", path);
    line = strstr(text, "\nprogram=");
    end = line ? strchr(line + 1, '\n') : NULL;
    if (!end)
        bed_fail("%s names no program", path);
    return g_strdup_printf("%.*s\nprogram=%s%s", (int)(line - text), text, program, end);
}

void
bed_hook_install(void)
{
    g_autofree char *directory = g_path_get_dirname(HOOK);
    g_autofree char *script = hook_script();

    bed_hook_configure("");
    bed_hook_set_program(bed_environment("BPFPV_HOOK"));
    if (g_mkdir_with_parents(directory, 0755) < 0)
        bed_fail("can't make %s", directory);
    write_script(HOOK, script);
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
