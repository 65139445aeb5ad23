/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Brings the loader and the program objects into a guest and starts them,
 * through whatever implements BpfpvGuestOps. Blocks: only from a worker.
 */
#pragma once

#include <glib.h>

#include "bpfpv_wire.h"
#include "core/guest-ops.h"

#define BPFPV_INJECTOR_ERROR (bpfpv_injector_error_quark())
typedef enum {
    BPFPV_INJECTOR_ERROR_PAYLOAD, /* this host's own files are unusable */
    BPFPV_INJECTOR_ERROR_GUEST,   /* the guest has no place, no command or no memory for it */
    BPFPV_INJECTOR_ERROR_REFUSED, /* the guest's kernel refuses the program */
    BPFPV_INJECTOR_ERROR_DAMAGED, /* the files did not arrive as they were sent */
    BPFPV_INJECTOR_ERROR_CHANNEL, /* the channel is missing in the guest, or taken */
    BPFPV_INJECTOR_ERROR_DENIED,  /* the guest has the file that refuses */
} BpfpvInjectorError;
GQuark bpfpv_injector_error_quark(void);

/* The files to inject, read and digested once per daemon. */
typedef struct _BpfpvPayload BpfpvPayload;

/**
 * bpfpv_payload_load:
 * @directory: holds bpfpv-guest, perhaps bpfpv-guest.packed, and NAME.bpf.o
 * @programs: (element-type utf8): names without suffix
 */
BpfpvPayload *bpfpv_payload_load(const char *directory, const GPtrArray *programs, GError **error);
BpfpvPayload *bpfpv_payload_ref(BpfpvPayload *payload);
void bpfpv_payload_unref(BpfpvPayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPayload, bpfpv_payload_unref)

/**
 * bpfpv_payload_set_options:
 * @options: (nullable): further options for every loader that is started, as tests want them
 */
void bpfpv_payload_set_options(BpfpvPayload *payload, char **options);

/**
 * bpfpv_payload_size:
 *
 * Returns: bytes that an injection sends
 */
gsize bpfpv_payload_size(const BpfpvPayload *payload);

/**
 * bpfpv_payload_matches:
 * @name: (nullable): a program's name; %NULL for the loader
 *
 * Returns: whether @digest is that of the file this payload holds
 */
gboolean bpfpv_payload_matches(const BpfpvPayload *payload, const char *name,
                               const guint8 digest[BPFPV_WIRE_DIGEST_LEN]);

typedef struct {
    const GPtrArray *programs; /* (element-type utf8): which of the payload's to start */
    const char *session;       /* 32 hex digits */
    const char *channel;       /* the virtio channel's target name */
    guint max_keys;
    const char *directory; /* (nullable): of the guest; NULL: one that is not on disk */
    guint timeout_s;       /* for the loader to attach */
} BpfpvInjection;

/**
 * bpfpv_inject:
 *
 * Finds a directory of the guest that is not on disk and allows execution
 * (or takes the one that is asked for),
 * makes a new one in it, writes the files, starts the loader and waits until
 * it has attached. The loader removes the files; where it can't, this does.
 */
gboolean bpfpv_inject(BpfpvGuestOps *ops, const BpfpvPayload *payload,
                      const BpfpvInjection *injection, GError **error);
