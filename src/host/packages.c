/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which packages an update changes, from what commits say of themselves.
 */
#include "host/packages.h"

#include <string.h>

#define MAX_ADVISORIES 2000

static void package_free(void *data)
{
    HostPackage *package = data;
    g_free(package->name);
    g_free(package->arch);
    g_free(package->old);
    g_free(package->new);
    g_strfreev(package->advisories);
    g_free(package);
}

/* (transfer full) (nullable): "NAME\nARCH" to version, from a(sssss) */
static GHashTable *read_list(GVariant *metadata)
{
    g_autoptr(GVariant) list =
        g_variant_lookup_value(metadata, "atoll.packages", G_VARIANT_TYPE("a(sssss)"));
    if (list == NULL)
        return NULL;
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GVariantIter iter;
    const char *name = NULL, *version = NULL, *arch = NULL;
    g_variant_iter_init(&iter, list);
    while (g_variant_iter_next(&iter, "(&s&s&s&s&s)", &name, &version, &arch, NULL, NULL))
        g_hash_table_replace(table, g_strconcat(name, "\n", arch, NULL), g_strdup(version));
    return table;
}

/* Names in rpm-ostree's list are NAME-VERSION-RELEASE.ARCH. */
static bool is_about(const char *nevra, const char *name)
{
    size_t length = strlen(name);
    return strncmp(nevra, name, length) == 0 &&
           (nevra[length] == '\0' || (nevra[length] == '-' && g_ascii_isdigit(nevra[length + 1]) &&
                                      strchr(nevra + length + 1, '-') != NULL));
}

static char *describe(const char *id, uint32_t severity)
{
    static const char *const names[] = {"", " (low)", " (moderate)", " (important)", " (critical)"};
    /* rpm-ostree writes big-endian numbers, other tools the machine's */
    if (severity > UINT16_MAX)
        severity = GUINT32_SWAP_LE_BE(severity);
    return g_strconcat(id, severity < G_N_ELEMENTS(names) ? names[severity] : "", NULL);
}

/* rpm-ostree's a(suuasa{sv}): id, kind, severity, packages, more */
static char **find_advisories(GVariant *list, const char *name)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    size_t n = list != NULL ? MIN(g_variant_n_children(list), MAX_ADVISORIES) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *id = NULL;
        uint32_t kind = 0, severity = 0;
        g_autofree const char **packages = NULL;
        g_autoptr(GVariant) child = g_variant_get_child_value(list, i);
        g_variant_get(child, "(&suu^a&s@a{sv})", &id, &kind, &severity, &packages, NULL);
        for (unsigned k = 0; packages[k] != NULL; k++) {
            if (is_about(packages[k], name)) {
                g_ptr_array_add(found, describe(id, severity));
                break;
            }
        }
    }
    g_ptr_array_add(found, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
}

static void add(GPtrArray *list, const char *key, const char *old, const char *new,
                GVariant *advisories)
{
    if (g_strcmp0(old, new) == 0)
        return;
    g_auto(GStrv) parts = g_strsplit(key, "\n", 2);
    HostPackage *package = g_new0(HostPackage, 1);
    package->name = g_strdup(parts[0]);
    package->arch = g_strdup(parts[1]);
    package->old = g_strdup(old);
    package->new = g_strdup(new);
    package->advisories = find_advisories(new != NULL ? advisories : NULL, package->name);
    g_ptr_array_add(list, package);
}

static int compare(const void *a, const void *b)
{
    const HostPackage *left = *(HostPackage *const *)a, *right = *(HostPackage *const *)b;
    int by_name = strcmp(left->name, right->name);
    return by_name != 0 ? by_name : strcmp(left->arch, right->arch);
}

GPtrArray *host_packages_compare(GVariant *old, GVariant *new)
{
    g_autoptr(GHashTable) before = read_list(old);
    g_autoptr(GHashTable) after = read_list(new);
    if (before == NULL || after == NULL)
        return NULL;
    g_autoptr(GVariant) advisories =
        g_variant_lookup_value(new, "rpmostree.advisories", G_VARIANT_TYPE("a(suuasa{sv})"));
    GPtrArray *list = g_ptr_array_new_with_free_func(package_free);
    GHashTableIter iter;
    void *key = NULL, *version = NULL;
    g_hash_table_iter_init(&iter, after);
    while (g_hash_table_iter_next(&iter, &key, &version))
        add(list, key, g_hash_table_lookup(before, key), version, advisories);
    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &key, &version))
        if (!g_hash_table_contains(after, key))
            add(list, key, version, NULL, NULL);
    g_ptr_array_sort(list, compare);
    return list;
}
