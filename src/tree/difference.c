/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What differs between two commits, in the words of people: packages, users, units, files.
 */
#include "tree/difference.h"

#include "packages/advisories.h"
#include "packages/changelog.h"

#include <string.h>
#include <sys/stat.h>

#define PASSWD_MAX_BYTES (4u << 20)

const char *tree_change_name(TreeChange change)
{
    static const char *const names[] = {"added", "removed", "upgraded", "downgraded", "changed"};
    return names[change];
}

static void package_change_free(void *data)
{
    TreePackageChange *change = data;
    g_free(change->changelog);
    g_free(change);
}

static void file_change_free(void *data)
{
    TreeFileChange *change = data;
    g_free(change->path);
    g_free(change);
}

static void text_change_free(void *data)
{
    TreeTextChange *change = data;
    g_free(change->text);
    g_free(change);
}

void tree_difference_free(TreeDifference *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    g_clear_pointer(&self->old_packages, g_ptr_array_unref);
    g_clear_pointer(&self->new_packages, g_ptr_array_unref);
    g_clear_pointer(&self->files, g_ptr_array_unref);
    g_clear_pointer(&self->users, g_ptr_array_unref);
    g_clear_pointer(&self->groups, g_ptr_array_unref);
    g_clear_pointer(&self->units, g_ptr_array_unref);
    g_free(self);
}

/* --- packages --- */

static int compare_packages(const TreeSbomPackage *a, const TreeSbomPackage *b)
{
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->arch, b->arch);
}

/* Of the package as it was imported; a tree may be without documentation. */
static char *changelog(TreeInspect *commit, const TreeSbomPackage *after, const char *since)
{
    PackagesPackage package = {.format = packages_format_find(after->format),
                               .name = after->name,
                               .version = after->version,
                               .arch = after->arch,
                               .source = after->source,
                               .sha256 = after->sha256};
    if (package.format == NULL || !base_digest_is_sha256_hex(after->sha256))
        return NULL;
    g_autoptr(PackagesImported) imported = tree_inspect_imported(commit, &package);
    g_autofree char *text =
        imported != NULL
            ? packages_changelog_since(imported, tree_inspect_objects_fd(commit), since)
            : NULL;
    return text != NULL && *text != '\0' ? g_steal_pointer(&text) : NULL;
}

static void add_package(TreeDifference *self, TreeInspect *new, const TreeSbomPackage *before,
                        const TreeSbomPackage *after)
{
    TreePackageChange *change = g_new0(TreePackageChange, 1);
    change->old = before;
    change->new = after;
    if (before == NULL || after == NULL) {
        change->change = after != NULL ? TREE_CHANGE_ADDED : TREE_CHANGE_REMOVED;
    } else {
        int order = packages_evr_compare(after->format, before->version, after->version);
        change->change = order < 0   ? TREE_CHANGE_UPGRADED
                         : order > 0 ? TREE_CHANGE_DOWNGRADED
                                     : TREE_CHANGE_CHANGED;
        if (order < 0)
            change->changelog = changelog(new, after, before->version);
    }
    g_ptr_array_add(self->packages, change);
}

static void diff_packages(TreeDifference *self, TreeInspect *new)
{
    guint i = 0, k = 0;
    while (i < self->old_packages->len || k < self->new_packages->len) {
        const TreeSbomPackage *before =
            i < self->old_packages->len ? self->old_packages->pdata[i] : NULL;
        const TreeSbomPackage *after =
            k < self->new_packages->len ? self->new_packages->pdata[k] : NULL;
        int order = before == NULL ? 1 : after == NULL ? -1 : compare_packages(before, after);
        i += order <= 0;
        k += order >= 0;
        if (order < 0)
            add_package(self, new, before, NULL);
        else if (order > 0)
            add_package(self, new, NULL, after);
        else if (strcmp(before->version, after->version) != 0 ||
                 strcmp(before->sha256, after->sha256) != 0)
            add_package(self, new, before, after);
    }
}

/* --- files --- */

typedef struct {
    StoreNode *other;
    TreeChange change;
    GPtrArray *files; /* borrowed */
    GHashTable *seen; /* owned: objects */
    uint64_t bytes;
} Walk;

static unsigned hash_object(const void *data)
{
    unsigned hash = 0;
    memcpy(&hash, ((const StoreNode *)data)->checksum, sizeof hash);
    return hash;
}

static gboolean same_object(const void *a, const void *b)
{
    return memcmp(((const StoreNode *)a)->checksum, ((const StoreNode *)b)->checksum,
                  BASE_SHA256_BYTES) == 0;
}

static void visit(const char *path, StoreNode *node, void *user_data)
{
    Walk *walk = user_data;
    if (store_node_is_dir(node))
        return;
    if (g_hash_table_add(walk->seen, node) && S_ISREG(node->meta.mode))
        walk->bytes += node->size_bytes;
    StoreNode *other = store_node_find(walk->other, path);
    if (other != NULL && store_node_is_dir(other))
        other = NULL;
    /* what is in both is noted once, on the way through the new one */
    if (other != NULL && (walk->change == TREE_CHANGE_REMOVED || same_object(node, other)))
        return;
    TreeFileChange *change = g_new0(TreeFileChange, 1);
    change->change = other != NULL ? TREE_CHANGE_CHANGED : walk->change;
    change->path = g_strdup(path);
    change->new_bytes = walk->change == TREE_CHANGE_ADDED ? node->size_bytes : 0;
    change->old_bytes = other != NULL                         ? other->size_bytes
                        : walk->change == TREE_CHANGE_REMOVED ? node->size_bytes
                                                              : 0;
    g_ptr_array_add(walk->files, change);
}

static uint64_t walk_tree(StoreNode *tree, StoreNode *other, TreeChange change, GPtrArray *files)
{
    Walk walk = {.other = other, .change = change, .files = files};
    walk.seen = g_hash_table_new(hash_object, same_object);
    store_tree_visit(tree, visit, &walk);
    g_hash_table_unref(walk.seen);
    return walk.bytes;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp((*(TreeFileChange *const *)a)->path, (*(TreeFileChange *const *)b)->path);
}

/* --- sets of texts --- */

static GHashTable *new_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void add_missing(GPtrArray *changes, GHashTable *from, GHashTable *in, TreeChange change)
{
    GHashTableIter iter;
    void *text = NULL;
    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &text, NULL)) {
        if (g_hash_table_contains(in, text))
            continue;
        TreeTextChange *one = g_new0(TreeTextChange, 1);
        one->change = change;
        one->text = g_strdup(text);
        g_ptr_array_add(changes, one);
    }
}

static int compare_texts(const void *a, const void *b)
{
    const TreeTextChange *left = *(TreeTextChange *const *)a;
    const TreeTextChange *right = *(TreeTextChange *const *)b;
    int order = strcmp(left->text, right->text);
    return order != 0 ? order : (int)left->change - (int)right->change;
}

static GPtrArray *diff_sets(GHashTable *before, GHashTable *after)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func(text_change_free);
    add_missing(changes, after, before, TREE_CHANGE_ADDED);
    add_missing(changes, before, after, TREE_CHANGE_REMOVED);
    g_ptr_array_sort(changes, compare_texts);
    return changes;
}

/* passwd(5) or group(5), in /usr/etc, and in /usr/lib where rpm trees have theirs */
static GHashTable *read_names(TreeInspect *commit, const char *file)
{
    static const char *const folders[] = {"usr/etc", "usr/lib", "etc"};
    GHashTable *names = new_set();
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(folders[i], file, NULL);
        g_autoptr(GBytes) text = tree_inspect_read(commit, path, PASSWD_MAX_BYTES, NULL);
        g_auto(GStrv) lines =
            g_strsplit(text != NULL ? g_bytes_get_data(text, NULL) : "", "\n", -1);
        for (char **line = lines; *line != NULL; line++) {
            g_auto(GStrv) fields = g_strsplit(*line, ":", 4);
            if (g_strv_length(fields) == 4)
                (void)g_hash_table_add(names, g_strdup_printf("%s (%s)", fields[0], fields[2]));
        }
    }
    return names;
}

/* A link in TARGET.wants or TARGET.requires starts a unit; one to /dev/null is no start. */
static void visit_unit(const char *path, StoreNode *node, void *user_data)
{
    static const char *const folders[] = {"usr/etc/systemd/system/", "usr/lib/systemd/system/",
                                          "etc/systemd/system/"};
    const char *rest = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        if (g_str_has_prefix(path, folders[i]))
            rest = path + strlen(folders[i]);
    if (rest == NULL || node->target == NULL)
        return;
    const char *slash = strchr(rest, '/');
    if (slash == NULL) {
        if (strcmp(rest, "default.target") == 0)
            (void)g_hash_table_add(user_data,
                                   g_strdup_printf("default.target -> %s", node->target));
        else if (strcmp(node->target, "/dev/null") == 0)
            (void)g_hash_table_add(user_data, g_strdup_printf("%s (masked)", rest));
        return;
    }
    g_autofree char *folder = g_strndup(rest, (size_t)(slash - rest));
    char *dot = strrchr(folder, '.');
    if (dot == NULL || (strcmp(dot, ".wants") != 0 && strcmp(dot, ".requires") != 0))
        return;
    *dot = '\0';
    (void)g_hash_table_add(user_data, g_strdup_printf("%s (%s)", slash + 1, folder));
}

static GHashTable *read_units(StoreNode *tree)
{
    GHashTable *units = new_set();
    store_tree_visit(tree, visit_unit, units);
    return units;
}

static GPtrArray *diff_names(TreeInspect *old, TreeInspect *new, const char *file)
{
    g_autoptr(GHashTable) before = read_names(old, file);
    g_autoptr(GHashTable) after = read_names(new, file);
    return diff_sets(before, after);
}

TreeDifference *tree_difference_new(TreeInspect *old, TreeInspect *new, GError **error)
{
    g_autoptr(TreeDifference) self = g_new0(TreeDifference, 1);
    self->old_packages = tree_sbom_packages(old, error);
    self->new_packages = self->old_packages != NULL ? tree_sbom_packages(new, error) : NULL;
    StoreNode *before = self->new_packages != NULL ? tree_inspect_tree(old, error) : NULL;
    StoreNode *after = before != NULL ? tree_inspect_tree(new, error) : NULL;
    if (after == NULL)
        return NULL;
    self->packages = g_ptr_array_new_with_free_func(package_change_free);
    diff_packages(self, new);
    self->files = g_ptr_array_new_with_free_func(file_change_free);
    self->new_bytes = walk_tree(after, before, TREE_CHANGE_ADDED, self->files);
    self->old_bytes = walk_tree(before, after, TREE_CHANGE_REMOVED, self->files);
    g_ptr_array_sort(self->files, compare_files);
    self->users = diff_names(old, new, "passwd");
    self->groups = diff_names(old, new, "group");
    g_autoptr(GHashTable) old_units = read_units(before);
    g_autoptr(GHashTable) new_units = read_units(after);
    self->units = diff_sets(old_units, new_units);
    return g_steal_pointer(&self);
}
