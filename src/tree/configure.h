/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * TreeConfigure:
 * @progress: (nullable) (borrowed): packages configured
 * @done: packages that were begun
 * @total: packages there are
 * @n_begun: how often a package's script was begun, triggers included
 * @package: (owned) (nullable): the one that dpkg is at
 * @lines: (owned): the last lines that its script printed
 * @failed: (owned) (nullable): the first package that failed
 * @reason: (owned) (nullable): what dpkg said of it
 *
 * What ‘dpkg --configure’ has printed so far.
 */
typedef struct {
    const BaseProgress *progress;
    unsigned done;
    unsigned total;
    unsigned n_begun;
    char *package;
    GQueue lines;
    char *failed;
    char *reason;
} TreeConfigure;

void tree_configure_clear(TreeConfigure *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TreeConfigure, tree_configure_clear)

/** tree_configure_line: takes the next line of dpkg's output (locale C) */
void tree_configure_line(TreeConfigure *self, const char *line);

/**
 * tree_configure_set_error:
 * @self: all of dpkg's output
 * @cause: (transfer full): the failure of the dpkg process
 * @error: %TREE_ERROR_SCRIPT names package, script, exit status and last lines; a cause that
 *   has nothing to do with a script is passed on
 *
 * Returns: %FALSE
 */
bool tree_configure_set_error(const TreeConfigure *self, GError *cause, GError **error);

G_END_DECLS
