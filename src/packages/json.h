/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PACKAGES_JSON_MAX_DEPTH 64

/**
 * packages_json_parse:
 * @data: a JSON document
 * @size_bytes: its length
 * @error: %PACKAGES_ERROR_INVALID, with line or byte
 *
 * json-glib's parser goes as deep as the text says; this one refuses more than 64 levels first.
 *
 * Returns: (transfer full): its value
 */
JsonNode *packages_json_parse(const char *data, size_t size_bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_json_object: (transfer none) (nullable): @node as an object */
JsonObject *packages_json_object(JsonNode *node);

/** packages_json_string: (transfer none) (nullable): member @name of @object, if it is text */
const char *packages_json_string(JsonObject *object, const char *name);

/** packages_json_array: (transfer none) (nullable): member @name of @object, if it is a list */
JsonArray *packages_json_array(JsonObject *object, const char *name);

/** packages_json_member: (transfer none) (nullable): member @name of @object, if it is an object */
JsonObject *packages_json_member(JsonObject *object, const char *name);

/** packages_json_item: (transfer none) (nullable): item @index of @array, if it is an object */
JsonObject *packages_json_item(JsonArray *array, guint index);

/**
 * PackagesJsonTake:
 * @name: (nullable): the member's name; %NULL for an item of a list
 * @data: its value's text
 * @size_bytes: its length
 * @user_data: passed through
 * @error: return location
 */
typedef bool (*PackagesJsonTake)(const char *name, const char *data, size_t size_bytes,
                                 void *user_data, GError **error);

/**
 * PackagesJsonSplit:
 *
 * Takes a document that is too large for memory apart, at the members of its top object or the
 * items of its top list, as its bytes come.
 */
typedef struct _PackagesJsonSplit PackagesJsonSplit;

/**
 * packages_json_split_new:
 * @max_part_bytes: no part may be larger
 * @take: called with each part
 * @user_data: for @take
 */
PackagesJsonSplit *packages_json_split_new(size_t max_part_bytes, PackagesJsonTake take,
                                           void *user_data);

void packages_json_split_free(PackagesJsonSplit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PackagesJsonSplit, packages_json_split_free)

/** packages_json_split_feed: takes @size_bytes more bytes of the document */
bool packages_json_split_feed(PackagesJsonSplit *self, const char *data, size_t size_bytes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_json_split_end: that was the whole document; an error if it was cut short */
bool packages_json_split_end(PackagesJsonSplit *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
