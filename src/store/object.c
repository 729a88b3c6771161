/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The byte formats of OSTree's objects that are written here rather than through libostree,
 * because they are written by the ten thousand. Formats: libostree, ostree-core.h.
 */
#include "store/object.h"

#include <string.h>

#define USER_META_TYPE G_VARIANT_TYPE("(uuua(ayay))")

static GVariant *xattrs_or_empty(const StoreMeta *meta)
{
    if (meta->xattrs != NULL)
        return meta->xattrs;
    return g_variant_new_array(G_VARIANT_TYPE("(ayay)"), NULL, 0);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    GVariant *left = *(GVariant *const *)a;
    GVariant *right = *(GVariant *const *)b;
    g_autoptr(GVariant) left_name = g_variant_get_child_value(left, 0);
    g_autoptr(GVariant) right_name = g_variant_get_child_value(right, 0);
    return strcmp(g_variant_get_bytestring(left_name), g_variant_get_bytestring(right_name));
}

GVariant *store_xattrs_set(GVariant *old, const char *name, const void *data, size_t size_bytes)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    GVariant *value = g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, size_bytes, 1);
    g_ptr_array_add(pairs, g_variant_ref_sink(
                               g_variant_new("(@ay@ay)", g_variant_new_bytestring(name), value)));
    for (gsize i = 0; old != NULL && i < g_variant_n_children(old); i++) {
        GVariant *pair = g_variant_get_child_value(old, i);
        g_autoptr(GVariant) other = g_variant_get_child_value(pair, 0);
        if (strcmp(g_variant_get_bytestring(other), name) == 0)
            g_variant_unref(pair);
        else
            g_ptr_array_add(pairs, pair);
    }
    g_ptr_array_sort(pairs, compare_names);
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ayay)"));
    for (guint i = 0; i < pairs->len; i++)
        g_variant_builder_add_value(&builder, pairs->pdata[i]);
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static GBytes *length_prefixed(GVariant *floating)
{
    g_autoptr(GVariant) variant = g_variant_ref_sink(floating);
    size_t size_bytes = g_variant_get_size(variant);
    uint8_t *buffer = g_malloc0(8 + size_bytes);
    uint32_t length = GUINT32_TO_BE((uint32_t)size_bytes);
    memcpy(buffer, &length, sizeof length);
    g_variant_store(variant, buffer + 8);
    return g_bytes_new_take(buffer, 8 + size_bytes);
}

GBytes *store_object_header(const StoreMeta *meta, const char *target)
{
    return length_prefixed(g_variant_new("(uuuus@a(ayay))", GUINT32_TO_BE(meta->uid),
                                         GUINT32_TO_BE(meta->gid), GUINT32_TO_BE(meta->mode), 0,
                                         target != NULL ? target : "", xattrs_or_empty(meta)));
}

GBytes *store_object_archive_header(const StoreMeta *meta, const char *target, uint64_t size_bytes)
{
    return length_prefixed(g_variant_new("(tuuuus@a(ayay))", GUINT64_TO_BE(size_bytes),
                                         GUINT32_TO_BE(meta->uid), GUINT32_TO_BE(meta->gid),
                                         GUINT32_TO_BE(meta->mode), 0, target != NULL ? target : "",
                                         xattrs_or_empty(meta)));
}

GVariant *store_object_user_meta(const StoreMeta *meta)
{
    return g_variant_ref_sink(g_variant_new("(uuu@a(ayay))", GUINT32_TO_BE(meta->uid),
                                            GUINT32_TO_BE(meta->gid), GUINT32_TO_BE(meta->mode),
                                            xattrs_or_empty(meta)));
}

bool store_object_parse_user_meta(const void *data, size_t size_bytes, StoreMeta *out_meta,
                                  GError **error)
{
    /* copied: GVariant wants the alignment that malloc gives */
    g_autoptr(GBytes) bytes = g_bytes_new(data, size_bytes);
    g_autoptr(GVariant) variant =
        g_variant_ref_sink(g_variant_new_from_bytes(USER_META_TYPE, bytes, FALSE));
    if (!g_variant_is_normal_form(variant)) {
        g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "malformed file metadata");
        return false;
    }
    uint32_t uid = 0, gid = 0, mode = 0;
    g_autoptr(GVariant) xattrs = NULL;
    g_variant_get(variant, "(uuu@a(ayay))", &uid, &gid, &mode, &xattrs);
    *out_meta = (StoreMeta){
        .uid = GUINT32_FROM_BE(uid),
        .gid = GUINT32_FROM_BE(gid),
        .mode = GUINT32_FROM_BE(mode),
        .xattrs = g_variant_n_children(xattrs) > 0 ? g_steal_pointer(&xattrs) : NULL,
    };
    return true;
}

void store_object_path(const uint8_t checksum[static BASE_SHA256_BYTES], const char *extension,
                       char out_path[static 96])
{
    char hex[BASE_SHA256_HEX_CHARS + 1];
    base_digest_to_hex(checksum, BASE_SHA256_BYTES, hex);
    g_snprintf(out_path, 96, "objects/%.2s/%s.%s", hex, hex + 2, extension);
}
