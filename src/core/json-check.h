/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether JSON from outside may be given to json-glib, which parses by recursion and takes more
 * than JSON: comments, other quotes, assignments. Pure.
 */
#pragma once

#include <glib.h>

/* Nothing that is read here from outside is nested deeper. */
#define BPFPV_JSON_DEPTH_MAX 64

/**
 * bpfpv_json_is_harmless:
 * @text: @length bytes, of whatever kind
 *
 * Refuses what is nested deeper than %BPFPV_JSON_DEPTH_MAX, and whatever JSON does not have outside
 * of strings: within the comments and quotes that json-glib takes besides, brackets could not be
 * counted. What it lets through need not be JSON.
 */
gboolean bpfpv_json_is_harmless(const char *text, gsize length);
