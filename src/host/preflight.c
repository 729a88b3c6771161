/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What would go wrong later, found out now.
 */
#include "host/preflight.h"

#include "base/fd.h"
#include "host/error.h"
#include "host/ids.h"
#include "host/space.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

/* boot entries, and what a file system loses to blocks */
#define BOOT_SLACK_BYTES (64 * 1024)

void host_preflight_free(HostPreflight *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->etc, g_ptr_array_unref);
    g_clear_pointer(&self->packages, g_ptr_array_unref);
    g_clear_pointer(&self->ids, g_ptr_array_unref);
    g_clear_pointer(&self->problems, g_ptr_array_unref);
    g_free(self);
}

static void add_problem(HostPreflight *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_problem(HostPreflight *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(self->problems, g_strdup_vprintf(format, args));
    va_end(args);
}

static void look_at_sizes(HostPreflight *self, const HostSysroot *sysroot, const GPtrArray *list)
{
    self->root_free_bytes = host_space_available(sysroot);
    self->knows_sizes = list != NULL;
    if (list == NULL)
        return;
    self->sizes = host_sizes_missing(sysroot->repo, list);
    if (self->sizes.disk_bytes <= self->root_free_bytes)
        return;
    g_autofree char *needed = g_format_size(self->sizes.disk_bytes);
    g_autofree char *available = g_format_size(self->root_free_bytes);
    self->is_no_space = self->problems->len == 0;
    add_problem(self,
                "not enough space in sysroot ‘%s’: it needs %s, and there are %s: remove old "
                "deployments with ‘atoll-host cleanup --rollback’, free space in /var or enlarge "
                "the disk",
                sysroot->path, needed, available);
}

static bool is_same_tree(const HostSysroot *sysroot, const HostCommit *commit)
{
    g_autoptr(HostCommit) running =
        host_commit_load(sysroot->repo, ostree_deployment_get_csum(sysroot->merge), NULL);
    if (running == NULL)
        return false;
    for (size_t i = 6; i <= 7; i++) { /* dirtree and dirmeta of the root */
        g_autoptr(GVariant) old = g_variant_get_child_value(running->object, i);
        g_autoptr(GVariant) new = g_variant_get_child_value(commit->object, i);
        if (!g_variant_equal(old, new))
            return false;
    }
    return true;
}

/* (transfer full) (nullable): "KERNEL-OBJECT INITRAMFS-OBJECT", which says whether two trees boot
 * the same; @objects gets the two */
static char *find_kernel(OstreeRepo *repo, const char *commit, GPtrArray *objects)
{
    static const char *const names[] = {"vmlinuz", "initramfs.img"};
    g_autoptr(GFile) root = NULL;
    if (!ostree_repo_read_commit(repo, commit, &root, NULL, NULL, NULL))
        return NULL;
    g_autoptr(GFile) modules = g_file_resolve_relative_path(root, "usr/lib/modules");
    if (!ostree_repo_file_ensure_resolved(OSTREE_REPO_FILE(modules), NULL) ||
        ostree_repo_file_tree_get_contents(OSTREE_REPO_FILE(modules)) == NULL)
        return NULL;
    g_autoptr(GVariant) dirs =
        g_variant_get_child_value(ostree_repo_file_tree_get_contents(OSTREE_REPO_FILE(modules)), 1);
    g_autoptr(GString) both = g_string_new(NULL);
    for (size_t i = 0; i < g_variant_n_children(dirs); i++) {
        const char *version = NULL;
        g_variant_get_child(dirs, i, "(&s@ay@ay)", &version, NULL, NULL);
        for (unsigned k = 0; k < G_N_ELEMENTS(names); k++) {
            g_autofree char *path = g_build_filename(version, names[k], NULL);
            g_autoptr(GFile) file = g_file_resolve_relative_path(modules, path);
            if (!ostree_repo_file_ensure_resolved(OSTREE_REPO_FILE(file), NULL))
                continue;
            const char *object = ostree_repo_file_get_checksum(OSTREE_REPO_FILE(file));
            g_string_append_printf(both, "%s ", object);
            if (objects != NULL)
                g_ptr_array_add(objects, g_strdup(object));
        }
    }
    return both->len > 0 ? g_string_free(g_steal_pointer(&both), FALSE) : NULL;
}

static bool has_kernel(const HostSysroot *sysroot, const char *kernel)
{
    g_autoptr(GPtrArray) all = ostree_sysroot_get_deployments(sysroot->ostree);
    for (unsigned i = 0; i < all->len; i++) {
        /* what is staged has nothing in /boot yet */
        if (ostree_deployment_is_staged(all->pdata[i]))
            continue;
        g_autofree char *other =
            find_kernel(sysroot->repo, ostree_deployment_get_csum(all->pdata[i]), NULL);
        if (g_strcmp0(other, kernel) == 0)
            return true;
    }
    return false;
}

static bool object_bytes(OstreeRepo *repo, const GPtrArray *list, const char *object,
                         uint64_t *out_bytes)
{
    g_autoptr(GFileInfo) info = NULL;
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const OstreeCommitSizesEntry *entry = list->pdata[i];
        if (strcmp(entry->checksum, object) == 0) {
            *out_bytes = entry->unpacked;
            return true;
        }
    }
    gboolean have = FALSE;
    if (!ostree_repo_has_object(repo, OSTREE_OBJECT_TYPE_FILE, object, &have, NULL, NULL) ||
        !have || !ostree_repo_load_file(repo, object, NULL, &info, NULL, NULL, NULL))
        return false;
    *out_bytes = (uint64_t)g_file_info_get_size(info);
    return true;
}

static void look_at_boot(HostPreflight *self, const HostSysroot *sysroot, const HostCommit *commit,
                         OstreeRepo *repo, const GPtrArray *list)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *kernel = find_kernel(repo, commit->checksum, objects);
    base_autofd boot_fd =
        openat(ostree_sysroot_get_fd(sysroot->ostree), "boot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statvfs status;
    if (kernel == NULL || boot_fd < 0 || fstatvfs(boot_fd, &status) != 0)
        return;
    self->boot_free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    self->knows_boot = true;
    if (!has_kernel(sysroot, kernel)) {
        self->boot_bytes = BOOT_SLACK_BYTES;
        for (guint i = 0; i < objects->len; i++) {
            uint64_t bytes = 0;
            if (object_bytes(repo, list, objects->pdata[i], &bytes))
                self->boot_bytes += bytes;
            else
                self->knows_boot = false;
        }
    }
    if (!self->knows_boot || self->boot_bytes <= self->boot_free_bytes)
        return;
    g_autofree char *needed = g_format_size(self->boot_bytes);
    g_autofree char *available = g_format_size(self->boot_free_bytes);
    self->is_no_space = self->problems->len == 0;
    add_problem(self,
                "not enough space in /boot: kernel and initramfs need %s, and there are %s: remove "
                "old deployments with ‘atoll-host cleanup --rollback’, or files in /boot that are "
                "not libostree's",
                needed, available);
}

static bool look_at_etc(HostPreflight *self, const HostSysroot *sysroot, const HostCommit *commit,
                        OstreeRepo *repo, GCancellable *cancellable, GError **error)
{
    self->etc = host_etc_compare(sysroot, repo, commit->checksum, cancellable, error);
    for (guint i = 0; self->etc != NULL && i < self->etc->len; i++) {
        const HostEtcEntry *entry = self->etc->pdata[i];
        if (entry->conflict != NULL)
            add_problem(self, "‘%s’ %s: merging /etc would fail at shutdown; move it away",
                        entry->path, entry->conflict);
        else if (entry->policy == HOST_ETC_FAIL && entry->default_changed)
            add_problem(self,
                        "‘%s’ was %s here and has a new default: the policy is to fail; take the "
                        "new default over by hand, or change the policy in /etc/atoll/etc.d",
                        entry->path, host_etc_change_name(entry->change));
    }
    return self->etc != NULL;
}

static bool look_at_ids(HostPreflight *self, const HostSysroot *sysroot, const HostCommit *commit,
                        HostPreflightFlags flags, GError **error)
{
    if (!host_ids_check(sysroot, commit, self->ids, error))
        return false;
    if ((flags & HOST_PREFLIGHT_ALLOW_ID_DRIFT) != 0)
        return true;
    for (guint i = 0; i < self->ids->len; i++)
        add_problem(self, "%s (--allow-id-drift takes it all the same)",
                    (const char *)self->ids->pdata[i]);
    return true;
}

HostPreflight *host_preflight_run(const HostSysroot *sysroot, const HostCommit *commit,
                                  OstreeRepo *repo, HostPreflightFlags flags,
                                  GCancellable *cancellable, GError **error)
{
    g_autoptr(HostPreflight) self = g_new0(HostPreflight, 1);
    self->ids = g_ptr_array_new_with_free_func(g_free);
    self->problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) list = host_sizes_load(commit);
    g_autoptr(HostCommit) running =
        host_commit_load(sysroot->repo, ostree_deployment_get_csum(sysroot->merge), error);
    if (running == NULL)
        return NULL;
    g_autoptr(GVariant) old = g_variant_get_child_value(running->object, 0);
    g_autoptr(GVariant) new = g_variant_get_child_value(commit->object, 0);
    self->packages = host_packages_compare(old, new);
    self->needs_reboot = !is_same_tree(sysroot, commit);
    look_at_sizes(self, sysroot, list);
    if (!look_at_ids(self, sysroot, commit, flags, error))
        return NULL;
    if (repo != NULL) {
        look_at_boot(self, sysroot, commit, repo, list);
        if (!look_at_etc(self, sysroot, commit, repo, cancellable, error))
            return NULL;
    }
    return g_steal_pointer(&self);
}

bool host_preflight_refuse(const HostPreflight *self, const char *label, GError **error)
{
    if (self->problems->len == 0)
        return true;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < self->problems->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
                               (const char *)self->problems->pdata[i]);
    return host_error_set(error, self->is_no_space ? HOST_ERROR_NO_SPACE : HOST_ERROR_REFUSED,
                          "refusing %s: %s (nothing was changed)", label, text->str);
}
