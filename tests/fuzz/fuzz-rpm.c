/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Imports hostile .rpm files into a repo of their own.
 */
#include "base/fd.h"
#include "packages/formats/rpm.h"
#include "support/scratch-repo.h"

#include <stdint.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    base_autofd fd = memfd_create("rpm", MFD_CLOEXEC);
    g_assert_true(base_fd_write_all(fd, data, size, NULL));
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_auto(PackagesContents) contents = {0};
    g_autoptr(GError) error = NULL;
    if (packages_rpm_read(fd, NULL, support_scratch_repo_fd(), &contents, &error)) {
        g_autofree char *sha256 = base_sha256_hex(data, size);
        g_assert_cmpstr(contents.sha256, ==, sha256);
        g_assert_nonnull(contents.header);
        support_check_tree(contents.root);
    } else {
        g_assert_nonnull(error);
    }
    return 0;
}
