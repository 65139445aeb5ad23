/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Nova writes into the metadata of an instance's domain: <instance> in its own namespace,
 * version 1.0 or 1.1. Only what bpfpv can have to do with is kept. Pure but for libxml2.
 */
#pragma once

#include <libxml/tree.h>

#include <glib.h>

#define BPFPV_NOVA_SPEC_PREFIX "bpfpv:"
#define BPFPV_NOVA_PROPERTY_PREFIX "hw_bpfpv_"
#define BPFPV_NOVA_RESOURCE "CUSTOM_BPFPV_ANCHOR"

typedef struct {
    char *name; /* without its prefix; not trusted */
    char *value;
} BpfpvNovaPair;

typedef struct {
    char *flavor;          /* (nullable): its name; an administrator's, and still not trusted */
    GPtrArray *specs;      /* of BpfpvNovaPair: extra specs that begin with "bpfpv:" */
    GPtrArray *properties; /* the same: the image's that begin with "hw_bpfpv_"; a tenant's */
    gboolean has_anchors;  /* the flavor requests CUSTOM_BPFPV_ANCHOR */
    guint anchors;         /* and so many of it */
} BpfpvNova;

/**
 * bpfpv_nova_read:
 * @root: <domain>
 *
 * Extra specs and image properties are there as of Nova 32 (2025.2), the flavor's name always.
 *
 * Returns: (transfer full) (nullable): %NULL where the domain is not of Nova
 */
BpfpvNova *bpfpv_nova_read(const xmlNode *root);
void bpfpv_nova_free(BpfpvNova *nova);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvNova, bpfpv_nova_free)
