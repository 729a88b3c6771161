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
 * @path: (borrowed): in /etc
 * @local: what gives way
 * @default_file: what takes its place
 * @beside: where that is made whole before
 * @saved: where @local is kept
 */
typedef struct {
    const char *path;
    GFile *local;
    GFile *default_file;
    GFile *beside;
    GFile *saved;
} Taking;

static void taking_free(void *data)
{
    Taking *self = data;
    g_object_unref(self->local);
    g_object_unref(self->default_file);
    g_object_unref(self->beside);
    g_object_unref(self->saved);
    g_free(self);
}

static Taking *taking_new(GFile *root, const char *saved_dir, const char *path)
{
    g_autofree char *default_path = g_strconcat("usr", path, NULL);
    g_autofree char *saved_path = g_strconcat(saved_dir, path, NULL);
    g_autofree char *beside_path = g_strconcat(path + 1, ".atoll-new", NULL);
    Taking *self = g_new0(Taking, 1);
    self->path = path;
    self->local = g_file_resolve_relative_path(root, path + 1);
    self->default_file = g_file_resolve_relative_path(root, default_path);
    self->beside = g_file_resolve_relative_path(root, beside_path);
    self->saved = g_file_new_for_path(saved_path);
    return self;
}

static GFileInfo *query(GFile *file)
{
    return g_file_query_info(file,
                             "standard::type,standard::size,standard::symlink-target,"
                             "unix::mode,unix::uid,unix::gid",
                             G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
}

static bool has_same_bytes(GFile *a, GFile *b)
{
    g_autoptr(GBytes) a_bytes = g_file_load_bytes(a, NULL, NULL, NULL);
    g_autoptr(GBytes) b_bytes = g_file_load_bytes(b, NULL, NULL, NULL);
    return a_bytes != NULL && b_bytes != NULL && g_bytes_equal(a_bytes, b_bytes);
}

/* What gave way before a cut must not be saved again: the default would lie where it is kept. */
static bool is_taken(const Taking *self)
{
    static const char *const owners[] = {"unix::mode", "unix::uid", "unix::gid"};
    g_autoptr(GFileInfo) local = query(self->local);
    g_autoptr(GFileInfo) new = query(self->default_file);
    if (local == NULL || new == NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(owners); i++)
        if (g_file_info_get_attribute_uint32(local, owners[i]) !=
            g_file_info_get_attribute_uint32(new, owners[i]))
            return false;
    if (g_file_info_get_file_type(local) == G_FILE_TYPE_SYMBOLIC_LINK)
        return g_strcmp0(g_file_info_get_symlink_target(local),
                         g_file_info_get_symlink_target(new)) == 0;
    return g_file_info_get_file_type(local) == G_FILE_TYPE_REGULAR &&
           g_file_info_get_size(local) == g_file_info_get_size(new) &&
           has_same_bytes(self->local, self->default_file);
}

static bool keep(const Taking *self, GError **error)
{
    g_autoptr(GFile) parent = g_file_get_parent(self->saved);
    if (g_file_query_file_type(self->local, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL) ==
        G_FILE_TYPE_UNKNOWN)
        return true; /* removed here */
    return base_fd_make_dirs(AT_FDCWD, g_file_peek_path(parent), 0700, error) &&
           g_file_copy(self->local, self->saved, COPY_FLAGS, NULL, NULL, NULL, error);
}

static bool replace(const Taking *self, GError **error)
{
    return g_file_copy(self->default_file, self->beside, COPY_FLAGS, NULL, NULL, NULL, error) &&
           g_file_move(self->beside, self->local, COPY_FLAGS | G_FILE_COPY_NO_FALLBACK_FOR_MOVE,
                       NULL, NULL, NULL, error);
}

/* @act on each, and all of it on the disk: the file system that @fd is on. */
static bool do_each(const GPtrArray *takings, bool (*act)(const Taking *self, GError **error),
                    int fd, const char *what, GError **error)
{
    for (guint i = 0; i < takings->len; i++) {
        const Taking *taking = takings->pdata[i];
        if (!act(taking, error)) {
            g_prefix_error(error, "%s ‘%s’: ", what, taking->path);
            return false;
        }
    }
    if (syncfs(fd) != 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "%s files of /etc", what);
    }
    return true;
}

/* (transfer full): of @ledger, those that did not give way yet */
static GPtrArray *list_takings(const HostEtcLedger *ledger, GFile *root, const char *saved_dir)
{
    GPtrArray *takings = g_ptr_array_new_with_free_func(taking_free);
    for (guint i = 0; i < ledger->take->len; i++) {
        Taking *taking = taking_new(root, saved_dir, ledger->take->pdata[i]);
        g_ptr_array_add(takings, taking);
        if (is_taken(taking))
            g_ptr_array_set_size(takings, (gint)takings->len - 1);
    }
    return takings;
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
    g_autofree char *path = ostree_sysroot_get_deployment_dirpath(sysroot->ostree, deployment);
    base_autofd root_dfd = base_fd_open_dir(ostree_sysroot_get_fd(sysroot->ostree), path, error);
    base_autofd state_dfd = root_dfd >= 0 ? base_fd_open_dir(AT_FDCWD, state_dir, error) : -1;
    if (state_dfd < 0)
        return false;
    g_autofree char *dir = g_strdup_printf("/proc/self/fd/%d", root_dfd);
    g_autoptr(GFile) root = g_file_new_for_path(dir);
    g_autoptr(GPtrArray) takings = list_takings(ledger, root, saved_dir);
    if (!do_each(takings, keep, state_dfd, "saving", error) ||
        !do_each(takings, replace, root_dfd, "putting in its place the default of", error))
        return false;
    *out_n = takings->len;
    g_ptr_array_set_size(ledger->take, 0);
    return host_etc_ledger_save(ledger, state_dir, error);
}
