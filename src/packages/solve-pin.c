/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Holds packages at versions: what else there is of their names is taken out of the pool
 * before anything is solved. A version that its repository no longer has comes back from the
 * build repo, where an imported deb has its paragraph with all dependencies.
 */
#include "packages/pins.h"

#include "packages/import.h"
#include "packages/solve-private.h"

#include <stdio.h>
#include <string.h>

static const char *checksum_of(Solvable *s)
{
    Id type = 0;
    const char *checksum = solvable_lookup_checksum(s, SOLVABLE_CHECKSUM, &type);
    return checksum != NULL ? checksum : "";
}

static bool is_same(Pool *pool, Solvable *s, const PackagesPackage *pin)
{
    return strcmp(pool_id2str(pool, s->evr), pin->version) == 0 &&
           strcmp(checksum_of(s), pin->sha256) == 0;
}

/* Name and architecture of a pin, to its place in the array. */
static char *key_of(const char *name, const char *arch)
{
    return g_strconcat(name, " ", arch, NULL);
}

static GHashTable *index_pins(const GPtrArray *pins)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < pins->len; i++) {
        const PackagesPackage *pin = pins->pdata[i];
        g_hash_table_insert(table, key_of(pin->name, pin->arch), GUINT_TO_POINTER(i + 1));
    }
    return table;
}

static guint find_pin(Pool *pool, GHashTable *table, Solvable *s)
{
    g_autofree char *key = key_of(pool_id2str(pool, s->name), pool_id2str(pool, s->arch));
    return GPOINTER_TO_UINT(g_hash_table_lookup(table, key));
}

static void mark_found(Pool *pool, GHashTable *table, const GPtrArray *pins, bool *found)
{
    for (Id p = 2; p < pool->nsolvables; p++) {
        Solvable *s = pool_id2solvable(pool, p);
        guint at = s->repo != NULL ? find_pin(pool, table, s) : 0;
        if (at > 0 && is_same(pool, s, pins->pdata[at - 1]))
            found[at - 1] = true;
    }
}

/* The text of an index with the pins that are in the build repo, but in no repository. */
static char *lost_text(const PackagesPins *pins, const bool *found, GError **error)
{
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    for (guint i = 0; i < pins->packages->len; i++) {
        const PackagesPackage *pin = pins->packages->pdata[i];
        if (!found[i] && strcmp(pin->format->name, "deb") == 0)
            g_ptr_array_add(lost, pins->packages->pdata[i]);
    }
    g_autoptr(GPtrArray) missing = packages_import_missing(pins->store, lost);
    for (guint i = 0; i < missing->len; i++)
        g_ptr_array_remove(lost, missing->pdata[i]);
    g_autoptr(GString) text = g_string_new(NULL);
    if (lost->len == 0)
        return g_string_free(g_steal_pointer(&text), FALSE);
    g_autoptr(GPtrArray) imported = packages_import(pins->store, lost, NULL, NULL, NULL, error);
    if (imported == NULL)
        return NULL;
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        g_string_append(text, one->stanza);
        if (!g_str_has_suffix(one->stanza, "\n"))
            g_string_append_c(text, '\n');
        g_string_append_printf(
            text, "Filename: lost/%s.deb\nSize: %" G_GUINT64_FORMAT "\nSHA256: %s\n\n",
            one->package->sha256, one->package->size_bytes, one->package->sha256);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool add_lost(PackagesSolver *self, const PackagesPins *pins, const bool *found,
                     GError **error)
{
    g_autofree char *text = lost_text(pins, found, error);
    if (text == NULL)
        return false;
    if (text[0] == '\0')
        return true;
    FILE *stream = fmemopen(text, strlen(text), "r");
    g_assert(stream != NULL);
    bool added = packages_solver_add_text(self, pins->lost, stream, error);
    (void)fclose(stream);
    return added;
}

static void drop_others(Pool *pool, GHashTable *table, const GPtrArray *pins, const bool *found)
{
    for (Id p = 2; p < pool->nsolvables; p++) {
        Solvable *s = pool_id2solvable(pool, p);
        guint at = s->repo != NULL ? find_pin(pool, table, s) : 0;
        if (at > 0 && found[at - 1] && !is_same(pool, s, pins->pdata[at - 1]))
            repo_free_solvable(s->repo, p, 0);
    }
}

bool packages_solver_pin(PackagesSolver *self, const PackagesPins *pins, GError **error)
{
    g_autoptr(GHashTable) table = index_pins(pins->packages);
    g_autofree bool *found = g_new0(bool, pins->packages->len + 1);
    mark_found(self->pool, table, pins->packages, found);
    if (pins->store != NULL && !add_lost(self, pins, found, error))
        return false;
    mark_found(self->pool, table, pins->packages, found);
    drop_others(self->pool, table, pins->packages, found);
    return true;
}

/* Name of a package, to the repository that it has to come from. */
static GHashTable *index_rows(const Manifest *manifest)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < manifest->repo_packages->len; i++) {
        const ManifestRepoPackages *row = manifest->repo_packages->pdata[i];
        for (guint n = 0; n < row->packages->len; n++)
            g_hash_table_insert(table, ((ManifestString *)row->packages->pdata[n])->text,
                                row->repo);
    }
    return table;
}

void packages_solver_restrict(PackagesSolver *self, const Manifest *manifest)
{
    Pool *pool = self->pool;
    if (manifest->repo_packages == NULL || manifest->repo_packages->len == 0)
        return;
    g_autoptr(GHashTable) rows = index_rows(manifest);
    for (Id p = 2; p < pool->nsolvables; p++) {
        Solvable *s = pool_id2solvable(pool, p);
        const char *wanted =
            s->repo != NULL ? g_hash_table_lookup(rows, pool_id2str(pool, s->name)) : NULL;
        if (wanted != NULL && strcmp(wanted, s->repo->name) != 0)
            repo_free_solvable(s->repo, p, 0);
    }
}
