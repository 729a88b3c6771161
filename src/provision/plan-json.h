/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/plan.h"
#include "provision/value.h"

G_BEGIN_DECLS

/**
 * ProvisionPlanJsonFlags:
 * @PROVISION_PLAN_JSON_SECRETS: passwords, keys and contents of files as they are; without it they
 *   are “(secret)”, and contents their size and SHA-256
 * @PROVISION_PLAN_JSON_PLACES: with "at": "SOURCE:LINE:COLUMN" in everything
 */
typedef enum {
    PROVISION_PLAN_JSON_SECRETS = 1 << 0,
    PROVISION_PLAN_JSON_PLACES = 1 << 1,
} ProvisionPlanJsonFlags;

/** provision_plan_to_value: (transfer full): the plan as a tree to be printed; what is unset is not
 * in it */
ProvisionValue *provision_plan_to_value(const ProvisionPlan *plan, unsigned flags);

/** provision_network_to_value: (transfer full): as provision_plan_to_value() */
ProvisionValue *provision_network_to_value(const ProvisionNetwork *network, unsigned flags);

G_END_DECLS
