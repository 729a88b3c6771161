/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks a value by a JSON Schema whose form schema-form.c has looked at: one function for each
 * group of keywords. Steps and depth are counted, since references may lead in circles.
 */
#include "bus/schema-check-private.h"

#include "bus/canonical.h"

#include <math.h>
#include <string.h>

typedef struct {
    const BusSchemaCheck *check;
    GString *at;   /* in the value */
    GString *rule; /* in the schema */
    unsigned n_steps;
    unsigned depth;
    bool gave_up; /* no alternative makes that good */
} Checker;

static bool check(Checker *self, JsonNode *schema, JsonNode *value, GError **error);

G_GNUC_PRINTF(3, 4)
static bool refuse(Checker *self, GError **error, const char *format, ...)
{
    if (error == NULL || *error != NULL)
        return false;
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "at ‘%s’: %s (rule %s)", self->at->str, what,
                self->rule->str);
    return false;
}

static const char *name_type(JsonNode *value)
{
    if (JSON_NODE_HOLDS_OBJECT(value))
        return "object";
    if (JSON_NODE_HOLDS_ARRAY(value))
        return "array";
    if (JSON_NODE_HOLDS_NULL(value))
        return "null";
    GType type = json_node_get_value_type(value);
    if (type == G_TYPE_STRING)
        return "string";
    return type == G_TYPE_BOOLEAN ? "boolean" : "number";
}

static bool is_whole(JsonNode *value)
{
    double number = json_node_get_double(value);
    return json_node_get_value_type(value) == G_TYPE_INT64 || floor(number) == number;
}

static bool has_type(JsonNode *value, const char *wanted)
{
    const char *type = name_type(value);
    if (strcmp(wanted, "integer") == 0)
        return strcmp(type, "number") == 0 && is_whole(value);
    return strcmp(type, wanted) == 0;
}

/* Runs the schema that is the member @name of the one at hand. */
static bool check_member(Checker *self, const char *name, JsonNode *schema, JsonNode *value,
                         GError **error)
{
    gsize before = bus_schema_push(self->rule, name);
    bool ok = check(self, schema, value, error);
    g_string_truncate(self->rule, before);
    return ok;
}

static char *print(JsonNode *value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    /* What has no canonical form is equal to nothing. */
    return bus_canonical_print_node(value, text, NULL) ? g_strdup(text->str) : NULL;
}

static bool is_equal(const char *printed, JsonNode *other)
{
    g_autofree char *text = print(other);
    return printed != NULL && text != NULL && strcmp(printed, text) == 0;
}

static bool check_type(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    if (JSON_NODE_HOLDS_VALUE(rule))
        return has_type(value, json_node_get_string(rule)) ||
               refuse(self, error, "want a value of type %s, and it is of type %s",
                      json_node_get_string(rule), name_type(value));
    JsonArray *types = json_node_get_array(rule);
    for (unsigned i = 0; i < json_array_get_length(types); i++) {
        if (has_type(value, json_array_get_string_element(types, i)))
            return true;
    }
    return refuse(self, error, "the value is of type %s, which is none of those wanted",
                  name_type(value));
}

static bool check_enum(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    JsonArray *values = json_node_get_array(rule);
    g_autofree char *printed = print(value);
    self->n_steps += json_array_get_length(values);
    for (unsigned i = 0; i < json_array_get_length(values); i++) {
        if (is_equal(printed, json_array_get_element(values, i)))
            return true;
    }
    return refuse(self, error, "the value is none of those that are listed");
}

static bool check_const(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    g_autofree char *printed = print(value);
    return is_equal(printed, rule) || refuse(self, error, "want one certain value");
}

static bool check_all_of(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    JsonArray *schemas = json_node_get_array(rule);
    for (unsigned i = 0; i < json_array_get_length(schemas); i++) {
        gsize before = bus_schema_push_index(self->rule, i);
        if (!check(self, json_array_get_element(schemas, i), value, error))
            return false;
        g_string_truncate(self->rule, before);
    }
    return true;
}

/* How many of a list's schemas the value fits; why not is of no interest. */
static unsigned count_fits(Checker *self, JsonNode *rule, JsonNode *value, unsigned enough)
{
    JsonArray *schemas = json_node_get_array(rule);
    unsigned n = 0;
    for (unsigned i = 0; i < json_array_get_length(schemas) && n < enough; i++) {
        gsize at = self->at->len;
        gsize before = self->rule->len;
        n += check(self, json_array_get_element(schemas, i), value, NULL);
        g_string_truncate(self->at, at);
        g_string_truncate(self->rule, before);
    }
    return n;
}

static bool check_any_of(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    return count_fits(self, rule, value, 1) > 0 ||
           refuse(self, error, "the value fits no schema of a list");
}

static bool check_one_of(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    unsigned n = count_fits(self, rule, value, 2);
    return n == 1 || refuse(self, error, "the value fits %s schema of a list",
                            n == 0 ? "no" : "more than one");
}

static bool fits(Checker *self, JsonNode *schema, JsonNode *value)
{
    gsize at = self->at->len;
    gsize before = self->rule->len;
    bool ok = check(self, schema, value, NULL);
    g_string_truncate(self->at, at);
    g_string_truncate(self->rule, before);
    return ok;
}

static bool check_not(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    return !fits(self, rule, value) || refuse(self, error, "the value fits what it must not");
}

static bool check_reference(Checker *self, JsonNode *rule, JsonNode *value, GError **error)
{
    JsonNode *target = bus_schema_resolve(self->check->root, json_node_get_string(rule));
    return target == NULL || check(self, target, value, error);
}

static double get_number(JsonObject *schema, const char *name, double otherwise)
{
    JsonNode *rule = json_object_get_member(schema, name);
    return rule != NULL ? json_node_get_double(rule) : otherwise;
}

static bool is_true(JsonObject *schema, const char *name)
{
    JsonNode *rule = json_object_get_member(schema, name);
    return rule != NULL && json_node_get_value_type(rule) == G_TYPE_BOOLEAN &&
           json_node_get_boolean(rule);
}

/* A bound that excludes itself is a number, or (draft 4) says so of the other one. */
static bool check_bound(Checker *self, JsonObject *schema, double number, bool low, GError **error)
{
    const char *exclusive = low ? "exclusiveMinimum" : "exclusiveMaximum";
    JsonNode *rule = json_object_get_member(schema, exclusive);
    double sign = low ? 1 : -1;
    bool strict = is_true(schema, exclusive);
    double bound = get_number(schema, low ? "minimum" : "maximum", -sign * (double)INFINITY);
    if (strict ? sign * number <= sign * bound : sign * number < sign * bound)
        return refuse(self, error, "want %s %s%.17g", low ? "at least" : "at most",
                      strict ? "but not " : "", bound);
    if (rule == NULL || json_node_get_value_type(rule) == G_TYPE_BOOLEAN)
        return true;
    bound = json_node_get_double(rule);
    return sign * number > sign * bound ||
           refuse(self, error, "want %s than %.17g", low ? "more" : "less", bound);
}

static bool check_number(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    double number = json_node_get_double(value);
    double factor = get_number(schema, "multipleOf", 0);
    double times = factor > 0 ? number / factor : 0;
    /* 0.3 is a multiple of 0.1, whatever a double makes of them */
    if (fabs(times - nearbyint(times)) > 1e-9 * fmax(1, fabs(times)))
        return refuse(self, error, "want a multiple of %.17g", factor);
    return check_bound(self, schema, number, true, error) &&
           check_bound(self, schema, number, false, error);
}

static bool check_count(Checker *self, JsonObject *schema, const char *low, const char *high,
                        double n, const char *unit, GError **error)
{
    double min = get_number(schema, low, 0);
    double max = get_number(schema, high, (double)INFINITY);
    if (n < min)
        return refuse(self, error, "want at least %.0f %s, and there are %.0f", min, unit, n);
    return n <= max ||
           refuse(self, error, "want at most %.0f %s, and there are %.0f", max, unit, n);
}

static bool matches(Checker *self, const char *pattern, const char *text)
{
    GRegex *regex = g_hash_table_lookup(self->check->patterns, pattern);
    g_autoptr(GError) error = NULL;
    self->n_steps += 1 + (unsigned)(strlen(text) / 64);
    bool ok = g_regex_match_full(regex, text, -1, 0, 0, NULL, &error);
    self->gave_up = self->gave_up || error != NULL;
    return ok;
}

static bool check_text(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    const char *text = json_node_get_string(value);
    JsonNode *pattern = json_object_get_member(schema, "pattern");
    if (!check_count(self, schema, "minLength", "maxLength", (double)g_utf8_strlen(text, -1),
                     "characters", error))
        return false;
    return pattern == NULL || matches(self, json_node_get_string(pattern), text) ||
           refuse(self, error, "the text does not match ‘%s’", json_node_get_string(pattern));
}

static bool check_item(Checker *self, const char *name, JsonNode *schema, JsonArray *array,
                       unsigned i, GError **error)
{
    gsize before = bus_schema_push_index(self->at, i);
    bool ok = check_member(self, name, schema, json_array_get_element(array, i), error);
    g_string_truncate(self->at, before);
    return ok;
}

/* The first ones by a list of schemas, the others by one: "prefixItems" and "items", or (up to
 * 2019-09) "items" and "additionalItems". */
static bool check_items(Checker *self, JsonObject *schema, JsonArray *array, GError **error)
{
    JsonNode *items = json_object_get_member(schema, "items");
    JsonNode *first = json_object_get_member(schema, "prefixItems");
    const char *rest_name = "items";
    JsonNode *rest = items;
    if (items != NULL && JSON_NODE_HOLDS_ARRAY(items)) {
        first = items;
        rest_name = "additionalItems";
        rest = json_object_get_member(schema, rest_name);
    }
    unsigned n_first = first != NULL ? json_array_get_length(json_node_get_array(first)) : 0;
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonNode *rule = i < n_first ? json_array_get_element(json_node_get_array(first), i) : rest;
        const char *name = i < n_first ? (first == items ? "items" : "prefixItems") : rest_name;
        if (rule != NULL && !check_item(self, name, rule, array, i, error))
            return false;
    }
    return true;
}

static bool check_unique(Checker *self, JsonArray *array, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        char *printed = print(json_array_get_element(array, i));
        if (printed != NULL && !g_hash_table_add(seen, printed))
            return refuse(self, error, "element %u is there twice", i);
    }
    return true;
}

static bool check_contains(Checker *self, JsonObject *schema, JsonArray *array, GError **error)
{
    JsonNode *rule = json_object_get_member(schema, "contains");
    double n = 0;
    if (rule == NULL)
        return true;
    for (unsigned i = 0; i < json_array_get_length(array); i++)
        n += fits(self, rule, json_array_get_element(array, i));
    double min = get_number(schema, "minContains", 1);
    double max = get_number(schema, "maxContains", (double)INFINITY);
    return (n >= min && n <= max) ||
           refuse(self, error, "%.0f elements fit “contains”, which is too %s", n,
                  n < min ? "few" : "many");
}

static bool check_array(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    JsonArray *array = json_node_get_array(value);
    if (!check_count(self, schema, "minItems", "maxItems", json_array_get_length(array), "elements",
                     error))
        return false;
    if (is_true(schema, "uniqueItems") && !check_unique(self, array, error))
        return false;
    return check_items(self, schema, array, error) && check_contains(self, schema, array, error);
}

static bool check_required(Checker *self, JsonArray *names, JsonObject *object, GError **error)
{
    for (unsigned i = 0; i < json_array_get_length(names); i++) {
        const char *name = json_array_get_string_element(names, i);
        if (!json_object_has_member(object, name))
            return refuse(self, error, "the member ‘%s’ is missing", name);
    }
    return true;
}

static bool check_dependencies(Checker *self, JsonObject *schema, const char *keyword,
                               JsonNode *value, GError **error)
{
    JsonNode *rule = json_object_get_member(schema, keyword);
    JsonObject *object = json_node_get_object(value);
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *needed = NULL;
    if (rule == NULL)
        return true;
    json_object_iter_init(&iter, json_node_get_object(rule));
    while (json_object_iter_next(&iter, &name, &needed)) {
        if (!json_object_has_member(object, name))
            continue;
        if (JSON_NODE_HOLDS_ARRAY(needed)
                ? !check_required(self, json_node_get_array(needed), object, error)
                : !check_member(self, keyword, needed, value, error))
            return false;
    }
    return true;
}

/* By "properties", by each of "patternProperties" that matches, and only else by
 * "additionalProperties". */
static bool check_property(Checker *self, JsonObject *schema, const char *name, JsonNode *member,
                           GError **error)
{
    JsonNode *properties = json_object_get_member(schema, "properties");
    JsonNode *patterns = json_object_get_member(schema, "patternProperties");
    JsonNode *others = json_object_get_member(schema, "additionalProperties");
    JsonNode *own =
        properties != NULL ? json_object_get_member(json_node_get_object(properties), name) : NULL;
    bool known = own != NULL;
    if (known) {
        gsize before = bus_schema_push(self->rule, "properties");
        if (!check_member(self, name, own, member, error))
            return false;
        g_string_truncate(self->rule, before);
    }
    if (patterns != NULL) {
        JsonObjectIter iter;
        const char *pattern = NULL;
        JsonNode *rule = NULL;
        json_object_iter_init(&iter, json_node_get_object(patterns));
        while (json_object_iter_next(&iter, &pattern, &rule)) {
            if (!matches(self, pattern, name))
                continue;
            known = true;
            if (!check_member(self, "patternProperties", rule, member, error))
                return false;
        }
    }
    return known || others == NULL ||
           check_member(self, "additionalProperties", others, member, error);
}

static bool check_properties(Checker *self, JsonObject *schema, JsonObject *object, GError **error)
{
    JsonNode *names = json_object_get_member(schema, "propertyNames");
    JsonObjectIter iter;
    const char *name = NULL;
    JsonNode *member = NULL;
    json_object_iter_init(&iter, object);
    while (json_object_iter_next(&iter, &name, &member)) {
        gsize before = bus_schema_push(self->at, name);
        g_autoptr(JsonNode) text = json_node_init_string(json_node_alloc(), name);
        if (!check_property(self, schema, name, member, error) ||
            (names != NULL && !check_member(self, "propertyNames", names, text, error)))
            return false;
        g_string_truncate(self->at, before);
    }
    return true;
}

static bool check_object(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    JsonObject *object = json_node_get_object(value);
    JsonNode *required = json_object_get_member(schema, "required");
    if (required != NULL && !check_required(self, json_node_get_array(required), object, error))
        return false;
    return check_count(self, schema, "minProperties", "maxProperties", json_object_get_size(object),
                       "members", error) &&
           check_properties(self, schema, object, error) &&
           check_dependencies(self, schema, "dependencies", value, error) &&
           check_dependencies(self, schema, "dependentRequired", value, error) &&
           check_dependencies(self, schema, "dependentSchemas", value, error);
}

static bool check_condition(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    JsonNode *condition = json_object_get_member(schema, "if");
    if (condition == NULL)
        return true;
    const char *name = fits(self, condition, value) ? "then" : "else";
    JsonNode *rule = json_object_get_member(schema, name);
    return rule == NULL || check_member(self, name, rule, value, error);
}

static const struct {
    const char *name;
    bool (*check)(Checker *self, JsonNode *rule, JsonNode *value, GError **error);
} any_keywords[] = {
    {"$ref", check_reference}, {"type", check_type},    {"enum", check_enum},
    {"const", check_const},    {"allOf", check_all_of}, {"anyOf", check_any_of},
    {"oneOf", check_one_of},   {"not", check_not},
};

static bool check_by(Checker *self, JsonObject *schema, JsonNode *value, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(any_keywords); i++) {
        JsonNode *rule = json_object_get_member(schema, any_keywords[i].name);
        if (rule == NULL)
            continue;
        gsize before = bus_schema_push(self->rule, any_keywords[i].name);
        if (!any_keywords[i].check(self, rule, value, error))
            return false;
        g_string_truncate(self->rule, before);
    }
    const char *type = name_type(value);
    bool ok = true;
    if (type[0] == 'o')
        ok = check_object(self, schema, value, error);
    else if (type[0] == 'a')
        ok = check_array(self, schema, value, error);
    else if (type[0] == 's')
        ok = check_text(self, schema, value, error);
    else if (strcmp(type, "number") == 0)
        ok = check_number(self, schema, value, error);
    return ok && check_condition(self, schema, value, error);
}

static bool check(Checker *self, JsonNode *schema, JsonNode *value, GError **error)
{
    if (JSON_NODE_HOLDS_VALUE(schema))
        return json_node_get_boolean(schema) || refuse(self, error, "no value is allowed here");
    if (self->gave_up || ++self->n_steps > BUS_SCHEMA_MAX_STEPS ||
        self->depth >= BUS_SCHEMA_MAX_DEPTH) {
        self->gave_up = true;
        return false;
    }
    self->depth++;
    bool ok = check_by(self, json_node_get_object(schema), value, error);
    self->depth--;
    return ok;
}

bool bus_schema_check_value(const BusSchemaCheck *self, JsonNode *value, GError **error)
{
    g_autoptr(GString) at = g_string_new(NULL);
    g_autoptr(GString) rule = g_string_new("#");
    g_autoptr(GError) local = NULL;
    Checker checker = {.check = self, .at = at, .rule = rule};
    bool ok = check(&checker, self->root, value, &local);
    if (checker.gave_up) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "looking at the value takes more than %d rules, or %d in one another",
                    BUS_SCHEMA_MAX_STEPS, BUS_SCHEMA_MAX_DEPTH);
        return false;
    }
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok;
}
