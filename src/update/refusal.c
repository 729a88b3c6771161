/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What servers say when they refuse: the error object that Cincinnati and FleetLock share.
 */
#include "update/refusal.h"

#include <json-glib/json-glib.h>

#define BODY_MAX_BYTES 4096
#define TEXT_MAX_CHARS 200

char *update_refusal_text(GBytes *body)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(body, &size_bytes);
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    if (data == NULL || size_bytes > BODY_MAX_BYTES ||
        !json_parser_load_from_data(parser, data, (gssize)size_bytes, NULL))
        return g_strdup("");
    JsonNode *root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root))
        return g_strdup("");
    JsonNode *value = json_object_get_member(json_node_get_object(root), "value");
    if (value == NULL || !JSON_NODE_HOLDS_VALUE(value) ||
        json_node_get_value_type(value) != G_TYPE_STRING)
        return g_strdup("");
    const char *all = json_node_get_string(value);
    glong chars = MIN(g_utf8_strlen(all, -1), TEXT_MAX_CHARS);
    g_autofree char *text = g_utf8_substring(all, 0, chars);
    for (char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_strconcat(": ", text, NULL);
}
