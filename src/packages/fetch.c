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

/* The URL of the @attempt-th try; NULL when there are no more. */
static const char *url_of(const PackagesPackage *package, guint attempt)
{
    if (attempt == 0)
        return package->url;
    guint n = package->mirrors != NULL ? g_strv_length(package->mirrors) : 0;
    return attempt <= n ? package->mirrors[attempt - 1] : NULL;
}

/* Fetches what is not there yet, each package from the mirror that this attempt is for. */
static bool fetch_once(GPtrArray *packages, GPtrArray *paths, guint attempt,
                       const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    g_autofree BaseHttpItem *items = g_new0(BaseHttpItem, packages->len + 1);
    size_t n_items = 0;
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        const char *url = url_of(package, attempt);
        if (package->path == NULL && access(paths->pdata[i], F_OK) < 0)
            items[n_items++] = (BaseHttpItem){.url = url != NULL ? url : package->url,
                                              .path = paths->pdata[i],
                                              .size_bytes = package->size_bytes,
                                              .sha256 = package->sha256};
    }
    return base_http_fetch_all(items, n_items, progress, cancellable, error);
}

static guint count_attempts(const GPtrArray *packages)
{
    guint most = 1;
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        guint n = package->mirrors != NULL ? g_strv_length(package->mirrors) : 0;
        most = MAX(most, n + 1);
    }
    return most;
}

/* A mirror that is broken is no reason to fail while there are others; its error is the one to
 * report if none of them is better. */
static bool fetch_all(GPtrArray *packages, GPtrArray *paths, const BaseProgress *progress,
                      GCancellable *cancellable, GError **error)
{
    g_autoptr(GError) first = NULL;
    guint attempts = count_attempts(packages);
    for (guint attempt = 0; attempt < attempts; attempt++) {
        g_autoptr(GError) local = NULL;
        if (fetch_once(packages, paths, attempt, progress, cancellable, &local))
            return true;
        if (first == NULL)
            first = g_steal_pointer(&local);
        if (g_cancellable_is_cancelled(cancellable))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}

bool packages_fetch(GPtrArray *packages, const char *cache_dir, const BaseProgress *progress,
                    GCancellable *cancellable, GError **error)
{
    if (!base_fd_make_dirs(AT_FDCWD, cache_dir, 0755, error))
        return false;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < packages->len; i++) {
        const PackagesPackage *package = g_ptr_array_index(packages, i);
        g_ptr_array_add(
            paths, g_strdup_printf("%s/%s%s", cache_dir, package->sha256, package->format->suffix));
    }
    g_autoptr(GError) fetch_error = NULL;
    if (!fetch_all(packages, paths, progress, cancellable, &fetch_error)) {
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
