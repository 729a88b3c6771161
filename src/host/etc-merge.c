/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merges /etc three ways when the host shuts down. libostree's own merge hashes every file through
 * GIO, which is a third of the time that a shutdown into a new version takes.
 */
#include "host/etc-merge.h"

#include "base/error.h"
#include "base/fd.h"
#include "host/error.h"
#include "host/etc-copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * Level: one directory, in the three trees
 * @parent: (nullable): the one above; %NULL for /etc itself, whose attributes are the new image's
 * @name: in @parent
 * @defaults_dfd: -1 where there is no default
 * @local_dfd: never -1
 * @new_dfd: -1 until it is looked for, or when there is none
 * @is_made: has the owner and mode of the local one, since something was put into it
 */
typedef struct Level Level;
struct Level {
    Level *parent;
    const char *name;
    int defaults_dfd;
    int local_dfd;
    int new_dfd;
    bool is_made;
    HostEtcMerge *done;
};

static void level_clear(Level *self)
{
    base_fd_clear(&self->defaults_dfd);
    base_fd_clear(&self->local_dfd);
    base_fd_clear(&self->new_dfd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Level, level_clear)

typedef bool (*Visit)(Level *self, const char *name, GError **error);

/* (transfer full): below /etc */
static char *path_of(const Level *self, const char *name)
{
    g_autofree char *above = self->parent != NULL ? path_of(self->parent, self->name) : NULL;
    return above != NULL ? g_build_filename(above, name, NULL) : g_strdup(name);
}

static bool fail(const Level *self, const char *name, const char *doing, GError **error)
{
    int saved_errno = errno;
    g_autofree char *path = path_of(self, name);
    return base_error_set_errno(error, saved_errno, "%s ‘/etc/%s’", doing, path);
}

/* Whether there is something; @out says what. */
static bool look(int dfd, const char *name, struct stat *out)
{
    return dfd >= 0 && fstatat(dfd, name, out, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_sub(int dfd, const char *name)
{
    return dfd < 0 ? -1 : openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The new tree's directory, when it has one. */
static int find_new(Level *self)
{
    if (self->new_dfd < 0)
        self->new_dfd = open_sub(find_new(self->parent), self->name);
    return self->new_dfd;
}

/* Makes it where it is missing, and those above. */
static bool make_new(Level *self, GError **error)
{
    if (self->is_made)
        return true;
    if (find_new(self) < 0) {
        if (find_new(self->parent) < 0 && !make_new(self->parent, error))
            return false;
        if (mkdirat(self->parent->new_dfd, self->name, 0700) != 0 && errno != EEXIST)
            return fail(self->parent, self->name, "making", error);
        if (find_new(self) < 0)
            return fail(self->parent, self->name, "opening the new", error);
    }
    if (!host_etc_copy_attributes(self->local_dfd, self->new_dfd, error)) {
        g_autofree char *path = path_of(self->parent, self->name);
        g_prefix_error(error, "‘/etc/%s’: ", path);
        return false;
    }
    self->is_made = true;
    return true;
}

static bool each(Level *self, int dfd, Visit visit, GError **error)
{
    int again = openat(dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    if (stream == NULL) {
        base_fd_clear(&again);
        return fail(self, "", "reading", error);
    }
    bool ok = true;
    const struct dirent *entry = NULL;
    errno = 0;
    while (ok && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ok = visit(self, entry->d_name, error);
        errno = 0;
    }
    if (ok && errno != 0)
        ok = fail(self, "", "reading", error);
    closedir(stream);
    return ok;
}

static bool merge(Level *self, GError **error);

static bool descend(Level *self, const char *name, bool has_default, GError **error)
{
    g_auto(Level) sub = {.parent = self,
                         .name = name,
                         .defaults_dfd = has_default ? open_sub(self->defaults_dfd, name) : -1,
                         .local_dfd = open_sub(self->local_dfd, name),
                         .new_dfd = -1,
                         .done = self->done};
    if (sub.local_dfd < 0 || (has_default && sub.defaults_dfd < 0))
        return fail(self, name, "opening", error);
    /* one that was made here is there even when it is empty */
    return (has_default || find_new(&sub) >= 0 || make_new(&sub, error)) && merge(&sub, error);
}

/* Puts what is here into the new tree; of a directory that was one before (@has_dir), where that
 * has one too, what was changed in it. */
static bool put(Level *self, const char *name, const struct stat *local, bool has_dir,
                GError **error)
{
    struct stat new;
    if (!S_ISREG(local->st_mode) && !S_ISLNK(local->st_mode) && !S_ISDIR(local->st_mode))
        return true;
    if (!make_new(self, error))
        return false;
    bool is_there = look(self->new_dfd, name, &new);
    if (is_there && S_ISDIR(new.st_mode) && !S_ISDIR(local->st_mode)) {
        g_autofree char *path = path_of(self, name);
        return host_error_set(error, HOST_ERROR_FAILED,
                              "‘/etc/%s’ is a file here and a directory in the new image", path);
    }
    if (is_there && !S_ISDIR(new.st_mode) && unlinkat(self->new_dfd, name, 0) != 0)
        return fail(self, name, "removing the new", error);
    if (S_ISDIR(local->st_mode))
        return descend(self, name, has_dir && is_there && S_ISDIR(new.st_mode), error);
    self->done->n_copied++;
    if (host_etc_copy_file(self->local_dfd, self->new_dfd, name, local, error))
        return true;
    g_autofree char *path = path_of(self, name);
    g_prefix_error(error, "copying ‘/etc/%s’: ", path);
    return false;
}

/* What had a default and is gone here. */
static bool visit_default(Level *self, const char *name, GError **error)
{
    struct stat st;
    if (look(self->local_dfd, name, &st))
        return true;
    if (errno != ENOENT)
        return fail(self, name, "looking at", error);
    if (!look(find_new(self), name, &st))
        return true;
    self->done->n_removed++;
    return base_fd_remove_tree(self->new_dfd, name, error);
}

/* Another owner or mode is a change too. */
static bool is_same_dir(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

static bool visit_local(Level *self, const char *name, GError **error)
{
    struct stat local, old;
    bool is_same = false;
    if (!look(self->local_dfd, name, &local))
        return fail(self, name, "looking at", error);
    if (!look(self->defaults_dfd, name, &old))
        return put(self, name, &local, false, error);
    bool has_dir = S_ISDIR(old.st_mode);
    if (S_ISDIR(local.st_mode))
        return has_dir && is_same_dir(&old, &local) ? descend(self, name, true, error)
                                                    : put(self, name, &local, has_dir, error);
    return host_etc_same_file(self->defaults_dfd, &old, self->local_dfd, &local, name, &is_same,
                              error) &&
           (is_same || put(self, name, &local, false, error));
}

static bool merge(Level *self, GError **error)
{
    return (self->defaults_dfd < 0 || each(self, self->defaults_dfd, visit_default, error)) &&
           each(self, self->local_dfd, visit_local, error);
}

bool host_etc_merge(int defaults_dfd, int local_dfd, int new_dfd, HostEtcMerge *out, GError **error)
{
    *out = (HostEtcMerge){0};
    /* the caller's stay open: what goes wrong with a copy shows where it is used */
    g_auto(Level) top = {.defaults_dfd = fcntl(defaults_dfd, F_DUPFD_CLOEXEC, 0),
                         .local_dfd = fcntl(local_dfd, F_DUPFD_CLOEXEC, 0),
                         .new_dfd = fcntl(new_dfd, F_DUPFD_CLOEXEC, 0),
                         .is_made = true,
                         .done = out};
    if (top.defaults_dfd < 0 || top.local_dfd < 0 || top.new_dfd < 0)
        return fail(&top, "", "opening", error);
    return merge(&top, error);
}
