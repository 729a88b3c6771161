/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

#define BUS_SCHEMA_MAX_BYTES (256 * 1024)

/**
 * BusSchema:
 * @id: (owned): its "$id", what events name
 * @digest: (owned): SHA-256 of its text, in hex
 * @added_us: microseconds of Unix time
 *
 * A JSON Schema that the log keeps for its readers. An event names the id and has the digest of
 * the text that the id stood for at that moment: a reader who has the digest needs to ask nobody
 * what the body means.
 */
typedef struct {
    char *id;
    char *digest;
    int64_t added_us;
} BusSchema;

void bus_schema_free(BusSchema *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusSchema, bus_schema_free)

/**
 * bus_schema_add:
 * @log: the log, opened for writing, no transaction open
 * @by: who adds it: the actor of the event
 * @text: one JSON object with a "$id" (or, as of draft 4, an "id")
 * @size_bytes: its length
 * @out_digest: (out) (transfer full): what it is found by
 * @error: %BUS_ERROR_INVALID with the JSON pointer of what is wrong, %BUS_ERROR_TOO_LARGE
 *
 * Keeps it, and lets its id stand for it from now on, with an event that says so. The same text
 * again changes nothing.
 *
 * Returns: whether it was done; @out_new tells whether it is new
 */
bool bus_schema_add(BusLog *log, const char *by, const char *text, size_t size_bytes,
                    char **out_digest, bool *out_new, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_schema_find: (transfer full): the text by its digest, verbatim; %BUS_ERROR_NOT_FOUND */
char *bus_schema_find(BusLog *log, const char *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_schema_list: (transfer full) (element-type BusSchema): all, oldest first */
GPtrArray *bus_schema_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_schema_find_digest:
 * @out_digest: (out) (transfer full) (nullable): of the text that @id stands for now, %NULL when
 *   there is none
 */
bool bus_schema_find_digest(BusLog *log, const char *id, char **out_digest,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_schema_check_body: whether @body (nullable) fits the schema @id, whose text has @digest;
 * %BUS_ERROR_INVALID says where not, %BUS_ERROR_TOO_LARGE that looking costs too much */
bool bus_schema_check_body(BusLog *log, const char *id, const char *digest, JsonObject *body,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
