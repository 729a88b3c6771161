/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which ids users and groups of a tree have, and whether they are what the manifest expects
 * (preserve-passwd, check-passwd, check-groups).
 */
#include "tree/accounts.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>

#define ACCOUNTS_FILE_MAX_BYTES (4 * 1024 * 1024)
#define ACCOUNTS_MAX_NAMED 20

static bool take_number(const char *text, uint32_t *out_number)
{
    guint64 number = 0;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &number, NULL))
        return false;
    *out_number = (uint32_t)number;
    return true;
}

static void id_free(ManifestId *id)
{
    g_free(id->name);
    g_free(id);
}

GPtrArray *tree_accounts_parse(const char *what, const char *text)
{
    bool is_group = strcmp(what, "group") == 0;
    GPtrArray *ids = g_ptr_array_new_with_free_func((GDestroyNotify)id_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ":", 0);
        ManifestId id = {0};
        if (g_strv_length(fields) < (is_group ? 3u : 4u) || fields[0][0] == '\0' ||
            !take_number(fields[2], &id.id) ||
            !take_number(is_group ? fields[2] : fields[3], &id.group))
            continue;
        ManifestId *copy = g_memdup2(&id, sizeof id);
        copy->name = g_strdup(fields[0]);
        g_ptr_array_add(ids, copy);
    }
    return ids;
}

static const ManifestId *find(const GPtrArray *ids, const char *name)
{
    for (guint i = 0; i < ids->len; i++) {
        const ManifestId *id = ids->pdata[i];
        if (strcmp(id->name, name) == 0)
            return id;
    }
    return NULL;
}

static bool is_ignored(const GPtrArray *ignored, const char *name)
{
    for (guint i = 0; i < ignored->len; i++) {
        const char *text = ((const ManifestString *)ignored->pdata[i])->text;
        if (strcmp(text, "*") == 0 || strcmp(text, name) == 0)
            return true;
    }
    return false;
}

static void describe(GString *out, const char *what, const ManifestId *wanted, const ManifestId *is)
{
    bool is_user = strcmp(what, "user") == 0;
    if (is == NULL)
        g_string_append_printf(out, "\n  %s ‘%s’ (%u) is missing", what, wanted->name, wanted->id);
    else if (is_user && wanted->group != is->group)
        g_string_append_printf(out, "\n  user ‘%s’ has ids %u:%u, wanted %u:%u", wanted->name,
                               is->id, is->group, wanted->id, wanted->group);
    else
        g_string_append_printf(out, "\n  %s ‘%s’ has id %u, wanted %u", what, wanted->name, is->id,
                               wanted->id);
}

bool tree_accounts_check(const char *what, const GPtrArray *wanted, const char *text,
                         const GPtrArray *ignored, GError **error)
{
    g_autoptr(GPtrArray) have = tree_accounts_parse(what, text);
    g_autoptr(GString) wrong = g_string_new(NULL);
    unsigned n_wrong = 0;
    bool is_user = strcmp(what, "user") == 0;
    for (guint i = 0; i < wanted->len; i++) {
        const ManifestId *want = wanted->pdata[i];
        const ManifestId *is = find(have, want->name);
        bool fine = is == NULL ? is_ignored(ignored, want->name)
                               : is->id == want->id && (!is_user || is->group == want->group);
        if (!fine && n_wrong++ < ACCOUNTS_MAX_NAMED)
            describe(wrong, what, want, is);
    }
    if (n_wrong == 0)
        return true;
    g_set_error(error, TREE_ERROR, TREE_ERROR_FAILED,
                "%u %ss of the tree are not as ‘%s’ wants them; name those that may go in ‘%s’:%s",
                n_wrong, what, is_user ? "check-passwd" : "check-groups",
                is_user ? "ignore-removed-users" : "ignore-removed-groups", wrong->str);
    return false;
}

static char *read_tree_file(const TreeAccounts *self, const char *name)
{
    g_autofree char *path = g_build_filename(self->root, name, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, ACCOUNTS_FILE_MAX_BYTES, NULL);
    return g_strdup(bytes != NULL ? g_bytes_get_data(bytes, NULL) : "");
}

static char *read_parent_file(const TreeAccounts *self, const char *name, GError **error)
{
    g_autoptr(GFile) root = NULL;
    g_autofree char *text = NULL;
    if (self->parent->commit == NULL)
        return g_strdup("");
    if (!ostree_repo_read_commit(store_get_published_repo(self->store), self->parent->commit, &root,
                                 NULL, NULL, error))
        return NULL;
    g_autoptr(GFile) file = g_file_resolve_relative_path(root, name);
    if (!g_file_load_contents(file, NULL, &text, NULL, NULL, NULL))
        return g_strdup("");
    return g_steal_pointer(&text);
}

/* What a check compares with; NULL without an error when there is nothing to compare with. */
static GPtrArray *load_wanted(const TreeAccounts *self, const ManifestIds *ids, const char *what,
                              GError **error)
{
    g_autofree char *text = NULL;
    if (ids == NULL || ids->kind == MANIFEST_IDS_NONE)
        return NULL;
    if (ids->kind == MANIFEST_IDS_DATA)
        return g_ptr_array_ref(ids->entries);
    if (ids->kind == MANIFEST_IDS_FILE) {
        g_autoptr(GBytes) bytes =
            base_fd_read_file(AT_FDCWD, ids->path, ACCOUNTS_FILE_MAX_BYTES, error);
        text = bytes != NULL ? g_strdup(g_bytes_get_data(bytes, NULL)) : NULL;
    } else {
        bool is_group = strcmp(what, "group") == 0;
        text = read_parent_file(self, is_group ? "usr/etc/group" : "usr/etc/passwd", error);
    }
    return text != NULL ? tree_accounts_parse(what, text) : NULL;
}

static GVariant *to_variant(const GPtrArray *ids)
{
    g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{su}"));
    for (guint i = 0; i < ids->len; i++) {
        const ManifestId *id = ids->pdata[i];
        g_variant_builder_add(&builder, "{su}", id->name, id->id);
    }
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/* Ids that names have had: of the check's file, of the lock, of the last commit. */
static GVariant *last_ids(const TreeAccounts *self, const ManifestIds *check,
                          const GPtrArray *wanted, GVariant *locked, const char *key)
{
    if (!self->manifest->preserve_passwd)
        return NULL;
    if (wanted != NULL && (check->kind == MANIFEST_IDS_FILE || check->kind == MANIFEST_IDS_DATA))
        return to_variant(wanted);
    if (locked != NULL)
        return g_variant_ref(locked);
    return self->parent->metadata != NULL
               ? g_variant_lookup_value(self->parent->metadata, key, G_VARIANT_TYPE("a{su}"))
               : NULL;
}

static bool write_files(const TreeAccounts *self, const char *passwd, const char *group,
                        GError **error)
{
    g_autofree char *etc = g_build_filename(self->root, "etc", NULL);
    base_autofd etc_fd = base_fd_open_dir(AT_FDCWD, etc, error);
    return etc_fd >= 0 &&
           base_fd_replace_file(etc_fd, "passwd", passwd, strlen(passwd), 0644,
                                BASE_FD_REPLACE_NO_SYNC, error) &&
           base_fd_replace_file(etc_fd, "group", group, strlen(group), 0644,
                                BASE_FD_REPLACE_NO_SYNC, error);
}

static void note_members(const TreeAccounts *self, const char *group)
{
    g_autoptr(GPtrArray) have = tree_accounts_parse("group", group);
    for (guint i = 0; i < self->manifest->etc_group_members->len; i++) {
        const ManifestString *name = self->manifest->etc_group_members->pdata[i];
        if (find(have, name->text) == NULL)
            base_progress_note(self->progress,
                               "%s:%u:%u: ‘etc-group-members’ names group ‘%s’, which the tree "
                               "has not got",
                               name->place.file, name->place.line, name->place.column, name->text);
    }
}

TreeUsersMap *tree_accounts_settle(const TreeAccounts *self, GError **error)
{
    const Manifest *manifest = self->manifest;
    g_autoptr(GError) failed = NULL;
    g_autoptr(GPtrArray) users = load_wanted(self, manifest->check_passwd, "user", &failed);
    g_autoptr(GPtrArray) groups =
        failed == NULL ? load_wanted(self, manifest->check_groups, "group", &failed) : NULL;
    if (failed != NULL) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return NULL;
    }
    g_autoptr(GVariant) uids =
        last_ids(self, manifest->check_passwd, users, self->lock != NULL ? self->lock->uids : NULL,
                 TREE_USERS_UIDS_KEY);
    g_autoptr(GVariant) gids =
        last_ids(self, manifest->check_groups, groups, self->lock != NULL ? self->lock->gids : NULL,
                 TREE_USERS_GIDS_KEY);
    g_autofree char *passwd = read_tree_file(self, "etc/passwd");
    g_autofree char *group = read_tree_file(self, "etc/group");
    g_autoptr(TreeUsersMap) map = tree_users_plan(passwd, group, uids, gids);
    g_autofree char *new_passwd = tree_users_rewrite(map, passwd);
    g_autofree char *new_group = tree_users_rewrite(map, group);
    note_members(self, new_group);
    if ((users != NULL &&
         !tree_accounts_check("user", users, new_passwd, manifest->ignore_removed_users, error)) ||
        (groups != NULL && !tree_accounts_check("group", groups, new_group,
                                                manifest->ignore_removed_groups, error)) ||
        !write_files(self, new_passwd, new_group, error))
        return NULL;
    return g_steal_pointer(&map);
}
