/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** TREE_RPM_TRANSACTION_MARK: begins each line that the helper prints itself, before one of
 * "begin NUMBER", "script" (whatever was printed before belongs to another one) and
 * "error TEXT" */
#define TREE_RPM_TRANSACTION_MARK "\001atoll-rpm "

/**
 * tree_rpm_transaction_main:
 * @argc: number of arguments
 * @argv: program, root, directory written by tree_rpm_input_write(), number of packages,
 *   SOURCE_DATE_EPOCH, time limit of a script in seconds, "docs" or "nodocs", languages with
 *   colons between ("all")
 *
 * Runs librpm's transaction of packages whose files are already in place, for a process of its
 * own in a sandbox (process 1, allowed to change its root): makes @root its root, then runs
 * scripts and triggers in rpm's order, gives files to the users that these made, and leaves the
 * database at /usr/lib/sysimage/rpm.
 *
 * Returns: exit status
 */
int tree_rpm_transaction_main(int argc, char **argv);

G_END_DECLS
