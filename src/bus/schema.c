/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON Schemas by digest: kept as they came, byte for byte. They say what a body means;
 * bus_append() checks bodies by them (schema-check.c).
 */
#include "bus/schema.h"

#include "base/digest.h"
#include "bus/canonical.h"
#include "bus/log-private.h"
#include "bus/schema-check.h"

#include <string.h>

/* Schemas that a log keeps ready to check by. */
#define READY_MAX 64
#define TOPIC_ADDED "org.atoll.prod.schema.text.added"

void bus_schema_free(BusSchema *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->digest);
    g_free(self);
}

static char *find_id(const char *text, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = bus_canonical_parse(text, size_bytes, error);
    if (node == NULL)
        return NULL;
    static const char *const names[] = {"$id", "id"};
    for (unsigned i = 0; JSON_NODE_HOLDS_OBJECT(node) && i < G_N_ELEMENTS(names); i++) {
        JsonNode *member = json_object_get_member(json_node_get_object(node), names[i]);
        if (member == NULL || json_node_get_value_type(member) != G_TYPE_STRING)
            continue;
        const char *id = json_node_get_string(member);
        if (id[0] != '\0' && strlen(id) <= BUS_NAME_MAX_BYTES)
            return g_strdup(id);
    }
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                "a schema is a JSON object whose ‘$id’ is a text of 1 to %d bytes",
                BUS_NAME_MAX_BYTES);
    return NULL;
}

static bool append_event(BusLog *log, const char *by, const char *id, const char *digest,
                         GError **error)
{
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "schema", id);
    json_object_set_string_member(body, "digest", digest);
    BusDraft draft = {
        .topic = TOPIC_ADDED,
        .actor = by,
        .severity = BUS_SEVERITY_INFO,
        .body = body,
    };
    return bus_append(log, &draft, 1, NULL, error);
}

static bool insert(BusLog *log, const char *id, const char *digest, const char *text,
                   GError **error)
{
    /* A text that comes back stands for its id again. */
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log),
        "INSERT INTO bus_schema (digest, id, text, added_us) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (digest) DO UPDATE SET added_us = ?4",
        error);
    if (row == NULL)
        return false;
    base_db_bind_text(row, 1, digest);
    base_db_bind_text(row, 2, id);
    base_db_bind_text(row, 3, text);
    base_db_bind_int(row, 4, g_get_real_time());
    return base_db_run(row, NULL, error);
}

bool bus_schema_add(BusLog *log, const char *by, const char *text, size_t size_bytes,
                    char **out_digest, bool *out_new, GError **error)
{
    if (size_bytes > BUS_SCHEMA_MAX_BYTES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "a schema has at most %d bytes",
                    BUS_SCHEMA_MAX_BYTES);
        return false;
    }
    BaseDb *db = bus_log_get_db(log);
    g_autofree char *id = find_id(text, size_bytes, error);
    g_autoptr(BusSchemaCheck) check =
        id != NULL ? bus_schema_check_parse(text, size_bytes, error) : NULL;
    if (check == NULL || !base_db_begin(db, error))
        return false;
    g_autofree char *digest = base_sha256_hex(text, size_bytes);
    g_autofree char *current = NULL;
    bool good = bus_schema_find_digest(log, id, &current, error);
    bool new = g_strcmp0(current, digest) != 0;
    if (good && new) {
        g_autofree char *copy = g_strndup(text, size_bytes);
        good = insert(log, id, digest, copy, error) && append_event(log, by, id, digest, error);
    }
    if (!good || !base_db_commit(db, error)) {
        base_db_rollback(db);
        return false;
    }
    *out_digest = g_steal_pointer(&digest);
    *out_new = new;
    return true;
}

bool bus_schema_find_digest(BusLog *log, const char *id, char **out_digest, GError **error)
{
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log),
        "SELECT digest FROM bus_schema WHERE id = ?1 ORDER BY added_us DESC LIMIT 1", error);
    bool found = false;
    if (row == NULL)
        return false;
    base_db_bind_text(row, 1, id);
    if (!base_db_step(row, &found, error))
        return false;
    *out_digest = found ? g_strdup(base_db_column_text(row, "digest")) : NULL;
    base_db_reset(row);
    return true;
}

char *bus_schema_find(BusLog *log, const char *digest, GError **error)
{
    BaseDbStatement *row = base_db_prepare(bus_log_get_db(log),
                                           "SELECT text FROM bus_schema WHERE digest = ?1", error);
    bool found = false;
    if (row == NULL)
        return NULL;
    base_db_bind_text(row, 1, digest);
    if (!base_db_step(row, &found, error))
        return NULL;
    if (!found) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "there is no schema of digest ‘%s’",
                    digest);
        return NULL;
    }
    char *text = g_strdup(base_db_column_text(row, "text"));
    base_db_reset(row);
    return text;
}

GPtrArray *bus_schema_list(BusLog *log, GError **error)
{
    BaseDbStatement *row = base_db_prepare(
        bus_log_get_db(log),
        "SELECT id, digest, added_us FROM bus_schema ORDER BY added_us, digest", error);
    if (row == NULL)
        return NULL;
    g_autoptr(GPtrArray) schemas = g_ptr_array_new_with_free_func((GDestroyNotify)bus_schema_free);
    while (true) {
        bool found = false;
        if (!base_db_step(row, &found, error))
            return NULL;
        if (!found)
            return g_steal_pointer(&schemas);
        BusSchema *schema = g_new0(BusSchema, 1);
        schema->id = g_strdup(base_db_column_text(row, "id"));
        schema->digest = g_strdup(base_db_column_text(row, "digest"));
        schema->added_us = base_db_column_int(row, "added_us");
        g_ptr_array_add(schemas, schema);
    }
}

static const BusSchemaCheck *find_check(BusLog *log, const char *digest, GError **error)
{
    if (log->schemas == NULL)
        log->schemas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify)bus_schema_check_free);
    BusSchemaCheck *ready = g_hash_table_lookup(log->schemas, digest);
    if (ready != NULL)
        return ready;
    g_autofree char *text = bus_schema_find(log, digest, error);
    ready = text != NULL ? bus_schema_check_parse(text, strlen(text), error) : NULL;
    if (ready == NULL)
        return NULL;
    if (g_hash_table_size(log->schemas) >= READY_MAX)
        g_hash_table_remove_all(log->schemas);
    g_hash_table_insert(log->schemas, g_strdup(digest), ready);
    return ready;
}

bool bus_schema_check_body(BusLog *log, const char *id, const char *digest, JsonObject *body,
                           GError **error)
{
    const BusSchemaCheck *check = find_check(log, digest, error);
    if (check == NULL) {
        g_prefix_error(error, "schema ‘%s’ is not one to check by; add a mended one: ", id);
        return false;
    }
    g_autoptr(JsonObject) empty = body == NULL ? json_object_new() : NULL;
    g_autoptr(JsonNode) value = json_node_alloc();
    json_node_init_object(value, body != NULL ? body : empty);
    if (bus_schema_check_value(check, value, error))
        return true;
    g_prefix_error(error, "the body does not fit schema ‘%s’: ", id);
    return false;
}
