/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "manifest/manifest.h"
#include "packages/import.h"
#include "tree/error.h"

G_BEGIN_DECLS

/** TREE_SCRIPTS_LIMIT_S: seconds that one script may take, unless the caller says otherwise */
#define TREE_SCRIPTS_LIMIT_S 900

/**
 * TreeScripts:
 *
 * A tree made writable for scripts: a checkout as the lower layer, stubs that keep services
 * and boot loaders still as another, and an upper layer that takes every change.
 */
typedef struct _TreeScripts TreeScripts;

/**
 * tree_scripts_open:
 * @root: the assembled tree
 * @repo_fd: directory descriptor of the build repo
 * @scratch: an empty directory on the repo's file system, taken over
 * @error: return location
 *
 * Needs base_userns_enter() to have been called.
 *
 * Returns: (transfer full): the sandboxed tree
 */
TreeScripts *tree_scripts_open(const StoreNode *root, int repo_fd, const char *scratch,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_scripts_set_tree:
 * @self: a sandboxed tree
 * @root: the tree to go on with
 * @error: return location
 *
 * Starts anew: lays out what differs from the tree before, and empties the upper layer.
 */
bool tree_scripts_set_tree(TreeScripts *self, const StoreNode *root,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_scripts_recipe: (transfer full): all that scripts see besides the tree, as text */
char *tree_scripts_recipe(void);

void tree_scripts_free(TreeScripts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeScripts, tree_scripts_free)

/** tree_scripts_set_limit: seconds that one script may take; 0 for as long as it likes */
void tree_scripts_set_limit(TreeScripts *self, unsigned limit_s);
unsigned tree_scripts_get_limit(const TreeScripts *self);

/** tree_scripts_get_upper: the directory with the changes */
const char *tree_scripts_get_upper(const TreeScripts *self);

/** tree_scripts_get_scratch: a directory outside of the tree, gone with it */
const char *tree_scripts_get_scratch(const TreeScripts *self);

/** tree_scripts_get_root: the mounted tree */
const char *tree_scripts_get_root(const TreeScripts *self);

/**
 * tree_scripts_configure:
 * @self: the sandboxed tree
 * @imported: (element-type PackagesImported): those of its packages that are unpacked
 * @progress: (nullable): packages configured
 * @cancellable: (nullable)
 * @error: %TREE_ERROR_SCRIPT names the package, the script, its exit status and last lines
 *
 * Runs every preinst, then the tree's own ‘dpkg --configure -a’.
 */
bool tree_scripts_configure(TreeScripts *self, GPtrArray *imported, const BaseProgress *progress,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * tree_scripts_run:
 * @self: the sandboxed tree
 * @argv: program of the tree and arguments
 * @output_dir: (nullable): directory outside that is writable inside as /run/atoll
 * @what: what it does, for errors
 * @cancellable: (nullable)
 * @error: return location
 *
 * Runs a program of the tree in the tree.
 */
bool tree_scripts_run(TreeScripts *self, const char *const *argv, const char *output_dir,
                      const char *what, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
