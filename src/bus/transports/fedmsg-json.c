/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON as Python prints it: fedmsg signs these bytes, so each one counts. Keys in the order of
 * their code points, no spaces, all but printable ASCII as \uXXXX, numbers as repr() has them.
 */
#include "bus/transports/fedmsg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* repr() of a float: the fewest digits that read back, an exponent below 1e-4 and from 1e16 on. */
static void append_double(GString *out, double value)
{
    enum { BUFFER_BYTES = 32, MAX_DIGITS = 17, MIN_FIXED = -4, MAX_FIXED = 16 };
    char text[BUFFER_BYTES];
    for (int digits = 0; digits < MAX_DIGITS; digits++) {
        char format[] = "%.00e";
        format[2] = (char)('0' + digits / 10);
        format[3] = (char)('0' + digits % 10);
        g_ascii_formatd(text, sizeof text, format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    char *exponent_text = strchr(text, 'e');
    if (exponent_text == NULL) {
        g_string_append(out, "null");
        return;
    }
    int exponent = atoi(exponent_text + 1);
    *exponent_text = '\0';
    if (exponent < MIN_FIXED || exponent >= MAX_FIXED) {
        g_string_append_printf(out, "%se%c%02d", text, exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (text[0] == '-')
        g_string_append_c(out, '-');
    g_autoptr(GString) digits = g_string_new(NULL);
    for (const char *c = text; *c != '\0'; c++) {
        if (g_ascii_isdigit(*c))
            g_string_append_c(digits, *c);
    }
    for (; exponent < 0; exponent++)
        g_string_prepend_c(digits, '0');
    while (digits->len < (size_t)exponent + 2)
        g_string_append_c(digits, '0');
    g_string_insert_c(digits, exponent + 1, '.');
    g_string_append_len(out, digits->str, (gssize)digits->len);
}

static void append_escape(GString *out, gunichar c)
{
    enum { FIRST_PAIRED = 0x10000, HIGH = 0xd800, LOW = 0xdc00, TEN_BITS = 0x3ff };
    if (c >= FIRST_PAIRED) {
        c -= FIRST_PAIRED;
        g_string_append_printf(out, "\\u%04x\\u%04x", HIGH + (c >> 10), LOW + (c & TEN_BITS));
        return;
    }
    g_string_append_printf(out, "\\u%04x", c);
}

static void append_string(GString *out, const char *text)
{
    static const char plain[] = "\"\\\n\r\t\f\b";
    static const char letters[] = "\"\\nrtfb";
    g_string_append_c(out, '"');
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        const char *found = c < 0x80 ? strchr(plain, (int)c) : NULL;
        if (found != NULL) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, letters[found - plain]);
        } else if (c >= ' ' && c <= '~') {
            g_string_append_c(out, (char)c);
        } else {
            append_escape(out, c);
        }
    }
    g_string_append_c(out, '"');
}

static void append_array(GString *out, JsonArray *array)
{
    g_string_append_c(out, '[');
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        bus_fedmsg_dumps(json_array_get_element(array, i), out);
    }
    g_string_append_c(out, ']');
}

static void append_object(GString *out, JsonObject *object)
{
    g_autoptr(GList) names =
        g_list_sort(json_object_get_members(object), (GCompareFunc)(void (*)(void))strcmp);
    g_string_append_c(out, '{');
    for (GList *name = names; name != NULL; name = name->next) {
        if (name != names)
            g_string_append_c(out, ',');
        append_string(out, name->data);
        g_string_append_c(out, ':');
        bus_fedmsg_dumps(json_object_get_member(object, name->data), out);
    }
    g_string_append_c(out, '}');
}

void bus_fedmsg_dumps(JsonNode *node, GString *out)
{
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        append_object(out, json_node_get_object(node));
    } else if (JSON_NODE_HOLDS_ARRAY(node)) {
        append_array(out, json_node_get_array(node));
    } else if (JSON_NODE_HOLDS_NULL(node)) {
        g_string_append(out, "null");
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        append_string(out, json_node_get_string(node));
    } else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        g_string_append(out, json_node_get_boolean(node) ? "true" : "false");
    } else if (json_node_get_value_type(node) == G_TYPE_DOUBLE) {
        append_double(out, json_node_get_double(node));
    } else {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, json_node_get_int(node));
    }
}
