/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt that is asked instead of the real one, with a domain of two vCPUs and an I/O thread.
 * As the real one, every call clears the calling thread's last error first, those that cannot fail
 * too. One call can be made to fail.
 */
#pragma once

#include <glib.h>

/* What the chosen call fails with. */
#define FAKE_LIBVIRT_MESSAGE "the reason of the call that failed"

/* @call: (nullable): the name of the function that fails from now on, with libvirt's error @code */
void fake_libvirt_fail(const char *call, int code);

typedef struct {
    const char *uuid;
    const char *name;
    int id;          /* -1: shut off */
    const char *xml; /* (nullable) */
} FakeGuest;

/* Replaces all domains; at first there is one, called "fake". @guests: borrowed until they are
 * replaced, the last one without a UUID */
void fake_libvirt_set_guests(const FakeGuest *guests);

/* @n_cpus: of the host from now on, all online; four at first. @capabilities: (nullable): its XML;
 * borrowed */
void fake_libvirt_set_host(guint n_cpus, const char *capabilities);

/* @func: (nullable): called in the thread that makes a pin call for a vCPU, instead of that being
 * kept for fake_libvirt_pins(). @n_cpus: that it may run on now */
typedef void (*FakePinFunc)(const char *name, guint vcpu, guint n_cpus, gpointer user_data);
void fake_libvirt_watch_pins(FakePinFunc func, gpointer user_data);

/* Says that a run of the domain has begun or ended: VIR_DOMAIN_EVENT_STARTED, _STOPPED. */
void fake_libvirt_lifecycle(const char *uuid, int event);

/* Returns: connections opened so far */
guint fake_libvirt_opened(void);

/* The connection is lost. */
void fake_libvirt_close(void);

/* @call: (nullable): virDomainGetXMLDesc, virDomainGetVcpuPinInfo, virDomainSetMetadata or
 * virDomainPinVcpuFlags of domain @uuid: has its answer, and gives it when another call is named,
 * or none */
void fake_libvirt_hold(const char *call, const char *uuid);

/* How many of that call wait. */
guint fake_libvirt_held(void);

/* Returns: (transfer full): the pin calls for vCPUs, in order: "NAME 0:0-1 NAME 1:2 " */
char *fake_libvirt_pins(void);

/* Returns: (transfer full): the calls that a daemon had to answer since this was asked last, in
 * order and without their "vir": "ConnectOpen DomainLookupByUUIDString "; at first from then on */
char *fake_libvirt_calls(void);

/* What the domain's monitor does from now on: VIR_DOMAIN_CONTROL_OK, as at first, _JOB. */
void fake_libvirt_set_control_state(int state);

/* How many vCPUs the domain has from now on; two at first. */
void fake_libvirt_set_vcpus(int n);

/* (nullable): what the agent answers from now on; copied. NULL: as at first. */
void fake_libvirt_set_answer(const char *answer);

/* QEMU tells of a port. @details: (nullable) */
void fake_libvirt_port_event(const char *details);

/* How often that call has failed since. */
guint fake_libvirt_failures(void);
