/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world's second host: where the fixture's functions look, and migration between the two. */
#include "bed-private.h"

#define BASE "/run/second"
#define FIRST_URI "qemu:///system"
#define SECOND_URI "qemu+unix:///system?socket=" BASE "/libvirt/libvirt-sock"

static gboolean on_second;

static void
run_second(const char *action, const char *argument)
{
    const char *argv[] = {"bed-second", action, argument, NULL};
    g_autofree char *err = NULL;

    if (bed_run(argv, NULL, &err) != 0)
        bed_fail("bed-second %s: %s", action, err);
}

void
bed_second_start(void)
{
    run_second("start", NULL);
}

void
bed_second_hook(gboolean installed)
{
    gboolean was = on_second;

    bed_switch(FALSE); /* no connection of ours to what restarts */
    run_second("hook", installed ? bed_environment("BPFPV_HOOK") : "none");
    bed_switch(was);
}

void
bed_second_hook_answers(gboolean answers)
{
    run_second("hook-answers", answers ? bed_environment("BPFPV_HOOK") : "none");
}

void
bed_switch(gboolean second)
{
    bed_disconnect();
    on_second = second;
    g_setenv("LIBVIRT_DEFAULT_URI", second ? SECOND_URI : FIRST_URI, TRUE);
    if (second)
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" BASE "/bus", TRUE);
    else
        g_unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

gboolean
bed_is_on_second(void)
{
    return on_second;
}

int
bed_migrate(BedGuest *guest, const char *xml, char **err)
{
    const char *to = on_second ? FIRST_URI : SECOND_URI;

    return bed_virsh(NULL, err, "migrate", "--live", bed_guest_name(guest), to, "--migrateuri",
                     "tcp://127.0.0.1", xml ? "--xml" : NULL, xml, NULL);
}
