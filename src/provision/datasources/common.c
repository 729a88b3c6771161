/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What datasources have in common: texts of trees, keys, seed directories and volumes.
 */
#include "provision/datasources/common.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"
#include "provision/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#define SEED_DIR "var/lib/cloud/seed/"
#define MAX_KEYS 1000
#define MAX_KEY_CHARS 32768

bool provision_source_nothing(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND, message);
    return false;
}

void provision_source_set(char **field, char *taken)
{
    g_free(*field);
    *field = taken;
}

void provision_source_set_bytes(GBytes **field, GBytes *taken)
{
    if (*field != NULL)
        g_bytes_unref(*field);
    *field = taken;
}

void provision_source_set_value(ProvisionInstance *instance, ProvisionValue *taken)
{
    provision_value_unref(instance->meta_data);
    instance->meta_data = taken;
}

char *provision_source_text(const ProvisionValue *value, const char *path)
{
    const ProvisionValue *found = value != NULL ? provision_value_look_up(value, path) : NULL;
    if (found == NULL)
        return NULL;
    g_autofree char *text = provision_value_to_text(found);
    return text != NULL && *text != '\0' ? g_steal_pointer(&text) : NULL;
}

GBytes *provision_source_bytes(const ProvisionValue *value, const char *path)
{
    const ProvisionValue *found = value != NULL ? provision_value_look_up(value, path) : NULL;
    if (found == NULL || found->kind == PROVISION_VALUE_NULL)
        return NULL;
    if (found->bytes != NULL)
        return g_bytes_ref(found->bytes);
    char *text = found->kind == PROVISION_VALUE_LIST || found->kind == PROVISION_VALUE_MAP
                     ? provision_value_print(found)
                     : provision_value_to_text(found);
    if (text == NULL)
        return NULL;
    return g_bytes_new_take(text, strlen(text));
}

GBytes *provision_source_from_base64(GBytes *bytes)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    g_autoptr(GString) packed = g_string_sized_new(size_bytes + 4);
    for (gsize i = 0; i < size_bytes; i++) {
        if (g_ascii_isspace(data[i]))
            continue;
        if (!g_ascii_isalnum(data[i]) && strchr("+/=", data[i]) == NULL)
            return NULL;
        if (packed->len > 0 && packed->str[packed->len - 1] == '=' && data[i] != '=')
            return NULL;
        g_string_append_c(packed, data[i]);
    }
    if (packed->len == 0 || packed->len % 4 != 0)
        return NULL;
    gsize out_bytes = 0;
    guchar *out = g_base64_decode(packed->str, &out_bytes);
    return g_bytes_new_take(out, out_bytes);
}

GBytes *provision_source_maybe_base64(GBytes *bytes)
{
    GBytes *decoded = bytes != NULL ? provision_source_from_base64(bytes) : NULL;
    if (decoded == NULL)
        return bytes;
    g_bytes_unref(bytes);
    return decoded;
}

static void add_key(ProvisionInstance *instance, const char *text)
{
    g_autofree char *key = g_strdup(text);
    g_strstrip(key);
    if (*key == '\0' || *key == '#' || strlen(key) > MAX_KEY_CHARS ||
        instance->ssh_keys->len >= MAX_KEYS)
        return;
    for (guint i = 0; i < instance->ssh_keys->len; i++)
        if (strcmp(g_ptr_array_index(instance->ssh_keys, i), key) == 0)
            return;
    g_ptr_array_add(instance->ssh_keys, g_steal_pointer(&key));
}

void provision_source_add_key_lines(ProvisionInstance *instance, const char *lines)
{
    g_auto(GStrv) parts = lines != NULL ? g_strsplit_set(lines, "\r\n", -1) : NULL;
    for (char **part = parts; part != NULL && *part != NULL; part++)
        add_key(instance, *part);
}

void provision_source_add_keys(ProvisionInstance *instance, const ProvisionValue *keys)
{
    if (keys == NULL)
        return;
    if (keys->kind == PROVISION_VALUE_LIST) {
        for (guint i = 0; keys->items != NULL && i < keys->items->len; i++)
            provision_source_add_keys(instance, g_ptr_array_index(keys->items, i));
    } else if (keys->kind == PROVISION_VALUE_MAP) {
        for (guint i = 0; keys->members != NULL && i < keys->members->len; i++) {
            const ProvisionMember *member = g_ptr_array_index(keys->members, i);
            provision_source_add_keys(instance, member->value);
        }
    } else if (keys->kind == PROVISION_VALUE_STRING) {
        provision_source_add_key_lines(instance, keys->text);
    }
}

GBytes *provision_source_read(int dir, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    GBytes *bytes = base_fd_read_file(dir, path, PROVISION_INSTANCE_MAX_BYTES, &local);
    if (bytes == NULL && !g_error_matches(local, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&local));
    return bytes;
}

ProvisionValue *provision_source_read_value(int dir, const char *path, const char *shown,
                                            ProvisionValueSyntax syntax, GError **error)
{
    g_autoptr(GBytes) bytes = provision_source_read(dir, path, error);
    if (bytes == NULL)
        return NULL;
    g_autofree char *source = g_strdup_printf("%s/%s", shown, path);
    return provision_value_parse(source, bytes, syntax, error);
}

int provision_source_open_seed(const ProvisionDatasourceEnv *env, const char *const *names,
                               const char *const *labels, char **out_subplatform, GError **error)
{
    for (; names != NULL && *names != NULL; names++) {
        g_autofree char *path = g_strconcat(SEED_DIR, *names, NULL);
        int fd = openat(env->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            provision_source_set(out_subplatform, g_strconcat("/", path, NULL));
            return fd;
        }
    }
    for (; labels != NULL && *labels != NULL; labels++) {
        const ProvisionVolume *volume = provision_platform_volume(env->platform, *labels);
        if (volume == NULL)
            continue;
        provision_source_set(out_subplatform, g_strdup(volume->device));
        return provision_volume_open(volume, env->root, error);
    }
    provision_source_nothing(error, "no seed directory and no labelled volume");
    return -1;
}

bool provision_source_finish(ProvisionInstance *instance, const char *platform,
                             const char *fallback_id, GError **error)
{
    provision_source_set(&instance->platform, g_strdup(platform));
    if (instance->id == NULL && fallback_id != NULL)
        instance->id = g_strdup(fallback_id);
    if (instance->id == NULL) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "the metadata has no instance id");
        return false;
    }
    return provision_instance_check_id(instance->id, error);
}
