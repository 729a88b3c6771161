/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/keys.h"

#include <ostree.h>

G_BEGIN_DECLS

/**
 * HostSysrootFlags:
 * @HOST_SYSROOT_READ: only look
 * @HOST_SYSROOT_WRITE: hold the lock; the process has its own mount namespace
 */
typedef enum { HOST_SYSROOT_READ = 0, HOST_SYSROOT_WRITE = 1 << 0 } HostSysrootFlags;

/**
 * HostSysroot:
 * @ostree: libostree's object
 * @repo: its repo
 * @path: where it is, "/" on a running host
 * @osname: the stateroot that commands work on: the booted one, else the first
 * @booted: (nullable): the running deployment
 * @merge: the deployment whose /etc and keys count: the booted one, else the default
 * @keys: of @merge
 * @timeout_s: how long a server may be silent (%HOST_GUARD_TIMEOUT_S)
 */
typedef struct {
    OstreeSysroot *ostree;
    OstreeRepo *repo;
    char *path;
    char *osname;
    OstreeDeployment *booted;
    OstreeDeployment *merge;
    HostKeys *keys;
    unsigned timeout_s;
} HostSysroot;

/**
 * host_sysroot_open:
 * @path: (nullable): sysroot; %NULL means that of the running host
 * @flags: see #HostSysrootFlags
 * @cancellable: (nullable)
 * @error: return location; says so when this is no OSTree host, or when the lock is held
 */
HostSysroot *host_sysroot_open(const char *path, HostSysrootFlags flags, GCancellable *cancellable,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void host_sysroot_free(HostSysroot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostSysroot, host_sysroot_free)

/** host_sysroot_open_root: a descriptor of @deployment's root directory, or -1 */
int host_sysroot_open_root(const HostSysroot *self, OstreeDeployment *deployment,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_sysroot_default: the deployment of @osname that the next boot takes (staged first) */
OstreeDeployment *host_sysroot_default(const HostSysroot *self);

/**
 * host_sysroot_rollback:
 *
 * Returns: (transfer none) (nullable): the deployment that ‘rollback’ would take: the first
 *   finished one that does not run now
 */
OstreeDeployment *host_sysroot_rollback(const HostSysroot *self);

/**
 * host_sysroot_find:
 * @self: a sysroot
 * @name: a version, the beginning of a checksum (8 characters at least), or a place in the boot
 *   order, 0 the first
 * @error: there is none, or more than one of this name
 *
 * Returns: (transfer none): the deployment
 */
OstreeDeployment *host_sysroot_find(const HostSysroot *self, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_sysroot_state_dir: (transfer full): where this host's ledgers are: /var/lib/atoll-host,
 * or where that will be when the sysroot runs */
char *host_sysroot_state_dir(const HostSysroot *self);

/**
 * HostOrigin:
 * @refspec: "REMOTE:REF"
 * @remote: its first half
 * @ref: its second half
 *
 * Where a deployment's updates come from.
 */
typedef struct {
    char *refspec;
    char *remote;
    char *ref;
} HostOrigin;

void host_origin_clear(HostOrigin *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostOrigin, host_origin_clear)

/**
 * host_sysroot_origin:
 * @self: a sysroot
 * @out_origin: origin of the default deployment
 * @error: says what to put into the origin file when it names no remote
 */
bool host_sysroot_origin(const HostSysroot *self, HostOrigin *out_origin,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
