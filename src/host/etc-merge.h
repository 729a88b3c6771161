/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * HostEtcMerge:
 * @n_copied: files that were changed or added here
 * @n_removed: defaults that were removed here, and were there in the new image
 */
typedef struct {
    unsigned n_copied;
    unsigned n_removed;
} HostEtcMerge;

/**
 * host_etc_merge:
 * @defaults_dfd: /usr/etc of what runs
 * @local_dfd: its /etc
 * @new_dfd: /etc of another deployment, which has the defaults of its image
 * @out: (out): what was done
 * @error: names the path; also when a file here has become a directory of the new image
 *
 * Does to @new_dfd what was done to @defaults_dfd here: what was changed, added or removed here
 * stays so, all else is the new default. libostree's rules (merge_configuration_from() of its
 * ostree-sysroot-deploy.c), but for two things that it loses: what is in a directory that took the
 * place of a default file, when the new image has a directory there too, stays; and a special
 * file takes nothing's place. Extended attributes alone are no change. May be done again.
 */
bool host_etc_merge(int defaults_dfd, int local_dfd, int new_dfd, HostEtcMerge *out,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
