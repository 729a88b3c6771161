/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What must be remembered of merging /etc: hidden defaults, and files that are to give way.
 */
#include "host/etc-ledger.h"

#include "base/fd.h"
#include "host/error.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_BYTES (4 * 1024 * 1024)
#define MAX_ENTRIES 20000

static void shadow_free(void *data)
{
    HostEtcShadow *shadow = data;
    g_free(shadow->path);
    g_free(shadow->commit);
    g_free(shadow->version);
    g_free(shadow);
}

static HostEtcLedger *ledger_new(void)
{
    HostEtcLedger *self = g_new0(HostEtcLedger, 1);
    self->shadows = g_ptr_array_new_with_free_func(shadow_free);
    self->take = g_ptr_array_new_with_free_func(g_free);
    self->take_commit = g_strdup("");
    return self;
}

void host_etc_ledger_free(HostEtcLedger *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->shadows);
    g_ptr_array_unref(self->take);
    g_free(self->take_commit);
    g_free(self);
}

static const char *text_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

/* A path that led out of /etc would have files elsewhere replaced. */
static bool is_path(const char *path)
{
    return path != NULL && g_str_has_prefix(path, "/etc/") && strstr(path, "//") == NULL &&
           strstr(path, "/../") == NULL && strstr(path, "/./") == NULL &&
           !g_str_has_suffix(path, "/..") && !g_str_has_suffix(path, "/.") &&
           !g_str_has_suffix(path, "/");
}

static JsonArray *array_of(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static bool add_shadow(HostEtcLedger *self, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return false;
    JsonObject *object = json_node_get_object(node);
    const char *path = text_of(json_object_get_member(object, "path"));
    const char *commit = text_of(json_object_get_member(object, "commit"));
    const char *version = text_of(json_object_get_member(object, "version"));
    JsonNode *time = json_object_get_member(object, "time");
    if (!is_path(path) || commit == NULL || version == NULL || time == NULL ||
        !JSON_NODE_HOLDS_VALUE(time))
        return false;
    HostEtcShadow *shadow = g_new0(HostEtcShadow, 1);
    *shadow = (HostEtcShadow){.path = g_strdup(path),
                              .commit = g_strdup(commit),
                              .version = g_strdup(version),
                              .time_s = json_node_get_int(time)};
    g_ptr_array_add(self->shadows, shadow);
    return true;
}

static bool read_object(HostEtcLedger *self, JsonObject *object)
{
    JsonArray *shadows = array_of(object, "shadowed");
    JsonArray *take = array_of(object, "take");
    const char *commit = text_of(json_object_get_member(object, "take-commit"));
    if (shadows == NULL || take == NULL || commit == NULL ||
        json_array_get_length(shadows) > MAX_ENTRIES || json_array_get_length(take) > MAX_ENTRIES)
        return false;
    g_free(self->take_commit);
    self->take_commit = g_strdup(commit);
    for (guint i = 0; i < json_array_get_length(shadows); i++)
        if (!add_shadow(self, json_array_get_element(shadows, i)))
            return false;
    for (guint i = 0; i < json_array_get_length(take); i++) {
        const char *path = text_of(json_array_get_element(take, i));
        if (!is_path(path))
            return false;
        g_ptr_array_add(self->take, g_strdup(path));
    }
    return true;
}

HostEtcLedger *host_etc_ledger_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(HostEtcLedger) self = ledger_new();
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, data, (gssize)size_bytes, error))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    if (root != NULL && JSON_NODE_HOLDS_OBJECT(root) &&
        read_object(self, json_node_get_object(root)))
        return g_steal_pointer(&self);
    host_error_set(error, HOST_ERROR_FAILED, "it is not what atoll-host writes");
    return NULL;
}

HostEtcLedger *host_etc_ledger_load(const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, HOST_ETC_LEDGER_NAME, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return ledger_new();
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_BYTES, error);
    if (bytes == NULL)
        return NULL;
    HostEtcLedger *self =
        host_etc_ledger_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
    if (self == NULL)
        g_prefix_error(
            error, "‘%s’ is broken (remove it, and what /etc hides so far is forgotten): ", path);
    return self;
}

const HostEtcShadow *host_etc_ledger_find(const HostEtcLedger *self, const char *path)
{
    for (guint i = 0; i < self->shadows->len; i++) {
        const HostEtcShadow *shadow = self->shadows->pdata[i];
        if (strcmp(shadow->path, path) == 0)
            return shadow;
    }
    return NULL;
}

static void add_member(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static char *print(const HostEtcLedger *self)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "shadowed");
    json_builder_begin_array(json);
    for (guint i = 0; i < self->shadows->len; i++) {
        const HostEtcShadow *shadow = self->shadows->pdata[i];
        json_builder_begin_object(json);
        add_member(json, "path", shadow->path);
        add_member(json, "commit", shadow->commit);
        add_member(json, "version", shadow->version);
        json_builder_set_member_name(json, "time");
        json_builder_add_int_value(json, shadow->time_s);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    add_member(json, "take-commit", self->take_commit);
    json_builder_set_member_name(json, "take");
    json_builder_begin_array(json);
    for (guint i = 0; i < self->take->len; i++)
        json_builder_add_string_value(json, self->take->pdata[i]);
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, TRUE);
}

bool host_etc_ledger_save(const HostEtcLedger *self, const char *state_dir, GError **error)
{
    g_autofree char *text = print(self);
    if (!base_fd_make_dirs(AT_FDCWD, state_dir, 0755, error))
        return false;
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, state_dir, error);
    return dir_fd >= 0 && base_fd_replace_file(dir_fd, HOST_ETC_LEDGER_NAME, text, strlen(text),
                                               0644, BASE_FD_REPLACE_DEFAULT, error);
}

static HostEtcShadow *make_shadow(const HostEtcShadow *old, const char *path,
                                  const HostCommit *commit)
{
    HostEtcShadow *shadow = g_new0(HostEtcShadow, 1);
    shadow->path = g_strdup(path);
    shadow->commit = g_strdup(old != NULL ? old->commit : commit->checksum);
    shadow->version = g_strdup(old != NULL               ? old->version
                               : commit->version != NULL ? commit->version
                                                         : "");
    shadow->time_s = old != NULL ? old->time_s : g_get_real_time() / G_USEC_PER_SEC;
    return shadow;
}

bool host_etc_ledger_update(const char *state_dir, const GPtrArray *entries,
                            const HostCommit *commit, GError **error)
{
    g_autoptr(HostEtcLedger) old = host_etc_ledger_load(state_dir, error);
    if (old == NULL)
        return false;
    g_autoptr(HostEtcLedger) new = ledger_new();
    g_free(new->take_commit);
    new->take_commit = g_strdup(commit->checksum);
    for (guint i = 0; i < entries->len; i++) {
        const HostEtcEntry *entry = entries->pdata[i];
        const HostEtcShadow *known = host_etc_ledger_find(old, entry->path);
        bool is_shadowed = host_etc_entry_is_shadowed(entry);
        if (!is_path(entry->path))
            continue;
        if (is_shadowed && entry->policy == HOST_ETC_TAKE)
            g_ptr_array_add(new->take, g_strdup(entry->path));
        else if ((is_shadowed || known != NULL) && !entry->default_gone)
            g_ptr_array_add(new->shadows, make_shadow(known, entry->path, commit));
    }
    if (new->shadows->len + new->take->len + old->shadows->len + old->take->len == 0)
        return true; /* nothing to say, nothing to write */
    return host_etc_ledger_save(new, state_dir, error);
}
