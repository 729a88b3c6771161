/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A root without a way back: pivot_root(2), capabilities(7).
 */
#include "tree/rpm/root.h"

#include "base/error.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool drop_admin(GError **error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    const uint32_t bit = 1U << CAP_SYS_ADMIN;
    if (prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capget, &header, data) != 0)
        return base_error_set_errno(error, errno, "giving up capabilities");
    data[0].effective &= ~bit;
    data[0].permitted &= ~bit;
    data[0].inheritable &= ~bit;
    return syscall(SYS_capset, &header, data) == 0 ||
           base_error_set_errno(error, errno, "giving up capabilities");
}

bool tree_rpm_root_enter(const char *path, GError **error)
{
    if (chdir(path) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return base_error_set_errno(error, errno, "making ‘%s’ the root", path);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return base_error_set_errno(error, errno, "closing the process");
    return drop_admin(error);
}
