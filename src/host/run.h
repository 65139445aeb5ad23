/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of a domain: its UUID and the id that libvirt gave it when it was started. libvirt finds
 * a domain by its UUID alone, so that a call meant for one run lands on the next if the domain is
 * started again meanwhile: whoever calls looks before, and again afterwards.
 */
#pragma once

#include "host/virt.h"

/**
 * BpfpvRunError:
 * @BPFPV_RUN_ERROR_OVER: the domain has ended, or was started again: nothing is to be done for that
 *     run any more. A normal end and no fault; libvirt's event follows.
 */
typedef enum {
    BPFPV_RUN_ERROR_OVER,
} BpfpvRunError;

#define BPFPV_RUN_ERROR (bpfpv_run_error_quark())
GQuark bpfpv_run_error_quark(void);

/**
 * bpfpv_run_check:
 * @uuid: the domain's
 * @id: libvirt's id of the run that is meant
 * @error: return location, %BPFPV_RUN_ERROR_OVER
 *
 * Asks libvirt. Blocks: call from a worker.
 *
 * Returns: %FALSE with @error set if that run is over; %TRUE also where libvirt can't be asked
 */
gboolean bpfpv_run_check(virConnectPtr connection, const char *uuid, int id, GError **error);

/**
 * bpfpv_run_explain:
 * @error: (inout): why a call for the run failed
 *
 * Replaces @error by %BPFPV_RUN_ERROR_OVER if the run is over: whatever libvirt said is a
 * consequence of that. Blocks.
 */
void bpfpv_run_explain(virConnectPtr connection, const char *uuid, int id, GError **error);

/* @error: (nullable) */
gboolean bpfpv_run_is_over(const GError *error);

/* ---- how it is (run-look.c) ---- */

/**
 * bpfpv_run_is_held:
 *
 * Blocks, but waits for no job of the domain's.
 *
 * Returns: whether a job has @domain now that lets no pin call through: migration, save, dump
 */
gboolean bpfpv_run_is_held(virDomainPtr domain);

typedef enum {
    BPFPV_RUN_OVER, /* libvirt says so: no such domain, shut off, or started again */
    BPFPV_RUN_HELD, /* another job has it: migration, save, dump; changes would wait */
    BPFPV_RUN_FREE,
} BpfpvRunState;

/**
 * bpfpv_run_look:
 * @id: libvirt's id of the run that is meant
 * @state: (out): how it is
 * @error: return location, domain %BPFPV_VIRT_ERROR
 *
 * Opens a connection and blocks: call from a worker. Waits for no job of the domain's.
 *
 * Returns: %FALSE with @error set where libvirt can't be asked or fails to answer: what can't be
 *   found out is no state
 */
gboolean bpfpv_run_look(const char *uri, const char *uuid, int id, BpfpvRunState *state,
                        GError **error);
