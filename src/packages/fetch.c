/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings package files to this machine, into a cache by digest.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/http.h"
#include "packages/format.h"
#include "packages/resolve.h"

#include <fcntl.h>
#include <unistd.h>

bool packages_fetch(GPtrArray *packages, const char *cache_dir, const BaseProgress *progress,
                    GCancellable *cancellable, GError **error)
{
    if (!base_fd_make_dirs(AT_FDCWD, cache_dir, 0755, error))
        return false;
    g_autofree BaseHttpItem *items = g_new0(BaseHttpItem, packages->len + 1);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    size_t n_items = 0;
    for (unsigned i = 0; i < packages->len; i++) {
        const PackagesPackage *package = g_ptr_array_index(packages, i);
        char *path =
            g_strdup_printf("%s/%s%s", cache_dir, package->sha256, package->format->suffix);
        g_ptr_array_add(paths, path);
        if (package->path == NULL && access(path, F_OK) < 0)
            items[n_items++] = (BaseHttpItem){.url = package->url,
                                              .path = path,
                                              .size_bytes = package->size_bytes,
                                              .sha256 = package->sha256};
    }
    g_autoptr(GError) fetch_error = NULL;
    if (!base_http_fetch_all(items, n_items, progress, cancellable, &fetch_error)) {
        if (g_error_matches(fetch_error, BASE_ERROR, BASE_ERROR_INVALID))
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_DIGEST, "%s", fetch_error->message);
        else
            g_propagate_error(error, g_steal_pointer(&fetch_error));
        return false;
    }
    for (unsigned i = 0; i < packages->len; i++) {
        PackagesPackage *package = g_ptr_array_index(packages, i);
        if (package->path == NULL) {
            package->path = g_ptr_array_index(paths, i);
            paths->pdata[i] = NULL;
        }
    }
    return true;
}
