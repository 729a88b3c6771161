/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Imports hostile data.tar files, uncompressed, into a repo of their own.
 */
#include "packages/formats/payload.h"
#include "support/scratch-repo.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive *tar = archive_read_new();
    archive_read_support_format_tar(tar);
    if (archive_read_open_memory(tar, data, size) == ARCHIVE_OK) {
        g_auto(PackagesPayload) payload = {0};
        g_autoptr(GError) error = NULL;
        packages_payload_init(&payload, support_scratch_repo_fd());
        bool ok = packages_payload_read(&payload, tar, &error);
        g_assert_true(ok == (error == NULL));
        support_check_tree(payload.root);
    }
    (void)archive_read_free(tar);
    return 0;
}
