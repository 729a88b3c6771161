/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hostile JSON: depth is capped before json-glib sees it, and large documents are cut into parts
 * that it can take one after the other. The cutter knows strings and brackets; whether a part is
 * proper JSON is for the parser to say.
 */
#include "packages/json.h"

#include <string.h>

/* Outside and inside of the top value; a name is what stands before a colon in an object. */
typedef enum { BEFORE, BETWEEN, IN_NAME, AFTER_NAME, IN_VALUE, AFTER } State;

struct _PackagesJsonSplit {
    size_t max_part_bytes;
    PackagesJsonTake take;
    void *user_data;
    State state;
    bool in_object;
    bool in_string;
    bool escaped;
    bool wants_more; /* a comma was seen, and nothing after it */
    unsigned depth;  /* inside the value */
    uint64_t offset_bytes;
    GString *name; /* owned: as JSON, with quotes */
    GString *part; /* owned */
};

static bool set_invalid(GError **error, uint64_t offset_bytes, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "byte %" G_GUINT64_FORMAT ": %s",
                offset_bytes + 1, what);
    return false;
}

static bool check_depth(const char *data, size_t size_bytes, GError **error)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size_bytes; i++) {
        char c = data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > PACKAGES_JSON_MAX_DEPTH)
            return set_invalid(error, i, "JSON of more than 64 levels");
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
        /* json-glib knows comments too, in which a quote would lead us astray */
        else if (!in_string && c == '/')
            return set_invalid(error, i, "a slash outside of a string");
    }
    return true;
}

JsonNode *packages_json_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) local = NULL;
    if (!check_depth(data, size_bytes, error))
        return NULL;
    if (!g_utf8_validate(data, (gssize)size_bytes, NULL))
        return set_invalid(error, 0, "not UTF-8"), NULL;
    if (!json_parser_load_from_data(parser, data, (gssize)size_bytes, &local)) {
        g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, local->message);
        return NULL;
    }
    JsonNode *root = json_parser_steal_root(parser);
    if (root == NULL)
        (void)set_invalid(error, 0, "want JSON, got nothing");
    return root;
}

JsonObject *packages_json_object(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonNode *find(JsonObject *object, const char *name)
{
    return object != NULL ? json_object_get_member(object, name) : NULL;
}

const char *packages_json_string(JsonObject *object, const char *name)
{
    JsonNode *node = find(object, name);
    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

JsonArray *packages_json_array(JsonObject *object, const char *name)
{
    JsonNode *node = find(object, name);
    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

JsonObject *packages_json_member(JsonObject *object, const char *name)
{
    return packages_json_object(find(object, name));
}

JsonObject *packages_json_item(JsonArray *array, guint index)
{
    return packages_json_object(json_array_get_element(array, index));
}

/* --- cutting --- */

PackagesJsonSplit *packages_json_split_new(size_t max_part_bytes, PackagesJsonTake take,
                                           void *user_data)
{
    PackagesJsonSplit *self = g_new0(PackagesJsonSplit, 1);
    self->max_part_bytes = max_part_bytes;
    self->take = take;
    self->user_data = user_data;
    self->name = g_string_new(NULL);
    self->part = g_string_new(NULL);
    return self;
}

void packages_json_split_free(PackagesJsonSplit *self)
{
    if (self == NULL)
        return;
    (void)g_string_free(self->name, TRUE);
    (void)g_string_free(self->part, TRUE);
    g_free(self);
}

static char *unquote(const char *quoted, GError **error)
{
    g_autofree char *list = g_strdup_printf("[%s]", quoted);
    g_autoptr(JsonNode) node = packages_json_parse(list, strlen(list), error);
    JsonArray *array = node != NULL ? json_node_get_array(node) : NULL;
    if (array == NULL || json_array_get_length(array) != 1)
        return NULL;
    return g_strdup(json_array_get_string_element(array, 0));
}

static bool finish_part(PackagesJsonSplit *self, GError **error)
{
    g_autofree char *name = NULL;
    while (self->part->len > 0 && g_ascii_isspace(self->part->str[self->part->len - 1]))
        g_string_truncate(self->part, self->part->len - 1);
    if (self->part->len == 0)
        return set_invalid(error, self->offset_bytes, "want a value");
    if (self->in_object) {
        name = unquote(self->name->str, error);
        if (name == NULL) {
            g_prefix_error(error, "byte %" G_GUINT64_FORMAT ": ", self->offset_bytes + 1);
            return false;
        }
    }
    bool ok = self->take(name, self->part->str, self->part->len, self->user_data, error);
    g_string_truncate(self->part, 0);
    g_string_truncate(self->name, 0);
    self->state = BETWEEN;
    return ok;
}

/* One character of a string, its closing quote included; TRUE when it ended. */
static bool string_ends(PackagesJsonSplit *self, char c)
{
    bool ends = c == '"' && !self->escaped;
    self->escaped = c == '\\' && !self->escaped;
    return ends;
}

static bool take_in_value(PackagesJsonSplit *self, char c, GError **error)
{
    if (self->part->len >= self->max_part_bytes)
        return set_invalid(error, self->offset_bytes, "a part is too large");
    if (self->in_string) {
        self->in_string = !string_ends(self, c);
        g_string_append_c(self->part, c);
        return true;
    }
    bool closes = c == ']' || c == '}';
    if (self->depth == 0 && (c == ',' || closes)) {
        if (!finish_part(self, error))
            return false;
        self->wants_more = c == ',';
        if (closes)
            self->state = AFTER;
        return !closes || (c == '}') == self->in_object ||
               set_invalid(error, self->offset_bytes, "a bracket that was not opened");
    }
    if (closes)
        self->depth--;
    else if (c == '[' || c == '{')
        self->depth++;
    self->in_string = c == '"';
    if (self->part->len > 0 || !g_ascii_isspace(c))
        g_string_append_c(self->part, c);
    return true;
}

static bool take_between(PackagesJsonSplit *self, char c, GError **error)
{
    if (g_ascii_isspace(c))
        return true;
    if (c == (self->in_object ? '}' : ']')) {
        self->state = AFTER;
        return !self->wants_more ||
               set_invalid(error, self->offset_bytes, "want something after the comma");
    }
    if (self->in_object) {
        if (c != '"')
            return set_invalid(error, self->offset_bytes, "want a name in quotes");
        self->state = IN_NAME;
        g_string_append_c(self->name, c);
        return true;
    }
    self->state = IN_VALUE;
    return take_in_value(self, c, error);
}

static bool take_one(PackagesJsonSplit *self, char c, GError **error)
{
    switch (self->state) {
    case BEFORE:
        if (g_ascii_isspace(c))
            return true;
        self->in_object = c == '{';
        self->state = BETWEEN;
        return c == '{' || c == '[' ||
               set_invalid(error, self->offset_bytes, "want a JSON object or list");
    case BETWEEN:
        return take_between(self, c, error);
    case IN_NAME:
        if (self->name->len >= 4096)
            return set_invalid(error, self->offset_bytes, "a name of more than 4096 bytes");
        g_string_append_c(self->name, c);
        if (string_ends(self, c))
            self->state = AFTER_NAME;
        return true;
    case AFTER_NAME:
        if (c == ':')
            self->state = IN_VALUE;
        return c == ':' || g_ascii_isspace(c) ||
               set_invalid(error, self->offset_bytes, "want a colon");
    case IN_VALUE:
        return take_in_value(self, c, error);
    case AFTER:
        break;
    }
    return g_ascii_isspace(c) ||
           set_invalid(error, self->offset_bytes, "something after the end of the document");
}

bool packages_json_split_feed(PackagesJsonSplit *self, const char *data, size_t size_bytes,
                              GError **error)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (!take_one(self, data[i], error))
            return false;
        self->offset_bytes++;
    }
    return true;
}

bool packages_json_split_end(PackagesJsonSplit *self, GError **error)
{
    return self->state == AFTER ||
           set_invalid(error, self->offset_bytes, "the document is cut short");
}
