/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/error.h"
#include "packages/package.h"
#include "store/tree.h"

G_BEGIN_DECLS

/**
 * PackagesContents:
 * @root: (owned): the package's files
 * @stanza: (owned) (nullable): of a deb its paragraph for dpkg's status file, "install ok unpacked"
 * @header: (owned) (nullable): of an rpm its main header as librpm's headerImport() takes it
 * @sha256: digest of the whole file in hex
 * @bytes: size of its regular files
 * @files: how many files and links it has
 *
 * What a package file holds.
 */
typedef struct {
    StoreNode *root;
    char *stanza;
    GBytes *header;
    char sha256[BASE_SHA256_HEX_CHARS + 1];
    uint64_t bytes;
    uint64_t files;
} PackagesContents;

void packages_contents_clear(PackagesContents *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackagesContents, packages_contents_clear)

/**
 * PackagesFormat:
 * @name: "deb" or "rpm": the name in refs, locks and messages
 * @suffix: how package files end, ".deb"
 * @import_version: raised when @read starts to give another result for the same file
 * @read: reads the package file @fd from its current offset to its end, files going into the
 *   build repo @repo_fd; whether its digest is the right one is the caller's to compare
 *
 * A kind of packages. A new one is a file in formats/ and a row in format.c.
 */
struct PackagesFormat {
    const char *name;
    const char *suffix;
    unsigned import_version;
    bool (*read)(const PackagesPackage *package, int fd, int repo_fd,
                 PackagesContents *out_contents, GError **error);
};

/** packages_format_find: (transfer none) (nullable): the format named @name */
const PackagesFormat *packages_format_find(const char *name);

G_END_DECLS
