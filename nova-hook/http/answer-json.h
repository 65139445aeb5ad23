/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that is not trusted, for answer.c and answer-token.c: typed members, errors that say which.
 */
#pragma once

#include <json-glib/json-glib.h>

/* Returns: (transfer full): the object that @text is; no more than 64 levels deep */
JsonObject *bpfpv_json_parse(const char *text, gsize length, GError **error);

/* The member @name of @object, of the right type; else NULL with @error (nullable) set. Borrowed.
 */
JsonObject *bpfpv_json_object(JsonObject *object, const char *name, GError **error);
JsonArray *bpfpv_json_array(JsonObject *object, const char *name, GError **error);
const char *bpfpv_json_string(JsonObject *object, const char *name, GError **error);
gboolean bpfpv_json_integer(JsonObject *object, const char *name, gint64 *value, GError **error);

/* Returns: (transfer none) (nullable): element @index, if it is an object */
JsonObject *bpfpv_json_element(JsonArray *array, guint index);
/* Returns: (transfer none) (nullable): element @index, if it is a string */
const char *bpfpv_json_string_element(JsonArray *array, guint index);
