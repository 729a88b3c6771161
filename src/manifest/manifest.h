/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/error.h"

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ManifestPlace:
 * @file: (owned): path of the file as the user named it
 * @line: first line is 1
 * @column: first column is 1
 *
 * Where in the input a value stands; every error about the value names it.
 */
typedef struct {
    char *file;
    unsigned line;
    unsigned column;
} ManifestPlace;

/**
 * ManifestString:
 * @text: (owned): the value, variables replaced
 * @place: where it stands
 */
typedef struct {
    char *text;
    ManifestPlace place;
} ManifestString;

/**
 * ManifestRepoKind:
 * @MANIFEST_REPO_HOST_APT: the machine's own apt sources
 * @MANIFEST_REPO_DEB: a Debian repository
 */
typedef enum { MANIFEST_REPO_HOST_APT, MANIFEST_REPO_DEB } ManifestRepoKind;

/**
 * ManifestRepo:
 * @kind: what it is
 * @id: (owned): its name in messages, locks and commit metadata ("host-apt", or the user's)
 * @urls: (owned): base URLs (http, https, file)
 * @suites: (owned): suites; one that ends in "/" is a flat repository
 * @components: (owned): components; empty for flat repositories
 * @keyring: (owned) (nullable): absolute path of the keyring that must have signed it
 * @trusted: taken without a signature ("trusted: true", said on purpose)
 * @place: where it stands
 */
typedef struct {
    ManifestRepoKind kind;
    char *id;
    char **urls;
    char **suites;
    char **components;
    char *keyring;
    bool trusted;
    ManifestPlace place;
} ManifestRepo;

/**
 * ManifestFile:
 * @source: (owned): absolute path of the file or directory to add
 * @target: (owned): absolute path in the tree
 * @place: where it stands
 */
typedef struct {
    char *source;
    char *target;
    ManifestPlace place;
} ManifestFile;

/**
 * Manifest:
 * @path: (owned): the file that was loaded
 * @ref: (owned): branch name
 * @repos: (element-type ManifestRepo)
 * @packages: (element-type ManifestString): names, in the order of the files
 * @exclude_packages: (element-type ManifestString)
 * @install_langs: (element-type ManifestString): locales to keep; empty keeps all
 * @units: (element-type ManifestString): systemd units to enable
 * @add_files: (element-type ManifestFile)
 * @remove_files: (element-type ManifestString): paths, without the leading slash
 * @postprocess: (element-type ManifestString): scripts, in the order they run
 * @recommends: whether Recommends are installed; default %FALSE
 * @documentation: whether documentation is kept; default %TRUE
 * @default_target: (owned) (nullable): "multi-user.target"
 * @releasever: (owned) (nullable)
 * @automatic_version_prefix: (owned) (nullable)
 * @metadata: (owned): a{sv} of add-commit-metadata, sorted by key
 * @digest: (owned): SHA-256, in hex, of the flattened manifest's canonical JSON (with the
 *   digests of the files it adds)
 *
 * What a tree should be: the flattened result of a file and all that it includes. Built
 * once, then constant.
 */
typedef struct {
    char *path;
    char *ref;
    GPtrArray *repos;
    GPtrArray *packages;
    GPtrArray *exclude_packages;
    GPtrArray *install_langs;
    GPtrArray *units;
    GPtrArray *add_files;
    GPtrArray *remove_files;
    GPtrArray *postprocess;
    bool recommends;
    bool documentation;
    char *default_target;
    char *releasever;
    char *automatic_version_prefix;
    GVariant *metadata;
    char *digest;
} Manifest;

/**
 * manifest_load:
 * @path: a YAML (or JSON) file
 * @error: %MANIFEST_ERROR_INVALID names file, line, column, and for an unknown key the nearest
 *   known one; %MANIFEST_ERROR_CYCLE when a file includes itself
 *
 * Reads a manifest with its includes (rpm-ostree's treefile keys and merging rules: scalars
 * of the including file win, arrays concatenate, included first).
 *
 * Returns: (transfer full): the flattened manifest
 */
Manifest *manifest_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void manifest_free(Manifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/**
 * manifest_to_json:
 * @self: a manifest
 *
 * Returns: (transfer full): the flattened manifest as canonical JSON (sorted keys)
 */
char *manifest_to_json(const Manifest *self);

G_END_DECLS
