/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"
#include "store/tree.h"

G_BEGIN_DECLS

/** PACKAGES_DPKG_DIR: where dpkg's database lies in a tree, without leading slash */
#define PACKAGES_DPKG_DIR "usr/lib/sysimage/dpkg"

/**
 * PackagesDeb:
 * @root: (owned): the package's files, and dpkg's info/ files for it
 * @stanza: (owned): its paragraph for dpkg's status file, "install ok unpacked"
 * @sha256: digest of the whole file in hex
 * @bytes: size of its regular files
 * @files: how many files and links it has
 *
 * What a .deb holds.
 */
typedef struct {
    StoreNode *root;
    char *stanza;
    char sha256[BASE_SHA256_HEX_CHARS + 1];
    uint64_t bytes;
    uint64_t files;
} PackagesDeb;

void packages_deb_clear(PackagesDeb *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackagesDeb, packages_deb_clear)

/**
 * packages_deb_read:
 * @fd: a .deb, read from its current offset to its end
 * @repo_fd: directory descriptor of the build repo, where contents go
 * @out_deb: what it holds
 * @error: %PACKAGES_ERROR_INVALID
 *
 * Reads a Debian binary package (deb(5), format 2.0) in one pass, hashing it as it goes.
 */
bool packages_deb_read(int fd, int repo_fd, PackagesDeb *out_deb,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
