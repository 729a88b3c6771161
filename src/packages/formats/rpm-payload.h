/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/format.h"

#include <archive.h>
#include <rpm/rpmfiles.h>

G_BEGIN_DECLS

/**
 * PackagesRpmPayload:
 * @repo_fd: directory descriptor of the build repo
 * @files: (borrowed): what the header says of each file
 * @n_files: how many
 * @by_path: (owned): path without leading slash to index in @files plus 1
 * @nodes: (owned): for each file of the header what was read of it, or %NULL
 * @bytes: uncompressed bytes of regular files
 *
 * An rpm's files on their way from a cpio stream into the build repo. What a file is stands
 * in the header; the stream has its contents only.
 */
typedef struct {
    int repo_fd;
    rpmfiles files;
    unsigned n_files;
    GHashTable *by_path;
    StoreNode **nodes;
    uint64_t bytes;
} PackagesRpmPayload;

/**
 * packages_rpm_payload_init:
 * @self: what to ready
 * @files: a header's files; must outlive @self
 * @repo_fd: directory descriptor of the build repo
 * @package_bytes: size of the package file, which bounds what may come out of it
 * @error: %PACKAGES_ERROR_INVALID for a hostile path, a device, sizes beyond reason
 */
bool packages_rpm_payload_init(PackagesRpmPayload *self, rpmfiles files, int repo_fd,
                               uint64_t package_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void packages_rpm_payload_clear(PackagesRpmPayload *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackagesRpmPayload, packages_rpm_payload_clear)

/**
 * packages_rpm_payload_read:
 * @self: where the files go
 * @cpio: an opened archive, read to its end
 * @error: %PACKAGES_ERROR_INVALID for what the header does not have, has otherwise (size,
 *   digest, target of a link) or has beyond it
 *
 * Streams every file of @cpio into a content object.
 */
bool packages_rpm_payload_read(PackagesRpmPayload *self, struct archive *cpio,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * packages_rpm_payload_finish:
 * @self: what was read
 * @error: %PACKAGES_ERROR_INVALID when a file is missing, or lies below one that is no directory
 *
 * Returns: (transfer full): the tree: paths as the package has them, owned by ids 0, without
 *   ghosts
 */
StoreNode *packages_rpm_payload_finish(PackagesRpmPayload *self,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
