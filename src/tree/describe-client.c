/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commit metadata under rpm-ostree's names, so that its clients show an atoll commit as one of
 * their own.
 */
#include "tree/describe-client.h"

#include "packages/format.h"

#include <string.h>

#define REPOS_KEY "rpmostree.rpmmd-repos"
#define ADVISORIES_KEY "rpmostree.advisories"

/* "1:2.0-3.fc40" is epoch 1, version 2.0, release 3.fc40; without a colon the epoch is 0. */
static void add_package(GVariantBuilder *builder, const PackagesPackage *package)
{
    const char *colon = strchr(package->version, ':');
    const char *start = colon != NULL ? colon + 1 : package->version;
    const char *dash = strrchr(start, '-');
    g_autofree char *epoch = colon != NULL
                                 ? g_strndup(package->version, (gsize)(colon - package->version))
                                 : g_strdup("0");
    g_autofree char *version =
        dash != NULL ? g_strndup(start, (gsize)(dash - start)) : g_strdup(start);
    g_variant_builder_add(builder, "(sssss)", package->name, epoch, version,
                          dash != NULL ? dash + 1 : "", package->arch);
}

static bool is_rpm(const GPtrArray *packages)
{
    const PackagesPackage *first = packages->len > 0 ? packages->pdata[0] : NULL;
    return first != NULL && first->format != NULL && strcmp(first->format->name, "rpm") == 0;
}

static void add_strings(GVariantDict *dict, const char *key, const GPtrArray *strings)
{
    if (strings->len == 0)
        return;
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);
    for (guint i = 0; i < strings->len; i++)
        g_variant_builder_add(&builder, "s", ((const ManifestString *)strings->pdata[i])->text);
    g_variant_dict_insert_value(dict, key, g_variant_builder_end(&builder));
}

static GVariant *list_repos(const ManifestLock *lock)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < lock->repos->len; i++) {
        const ManifestLockRepo *repo = lock->repos->pdata[i];
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(repo->time, NULL);
        uint64_t time_s = time != NULL ? (uint64_t)g_date_time_to_unix(time) : 0;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "id", g_variant_new_string(repo->repository));
        g_variant_builder_add(&builder, "{sv}", "timestamp", g_variant_new_uint64(time_s));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

/* Numbers in commits are big-endian: that is how rpm-ostree and ‘ostree show’ read them. */
GVariant *tree_describe_client_numbers(GVariant *value)
{
    return G_BYTE_ORDER == G_BIG_ENDIAN ? g_variant_ref_sink(value) : g_variant_byteswap(value);
}

static void insert(GVariantDict *dict, const char *key, GVariant *value)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(value);
    g_autoptr(GVariant) swapped = tree_describe_client_numbers(owned);
    g_variant_dict_insert_value(dict, key, swapped);
}

static bool is_inline(const char *where)
{
    return where == NULL || strcmp(where, "inline") == 0;
}

static bool is_detached(const char *where)
{
    return where != NULL && strcmp(where, "detached") == 0;
}

/* What the manifest may have in the commit, beside it, or not at all. */
static void add_optional(const TreeDescription *self, GVariantDict *dict,
                         bool (*goes_here)(const char *where))
{
    const ManifestLock *lock = self->lock;
    if (lock == NULL || !is_rpm(self->packages))
        return;
    if (goes_here(self->manifest->repo_metadata))
        insert(dict, REPOS_KEY, list_repos(lock));
    if (goes_here(self->manifest->advisories_metadata) && lock->advisories != NULL &&
        g_variant_n_children(lock->advisories) > 0)
        insert(dict, ADVISORIES_KEY, lock->advisories);
}

static void copy(GVariant *from, GVariantDict *dict, const char *key)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(from, key, NULL);
    if (value != NULL)
        g_variant_dict_insert_value(dict, key, value);
}

void tree_describe_client_detached(const TreeDescription *self, GVariantDict *dict)
{
    add_optional(self, dict, is_detached);
}

void tree_describe_client(const TreeDescription *self, GVariantDict *dict)
{
    g_variant_dict_insert(dict, "rpmostree.inputhash", "s", self->inputs);
    add_strings(dict, "rpmostree.initramfs-args", self->manifest->initramfs_args);
    add_strings(dict, "ostree.container-cmd", self->manifest->container_cmd);
    if (self->again != NULL) {
        copy(self->again, dict, REPOS_KEY);
        copy(self->again, dict, ADVISORIES_KEY);
    } else {
        add_optional(self, dict, is_inline);
    }
    if (!is_rpm(self->packages))
        return;
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sssss)"));
    for (guint i = 0; i < self->packages->len; i++)
        add_package(&builder, self->packages->pdata[i]);
    g_variant_dict_insert_value(dict, "rpmostree.rpmdb.pkglist", g_variant_builder_end(&builder));
}
