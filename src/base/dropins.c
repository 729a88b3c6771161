/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Directories of small files that are read one after the other.
 */
#include "base/dropins.h"

#include "base/error.h"
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Name to path; a later directory's file takes the place of an earlier one's. */
static bool collect(int dfd, const char *dir, const char *suffix, GHashTable *paths, GError **error)
{
    int fd = openat(dfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || base_error_set_errno(error, errno, "opening ‘%s’", dir);
    DIR *open_dir = fdopendir(fd);
    g_assert(open_dir != NULL);
    const struct dirent *entry = NULL;
    while ((entry = readdir(open_dir)) != NULL)
        if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, suffix))
            g_hash_table_replace(paths, g_strdup(entry->d_name),
                                 g_build_filename(dir, entry->d_name, NULL));
    closedir(open_dir);
    return true;
}

static bool is_mask(int dfd, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dfd, path, target, sizeof target);
    return n == (ssize_t)strlen("/dev/null") && memcmp(target, "/dev/null", (size_t)n) == 0;
}

GPtrArray *base_dropins_find(int dfd, const char *const *dirs, const char *suffix, GError **error)
{
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (; *dirs != NULL; dirs++)
        if (!collect(dfd, *dirs, suffix, paths, error))
            return NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(paths), (GCompareFunc)strcmp);
    for (const GList *name = names; name != NULL; name = name->next) {
        const char *path = g_hash_table_lookup(paths, name->data);
        if (!is_mask(dfd, path))
            g_ptr_array_add(found, g_strdup(path));
    }
    return g_steal_pointer(&found);
}
