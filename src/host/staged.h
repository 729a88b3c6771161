/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ostree.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** HOST_STAGED_PATH: where libostree keeps it on the running host */
#define HOST_STAGED_PATH "/run/ostree/staged-deployment"

/**
 * HostStagedState:
 * @HOST_STAGED_NONE: nothing waits for the end of this boot
 * @HOST_STAGED_LOCKED: something does, and somebody wants it to wait longer
 *   (‘ostree admin deploy --lock-finalization’)
 * @HOST_STAGED_READY: it can become what starts next
 */
typedef enum { HOST_STAGED_NONE, HOST_STAGED_LOCKED, HOST_STAGED_READY } HostStagedState;

/** host_staged_look: what is staged on the running host */
HostStagedState host_staged_look(void);

/**
 * HostStaged:
 * @target: (owned): what is staged, with its kernel arguments
 * @merge: (owned): the one whose /etc it gets; only of use to find it among those of the sysroot
 */
typedef struct {
    OstreeDeployment *target;
    OstreeDeployment *merge;
} HostStaged;

void host_staged_clear(HostStaged *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostStaged, host_staged_clear)

/**
 * host_staged_parse:
 * @bytes: what libostree has written: a GVariant of type a{sv}
 * @out: (out): what it says; left alone after an error
 * @error: also for what only libostree can finalise: initramfs overlays, kernel arguments or an
 *   /etc that it has to look for
 */
bool host_staged_parse(GBytes *bytes, HostStaged *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
