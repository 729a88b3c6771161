/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PACKAGES_RPM_CPIO_HEADER_BYTES 110

/**
 * PackagesRpmCpio:
 *
 * A cpio stream (newc) on its way from the unpacker to libarchive's reader, which takes
 * memory by the lengths of names that the stream states, up to 4 GiB; here they are bounded.
 * The members are its own.
 */
typedef struct {
    struct archive *raw;
    uint64_t skip_bytes;
    uint8_t header[PACKAGES_RPM_CPIO_HEADER_BYTES];
    size_t header_bytes;
    bool ended;
} PackagesRpmCpio;

/**
 * packages_rpm_cpio_open:
 * @self: must outlive the result
 * @raw: an opened archive of the format raw, before its first entry; must outlive the result
 * @error: %PACKAGES_ERROR_INVALID
 *
 * Returns: (transfer full): a reader of the stream's files; archive_read_free()
 */
struct archive *packages_rpm_cpio_open(PackagesRpmCpio *self, struct archive *raw,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
