/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"

G_BEGIN_DECLS

#define MANIFEST_REPO_FILE_MAX_BYTES (1024 * 1024)

/**
 * ManifestRepoVariable: gives the value of $@name in a *.repo file, or %NULL
 */
typedef const char *(*ManifestRepoVariable)(const char *name, void *user_data);

/**
 * ManifestRepoFile:
 * @name: the file's name, for messages and for keys that lie beside it
 * @data: the text of a *.repo file (dnf.conf(5), "REPO OPTIONS")
 * @size_bytes: its length
 * @variable: what $name stands for
 * @user_data: for @variable
 *
 * A file to read. All borrowed.
 */
typedef struct {
    const char *name;
    const char *data;
    size_t size_bytes;
    ManifestRepoVariable variable;
    void *user_data;
} ManifestRepoFile;

/**
 * manifest_repo_file_parse:
 * @file: see #ManifestRepoFile
 * @wanted: (nullable): the id of the repository to read; of the others only the ids are read.
 *   %NULL reads all
 * @ids: (nullable) (element-type utf8): gets the ids of all
 * @error: %MANIFEST_ERROR_INVALID, with file, line and column: no section, no "=", and in what
 *   is wanted a key that is unknown or that atoll cannot follow, a second section of one id, a
 *   variable that nobody set
 *
 * Reads a file's repositories, enabled or not. Touches no file system.
 *
 * Returns: (transfer full) (element-type ManifestRepo): they are not checked yet
 */
GPtrArray *manifest_repo_file_parse(const ManifestRepoFile *file, const char *wanted,
                                    GPtrArray *ids, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_repo_file_find:
 * @manifest: who wants it: its folder, releasever and variables
 * @id: a repository's id
 * @place: where it is named; files beside it come first, then those beside the manifest
 * @error: %MANIFEST_ERROR_INVALID
 *
 * Looks through *.repo files.
 *
 * Returns: (transfer full): the repository, placed where its file describes it
 */
ManifestRepo *manifest_repo_file_find(const Manifest *manifest, const char *id,
                                      const ManifestPlace *place,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
