/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looking paths up inside a root, one step at a time: ".." ends at the root, absolute links begin
 * there, and a link counts only if root, who owns the root directory, or who runs this made it.
 */
#include "base/error.h"
#include "base/fd.h"
#include "provision/apply/root-private.h"
#include "provision/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MAX_LINKS 40

typedef struct {
    int fd;
    char *name;
} Step;

static void step_clear(void *data)
{
    Step *step = data;
    if (step->fd >= 0)
        (void)close(step->fd);
    g_free(step->name);
}

typedef struct {
    ProvisionRoot *root;
    const char *path;
    ProvisionRootFlags flags;
    bool make;
    GArray *steps;
    GQueue *rest;
    unsigned links;
} Walk;

static void walk_clear(Walk *self)
{
    if (self->steps != NULL)
        g_array_unref(self->steps);
    if (self->rest != NULL)
        g_queue_free_full(self->rest, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

static int top(const Walk *self)
{
    return g_array_index(self->steps, Step, self->steps->len - 1).fd;
}

static void push_rest(Walk *self, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    for (guint i = g_strv_length(names); i > 0; i--)
        if (names[i - 1][0] != '\0' && strcmp(names[i - 1], ".") != 0)
            g_queue_push_head(self->rest, g_strdup(names[i - 1]));
}

static char *path_of(const Walk *self, const char *name)
{
    g_autoptr(GString) path = g_string_new(NULL);
    for (guint i = 1; i < self->steps->len; i++)
        g_string_append_printf(path, "/%s", g_array_index(self->steps, Step, i).name);
    if (name != NULL)
        g_string_append_printf(path, "/%s", name);
    return g_string_free(g_steal_pointer(&path), FALSE);
}

static bool follow(Walk *self, int fd, const struct stat *st, const char *name, GError **error)
{
    char target[PATH_MAX];
    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != self->root->owner) {
        g_autofree char *link = path_of(self, name);
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "‘%s’ goes through the link ‘%s’, which the user %u made: it is not followed",
                    self->path, link, st->st_uid);
        return false;
    }
    if (++self->links > MAX_LINKS)
        return base_error_set_errno(error, ELOOP, "looking up ‘%s’", self->path);
    ssize_t size = readlinkat(fd, "", target, sizeof target - 1);
    if (size < 0)
        return base_error_set_errno(error, errno, "reading a link of ‘%s’", self->path);
    target[size] = '\0';
    if (target[0] == '/')
        g_array_set_size(self->steps, 1);
    push_rest(self, target);
    return true;
}

static int make_dir(Walk *self, const char *name, GError **error)
{
    g_autofree char *path = path_of(self, name);
    const ProvisionRootWatch *watch = &self->root->watch;
    bool watched = (self->flags & PROVISION_ROOT_UNWATCHED) == 0;
    if (!provision_root_check_writable(top(self), path, error))
        return -1;
    if (watched && watch->before != NULL &&
        !watch->before(watch->data, path, top(self), name, error))
        return -1;
    if (mkdirat(top(self), name, 0755) < 0 && errno != EEXIST) {
        base_error_set_errno(error, errno, "making the directory ‘%s’", path);
        return -1;
    }
    int fd = openat(top(self), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    /* whatever the umask */
    if (fd < 0 || fchmodat(top(self), name, 0755, 0) < 0)
        base_error_set_errno(error, errno, "opening the directory ‘%s’", path);
    else if (!provision_root_label(self->root, top(self), name, path, error))
        base_fd_clear(&fd);
    else if (!watched || watch->after == NULL ||
             watch->after(watch->data, path, top(self), name, error))
        return fd;
    base_fd_clear(&fd);
    return -1;
}

/* One step: a directory is entered, a link put in its place. */
static bool enter(Walk *self, const char *name, bool is_last, bool *out_stop, GError **error)
{
    base_autofd fd = openat(top(self), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int saved_errno = errno;
    struct stat st = {0};
    *out_stop = false;
    if (fd < 0 && saved_errno == ENOENT && is_last) {
        *out_stop = true;
        return true;
    }
    if (fd < 0 && saved_errno == ENOENT && self->make)
        fd = make_dir(self, name, error);
    else if (fd < 0)
        base_error_set_errno(error, saved_errno, "looking up ‘%s’", self->path);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) < 0)
        return base_error_set_errno(error, errno, "looking up ‘%s’", self->path);
    if (S_ISLNK(st.st_mode))
        return follow(self, fd, &st, name, error);
    if (is_last) {
        *out_stop = true;
        return true;
    }
    if (!S_ISDIR(st.st_mode))
        return base_error_set_errno(error, ENOTDIR, "looking up ‘%s’", self->path);
    Step step = {base_fd_steal(&fd), g_strdup(name)};
    g_array_append_val(self->steps, step);
    return true;
}

/* A path without links, whose directories are all there, takes the kernel one step. -1 for any
 * other, which is then walked. */
static int open_plain(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                      char **out_name, char **out_path)
{
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    const char *last = strrchr(path, '/');
    struct stat st = {0};
    if (path[0] != '/' || last[1] == '\0' || strcmp(last, "/.") == 0 || strcmp(last, "/..") == 0 ||
        strstr(path, "//") != NULL || strstr(path, "/./") != NULL || strstr(path, "/../") != NULL)
        return -1;
    g_autofree char *parent =
        last == path ? g_strdup(".") : g_strndup(path + 1, (gsize)(last - path - 1));
    base_autofd fd = (int)syscall(SYS_openat2, self->fd, parent, &how, sizeof how);
    if (fd < 0 || ((flags & PROVISION_ROOT_FOLLOW) != 0 &&
                   fstatat(fd, last + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)))
        return -1;
    *out_name = g_strdup(last + 1);
    if (out_path != NULL)
        *out_path = g_strdup(path);
    return base_fd_steal(&fd);
}

int provision_root_open_parent(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                               bool make, char **out_name, char **out_path, GError **error)
{
    int plain = open_plain(self, path, flags, out_name, out_path);
    if (plain >= 0)
        return plain;
    g_auto(Walk) walk = {.root = self,
                         .path = path,
                         .flags = flags,
                         .make = make,
                         .steps = g_array_new(FALSE, FALSE, sizeof(Step)),
                         .rest = g_queue_new()};
    g_array_set_clear_func(walk.steps, step_clear);
    Step first = {fcntl(self->fd, F_DUPFD_CLOEXEC, 3), NULL};
    g_array_append_val(walk.steps, first);
    push_rest(&walk, path);
    while (!g_queue_is_empty(walk.rest)) {
        g_autofree char *name = g_queue_pop_head(walk.rest);
        bool is_last = g_queue_is_empty(walk.rest);
        bool stop = is_last && (flags & PROVISION_ROOT_FOLLOW) == 0;
        if (strcmp(name, "..") == 0) {
            if (walk.steps->len > 1)
                g_array_set_size(walk.steps, walk.steps->len - 1);
            continue;
        }
        if (!stop && !enter(&walk, name, is_last, &stop, error))
            return -1;
        if (stop) {
            if (out_path != NULL)
                *out_path = path_of(&walk, name);
            *out_name = g_steal_pointer(&name);
            return base_fd_steal(&g_array_index(walk.steps, Step, walk.steps->len - 1).fd);
        }
    }
    /* the root itself, or a path that ends in ".." */
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED, "‘%s’ is no place for a file",
                path);
    return -1;
}

static bool is_kernels(int dfd)
{
    struct statfs fs = {0};
    if (fstatfs(dfd, &fs) < 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case EFIVARFS_MAGIC:
    case BPF_FS_MAGIC:
        return true;
    default:
        return false;
    }
}

bool provision_root_check_writable(int dfd, const char *path, GError **error)
{
    if (g_str_has_prefix(path, "/proc/") || g_str_has_prefix(path, "/sys/") || is_kernels(dfd)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                    "‘%s’ is the kernel's, not a file: use runcmd or sysctl.d", path);
        return false;
    }
    return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *provision_root_list(ProvisionRoot *self, const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *inside = g_build_filename(path, "x", NULL);
    g_autofree char *name = NULL;
    base_autofd dfd =
        provision_root_open_parent(self, inside, PROVISION_ROOT_DEFAULT, false, &name, NULL, NULL);
    int fd = dfd < 0 ? -1 : openat(dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (directory == NULL) {
        base_fd_clear(&fd);
        return names;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    (void)closedir(directory);
    g_ptr_array_sort(names, by_name);
    return names;
}

void provision_root_sync(ProvisionRoot *self)
{
    base_autofd fd = openat(self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)syncfs(fd);
}
