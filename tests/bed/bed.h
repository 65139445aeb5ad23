/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fixture of the integration tests: real guests, a real bpfpvd, and what can be seen of them from
 * outside. For programs that run inside "tests/bed/bed run", which removes all that a test leaves.
 *
 * A function that can't do what it is for fails the running cmocka test, with the reason, unless
 * its comment says otherwise. From one thread only.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

typedef struct _BedGuest BedGuest;
typedef struct _BedDaemon BedDaemon;

/* All members may be left out. The XML ones go into tests/bed/domain.xml as they are. */
typedef struct {
    const char *name; /* of the domain: "guest" */
    guint vcpus;      /* 2 */
    guint max_vcpus;  /* that may be plugged in; as vcpus */
    guint memory_mib; /* 384; of a stock guest 512 */
    gboolean stock;   /* a whole Debian; the world needs "bed run --stock" */
    gboolean no_agent_channel;
    gboolean with_channel;    /* org.bpfpv.0 in the definition */
    gboolean no_wait;         /* return as soon as it is started */
    const char *cmdline;      /* for the kernel; bed.agent=off, bed.agent_block=COMMAND,... */
    const char *metadata_xml; /* what goes into <metadata> */
    const char *cputune_xml;  /* <cputune>, <numatune>: elements after <vcpu> */
    const char *vcpu_cpuset;  /* <vcpu cpuset=...> */
    const char *cpu_xml;      /* into <cpu>: <topology>, <numa> */
    const char *devices_xml;  /* more devices */
} BedGuestOptions;

/* Milliseconds that fit what takes a moment here, and what takes a boot. */
#define BED_SOON 20000
#define BED_BOOT 240000

/* ---- waiting and failing (bed.c) ---- */

/**
 * bed_wait:
 *
 * Checks @condition at once, then every 50 ms, the last time when @timeout_ms are over.
 *
 * Returns: whether it held; never fails the test
 */
gboolean bed_wait(gboolean (*condition)(gpointer), gpointer data, guint timeout_ms);

/* Fails the test with a message, after showing "bpfpvctl show" and the ends of all logs. */
void bed_fail(const char *format, ...) G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN;

/* cmocka teardown: removes the guests and kills the daemons that the test has left. */
int bed_cleanup(void **state);

/* The connection that the fixture uses, opened when needed; (transfer none). */
virConnectPtr bed_connect(void);

/* Runs bed-libvirtd ACTION: "stop", "start", "restart" or "kill". Closes the connection first. */
void bed_libvirtd(const char *action);

/* ---- guests (bed-guest.c) ---- */

/**
 * bed_guest_start:
 * @options: (nullable): all defaults if %NULL
 *
 * Defines and starts a domain, and waits until its agent answers, if it is to have one.
 *
 * Returns: (transfer full): free with bed_guest_destroy()
 */
BedGuest *bed_guest_start(const BedGuestOptions *options);
/* Destroys it, if it runs, undefines it, and frees @guest. */
void bed_guest_destroy(BedGuest *guest);
/* The same for all that are left; for bed_cleanup(). */
void bed_guest_destroy_all(void);

/* (transfer none): valid until the guest is destroyed or libvirtd is restarted. */
virDomainPtr bed_guest_domain(BedGuest *guest);
const char *bed_guest_name(BedGuest *guest);
/* What the guest's console has said so far; g_free(). */
char *bed_guest_console(BedGuest *guest);

/* ---- inside the guest (bed-agent.c) ---- */

void bed_guest_wait_agent(BedGuest *guest);

/**
 * bed_guest_exec:
 * @status: (out) (optional): the exit status, or 128 + the signal; the test fails on any but 0 if
 *     it is %NULL
 *
 * Runs a program in the guest, for at most a minute, up to its end and that of all who hold its
 * output open. The arguments end with %NULL.
 *
 * Returns: (transfer full): what it printed; what it printed to stderr goes to the test's log
 */
char *bed_guest_exec(BedGuest *guest, int *status, const char *path, ...) G_GNUC_NULL_TERMINATED;
/* Starts it in the background; returns its process id in the guest. */
gint64 bed_guest_spawn(BedGuest *guest, const char *path, ...) G_GNUC_NULL_TERMINATED;
/* Sends @signal, and waits until a process that was killed is gone. */
void bed_guest_kill(BedGuest *guest, gint64 pid, int signal);

/* What its agent returns to a command, a JSON text; (transfer full). */
JsonNode *bed_guest_ask(BedGuest *guest, const char *request);
/* Files of the guest, also where its agent runs no programs. A small one's text; g_free(). */
void bed_guest_write(BedGuest *guest, const char *path, const void *bytes, gsize length);
char *bed_guest_read(BedGuest *guest, const char *path);
/* Waits until its agent, which is being restarted so, runs no programs. */
void bed_guest_wait_no_exec(BedGuest *guest);

/**
 * bed_guest_task:
 *
 * Runs bed-task (tests/guest/bed-task.c) in the background, with @arguments as in a command line,
 * and waits until it has printed @n_tids task ids.
 *
 * Returns: its process id; the others go to @tids
 */
gint64 bed_guest_task(BedGuest *guest, gint64 *tids, guint n_tids, const char *arguments);

/* ---- pins (bed-pin.c) ---- */

/* All host CPUs, a vCPU's live pin, and where its thread really may run: "0-1,3"; g_free(). */
char *bed_host_cpus(void);
char *bed_vcpupin(BedGuest *guest, guint vcpu);
char *bed_vcpu_actual(BedGuest *guest, guint vcpu);

/* Wait until both the live pin and the thread's affinity are what they should be. */
void bed_assert_vcpupin(BedGuest *guest, guint vcpu, const char *cpus, guint timeout_ms);
void bed_assert_vcpupin_all(BedGuest *guest, guint vcpu, guint timeout_ms);
/* Any single CPU, which is returned. */
int bed_assert_vcpupin_single(BedGuest *guest, guint vcpu, guint timeout_ms);

/* ---- QEMU's threads that are no vCPUs (bed-thread.c) ---- */

/* As "virsh emulatorpin" and "virsh iothreadinfo" show them; g_free(). An I/O thread that is not
 * there has "". */
char *bed_emulatorpin(BedGuest *guest);
char *bed_iothreadpin(BedGuest *guest, guint id);

/* Wait until it is what it should be, QEMU's main thread too; NULL: all host CPUs. */
void bed_assert_emulatorpin(BedGuest *guest, const char *cpus, guint timeout_ms);
void bed_assert_iothreadpin(BedGuest *guest, guint id, const char *cpus, guint timeout_ms);

/* ---- bpfpvd and bpfpvctl (bed-daemon.c) ---- */

/**
 * bed_daemon_start:
 * @first: (nullable): the first of further arguments, which end with %NULL
 *
 * Starts bpfpvd and waits until it is on the bus. The command is $BPFPVD, which may be several
 * words ("valgrind ... bpfpvd"), with --guest-dir=$BPFPV_GUEST_DIR; its output goes to
 * $BED_DIR/bpfpvd.log.
 *
 * Returns: (transfer full): give it to bed_daemon_stop() or bed_daemon_kill()
 */
BedDaemon *bed_daemon_start(const char *first, ...);
/* SIGTERM; the test fails unless it ends with 0 soon. */
void bed_daemon_stop(BedDaemon *daemon);
/* The same with whatever exit status, which is returned. */
int bed_daemon_end(BedDaemon *daemon);
/* Any signal that does not end it. */
void bed_daemon_signal(BedDaemon *daemon, int signal);
/* SIGKILL; returns when it is gone. */
void bed_daemon_kill(BedDaemon *daemon);
void bed_daemon_kill_all(void);
/* What it has logged, since the first start in this world; g_free(). */
char *bed_daemon_log(void);

/**
 * bed_ctl:
 * @out: (out) (optional): what it printed
 * @err: (out) (optional): what it printed to stderr
 *
 * Runs $BPFPVCTL with the arguments, which end with %NULL.
 *
 * Returns: its exit status, or 128 + the signal
 */
int bed_ctl(char **out, char **err, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* (transfer full): "bpfpvctl show --json @domain"; %NULL when that fails. */
JsonObject *bed_ctl_show(const char *domain);
/* Waits until @domain is in @state, a name as in bpfpvctl's output. */
void bed_wait_state(const char *domain, const char *state, guint timeout_ms);

/* ---- the libvirt hook, and virsh (bed-hook.c) ---- */

/* Installs $BPFPV_HOOK, and the script that starts it, for the world's libvirtd, and restarts that.
 */
void bed_hook_install(void);
void bed_hook_remove(void);
/* Another program than $BPFPV_HOOK; %NULL: the script finds none. */
void bed_hook_set_program(const char *path);
/* Replaces its configuration, a bpfpvd.conf. */
void bed_hook_configure(const char *text);

/* Runs virsh with the arguments, which end with %NULL; as bed_ctl(). */
int bed_virsh(char **out, char **err, const char *first, ...) G_GNUC_NULL_TERMINATED;

/* ---- a second host in the world (bed-second.c) ---- */

/* Starts it: a libvirtd and a bus of its own. Everything goes on to be about the first one. */
void bed_second_start(void);
/* With the hook in its libvirtd or without; restarts that. */
void bed_second_hook(gboolean installed);
/* The one that is in it does its work or leaves everything as it is, without a restart. */
void bed_second_hook_answers(gboolean answers);
/* From now on all functions are about that host: guests, pins, bpfpvctl, virsh, daemons to start.
 */
void bed_switch(gboolean second);
gboolean bed_is_on_second(void);

/**
 * bed_migrate:
 * @xml: (nullable): a file with the XML that it is to have there
 * @err: (out) (optional): what virsh says
 *
 * Migrates a running guest from the present host to the other one. bed_switch() is the caller's.
 *
 * Returns: virsh's exit status
 */
int bed_migrate(BedGuest *guest, const char *xml, char **err);

/* The value of an environment variable that "bed run" or make sets; fails the test without it. */
const char *bed_environment(const char *name);

/**
 * bed_run:
 * @argv: program and arguments; looked for in PATH, no shell
 *
 * Returns: the exit status, or 128 + the signal
 */
int bed_run(const char *const *argv, char **out, char **err);
