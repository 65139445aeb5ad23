/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the loader takes of a guest and of the channel, see bench-guest.h. */
#include "bench-guest.h"
#include "tests/integration/itest.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An argument of a program may be 128 KiB long, and a command of the agent's about 180 KB. */
#define CHUNK 65536

#define IDLE_S 60
#define THREADS 10000

void
bench_guest_install(BedGuest *guest)
{
    g_autofree char *bytes = NULL;
    gsize length;

    if (!g_getenv("BED_BENCH") ||
        !g_file_get_contents(g_getenv("BED_BENCH"), &bytes, &length, NULL))
        bed_fail("BED_BENCH is not a file: run this by \"make bench-guest\"");
    for (gsize at = 0; at < length; at += CHUNK) {
        g_autofree char *text =
            g_base64_encode((const guchar *)bytes + at, MIN(CHUNK, length - at));

        g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c",
                              "printf %s \"$1\" | base64 -d >>" BENCH_GUEST_PROGRAM, "sh", text,
                              NULL));
    }
    g_free(bed_guest_exec(guest, NULL, "/bin/chmod", "755", BENCH_GUEST_PROGRAM, NULL));
}

void
bench_guest_detach(BedGuest *guest)
{
    if (bed_ctl(NULL, NULL, "detach", bed_guest_name(guest), NULL) != 0)
        bed_fail("bpfpvctl detach %s failed", bed_guest_name(guest));
}

/* Of /proc/PID/status: the number behind @name. */
static gint64
status_number(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    if (!line)
        bed_fail("no %s in the loader's status", name);
    return g_ascii_strtoll(line + strlen(name), NULL, 10);
}

static char *
loader_status(BedGuest *guest)
{
    gint64 pid = itest_loader(guest);
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/status", pid);

    if (pid == 0)
        bed_fail("no loader runs in %s", bed_guest_name(guest));
    return bed_guest_exec(guest, NULL, "/bin/cat", path, NULL);
}

/* How often it has stopped running, and so was woken. */
static gint64
wake_ups(const char *status)
{
    return status_number(status, "\nvoluntary_ctxt_switches:") +
           status_number(status, "\nnonvoluntary_ctxt_switches:");
}

/* -1 where there is none. */
static gint64
file_size(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("BPFPV_GUEST_DIR"), name, NULL);
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInfo) info =
        g_file_query_info(file, G_FILE_ATTRIBUTE_STANDARD_SIZE, 0, NULL, NULL);

    return info ? g_file_info_get_size(info) : -1;
}

/* As the injector sends it: the loader packed where that was built, else as it is. */
static void
print_bytes(void)
{
    gint64 packed = file_size("bpfpv-guest.packed");
    gint64 loader = packed >= 0 ? packed : file_size("bpfpv-guest");
    gint64 program = file_size("affinity.bpf.o");

    if (loader < 0 || program < 0)
        bed_fail("no loader or no program in %s", g_getenv("BPFPV_GUEST_DIR"));
    printf("%-40s %8.0f KB\n", "injected, loader and program", (double)(loader + program) / 1000);
}

void
bench_guest_loader(void **state)
{
    const BedGuestOptions options = {.name = "idle"};
    BedGuest *guest = bed_guest_start(&options);
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1"); /* so that there is something to know */
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    itest_attach(guest);
    itest_assert_keys(guest, 1);
    g_usleep(2 * G_USEC_PER_SEC); /* longer than any of the loader's timers */
    before = loader_status(guest);
    g_usleep(IDLE_S * G_USEC_PER_SEC);
    after = loader_status(guest);
    printf("\nThe loader\n");
    printf("%-40s %8" G_GINT64_FORMAT "\n", "wake-ups in 60 s, synchronised and idle",
           wake_ups(after) - wake_ups(before));
    printf("%-40s %8" G_GINT64_FORMAT " kB, of it its own %" G_GINT64_FORMAT "\n", "resident",
           status_number(after, "\nVmRSS:"), status_number(after, "\nRssAnon:"));
    print_bytes();
    fflush(stdout);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_guest_destroy(guest);
    assert_int_equal(wake_ups(after) - wake_ups(before), 0);
}

static int
ascending(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

    return left < right ? -1 : left > right;
}

/* Seconds until active, the median of three; it knows @keys then. */
static double
attach_s(BedGuest *guest, gint64 keys)
{
    gint64 took[3];

    for (guint i = 0; i < G_N_ELEMENTS(took); i++) {
        gint64 began = g_get_monotonic_time();

        itest_attach(guest);
        took[i] = g_get_monotonic_time() - began;
        assert_int_equal(itest_keys(guest), keys);
        bench_guest_detach(guest);
    }
    qsort(took, G_N_ELEMENTS(took), sizeof(took[0]), ascending);
    return (double)took[1] / G_USEC_PER_SEC;
}

static gboolean
crowd_is_ready(gpointer guest)
{
    int status;

    g_free(bed_guest_exec(guest, &status, "/bin/grep", "-q", "ready", "/run/crowd", NULL));
    return status == 0;
}

void
bench_guest_crowd(void **state)
{
    const BedGuestOptions options = {.name = "crowd", .memory_mib = 1536};
    BedGuest *guest = bed_guest_start(&options);
    double alone, crowded;

    bench_guest_install(guest);
    alone = attach_s(guest, 0);
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", "echo 20000 >/proc/sys/kernel/threads-max",
                          NULL));
    bed_guest_spawn(guest, "/bin/sh", "-c",
                    BENCH_GUEST_PROGRAM " crowd " G_STRINGIFY(THREADS) " 1 >/run/crowd", NULL);
    if (!bed_wait(crowd_is_ready, guest, BED_BOOT))
        bed_fail("the guest doesn't get %d threads started", THREADS);
    crowded = attach_s(guest, THREADS);
    printf("\nFrom \"bpfpvctl attach\" to active, the first snapshot taken in\n");
    printf("%-40s %8.2f s\n", "no pinned thread", alone);
    printf("%-40s %8.2f s\n", G_STRINGIFY(THREADS) " pinned threads", crowded);
    fflush(stdout);
    bed_guest_destroy(guest);
}
