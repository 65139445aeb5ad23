/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The <status> element that the daemon keeps in a managed domain's live XML:
 * for people with virsh, for the hook, and for the daemon that a domain
 * migrates to. Written and read here; pure.
 */
#pragma once

#include <libxml/tree.h>

#include "core/plan/plan.h"
#include "xml/document.h"

typedef struct {
    char *name;
    char *attach; /* how the guest's kernel runs it */
} BpfpvStatusProgram;

typedef struct {
    guint vcpu;
    guint tasks;           /* that want it so */
    char *want;            /* (nullable) */
    BpfpvCpuset *cpus;     /* (nullable): what it shall have */
    BpfpvCpuset *applied;  /* (nullable): what it has */
    BpfpvCpuset *original; /* (nullable): what it had before */
    gboolean unpinned;     /* the original is no pin, but all that the host has */
    gboolean fixed;        /* an administrator has pinned it meanwhile */
    char *why;             /* (nullable) */
} BpfpvStatusVcpu;

/* One of QEMU's threads that are no vCPUs. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;              /* an I/O thread's number */
    BpfpvCpuset *applied;  /* (nullable) */
    BpfpvCpuset *original; /* (nullable) */
    gboolean unpinned;     /* as a vCPU's */
    gboolean fixed;
    char *why; /* (nullable) */
} BpfpvStatusThread;

typedef struct {
    char *state;         /* (nullable) */
    char *reason;        /* (nullable) */
    char *invalid;       /* (nullable): what is wrong with the present <bpfpv> element */
    char *plugged;       /* (nullable): the channel that bpfpv has plugged in, and takes away */
    GPtrArray *programs; /* of BpfpvStatusProgram */
    GPtrArray *vcpus;    /* of BpfpvStatusVcpu */
    GPtrArray *threads;  /* of BpfpvStatusThread */
} BpfpvStatus;

BpfpvStatus *bpfpv_status_new(void);
void bpfpv_status_free(BpfpvStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvStatus, bpfpv_status_free)
/* Returns: (transfer none): a new one, to be filled in */
BpfpvStatusVcpu *bpfpv_status_add_vcpu(BpfpvStatus *status, guint vcpu);
BpfpvStatusThread *bpfpv_status_add_thread(BpfpvStatus *status, BpfpvThreadKind kind, guint id);
BpfpvStatusProgram *bpfpv_status_add_program(BpfpvStatus *status, const char *name);

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

/* Returns: (transfer none) (nullable): the element itself */
xmlNode *bpfpv_status_find(const xmlNode *root);
