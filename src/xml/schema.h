/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The <bpfpv> element's definition as data. It is read from
 * xml-schema/bpfpv.rng, which is compiled in: what the program checks, says
 * and documents, the schema says once.
 */
#pragma once

#include <glib.h>

typedef enum {
    BPFPV_SCHEMA_CHOICE,  /* one of @choices */
    BPFPV_SCHEMA_NUMBER,  /* @least to @most */
    BPFPV_SCHEMA_CPUSET,  /* CPU numbers and ranges */
    BPFPV_SCHEMA_PROGRAM, /* the name of a program */
    BPFPV_SCHEMA_PATTERN, /* what @pattern matches */
} BpfpvSchemaType;

typedef struct {
    char *name;
    char *sentence; /* for the manual */
    char *standard; /* the default, as text for people; NULL: it is required */
    char *unit;     /* (nullable) */
    char *is;       /* (nullable): what a value has to be, to follow "is not" */
    gboolean required;
    BpfpvSchemaType type;
    GPtrArray *choices; /* of char *, NULL-terminated */
    guint least;
    guint most;
    GRegex *pattern; /* (nullable) */
} BpfpvSchemaAttribute;

typedef struct _BpfpvSchemaElement {
    char *name;
    char *sentence;
    gboolean required;     /* at least one has to be there */
    gboolean repeated;     /* there may be several */
    GPtrArray *attributes; /* of BpfpvSchemaAttribute */
    GPtrArray *children;   /* of BpfpvSchemaElement */
} BpfpvSchemaElement;

/**
 * bpfpv_schema_get:
 *
 * Thread-safe; never fails, as the schema is part of the program.
 *
 * Returns: (transfer none): <bpfpv>
 */
const BpfpvSchemaElement *bpfpv_schema_get(void);

/* Returns: (transfer none) (nullable) */
const BpfpvSchemaElement *bpfpv_schema_child(const BpfpvSchemaElement *element, const char *name);
const BpfpvSchemaAttribute *bpfpv_schema_attribute(const BpfpvSchemaElement *element,
                                                   const char *name);
/* Returns: (transfer full): the names of the element's children or attributes: "a, b" or "none" */
char *bpfpv_schema_child_names(const BpfpvSchemaElement *element);
char *bpfpv_schema_attribute_names(const BpfpvSchemaElement *element);
