/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which keys this image trusts, and which it does not any more.
 */
#include "host/keys.h"

#include "base/error.h"
#include "base/fd.h"
#include "host/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MAX_FILE_BYTES (256 * 1024)

static const char *const key_dirs[] = {"usr/share/ostree", "etc/ostree"};

HostKeys *host_keys_new(void)
{
    HostKeys *self = g_new0(HostKeys, 1);
    self->trusted = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    self->revoked = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    return self;
}

void host_keys_free(HostKeys *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->trusted);
    g_ptr_array_unref(self->revoked);
    g_free(self);
}

bool host_keys_contains(const GPtrArray *keys, GBytes *public_key)
{
    for (unsigned i = 0; i < keys->len; i++) {
        if (g_bytes_equal(keys->pdata[i], public_key))
            return true;
    }
    return false;
}

static GBytes *parse_key(const char *line)
{
    /* 44 is what 32 bytes take; the decoder skips what is not base64, so count for it. */
    gsize size = 0;
    if (strlen(line) != 44 || strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789+/") != 43)
        return NULL;
    g_autofree guchar *bytes = g_base64_decode(line, &size);
    return size == BASE_ED25519_PUBLIC_BYTES ? g_bytes_new(bytes, size) : NULL;
}

bool host_keys_parse(const char *text, size_t size_bytes, const char *name, GPtrArray *keys,
                     GError **error)
{
    g_autofree char *copy = g_strndup(text, size_bytes);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        const char *line = g_strstrip(lines[i]);
        if (line[0] == '\0' || line[0] == '#')
            continue;
        GBytes *key = parse_key(line);
        if (key == NULL)
            return host_error_set(error, HOST_ERROR_FAILED,
                                  "%s:%u: not an ed25519 public key: want 44 characters of "
                                  "base64, 32 bytes",
                                  name, i + 1);
        g_ptr_array_add(keys, key);
    }
    return true;
}

static bool load_file(int root_dfd, const char *path, GPtrArray *keys, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autoptr(GBytes) text = base_fd_read_file(root_dfd, path, MAX_FILE_BYTES, &local_error);
    if (g_error_matches(local_error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return false;
    }
    size_t size = 0;
    const char *data = g_bytes_get_data(text, &size);
    return host_keys_parse(data, size, path, keys, error);
}

static bool load_dir(int root_dfd, const char *path, GPtrArray *keys, GError **error)
{
    int dfd = openat(root_dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dfd < 0)
        return errno == ENOENT || base_error_set_errno(error, errno, "opening ‘%s’", path);
    DIR *dir = fdopendir(dfd);
    bool good = true;
    const struct dirent *entry = NULL;
    while (good && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        g_autofree char *file = g_build_filename(path, entry->d_name, NULL);
        good = load_file(root_dfd, file, keys, error);
    }
    closedir(dir);
    return good;
}

static bool load_kind(int root_dfd, const char *kind, GPtrArray *keys, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(key_dirs); i++) {
        g_autofree char *file = g_strdup_printf("%s/%s.ed25519", key_dirs[i], kind);
        g_autofree char *dir = g_strdup_printf("%s.d", file);
        if (!load_file(root_dfd, file, keys, error) || !load_dir(root_dfd, dir, keys, error)) {
            g_prefix_error(error, "reading %s keys: ", kind);
            return false;
        }
    }
    return true;
}

HostKeys *host_keys_load(int root_dfd, GError **error)
{
    g_autoptr(HostKeys) self = host_keys_new();
    if (!load_kind(root_dfd, "trusted", self->trusted, error) ||
        !load_kind(root_dfd, "revoked", self->revoked, error))
        return NULL;
    return g_steal_pointer(&self);
}
