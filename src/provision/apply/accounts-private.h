/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/accounts.h"

struct _ProvisionAccounts {
    ProvisionRoot *root;
    int lock;
    GPtrArray *lines[PROVISION_ACCOUNTS_FILES];
    bool changed[PROVISION_ACCOUNTS_FILES];
    bool missing[PROVISION_ACCOUNTS_FILES];
    GPtrArray *below_passwd;
    GPtrArray *below_group;
    GHashTable *settings;
};

/** provision_accounts_id_taken: whether a user (passwd) or group (group) has the id */
bool provision_accounts_id_taken(ProvisionAccounts *self, ProvisionAccountsFile file, uint32_t id);

/** provision_accounts_edge: the highest or lowest id that is taken in a range */
bool provision_accounts_edge(ProvisionAccounts *self, ProvisionAccountsFile file, uint32_t min,
                             uint32_t max, bool highest, uint32_t *out_edge);
