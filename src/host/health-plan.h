/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/checks/check.h"

#include <stdint.h>

G_BEGIN_DECLS

#define HOST_HEALTH_TIMEOUT_S 60u
#define HOST_HEALTH_WAIT_S 120u
#define HOST_HEALTH_MAX_S 900u

/**
 * HostCheck:
 * @name: (owned): "10-base.yaml: units sshd.service", or the name of an executable
 * @required: from required.d; else from wanted.d
 * @kind: (nullable): %NULL for an executable
 * @subject: (owned): for @kind; or the executable's path
 * @detail: (owned) (nullable): for @kind
 * @timeout_s: how long one run may last
 * @wait_s: how long after the start of the checks it may still come to pass
 *
 * One check.
 */
typedef struct {
    char *name;
    bool required;
    const HostCheckKind *kind;
    char *subject;
    char *detail;
    unsigned timeout_s;
    unsigned wait_s;
} HostCheck;

/**
 * host_health_plan_load:
 * @dirs: directories with required.d and wanted.d, the weakest first, %NULL-terminated; missing
 *   ones are fine
 * @error: "FILE:LINE:COLUMN: …", with the nearest known key for an unknown one
 *
 * Executables and files "*.yaml" in the order of their names; one hides those of the same name in
 * weaker directories (a link to /dev/null hides them all). Other files are passed over.
 *
 * Returns: (transfer full) (element-type HostCheck): required ones first
 */
GPtrArray *host_health_plan_load(const char *const *dirs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * host_health_plan_read:
 * @checks: (element-type HostCheck): where checks are added; only when all of @bytes is good
 * @path: name for messages and checks
 * @required: see #HostCheck
 * @bytes: a file of checks
 * @error: as for host_health_plan_load()
 */
bool host_health_plan_read(GPtrArray *checks, const char *path, bool required, GBytes *bytes,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_health_plan_new: (transfer full): an empty one */
GPtrArray *host_health_plan_new(void);

G_END_DECLS
