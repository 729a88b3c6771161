/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one deployment leaves for another to read: small files below /var, each replaced as a
 * whole. Their first line is a commit.
 */
#include "host/trial.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TRIAL "trial"
#define FAILURES "trial-failures"
#define FALLBACK "fallback"
#define MAX_BYTES (64u << 10)

static bool save(const char *dir, const char *name, const char *commit, const char *text,
                 GError **error)
{
    g_autofree char *all = g_strdup_printf("%s\n%s", commit, text);
    if (!base_fd_make_dirs(AT_FDCWD, dir, 0755, error))
        return false;
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, dir, error);
    if (dir_fd < 0 ||
        !base_fd_replace_file(dir_fd, name, all, strlen(all), 0644, BASE_FD_REPLACE_DEFAULT, error))
        return false;
    /* the name too has to be there after a power cut */
    if (fsync(dir_fd) != 0)
        return host_error_set(error, HOST_ERROR_FAILED, "syncing ‘%s’", dir);
    return true;
}

/* The first line, and what follows it. */
static char *load(const char *dir, const char *name, char **out_text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_BYTES, NULL);
    if (bytes == NULL)
        return NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    g_autofree char *all = g_utf8_make_valid(data != NULL ? data : "", (gssize)size_bytes);
    char *line_end = strchr(all, '\n');
    if (line_end == NULL)
        return NULL;
    if (out_text != NULL)
        *out_text = g_strchomp(g_strdup(line_end + 1));
    return g_strndup(all, (gsize)(line_end - all));
}

static void drop(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    (void)unlink(path); /* most often it is not there */
}

bool host_trial_begin(const char *dir, const char *commit, GError **error)
{
    drop(dir, FAILURES);
    return save(dir, TRIAL, commit, "", error);
}

bool host_trial_later(const char *path, GError **error)
{
    base_autofd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "making ‘%s’", path);
}

char *host_trial_load(const char *dir)
{
    return load(dir, TRIAL, NULL);
}

void host_trial_end(const char *dir)
{
    drop(dir, TRIAL);
    drop(dir, FAILURES);
}

bool host_trial_fail(const char *dir, const char *commit, const char *reason, GError **error)
{
    return save(dir, FAILURES, commit, reason, error);
}

char *host_trial_reason(const char *dir, const char *commit)
{
    g_autofree char *reason = NULL;
    g_autofree char *of = load(dir, FAILURES, &reason);
    return of != NULL && strcmp(of, commit) == 0 ? g_steal_pointer(&reason) : NULL;
}

bool host_trial_tell_fallback(const char *dir, const char *commit, const char *text, GError **error)
{
    return save(dir, FALLBACK, commit, text, error);
}

char *host_trial_fallback(const char *dir, char **out_commit)
{
    g_autofree char *text = NULL;
    g_autofree char *commit = load(dir, FALLBACK, &text);
    if (commit == NULL)
        return NULL;
    if (out_commit != NULL)
        *out_commit = g_steal_pointer(&commit);
    return g_steal_pointer(&text);
}

void host_trial_forget_fallback(const char *dir)
{
    drop(dir, FALLBACK);
}
