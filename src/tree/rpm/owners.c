/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Owners of files by name, settled when the users are there.
 */
#include "tree/rpm/owners.h"

#include "base/error.h"
#include "base/fd.h"
#include "tree/rpm/types.h"

#include <errno.h>
#include <fcntl.h>
#include <rpm/rpmtag.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCOUNTS_MAX_BYTES (4 * 1024 * 1024)
#define CAPABILITY_XATTR "security.capability"
#define CAPABILITY_MAX_BYTES 64

typedef struct {
    char *users;  /* owned: text of /etc/passwd, NULL until it is needed */
    char *groups; /* owned: of /etc/group */
} Accounts;

static void accounts_clear(Accounts *accounts)
{
    g_free(accounts->users);
    g_free(accounts->groups);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Accounts, accounts_clear)

/* The third field of NAME's line, in both files: passwd(5), group(5). */
static bool find_id(const char *text, const char *name, unsigned *out_id)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", 4);
        uint64_t id = 0;
        if (g_strv_length(fields) < 3 || strcmp(fields[0], name) != 0)
            continue;
        if (!g_ascii_string_to_unsigned(fields[2], 10, 0, UINT32_MAX - 1, &id, NULL))
            return false;
        *out_id = (unsigned)id;
        return true;
    }
    return false;
}

static bool look_up(char **text, const char *path, const char *name, unsigned *out_id)
{
    if (name == NULL || strcmp(name, "root") == 0) {
        *out_id = 0;
        return true;
    }
    if (*text == NULL) {
        g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, ACCOUNTS_MAX_BYTES, NULL);
        *text = g_strdup(bytes != NULL ? g_bytes_get_data(bytes, NULL) : "");
    }
    return find_id(*text, name, out_id);
}

/* chown(2) takes set-id bits and capabilities away: both are put back. */
static bool change(const char *path, const struct stat *st, uid_t uid, gid_t gid, mode_t mode,
                   GError **error)
{
    uint8_t capability[CAPABILITY_MAX_BYTES];
    ssize_t n = S_ISREG(st->st_mode)
                    ? lgetxattr(path, CAPABILITY_XATTR, capability, sizeof capability)
                    : -1;
    if ((st->st_uid != uid || st->st_gid != gid) && lchown(path, uid, gid) != 0)
        return base_error_set_errno(error, errno, "setting the owner of ‘%s’", path);
    if (S_ISLNK(st->st_mode))
        return true;
    if (chmod(path, mode & 07777) != 0)
        return base_error_set_errno(error, errno, "setting the mode of ‘%s’", path);
    if (n > 0 && lsetxattr(path, CAPABILITY_XATTR, capability, (size_t)n, 0) != 0)
        return base_error_set_errno(error, errno, "setting the capabilities of ‘%s’", path);
    return true;
}

static bool is_there(const uint8_t *states, size_t n_states, rpmfiles files, int index)
{
    return (rpmfilesFFlags(files, index) & RPMFILE_GHOST) == 0 &&
           ((size_t)index >= n_states || states[index] == RPMFILE_STATE_NORMAL);
}

static char *find_missing(rpmfiles files, int index, Accounts *accounts)
{
    unsigned id = 0;
    const char *user = rpmfilesFUser(files, index), *group = rpmfilesFGroup(files, index);
    if (!look_up(&accounts->users, "/etc/passwd", user, &id))
        return g_strdup_printf("user ‘%s’", user);
    if (!look_up(&accounts->groups, "/etc/group", group, &id))
        return g_strdup_printf("group ‘%s’", group);
    return NULL;
}

/* /proc and the like, which are the sandbox's while scripts run. */
static bool is_mount_point(const struct stat *st)
{
    struct stat root;
    return S_ISDIR(st->st_mode) && lstat("/", &root) == 0 && root.st_dev != st->st_dev;
}

static bool apply_to(rpmfiles files, int index, const char *path, Accounts *accounts,
                     GHashTable *folders, GError **error)
{
    struct stat st;
    unsigned uid = 0, gid = 0;
    rpm_mode_t mode = rpmfilesFMode(files, index);
    (void)look_up(&accounts->users, "/etc/passwd", rpmfilesFUser(files, index), &uid);
    (void)look_up(&accounts->groups, "/etc/group", rpmfilesFGroup(files, index), &gid);
    bool is_folder = S_ISDIR(mode);
    if (is_folder && !g_hash_table_add(folders, g_strdup(path)))
        return true;
    if (!is_folder && uid == 0 && gid == 0)
        return true; /* as it was imported */
    if (lstat(path, &st) != 0)
        return true; /* a script has taken it away, or another package has a link here */
    if ((st.st_mode & S_IFMT) != (mode & S_IFMT) || is_mount_point(&st) ||
        (st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == (mode & 07777)))
        return true;
    return change(path, &st, uid, gid, mode, error);
}

bool tree_rpm_owners_apply(Header header, GBytes *states, GHashTable *folders, char **out_missing,
                           GError **error)
{
    g_autoptr(TreeRpmFiles) files = rpmfilesNew(NULL, header, RPMTAG_BASENAMES, 0);
    g_auto(Accounts) accounts = {0};
    size_t n_states = 0;
    const uint8_t *state = g_bytes_get_data(states, &n_states);
    int n_files = files != NULL ? (int)rpmfilesFC(files) : 0;
    for (int i = 0; i < n_files && *out_missing == NULL; i++)
        if (is_there(state, n_states, files, i))
            *out_missing = find_missing(files, i, &accounts);
    for (int i = 0; i < n_files && *out_missing == NULL; i++) {
        if (!is_there(state, n_states, files, i))
            continue;
        char *path = rpmfilesFN(files, i);
        bool ok = apply_to(files, i, path, &accounts, folders, error);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}
