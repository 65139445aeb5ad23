/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a thing costs, from rates measured in turns without and with it: A B A B … A. Each B is held
 * against the A before and the A after it, and so is each inner A: what A against A says is noise,
 * and nothing smaller than that is a cost. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
    GArray *without; /* of double: operations a second; one more than with */
    GArray *with;
} Rates;

typedef struct {
    double without; /* medians, operations a second */
    double with;
    double cost;  /* median, percent more time for an operation */
    double error; /* of cost: plus or minus percent */
    double noise; /* half of A against A lies within plus or minus so many percent */
} Comparison;

typedef enum {
    COMPARE_MET,    /* certainly at most the aim */
    COMPARE_UNSURE, /* the aim lies within the error */
    COMPARE_MISSED, /* certainly more */
} CompareVerdict;

Rates *rates_new(void);
void rates_free(Rates *rates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rates, rates_free)

/**
 * compare_rates:
 * @rates: at least three rates with, four without
 */
Comparison compare_rates(const Rates *rates);

/* @aim: percent */
CompareVerdict compare_verdict(const Comparison *comparison, double aim);
