/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * host_ids_check:
 * @sysroot: a sysroot; /etc/passwd and /etc/group are its merge deployment's
 * @commit: another image's commit, with ‘atoll.uids’ and ‘atoll.gids’ in its metadata (one without
 *   them is not looked at)
 * @problems: (element-type utf8): gets what has drifted
 * @error: a file that cannot be read
 *
 * Files in /var and /etc belong to numbers. A name that has another number in the new image, or a
 * number that is another's here, gives them to somebody else.
 */
bool host_ids_check(const HostSysroot *sysroot, const HostCommit *commit, GPtrArray *problems,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_ids_compare: the same for one kind; @text is passwd(5) or group(5), @known (nullable) the
 * a{su} of the image that runs, @wanted that of the new one, @what "user" or "group" */
void host_ids_compare(const char *text, GVariant *known, GVariant *wanted, const char *what,
                      GPtrArray *problems);

G_END_DECLS
