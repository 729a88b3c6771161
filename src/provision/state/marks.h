/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/apply.h"

G_BEGIN_DECLS

/** ProvisionMark: how far an applier came */
typedef enum {
    PROVISION_MARK_NEW,
    PROVISION_MARK_BEGUN,       /* by a run of this boot that was killed */
    PROVISION_MARK_BEGUN_ELDER, /* by one of an earlier boot */
    PROVISION_MARK_DONE,
} ProvisionMark;

/**
 * provision_mark_read:
 * @root: a root
 * @instance_dir: /var/lib/cloud/instances/ID
 * @applier: a row of the table
 *
 * Marks are cloud-init's: instances/ID/sem/config_NAME, /var/lib/cloud/sem/config_NAME.once. One
 * that was begun has ".begun" behind its name and holds the boot's id.
 */
ProvisionMark provision_mark_read(ProvisionRoot *root, const char *instance_dir,
                                  const ProvisionApplier *applier);

/** provision_mark_begin: before an applier runs; of commands it reaches the disk first */
bool provision_mark_begin(ProvisionRoot *root, const char *instance_dir,
                          const ProvisionApplier *applier,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_mark_done: when it is done */
bool provision_mark_done(ProvisionRoot *root, const char *instance_dir,
                         const ProvisionApplier *applier, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_mark_clear: as if it had never run */
bool provision_mark_clear(ProvisionRoot *root, const char *instance_dir,
                          const ProvisionApplier *applier,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
