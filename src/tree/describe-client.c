/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Commit metadata under rpm-ostree's names, so that its clients show an atoll commit as one of
 * their own.
 */
#include "tree/describe-client.h"

#include "packages/format.h"

#include <string.h>

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

void tree_describe_client(const TreeDescription *self, GVariantDict *dict)
{
    const GPtrArray *args = self->manifest->initramfs_args;
    g_variant_dict_insert(dict, "rpmostree.inputhash", "s", self->inputs);
    if (args->len > 0) {
        g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("as"));
        for (guint i = 0; i < args->len; i++)
            g_variant_builder_add(&builder, "s", ((const ManifestString *)args->pdata[i])->text);
        g_variant_dict_insert_value(dict, "rpmostree.initramfs-args",
                                    g_variant_builder_end(&builder));
    }
    if (!is_rpm(self->packages))
        return;
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sssss)"));
    for (guint i = 0; i < self->packages->len; i++)
        add_package(&builder, self->packages->pdata[i]);
    g_variant_dict_insert_value(dict, "rpmostree.rpmdb.pkglist", g_variant_builder_end(&builder));
}
