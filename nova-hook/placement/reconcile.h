/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what Placement has and what it should have to what is to be done. Pure.
 *
 * Traits that begin with CUSTOM_BPFPV are ours, all others somebody else's. The order is such that
 * the scheduler never sees a trait without anchors behind it: anchors come before the trait, and
 * the trait goes first.
 */
#pragma once

#include "nova-hook/http/answer.h"

#define BPFPV_TRAIT "CUSTOM_BPFPV"
#define BPFPV_ANCHOR_CLASS "CUSTOM_BPFPV_ANCHOR"
/* The program that asks for anchors. */
#define BPFPV_ANCHOR_PROGRAM "affinity"
/* The child provider's name is the host's provider's with this behind it. */
#define BPFPV_CHILD_SUFFIX "_bpfpv"

/* What Placement has. */
typedef struct {
    BpfpvProvider *root;  /* the host's provider; generation: as of its traits */
    char **traits;        /* its traits, sorted */
    BpfpvProvider *child; /* (nullable); generation: as of its inventory */
    gboolean has_inventory;
    BpfpvInventory inventory; /* the child's anchors */
    gint64 used;              /* anchors that instances hold */
} BpfpvObserved;

/* What it should have. */
typedef struct {
    char **traits;   /* of ours; none: the host is not to be used */
    guint anchors;   /* to be had; 0: nothing new may land */
    gboolean remove; /* the child, too, is to go, if no instance uses it */
} BpfpvDesired;

typedef enum {
    BPFPV_ACTION_CREATE_TRAIT, /* @trait, the word itself */
    BPFPV_ACTION_SET_TRAITS,   /* @traits, all of the host's provider */
    BPFPV_ACTION_CREATE_CLASS, /* of anchors, the word itself */
    BPFPV_ACTION_CREATE_CHILD,
    BPFPV_ACTION_CREATE_INVENTORY, /* @inventory, of the child */
    BPFPV_ACTION_SET_INVENTORY,    /* the same, which is there already */
    BPFPV_ACTION_DELETE_CHILD,
} BpfpvActionType;

typedef struct {
    BpfpvActionType type;
    char *trait;
    char **traits;
    BpfpvInventory inventory;
} BpfpvAction;

void bpfpv_observed_free(BpfpvObserved *observed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvObserved, bpfpv_observed_free)
void bpfpv_desired_free(BpfpvDesired *desired);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvDesired, bpfpv_desired_free)

/**
 * bpfpv_desired_new:
 * @programs: (nullable): the names of guest programs; %NULL: the host is not to be used
 * @anchors: how many anchors it has to give
 */
BpfpvDesired *bpfpv_desired_new(const char *const *programs, guint anchors);

/* Whether it is ours: CUSTOM_BPFPV, or begins with that and "_". */
gboolean bpfpv_trait_is_ours(const char *trait);
/* Returns: (transfer full): CUSTOM_BPFPV_NAME of a program */
char *bpfpv_trait_of_program(const char *program);

/* Returns: (transfer full) (element-type BpfpvAction): in the order in which to do it; empty: all
 * is as it should be */
GPtrArray *bpfpv_reconcile(const BpfpvDesired *desired, const BpfpvObserved *observed);

/* Returns: (transfer full): what was done, for people */
char *bpfpv_action_describe(const BpfpvAction *action, const BpfpvObserved *observed);
