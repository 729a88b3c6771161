/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * merge-etc DEFAULTS LOCAL NEW: host_etc_merge(), for tests.
 */
#include "base/fd.h"
#include "host/etc-merge.h"

#include <fcntl.h>
#include <stdio.h>

static bool merge(char **paths, HostEtcMerge *done, GError **error)
{
    base_autofd defaults_dfd = base_fd_open_dir(AT_FDCWD, paths[0], error);
    base_autofd local_dfd = defaults_dfd >= 0 ? base_fd_open_dir(AT_FDCWD, paths[1], error) : -1;
    base_autofd new_dfd = local_dfd >= 0 ? base_fd_open_dir(AT_FDCWD, paths[2], error) : -1;
    return new_dfd >= 0 && host_etc_merge(defaults_dfd, local_dfd, new_dfd, done, error);
}

int main(int argc, char **argv)
{
    HostEtcMerge done = {0};
    g_autoptr(GError) error = NULL;
    if (argc != 4) {
        fputs("usage: merge-etc DEFAULTS LOCAL NEW\n", stderr);
        return 2;
    }
    if (!merge(argv + 1, &done, &error)) {
        fprintf(stderr, "merge-etc: %s\n", error->message);
        return 1;
    }
    printf("%u copied, %u removed\n", done.n_copied, done.n_removed);
    return 0;
}
