/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/manifest.h"

G_BEGIN_DECLS

/** MANIFEST_LOCK_FORMAT: the format that is written, and the only one that is read */
#define MANIFEST_LOCK_FORMAT 1

#define MANIFEST_LOCK_MAX_PACKAGES 20000

/**
 * ManifestLockRepo:
 * @repository: (owned): ManifestRepo.id
 * @suite: (owned): of a deb repository its suite; empty for others
 * @time: (owned): date of its metadata, "2026-11-20T20:10:00Z"; empty when it says none
 *
 * State of a repository when the lock was made.
 */
typedef struct {
    char *repository;
    char *suite;
    char *time;
} ManifestLockRepo;

/**
 * ManifestLockPackage:
 * @name: (owned)
 * @version: (owned): as the distribution writes it
 * @arch: (owned): in the distribution's words
 * @format: (owned): "deb" or "rpm"
 * @source: (owned): source package
 * @sha256: (owned): digest of the package file in hex
 * @repository: (owned): ManifestRepo.id
 * @path: (owned): of the file, below the repository's URL; or a whole URL
 * @size_bytes: of the file
 * @installed_bytes: what it takes unpacked
 */
typedef struct {
    char *name;
    char *version;
    char *arch;
    char *format;
    char *source;
    char *sha256;
    char *repository;
    char *path;
    uint64_t size_bytes;
    uint64_t installed_bytes;
} ManifestLockPackage;

/**
 * ManifestLock:
 * @path: (owned): the file
 * @manifest: (owned): digest of the manifest
 * @wanted: (owned): digest of what of the manifest decides on packages
 * @arch: (owned): architecture
 * @repos: (element-type ManifestLockRepo)
 * @packages: (element-type ManifestLockPackage): sorted by name, then architecture
 * @uids: (nullable): a{su}: users of trees of this manifest
 * @gids: (nullable): a{su}: groups
 * @advisories: (nullable): what its packages mend, see lock-advisories.h
 *
 * The exact packages that a manifest resolved to (atoll-lock(1)).
 */
typedef struct {
    char *path;
    char *manifest;
    char *wanted;
    char *arch;
    GPtrArray *repos;
    GPtrArray *packages;
    GVariant *uids;
    GVariant *gids;
    GVariant *advisories;
} ManifestLock;

/** manifest_lock_new: (transfer full): an empty lock */
ManifestLock *manifest_lock_new(void);
void manifest_lock_free(ManifestLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestLock, manifest_lock_free)

/** manifest_lock_path: (transfer full): where the lock of a manifest lies: beside it, "NAME.lock"
 */
char *manifest_lock_path(const char *manifest_path);

/**
 * manifest_lock_parse:
 * @file: name of the file, for messages
 * @bytes: its text
 * @error: %MANIFEST_ERROR_INVALID names file, line and column
 *
 * Returns: (transfer full): the lock
 */
ManifestLock *manifest_lock_parse(const char *file, GBytes *bytes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_lock_load:
 * @path: the file
 * @out_lock: (transfer full) (nullable): the lock, %NULL when there is no such file
 * @error: as manifest_lock_parse()
 */
bool manifest_lock_load(const char *path, ManifestLock **out_lock,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_lock_print: (transfer full): the lock as JSON, one package a line */
char *manifest_lock_print(const ManifestLock *self);

/** manifest_lock_save: writes @self to its path: to a temporary name, synced, renamed */
bool manifest_lock_save(const ManifestLock *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_lock_find: (nullable): the package @name of @arch */
const ManifestLockPackage *manifest_lock_find(const ManifestLock *self, const char *name,
                                              const char *arch);

G_END_DECLS
