/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/error.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** BUS_SCHEMA_MAX_STEPS: rules looked at for one value, after which a schema is too costly */
#define BUS_SCHEMA_MAX_STEPS 200000
/** BUS_SCHEMA_MAX_DEPTH: rules in one another, by nesting and by $ref */
#define BUS_SCHEMA_MAX_DEPTH 200

/**
 * BusSchemaCheck:
 *
 * A JSON Schema ready to check values by: the keywords of the drafts 4 to 2020-12 that say what a
 * value has to be. References are followed within the schema ("#/…"); formats are not looked at.
 */
typedef struct _BusSchemaCheck BusSchemaCheck;

/**
 * bus_schema_check_new:
 * @schema: the schema
 * @error: %BUS_ERROR_INVALID with the JSON pointer of a keyword that is not as it has to be
 *
 * Returns: (transfer full): the check
 */
BusSchemaCheck *bus_schema_check_new(JsonNode *schema, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_schema_check_parse: (transfer full): as bus_schema_check_new(), from the schema's text */
BusSchemaCheck *bus_schema_check_parse(const char *text, size_t size_bytes,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bus_schema_check_free(BusSchemaCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusSchemaCheck, bus_schema_check_free)

/** bus_schema_check_get_ignored: (transfer none): the JSON pointers of keywords that restrict a
 * value and are not looked at, %NULL-terminated */
const char *const *bus_schema_check_get_ignored(const BusSchemaCheck *self);

/**
 * bus_schema_check_value:
 * @self: a schema
 * @value: what is to fit it
 * @error: %BUS_ERROR_INVALID with two JSON pointers, of the place in @value and of the rule;
 *   %BUS_ERROR_TOO_LARGE when looking costs more than the limits above
 */
bool bus_schema_check_value(const BusSchemaCheck *self, JsonNode *value,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
