/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/ignition/ignition.h"
#include "provision/ignition/rules.h"

/** provision_ignition_texts: (nullable) (transfer full): the list of texts @map's @key */
char **provision_ignition_texts(const ProvisionValue *map, const char *key);

/** provision_ignition_contents: (nullable) (transfer full): what @resource refers to; %NULL when it
 * has no source */
ProvisionContents *provision_ignition_contents(const ProvisionValue *resource);

/** provision_ignition_tristate: @map's @key */
ProvisionTristate provision_ignition_tristate(const ProvisionValue *map, const char *key);

/** provision_ignition_plan_disks: disks, raid, luks, filesystems of @storage */
void provision_ignition_plan_disks(const ProvisionValue *storage, ProvisionPlan *plan,
                                   ProvisionReport *report);
