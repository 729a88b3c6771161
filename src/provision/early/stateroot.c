/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The /var of an OSTree host. What is mounted as the root in the initramfs has an empty one:
 * systemd mounts the one that all deployments share only in the real root, and whatever is put
 * below /var before is never seen again.
 */
#include "provision/early/early.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define CMDLINE_MAX_BYTES (64 * 1024)
#define MARK "/run/atoll/provision/var-is-mounted"

/* Of "/ostree/boot.0/NAME/CHECKSUM/0", which is what the kernel is told. */
static char *stateroot_of(const char *cmdline)
{
    g_autofree char *link = provision_early_karg(cmdline, "ostree");
    g_auto(GStrv) words = g_strsplit(link != NULL ? link : "", "/", -1);
    bool fits = g_strv_length(words) == 6 && g_str_equal(words[1], "ostree") &&
                g_str_has_prefix(words[2], "boot.") && words[3][0] != '\0' &&
                !g_str_equal(words[3], ".") && !g_str_equal(words[3], "..");
    return fits ? g_strdup(words[3]) : NULL;
}

bool provision_early_mount_var(const ProvisionEarly *self, GError **error)
{
    struct stat shared = {0}, own = {0};
    g_autoptr(GBytes) cmdline =
        base_fd_read_file(AT_FDCWD, "/proc/cmdline", CMDLINE_MAX_BYTES, error);
    if (cmdline == NULL)
        return false;
    g_autofree char *name = stateroot_of(g_bytes_get_data(cmdline, NULL));
    if (name == NULL)
        return true;
    g_autofree char *from =
        g_build_filename(self->root, "sysroot/ostree/deploy", name, "var", NULL);
    g_autofree char *to = g_build_filename(self->root, "var", NULL);
    if (lstat(from, &shared) < 0 || lstat(to, &own) < 0 || !S_ISDIR(shared.st_mode) ||
        !S_ISDIR(own.st_mode) || (shared.st_dev == own.st_dev && shared.st_ino == own.st_ino))
        return true;
    if (!base_fd_make_dirs(AT_FDCWD, "/run/atoll/provision", 0700, error) ||
        !base_fd_replace_file(AT_FDCWD, MARK, "", 0, 0600, BASE_FD_REPLACE_NO_SYNC, error))
        return false;
    if (mount(from, to, NULL, MS_BIND, NULL) < 0) {
        int saved_errno = errno;
        (void)unlink(MARK);
        return base_error_set_errno(error, saved_errno, "mounting ‘%s’ at ‘%s’", from, to);
    }
    return true;
}

bool provision_early_umount_var(const ProvisionEarly *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->root, "var", NULL);
    if (unlink(MARK) < 0)
        return true; /* it is not ours */
    if (umount2(path, UMOUNT_NOFOLLOW) < 0)
        return base_error_set_errno(error, errno, "unmounting ‘%s’", path);
    return true;
}
