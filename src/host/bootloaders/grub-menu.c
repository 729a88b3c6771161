/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The script of GRUB's menu, the same for every firmware. A new one is written beside it, put in
 * its place on the disk, and the two names are exchanged: nothing is freed, so that GRUB, which
 * does not replay the journal of the file system, finds a whole script at every moment.
 */
#include "base/error.h"
#include "base/fd.h"
#include "boot/menu.h"
#include "host/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT "grub.cfg"
#define OTHER "grub.cfg.before"

/* A journal that is committed is not enough: the blocks that name a file and those that describe it
 * then go to their places in any order. sync() writes them there, as the device's own cache. */
static bool exchange(int dfd, GError **error)
{
    sync();
    if (renameat2(dfd, OTHER, dfd, SCRIPT, RENAME_EXCHANGE) == 0 && syncfs(dfd) == 0)
        return true;
    int saved_errno = errno;
    return base_error_set_errno(error, saved_errno, "exchanging ‘%s’ and ‘%s’", OTHER, SCRIPT);
}

bool host_loader_update_menu(const HostSysroot *sysroot, bool *out_changed, GError **error)
{
    *out_changed = false;
    base_autofd dfd = base_fd_open_dir(ostree_sysroot_get_fd(sysroot->ostree), "boot/grub", NULL);
    g_autoptr(GBytes) have =
        dfd >= 0 ? base_fd_read_file(dfd, SCRIPT, BOOT_MENU_MAX_BYTES, NULL) : NULL;
    g_autofree char *script = boot_menu_script();
    if (have == NULL || !boot_menu_is_own(g_bytes_get_data(have, NULL)) ||
        strcmp(g_bytes_get_data(have, NULL), script) == 0)
        return true;
    if (!base_fd_replace_file(dfd, OTHER, script, strlen(script), 0644, BASE_FD_REPLACE_DEFAULT,
                              error) ||
        !exchange(dfd, error)) {
        g_prefix_error(error, "updating the boot menu's script: ");
        return false;
    }
    *out_changed = true;
    return true;
}
