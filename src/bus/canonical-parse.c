/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A strict reader of JSON into json-glib's tree. json-glib's own reader takes the last of two
 * keys of one name, and does not bound depth: no ground to sign on.
 */
#include "bus/canonical.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *start;
    const char *p;
    const char *end;
    unsigned depth;
    unsigned n_values;
    GString *scratch;
} Parser;

static JsonNode *parse_value(Parser *self, GError **error);

static bool set_invalid(Parser *self, GError **error, const char *what)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "not JSON as it has to be: %s at byte %zu",
                what, (size_t)(self->p - self->start));
    return false;
}

static void skip_space(Parser *self)
{
    while (self->p < self->end &&
           (*self->p == ' ' || *self->p == '\t' || *self->p == '\n' || *self->p == '\r'))
        self->p++;
}

static bool take(Parser *self, char c)
{
    if (self->p >= self->end || *self->p != c)
        return false;
    self->p++;
    return true;
}

static bool take_hex4(Parser *self, gunichar *out_unit)
{
    gunichar unit = 0;
    if (self->end - self->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(self->p[i]);
        if (digit < 0)
            return false;
        unit = unit << 4 | (gunichar)digit;
    }
    self->p += 4;
    *out_unit = unit;
    return true;
}

static bool parse_unicode(Parser *self, GError **error)
{
    gunichar c = 0;
    if (!take_hex4(self, &c))
        return set_invalid(self, error, "\\u without four hex digits");
    if (c == 0)
        return set_invalid(self, error, "a NUL character");
    if (c >= 0xd800 && c < 0xdc00) {
        gunichar low = 0;
        if (!take(self, '\\') || !take(self, 'u') || !take_hex4(self, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return set_invalid(self, error, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return set_invalid(self, error, "half of a surrogate pair");
    }
    g_string_append_unichar(self->scratch, c);
    return true;
}

static bool parse_escape(Parser *self, GError **error)
{
    static const char names[] = "btnfr\"\\/";
    static const char letters[] = "\b\t\n\f\r\"\\/";
    char c = self->p < self->end ? *self->p++ : '\0';
    if (c == 'u')
        return parse_unicode(self, error);
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name == NULL)
        return set_invalid(self, error, "an unknown escape");
    g_string_append_c(self->scratch, letters[name - names]);
    return true;
}

/* Leaves the string in scratch. */
static bool parse_string(Parser *self, GError **error)
{
    if (!take(self, '"'))
        return set_invalid(self, error, "wanted a string");
    g_string_truncate(self->scratch, 0);
    for (;;) {
        const char *run = self->p;
        while (self->p < self->end && (unsigned char)*self->p >= 0x20 && *self->p != '"' &&
               *self->p != '\\')
            self->p++;
        g_string_append_len(self->scratch, run, self->p - run);
        if (self->p >= self->end)
            return set_invalid(self, error, "a string without its end");
        char c = *self->p;
        if (c == '"')
            break;
        if (c != '\\')
            return set_invalid(self, error, "a control character in a string");
        self->p++;
        if (!parse_escape(self, error))
            return false;
    }
    self->p++;
    return true;
}

static bool skip_digits(Parser *self)
{
    const char *start = self->p;
    while (self->p < self->end && g_ascii_isdigit(*self->p))
        self->p++;
    return self->p > start;
}

/* An integer that is no longer itself as a double would be signed as another one. */
static bool is_exact(const char *text, double value)
{
    g_autoptr(GString) printed = g_string_new(NULL);
    bus_canonical_append_number(printed, value);
    return strcmp(printed->str, text) == 0;
}

static JsonNode *parse_number(Parser *self, GError **error)
{
    const char *start = self->p;
    bool integer = true;
    (void)take(self, '-');
    bool ok = take(self, '0') || skip_digits(self);
    if (ok && take(self, '.')) {
        integer = false;
        ok = skip_digits(self);
    }
    if (ok && self->p < self->end && (*self->p == 'e' || *self->p == 'E')) {
        integer = false;
        self->p++;
        (void)(take(self, '-') || take(self, '+'));
        ok = skip_digits(self);
    }
    if (!ok)
        return set_invalid(self, error, "a malformed number"), NULL;
    if (self->p - start > 512)
        return set_invalid(self, error, "a number of more than 512 characters"), NULL;
    char text[520];
    memcpy(text, start, self->p - start);
    text[self->p - start] = '\0';
    double value = g_ascii_strtod(text, NULL);
    if (!isfinite(value))
        return set_invalid(self, error, "a number beyond what a double holds"), NULL;
    JsonNode *node = json_node_alloc();
    if (integer && fabs(value) < 9007199254740992.0)
        return json_node_init_int(node, g_ascii_strtoll(text, NULL, 10));
    if (integer && !is_exact(text, value)) {
        json_node_unref(node);
        return set_invalid(self, error, "an integer that a double cannot hold (send a string)"),
               NULL;
    }
    return json_node_init_double(node, value);
}

static JsonNode *parse_word(Parser *self, GError **error)
{
    static const char *const words[] = {"null", "true", "false"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(self->end - self->p) < n || memcmp(self->p, words[i], n) != 0)
            continue;
        self->p += n;
        JsonNode *node = json_node_alloc();
        return i == 0 ? json_node_init_null(node) : json_node_init_boolean(node, i == 1);
    }
    return set_invalid(self, error, "wanted a value"), NULL;
}

static JsonNode *parse_array(Parser *self, GError **error)
{
    g_autoptr(JsonArray) array = json_array_new();
    self->p++;
    skip_space(self);
    bool more = !take(self, ']');
    while (more) {
        JsonNode *element = parse_value(self, error);
        if (element == NULL)
            return NULL;
        json_array_add_element(array, element);
        skip_space(self);
        more = take(self, ',');
        if (!more && !take(self, ']'))
            return set_invalid(self, error, "wanted ‘,’ or ‘]’"), NULL;
    }
    JsonNode *node = json_node_alloc();
    return json_node_init_array(node, array);
}

static JsonNode *parse_object(Parser *self, GError **error)
{
    g_autoptr(JsonObject) object = json_object_new();
    self->p++;
    skip_space(self);
    bool more = !take(self, '}');
    while (more) {
        skip_space(self);
        if (!parse_string(self, error))
            return NULL;
        g_autofree char *key = g_strndup(self->scratch->str, self->scratch->len);
        if (json_object_has_member(object, key))
            return set_invalid(self, error, "a second key of one name, which ends"), NULL;
        skip_space(self);
        if (!take(self, ':'))
            return set_invalid(self, error, "wanted ‘:’"), NULL;
        JsonNode *value = parse_value(self, error);
        if (value == NULL)
            return NULL;
        json_object_set_member(object, key, value);
        skip_space(self);
        more = take(self, ',');
        if (!more && !take(self, '}'))
            return set_invalid(self, error, "wanted ‘,’ or ‘}’"), NULL;
    }
    JsonNode *node = json_node_alloc();
    return json_node_init_object(node, object);
}

static JsonNode *parse_value(Parser *self, GError **error)
{
    skip_space(self);
    if (self->depth >= BUS_JSON_MAX_DEPTH || ++self->n_values > BUS_JSON_MAX_VALUES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "JSON of more than %d levels or %d values at byte %zu", BUS_JSON_MAX_DEPTH,
                    BUS_JSON_MAX_VALUES, (size_t)(self->p - self->start));
        return NULL;
    }
    if (self->p >= self->end)
        return set_invalid(self, error, "an early end"), NULL;
    JsonNode *node = NULL;
    self->depth++;
    if (*self->p == '{')
        node = parse_object(self, error);
    else if (*self->p == '[')
        node = parse_array(self, error);
    else if (*self->p == '-' || g_ascii_isdigit(*self->p))
        node = parse_number(self, error);
    else if (*self->p != '"')
        node = parse_word(self, error);
    else if (parse_string(self, error))
        node = json_node_init_string(json_node_alloc(), self->scratch->str);
    self->depth--;
    return node;
}

JsonNode *bus_canonical_parse(const char *data, size_t size_bytes, GError **error)
{
    g_autoptr(GString) scratch = g_string_new(NULL);
    Parser parser = {.start = data, .p = data, .end = data + size_bytes, .scratch = scratch};
    const char *bad = NULL;
    if (size_bytes > 0 && !g_utf8_validate_len(data, size_bytes, &bad)) {
        parser.p = bad;
        return set_invalid(&parser, error, "a byte that is not UTF-8"), NULL;
    }
    g_autoptr(JsonNode) node = parse_value(&parser, error);
    if (node == NULL)
        return NULL;
    skip_space(&parser);
    if (parser.p < parser.end)
        return set_invalid(&parser, error, "something after the value"), NULL;
    return g_steal_pointer(&node);
}
