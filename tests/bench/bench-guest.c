/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpfpv costs a guest: make bench-guest, as root. In one guest, the rates of what the programs
 * are attached to, in turns without and with them; then what the loader takes, and how long it is
 * until the host knows all pins of a guest that has many. The host pins nothing meanwhile: its
 * reserve is all of its CPUs.
 *
 * Without KVM, rates are those of software emulation, in which a memory access or a lock costs
 * something else than on a processor. Therefore a second guest counts instructions.
 */
#include "tests/integration/itest.h"

#include "bench-guest.h"
#include "compare.h"

#include <stdio.h>
#include <string.h>

/* Into a domain's XML: an instruction is a nanosecond of the guest's clock, whatever it takes. */
#define COUNTED                                                                                    \
    "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>"                             \
    "<arg value='-icount'/><arg value='shift=0'/></commandline>"

#define AIM_PAIR 5.0
#define AIM_REST 1.0

typedef struct {
    const char *name; /* as bed-bench calls it */
    const char *text;
    double aim; /* percent; 0: none, it is there to explain the others */
} Measure;

static const Measure measures[] = {
    /* Where masks are narrower than all CPUs: of two, then. */
    {"move", "sched_setaffinity pair, to another CPU and back", AIM_PAIR},
    {"pin", "sched_setaffinity pair, to the CPU it is on and to all", AIM_PAIR},
    {"same", "sched_setaffinity pair, no change", AIM_PAIR},
    {"pinfork", "fork, exit and wait, pinned", 0},
    /* Where they aren't. */
    {"fork", "fork, exit and wait", AIM_REST},
    {"thread", "thread create and join", AIM_REST},
    {"switch", "context switch", AIM_REST},
};
#define N_NARROW 4

typedef struct {
    const char *title;
    BedGuestOptions options;
    guint first; /* of measures, and the one after the last */
    guint end;
    gboolean judged; /* whether a figure above an aim means that it was missed */
    guint rounds;    /* with the programs; one more without */
    guint slices;    /* of 20 ms, in the guest's own time, for each measure and turn */
} Run;

static guint
number_from(const char *variable, guint otherwise)
{
    const char *text = g_getenv(variable);
    guint64 number;

    if (!text)
        return otherwise;
    if (!g_ascii_string_to_unsigned(text, 10, 3, 10000, &number, NULL))
        bed_fail("%s=%s: 3 to 10000, please", variable, text);
    return (guint)number;
}

/* With the others, all CPUs spin while they wait for each other, for seconds of the guest's time
 * each. */
static gboolean
starts_two_counted(void)
{
    return g_strcmp0(g_getenv("BED_KERNEL"), "6.12") == 0 ||
           g_strcmp0(g_getenv("BED_KERNEL"), "7.2") == 0;
}

/* One turn: appends a rate for each measure. */
static void
measure_once(BedGuest *guest, const Run *run, Rates **rates, gboolean with)
{
    g_autofree char *slices = g_strdup_printf("%u", run->slices);

    for (guint i = run->first; i < run->end; i++) {
        g_autofree char *out =
            bed_guest_exec(guest, NULL, BENCH_GUEST_PROGRAM, "run", slices, measures[i].name, NULL);
        const char *space = strchr(out, ' ');
        double rate = space ? g_ascii_strtod(space, NULL) : 0;

        if (rate <= 0)
            bed_fail("bed-bench says of %s: %s", measures[i].name, out);
        g_array_append_val(with ? rates[i]->with : rates[i]->without, rate);
    }
}

static const char *
verdict(const Run *run, const Measure *measure, const Comparison *found)
{
    static const char *const verdicts[] = {"met", "within the error", "missed"};

    return run->judged ? verdicts[compare_verdict(found, measure->aim)] : "-";
}

static void
print_rates(const Run *run, Rates **rates)
{
    printf("\n%s: %u turns with, %u without\n", run->title, run->rounds, run->rounds + 1);
    printf("%-54s %10s %10s %17s %8s %5s\n", "", "without/s", "with/s", "cost", "A:A", "aim");
    for (guint i = run->first; i < run->end; i++) {
        const Measure *measure = &measures[i];
        Comparison found = compare_rates(rates[i]);

        printf("%-54s %10.1f %10.1f %+7.2f %% ±%5.2f %6.2f %%", measure->text, found.without,
               found.with, found.cost, found.error, found.noise);
        if (measure->aim > 0)
            printf(" %3.0f %% %s", measure->aim, verdict(run, measure, &found));
        printf("\n");
    }
    fflush(stdout);
}

static void
compare_in_turns(const Run *run)
{
    Rates *rates[G_N_ELEMENTS(measures)];
    BedGuest *guest = bed_guest_start(&run->options);

    for (guint i = 0; i < G_N_ELEMENTS(measures); i++)
        rates[i] = rates_new();
    bench_guest_install(guest);
    for (guint round = 0; round < run->rounds; round++) {
        measure_once(guest, run, rates, FALSE);
        itest_attach(guest);
        measure_once(guest, run, rates, TRUE);
        bench_guest_detach(guest);
    }
    measure_once(guest, run, rates, FALSE);
    print_rates(run, rates);
    for (guint i = 0; i < G_N_ELEMENTS(measures); i++)
        rates_free(rates[i]);
    bed_guest_destroy(guest);
}

static gboolean
is_emulated(void)
{
    return g_strcmp0(g_getenv("BED_DOMAIN_TYPE"), "qemu") == 0;
}

static void
times(void **state)
{
    const Run run = {
        .title = is_emulated() ? "By time, in software emulation: for the record" : "By time",
        .options = {.name = "times"},
        .end = G_N_ELEMENTS(measures),
        .judged = !is_emulated(),
        .rounds = number_from("BENCH_ROUNDS", 15),
        .slices = 10,
    };

    compare_in_turns(&run);
}

static void
instructions(void **state)
{
    Run run = {
        .title = "By instructions, two CPUs; a second is 10^9 of them",
        .options = {.name = "counted", .cputune_xml = COUNTED, .cmdline = "tsc=reliable"},
        .end = N_NARROW,
        .judged = TRUE,
        .rounds = number_from("BENCH_ROUNDS", 9),
        .slices = 4,
    };

    if (!is_emulated()) {
        print_message("instructions are only counted in software emulation\n");
        return;
    }
    if (starts_two_counted()) {
        compare_in_turns(&run);
    } else {
        print_message("this kernel starts no second CPU while instructions are counted\n");
    }
    run.title = "By instructions, one CPU; a second is 10^9 of them";
    run.options.vcpus = 1;
    run.first = N_NARROW;
    run.end = G_N_ELEMENTS(measures);
    compare_in_turns(&run);
}

static int
setup(void **state)
{
    g_autofree char *config = itest_config("[host]\nreserve=8192\n");

    bed_daemon_start(config, NULL);
    printf("guests of type %s, kernel %s\n", g_getenv("BED_DOMAIN_TYPE"), g_getenv("BED_KERNEL"));
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions),
        cmocka_unit_test(bench_guest_loader),
        cmocka_unit_test(bench_guest_crowd),
        cmocka_unit_test(times),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
