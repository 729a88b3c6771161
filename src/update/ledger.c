/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's memory: which releases failed here, and who wants peace. One JSON file, replaced
 * as a whole.
 */
#include "update/ledger.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define LEDGER_MAX_BYTES (1024 * 1024)
#define PREFIX_MIN_CHARS 8

static void blocked_free(void *data)
{
    UpdateBlocked *self = data;
    g_free(self->commit);
    g_free(self->version);
    g_free(self->reason);
    g_free(self);
}

static UpdateLedger *ledger_new(void)
{
    UpdateLedger *self = g_new0(UpdateLedger, 1);
    self->blocked = g_ptr_array_new_with_free_func(blocked_free);
    return self;
}

void update_ledger_free(UpdateLedger *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->blocked);
    g_free(self->held_reason);
    g_free(self);
}

/* Each of these leaves the default when the key is missing, and fails when it is of the wrong
 * kind. */
static bool get_string(JsonObject *object, const char *key, char **out_text)
{
    JsonNode *node = json_object_get_member(object, key);
    if (node == NULL)
        return true;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return false;
    *out_text = json_node_dup_string(node);
    return true;
}

static bool get_int(JsonObject *object, const char *key, int64_t *out_value)
{
    JsonNode *node = json_object_get_member(object, key);
    if (node == NULL)
        return true;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
        return false;
    *out_value = json_node_get_int(node);
    return true;
}

static bool get_bool(JsonObject *object, const char *key, bool *out_value)
{
    JsonNode *node = json_object_get_member(object, key);
    if (node == NULL)
        return true;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
        return false;
    *out_value = json_node_get_boolean(node);
    return true;
}

static bool read_blocked(UpdateLedger *self, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_OBJECT(node) || self->blocked->len >= UPDATE_LEDGER_MAX_BLOCKED)
        return false;
    JsonObject *object = json_node_get_object(node);
    UpdateBlocked *one = g_new0(UpdateBlocked, 1);
    g_ptr_array_add(self->blocked, one);
    return get_string(object, "commit", &one->commit) && one->commit != NULL &&
           get_string(object, "version", &one->version) && one->version != NULL &&
           get_string(object, "reason", &one->reason) && one->reason != NULL &&
           get_int(object, "time", &one->time_s);
}

static bool read_ledger(UpdateLedger *self, JsonObject *object)
{
    JsonNode *blocked = json_object_get_member(object, "blocked");
    if (blocked != NULL && !JSON_NODE_HOLDS_ARRAY(blocked))
        return false;
    JsonArray *array = blocked != NULL ? json_node_get_array(blocked) : NULL;
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++)
        if (!read_blocked(self, json_array_get_element(array, i)))
            return false;
    return get_bool(object, "held", &self->held) && get_bool(object, "paused", &self->paused) &&
           get_int(object, "held-until", &self->held_until_s) &&
           get_string(object, "held-reason", &self->held_reason);
}

UpdateLedger *update_ledger_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(UpdateLedger) self = ledger_new();
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) local = NULL;
    if (!json_parser_load_from_data(parser, data, (gssize)size_bytes, &local)) {
        g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID, "no JSON: %s", local->message);
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root) ||
        !read_ledger(self, json_node_get_object(root))) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_INVALID,
                            "it is not what the agent writes");
        return NULL;
    }
    return g_steal_pointer(&self);
}

UpdateLedger *update_ledger_load(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, UPDATE_LEDGER_NAME, NULL);
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, LEDGER_MAX_BYTES, &local);
    if (bytes == NULL) {
        if (g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            return ledger_new();
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    UpdateLedger *self = update_ledger_parse(data != NULL ? data : "", size_bytes, error);
    if (self == NULL)
        g_prefix_error(error,
                       "reading ‘%s’ (mend it, or remove it and with it the memory of releases "
                       "that failed here): ",
                       path);
    return self;
}

static void add_string(JsonBuilder *builder, const char *key, const char *text)
{
    json_builder_set_member_name(builder, key);
    json_builder_add_string_value(builder, text);
}

char *update_ledger_print(const UpdateLedger *self)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "blocked");
    json_builder_begin_array(builder);
    for (guint i = 0; i < self->blocked->len; i++) {
        const UpdateBlocked *one = self->blocked->pdata[i];
        json_builder_begin_object(builder);
        add_string(builder, "commit", one->commit);
        add_string(builder, "version", one->version);
        add_string(builder, "reason", one->reason);
        json_builder_set_member_name(builder, "time");
        json_builder_add_int_value(builder, one->time_s);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "held");
    json_builder_add_boolean_value(builder, self->held);
    json_builder_set_member_name(builder, "paused");
    json_builder_add_boolean_value(builder, self->paused);
    json_builder_set_member_name(builder, "held-until");
    json_builder_add_int_value(builder, self->held_until_s);
    if (self->held_reason != NULL)
        add_string(builder, "held-reason", self->held_reason);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

bool update_ledger_save(const UpdateLedger *self, const char *dir, GError **error)
{
    g_autofree char *text = update_ledger_print(self);
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error))
        return false;
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, dir, error);
    return dir_fd >= 0 && base_fd_replace_file(dir_fd, UPDATE_LEDGER_NAME, text, strlen(text), 0644,
                                               BASE_FD_REPLACE_DEFAULT, error);
}

void update_ledger_block(UpdateLedger *self, const char *commit, const char *version,
                         const char *reason, int64_t now_s)
{
    (void)update_ledger_unblock(self, commit);
    if (self->blocked->len >= UPDATE_LEDGER_MAX_BLOCKED)
        g_ptr_array_remove_index(self->blocked, 0);
    UpdateBlocked *one = g_new0(UpdateBlocked, 1);
    *one = (UpdateBlocked){.commit = g_strdup(commit),
                           .version = g_strdup(version != NULL ? version : ""),
                           .reason = g_strdup(reason),
                           .time_s = now_s};
    g_ptr_array_add(self->blocked, one);
}

bool update_ledger_unblock(UpdateLedger *self, const char *name)
{
    guint before = self->blocked->len;
    for (guint i = self->blocked->len; i-- > 0;) {
        const UpdateBlocked *one = self->blocked->pdata[i];
        if (strcmp(one->version, name) == 0 || strcmp(one->commit, name) == 0 ||
            (strlen(name) >= PREFIX_MIN_CHARS && g_str_has_prefix(one->commit, name)))
            g_ptr_array_remove_index(self->blocked, i);
    }
    return self->blocked->len < before;
}

GPtrArray *update_ledger_commits(const UpdateLedger *self)
{
    GPtrArray *commits = g_ptr_array_new();
    for (guint i = 0; i < self->blocked->len; i++)
        g_ptr_array_add(commits, ((UpdateBlocked *)self->blocked->pdata[i])->commit);
    g_ptr_array_add(commits, NULL);
    return commits;
}
