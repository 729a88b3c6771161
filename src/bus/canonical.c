/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The canonical form of JSON (RFC 8785): one text for one value, so that a signature over the
 * text is one over the value. canonical-parse.c reads.
 */
#include "bus/canonical.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER_MAX 9007199254740992 /* 2^53: doubles hold every integer up to it */

typedef struct {
    GString *out;
    unsigned depth;
    unsigned n_values;
} Printer;

static bool print_node(Printer *self, JsonNode *node, GError **error);

void bus_canonical_append_int(GString *out, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        g_string_append_c(out, '-');
    bus_canonical_append(out, digits + at, sizeof digits - at);
}

static void append_escape(GString *out, unsigned char c)
{
    static const char letters[] = "\b\t\n\f\r\"\\";
    static const char names[] = "btnfr\"\\";
    const char *letter = strchr(letters, c);
    if (letter != NULL)
        g_string_append_printf(out, "\\%c", names[letter - letters]);
    else
        g_string_append_printf(out, "\\u%04x", c);
}

void bus_canonical_append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    const char *start = text;
    for (const char *p = text;; p++) {
        unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        bus_canonical_append(out, start, (size_t)(p - start));
        start = p + 1;
        if (c == '\0')
            break;
        append_escape(out, c);
    }
    g_string_append_c(out, '"');
}

/* Digits of @value > 0 with @n_digits of them, and the place of the point: 0.DIGITS × 10^point. */
static void make_digits(double value, int n_digits, char *out_digits, int *out_point)
{
    char text[40];
    char format[8];
    g_snprintf(format, sizeof format, "%%.%de", n_digits - 1);
    (void)g_ascii_formatd(text, sizeof text, format, value);
    char *e = strchr(text, 'e');
    *out_point = (int)g_ascii_strtoll(e + 1, NULL, 10) + 1;
    *e = '\0';
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '.')
            out_digits[n++] = *p;
    }
    out_digits[n] = '\0';
}

static bool reads_back(const char *digits, int point, double value)
{
    char text[48];
    g_snprintf(text, sizeof text, "0.%se%d", digits, point);
    return g_ascii_strtod(text, NULL) == value; /* bit for bit is what is meant */
}

/* At powers of two the nearest decimal may lie outside the interval, and its neighbour inside. */
static bool next_reads_back(char *digits, int point, double value)
{
    size_t last = strlen(digits) - 1;
    if (digits[last] == '9')
        return false;
    digits[last]++;
    return reads_back(digits, point, value);
}

void bus_canonical_append_number(GString *out, double value)
{
    if (value == 0) {
        g_string_append_c(out, '0');
        return;
    }
    if (value < 0)
        g_string_append_c(out, '-');
    value = fabs(value);
    if (value < SAFE_INTEGER_MAX && value == floor(value)) {
        bus_canonical_append_int(out, (int64_t)value);
        return;
    }
    char digits[40] = "";
    int point = 0;
    /* Below the normal range fewer than 15 digits may be enough. */
    for (int n = value < 2.3e-308 ? 1 : 15; n <= 17; n++) {
        make_digits(value, n, digits, &point);
        if (reads_back(digits, point, value) || (n < 17 && next_reads_back(digits, point, value)))
            break;
    }
    int n = (int)strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        digits[--n] = '\0';
    /* ECMA-262, Number::toString */
    if (n <= point && point <= 21)
        g_string_append_printf(out, "%s%.*s", digits, point - n, "000000000000000000000");
    else if (0 < point && point <= 21)
        g_string_append_printf(out, "%.*s.%s", point, digits, digits + point);
    else if (-6 < point && point <= 0)
        g_string_append_printf(out, "0.%.*s%s", -point, "000000", digits);
    else
        g_string_append_printf(out, "%c%s%se%+d", digits[0], n > 1 ? "." : "", digits + 1,
                               point - 1);
}

static bool set_invalid(GError **error, const char *what)
{
    g_set_error_literal(error, BUS_ERROR, BUS_ERROR_INVALID, what);
    return false;
}

static bool print_string(Printer *self, const char *text, GError **error)
{
    if (text == NULL || !g_utf8_validate(text, -1, NULL))
        return set_invalid(error, "a string is not UTF-8");
    bus_canonical_append_string(self->out, text);
    return true;
}

/* The order of UTF-16 code units: as that of code points, but U+E000 to U+FFFF come last. */
static uint32_t utf16_rank(const char *p)
{
    gunichar c = g_utf8_get_char(p);
    return c >= 0x10000 ? c - 0x10000 + 0xe000 : c >= 0xe000 ? c + 0x200000 : c;
}

static int compare_keys(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    while (*left == *right && *left != '\0') {
        left++;
        right++;
    }
    if (((*left | *right) & 0x80) == 0)
        return (unsigned char)*left - (unsigned char)*right;
    /* back to the first byte of the character that differs */
    while ((*left & 0xc0) == 0x80 && (*right & 0xc0) == 0x80) {
        left--;
        right--;
    }
    uint32_t left_rank = utf16_rank(left);
    uint32_t right_rank = utf16_rank(right);
    return left_rank < right_rank ? -1 : left_rank > right_rank;
}

static bool print_object(Printer *self, JsonObject *object, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_sized_new(json_object_get_size(object));
    JsonObjectIter iter;
    const char *key = NULL;
    JsonNode *value = NULL;
    json_object_iter_init(&iter, object);
    while (json_object_iter_next(&iter, &key, &value)) {
        if (!g_utf8_validate(key, -1, NULL))
            return set_invalid(error, "a key is not UTF-8");
        g_ptr_array_add(keys, (gpointer)key);
    }
    if (keys->len > 1)
        qsort(keys->pdata, keys->len, sizeof keys->pdata[0], compare_keys);
    g_string_append_c(self->out, '{');
    for (guint i = 0; i < keys->len; i++) {
        if (i > 0)
            g_string_append_c(self->out, ',');
        bus_canonical_append_string(self->out, keys->pdata[i]);
        g_string_append_c(self->out, ':');
        if (!print_node(self, json_object_get_member(object, keys->pdata[i]), error))
            return false;
    }
    g_string_append_c(self->out, '}');
    return true;
}

static bool print_array(Printer *self, JsonArray *array, GError **error)
{
    g_string_append_c(self->out, '[');
    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (i > 0)
            g_string_append_c(self->out, ',');
        if (!print_node(self, json_array_get_element(array, i), error))
            return false;
    }
    g_string_append_c(self->out, ']');
    return true;
}

static bool print_value(Printer *self, JsonNode *node, GError **error)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return print_string(self, json_node_get_string(node), error);
    case G_TYPE_BOOLEAN:
        g_string_append(self->out, json_node_get_boolean(node) ? "true" : "false");
        return true;
    case G_TYPE_INT64: {
        gint64 value = json_node_get_int(node);
        if (value > SAFE_INTEGER_MAX || value < -SAFE_INTEGER_MAX)
            return set_invalid(error, "an integer is beyond 2^53, which JSON's numbers do not "
                                      "hold: send it as a string");
        bus_canonical_append_int(self->out, value);
        return true;
    }
    case G_TYPE_DOUBLE:
        if (!isfinite(json_node_get_double(node)))
            return set_invalid(error, "a number is not finite");
        bus_canonical_append_number(self->out, json_node_get_double(node));
        return true;
    default:
        return set_invalid(error, "a value is of no JSON type");
    }
}

static bool print_node(Printer *self, JsonNode *node, GError **error)
{
    if (self->depth >= BUS_JSON_MAX_DEPTH || ++self->n_values > BUS_JSON_MAX_VALUES) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE,
                    "JSON of more than %d levels or %d values", BUS_JSON_MAX_DEPTH,
                    BUS_JSON_MAX_VALUES);
        return false;
    }
    bool ok = true;
    self->depth++;
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        ok = print_object(self, json_node_get_object(node), error);
        break;
    case JSON_NODE_ARRAY:
        ok = print_array(self, json_node_get_array(node), error);
        break;
    case JSON_NODE_NULL:
        g_string_append(self->out, "null");
        break;
    case JSON_NODE_VALUE:
    default:
        ok = print_value(self, node, error);
        break;
    }
    self->depth--;
    return ok;
}

bool bus_canonical_print_node(JsonNode *node, GString *out, GError **error)
{
    Printer printer = {.out = out};
    return print_node(&printer, node, error);
}

bool bus_canonical_print(JsonObject *object, GString *out, GError **error)
{
    Printer printer = {.out = out, .depth = 1};
    return print_object(&printer, object, error);
}
