/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of one path and two colours (rpm 4.18, lib/transaction.c, handleColorConflict): 1 is an
 * ELF file of 32 bits, 2 one of 64.
 */
#include "tree/rpm/colours.h"

#include "tree/rpm/files.h"

#include <string.h>

#define PREFERRED 2u

typedef void (*TakeFile)(GHashTable *winners, GHashTable *losers, const char *package_sha256,
                         rpmfiles files, int index, char *path);

static GBytes *digest_of(rpmfiles files, int index)
{
    int algorithm = 0;
    size_t size_bytes = 0;
    const unsigned char *digest = rpmfilesFDigest(files, index, &algorithm, &size_bytes);
    return g_bytes_new(digest, digest != NULL ? size_bytes : 0);
}

static void take_winner(GHashTable *winners, GHashTable *losers, const char *package_sha256,
                        rpmfiles files, int index, char *path)
{
    (void)losers;
    (void)package_sha256;
    if ((rpmfilesFColor(files, index) & PREFERRED) != 0)
        g_hash_table_replace(winners, g_strdup(path), digest_of(files, index));
}

static void take_loser(GHashTable *winners, GHashTable *losers, const char *package_sha256,
                       rpmfiles files, int index, char *path)
{
    const GBytes *winner = g_hash_table_lookup(winners, path);
    if ((rpmfilesFColor(files, index) & PREFERRED) != 0 || winner == NULL)
        return;
    g_autoptr(GBytes) own = digest_of(files, index);
    if (!g_bytes_equal(own, winner))
        g_hash_table_add(losers, g_strconcat(package_sha256, path, NULL));
}

static void for_each_coloured(const GPtrArray *imported, TakeFile take, GHashTable *winners,
                              GHashTable *losers)
{
    for (guint i = 0; i < imported->len; i++) {
        const PackagesImported *one = imported->pdata[i];
        /* a header that does not load is an error where it is needed */
        g_autoptr(TreeRpmHeader) header = tree_rpm_header_load(one->header, NULL);
        g_autoptr(TreeRpmFiles) files =
            header != NULL ? rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0) : NULL;
        int n_files = files != NULL ? (int)rpmfilesFC(files) : 0;
        for (int n = 0; n < n_files; n++) {
            if (rpmfilesFColor(files, n) == 0)
                continue;
            char *path = rpmfilesFN(files, n);
            take(winners, losers, one->package->sha256, files, n, path);
            free(path);
        }
    }
}

/* Most trees have packages of one architecture, and those of none. */
static bool is_mixed(const GPtrArray *imported)
{
    const char *arch = NULL;
    for (guint i = 0; i < imported->len; i++) {
        const char *other = ((const PackagesImported *)imported->pdata[i])->package->arch;
        if (strcmp(other, "noarch") == 0)
            continue;
        if (arch != NULL && strcmp(arch, other) != 0)
            return true;
        arch = other;
    }
    return false;
}

GHashTable *tree_rpm_colours_find(const GPtrArray *imported)
{
    GHashTable *losers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!is_mixed(imported))
        return losers;
    g_autoptr(GHashTable) winners =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    for_each_coloured(imported, take_winner, winners, losers);
    for_each_coloured(imported, take_loser, winners, losers);
    return losers;
}

bool tree_rpm_colours_gives_way(GHashTable *colours, const char *package_sha256, rpmfiles files,
                                int index)
{
    if (g_hash_table_size(colours) == 0 || rpmfilesFColor(files, index) == 0)
        return false;
    char *path = rpmfilesFN(files, index);
    g_autofree char *key = g_strconcat(package_sha256, path, NULL);
    free(path);
    return g_hash_table_contains(colours, key);
}
