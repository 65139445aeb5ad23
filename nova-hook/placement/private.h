/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of placement-api share: a request, and JSON to send. */
#pragma once

#include <json-glib/json-glib.h>

#include "nova-hook/placement/api.h"

/* Returns: (transfer full): an answer that says yes */
BpfpvHttpAnswer *bpfpv_placement_call(BpfpvPlacementApi *api, const char *method, const char *path,
                                      const char *json, GCancellable *cancellable, GError **error);
/* The same, where what is answered does not matter. */
gboolean bpfpv_placement_do(BpfpvPlacementApi *api, const char *method, const char *path,
                            const char *json, GCancellable *cancellable, GError **error);
/* For what was read: says which answer it was that can't be right. Returns: @is_right */
gboolean bpfpv_placement_explain(gboolean is_right, const char *path, GError **error);

/* Returns: (transfer full) */
char *bpfpv_placement_path(const char *uuid, const char *rest);
/* @builder: (transfer full). Returns: (transfer full) */
char *bpfpv_placement_json(JsonBuilder *builder);
void bpfpv_placement_add_integer(JsonBuilder *builder, const char *name, gint64 value);
void bpfpv_placement_add_string(JsonBuilder *builder, const char *name, const char *value);
