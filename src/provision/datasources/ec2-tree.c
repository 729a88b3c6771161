/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * EC2's tree of metadata: directories are lists of names, those that end in a slash are directories
 * again. Walked with bounds; credentials are not asked for.
 */
#include "provision/datasources/ec2-tree.h"

#include "provision/error.h"

#include <string.h>

#define MAX_DEPTH 10
#define MAX_ITEMS 2000
#define MAX_NAME_CHARS 256

typedef struct {
    ProvisionService *service;
    unsigned n_items;
} Walk;

static const ProvisionPlace nowhere = {0};

/* A name from the server becomes part of a URL: it must not be able to leave the tree. */
static bool is_name(const char *name)
{
    if (*name == '\0' || strlen(name) > MAX_NAME_CHARS || g_str_has_prefix(name, ".."))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("-_.:=/@+ ", *c) == NULL)
            return false;
    const char *slash = strchr(name, '/');
    return slash == NULL || slash[1] == '\0';
}

static bool is_secret(const char *name)
{
    return strcmp(name, "security-credentials/") == 0 || strcmp(name, "identity-credentials/") == 0;
}

static bool walk(Walk *self, const char *path, unsigned depth, ProvisionValue **out_value,
                 GError **error);

static bool walk_leaf(Walk *self, const char *path, ProvisionValue **out_value, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    *out_value = NULL;
    if (!provision_service_get(self->service, path, &bytes, error))
        return false;
    if (bytes == NULL)
        return true;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    g_autofree char *text = g_strndup(data, size_bytes);
    if (g_utf8_validate(text, -1, NULL))
        *out_value = provision_value_new_string(&nowhere, g_strchomp(text));
    return true;
}

/* "0=my-key" is a directory "0" that has the key itself. */
static bool walk_key(Walk *self, const char *path, const char *line, ProvisionValue *list,
                     GError **error)
{
    g_autofree char *index = g_strndup(line, strcspn(line, "="));
    g_autofree char *at = g_strdup_printf("%s%s/openssh-key", path, index);
    g_autoptr(ProvisionValue) key = NULL;
    if (!walk_leaf(self, at, &key, error))
        return false;
    if (key != NULL)
        provision_value_take_item(list, g_steal_pointer(&key));
    return true;
}

static bool walk_item(Walk *self, const char *path, const char *line, unsigned depth,
                      ProvisionValue *map, GError **error)
{
    g_autoptr(ProvisionValue) value = NULL;
    g_autofree char *at = g_strconcat(path, line, NULL);
    g_autofree char *name = g_strdup(line);
    bool is_dir = g_str_has_suffix(line, "/");
    if (is_dir)
        name[strlen(name) - 1] = '\0';
    g_strdelimit(at, " ", '+');
    if (is_secret(line))
        return true;
    if (!(is_dir ? walk(self, at, depth + 1, &value, error) : walk_leaf(self, at, &value, error)))
        return false;
    if (value != NULL)
        provision_value_take_member(map, name, &nowhere, g_steal_pointer(&value));
    return true;
}

static bool walk(Walk *self, const char *path, unsigned depth, ProvisionValue **out_value,
                 GError **error)
{
    g_autofree char *text = NULL;
    *out_value = NULL;
    if (depth > MAX_DEPTH) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "the metadata at ‘%s’ is more than %d directories deep", path, MAX_DEPTH);
        return false;
    }
    if (!provision_service_get_text(self->service, path, &text, error))
        return false;
    if (text == NULL)
        return true;
    bool keys = g_str_has_suffix(path, "/public-keys/");
    g_autoptr(ProvisionValue) tree =
        provision_value_new(&nowhere, keys ? PROVISION_VALUE_LIST : PROVISION_VALUE_MAP);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line);
        if (!is_name(*line))
            continue;
        if (++self->n_items > MAX_ITEMS) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "the metadata has more than %d items", MAX_ITEMS);
            return false;
        }
        if (!(keys ? walk_key(self, path, *line, tree, error)
                   : walk_item(self, path, *line, depth, tree, error)))
            return false;
    }
    *out_value = g_steal_pointer(&tree);
    return true;
}

bool provision_ec2_tree_read(ProvisionService *service, const char *prefix,
                             ProvisionInstance *instance, GError **error)
{
    Walk self = {.service = service};
    g_autofree char *top = g_strconcat(prefix, "/meta-data/", NULL);
    g_autoptr(ProvisionValue) tree = NULL;
    if (!walk(&self, top, 0, &tree, error))
        return false;
    if (tree == NULL)
        return provision_source_nothing(error, "‘%s%s’ does not exist",
                                        provision_service_base(service), top);
    provision_source_set(&instance->id, provision_source_text(tree, "instance-id"));
    provision_source_set(&instance->hostname, provision_source_text(tree, "local-hostname"));
    if (instance->hostname == NULL)
        provision_source_set(&instance->hostname, provision_source_text(tree, "hostname"));
    provision_source_set(&instance->zone,
                         provision_source_text(tree, "placement.availability-zone"));
    if (instance->zone == NULL)
        provision_source_set(&instance->zone, provision_source_text(tree, "availability-zone"));
    provision_source_set(&instance->region, provision_source_text(tree, "placement.region"));
    provision_source_add_keys(instance, provision_value_find(tree, "public-keys"));
    provision_source_set_value(instance, g_steal_pointer(&tree));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(service), prefix, NULL));
    g_autofree char *path = g_strconcat(prefix, "/user-data", NULL);
    g_autoptr(GBytes) user_data = NULL;
    if (!provision_service_get(service, path, &user_data, error))
        return false;
    provision_source_set_bytes(&instance->user_data, g_steal_pointer(&user_data));
    return true;
}
