/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The <status> element that the daemon keeps in a managed domain's live XML:
 * for people with virsh, for the hook, and for the daemon that a domain
 * migrates to. Written and read here; whose a pin is by it, pin-owner.h says.
 * Pure.
 */
#pragma once

#include <libxml/tree.h>

#include "core/plan/plan.h"
#include "xml/document.h"

typedef struct {
    char *name;
    char *attach; /* how the guest's kernel runs it */
} BpfpvStatusProgram;

/* Where a thread's original comes from. */
typedef enum {
    BPFPV_ORIGIN_UNKNOWN, /* an earlier version's status, which does not say */
    BPFPV_ORIGIN_PIN,     /* a pin of its own: <vcpupin>, <emulatorpin>, <iothreadpin> */
    BPFPV_ORIGIN_VCPU,    /* none: <vcpu cpuset> */
    BPFPV_ORIGIN_NOTHING, /* none, and no <vcpu cpuset>: any host CPU */
} BpfpvOrigin;

/* A vCPU, the emulator or an I/O thread. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;              /* a vCPU's or an I/O thread's number; 0 for the emulator */
    guint tasks;           /* of a vCPU: that want it so */
    char *want;            /* (nullable): of a vCPU */
    BpfpvCpuset *cpus;     /* (nullable): what it shall have */
    BpfpvCpuset *applied;  /* (nullable): what it has */
    BpfpvCpuset *pinned;   /* (nullable): what libvirt was given, where that is something else */
    BpfpvCpuset *pending;  /* (nullable): what libvirt is being given, where that is neither of
                            * @cpus and @applied */
    BpfpvCpuset *last;     /* (nullable): of a vCPU: what it had before it came to float, or to be
                            * anchored: it may be given that again without a status that says so */
    BpfpvCpuset *original; /* (nullable): what it had before */
    BpfpvOrigin origin;
    gboolean fixed; /* an administrator has pinned it meanwhile: that is the original */
    char *why;      /* (nullable) */
} BpfpvStatusThread;

typedef struct {
    char *state;         /* (nullable) */
    char *reason;        /* (nullable) */
    char *invalid;       /* (nullable): what is wrong with the present <bpfpv> element */
    char *plugged;       /* (nullable): the channel that bpfpv has plugged in, and takes away */
    GPtrArray *programs; /* of BpfpvStatusProgram */
    GPtrArray *vcpus;    /* of BpfpvStatusThread */
    GPtrArray *threads;  /* of BpfpvStatusThread: all but the vCPUs */
} BpfpvStatus;

BpfpvStatus *bpfpv_status_new(void);
/* Returns: (transfer full): the same one; not for other threads of the process */
BpfpvStatus *bpfpv_status_ref(BpfpvStatus *status);
void bpfpv_status_free(BpfpvStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvStatus, bpfpv_status_free)
void bpfpv_status_thread_free(BpfpvStatusThread *thread);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvStatusThread, bpfpv_status_thread_free)
/* Returns: (transfer none): a new one, to be filled in */
BpfpvStatusThread *bpfpv_status_add_thread(BpfpvStatus *status, BpfpvThreadKind kind, guint id);
BpfpvStatusProgram *bpfpv_status_add_program(BpfpvStatus *status, const char *name);
/* @status: (nullable)
 * Returns: (transfer none) (nullable) */
const BpfpvStatusThread *bpfpv_status_find_thread(const BpfpvStatus *status, BpfpvThreadKind kind,
                                                  guint id);

/**
 * bpfpv_status_format:
 *
 * Returns: (transfer full): the element, as virDomainSetMetadata() takes it
 */
char *bpfpv_status_format(const BpfpvStatus *status);

/**
 * bpfpv_status_read:
 * @root: <domain>
 *
 * Reads what a daemon needs of it: per vCPU and thread the original and whose the pin is, and what
 * a vCPU was wanted for.
 * What makes no sense is left out.
 *
 * Returns: (transfer full) (nullable): %NULL where the domain has none
 */
BpfpvStatus *bpfpv_status_read(const xmlNode *root);

/* @status: (nullable): the element
 * Returns: whether it says where originals come from; those of earlier versions don't always */
gboolean bpfpv_status_tells_origins(const xmlNode *status);
/* Reads one of its elements. Returns: (transfer full) (nullable): %NULL where it is of no thread */
BpfpvStatusThread *bpfpv_status_thread_read(const xmlNode *node, gboolean tells_origins);

/* Returns: (transfer none) (nullable): the element itself */
xmlNode *bpfpv_status_find(const xmlNode *root);
