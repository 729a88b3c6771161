/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

G_BEGIN_DECLS

#define PROVISION_ROOT_MAX_READ_BYTES (64 * 1024 * 1024)

/**
 * ProvisionRoot:
 *
 * The root file system that is set up: the running one or any directory. Paths are looked up step
 * by step by descriptors: links are followed inside the root only, and only those that root (or
 * who runs this) made: a link that an ordinary user left somewhere leads nowhere. /proc, /sys and
 * their like are not written to.
 */
typedef struct _ProvisionRoot ProvisionRoot;

/**
 * ProvisionRootWatch:
 * @before: (nullable): called with a path of the root (without links) and its place before it is
 *   made, changed or removed; an error keeps it from being changed
 * @after: (nullable): called when it was
 * @same: (nullable): called with what was wanted and is so already
 * @data: for both
 *
 * Who keeps the record of what was changed.
 */
typedef struct {
    bool (*before)(void *data, const char *path, int dfd, const char *name, GError **error);
    bool (*after)(void *data, const char *path, int dfd, const char *name, GError **error);
    void (*same)(void *data, const char *path);
    void *data;
} ProvisionRootWatch;

/** provision_root_open: the directory @path (%NULL: "/") as a root */
ProvisionRoot *provision_root_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void provision_root_free(ProvisionRoot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionRoot, provision_root_free)

/** provision_root_watch: @watch (copied) is told of all changes from now on; %NULL ends it */
void provision_root_watch(ProvisionRoot *self, const ProvisionRootWatch *watch);

/** provision_root_fd: descriptor of the directory, borrowed */
int provision_root_fd(const ProvisionRoot *self);

/** provision_root_path: its path on this machine, for children and messages */
const char *provision_root_path(const ProvisionRoot *self);

/** provision_root_is_running: whether it is the root of the running system: only there are
 * services restarted, names set and disks touched */
bool provision_root_is_running(const ProvisionRoot *self);

/** provision_root_has: whether the program @path is there and may be run */
bool provision_root_has(ProvisionRoot *self, const char *path);

/**
 * ProvisionRootFlags:
 * @PROVISION_ROOT_FOLLOW: a link in the last place is followed, else it is replaced
 * @PROVISION_ROOT_SYNC: fsync before the rename: what a crash must not lose or cut short
 * @PROVISION_ROOT_UNWATCHED: the watch is not told (atoll's own state)
 * @PROVISION_ROOT_NEW_ONLY: what exists is an error
 * @PROVISION_ROOT_KEEP: mode and owner of what exists are kept
 */
typedef enum {
    PROVISION_ROOT_DEFAULT = 0,
    PROVISION_ROOT_FOLLOW = 1 << 0,
    PROVISION_ROOT_SYNC = 1 << 1,
    PROVISION_ROOT_UNWATCHED = 1 << 2,
    PROVISION_ROOT_NEW_ONLY = 1 << 3,
    PROVISION_ROOT_KEEP = 1 << 4,
} ProvisionRootFlags;

/**
 * ProvisionRootOwner:
 * @mode: permission bits, special ones included
 * @uid: owner
 * @gid: group
 */
typedef struct {
    mode_t mode;
    uid_t uid;
    gid_t gid;
} ProvisionRootOwner;

/**
 * provision_root_open_parent:
 * @self: a root
 * @path: a path of it
 * @flags: %PROVISION_ROOT_FOLLOW
 * @make: missing directories are made, 0755
 * @out_name: (transfer full): the last place's name
 * @out_path: (transfer full) (nullable): the whole path without links
 * @error: return location
 *
 * Returns: a descriptor (O_PATH) of the directory that the last place is in, or -1
 */
int provision_root_open_parent(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                               bool make, char **out_name, char **out_path,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_read: (nullable): the contents of a regular file, links followed;
 * %BASE_ERROR_NOT_FOUND when there is none */
GBytes *provision_root_read(ProvisionRoot *self, const char *path,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_read_text: (nullable): as provision_root_read(), %NULL also for a file that
 * cannot be read; the text is NUL-terminated */
char *provision_root_read_text(ProvisionRoot *self, const char *path);

/** provision_root_stat: whether @path is there (%PROVISION_ROOT_FOLLOW: what a link leads to) */
bool provision_root_stat(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                         struct stat *out_stat);

/**
 * provision_root_write:
 * @self: a root
 * @path: where; missing directories are made
 * @data: contents
 * @size_bytes: their length
 * @owner: mode and owner
 * @flags: see #ProvisionRootFlags
 * @out_changed: (optional): whether anything had to be done
 * @error: return location
 *
 * Makes the file as a whole: readers see the old one or the new one. One that is so already is
 * left alone.
 */
bool provision_root_write(ProvisionRoot *self, const char *path, const void *data,
                          size_t size_bytes, const ProvisionRootOwner *owner,
                          ProvisionRootFlags flags, bool *out_changed,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_write_text: as provision_root_write(), root's own, for a text */
bool provision_root_write_text(ProvisionRoot *self, const char *path, const char *text, mode_t mode,
                               bool *out_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_make_dir: a directory, with parents; one that exists gets mode and owner, but
 * keeps them with %PROVISION_ROOT_KEEP */
bool provision_root_make_dir(ProvisionRoot *self, const char *path, const ProvisionRootOwner *owner,
                             ProvisionRootFlags flags, bool *out_changed,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_link: a symbolic link, replacing what is there unless it is a directory that has
 * something in it */
bool provision_root_link(ProvisionRoot *self, const char *path, const char *target, uid_t uid,
                         gid_t gid, ProvisionRootFlags flags, bool *out_changed,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_hard_link: as provision_root_link(), one more name of the file @target of this
 * root */
bool provision_root_hard_link(ProvisionRoot *self, const char *path, const char *target,
                              bool *out_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_remove: a file, link, or directory with all in it; what is not there is no
 * error */
bool provision_root_remove(ProvisionRoot *self, const char *path, ProvisionRootFlags flags,
                           bool *out_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_root_list: (transfer full) (element-type utf8): sorted names in a directory; empty
 * when there is none */
GPtrArray *provision_root_list(ProvisionRoot *self, const char *path);

/** provision_root_sync: everything of its file system reaches the disk */
void provision_root_sync(ProvisionRoot *self);

G_END_DECLS
