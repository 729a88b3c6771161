/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/progress.h"
#include "host/sysroot.h"

G_BEGIN_DECLS

/**
 * HostIntegrityVerity:
 * @HOST_INTEGRITY_VERITY_NONE: kernel or file system cannot do it
 * @HOST_INTEGRITY_VERITY_OFF: they could, and no object has it
 * @HOST_INTEGRITY_VERITY_SOME: some objects have it
 * @HOST_INTEGRITY_VERITY_ALL: all have it: the kernel checks each read
 */
typedef enum {
    HOST_INTEGRITY_VERITY_NONE,
    HOST_INTEGRITY_VERITY_OFF,
    HOST_INTEGRITY_VERITY_SOME,
    HOST_INTEGRITY_VERITY_ALL,
} HostIntegrityVerity;

/**
 * HostIntegrity:
 * @n_objects: objects whose bytes were held against their checksums
 * @n_files: files of the deployment that were held against its tree
 * @bad: (element-type utf8): what is wrong, object by object and path by path
 * @verity: see #HostIntegrityVerity
 * @has_composefs: whether the deployment is mounted as an image of composefs
 */
typedef struct {
    uint64_t n_objects;
    uint64_t n_files;
    GPtrArray *bad;
    HostIntegrityVerity verity;
    bool has_composefs;
} HostIntegrity;

void host_integrity_free(HostIntegrity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostIntegrity, host_integrity_free)

/** host_integrity_verity_name: "none", "off", "some" or "all" */
const char *host_integrity_verity_name(HostIntegrityVerity self);

/**
 * host_integrity_check:
 * @sysroot: a sysroot
 * @deployment: what to check
 * @progress: (nullable)
 * @cancellable: (nullable)
 * @error: something could not be read at all; what is wrong is in the result
 *
 * Reads every object of @deployment's commit, and looks whether each of its files outside of /etc
 * and /var is that object.
 *
 * Returns: (transfer full): what was found
 */
HostIntegrity *host_integrity_check(const HostSysroot *sysroot, OstreeDeployment *deployment,
                                    const BaseProgress *progress, GCancellable *cancellable,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
