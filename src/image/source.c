/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the commit that an image is made of, and refuses early what could not boot.
 */
#include "image/source.h"

#include "base/digest.h"
#include "image/error.h"
#include "image/grub.h"

#include <string.h>

#define MAX_REFS_NAMED 5

void image_source_clear(ImageSource *self)
{
    g_clear_object(&self->repo);
    g_clear_pointer(&self->commit, g_free);
    g_clear_pointer(&self->ref, g_free);
    g_clear_pointer(&self->version, g_free);
}

/* Length of the longest common prefix and suffix: enough to put likely names first. */
static size_t likeness(const char *a, const char *b)
{
    size_t n = 0, m = 0, a_chars = strlen(a), b_chars = strlen(b);
    while (a[n] != '\0' && a[n] == b[n])
        n++;
    while (m < a_chars - n && m < b_chars - MIN(n, b_chars) &&
           a[a_chars - m - 1] == b[b_chars - m - 1])
        m++;
    return n + m;
}

static int compare_likeness(gconstpointer a, gconstpointer b, gpointer name)
{
    size_t x = likeness(*(const char *const *)a, name), y = likeness(*(const char *const *)b, name);
    return x != y ? (x < y ? 1 : -1) : strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool set_unknown_ref(OstreeRepo *repo, const char *name, GHashTable *refs, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key = NULL;
    g_hash_table_iter_init(&iter, refs);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        /* the cache of packages is nothing to make an image of */
        if (!g_str_has_prefix(key, "atoll/pkg/"))
            g_ptr_array_add(names, key);
    g_ptr_array_sort_with_data(names, compare_likeness, (gpointer)name);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < MIN(names->len, MAX_REFS_NAMED); i++)
        g_string_append_printf(text, "%s‘%s’", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(names, i));
    g_autofree char *path = g_file_get_path(ostree_repo_get_path(repo));
    if (names->len == 0)
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_REF,
                    "there is no ref ‘%s’ in ‘%s’, nor any other", name, path);
    else
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_REF,
                    "there is no ref ‘%s’ in ‘%s’; nearest: %s", name, path, text->str);
    return false;
}

static bool resolve(ImageSource *self, const char *name, GCancellable *cancellable, GError **error)
{
    g_autoptr(GHashTable) refs = NULL;
    if (!ostree_repo_list_refs(self->repo, NULL, &refs, cancellable, error))
        return false;
    const char *commit = g_hash_table_lookup(refs, name);
    if (commit != NULL) {
        self->ref = g_strdup(name);
        self->commit = g_strdup(commit);
        return true;
    }
    gboolean exists = FALSE;
    if (base_digest_is_sha256_hex(name) &&
        !ostree_repo_has_object(self->repo, OSTREE_OBJECT_TYPE_COMMIT, name, &exists, cancellable,
                                error))
        return false;
    if (!exists)
        return set_unknown_ref(self->repo, name, refs, error);
    self->commit = g_strdup(name);
    return true;
}

static bool has_file(GFile *root, const char *path)
{
    g_autoptr(GFile) file = g_file_resolve_relative_path(root, path);
    return g_file_query_exists(file, NULL);
}

static bool find_kernel(GFile *modules, bool *out_kernel, bool *out_initramfs,
                        GCancellable *cancellable, GError **error)
{
    g_autoptr(GFileEnumerator) entries =
        g_file_enumerate_children(modules, G_FILE_ATTRIBUTE_STANDARD_NAME,
                                  G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, error);
    GFile *dir = NULL;
    if (entries == NULL || !g_file_enumerator_iterate(entries, NULL, &dir, cancellable, error))
        return false;
    while (dir != NULL) {
        bool kernel = has_file(dir, "vmlinuz");
        *out_kernel = *out_kernel || kernel;
        *out_initramfs = *out_initramfs || (kernel && has_file(dir, "initramfs.img"));
        if (!g_file_enumerator_iterate(entries, NULL, &dir, cancellable, error))
            return false;
    }
    return true;
}

static bool check_kernel(GFile *root, GCancellable *cancellable, GError **error)
{
    g_autoptr(GFile) modules = g_file_resolve_relative_path(root, "usr/lib/modules");
    bool kernel = false, initramfs = false;
    if (g_file_query_exists(modules, cancellable) &&
        !find_kernel(modules, &kernel, &initramfs, cancellable, error))
        return false;
    if (initramfs)
        return true;
    g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE, "%s",
                kernel ? "the tree's kernel has no initramfs.img beside it: add dracut to the "
                         "manifest's packages"
                       : "the tree has no kernel (/usr/lib/modules/*/vmlinuz): add one to the "
                         "manifest's packages, such as linux-image-cloud-amd64");
    return false;
}

static bool check_tree(ImageSource *self, GCancellable *cancellable, GError **error)
{
    g_autoptr(GFile) root = NULL;
    if (!ostree_repo_read_commit(self->repo, self->commit, &root, NULL, cancellable, error))
        return false;
    if (!check_kernel(root, cancellable, error))
        return false;
    g_autofree char *missing = image_grub_missing_packages(root);
    if (missing == NULL)
        return true;
    g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_TREE,
                "the tree has no complete boot loader: add to the manifest's packages: %s",
                missing);
    return false;
}

static bool read_commit(ImageSource *self, GError **error)
{
    g_autoptr(GVariant) commit = NULL;
    if (!ostree_repo_load_commit(self->repo, self->commit, &commit, NULL, error))
        return false;
    g_autoptr(GVariant) metadata = g_variant_get_child_value(commit, 0);
    (void)g_variant_lookup(metadata, OSTREE_COMMIT_META_KEY_VERSION, "s", &self->version);
    self->timestamp = ostree_commit_get_timestamp(commit);
    return true;
}

bool image_source_open(ImageSource *self, const char *repo_path, const char *name,
                       GCancellable *cancellable, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(repo_path);
    g_auto(ImageSource) source = {.repo = ostree_repo_new(file)};
    if (!ostree_repo_open(source.repo, cancellable, error)) {
        g_prefix_error(error, "opening repository ‘%s’: ", repo_path);
        return false;
    }
    if (!resolve(&source, name, cancellable, error))
        return false;
    if (!read_commit(&source, error) || !check_tree(&source, cancellable, error))
        return false;
    *self = source;
    source = (ImageSource){0};
    return true;
}
