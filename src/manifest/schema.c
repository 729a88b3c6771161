/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON Schema of manifests, out of the table of keys, for editors.
 */
#include "manifest/manifest.h"

#include "manifest/keys.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* What a kind of value looks like; a repository's keys are checked by the parser alone. */
static const char *const shapes[MANIFEST_KEY_N_KINDS] = {
    [MANIFEST_KEY_STRING] = "{\"type\":[\"string\",\"number\"]}",
    [MANIFEST_KEY_BOOL] = "{\"type\":\"boolean\"}",
    [MANIFEST_KEY_STRINGS] = "{\"$ref\":\"#/$defs/texts\"}",
    [MANIFEST_KEY_WORDS] = "{\"$ref\":\"#/$defs/texts\"}",
    [MANIFEST_KEY_ARCH_WORDS] = "{\"$ref\":\"#/$defs/texts\"}",
    [MANIFEST_KEY_OLD_WORDS] = "{\"$ref\":\"#/$defs/texts\"}",
    [MANIFEST_KEY_REPOS] =
        "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\","
        "\"required\":[\"name\",\"type\"],\"properties\":{\"name\":{\"type\":\"string\"},"
        "\"type\":{\"type\":\"string\"}}}]}}",
    [MANIFEST_KEY_FILES] = "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"minItems\":2,"
                           "\"maxItems\":2,\"items\":{\"type\":\"string\"}}}",
    [MANIFEST_KEY_METADATA] = "{\"type\":\"object\"}",
    [MANIFEST_KEY_NUMBER] = "{\"enum\":[0,1]}",
    [MANIFEST_KEY_FILE] = "{\"type\":\"string\",\"minLength\":1}",
    [MANIFEST_KEY_PAIRS] = "{\"$ref\":\"#/$defs/pairs\"}",
    [MANIFEST_KEY_IDS] =
        "{\"type\":\"object\",\"required\":[\"type\"],\"additionalProperties\":false,"
        "\"properties\":{\"type\":{\"enum\":[\"none\",\"previous\",\"file\",\"data\"]},"
        "\"filename\":{\"type\":\"string\"},\"entries\":{\"type\":\"object\","
        "\"additionalProperties\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},"
        "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"type\":\"integer\","
        "\"minimum\":0}}]}}}}",
    [MANIFEST_KEY_PATTERNS] = "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"minItems\":2,"
                              "\"items\":{\"type\":\"string\"}}}",
    [MANIFEST_KEY_REPO_PACKAGES] =
        "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"repo\",\"packages\"],"
        "\"additionalProperties\":false,\"properties\":{\"repo\":{\"type\":\"string\"},"
        "\"packages\":{\"$ref\":\"#/$defs/texts\"}}}}",
    [MANIFEST_KEY_MODULES] =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"enable\":"
        "{\"$ref\":\"#/$defs/texts\"},\"install\":{\"$ref\":\"#/$defs/texts\"}}}",
    [MANIFEST_KEY_NOTED] = "{\"deprecated\":true}",
    [MANIFEST_KEY_VARIABLES] = "{\"$ref\":\"#/$defs/pairs\"}",
    [MANIFEST_KEY_INCLUDE] = "{\"$ref\":\"#/$defs/include\"}",
    [MANIFEST_KEY_ARCH_INCLUDE] =
        "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/include\"}}",
    [MANIFEST_KEY_CONDITIONAL_INCLUDE] =
        "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"if\",\"include\"],"
        "\"additionalProperties\":false,\"properties\":{\"if\":{\"anyOf\":[{\"type\":\"string\"},"
        "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\"}}]},\"include\":"
        "{\"anyOf\":[{\"$ref\":\"#/$defs/include\"},{\"$ref\":\"#\"}]}}}}",
};

static const char definitions[] =
    "{\"texts\":{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"number\"]}},"
    "\"pairs\":{\"type\":\"object\",\"additionalProperties\":"
    "{\"type\":[\"string\",\"number\",\"boolean\"]}},"
    "\"include\":{\"anyOf\":[{\"type\":\"string\"},"
    "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]}}";

static JsonNode *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonNode *node = json_from_string(text, &error);
    g_assert_no_error(error);
    return node;
}

static JsonNode *choices_node(const char *const *choices)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    JsonArray *array = json_array_new();
    for (size_t i = 0; choices[i] != NULL; i++) {
        json_array_add_string_element(array, choices[i]);
        int64_t number = 0; /* an editor shows ‘edition: 2024’ as a number */
        if (g_ascii_string_to_signed(choices[i], 10, 0, G_MAXINT64, &number, NULL))
            json_array_add_int_element(array, number);
    }
    json_node_take_array(node, array);
    return node;
}

static JsonNode *key_node(const ManifestKey *key)
{
    JsonNode *node = parse(shapes[key->kind]);
    JsonObject *object = json_node_get_object(node);
    json_object_set_string_member(object, "description", key->doc);
    if (key->choices != NULL) {
        json_object_remove_member(object, "type");
        json_object_set_member(object, "enum", choices_node(key->choices));
    }
    return node;
}

static void add_properties(JsonObject *properties)
{
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        if (key->kind == MANIFEST_KEY_ARCH_WORDS)
            continue;
        json_object_set_member(properties, key->name, key_node(key));
    }
    g_autoptr(GPtrArray) names = manifest_key_names();
    for (guint i = 0; names->pdata[i] != NULL; i++) {
        const ManifestKey *key = manifest_key_find(names->pdata[i]);
        if (key->kind == MANIFEST_KEY_ARCH_WORDS)
            json_object_set_member(properties, names->pdata[i], key_node(key));
    }
    /* rpm-ostree's old spellings */
    static const char *const old[] = {"automatic_version_prefix", "boot_location",
                                      "default_target",           "gpg_key",
                                      "bootstrap_packages",       "repo_metadata"};
    for (size_t i = 0; i < G_N_ELEMENTS(old); i++)
        json_object_set_member(properties, old[i], key_node(manifest_key_find(old[i])));
}

char *manifest_schema(void)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *schema = json_object_new();
    JsonObject *properties = json_object_new();
    json_node_take_object(root, schema);
    json_object_set_string_member(schema, "$schema",
                                  "https://json-schema.org/draft/2020-12/schema");
    json_object_set_string_member(schema, "title", "atoll manifest");
    json_object_set_string_member(schema, "description",
                                  "what an operating system tree is made of; atoll-manifest(5)");
    json_object_set_string_member(schema, "type", "object");
    json_object_set_boolean_member(schema, "additionalProperties", FALSE);
    json_object_set_member(schema, "$defs", parse(definitions));
    add_properties(properties);
    json_object_set_object_member(schema, "properties", properties);
    return json_to_string(root, TRUE);
}
