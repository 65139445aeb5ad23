/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What many domains cost the daemon, and what a hostile one costs its neighbours: make bench-scale.
 * The daemon's own manager, sessions, placer and workers, over a libvirt of a few functions whose
 * answers take no time, and real sockets to guests in another process. So what is seen is bpfpv's
 * own share; what libvirt adds is in make bench-host.
 */
#include <glib/gstdio.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/manager/manager.h"
#include "report.h"
#include "scale-guests.h"
#include "tests/unit/fake-libvirt.h"

#define HOST_CPUS 512
#define CPUS_OF_CELL 128
#define TIMEOUT_US (60 * G_USEC_PER_SEC)
#define REST_US (2 * G_USEC_PER_SEC)
/* Between two changes: of one domain its budget's share, and of many at least this. */
#define REST_OF_ONE_US 50000
#define REST_OF_MANY_US 5000
#define HOSTILE 8
#define HOSTILE_DOMAINS 100

typedef struct {
    guint n; /* domains */
    char *directory;
    BpfpvConf conf;
    BpfpvManager *manager;
    ScaleGuests *guests;
    FakeGuest *domains; /* the last has no UUID */
    GPtrArray *texts;   /* that they point to */
} World;

static gboolean quick, missed;

/* ---- pins ---- */

/* The one that is waited for: a domain's vCPU 0 with so many CPUs. */
static struct {
    const char *name;
    gboolean single;
    gint64 at_us; /* when; 0: not yet */
    guint calls;  /* of all domains */
} pin;

static void
on_pin(const char *name, guint vcpu, guint n_cpus, gpointer user_data)
{
    const char *wanted = __atomic_load_n(&pin.name, __ATOMIC_ACQUIRE);

    __atomic_add_fetch(&pin.calls, 1, __ATOMIC_RELAXED);
    if (!wanted || vcpu != 0 || (n_cpus == 1) != pin.single || strcmp(name, wanted) != 0)
        return;
    __atomic_store_n(&pin.at_us, g_get_monotonic_time(), __ATOMIC_RELEASE);
    g_main_context_wakeup(NULL);
}

/* ---- the main loop ---- */

static struct {
    guint wakeups;
    gint64 left_us;    /* when it last had something to do */
    gint64 longest_us; /* that it was away */
} loop;

static gint
poll_counted(GPollFD *fds, guint n, gint timeout)
{
    gint64 now = g_get_monotonic_time();
    gint result;

    if (loop.left_us != 0)
        loop.longest_us = MAX(loop.longest_us, now - loop.left_us);
    result = g_poll(fds, n, timeout);
    loop.left_us = g_get_monotonic_time();
    loop.wakeups++;
    return result;
}

static gboolean
wake_up(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

static void
turn_for(gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;
    guint timer = g_timeout_add((guint)(us / 1000), wake_up, NULL);

    while (g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

/* ---- the world ---- */

static void
on_state(const char *domain, const char *uuid, const char *state, const char *reason,
         gpointer user_data)
{
}

static void
on_host(gpointer user_data)
{
}

static const BpfpvManagerFuncs funcs = {on_state, on_host};

static char *
capabilities(void)
{
    GString *xml = g_string_new("<capabilities><host><topology><cells>");

    for (guint c = 0; c < HOST_CPUS; c++) {
        guint cell = c / CPUS_OF_CELL, core = c / 2;

        if (c % CPUS_OF_CELL == 0)
            g_string_append_printf(xml, "<cell id='%u'><memory unit='KiB'>1048576</memory><cpus>",
                                   cell);
        g_string_append_printf(xml, "<cpu id='%u' socket_id='%u' core_id='%u' siblings='%u-%u'/>",
                               c, cell, core, 2 * core, 2 * core + 1);
        if ((c + 1) % CPUS_OF_CELL == 0)
            g_string_append(xml, "</cpus></cell>");
    }
    g_string_append(xml, "</cells></topology></host></capabilities>");
    return g_string_free(xml, FALSE);
}

static char *
keep(World *world, char *text)
{
    g_ptr_array_add(world->texts, text);
    return text;
}

static void
describe_domains(World *world, const char *mode)
{
    world->domains = g_new0(FakeGuest, world->n + 1);
    for (guint i = 0; i < world->n; i++) {
        g_autofree char *path = scale_guests_path(world->directory, i);
        FakeGuest *domain = &world->domains[i];

        domain->uuid = keep(world, g_strdup_printf("aaaaaaaa-0000-0000-0000-%012u", i));
        domain->name = keep(world, g_strdup_printf("d%u", i));
        domain->id = (int)i + 1;
        domain->xml = keep(
            world,
            g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid><vcpu>%u</vcpu><metadata>"
                            "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                            "<placement mode='%s' hold='0'/></program></bpfpv></metadata><devices>"
                            "<channel type='unix'><source mode='bind' path='%s'/>"
                            "<target type='virtio' name='org.bpfpv.0' state='connected'/>"
                            "<alias name='channel1'/></channel></devices></domain>",
                            domain->name, domain->uuid, SCALE_VCPUS, mode, path));
    }
}

static void
write_file(const World *world, const char *name)
{
    g_autofree char *path = g_build_filename(world->directory, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, name, -1, &error))
        g_error("%s", error->message);
}

static gboolean
all_are_active(World *world)
{
    g_autoptr(GPtrArray) list = bpfpv_manager_list(world->manager);
    guint active = 0;

    for (guint i = 0; i < list->len; i++) {
        g_autofree char *reason = NULL;

        active += bpfpv_managed_state(list->pdata[i], &reason) == BPFPV_STATE_ACTIVE;
    }
    return active == world->n;
}

static void
open_world(World *world, guint n, const char *mode)
{
    g_autoptr(GError) error = NULL;
    gint64 end = g_get_monotonic_time() + TIMEOUT_US;

    *world = (World){.n = n, .texts = g_ptr_array_new_with_free_func(g_free)};
    world->directory = g_dir_make_tmp("bpfpv-scale-XXXXXX", &error);
    if (!world->directory)
        g_error("%s", error->message);
    write_file(world, "bpfpv-guest");
    write_file(world, "affinity.bpf.o");
    world->conf =
        (BpfpvConf){.uri = (char *)"fake:///",
                    .guest_dir = world->directory,
                    .state_dir = keep(world, g_build_filename(world->directory, "state", NULL)),
                    .reserve = 1,
                    .injections = BPFPV_CONF_INJECTIONS};
    world->guests = scale_guests_start(world->directory, n);
    describe_domains(world, mode);
    fake_libvirt_set_guests(world->domains);
    world->manager = bpfpv_manager_new(&world->conf, &funcs, NULL, &error);
    if (!world->manager)
        g_error("%s", error->message);
    while (!all_are_active(world)) {
        if (g_get_monotonic_time() > end)
            g_error("%u domains are not active after %d s", n, (int)(TIMEOUT_US / G_USEC_PER_SEC));
        turn_for(20000);
    }
    turn_for(REST_US);
}

static void
close_world(World *world)
{
    const char *const argv[] = {"rm", "-r", world->directory, NULL};

    bpfpv_manager_free(world->manager);
    scale_guests_end(world->guests);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_ptr_array_unref(world->texts);
    g_free(world->domains);
    g_free(world->directory);
}

/* ---- a change ---- */

/* Lets guest @i do that; returns how long it took until its vCPU 0 had what it asks for. */
static gint64
change(World *world, guint i, enum scale_command command)
{
    gint64 end = g_get_monotonic_time() + TIMEOUT_US, sent;

    __atomic_store_n(&pin.at_us, 0, __ATOMIC_RELEASE);
    pin.single = command == SCALE_PIN;
    __atomic_store_n(&pin.name, world->domains[i].name, __ATOMIC_RELEASE);
    scale_guests_tell(world->guests, i, command);
    while (__atomic_load_n(&pin.at_us, __ATOMIC_ACQUIRE) == 0) {
        if (g_get_monotonic_time() > end)
            g_error("%s waits for a pin in vain", world->domains[i].name);
        g_main_context_iteration(NULL, TRUE);
    }
    __atomic_store_n(&pin.name, NULL, __ATOMIC_RELEASE);
    while ((sent = scale_guests_sent(world->guests)) == 0)
        g_usleep(10);
    return MAX(pin.at_us - sent, 0);
}

/* One after the other, with @rest between them, in which what a change leaves is done. */
static void
take_reactions(World *world, GArray *samples, guint n, guint first, gint64 rest)
{
    for (guint k = 0; k < n; k++) {
        guint i = first + (k * 7919) % (world->n - first);
        gint64 took = change(world, i, SCALE_PIN);

        g_array_append_val(samples, took);
        turn_for(rest);
        change(world, i, SCALE_RELEASE);
        turn_for(rest);
    }
}

/* A domain's first change is more: its journal is begun, its memory looked for. */
static void
take_first_reactions(World *world, GArray *samples, guint first)
{
    for (guint i = first; i < world->n; i++) {
        gint64 took = change(world, i, SCALE_PIN);

        g_array_append_val(samples, took);
        change(world, i, SCALE_RELEASE);
    }
    turn_for(REST_US);
}

/* ---- what it takes ---- */

static guint
count_entries(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (dir && g_dir_read_name(dir))
        n++;
    return n;
}

/* Voluntary switches of all threads: each is the end of one that ran. */
static guint64
count_switches(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/task", 0, NULL);
    guint64 n = 0;
    const char *task;

    while (dir && (task = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%s/status", task);
        g_autofree char *text = NULL;
        const char *line;

        if (g_file_get_contents(path, &text, NULL, NULL) &&
            (line = strstr(text, "\nvoluntary_ctxt_switches:")))
            n += g_ascii_strtoull(strchr(line, ':') + 1, NULL, 10);
    }
    return n;
}

static gint64
resident_bytes(void)
{
    g_autofree char *text = NULL;
    long long pages = 0;

    malloc_trim(0);
    if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        sscanf(text, "%*s %lld", &pages);
    return pages * sysconf(_SC_PAGESIZE);
}

static gint64
processor_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* ---- scale ---- */

typedef struct {
    guint n;
    double wakeups;     /* a second, of the whole process, idle */
    double bytes;       /* a domain */
    double descriptors; /* a domain, its socket aside */
    guint threads, connections;
    double pins; /* a second, when many domains change at once */
    GArray *first_reactions, *reactions;
} Scale;

static double
idle_wakeups(void)
{
    gint64 us = (quick ? 3 : 10) * G_USEC_PER_SEC;
    guint64 before = count_switches();

    turn_for(us);
    return (double)(count_switches() - before) * G_USEC_PER_SEC / (double)us;
}

static double
pins_a_second(World *world)
{
    gint64 us = (quick ? 1 : 5) * G_USEC_PER_SEC;
    guint before = pin.calls, n = MIN(world->n, 200), calls;

    for (guint i = 0; i < n; i++)
        scale_guests_tell(world->guests, i, SCALE_CHURN);
    turn_for(us);
    calls = pin.calls - before;
    for (guint i = 0; i < n; i++)
        scale_guests_tell(world->guests, i, SCALE_QUIET);
    turn_for(REST_US);
    return (double)calls * G_USEC_PER_SEC / (double)us;
}

static void
measure_scale(Scale *scale, guint n)
{
    World world;
    gint64 bytes = resident_bytes();
    guint descriptors = count_entries("/proc/self/fd"), opened = fake_libvirt_opened();

    open_world(&world, n, "shared");
    *scale = (Scale){.n = n, .first_reactions = samples_new(), .reactions = samples_new()};
    scale->bytes = (double)(resident_bytes() - bytes) / n;
    scale->descriptors = ((double)count_entries("/proc/self/fd") - descriptors - n) / n;
    scale->wakeups = idle_wakeups();
    take_first_reactions(&world, scale->first_reactions, 0);
    take_reactions(&world, scale->reactions, quick ? 30 : 200, 0,
                   MAX(REST_OF_ONE_US / n, REST_OF_MANY_US));
    scale->pins = pins_a_second(&world);
    scale->threads = count_entries("/proc/self/task");
    scale->connections = fake_libvirt_opened() - opened;
    close_world(&world);
}

static void
report_scale(const Scale *scale)
{
    g_autofree char *measure = g_strdup_printf("scale, %u domains", scale->n);

    printf("%9u %12.1f %12.1f %15.2f %9u %12u %10.0f\n", scale->n, scale->wakeups,
           scale->bytes / 1024, scale->descriptors, scale->threads, scale->connections,
           scale->pins);
    report_value(measure, "wakeups", scale->wakeups, "1/s");
    report_value(measure, "resident_per_domain", scale->bytes, "B");
    report_value(measure, "descriptors_per_domain", scale->descriptors, "");
    report_value(measure, "threads", scale->threads, "");
    report_value(measure, "connections", scale->connections, "");
    report_value(measure, "pins", scale->pins, "1/s");
}

static void
scale(void)
{
    static const guint counts[] = {1, 10, 100, 1000};
    Scale measured[G_N_ELEMENTS(counts)];
    Summary floor;

    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        measure_scale(&measured[i], counts[i]);
    printf("%9s %12s %12s %15s %9s %12s %10s\n", "domains", "wake-ups/s", "KiB/domain",
           "files/domain", "threads", "connections", "pins/s");
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        report_scale(&measured[i]);
    printf("\n");
    report_head();
    floor = summarize(measured[0].reactions);
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *name = g_strdup_printf("reaction, %u domains", counts[i]);

        missed |= !report_row(name, measured[i].reactions, &floor, quick ? 4 : 0);
    }
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *name = g_strdup_printf("a domain's first, of %u", counts[i]);

        report_row(name, measured[i].first_reactions, &floor, 0);
        g_array_unref(measured[i].first_reactions);
        g_array_unref(measured[i].reactions);
    }
}

/* ---- hostile guests ---- */

static void
let_them(World *world, enum scale_command command)
{
    for (guint i = 0; i < HOSTILE; i++)
        scale_guests_tell(world->guests, i, command);
}

/* A neighbour's reaction beside guests that only spin and beside hostile ones, in turns. */
static void
hostile_once(const char *name, enum scale_command command)
{
    g_autoptr(GArray) warm = samples_new();
    g_autoptr(GArray) beside_spin = samples_new();
    g_autoptr(GArray) beside_hostile = samples_new();
    g_autofree char *row = g_strdup_printf("neighbour of %u that %s", HOSTILE, name);
    gint64 longest = 0, spent = 0, took = 0;
    Summary floor;
    World world;

    open_world(&world, HOSTILE_DOMAINS, "shared");
    take_first_reactions(&world, warm, HOSTILE);
    for (guint turn = quick ? 2 : 5; turn > 0; turn--) {
        gint64 began, before;

        let_them(&world, SCALE_SPIN);
        turn_for(REST_US / 4);
        take_reactions(&world, beside_spin, quick ? 15 : 40, HOSTILE, 5000);
        let_them(&world, command);
        turn_for(REST_US);
        loop.longest_us = 0;
        began = g_get_monotonic_time();
        before = processor_time();
        take_reactions(&world, beside_hostile, quick ? 15 : 40, HOSTILE, 5000);
        spent += processor_time() - before;
        took += g_get_monotonic_time() - began;
        longest = MAX(longest, loop.longest_us);
        let_them(&world, SCALE_QUIET);
    }
    floor = summarize(beside_spin);
    missed |= !report_row(row, beside_hostile, &floor, quick ? 4 : 0);
    printf("%-38s the daemon takes %.1f %% of a CPU; its main loop was away for %.1f ms at most\n",
           "", 100.0 * (double)spent / (double)took, (double)longest / 1000);
    report_value(row, "cpu", 100.0 * (double)spent / (double)took, "%");
    report_value(row, "main_loop_away", (double)longest, "us");
    close_world(&world);
}

static void
hostile(void)
{
    printf("\n");
    report_head();
    hostile_once("repeat a frame", SCALE_REPEAT);
    hostile_once("have a CPU come and go", SCALE_FLIP);
    hostile_once("change 500 tasks", SCALE_CHURN);
}

/* One descriptor a domain, and as many in the guests' process. */
static void
allow_files(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static GLogWriterOutput
drop_messages(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user_data)
{
    return level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)
               ? g_log_writer_standard_streams(level, fields, n, user_data)
               : G_LOG_WRITER_HANDLED;
}

/* bench-scale [scale|hostile] */
int
main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    g_autofree char *xml = capabilities();

    quick = g_getenv("BENCH_QUICK") != NULL;
    allow_files();
    g_log_set_writer_func(drop_messages, NULL, NULL);
    g_main_context_set_poll_func(NULL, poll_counted);
    fake_libvirt_set_host(HOST_CPUS, xml);
    fake_libvirt_watch_pins(on_pin, NULL);
    printf("%u host CPUs, domains of %u vCPUs, a libvirt that answers at once\n\n", HOST_CPUS,
           SCALE_VCPUS);
    if (!only || g_str_equal(only, "scale"))
        scale();
    if (!only || g_str_equal(only, "hostile"))
        hostile();
    return report_end() && !(quick && missed) ? EXIT_SUCCESS : EXIT_FAILURE;
}
