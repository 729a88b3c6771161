/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a configured root to an OSTree tree (libostree, "Adapting existing mainstream
 * distributions").
 */
#include "tree/finish.h"

#include "store/loose.h"
#include "tree/units.h"
#include "tree/users.h"
#include "tree/var.h"

#include <string.h>
#include <sys/stat.h>

#define TRUSTED_KEY "usr/share/ostree/trusted.ed25519.d/atoll.ed25519"
#define SYSUSERS "usr/lib/sysusers.d/atoll-ids.conf"

/* What belongs to one machine or one moment. */
static const char *const litter[] = {
    "etc/machine-id", "etc/passwd-",   "etc/group-",
    "etc/shadow-",    "etc/gshadow-",  "etc/subuid-",
    "etc/subgid-",    "etc/.pwd.lock", "etc/resolv.conf.dpkg-new",
    "vmlinuz",        "vmlinuz.old",   "initrd.img",
    "initrd.img.old", "etc/mtab",      NULL,
};

static bool note_kernel(char **found, const char *version, GError **error)
{
    if (*found != NULL && strcmp(*found, version) != 0) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_KERNEL,
                    "the tree has two kernels, %s and %s: name one of them in the "
                    "manifest's packages, or put the other into exclude-packages",
                    *found, version);
        return false;
    }
    if (*found == NULL)
        *found = g_strdup(version);
    return true;
}

static GPtrArray *names_in(StoreNode *root, const char *path)
{
    const StoreNode *dir = store_node_find(root, path);
    return dir != NULL && store_node_is_dir(dir) ? store_node_names(dir) : g_ptr_array_new();
}

/* Debian's packages have /boot/vmlinuz-VERSION, Fedora's /usr/lib/modules/VERSION/vmlinuz. */
bool tree_finish_find_kernel(StoreNode *root, char **out_kernel, GError **error)
{
    static const char prefix[] = "vmlinuz-";
    g_autofree char *found = NULL;
    g_autoptr(GPtrArray) boot = names_in(root, "boot");
    for (guint i = 0; i < boot->len; i++) {
        const char *name = boot->pdata[i];
        if (g_str_has_prefix(name, prefix) && !note_kernel(&found, name + strlen(prefix), error))
            return false;
    }
    g_autoptr(GPtrArray) modules = names_in(root, "usr/lib/modules");
    for (guint i = 0; i < modules->len; i++) {
        g_autofree char *path =
            g_strdup_printf("usr/lib/modules/%s/vmlinuz", (char *)modules->pdata[i]);
        if (store_node_find(root, path) != NULL && !note_kernel(&found, modules->pdata[i], error))
            return false;
    }
    *out_kernel = g_steal_pointer(&found);
    return true;
}

static void move(StoreNode *root, const char *from, const char *to)
{
    StoreNode *node = store_node_steal(root, from);
    if (node != NULL)
        store_node_put(root, to, node);
}

static void move_kernel(StoreNode *root, const char *kernel)
{
    static const char *const kinds[] = {"vmlinuz", "config", "System.map", NULL};
    for (const char *const *kind = kinds; kernel != NULL && *kind != NULL; kind++) {
        g_autofree char *from = g_strdup_printf("boot/%s-%s", *kind, kernel);
        g_autofree char *to = g_strdup_printf("usr/lib/modules/%s/%s", kernel, *kind);
        move(root, from, to);
    }
    (void)store_node_remove(root, "boot");
    (void)store_node_make_dirs(root, "boot");
}

static void remove_children_with_prefix(StoreNode *root, const char *path, const char *prefix)
{
    StoreNode *dir = store_node_find(root, path);
    if (dir == NULL || !store_node_is_dir(dir))
        return;
    g_autoptr(GPtrArray) names = store_node_names(dir);
    for (guint i = 0; i < names->len; i++)
        if (g_str_has_prefix(names->pdata[i], prefix))
            g_hash_table_remove(dir->children, names->pdata[i]);
}

bool tree_finish_clean(const TreeFormat *format, StoreNode *root, int repo_fd, GError **error)
{
    for (const char *const *path = litter; *path != NULL; path++)
        (void)store_node_remove(root, *path);
    remove_children_with_prefix(root, "etc/ssh", "ssh_host_");
    static const char *const emptied[] = {"run", "dev", "proc", "sys", "tmp", NULL};
    for (const char *const *name = emptied; *name != NULL; name++) {
        StoreNode *dir = store_node_make_dirs(root, *name);
        g_hash_table_remove_all(dir->children);
    }
    format->clean(root);
    /* empty, not missing: a missing one makes systemd ask questions on the first boot */
    return store_tree_put_text(root, repo_fd, "etc/machine-id", 0444, "", error);
}

static char *read_text(StoreNode *root, int repo_fd, const char *path, GError **error)
{
    const StoreNode *node = store_node_find(root, path);
    if (node == NULL || !S_ISREG(node->meta.mode))
        return g_strdup("");
    g_autoptr(GBytes) bytes = store_load_contents(repo_fd, node->checksum, error);
    return bytes != NULL ? g_strdup(g_bytes_get_data(bytes, NULL)) : NULL;
}

static bool put_sysusers(StoreNode *root, int repo_fd, GError **error)
{
    g_autofree char *passwd = read_text(root, repo_fd, "etc/passwd", error);
    g_autofree char *group = passwd != NULL ? read_text(root, repo_fd, "etc/group", error) : NULL;
    if (group == NULL)
        return false;
    g_autofree char *text = tree_users_sysusers(passwd, group);
    return store_tree_put_text(root, repo_fd, SYSUSERS, 0644, text, error);
}

static void remove_files(StoreNode *root, const Manifest *manifest)
{
    for (guint i = 0; i < manifest->remove_files->len; i++) {
        const ManifestString *path = manifest->remove_files->pdata[i];
        (void)store_node_remove(root, path->text);
    }
}

static bool move_etc(StoreNode *root, GError **error)
{
    const StoreNode *there = store_node_find(root, "usr/etc");
    if (there != NULL && (!store_node_is_dir(there) || g_hash_table_size(there->children) > 0)) {
        g_set_error_literal(error, TREE_ERROR, TREE_ERROR_CONFLICT,
                            "a package or script has put files into ‘/usr/etc’, which is where "
                            "OSTree keeps the tree's ‘/etc’: they belong into ‘/etc’");
        return false;
    }
    StoreNode *etc = store_node_steal(root, "etc");
    if (etc != NULL)
        store_node_put(root, "usr/etc", etc);
    return true;
}

static void drop_write_bits(const char *path, StoreNode *node, void *user_data)
{
    bool is_program = S_ISREG(node->meta.mode) && (node->meta.mode & 0111) != 0;
    if (is_program && g_str_has_prefix(path, "usr/"))
        g_ptr_array_add(user_data, node);
}

/* The mode is part of an object: each program gets a new one, with the same contents. */
static bool make_readonly(StoreNode *root, int repo_fd, GError **error)
{
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    store_tree_visit(root, drop_write_bits, programs);
    for (guint i = 0; i < programs->len; i++) {
        StoreNode *node = programs->pdata[i];
        if ((node->meta.mode & 0222) == 0)
            continue;
        g_autoptr(GBytes) bytes = store_load_contents(repo_fd, node->checksum, error);
        if (bytes == NULL)
            return false;
        node->meta.mode &= ~(uint32_t)0222;
        if (!store_put_file(repo_fd, &node->meta, bytes, node->checksum, error))
            return false;
    }
    return true;
}

/* Before /etc moves: what the manifest wants otherwise than usual. */
static bool apply_keys(const Manifest *manifest, StoreNode *root, int repo_fd, GError **error)
{
    if (!manifest->machineid_compat)
        (void)store_node_remove(root, "etc/machine-id");
    if (!manifest->tmp_is_dir && !store_tree_put_link(root, repo_fd, "tmp", "sysroot/tmp", error))
        return false;
    return !manifest->readonly_executables || make_readonly(root, repo_fd, error);
}

bool tree_finish(const TreeFinish *self, StoreNode *root, int repo_fd, GError **error)
{
    if (!self->manifest->container)
        move_kernel(root, self->kernel);
    remove_files(root, self->manifest);
    (void)store_node_make_dirs(root, "sysroot");
    root->meta = (StoreMeta){.mode = S_IFDIR | 0755};
    if (!put_sysusers(root, repo_fd, error) || !tree_units_put(root, repo_fd, error) ||
        !tree_var_relocate(self->format, self->manifest, root, repo_fd, error) ||
        !store_tree_put_link(root, repo_fd, "ostree", "sysroot/ostree", error) ||
        !store_tree_put_text(root, repo_fd, TRUSTED_KEY, 0644, self->public_key, error) ||
        !apply_keys(self->manifest, root, repo_fd, error))
        return false;
    return move_etc(root, error);
}
