/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"
#include "store/tree.h"

#include <archive.h>
#include <archive_entry.h>

G_BEGIN_DECLS

/**
 * PackagesPayload:
 * @repo_fd: directory descriptor of the build repo
 * @root: (owned): what was read so far
 * @list: (owned): path of each entry as the package spells it ("/bin/ls"), a line each
 * @wanted_md5: (owned): paths (without leading slash) whose MD5 is wanted, as a set
 * @md5: (owned): path to hex MD5, for those of @wanted_md5 that are regular files
 * @md5sums: (owned) (nullable): when set, gets a line of dpkg's info/NAME.md5sums for each
 *   regular file, and @md5 all of their digests
 * @package_bytes: size of the package file; 0 when it is not known
 * @bytes: uncompressed bytes of regular files
 * @files: regular files and links
 *
 * A package's files on their way from a tar stream into the build repo.
 */
typedef struct {
    int repo_fd;
    StoreNode *root;
    GString *list;
    GHashTable *wanted_md5;
    GHashTable *md5;
    GString *md5sums;
    uint64_t package_bytes;
    uint64_t bytes;
    uint64_t files;
} PackagesPayload;

void packages_payload_init(PackagesPayload *self, int repo_fd);
void packages_payload_clear(PackagesPayload *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackagesPayload, packages_payload_clear)

/**
 * packages_payload_read:
 * @self: where the files go
 * @tar: an opened archive, read to its end
 * @error: %PACKAGES_ERROR_INVALID for a hostile path, a device or a broken stream
 *
 * Streams every file of @tar into a content object and notes it in the tree. Paths below
 * /bin, /sbin and /lib* land below /usr (merged /usr).
 */
bool packages_payload_read(PackagesPayload *self, struct archive *tar,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** packages_payload_normalize: (transfer full) (nullable): @path without leading "./" and
 * trailing "/", "" for the root; %NULL for one that leaves the root */
char *packages_payload_normalize(const char *path);

G_END_DECLS
