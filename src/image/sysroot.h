/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"

#include <ostree.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ImageSysrootOptions:
 * @repo: where the commit is
 * @commit: its checksum
 * @ref: (nullable): the ref that hosts follow
 * @remote: name of the remote that hosts follow
 * @update_url: (nullable): where that remote is
 * @stateroot: name of the stateroot ("atoll")
 * @kargs: %NULL-terminated kernel arguments
 * @root_password_hash: (nullable): crypt(5) hash for root
 * @ssh_key: (nullable): line for root's authorized_keys
 */
typedef struct {
    OstreeRepo *repo;
    const char *commit;
    const char *ref;
    const char *remote;
    const char *update_url;
    const char *stateroot;
    const char *const *kargs;
    const char *root_password_hash;
    const char *ssh_key;
} ImageSysrootOptions;

/**
 * image_sysroot_pull:
 * @path: an empty directory that becomes a disk's root
 * @options: what goes into it
 * @progress: (nullable): gets objects done
 * @cancellable: (nullable): stops it
 * @error: return location
 *
 * Makes an OSTree sysroot and copies the commit into its repository.
 *
 * Returns: (transfer full): the sysroot, loaded
 */
OstreeSysroot *image_sysroot_pull(const char *path, const ImageSysrootOptions *options,
                                  const BaseProgress *progress, GCancellable *cancellable,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * image_sysroot_deploy:
 * @sysroot: from image_sysroot_pull()
 * @options: the same as there
 * @out_path: (transfer full): the deployment, relative to the sysroot
 * @cancellable: (nullable): stops it
 * @error: return location
 *
 * Makes the first deployment, with its boot entry and menu.
 */
bool image_sysroot_deploy(OstreeSysroot *sysroot, const ImageSysrootOptions *options,
                          char **out_path, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
