/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/run.h"

G_BEGIN_DECLS

/**
 * BaseSandboxBind:
 * @source: path outside; %NULL makes a tmpfs at @target
 * @target: path inside
 * @writable: whether the inside may write to it
 */
typedef struct {
    const char *source;
    const char *target;
    bool writable;
} BaseSandboxBind;

/**
 * BaseSandbox:
 * @root: directory that becomes /
 * @root_writable: whether / can be written
 * @binds: (nullable): further mounts, in order, ended by a zeroed element
 * @inner_root: (nullable): a directory of @root for a program that makes it its own root: it is
 *   mounted writable with a /proc, /dev, /tmp, /run and /var/tmp of its own, and the program is
 *   process 1 and may change its mounts (CAP_SYS_ADMIN), which it has to give up
 * @run: what to run inside; its argv names programs of @root; @run.env %NULL means a small
 *   fixed environment (PATH, HOME, LC_ALL=C.UTF-8, SOURCE_DATE_EPOCH=0)
 *
 * A child in its own namespaces (bubblewrap): no network, own /proc, minimal /dev, tmpfs on
 * /tmp and /run, no capability it does not need to own files. Works as root and inside the
 * user namespace of base_userns_enter().
 */
typedef struct {
    const char *root;
    bool root_writable;
    const BaseSandboxBind *binds;
    const char *inner_root;
    BaseRun run;
} BaseSandbox;

/**
 * base_sandbox_run:
 * @sandbox: what to run and where
 * @out_output: (out) (optional) (transfer full): its output
 * @cancellable: (nullable): kills it
 * @error: as base_run()
 */
bool base_sandbox_run(const BaseSandbox *sandbox, char **out_output, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
