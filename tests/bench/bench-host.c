/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long a pin takes, and what it costs the host: make bench-host, as root. From outside: from
 * the return of the guest's sched_setaffinity() until the vCPU's thread has its CPU, beside the
 * floor: an answer's way through a port, and a bare virDomainPinVcpu. Turns alternate, so that
 * what slows the machine down slows both. make bench-host-quick is short, and fails where a ratio
 * is beyond its bound.
 */
#include "tests/integration/itest.h"

#include <stdio.h>
#include <stdlib.h>

#include "host-probe.h"
#include "report.h"

#define ELEMENT                                                                                    \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"                                  \
    "<placement hold='0'/></program></bpfpv>"

#define ELEMENT_HELD "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>"

/* What a change leaves behind: events, the status for people. */
#define REST_US (300 * 1000)
#define QUIET_US (2 * G_USEC_PER_SEC)

static struct {
    BedGuest *guest;
    BedGuest *bare; /* not managed, and paused */
    Probe probe;
    guint n_cpus; /* of the host */
    gboolean quick;
    gboolean missed;
    GArray *floors; /* of gint64: the floor's samples, of all measures */
} bench;

/* ---- the floor ---- */

static gint64
one_way(void)
{
    return probe_ask(&bench.probe, 'e') / 2;
}

/* To what it has: not a single CPU, which would be nobody else's then. */
static gint64
bare_pin(void)
{
    unsigned char map[1024] = {0};
    gint64 began = g_get_monotonic_time();

    for (guint c = 0; c < bench.n_cpus; c++)
        VIR_USE_CPU(map, c);
    if (virDomainPinVcpuFlags(bed_guest_domain(bench.bare), 0, map, sizeof(map),
                              VIR_DOMAIN_AFFECT_LIVE) < 0)
        bed_fail("a bare pin failed");
    return g_get_monotonic_time() - began;
}

static gint64
take_floor(GArray *floors)
{
    gint64 way = one_way(), floor = way + bare_pin();

    g_array_append_val(floors, floor);
    g_array_append_val(bench.floors, floor);
    return way;
}

static void
print_row(const char *name, GArray *samples, const Summary *floor, double bound)
{
    if (!report_row(name, samples, floor, bound))
        bench.missed |= bench.quick;
}

/* ---- pin and release ---- */

static void
add_change(GArray *samples, char command, guint n_cpus, gint64 way)
{
    gint64 took = probe_change(&bench.probe, command, n_cpus, way);

    g_array_append_val(samples, took);
}

static void
latency(void **state)
{
    g_autoptr(GArray) floors = samples_new();
    g_autoptr(GArray) pins = samples_new();
    g_autoptr(GArray) releases = samples_new();
    Summary floor;

    for (guint n = bench.quick ? 40 : 200; n > 0; n--) {
        gint64 way = take_floor(floors);

        g_usleep(REST_US / 3);
        add_change(pins, 'p', 1, way);
        g_usleep(REST_US);
        add_change(releases, 'a', bench.n_cpus, way);
        g_usleep(REST_US);
    }
    floor = summarize(floors);
    print_row("pin_latency", pins, &floor, 8);
    print_row("release_latency", releases, &floor, 12);
}

/* ---- rhythm ---- */

static void
rhythm(void **state)
{
    static const guint every_ms[] = {1000, 300, 100, 30};

    for (guint i = bench.quick ? 1 : 0; i < G_N_ELEMENTS(every_ms); i++) {
        g_autofree char *name = g_strdup_printf("rhythm, a change every %u ms", every_ms[i]);
        g_autoptr(GArray) floors = samples_new();
        g_autoptr(GArray) changes = samples_new();
        gint64 way = take_floor(floors);
        Summary floor;

        for (guint n = bench.quick ? 20 : MIN(100, 40000 / every_ms[i]); n > 0; n--) {
            gint64 next = g_get_monotonic_time() + (gint64)every_ms[i] * 1000;

            add_change(changes, n % 2 ? 'a' : 'p', n % 2 ? bench.n_cpus : 1, way);
            if (n % 4 == 0)
                way = take_floor(floors);
            if (next > g_get_monotonic_time())
                g_usleep((gulong)(next - g_get_monotonic_time()));
        }
        floor = summarize(floors);
        print_row(name, changes, &floor, 8);
        g_usleep(REST_US);
    }
}

/* ---- burst ---- */

static void
burst(void **state)
{
    g_autoptr(GArray) bare = samples_new();
    g_autoptr(GArray) bursts = samples_new();
    Summary floor;

    for (guint n = bench.quick ? 3 : 15; n > 0; n--) {
        gint64 began = g_get_monotonic_time(), calls = 0, last, took;

        for (guint i = 0; i < 64; i++)
            calls += bare_pin();
        g_array_append_val(bare, calls);
        began = g_get_monotonic_time();
        last = probe_settle(&bench.probe, 'b', QUIET_US, NULL);
        took = MAX(last - began, 0);
        g_array_append_val(bursts, took);
        probe_settle(&bench.probe, 'r', QUIET_US, NULL);
    }
    floor = summarize(bare);
    print_row("burst of 64, against 64 bare pins", bursts, &floor, 3);
}

/* ---- storm ---- */

static void
set_element(const char *element)
{
    if (bed_virsh(NULL, NULL, "metadata", "measured", "urn:bpfpv:domain:1", "--key", "bpfpv",
                  "--set", element, "--live", NULL) != 0)
        bed_fail("can't set the element of the measured guest");
    g_usleep(QUIET_US);
}

static void
storm_once(const char *name)
{
    g_autofree char *measure = g_strdup_printf("storm, %s", name);
    pid_t daemon = probe_find_process("bpfpvd");
    Summary floor = summarize(bench.floors);
    gint64 began = g_get_monotonic_time(), spent = probe_cpu_time(daemon), answered, last;
    double share;

    last = probe_settle(&bench.probe, 's', QUIET_US, &answered);
    spent = probe_cpu_time(daemon) - spent;
    share = 100.0 * (double)spent / (double)(g_get_monotonic_time() - began);
    printf("storm of 10 s, %s: the daemon takes %.1f %% of a CPU; exact %.2f ms after its end, "
           "%.1f x the floor\n",
           name, share, (double)MAX(last - answered, 0) / 1000,
           (double)MAX(last - answered, 0) / floor.p50);
    report_value(measure, "cpu", share, "%");
    report_value(measure, "exact_after", (double)MAX(last - answered, 0), "us");
    if (probe_cpus(&bench.probe) != 1)
        bed_fail("a storm ends pinned, and vCPU 1's thread has %u CPUs", probe_cpus(&bench.probe));
    probe_settle(&bench.probe, 'a', QUIET_US, NULL);
}

/* What nobody asks for any more is held for a moment, so that a task that flips moves nobody;
 * without that all that the guest's budget allows is carried out. */
static void
storm(void **state)
{
    g_autoptr(GArray) floors = samples_new();

    for (guint n = 10; n > 0; n--)
        take_floor(floors);
    storm_once("hold 0");
    set_element(ELEMENT_HELD);
    storm_once("hold 500 ms, the default");
    set_element(ELEMENT);
}

/* ---- life ---- */

static int
setup(void **state)
{
    g_autofree char *config = itest_config("[host]\nreserve=1\n");
    g_autofree char *devices = probe_devices_xml("measured");
    const BedGuestOptions measured = {
        .name = "measured", .devices_xml = devices, .metadata_xml = ELEMENT};
    const BedGuestOptions bare = {.name = "bare", .no_wait = TRUE, .cmdline = "bed.agent=off"};

    bench.quick = g_getenv("BENCH_QUICK") != NULL;
    bench.floors = samples_new();
    bench.n_cpus = (guint)virNodeGetCPUMap(bed_connect(), NULL, NULL, 0);
    bench.bare = bed_guest_start(&bare);
    if (virDomainSuspend(bed_guest_domain(bench.bare)) < 0)
        bed_fail("can't pause the bare guest");
    bench.guest = bed_guest_start(&measured);
    bed_daemon_start(config, NULL);
    bed_wait_state("measured", "active", BED_BOOT);
    probe_open(&bench.probe, bench.guest);
    g_usleep(QUIET_US);
    printf("guests of type %s, kernel %s, %u host CPUs; hold 0\n\n", g_getenv("BED_DOMAIN_TYPE"),
           g_getenv("BED_KERNEL"), bench.n_cpus);
    report_head();
    return 0;
}

static int
teardown(void **state)
{
    probe_close(&bench.probe);
    g_array_unref(bench.floors);
    return bed_cleanup(state);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency),
        cmocka_unit_test(rhythm),
        cmocka_unit_test(burst),
        cmocka_unit_test(storm),
    };
    int failed;

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    failed = cmocka_run_group_tests(tests, setup, teardown);
    failed += !report_end();
    return failed || bench.missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
