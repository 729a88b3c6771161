/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/platform.h"

G_BEGIN_DECLS

/** provision_volumes_new: (transfer full): an empty array of #ProvisionVolume */
GPtrArray *provision_volumes_new(void);

/**
 * provision_volumes_find:
 * @root: whose /sys/class/block and /dev are looked at
 * @volumes: (element-type ProvisionVolume): gets those with a label that configuration has
 *   ("cidata", "config-2", "CONTEXT", …)
 *
 * Reads the first blocks of every disk and partition, by libblkid. A device that cannot be read is
 * none.
 */
void provision_volumes_find(int root, GPtrArray *volumes);

/**
 * provision_volume_open:
 * @volume: one of them
 * @root: as above
 * @error: return location
 *
 * Mounts it, read-only, without set-uid, devices and programs, attached nowhere: nobody else sees
 * it, and it is gone when the descriptor is closed.
 *
 * Returns: a descriptor of its top directory, or -1
 */
int provision_volume_open(const ProvisionVolume *volume, int root,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
