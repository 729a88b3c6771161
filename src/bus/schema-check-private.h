/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/schema-check.h"

G_BEGIN_DECLS

struct _BusSchemaCheck {
    JsonNode *root;
    GHashTable *patterns; /* text → GRegex, both owned */
    GPtrArray *ignored;   /* JSON pointers, NULL-terminated */
};

/** bus_schema_resolve: (nullable) (transfer none): what "#/a/b" stands for in the schema @root */
JsonNode *bus_schema_resolve(JsonNode *root, const char *reference);

/** bus_schema_push: appends "/@name" to a JSON pointer; returns its length before, to cut it at */
gsize bus_schema_push(GString *pointer, const char *name);
gsize bus_schema_push_index(GString *pointer, unsigned index);

G_END_DECLS
