/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of /etc that give way to the image's defaults, as their policy wants it.
 */
#include "host/etc-take.h"

#include "base/error.h"
#include "base/fd.h"
#include "host/etc-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COPY_FLAGS                                                                                 \
    (G_FILE_COPY_NOFOLLOW_SYMLINKS | G_FILE_COPY_ALL_METADATA | G_FILE_COPY_OVERWRITE)

/*
 * Taking:
 * @root_dfd: of the deployment
 * @root: the same
 * @saved_dir: where what gives way is kept
 */
typedef struct {
    int root_dfd;
    GFile *root;
    const char *saved_dir;
} Taking;

/* What @self does with each: @path is below /etc. */
typedef bool (*Act)(const Taking *self, const char *path, GError **error);

static GFile *find_file(const Taking *self, const char *before, const char *path, const char *after)
{
    g_autofree char *relative = g_strconcat(before, path + strlen("/"), after, NULL);
    return g_file_resolve_relative_path(self->root, relative);
}

/* (transfer full) (nullable): of type, owner, mode and what is in it */
static char *digest(const Taking *self, const char *before, const char *path)
{
    g_autofree char *relative = g_strconcat(before, path + strlen("/"), NULL);
    char *checksum = NULL;
    (void)ostree_checksum_file_at(self->root_dfd, relative, NULL, OSTREE_OBJECT_TYPE_FILE,
                                  OSTREE_CHECKSUM_FLAGS_IGNORE_XATTRS, &checksum, NULL, NULL);
    return checksum;
}

/* What gave way before a cut must not be saved again: the default would lie where it is kept. */
static bool is_taken(const Taking *self, const char *path)
{
    g_autofree char *here = digest(self, "", path);
    g_autofree char *wanted = digest(self, "usr/", path);
    return here != NULL && g_strcmp0(here, wanted) == 0;
}

static bool keep(const Taking *self, const char *path, GError **error)
{
    g_autoptr(GFile) local = find_file(self, "", path, NULL);
    g_autofree char *saved_path = g_strconcat(self->saved_dir, path, NULL);
    g_autofree char *parent = g_path_get_dirname(saved_path);
    g_autoptr(GFile) saved = g_file_new_for_path(saved_path);
    if (g_file_query_file_type(local, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL) ==
        G_FILE_TYPE_UNKNOWN)
        return true; /* removed here */
    return base_fd_make_dirs(AT_FDCWD, parent, 0700, error) &&
           g_file_copy(local, saved, COPY_FLAGS, NULL, NULL, NULL, error);
}

/* A whole file takes its place at once. */
static bool replace(const Taking *self, const char *path, GError **error)
{
    g_autoptr(GFile) local = find_file(self, "", path, NULL);
    g_autoptr(GFile) beside = find_file(self, "", path, ".atoll-new");
    g_autoptr(GFile) from = find_file(self, "usr/", path, NULL);
    return g_file_copy(from, beside, COPY_FLAGS, NULL, NULL, NULL, error) &&
           g_file_move(beside, local, COPY_FLAGS | G_FILE_COPY_NO_FALLBACK_FOR_MOVE, NULL, NULL,
                       NULL, error);
}

/* All of it is on the disk then: the file system that @fd is on. */
static bool do_each(const Taking *self, const GPtrArray *paths, Act act, int fd, const char *what,
                    GError **error)
{
    for (guint i = 0; i < paths->len; i++) {
        if (!act(self, paths->pdata[i], error)) {
            g_prefix_error(error, "%s ‘%s’: ", what, (const char *)paths->pdata[i]);
            return false;
        }
    }
    if (syncfs(fd) == 0)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "%s files of /etc", what);
}

bool host_etc_take(const HostSysroot *sysroot, OstreeDeployment *deployment, const char *state_dir,
                   unsigned *out_n, GError **error)
{
    *out_n = 0;
    g_autoptr(HostEtcLedger) ledger = host_etc_ledger_load(state_dir, error);
    if (ledger == NULL)
        return false;
    const char *checksum = ostree_deployment_get_csum(deployment);
    if (ledger->take->len == 0 || strcmp(ledger->take_commit, checksum) != 0)
        return true;
    g_autofree char *saved_dir = g_build_filename(state_dir, HOST_ETC_SAVED_NAME, checksum, NULL);
    base_autofd root_dfd = host_sysroot_open_root(sysroot, deployment, error);
    base_autofd state_dfd = root_dfd >= 0 ? base_fd_open_dir(AT_FDCWD, state_dir, error) : -1;
    if (state_dfd < 0)
        return false;
    g_autofree char *dir = g_strdup_printf("/proc/self/fd/%d", root_dfd);
    g_autoptr(GFile) root = g_file_new_for_path(dir);
    const Taking self = {root_dfd, root, saved_dir};
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    for (guint i = 0; i < ledger->take->len; i++) {
        if (!is_taken(&self, ledger->take->pdata[i]))
            g_ptr_array_add(paths, ledger->take->pdata[i]);
    }
    if (!do_each(&self, paths, keep, state_dfd, "saving", error) ||
        !do_each(&self, paths, replace, root_dfd, "putting in its place the default of", error))
        return false;
    *out_n = paths->len;
    g_ptr_array_set_size(ledger->take, 0);
    return host_etc_ledger_save(ledger, state_dir, error);
}
