/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A private bus and, on it, a service that looks like bpfpvd and does what a
 * test tells it. It answers from a thread of its own, so that the test may block.
 */
#pragma once

#include <gio/gio.h>

#define FAKE_DOMAIN "web1"
#define FAKE_UUID "7f1c2d3e-0000-4000-8000-000000000001"
/* Another domain; what steps say of it, Show says too, and any other's name is FAKE_DOMAIN. */
#define FAKE_OTHER "web2"
#define FAKE_OTHER_UUID "7f1c2d3e-0000-4000-8000-00000000ffff"

/* What Metrics returns. */
#define FAKE_METRICS                                                                               \
    "# TYPE a_bytes counter\n# UNIT a_bytes bytes\n# HELP a_bytes Sent, of all.\n"                 \
    "a_bytes_total{b=\"# TYPE x counter\"} 1\n# TYPE c gauge\n# HELP c Now.\nc 2\n# EOF\n"

/* Prints a TAP plan that skips all and returns FALSE if no private bus can be started. */
gboolean fake_bus_is_possible(void);

typedef struct _FakeManager FakeManager;

/* What Attach sets off, unless it is of FAKE_OTHER, in order. */
typedef struct {
    guint delay_ms;    /* after Attach's reply; 0: before the reply */
    const char *state; /* NULL ends the list */
    const char *reason;
    const char *domain; /* NULL: FAKE_DOMAIN; another: that one's signal, FAKE_DOMAIN stays */
    gboolean is_silent; /* Show has it, no signal tells */
    gboolean is_death;  /* the service leaves the bus instead */
} FakeStep;

/* Takes the name on the bus; ends the test if that fails. */
FakeManager *fake_manager_new(const char *bus_address);
void fake_manager_free(FakeManager *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeManager, fake_manager_free)

/* What List, Show and Map return, in GVariant text format; must be static. */
void fake_manager_set_list(FakeManager *fake, const char *domains);
void fake_manager_set_show(FakeManager *fake, const char *status);
void fake_manager_set_map(FakeManager *fake, const char *map);
/* The properties, in the same format, must be static; says that they changed. */
void fake_manager_set_host(FakeManager *fake, const char *host);
/* Every call now fails with this D-Bus error; NULL: none does. Must be static. */
void fake_manager_set_error(FakeManager *fake, const char *name, const char *message);
/* The service leaves the bus instead of answering the next call. */
void fake_manager_set_death(FakeManager *fake);
/* Must be static. */
void fake_manager_set_steps(FakeManager *fake, const FakeStep *steps);
/* Sends one signal now. */
void fake_manager_emit(FakeManager *fake, const char *state, const char *reason);
/* Sends Changed of FAKE_DOMAIN now. */
void fake_manager_emit_changed(FakeManager *fake);
/* The calls so far: "Attach(web1) Show(web1)" */
char *fake_manager_get_calls(FakeManager *fake);
