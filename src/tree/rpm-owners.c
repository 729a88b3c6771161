/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Owners of files by name, settled when the users are there.
 */
#include "tree/rpm-owners.h"

#include "base/error.h"
#include "base/fd.h"
#include "tree/rpm-files.h"

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

static bool apply_to(rpmfiles files, int index, const char *path, Accounts *accounts,
                     GHashTable *folders, char **out_missing, GError **error)
{
    struct stat st;
    unsigned uid = 0, gid = 0;
    rpm_mode_t mode = rpmfilesFMode(files, index);
    const char *user = rpmfilesFUser(files, index), *group = rpmfilesFGroup(files, index);
    bool is_folder = S_ISDIR(mode);
    if (is_folder && !g_hash_table_add(folders, g_strdup(path)))
        return true;
    if (!is_folder && strcmp(user, "root") == 0 && strcmp(group, "root") == 0)
        return true; /* as it was imported */
    if (!look_up(&accounts->users, "/etc/passwd", user, &uid)) {
        if (*out_missing == NULL)
            *out_missing = g_strdup_printf("user ‘%s’", user);
        mode &= (rpm_mode_t)~S_ISUID;
    }
    if (!look_up(&accounts->groups, "/etc/group", group, &gid)) {
        if (*out_missing == NULL)
            *out_missing = g_strdup_printf("group ‘%s’", group);
        mode &= (rpm_mode_t)~S_ISGID;
    }
    if (lstat(path, &st) != 0)
        return true; /* a script has taken it away, or another package has a link here */
    if ((st.st_mode & S_IFMT) != (mode & S_IFMT) ||
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
    for (int i = 0; files != NULL && i < (int)rpmfilesFC(files); i++) {
        if ((rpmfilesFFlags(files, i) & RPMFILE_GHOST) != 0 ||
            ((size_t)i < n_states && state[i] != RPMFILE_STATE_NORMAL))
            continue;
        char *path = rpmfilesFN(files, i);
        bool ok = apply_to(files, i, path, &accounts, folders, out_missing, error);
        free(path);
        if (!ok)
            return false;
    }
    return true;
}
