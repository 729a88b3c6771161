/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much a commit is, before it is fetched.
 */
#include "host/sizes.h"

/* libostree reads the packed form only from a commit object: it gets one that has nothing else */
static GVariant *wrap(GVariant *sizes)
{
    g_auto(GVariantBuilder) metadata = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&metadata, "{sv}", "ostree.sizes", sizes);
    GVariant *empty = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, "", 0, 1);
    return g_variant_ref_sink(g_variant_new(
        "(@a{sv}@ay@a(say)sst@ay@ay)", g_variant_builder_end(&metadata), empty,
        g_variant_new_array(G_VARIANT_TYPE("(say)"), NULL, 0), "", "", (guint64)0, empty, empty));
}

GPtrArray *host_sizes_load(const HostCommit *commit)
{
    GPtrArray *list = NULL;
    if (ostree_commit_get_object_sizes(commit->object, &list, NULL))
        return list;
    g_autoptr(GVariant) packed =
        commit->detached != NULL
            ? g_variant_lookup_value(commit->detached, HOST_SIZES_KEY, G_VARIANT_TYPE("aay"))
            : NULL;
    g_autoptr(GVariant) object = packed != NULL ? wrap(packed) : NULL;
    return object != NULL && ostree_commit_get_object_sizes(object, &list, NULL) ? list : NULL;
}

static void add(uint64_t *sum, uint64_t bytes)
{
    *sum = bytes > UINT64_MAX - *sum ? UINT64_MAX : *sum + bytes;
}

HostSizes host_sizes_missing(OstreeRepo *repo, const GPtrArray *list)
{
    HostSizes sizes = {0};
    for (guint i = 0; i < list->len; i++) {
        const OstreeCommitSizesEntry *entry = list->pdata[i];
        gboolean have = FALSE;
        if (ostree_repo_has_object(repo, entry->objtype, entry->checksum, &have, NULL, NULL) &&
            have)
            continue;
        sizes.n_objects++;
        add(&sizes.fetch_bytes, entry->archived);
        add(&sizes.disk_bytes, entry->unpacked);
    }
    return sizes;
}

GVariant *host_sizes_strip(GVariant *detached)
{
    if (detached == NULL)
        return NULL;
    g_autoptr(GVariantDict) dict = g_variant_dict_new(detached);
    (void)g_variant_dict_remove(dict, HOST_SIZES_KEY);
    return g_variant_ref_sink(g_variant_dict_end(dict));
}
