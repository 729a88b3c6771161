/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/disks/gpt.h"
#include "provision/plan.h"

G_BEGIN_DECLS

/**
 * ProvisionPartitionAction: what becomes of one partition
 */
typedef enum {
    PROVISION_PARTITION_KEEP,
    PROVISION_PARTITION_CREATE,
    PROVISION_PARTITION_DELETE,
    PROVISION_PARTITION_REPLACE,
    PROVISION_PARTITION_RESIZE,
    PROVISION_PARTITION_ERROR,
} ProvisionPartitionAction;

/** provision_partition_action_name: "keep", "create", … */
const char *provision_partition_action_name(ProvisionPartitionAction action);

/**
 * ProvisionPartitionCase:
 * @exists: a partition of this number is there
 * @should_exist: and shall be
 * @matches: it is as it shall be
 * @matches_but_size: it is, but for its size
 * @wipe: it may be removed to make way
 * @resize: its size may be changed
 *
 * What decides on one partition.
 */
typedef struct {
    bool exists;
    bool should_exist;
    bool matches;
    bool matches_but_size;
    bool wipe;
    bool resize;
} ProvisionPartitionCase;

/** provision_partition_decide: Ignition's table of shouldExist and wipePartitionEntry */
ProvisionPartitionAction provision_partition_decide(const ProvisionPartitionCase *what);

/**
 * provision_partition_plan:
 * @gpt: the table as it is; becomes as it shall be
 * @disk: what is wanted
 * @out_actions: (optional) (element-type guint): a #ProvisionPartitionAction for each of
 *   @disk's partitions, those without a number last
 * @error: one that must not be touched, or does not fit; @gpt is then as it was
 *
 * Decides where everything goes, and touches nothing but @gpt. Starts of 0 are at the beginning of
 * the largest free block, sizes of 0 go to the end of that block, all aligned to 1 MiB.
 *
 * Returns: whether it can be done
 */
bool provision_partition_plan(ProvisionGpt *gpt, const ProvisionDisk *disk, GArray **out_actions,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
