/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "packages/import.h"
#include "tree/scripts.h"

G_BEGIN_DECLS

/**
 * TreeFormatRun:
 * @scripts: the sandboxed tree
 * @imported: (element-type PackagesImported): the packages whose scripts have not run yet
 * @all: (element-type PackagesImported): all packages of the tree, of later stages too
 * @manifest: what it says of documentation and languages
 * @progress: (nullable): packages done
 *
 * What the scripts of all packages run on. All borrowed.
 */
typedef struct {
    TreeScripts *scripts;
    GPtrArray *imported;
    GPtrArray *all;
    const Manifest *manifest;
    const BaseProgress *progress;
} TreeFormatRun;

/**
 * TreeFormat:
 * @name: "deb"
 * @database_dir: where the package database lies in a tree ("usr/lib/sysimage/dpkg")
 * @database_link: where programs look for it, a link on hosts ("var/lib/dpkg")
 * @database_target: what this link points to
 * @first_package: the package whose directories count where several have them
 * @put_skeleton: what the root has before the first package is merged
 * @replacements: (transfer full): set of "NEW\nOLD": files of NEW win over those of OLD; and of
 *   whatever else @select asks it
 * @select: (nullable): the files of a package that the manifest wants, %NULL for all of them;
 *   without this function #TreeFilter chooses by path
 * @plan: (nullable) (transfer full) (element-type GPtrArray): the packages in stages, in the
 *   order in which they are unpacked and configured, as a pure function of the packages; a
 *   package depends on none of a later stage. Without it, all are one stage
 * @diversions: (nullable): paths that scripts have diverted for packages to come, as
 *   tree_dpkg_diversions()
 * @put_database: after merging a stage: the package database with these packages added, and
 *   what the first script needs
 * @run_scripts: runs the scripts of a stage's packages; %TREE_ERROR_SCRIPT names package and
 *   script
 * @recipe: (nullable) (transfer full): text that changes whenever @run_scripts starts to give
 *   another result for the same tree; without it nothing is remembered
 * @sign: (nullable): gives files the signatures that packages have of them; how many got one
 * @clean: removes locks and backups of the database
 *
 * What differs between trees of different package formats.
 */
typedef struct {
    const char *name;
    const char *database_dir;
    const char *database_link;
    const char *database_target;
    const char *first_package;
    bool (*put_skeleton)(StoreNode *root, int repo_fd, GError **error);
    GHashTable *(*replacements)(const GPtrArray *imported);
    bool (*select)(const PackagesImported *one, const Manifest *manifest, GHashTable *replacements,
                   StoreNode **out_selected, GError **error);
    GPtrArray *(*plan)(GPtrArray *imported);
    bool (*diversions)(StoreNode *root, int repo_fd, GHashTable **out_diversions, GError **error);
    bool (*put_database)(StoreNode *root, int repo_fd, GPtrArray *imported, GError **error);
    bool (*run_scripts)(const TreeFormatRun *run, GCancellable *cancellable, GError **error);
    char *(*recipe)(const Manifest *manifest, const GPtrArray *imported);
    bool (*sign)(StoreNode *root, const GPtrArray *imported, int repo_fd, size_t *out_signed,
                 GCancellable *cancellable, GError **error);
    void (*clean)(StoreNode *root);
} TreeFormat;

extern const TreeFormat tree_format_deb;
extern const TreeFormat tree_format_rpm;

/**
 * tree_format_of:
 * @packages: (element-type PackagesPackage): all packages of a tree
 * @error: names two packages of different formats
 *
 * Returns: (transfer none): the format that they have; that of debs when there are none
 */
const TreeFormat *tree_format_of(const GPtrArray *packages,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
