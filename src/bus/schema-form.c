/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a JSON Schema is one: the form of each keyword, references, patterns. What passes here
 * is what schema-check.c may rely on.
 */
#include "bus/schema-check-private.h"

#include "bus/canonical.h"

#include <math.h>
#include <string.h>

typedef enum {
    FORM_SCHEMA,
    FORM_SCHEMAS,        /* a list of at least one */
    FORM_SCHEMA_OR_LIST, /* items */
    FORM_MAP,            /* of schemas */
    FORM_PATTERN_MAP,    /* the same, with patterns as names */
    FORM_DEPENDENCIES,   /* of schemas or lists of names */
    FORM_NAMES,          /* a list of texts */
    FORM_NUMBER,
    FORM_POSITIVE,
    FORM_NUMBER_OR_BOOL, /* exclusiveMinimum, as of draft 4 */
    FORM_COUNT,
    FORM_BOOL,
    FORM_TYPE,
    FORM_LIST,
    FORM_PATTERN,
    FORM_REFERENCE,
    FORM_IGNORED,
} Form;

static const struct {
    const char *name;
    Form form;
} keywords[] = {
    {"type", FORM_TYPE},
    {"enum", FORM_LIST},
    {"properties", FORM_MAP},
    {"patternProperties", FORM_PATTERN_MAP},
    {"additionalProperties", FORM_SCHEMA},
    {"propertyNames", FORM_SCHEMA},
    {"required", FORM_NAMES},
    {"minProperties", FORM_COUNT},
    {"maxProperties", FORM_COUNT},
    {"dependencies", FORM_DEPENDENCIES},
    {"dependentRequired", FORM_DEPENDENCIES},
    {"dependentSchemas", FORM_DEPENDENCIES},
    {"items", FORM_SCHEMA_OR_LIST},
    {"prefixItems", FORM_SCHEMAS},
    {"additionalItems", FORM_SCHEMA},
    {"contains", FORM_SCHEMA},
    {"minContains", FORM_COUNT},
    {"maxContains", FORM_COUNT},
    {"minItems", FORM_COUNT},
    {"maxItems", FORM_COUNT},
    {"uniqueItems", FORM_BOOL},
    {"minLength", FORM_COUNT},
    {"maxLength", FORM_COUNT},
    {"pattern", FORM_PATTERN},
    {"minimum", FORM_NUMBER},
    {"maximum", FORM_NUMBER},
    {"exclusiveMinimum", FORM_NUMBER_OR_BOOL},
    {"exclusiveMaximum", FORM_NUMBER_OR_BOOL},
    {"multipleOf", FORM_POSITIVE},
    {"allOf", FORM_SCHEMAS},
    {"anyOf", FORM_SCHEMAS},
    {"oneOf", FORM_SCHEMAS},
    {"not", FORM_SCHEMA},
    {"if", FORM_SCHEMA},
    {"then", FORM_SCHEMA},
    {"else", FORM_SCHEMA},
    {"$ref", FORM_REFERENCE},
    {"definitions", FORM_MAP},
    {"$defs", FORM_MAP},
    {"unevaluatedItems", FORM_IGNORED},
    {"unevaluatedProperties", FORM_IGNORED},
    {"$dynamicRef", FORM_IGNORED},
    {"$recursiveRef", FORM_IGNORED},
};

typedef struct {
    BusSchemaCheck *check;
    GString *pointer;
    GHashTable *targets; /* set of JsonNode: what references led to */
    unsigned depth;
} Reader;

static bool read_schema(Reader *self, JsonNode *node, GError **error);

gsize bus_schema_push(GString *pointer, const char *name)
{
    gsize before = pointer->len;
    g_string_append_c(pointer, '/');
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '~' || *p == '/')
            g_string_append(pointer, *p == '~' ? "~0" : "~1");
        else
            g_string_append_c(pointer, *p);
    }
    return before;
}

gsize bus_schema_push_index(GString *pointer, unsigned index)
{
    gsize before = pointer->len;
    g_string_append_printf(pointer, "/%u", index);
    return before;
}

static bool refuse(const Reader *self, const char *wanted, GError **error)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "the schema: at ‘%s’: want %s",
                self->pointer->str, wanted);
    return false;
}

static JsonNode *step_into(JsonNode *node, const char *name)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        return json_object_get_member(json_node_get_object(node), name);
    guint64 index = 0;
    if (!JSON_NODE_HOLDS_ARRAY(node) ||
        !g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT, &index, NULL) ||
        index >= json_array_get_length(json_node_get_array(node)))
        return NULL;
    return json_array_get_element(json_node_get_array(node), (guint)index);
}

JsonNode *bus_schema_resolve(JsonNode *root, const char *reference)
{
    g_autofree char *fragment = g_uri_unescape_string(reference, NULL);
    if (fragment == NULL || fragment[0] != '#' || (fragment[1] != '\0' && fragment[1] != '/'))
        return NULL;
    if (fragment[1] == '\0')
        return root;
    g_auto(GStrv) names = g_strsplit(fragment + 2, "/", -1);
    JsonNode *node = root;
    for (unsigned i = 0; names[i] != NULL && node != NULL; i++) {
        g_autoptr(GString) name = g_string_new(names[i]);
        g_string_replace(name, "~1", "/", 0);
        g_string_replace(name, "~0", "~", 0);
        node = step_into(node, name->str);
    }
    return node;
}

static bool is_number(JsonNode *node)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
}

static bool is_bool(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_BOOLEAN;
}

static bool is_text(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
}

static bool read_pattern(Reader *self, const char *text, GError **error)
{
    if (g_hash_table_contains(self->check->patterns, text))
        return true;
    /* bodies are others' texts: none of them may make a match take for ever */
    g_autofree char *limited = g_strconcat("(*LIMIT_MATCH=200000)", text, NULL);
    GRegex *regex = g_regex_new(limited, 0, 0, NULL);
    if (regex == NULL)
        return refuse(self, "a regular expression", error);
    g_hash_table_insert(self->check->patterns, g_strdup(text), regex);
    return true;
}

static bool read_map(Reader *self, JsonNode *node, bool patterns, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return refuse(self, "an object of schemas", error);
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *member = NULL;
    json_object_iter_init(&iter, json_node_get_object(node));
    while (json_object_iter_next(&iter, &name, &member)) {
        gsize before = bus_schema_push(self->pointer, name);
        if ((patterns && !read_pattern(self, name, error)) || !read_schema(self, member, error))
            return false;
        g_string_truncate(self->pointer, before);
    }
    return true;
}

static bool read_list(Reader *self, JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(node) || json_array_get_length(json_node_get_array(node)) == 0)
        return refuse(self, "a list of schemas", error);
    JsonArray *array = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        gsize before = bus_schema_push_index(self->pointer, i);
        if (!read_schema(self, json_array_get_element(array, i), error))
            return false;
        g_string_truncate(self->pointer, before);
    }
    return true;
}

static bool read_names(Reader *self, JsonNode *node, GError **error)
{
    bool ok = JSON_NODE_HOLDS_ARRAY(node);
    JsonArray *array = ok ? json_node_get_array(node) : NULL;
    for (unsigned i = 0; ok && i < json_array_get_length(array); i++)
        ok = is_text(json_array_get_element(array, i));
    return ok || refuse(self, "a list of names", error);
}

static bool read_dependencies(Reader *self, JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return refuse(self, "an object of schemas or lists of names", error);
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *member = NULL;
    json_object_iter_init(&iter, json_node_get_object(node));
    while (json_object_iter_next(&iter, &name, &member)) {
        gsize before = bus_schema_push(self->pointer, name);
        if (JSON_NODE_HOLDS_ARRAY(member) ? !read_names(self, member, error)
                                          : !read_schema(self, member, error))
            return false;
        g_string_truncate(self->pointer, before);
    }
    return true;
}

static bool is_type(JsonNode *node)
{
    static const char *const types[] = {"null",  "boolean", "integer", "number",
                                        "array", "object",  "string",  NULL};
    return is_text(node) && g_strv_contains(types, json_node_get_string(node));
}

static bool read_type(Reader *self, JsonNode *node, GError **error)
{
    bool ok = is_type(node);
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);
        ok = json_array_get_length(array) > 0;
        for (unsigned i = 0; ok && i < json_array_get_length(array); i++)
            ok = is_type(json_array_get_element(array, i));
    }
    return ok || refuse(self, "a type, or a list of types", error);
}

/* A reference to elsewhere is nothing that could be looked at: it is said. */
static bool read_reference(Reader *self, JsonNode *node, GError **error)
{
    if (!is_text(node))
        return refuse(self, "a text", error);
    const char *reference = json_node_get_string(node);
    if (reference[0] != '#' || (reference[1] != '\0' && reference[1] != '/')) {
        g_ptr_array_add(self->check->ignored, g_strdup(self->pointer->str));
        return true;
    }
    JsonNode *target = bus_schema_resolve(self->check->root, reference);
    if (target == NULL)
        return refuse(self, "a reference to a schema that is there", error);
    /* it may lie where no keyword has schemas, and lead in a circle */
    return !g_hash_table_add(self->targets, target) || read_schema(self, target, error);
}

static bool read_number(Reader *self, Form form, JsonNode *node, GError **error)
{
    if (form == FORM_NUMBER_OR_BOOL && is_bool(node))
        return true;
    double value = is_number(node) ? json_node_get_double(node) : -1;
    if (form == FORM_COUNT)
        return (value >= 0 && floor(value) == value && value <= G_MAXUINT) ||
               refuse(self, "a count", error);
    if (form == FORM_POSITIVE)
        return value > 0 || refuse(self, "a number above 0", error);
    return is_number(node) || refuse(self, "a number", error);
}

static bool read_keyword(Reader *self, Form form, JsonNode *node, GError **error)
{
    switch (form) {
    case FORM_SCHEMA_OR_LIST:
        if (JSON_NODE_HOLDS_ARRAY(node))
            return json_array_get_length(json_node_get_array(node)) == 0 ||
                   read_list(self, node, error);
        return read_schema(self, node, error);
    case FORM_SCHEMA:
        return read_schema(self, node, error);
    case FORM_SCHEMAS:
        return read_list(self, node, error);
    case FORM_MAP:
    case FORM_PATTERN_MAP:
        return read_map(self, node, form == FORM_PATTERN_MAP, error);
    case FORM_DEPENDENCIES:
        return read_dependencies(self, node, error);
    case FORM_NAMES:
        return read_names(self, node, error);
    case FORM_NUMBER:
    case FORM_POSITIVE:
    case FORM_NUMBER_OR_BOOL:
    case FORM_COUNT:
        return read_number(self, form, node, error);
    case FORM_BOOL:
        return is_bool(node) || refuse(self, "true or false", error);
    case FORM_TYPE:
        return read_type(self, node, error);
    case FORM_LIST:
        return JSON_NODE_HOLDS_ARRAY(node) || refuse(self, "a list", error);
    case FORM_PATTERN:
        return is_text(node) ? read_pattern(self, json_node_get_string(node), error)
                             : refuse(self, "a regular expression", error);
    case FORM_REFERENCE:
        return read_reference(self, node, error);
    case FORM_IGNORED:
        g_ptr_array_add(self->check->ignored, g_strdup(self->pointer->str));
        return true;
    default:
        g_assert_not_reached();
    }
}

static bool read_members(Reader *self, JsonObject *schema, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(keywords); i++) {
        JsonNode *member = json_object_get_member(schema, keywords[i].name);
        if (member == NULL)
            continue;
        gsize before = bus_schema_push(self->pointer, keywords[i].name);
        if (!read_keyword(self, keywords[i].form, member, error))
            return false;
        g_string_truncate(self->pointer, before);
    }
    return true;
}

static bool read_schema(Reader *self, JsonNode *node, GError **error)
{
    if (is_bool(node))
        return true;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return refuse(self, "a schema: an object, true or false", error);
    if (self->depth >= BUS_SCHEMA_MAX_DEPTH)
        return refuse(self, "a schema of fewer levels", error);
    self->depth++;
    bool ok = read_members(self, json_node_get_object(node), error);
    self->depth--;
    return ok;
}

void bus_schema_check_free(BusSchemaCheck *self)
{
    if (self == NULL)
        return;
    json_node_unref(self->root);
    g_hash_table_unref(self->patterns);
    g_ptr_array_unref(self->ignored);
    g_free(self);
}

const char *const *bus_schema_check_get_ignored(const BusSchemaCheck *self)
{
    return (const char *const *)self->ignored->pdata;
}

BusSchemaCheck *bus_schema_check_new(JsonNode *schema, GError **error)
{
    g_autoptr(BusSchemaCheck) self = g_new0(BusSchemaCheck, 1);
    g_autoptr(GString) pointer = g_string_new("#");
    self->root = json_node_ref(schema);
    self->patterns =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_regex_unref);
    self->ignored = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) targets = g_hash_table_new(NULL, NULL);
    Reader reader = {.check = self, .pointer = pointer, .targets = targets};
    if (!read_schema(&reader, schema, error))
        return NULL;
    g_ptr_array_add(self->ignored, NULL);
    return g_steal_pointer(&self);
}

BusSchemaCheck *bus_schema_check_parse(const char *text, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) schema = bus_canonical_parse(text, size_bytes, error);
    return schema != NULL ? bus_schema_check_new(schema, error) : NULL;
}
