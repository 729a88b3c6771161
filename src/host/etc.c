/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What was changed in /etc here, and what another image's defaults mean for it. libostree merges
 * when the host shuts down (ostree-sysroot-deploy.c); the rules here are its own, found out
 * while somebody can still do something about it.
 */
#include "host/etc.h"

#include "base/fd.h"
#include "host/error.h"

#include <string.h>

typedef enum { KIND_NONE, KIND_DIR, KIND_FILE } Kind;

/* A default: what it is, and what is in it. */
typedef struct {
    Kind kind;
    char checksum[OSTREE_SHA256_STRING_LEN + 1];
} Default;

typedef struct {
    GFile *local;    /* the deployment's etc */
    GFile *old_root; /* tree of its commit */
    GFile *new_root; /* (nullable): tree of the other one */
    HostEtcRules *rules;
    GPtrArray *entries;
} Comparison;

static void comparison_clear(Comparison *self)
{
    g_clear_object(&self->local);
    g_clear_object(&self->old_root);
    g_clear_object(&self->new_root);
    g_clear_pointer(&self->rules, host_etc_rules_free);
    g_clear_pointer(&self->entries, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Comparison, comparison_clear)

const char *host_etc_change_name(HostEtcChange self)
{
    static const char *const names[] = {[HOST_ETC_MODIFIED] = "modified",
                                        [HOST_ETC_ADDED] = "added",
                                        [HOST_ETC_REMOVED] = "removed"};
    return names[self];
}

bool host_etc_entry_is_shadowed(const HostEtcEntry *self)
{
    return self->default_changed && !self->default_gone;
}

static void entry_free(void *data)
{
    HostEtcEntry *entry = data;
    g_free(entry->path);
    g_free(entry->conflict);
    g_free(entry);
}

/* @path is relative to /usr/etc; only directory objects are read */
static bool find_default(GFile *root, const char *path, Default *out, GError **error)
{
    *out = (Default){.kind = KIND_NONE};
    g_autofree char *full = g_build_filename("usr/etc", path, NULL);
    g_autoptr(GFile) file = g_file_resolve_relative_path(root, full);
    g_autoptr(GError) local = NULL;
    if (!ostree_repo_file_ensure_resolved(OSTREE_REPO_FILE(file), &local)) {
        if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
            g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY))
            return true;
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    bool is_dir = ostree_repo_file_tree_get_metadata(OSTREE_REPO_FILE(file)) != NULL;
    out->kind = is_dir ? KIND_DIR : KIND_FILE;
    (void)g_strlcpy(out->checksum, ostree_repo_file_get_checksum(OSTREE_REPO_FILE(file)),
                    sizeof out->checksum);
    return true;
}

/* (transfer full) (nullable): the parent of @path that the other image has as a file */
static char *find_file_above(GFile *root, const char *path, GError **error)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        Default above;
        g_autofree char *parent = g_strndup(path, (size_t)(slash - path));
        if (!find_default(root, parent, &above, error))
            return NULL;
        if (above.kind == KIND_FILE)
            return g_steal_pointer(&parent);
    }
    return NULL;
}

static bool find_conflict(const Comparison *self, HostEtcEntry *entry, const char *path,
                          const Default *new, GError **error)
{
    g_autoptr(GFile) file = g_file_resolve_relative_path(self->local, path);
    GFileType type = g_file_query_file_type(file, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL);
    if (entry->change == HOST_ETC_REMOVED || self->new_root == NULL)
        return true;
    if (new->kind == KIND_DIR && type != G_FILE_TYPE_DIRECTORY) {
        entry->conflict = g_strdup("is a file here and becomes a directory");
        return true;
    }
    if (new->kind == KIND_FILE && type == G_FILE_TYPE_DIRECTORY && entry->policy == HOST_ETC_TAKE) {
        entry->conflict = g_strdup("is a directory here, whose place a file is to take");
        return true;
    }
    g_autoptr(GError) local = NULL;
    g_autofree char *above = find_file_above(self->new_root, path, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (above != NULL)
        entry->conflict = g_strdup_printf("is in ‘/etc/%s’, which becomes a file", above);
    return true;
}

static bool add_entry(Comparison *self, const char *path, HostEtcChange change, GError **error)
{
    HostEtcEntry *entry = g_new0(HostEtcEntry, 1);
    Default old = {0}, new = {0};
    entry->path = g_strconcat("/etc/", path, NULL);
    entry->change = change;
    entry->policy = host_etc_rules_find(self->rules, entry->path);
    g_ptr_array_add(self->entries, entry);
    if (self->new_root != NULL) {
        if (!find_default(self->old_root, path, &old, error) ||
            !find_default(self->new_root, path, &new, error))
            return false;
        /* a directory's checksum is about what is in it, which has entries of its own */
        entry->default_changed = old.kind != new.kind ||
                                 (new.kind == KIND_FILE &&strcmp(old.checksum, new.checksum) != 0);
        entry->default_gone = entry->default_changed && new.kind == KIND_NONE;
    }
    return find_conflict(self, entry, path, &new, error);
}

static bool add_files(Comparison *self, GFile *base, const GPtrArray *files, HostEtcChange change,
                      GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = g_file_get_relative_path(base, files->pdata[i]);
        if (path != NULL && !add_entry(self, path, change, error))
            return false;
    }
    return true;
}

static bool compare(Comparison *self, GFile *defaults, GCancellable *cancellable, GError **error)
{
    g_autoptr(GPtrArray) modified =
        g_ptr_array_new_with_free_func((GDestroyNotify)ostree_diff_item_unref);
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_object_unref);
    g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func(g_object_unref);
    if (!ostree_diff_dirs(OSTREE_DIFF_FLAGS_IGNORE_XATTRS, defaults, self->local, modified, removed,
                          added, cancellable, error))
        return false;
    for (guint i = 0; i < modified->len; i++) {
        const OstreeDiffItem *item = modified->pdata[i];
        g_autofree char *path = g_file_get_relative_path(defaults, item->src);
        if (path != NULL && !add_entry(self, path, HOST_ETC_MODIFIED, error))
            return false;
    }
    return add_files(self, defaults, removed, HOST_ETC_REMOVED, error) &&
           add_files(self, self->local, added, HOST_ETC_ADDED, error);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp((*(HostEtcEntry *const *)a)->path, (*(HostEtcEntry *const *)b)->path);
}

GPtrArray *host_etc_compare(const HostSysroot *sysroot, OstreeRepo *repo, const char *commit,
                            GCancellable *cancellable, GError **error)
{
    g_auto(Comparison) self = {.entries = g_ptr_array_new_with_free_func(entry_free)};
    base_autofd root_dfd = host_sysroot_open_root(sysroot, sysroot->merge, error);
    if (root_dfd < 0)
        return NULL;
    self.rules = host_etc_rules_load(root_dfd, error);
    if (self.rules == NULL)
        return NULL;
    g_autofree char *dir = g_strdup_printf("/proc/self/fd/%d", root_dfd);
    g_autoptr(GFile) root = g_file_new_for_path(dir);
    g_autoptr(GFile) defaults = g_file_resolve_relative_path(root, "usr/etc");
    self.local = g_file_resolve_relative_path(root, "etc");
    if (commit != NULL &&
        (!ostree_repo_read_commit(sysroot->repo, ostree_deployment_get_csum(sysroot->merge),
                                  &self.old_root, NULL, cancellable, error) ||
         !ostree_repo_read_commit(repo, commit, &self.new_root, NULL, cancellable, error)))
        return NULL;
    if (!compare(&self, defaults, cancellable, error)) {
        g_prefix_error(error, "comparing /etc with the image's defaults: ");
        return NULL;
    }
    g_ptr_array_sort(self.entries, compare_paths);
    return g_steal_pointer(&self.entries);
}
