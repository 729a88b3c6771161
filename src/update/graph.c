/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The update graph: read from a server's answer, asked for the next step. Owns no network and
 * no clock.
 */
#include "update/graph.h"

#include "base/digest.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define PREFIX "org.fedoraproject.coreos."
#define TEXT_MAX_BYTES 4096

typedef struct {
    unsigned from;
    unsigned to;
} Edge;

struct _UpdateGraph {
    GPtrArray *releases;  /* owned, UpdateRelease, by index */
    GHashTable *by_value; /* payload, borrowed from the release, to release */
    GArray *edges;        /* Edge */
};

static void release_free(void *data)
{
    UpdateRelease *self = data;
    g_free(self->version);
    g_free(self->payload);
    g_free(self->barrier);
    g_free(self->deadend);
    g_free(self);
}

void update_graph_free(UpdateGraph *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->by_value, g_hash_table_unref);
    g_clear_pointer(&self->releases, g_ptr_array_unref);
    g_clear_pointer(&self->edges, g_array_unref);
    g_free(self);
}

static bool invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool invalid(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, UPDATE_ERROR, UPDATE_ERROR_INVALID, "update graph: %s", text);
    return false;
}

/* %NULL when it is missing; an error when it is no string or no sensible one. */
static bool get_text(JsonObject *object, const char *key, unsigned index, const char **out_text,
                     GError **error)
{
    JsonNode *node = json_object_get_member(object, key);
    *out_text = NULL;
    if (node == NULL)
        return true;
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return invalid(error, "node %u: ‘%s’ is no string", index, key);
    const char *text = json_node_get_string(node);
    if (strlen(text) > TEXT_MAX_BYTES)
        return invalid(error, "node %u: ‘%s’ is longer than %d bytes", index, key, TEXT_MAX_BYTES);
    for (const char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            return invalid(error, "node %u: ‘%s’ has a control character", index, key);
    *out_text = text;
    return true;
}

/* A reason counts only beside its flag; without words there is still a reason. */
static bool get_reason(JsonObject *metadata, const char *flag_key, const char *reason_key,
                       unsigned index, char **out_reason, GError **error)
{
    const char *flag = NULL;
    const char *reason = NULL;
    if (!get_text(metadata, flag_key, index, &flag, error) ||
        !get_text(metadata, reason_key, index, &reason, error))
        return false;
    if (flag != NULL && strcmp(flag, "true") == 0)
        *out_reason = g_strdup(reason != NULL && *reason != '\0' ? reason : "no reason given");
    return true;
}

static bool is_commit(const char *text)
{
    return strlen(text) == BASE_SHA256_HEX_CHARS &&
           strspn(text, "0123456789abcdef") == BASE_SHA256_HEX_CHARS;
}

static bool read_metadata(JsonObject *metadata, unsigned index, UpdateRelease *release,
                          bool *out_ours, GError **error)
{
    const char *scheme = NULL;
    const char *age = NULL;
    if (!get_text(metadata, PREFIX "scheme", index, &scheme, error) ||
        !get_text(metadata, PREFIX "releases.age_index", index, &age, error) ||
        !get_reason(metadata, PREFIX "updates.barrier", PREFIX "updates.barrier_reason", index,
                    &release->barrier, error) ||
        !get_reason(metadata, PREFIX "updates.deadend", PREFIX "updates.deadend_reason", index,
                    &release->deadend, error))
        return false;
    *out_ours = scheme == NULL || strcmp(scheme, "checksum") == 0;
    guint64 value = 0;
    if (age == NULL)
        return invalid(error, "node %u: no ‘" PREFIX "releases.age_index’", index);
    if (!g_ascii_string_to_unsigned(age, 10, 0, G_MAXINT64, &value, NULL))
        return invalid(error, "node %u: age index ‘%s’ is no number", index, age);
    release->age = value;
    return true;
}

static bool add_node(UpdateGraph *self, JsonNode *node, unsigned index, GError **error)
{
    const char *version = NULL;
    const char *payload = NULL;
    bool ours = false;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return invalid(error, "node %u is no object", index);
    JsonObject *object = json_node_get_object(node);
    JsonNode *metadata = json_object_get_member(object, "metadata");
    UpdateRelease *release = g_new0(UpdateRelease, 1);
    g_ptr_array_add(self->releases, release);
    if (!get_text(object, "version", index, &version, error) ||
        !get_text(object, "payload", index, &payload, error))
        return false;
    if (version == NULL || *version == '\0' || payload == NULL)
        return invalid(error, "node %u has no version or no payload", index);
    if (metadata == NULL || !JSON_NODE_HOLDS_OBJECT(metadata))
        return invalid(error, "node %u has no metadata", index);
    release->version = g_strdup(version);
    if (!read_metadata(json_node_get_object(metadata), index, release, &ours, error))
        return false;
    if (!ours)
        return true;
    if (!is_commit(payload))
        return invalid(error, "node %u: payload ‘%s’ is no commit", index, payload);
    if (g_hash_table_contains(self->by_value, payload))
        return invalid(error, "node %u: commit %s stands twice", index, payload);
    release->payload = g_strdup(payload);
    g_hash_table_insert(self->by_value, release->payload, release);
    return true;
}

static bool edge_end(JsonNode *node, unsigned n_nodes, unsigned *out_index)
{
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
        return false;
    gint64 value = json_node_get_int(node);
    if (value < 0 || value >= n_nodes)
        return false;
    *out_index = (unsigned)value;
    return true;
}

static bool add_edge(UpdateGraph *self, JsonNode *node, unsigned index, GError **error)
{
    Edge edge = {0};
    JsonArray *pair = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    unsigned n_nodes = self->releases->len;
    if (pair == NULL || json_array_get_length(pair) != 2 ||
        !edge_end(json_array_get_element(pair, 0), n_nodes, &edge.from) ||
        !edge_end(json_array_get_element(pair, 1), n_nodes, &edge.to))
        return invalid(error, "edge %u is no pair of nodes 0 to %u", index, n_nodes - 1);
    g_array_append_val(self->edges, edge);
    return true;
}

static JsonArray *get_array(JsonObject *root, const char *key, unsigned max, GError **error)
{
    JsonNode *node = json_object_get_member(root, key);
    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        (void)invalid(error, "no list ‘%s’", key);
        return NULL;
    }
    JsonArray *array = json_node_get_array(node);
    if (json_array_get_length(array) > max) {
        (void)invalid(error, "more than %u %s", max, key);
        return NULL;
    }
    return array;
}

/* json-glib recurses; a graph has four levels. */
static bool is_flat(const char *data, size_t size_bytes)
{
    unsigned depth = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        if ((data[i] == '{' || data[i] == '[') && ++depth > 64)
            return false;
        if ((data[i] == '}' || data[i] == ']') && depth > 0)
            depth--;
    }
    return true;
}

UpdateGraph *update_graph_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) local = NULL;
    if (size_bytes > UPDATE_GRAPH_MAX_BYTES || !is_flat(data, size_bytes)) {
        (void)invalid(error, "too large or too deep");
        return NULL;
    }
    if (!json_parser_load_from_data(parser, data, (gssize)size_bytes, &local)) {
        (void)invalid(error, "no JSON: %s", local->message);
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        (void)invalid(error, "no JSON object");
        return NULL;
    }
    JsonObject *object = json_node_get_object(root);
    JsonArray *nodes = get_array(object, "nodes", UPDATE_GRAPH_MAX_NODES, error);
    if (nodes == NULL)
        return NULL;
    JsonArray *edges = get_array(object, "edges", UPDATE_GRAPH_MAX_EDGES, error);
    if (edges == NULL)
        return NULL;

    g_autoptr(UpdateGraph) self = g_new0(UpdateGraph, 1);
    self->releases = g_ptr_array_new_with_free_func(release_free);
    self->by_value = g_hash_table_new(g_str_hash, g_str_equal);
    self->edges = g_array_new(FALSE, FALSE, sizeof(Edge));
    for (guint i = 0; i < json_array_get_length(nodes); i++)
        if (!add_node(self, json_array_get_element(nodes, i), i, error))
            return NULL;
    for (guint i = 0; i < json_array_get_length(edges); i++)
        if (!add_edge(self, json_array_get_element(edges, i), i, error))
            return NULL;
    return g_steal_pointer(&self);
}

unsigned update_graph_size(const UpdateGraph *self)
{
    return self->releases->len;
}

const UpdateRelease *update_graph_find(const UpdateGraph *self, const char *payload)
{
    return g_hash_table_lookup(self->by_value, payload);
}

static bool contains(const char *const *list, const char *commit)
{
    return list != NULL && g_strv_contains(list, commit);
}

UpdateChoice update_graph_choose(const UpdateGraph *self, const UpdateHost *host)
{
    UpdateChoice choice = {.booted = update_graph_find(self, host->booted)};
    const UpdateRelease *blocked = NULL;
    if (choice.booted == NULL)
        return (UpdateChoice){.kind = UPDATE_CHOICE_UNKNOWN};
    for (guint i = 0; i < self->edges->len; i++) {
        const Edge *edge = &g_array_index(self->edges, Edge, i);
        const UpdateRelease *to = self->releases->pdata[edge->to];
        if (self->releases->pdata[edge->from] != choice.booted || to->payload == NULL ||
            to == choice.booted || contains(host->present, to->payload) ||
            (to->age <= choice.booted->age && !host->allow_downgrade))
            continue;
        const UpdateRelease **best =
            contains(host->blocked, to->payload) ? &blocked : &choice.target;
        if (*best == NULL || to->age > (*best)->age)
            *best = to;
    }
    if (choice.target != NULL)
        choice.kind = UPDATE_CHOICE_TARGET;
    else if (choice.booted->deadend != NULL)
        choice.kind = UPDATE_CHOICE_DEADEND;
    else if (blocked != NULL)
        choice = (UpdateChoice){UPDATE_CHOICE_BLOCKED, choice.booted, blocked};
    return choice;
}
