/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/commit.h"
#include "host/sysroot.h"
#include "host/verify.h"

G_BEGIN_DECLS

/**
 * HostStatusFlags:
 * @HOST_STATUS_BOOTED: runs now
 * @HOST_STATUS_STAGED: becomes the default at shutdown
 * @HOST_STATUS_DEFAULT: the next boot takes it
 * @HOST_STATUS_ROLLBACK: what ‘rollback’ would take
 * @HOST_STATUS_PINNED: never removed by upgrades
 */
typedef enum {
    HOST_STATUS_BOOTED = 1 << 0,
    HOST_STATUS_STAGED = 1 << 1,
    HOST_STATUS_DEFAULT = 1 << 2,
    HOST_STATUS_ROLLBACK = 1 << 3,
    HOST_STATUS_PINNED = 1 << 4,
} HostStatusFlags;

/**
 * HostStatus:
 * @flags: see #HostStatusFlags
 * @osname: stateroot
 * @serial: deployments of one commit count up
 * @refspec: (nullable): where its updates come from
 * @kernel_args: as host_kargs_text()
 * @commit: what is deployed; its @key is set when @signature is good
 * @signature: held against the keys of the image that runs
 *
 * One deployment.
 */
typedef struct {
    unsigned flags;
    char *osname;
    int serial;
    char *refspec;
    char *kernel_args;
    HostCommit *commit;
    HostSignature signature;
} HostStatus;

/**
 * host_status_list:
 * @sysroot: a sysroot
 * @error: a deployment whose commit cannot be read
 *
 * Returns: (element-type HostStatus): all deployments, in boot order
 */
GPtrArray *host_status_list(const HostSysroot *sysroot, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_status_print_json: (transfer full): the list as one JSON object; @now in seconds */
char *host_status_print_json(const HostSysroot *sysroot, const GPtrArray *list, int64_t now);

/** host_status_print_text: (transfer full): the list for people */
char *host_status_print_text(const GPtrArray *list, int64_t now);

G_END_DECLS
