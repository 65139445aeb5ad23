/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Holds JSON against one of data/json-schema, as far as these schemas go: type,
 * properties, required, items, enum, pattern, minimum, anyOf, $ref within the
 * schema. Stricter than JSON Schema in one thing: a member that the schema does
 * not know is a mistake, for it is not documented.
 */
#pragma once

#include <glib.h>

/* @name: "list", "show", …; @json: what was printed. Fails the test if the one is not the other. */
void json_schema_assert(const char *name, const char *json);
/* Returns: (transfer full) (nullable): what is wrong, with where; NULL if nothing is */
char *json_schema_find_mistake(const char *name, const char *json);
