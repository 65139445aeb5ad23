/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the integration tests share beyond the bed: what bpfpvctl tells of a domain. */
#pragma once

#include "tests/bed/bed.h"

/* Runs "bpfpvctl attach" on a running guest and waits until it is active. */
void itest_attach(BedGuest *guest);

/* A <bpfpv> element in whose shared mode a guest's pins depend on its own tasks alone. */
#define ITEST_SHARED                                                                               \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"                                  \
    "<placement mode='shared'/></program></bpfpv>"

/* Pins a task of @guest to CPU 1, sees its vCPU follow, ends it, and sees it released. */
void itest_assert_served(BedGuest *guest);

/* "bpfpvctl show": a vCPU's "want", "why", "original", …; g_free(). */
char *itest_vcpu(BedGuest *guest, guint vcpu, const char *member);
/* The same of the emulator, or of an I/O thread: "" where there is no such. */
char *itest_emulator(BedGuest *guest, const char *member);
char *itest_iothread(BedGuest *guest, guint id, const char *member);
/* Its "tasks". */
gint64 itest_tasks(BedGuest *guest, guint vcpu);
/* Keys in the replica of the first program; -1 where there is none. */
gint64 itest_keys(BedGuest *guest);
/* Its generation: grows with every snapshot of one loader. */
gint64 itest_generation(BedGuest *guest);
/* Its losses, as of its last snapshot. */
gint64 itest_lost(BedGuest *guest);
/* What the guest's /proc says: a line "ID LIST" for each task that may not run everywhere, by id.
 * @operations: (nullable): bed-churn's driver does so many first, "25". g_free() */
char *itest_truth(BedGuest *guest, const char *operations);
/* The host's copy in the same words; g_free(). */
char *itest_replica(BedGuest *guest);
/* Prints what only one of the two has. Returns: how many lines only the guest has */
guint itest_print_difference(BedGuest *guest);
/* The domain's "reason"; g_free(). */
char *itest_reason(const char *domain);

/* Wait until they are what they should be. */
void itest_assert_want(BedGuest *guest, guint vcpu, const char *want, gint64 tasks);
void itest_assert_keys(BedGuest *guest, gint64 keys);
/* Wait until the reason contains @part. */
void itest_assert_reason(const char *domain, const char *part);

/* Host CPUs without one: what is left to others where an anchor has it; g_free(). Fails where CPUs
 * 0 and 1 are not both there. */
char *itest_cpus_but(int cpu);
/* How many there are. */
guint itest_n_cpus(void);

/* Hears from now on what is pinned; for half a minute, after which libvirtd takes who does not
 * answer it in between for dead. */
void itest_listen(void);
/* Whatever was heard so far. Returns: (transfer none) (element-type utf8): "DOMAIN vcpupin1 0-1" */
GPtrArray *itest_heard(void);
/* How often that was of @thread, "vcpupin1", of @guest. */
guint itest_count_heard(BedGuest *guest, const char *thread);
/* Waits until it was so often, and not more. */
void itest_await_heard(BedGuest *guest, const char *thread, guint n);

/* "bpfpvd --restore": puts back what a daemon that died has left. */
void itest_restore(void);

/* Writes a bpfpvd.conf and returns "--config=FILE"; g_free(). */
char *itest_config(const char *text);
/* Starts the daemons of both hosts, with these bpfpvd.confs; the first host stays the present one.
 */
void itest_start_daemons(const char *first, const char *second);

/* The loader's process id in the guest; 0 where none runs. */
gint64 itest_loader(BedGuest *guest);

/* ---- calls of bpfpvd that come late (itest-late.c) ---- */

/* Daemons that are started from now on do what the functions below say. */
void itest_late_calls(void);
/* Each call with which it changes a domain waits for up to so many ms; NULL: for none. */
void itest_late_delay(const char *ms);
/* Such calls wait: "attach", "detach", "note", "pin" or "agent", a dash, and the domain's name. */
void itest_late_hold(const char *call);
/* Until one does. */
void itest_late_wait(const char *call);
/* Lets it go on. */
void itest_late_release(const char *call);
