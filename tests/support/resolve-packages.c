/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Says which packages a manifest means, a line each: name, version, architecture, repository.
 * resolve-packages MANIFEST STATE [--import]: with --import it also brings them into STATE's
 * store, and prints on a last line how many were read anew and their bytes.
 */
#include "packages/import.h"
#include "packages/resolve.h"

#include <stdio.h>
#include <string.h>

static bool import(const char *state, const char *cache, GPtrArray *packages, GError **error)
{
    Store *store = store_open(state, NULL, error);
    if (store == NULL)
        return false;
    g_autoptr(GPtrArray) missing = packages_import_missing(store, packages);
    PackagesImportStats stats = {0};
    g_autoptr(GPtrArray) imported = NULL;
    if (packages_fetch(missing, cache, NULL, NULL, error))
        imported = packages_import(store, packages, NULL, &stats, NULL, error);
    bool ok = imported != NULL && packages_import_keep(store, imported, NULL, error);
    if (ok)
        printf("imported %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", stats.packages,
               stats.bytes);
    store_close(store);
    return ok;
}

static bool resolve(const char *path, const char *state, bool with_import, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_load(path, error);
    if (manifest == NULL)
        return false;
    g_autofree char *cache = g_build_filename(state, "cache/metadata", NULL);
    g_autofree char *files = g_build_filename(state, "cache/packages", NULL);
    g_autoptr(GPtrArray) packages = packages_resolve(manifest, cache, "amd64", NULL, NULL, error);
    if (packages == NULL)
        return false;
    for (guint i = 0; i < packages->len; i++) {
        const PackagesPackage *package = packages->pdata[i];
        printf("%s %s %s %s\n", package->name, package->version, package->arch, package->repo_id);
    }
    return !with_import || import(state, files, packages, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 3)
        return 2;
    if (resolve(argv[1], argv[2], argc > 3 && strcmp(argv[3], "--import") == 0, &error))
        return 0;
    fprintf(stderr, "resolve-packages: %s\n", error->message);
    return 1;
}
