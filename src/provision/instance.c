/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a datasource gave: keeping it for the later stages of a boot.
 */
#include "provision/instance.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>

#define JSON_NAME "instance.json"
#define MAX_ID_CHARS 255
#define MAX_KEYS 1000

static const struct {
    const char *file;
    size_t offset;
} blobs[] = {
    {"user-data", offsetof(ProvisionInstance, user_data)},
    {"vendor-data", offsetof(ProvisionInstance, vendor_data)},
    {"vendor-data2", offsetof(ProvisionInstance, vendor_data2)},
    {"network-config", offsetof(ProvisionInstance, network_config)},
};

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"platform", offsetof(ProvisionInstance, platform)},
    {"subplatform", offsetof(ProvisionInstance, subplatform)},
    {"id", offsetof(ProvisionInstance, id)},
    {"hostname", offsetof(ProvisionInstance, hostname)},
    {"region", offsetof(ProvisionInstance, region)},
    {"zone", offsetof(ProvisionInstance, zone)},
    {"network-source", offsetof(ProvisionInstance, network_source)},
    {"password", offsetof(ProvisionInstance, password)},
    {"default-user", offsetof(ProvisionInstance, default_user)},
};

static GBytes **blob(const ProvisionInstance *self, size_t i)
{
    return (GBytes **)(void *)((char *)(uintptr_t)self + blobs[i].offset);
}

static char **text(const ProvisionInstance *self, size_t i)
{
    return (char **)(void *)((char *)(uintptr_t)self + texts[i].offset);
}

ProvisionInstance *provision_instance_new(void)
{
    ProvisionInstance *self = g_new0(ProvisionInstance, 1);
    self->ssh_keys = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void provision_instance_free(ProvisionInstance *self)
{
    if (self == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++)
        g_clear_pointer(blob(self, i), g_bytes_unref);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*text(self, i));
    g_clear_pointer(&self->ssh_keys, g_ptr_array_unref);
    provision_value_unref(self->meta_data);
    g_free(self);
}

bool provision_instance_check_id(const char *id, GError **error)
{
    g_autofree char *shown = g_strescape(id, NULL);
    const char *wrong = NULL;
    if (*id == '\0')
        wrong = "is empty";
    else if (strlen(id) > MAX_ID_CHARS)
        wrong = "is longer than 255 characters";
    else if (strcmp(id, ".") == 0 || strcmp(id, "..") == 0 || strchr(id, '/') != NULL)
        wrong = "is a path";
    else if (!g_utf8_validate(id, -1, NULL))
        wrong = "is not UTF-8";
    for (const char *c = id; *c != '\0' && wrong == NULL; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            wrong = "has control characters";
    if (wrong != NULL)
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "the instance id ‘%.64s’ %s",
                    shown, wrong);
    return wrong == NULL;
}

static ProvisionValue *to_value(const ProvisionInstance *self)
{
    ProvisionPlace at = {0};
    ProvisionValue *top = provision_value_new(&at, PROVISION_VALUE_MAP);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        provision_value_set_string(top, texts[i].name, *text(self, i));
    ProvisionValue *keys = provision_value_new(&at, PROVISION_VALUE_LIST);
    for (guint i = 0; i < self->ssh_keys->len; i++)
        provision_value_take_item(
            keys, provision_value_new_string(&at, g_ptr_array_index(self->ssh_keys, i)));
    provision_value_take_member(top, "ssh-keys", &at, keys);
    if (self->meta_data != NULL)
        provision_value_take_member(top, "meta-data", &at, provision_value_ref(self->meta_data));
    return top;
}

char *provision_instance_print(const ProvisionInstance *self)
{
    g_autoptr(ProvisionValue) top = to_value(self);
    return provision_value_print(top);
}

bool provision_instance_save(const ProvisionInstance *self, int dfd, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        gsize size_bytes = 0;
        GBytes *bytes = *blob(self, i);
        if (bytes == NULL) {
            if (!base_fd_remove_tree(dfd, blobs[i].file, error))
                return false;
            continue;
        }
        const void *data = g_bytes_get_data(bytes, &size_bytes);
        if (!base_fd_replace_file(dfd, blobs[i].file, data != NULL ? data : "", size_bytes, 0600,
                                  BASE_FD_REPLACE_DEFAULT, error))
            return false;
    }
    g_autofree char *json = provision_instance_print(self);
    return base_fd_replace_file(dfd, JSON_NAME, json, strlen(json), 0600, BASE_FD_REPLACE_DEFAULT,
                                error);
}

static bool take_texts(ProvisionInstance *self, const ProvisionValue *top)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const ProvisionValue *value = provision_value_find(top, texts[i].name);
        if (value != NULL && value->kind == PROVISION_VALUE_STRING)
            *text(self, i) = g_strdup(value->text);
    }
    const ProvisionValue *keys = provision_value_find(top, "ssh-keys");
    for (guint i = 0; keys != NULL && keys->items != NULL && i < MIN(keys->items->len, MAX_KEYS);
         i++) {
        const ProvisionValue *key = g_ptr_array_index(keys->items, i);
        if (key->kind == PROVISION_VALUE_STRING)
            g_ptr_array_add(self->ssh_keys, g_strdup(key->text));
    }
    const ProvisionValue *meta_data = provision_value_find(top, "meta-data");
    if (meta_data != NULL)
        self->meta_data = provision_value_ref((ProvisionValue *)(uintptr_t)meta_data);
    return self->platform != NULL && self->id != NULL;
}

ProvisionInstance *provision_instance_parse(const char *source, GBytes *json, GError **error)
{
    g_autoptr(ProvisionValue) top =
        provision_value_parse(source, json, PROVISION_VALUE_JSON, error);
    if (top == NULL)
        return NULL;
    g_autoptr(ProvisionInstance) self = provision_instance_new();
    if (!take_texts(self, top)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%s’ has no “platform” or “id”: remove it, and the next boot "
                    "makes it anew",
                    source);
        return NULL;
    }
    return provision_instance_check_id(self->id, error) ? g_steal_pointer(&self) : NULL;
}

static bool load_blobs(ProvisionInstance *self, int dfd, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(blobs); i++) {
        g_autoptr(GError) local = NULL;
        *blob(self, i) =
            base_fd_read_file(dfd, blobs[i].file, PROVISION_INSTANCE_MAX_BYTES, &local);
        if (local == NULL || g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND))
            continue;
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return true;
}

ProvisionInstance *provision_instance_load(int dfd, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) json =
        base_fd_read_file(dfd, JSON_NAME, PROVISION_INSTANCE_MAX_BYTES, &local);
    if (json == NULL && g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND,
                    "no instance has been read yet");
        return NULL;
    }
    if (json == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    g_autoptr(ProvisionInstance) self = provision_instance_parse(JSON_NAME, json, error);
    return self != NULL && load_blobs(self, dfd, error) ? g_steal_pointer(&self) : NULL;
}
