/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The root file system that is set up: files, directories and links in it, each made as a whole,
 * left alone when it is so already, and told to whoever keeps the record.
 */
#include "provision/apply/root.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/apply/root-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

ProvisionRoot *provision_root_open(const char *path, GError **error)
{
    g_autoptr(ProvisionRoot) self = g_new0(ProvisionRoot, 1);
    self->path = g_strdup(path != NULL ? path : "/");
    self->fd = open(self->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat here = {0};
    struct stat root = {0};
    if (self->fd < 0 || fstat(self->fd, &here) < 0) {
        base_error_set_errno(error, errno, "opening the root ‘%s’", self->path);
        return NULL;
    }
    self->is_running =
        stat("/", &root) == 0 && root.st_dev == here.st_dev && root.st_ino == here.st_ino;
    self->owner = here.st_uid;
    return g_steal_pointer(&self);
}

void provision_root_free(ProvisionRoot *self)
{
    if (self == NULL)
        return;
    if (self->fd >= 0)
        (void)close(self->fd);
    provision_labels_free(self->labels);
    g_free(self->path);
    g_free(self);
}

void provision_root_watch(ProvisionRoot *self, const ProvisionRootWatch *watch)
{
    self->watch = watch != NULL ? *watch : (ProvisionRootWatch){0};
}

int provision_root_fd(const ProvisionRoot *self)
{
    return self->fd;
}

const char *provision_root_path(const ProvisionRoot *self)
{
    return self->path;
}

bool provision_root_is_running(const ProvisionRoot *self)
{
    return self->is_running;
}

bool provision_root_has(ProvisionRoot *self, const char *path)
{
    struct stat st = {0};
    return provision_root_stat(self, path, PROVISION_ROOT_FOLLOW, &st) && S_ISREG(st.st_mode) &&
           (st.st_mode & 0111) != 0;
}

bool provision_root_label(ProvisionRoot *self, int dfd, const char *name, const char *path,
                          GError **error)
{
    if (!self->labels_known)
        self->labels = provision_labels_open(self);
    self->labels_known = true;
    return provision_labels_set(self->labels, dfd, name, path, error);
}

static bool tell_before(ProvisionRoot *self, ProvisionRootFlags flags, const char *path, int dfd,
                        const char *name, GError **error)
{
    return (flags & PROVISION_ROOT_UNWATCHED) != 0 || self->watch.before == NULL ||
           self->watch.before(self->watch.data, path, dfd, name, error);
}

static bool tell_after(ProvisionRoot *self, ProvisionRootFlags flags, const char *path, int dfd,
                       const char *name, GError **error)
{
    return (flags & PROVISION_ROOT_UNWATCHED) != 0 || self->watch.after == NULL ||
           self->watch.after(self->watch.data, path, dfd, name, error);
}

static bool tell_same(ProvisionRoot *self, ProvisionRootFlags flags, const char *path)
{
    if ((flags & PROVISION_ROOT_UNWATCHED) == 0 && self->watch.same != NULL)
        self->watch.same(self->watch.data, path);
    return true;
}

GBytes *provision_root_read(ProvisionRoot *self, const char *path, GError **error)
{
    g_autofree char *name = NULL;
    base_autofd dfd =
        provision_root_open_parent(self, path, PROVISION_ROOT_FOLLOW, false, &name, NULL, error);
    if (dfd < 0)
        return NULL;
    base_autofd fd = openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) < 0) {
        base_error_set_errno(error, errno, "opening ‘%s’", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        base_error_set(error, BASE_ERROR_FAILED, "‘%s’ is no regular file", path);
        return NULL;
    }
    GBytes *bytes = base_fd_read_all(fd, PROVISION_ROOT_MAX_READ_BYTES, error);
    if (bytes == NULL)
        g_prefix_error(error, "reading ‘%s’: ", path);
    return bytes;
}

char *provision_root_read_text(ProvisionRoot *self, const char *path)
{
    g_autoptr(GBytes) bytes = provision_root_read(self, path, NULL);
    if (bytes == NULL)
        return NULL;
    size_t size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    return g_strndup(text != NULL ? text : "", size_bytes);
}

bool provision_root_stat(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                         struct stat *out_stat)
{
    g_autofree char *name = NULL;
    base_autofd dfd = provision_root_open_parent(self, path, flags & PROVISION_ROOT_FOLLOW, false,
                                                 &name, NULL, NULL);
    return dfd >= 0 && fstatat(dfd, name, out_stat, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_so_already(int dfd, const char *name, const void *data, size_t size_bytes,
                          const ProvisionRootOwner *owner)
{
    base_autofd fd = openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size != size_bytes ||
        (st.st_mode & 07777) != owner->mode || st.st_uid != owner->uid || st.st_gid != owner->gid)
        return false;
    g_autoptr(GBytes) there = base_fd_read_all(fd, size_bytes, NULL);
    return there != NULL && g_bytes_get_size(there) == size_bytes &&
           (size_bytes == 0 || memcmp(g_bytes_get_data(there, NULL), data, size_bytes) == 0);
}

static bool fill(int fd, const void *data, size_t size_bytes, const ProvisionRootOwner *owner,
                 bool sync, GError **error)
{
    if (!base_fd_write_all(fd, data, size_bytes, error))
        return false;
    struct stat st = {0};
    /* the owner first: chown takes set-id bits away */
    if (fstat(fd, &st) == 0 && (st.st_uid != owner->uid || st.st_gid != owner->gid) &&
        fchown(fd, owner->uid, owner->gid) < 0)
        return base_error_set_errno(error, errno, "changing the owner to %u:%u", owner->uid,
                                    owner->gid);
    if (fchmod(fd, owner->mode) < 0)
        return base_error_set_errno(error, errno, "changing the mode");
    if (sync && fsync(fd) < 0)
        return base_error_set_errno(error, errno, "syncing");
    return true;
}

static bool make_way(int dfd, const char *name, const char *path, GError **error)
{
    struct stat st = {0};
    if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    if (S_ISDIR(st.st_mode) && unlinkat(dfd, name, AT_REMOVEDIR) < 0)
        return base_error_set_errno(error, errno, "‘%s’ is a directory: removing it", path);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ is a device, pipe or socket, and is not replaced", path);
    return true;
}

/* Puts a file, link or hard link that is complete under its name. */
static bool put(int dfd, const char *temporary, const char *name, const char *path, GError **error)
{
    if (renameat(dfd, temporary, dfd, name) < 0) {
        int saved_errno = errno;
        (void)unlinkat(dfd, temporary, 0);
        return base_error_set_errno(error, saved_errno, "putting ‘%s’ in place", path);
    }
    return true;
}

static char *temporary_name(void)
{
    /* after a crash the leftover of the same process number is in nobody's way: see EEXIST */
    return g_strdup_printf(".atoll-provision-%u-%x", (unsigned)getpid(), g_random_int());
}

static void keep_owner(int dfd, const char *name, ProvisionRootOwner *owner)
{
    struct stat st = {0};
    if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st.st_mode))
        *owner = (ProvisionRootOwner){st.st_mode & 07777, st.st_uid, st.st_gid};
}

bool provision_root_write(ProvisionRoot *self, const char *path, const void *data,
                          size_t size_bytes, const ProvisionRootOwner *owner,
                          ProvisionRootFlags flags, bool *out_changed, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *whole = NULL;
    base_autofd dfd = provision_root_open_parent(self, path, flags, true, &name, &whole, error);
    if (dfd < 0 || !provision_root_check_writable(dfd, whole, error))
        return false;
    ProvisionRootOwner wanted = *owner;
    if ((flags & PROVISION_ROOT_KEEP) != 0)
        keep_owner(dfd, name, &wanted);
    if (is_so_already(dfd, name, data, size_bytes, &wanted)) {
        if (out_changed != NULL)
            *out_changed = false;
        return tell_same(self, flags, whole);
    }
    if ((flags & PROVISION_ROOT_NEW_ONLY) != 0 &&
        faccessat(dfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ exists and is something else; overwrite is not allowed", path);
    if (!tell_before(self, flags, whole, dfd, name, error) || !make_way(dfd, name, path, error))
        return false;
    g_autofree char *temporary = temporary_name();
    base_autofd fd = openat(dfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_error_set_errno(error, errno, "making ‘%s’", path);
    if (!provision_root_label(self, dfd, temporary, whole, error) ||
        !fill(fd, data, size_bytes, &wanted, (flags & PROVISION_ROOT_SYNC) != 0, error)) {
        (void)unlinkat(dfd, temporary, 0);
        g_prefix_error(error, "writing ‘%s’: ", path);
        return false;
    }
    if (!put(dfd, temporary, name, path, error))
        return false;
    if (out_changed != NULL)
        *out_changed = true;
    return tell_after(self, flags, whole, dfd, name, error);
}

bool provision_root_write_text(ProvisionRoot *self, const char *path, const char *text, mode_t mode,
                               bool *out_changed, GError **error)
{
    const ProvisionRootOwner owner = {mode, geteuid(), getegid()};
    return provision_root_write(self, path, text, strlen(text), &owner, PROVISION_ROOT_FOLLOW,
                                out_changed, error);
}

static bool set_dir_owner(int dfd, const char *name, const char *path,
                          const ProvisionRootOwner *owner, GError **error)
{
    struct stat st = {0};
    base_autofd fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return base_error_set_errno(error, errno, "opening the directory ‘%s’", path);
    if (((st.st_uid != owner->uid || st.st_gid != owner->gid) &&
         fchown(fd, owner->uid, owner->gid) < 0) ||
        fchmod(fd, owner->mode) < 0)
        return base_error_set_errno(error, errno, "changing owner and mode of ‘%s’", path);
    return true;
}

/* Under its name once it has its owner: the next run takes a directory that exists as it is. */
static bool put_new_dir(ProvisionRoot *self, int dfd, const char *name, const char *path,
                        const ProvisionRootOwner *owner, GError **error)
{
    g_autofree char *temporary = temporary_name();
    if (mkdirat(dfd, temporary, 0700) < 0)
        return base_error_set_errno(error, errno, "making the directory ‘%s’", path);
    if (!provision_root_label(self, dfd, temporary, path, error) ||
        !set_dir_owner(dfd, temporary, path, owner, error)) {
        (void)unlinkat(dfd, temporary, AT_REMOVEDIR);
        return false;
    }
    if (renameat(dfd, temporary, dfd, name) < 0) {
        int saved_errno = errno;
        (void)unlinkat(dfd, temporary, AT_REMOVEDIR);
        return base_error_set_errno(error, saved_errno, "putting ‘%s’ in place", path);
    }
    return true;
}

bool provision_root_make_dir(ProvisionRoot *self, const char *path, const ProvisionRootOwner *owner,
                             ProvisionRootFlags flags, bool *out_changed, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *whole = NULL;
    /* a link to a directory is as good as one: /home on an OSTree host */
    base_autofd dfd = provision_root_open_parent(self, path, flags | PROVISION_ROOT_FOLLOW, true,
                                                 &name, &whole, error);
    if (dfd < 0 || !provision_root_check_writable(dfd, whole, error))
        return false;
    if (out_changed != NULL)
        *out_changed = false;
    struct stat st = {0};
    bool exists = fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && !S_ISDIR(st.st_mode))
        return base_error_set(error, BASE_ERROR_FAILED, "‘%s’ exists and is no directory", path);
    if (exists && ((flags & PROVISION_ROOT_KEEP) != 0 ||
                   ((st.st_mode & 07777) == owner->mode && st.st_uid == owner->uid &&
                    st.st_gid == owner->gid)))
        return tell_same(self, flags, whole);
    if (!tell_before(self, flags, whole, dfd, name, error))
        return false;
    if (!(exists ? set_dir_owner(dfd, name, path, owner, error)
                 : put_new_dir(self, dfd, name, whole, owner, error)))
        return false;
    if (out_changed != NULL)
        *out_changed = true;
    return tell_after(self, flags, whole, dfd, name, error);
}

static bool is_link_to(int dfd, const char *name, const char *target, uid_t uid, gid_t gid)
{
    char there[PATH_MAX];
    ssize_t size = readlinkat(dfd, name, there, sizeof there);
    struct stat st = {0};
    return size >= 0 && (size_t)size == strlen(target) &&
           memcmp(there, target, (size_t)size) == 0 &&
           fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == uid &&
           st.st_gid == gid;
}

bool provision_root_link(ProvisionRoot *self, const char *path, const char *target, uid_t uid,
                         gid_t gid, ProvisionRootFlags flags, bool *out_changed, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *whole = NULL;
    base_autofd dfd =
        provision_root_open_parent(self, path, PROVISION_ROOT_DEFAULT, true, &name, &whole, error);
    if (dfd < 0 || !provision_root_check_writable(dfd, whole, error))
        return false;
    bool changed = !is_link_to(dfd, name, target, uid, gid);
    if (out_changed != NULL)
        *out_changed = changed;
    if (!changed)
        return tell_same(self, flags, whole);
    if ((flags & PROVISION_ROOT_NEW_ONLY) != 0 &&
        faccessat(dfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘%s’ exists and is something else; overwrite is not allowed", path);
    g_autofree char *temporary = temporary_name();
    if (!tell_before(self, flags, whole, dfd, name, error) || !make_way(dfd, name, path, error))
        return false;
    if (symlinkat(target, dfd, temporary) < 0)
        return base_error_set_errno(error, errno, "making the link ‘%s’", path);
    struct stat st = {0};
    if (fstatat(dfd, temporary, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (st.st_uid != uid || st.st_gid != gid) &&
        fchownat(dfd, temporary, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return base_error_set_errno(error, errno, "changing the owner of the link ‘%s’", path);
    if (!provision_root_label(self, dfd, temporary, whole, error)) {
        (void)unlinkat(dfd, temporary, 0);
        return false;
    }
    return put(dfd, temporary, name, path, error) &&
           tell_after(self, flags, whole, dfd, name, error);
}

bool provision_root_hard_link(ProvisionRoot *self, const char *path, const char *target,
                              bool *out_changed, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *whole = NULL;
    g_autofree char *target_name = NULL;
    base_autofd dfd =
        provision_root_open_parent(self, path, PROVISION_ROOT_DEFAULT, true, &name, &whole, error);
    if (dfd < 0 || !provision_root_check_writable(dfd, whole, error))
        return false;
    base_autofd target_dfd = provision_root_open_parent(self, target, PROVISION_ROOT_DEFAULT, false,
                                                        &target_name, NULL, error);
    if (target_dfd < 0)
        return false;
    struct stat here = {0};
    struct stat there = {0};
    if (fstatat(target_dfd, target_name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return base_error_set_errno(error, errno, "linking to ‘%s’", target);
    bool changed = fstatat(dfd, name, &here, AT_SYMLINK_NOFOLLOW) < 0 ||
                   here.st_ino != there.st_ino || here.st_dev != there.st_dev;
    if (out_changed != NULL)
        *out_changed = changed;
    if (!changed)
        return tell_same(self, PROVISION_ROOT_DEFAULT, whole);
    g_autofree char *temporary = temporary_name();
    if (!tell_before(self, PROVISION_ROOT_DEFAULT, whole, dfd, name, error) ||
        !make_way(dfd, name, path, error))
        return false;
    if (linkat(target_dfd, target_name, dfd, temporary, 0) < 0)
        return base_error_set_errno(error, errno, "linking ‘%s’ to ‘%s’", path, target);
    return put(dfd, temporary, name, path, error) &&
           tell_after(self, PROVISION_ROOT_DEFAULT, whole, dfd, name, error);
}

bool provision_root_remove(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                           bool *out_changed, GError **error)
{
    g_autofree char *name = NULL;
    g_autofree char *whole = NULL;
    g_autoptr(GError) missing = NULL;
    if (out_changed != NULL)
        *out_changed = false;
    base_autofd dfd = provision_root_open_parent(self, path, flags & PROVISION_ROOT_FOLLOW, false,
                                                 &name, &whole, &missing);
    if (dfd < 0 && g_error_matches(missing, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return true;
    if (dfd < 0) {
        g_propagate_error(error, g_steal_pointer(&missing));
        return false;
    }
    if (faccessat(dfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    if (!provision_root_check_writable(dfd, whole, error) ||
        !tell_before(self, flags, whole, dfd, name, error) ||
        !base_fd_remove_tree(dfd, name, error))
        return false;
    if (out_changed != NULL)
        *out_changed = true;
    return tell_after(self, flags, whole, dfd, name, error);
}
