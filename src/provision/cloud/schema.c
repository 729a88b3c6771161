/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A JSON schema of cloud-config out of the tables of keys: what validate takes, for editors.
 */
#include "provision/cloud/read.h"

#include <string.h>

static void print_fields(GString *out, const ProvisionCloudKey *fields, unsigned depth);

static void print_types(GString *out, unsigned types)
{
    static const char *const names[] = {"string", "boolean", "integer", "array", "object", "null"};
    const char *separator = "";
    g_string_append(out, "\"type\": [");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if ((types & (1U << i)) == 0)
            continue;
        g_string_append_printf(out, "%s\"%s\"", separator, names[i]);
        separator = ", ";
    }
    g_string_append_c(out, ']');
}

static void indent(GString *out, unsigned depth)
{
    g_string_append_c(out, '\n');
    for (unsigned i = 0; i < depth * 2; i++)
        g_string_append_c(out, ' ');
}

static void print_custom(GString *out, const ProvisionCloudKey *key, unsigned depth)
{
    if (key->types == 0) {
        g_string_append(out, "\"$comment\": \"any\"");
        return;
    }
    print_types(out, key->types);
    if (key->fields == NULL)
        return;
    /* A mapping has the fields, or a list has mappings that do. */
    bool list = (key->types & PROVISION_CLOUD_IS_LIST) != 0;
    if (list)
        g_string_append(out, ", \"items\": {\"if\": {\"type\": \"object\"}, \"then\": {");
    else
        g_string_append(out, ", ");
    print_fields(out, key->fields, depth + 1);
    if (list)
        g_string_append(out, "}}");
}

static void print_key(GString *out, const ProvisionCloudKey *key, unsigned depth)
{
    switch (key->kind) {
    case PROVISION_CLOUD_TEXT:
    case PROVISION_CLOUD_SET_TEXT:
        g_string_append(out,
                        "\"type\": [\"string\", \"number\", \"boolean\", \"object\", \"null\"]");
        break;
    case PROVISION_CLOUD_BOOL:
    case PROVISION_CLOUD_TRISTATE:
    case PROVISION_CLOUD_SET_FLAG:
        g_string_append(out, "\"type\": [\"boolean\", \"string\", \"integer\", \"null\"]");
        break;
    case PROVISION_CLOUD_INT:
        g_string_append(out, "\"type\": [\"integer\", \"string\", \"null\"]");
        break;
    case PROVISION_CLOUD_TEXTS:
    case PROVISION_CLOUD_SET_TEXTS:
        g_string_append(out, "\"type\": [\"array\", \"string\", \"null\"]");
        break;
    case PROVISION_CLOUD_SECTION:
        g_string_append(out, "\"type\": [\"object\", \"null\"], ");
        print_fields(out, key->fields, depth + 1);
        break;
    case PROVISION_CLOUD_CUSTOM:
        print_custom(out, key, depth);
        break;
    case PROVISION_CLOUD_PACKAGES:
    case PROVISION_CLOUD_UNSUPPORTED:
    case PROVISION_CLOUD_NOT_APPLICABLE:
    case PROVISION_CLOUD_IGNORED:
        g_string_append(out, "\"$comment\": \"any\"");
        break;
    }
    if (key->kind == PROVISION_CLOUD_UNSUPPORTED)
        g_string_append(out, ", \"deprecated\": true");
    if (key->why != NULL)
        g_string_append_printf(out, ", \"description\": \"%s\"", key->why);
}

static void print_fields(GString *out, const ProvisionCloudKey *fields, unsigned depth)
{
    g_string_append(out, "\"properties\": {");
    for (unsigned i = 0; fields[i].name != NULL; i++) {
        g_string_append(out, i > 0 ? "," : "");
        indent(out, depth);
        g_string_append_printf(out, "\"%s\": {", fields[i].name);
        print_key(out, &fields[i], depth);
        g_string_append_c(out, '}');
        if (strchr(fields[i].name, '_') == NULL)
            continue;
        g_autofree char *hyphens = g_strdelimit(g_strdup(fields[i].name), "_", '-');
        g_string_append_c(out, ',');
        indent(out, depth);
        g_string_append_printf(out, "\"%s\": {", hyphens);
        print_key(out, &fields[i], depth);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "}, \"additionalProperties\": false");
}

char *provision_cloud_schema(void)
{
    g_autoptr(GString) out =
        g_string_new("{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                     "\"title\": \"cloud-config as atoll-provision reads it\",\n"
                     "\"type\": [\"object\", \"null\"],\n");
    print_fields(out, provision_cloud_keys, 1);
    g_string_append(out, "}\n");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
