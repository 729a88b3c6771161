/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a deployment still is what was signed: its objects by their checksums, and its files by
 * being these objects.
 */
#include "host/integrity.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_BAD 1000

typedef struct {
    HostIntegrity *result;
    OstreeRepo *repo;
    int root_dfd;
    uint64_t n_verity;
    uint64_t n_plain;
    bool can_verity;
    GCancellable *cancellable;
} Check;

void host_integrity_free(HostIntegrity *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->bad);
    g_free(self);
}

const char *host_integrity_verity_name(HostIntegrityVerity self)
{
    static const char *const names[] = {[HOST_INTEGRITY_VERITY_NONE] = "none",
                                        [HOST_INTEGRITY_VERITY_OFF] = "off",
                                        [HOST_INTEGRITY_VERITY_SOME] = "some",
                                        [HOST_INTEGRITY_VERITY_ALL] = "all"};
    return names[self];
}

static void report(Check *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void report(Check *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (self->result->bad->len < MAX_BAD)
        g_ptr_array_add(self->result->bad, g_strdup_vprintf(format, args));
    va_end(args);
}

static void look_at_verity(Check *self, const char *object_path)
{
    struct {
        struct fsverity_digest head;
        uint8_t digest[64];
    } measured = {.head = {.digest_size = sizeof measured.digest}};
    base_autofd fd =
        openat(ostree_repo_get_dfd(self->repo), object_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return; /* symbolic links have none */
    if (ioctl(fd, FS_IOC_MEASURE_VERITY, &measured) == 0) {
        self->n_verity++;
        self->can_verity = true;
    } else {
        self->n_plain++;
        self->can_verity = self->can_verity || errno == ENODATA;
    }
}

static void check_object(Check *self, const char *checksum, OstreeObjectType type)
{
    g_autoptr(GError) error = NULL;
    self->result->n_objects++;
    if (!ostree_repo_fsck_object(self->repo, type, checksum, self->cancellable, &error)) {
        report(self, "object %s.%s: %s", checksum, ostree_object_type_to_string(type),
               error->message);
        return;
    }
    if (type != OSTREE_OBJECT_TYPE_FILE)
        return;
    g_autofree char *path = g_strdup_printf("objects/%.2s/%s.file", checksum, checksum + 2);
    look_at_verity(self, path);
}

/* A file of a deployment is a hard link to its object, so that an equal inode says enough. */
static void check_file(Check *self, const char *path, const char *checksum)
{
    struct stat here, object;
    g_autofree char *object_path = g_strdup_printf("objects/%.2s/%s.file", checksum, checksum + 2);
    self->result->n_files++;
    if (fstatat(self->root_dfd, path, &here, AT_SYMLINK_NOFOLLOW) != 0) {
        report(self, "/%s: %s", path, g_strerror(errno));
        return;
    }
    if (fstatat(ostree_repo_get_dfd(self->repo), object_path, &object, AT_SYMLINK_NOFOLLOW) == 0 &&
        object.st_ino == here.st_ino && object.st_dev == here.st_dev)
        return;
    g_autofree char *found = NULL;
    g_autoptr(GError) error = NULL;
    if (!ostree_checksum_file_at(self->root_dfd, path, &here, OSTREE_OBJECT_TYPE_FILE,
                                 OSTREE_CHECKSUM_FLAGS_NONE, &found, self->cancellable, &error))
        report(self, "/%s: %s", path, error->message);
    else if (strcmp(found, checksum) != 0)
        report(self, "/%s: was changed: it is %s, and the image has %s", path, found, checksum);
}

static bool check_dir(Check *self, GFile *dir, const char *path, GError **error)
{
    OstreeRepoFile *node = OSTREE_REPO_FILE(dir);
    if (!ostree_repo_file_ensure_resolved(node, error) ||
        g_cancellable_set_error_if_cancelled(self->cancellable, error))
        return false;
    GVariant *contents = ostree_repo_file_tree_get_contents(node);
    g_autoptr(GVariant) files = g_variant_get_child_value(contents, 0);
    g_autoptr(GVariant) dirs = g_variant_get_child_value(contents, 1);
    for (size_t i = 0; i < g_variant_n_children(files); i++) {
        const char *name = NULL;
        g_autoptr(GVariant) bytes = NULL;
        g_variant_get_child(files, i, "(&s@ay)", &name, &bytes);
        g_autofree char *checksum = ostree_checksum_from_bytes_v(bytes);
        g_autofree char *full = *path != '\0' ? g_build_filename(path, name, NULL) : g_strdup(name);
        check_file(self, full, checksum);
    }
    for (size_t i = 0; i < g_variant_n_children(dirs); i++) {
        const char *name = NULL;
        g_variant_get_child(dirs, i, "(&s@ay@ay)", &name, NULL, NULL);
        g_autoptr(GFile) child = g_file_get_child(dir, name);
        g_autofree char *full = *path != '\0' ? g_build_filename(path, name, NULL) : g_strdup(name);
        /* what is in the image's own /var is copied at the first boot and changes then */
        if (strcmp(full, "var") != 0 && !check_dir(self, child, full, error))
            return false;
    }
    return true;
}

static bool check_objects(Check *self, const char *commit, const BaseProgress *progress,
                          GError **error)
{
    g_autoptr(GHashTable) reachable = NULL;
    GHashTableIter iter;
    void *key = NULL;
    uint64_t done = 0;
    if (!ostree_repo_traverse_commit(self->repo, commit, 0, &reachable, self->cancellable, error))
        return false;
    g_hash_table_iter_init(&iter, reachable);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *checksum = NULL;
        OstreeObjectType type = OSTREE_OBJECT_TYPE_FILE;
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return false;
        ostree_object_name_deserialize(key, &checksum, &type);
        check_object(self, checksum, type);
        base_progress_update(progress, ++done, g_hash_table_size(reachable), "objects");
    }
    return true;
}

static HostIntegrityVerity summarise(const Check *self)
{
    if (self->n_verity > 0)
        return self->n_plain == 0 ? HOST_INTEGRITY_VERITY_ALL : HOST_INTEGRITY_VERITY_SOME;
    return self->can_verity ? HOST_INTEGRITY_VERITY_OFF : HOST_INTEGRITY_VERITY_NONE;
}

HostIntegrity *host_integrity_check(const HostSysroot *sysroot, OstreeDeployment *deployment,
                                    const BaseProgress *progress, GCancellable *cancellable,
                                    GError **error)
{
    g_autoptr(HostIntegrity) result = g_new0(HostIntegrity, 1);
    result->bad = g_ptr_array_new_with_free_func(g_free);
    const char *commit = ostree_deployment_get_csum(deployment);
    base_autofd root_dfd = host_sysroot_open_root(sysroot, deployment, error);
    g_autoptr(GFile) root = NULL;
    Check self = {
        .result = result, .repo = sysroot->repo, .root_dfd = root_dfd, .cancellable = cancellable};
    if (root_dfd < 0)
        return NULL;
    base_progress_phase(progress, "verifying");
    if (!check_objects(&self, commit, progress, error) ||
        !ostree_repo_read_commit(sysroot->repo, commit, &root, NULL, cancellable, error) ||
        !check_dir(&self, root, "", error))
        return NULL;
    result->verity = summarise(&self);
    result->has_composefs = faccessat(root_dfd, ".ostree.cfs", F_OK, 0) == 0;
    return g_steal_pointer(&result);
}
