/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Private mounts and, for ordinary users, a user namespace with subordinate ids
 * (user_namespaces(7), subuid(5)).
 */
#include "base/userns.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUBID_FILE_MAX_BYTES (1024 * 1024)
#define SUBID_MIN_COUNT 65535

typedef struct {
    char *start; /* owned */
    char *count; /* owned */
} SubRange;

static void sub_range_clear(SubRange *range)
{
    g_free(range->start);
    g_free(range->count);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SubRange, sub_range_clear)

static bool find_sub_range(const char *file, const char *user, const char *uid, SubRange *out_range,
                           GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, file, SUBID_FILE_MAX_BYTES, NULL);
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, NULL) : "";
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", 3);
        if (g_strv_length(fields) != 3 ||
            (strcmp(fields[0], user) != 0 && strcmp(fields[0], uid) != 0))
            continue;
        if (g_ascii_strtoull(fields[2], NULL, 10) < SUBID_MIN_COUNT)
            continue;
        *out_range = (SubRange){.start = g_strdup(fields[1]),
                                .count = g_strdup_printf("%d", SUBID_MIN_COUNT)};
        return true;
    }
    return base_error_set(error, BASE_ERROR_NOT_FOUND,
                          "user ‘%s’ has no range of %d subordinate ids in %s: add one with "
                          "‘usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s’ "
                          "or run as root",
                          user, SUBID_MIN_COUNT, file, user);
}

/* Runs in the forked helper, which stays outside the new namespace. */
static void write_maps_and_exit(int ready_fd, const SubRange *uids, const SubRange *gids)
{
    char byte = 0;
    if (read(ready_fd, &byte, 1) != 1)
        _exit(1);
    g_autofree char *pid = g_strdup_printf("%d", (int)getppid());
    g_autofree char *uid = g_strdup_printf("%d", (int)getuid());
    g_autofree char *gid = g_strdup_printf("%d", (int)getgid());
    g_autoptr(GError) error = NULL;
    if (!base_run_simple("mapping subordinate users", &error, "newuidmap", pid, "0", uid, "1", "1",
                         uids->start, uids->count, NULL) ||
        !base_run_simple("mapping subordinate groups", &error, "newgidmap", pid, "0", gid, "1", "1",
                         gids->start, gids->count, NULL)) {
        g_printerr("atoll: %s\n", error->message);
        _exit(1);
    }
    _exit(0);
}

static bool wait_for_helper(pid_t helper, GError **error)
{
    int status = 0;
    while (waitpid(helper, &status, 0) < 0)
        if (errno != EINTR)
            return base_error_set_errno(error, errno, "waiting for the id mapping");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "cannot map subordinate ids: install ‘uidmap’ or run as root");
    return true;
}

static bool enter_user_namespace(const SubRange *uids, const SubRange *gids, GError **error)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return base_error_set_errno(error, errno, "making a pipe");
    base_autofd read_fd = ready[0];
    base_autofd write_fd = ready[1];
    pid_t helper = fork();
    if (helper < 0)
        return base_error_set_errno(error, errno, "forking");
    if (helper == 0) {
        base_fd_clear(&write_fd);
        write_maps_and_exit(read_fd, uids, gids);
    }
    bool unshared = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    int saved_errno = errno;
    if (unshared && write(write_fd, "x", 1) != 1)
        unshared = false;
    base_fd_clear(&write_fd);
    bool mapped = wait_for_helper(helper, unshared ? error : NULL);
    if (!unshared)
        return base_error_set_errno(error, saved_errno,
                                    "making a user namespace (run as root, or allow "
                                    "unprivileged user namespaces)");
    return mapped;
}

bool base_userns_enter(GError **error)
{
    if (getuid() == 0) {
        if (unshare(CLONE_NEWNS) != 0)
            return base_error_set_errno(error, errno, "making a mount namespace");
    } else {
        struct passwd *account = getpwuid(getuid());
        g_autofree char *uid = g_strdup_printf("%d", (int)getuid());
        g_autofree char *user = g_strdup(account != NULL ? account->pw_name : uid);
        g_auto(SubRange) uids = {0};
        g_auto(SubRange) gids = {0};
        if (!find_sub_range("/etc/subuid", user, uid, &uids, error) ||
            !find_sub_range("/etc/subgid", user, uid, &gids, error) ||
            !enter_user_namespace(&uids, &gids, error))
            return false;
        if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
            return base_error_set_errno(error, errno, "becoming root of the user namespace");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return base_error_set_errno(error, errno, "making mounts private");
    return true;
}

static bool in_user_namespace(void)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, "/proc/self/uid_map", 4096, NULL);
    if (bytes == NULL)
        return false;
    unsigned inside = 0, outside = 0, count = 0;
    if (sscanf(g_bytes_get_data(bytes, NULL), "%u %u %u", &inside, &outside, &count) != 3)
        return false;
    return !(inside == 0 && outside == 0 && count == UINT32_MAX);
}

static void close_fds(GArray *fds)
{
    for (guint i = 0; i < fds->len; i++)
        close(g_array_index(fds, int, i));
    g_array_unref(fds);
}

/* Directories go in as /proc/self/fd/N: no character of their paths needs escaping then. */
static bool append_directory(GString *options, GArray *fds, const char *path, GError **error)
{
    int fd = base_fd_open_dir(AT_FDCWD, path, error);
    if (fd < 0)
        return false;
    g_array_append_val(fds, fd);
    g_string_append_printf(options, "/proc/self/fd/%d", fd);
    return true;
}

static bool build_options(GString *options, GArray *fds, const char *const *lowers,
                          const char *upper, const char *work, GError **error)
{
    g_string_append(options, "lowerdir=");
    for (const char *const *lower = lowers; *lower != NULL; lower++) {
        if (lower != lowers)
            g_string_append_c(options, ':');
        if (!append_directory(options, fds, *lower, error))
            return false;
    }
    g_string_append(options, ",upperdir=");
    if (!append_directory(options, fds, upper, error))
        return false;
    g_string_append(options, ",workdir=");
    if (!append_directory(options, fds, work, error))
        return false;
    /* the upper layer has to be readable without the lower one: no files that are only half
     * there; userxattr implies that */
    g_string_append(options, in_user_namespace() ? ",userxattr"
                                                 : ",metacopy=off,redirect_dir=off,index=off");
    return true;
}

bool base_userns_mount_overlay(const char *const *lowers, const char *upper, const char *work,
                               const char *target, GError **error)
{
    GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GString) options = g_string_new(NULL);
    bool ok = build_options(options, fds, lowers, upper, work, error);
    if (ok) {
        /* the upper layer is scratch: syncs of scripts that write to it cost time for nothing */
        g_autofree char *scratch = g_strconcat(options->str, ",volatile", NULL);
        if (mount("overlay", target, "overlay", 0, scratch) != 0 &&
            mount("overlay", target, "overlay", 0, options->str) != 0)
            ok = base_error_set_errno(error, errno, "mounting an overlay at ‘%s’", target);
    }
    close_fds(fds);
    return ok;
}
