/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/value.h"

G_BEGIN_DECLS

/* Building a network configuration, version 2, out of what a platform says in its own words. */

/** provision_netplan_new: (transfer full): one without devices */
ProvisionValue *provision_netplan_new(void);

/** provision_netplan_device: (transfer none): a new device @id of @kind ("ethernets", "bonds",
 * "vlans", "bridges") */
ProvisionValue *provision_netplan_device(ProvisionValue *self, const char *kind, const char *id);

/** provision_netplan_match_mac: the device is the one with that address; of what is no MAC address
 * nothing comes */
void provision_netplan_match_mac(ProvisionValue *device, const char *mac);

/** provision_netplan_set: a text; %NULL sets nothing */
void provision_netplan_set(ProvisionValue *device, const char *key, const char *text);

/** provision_netplan_set_flag: yes or no */
void provision_netplan_set_flag(ProvisionValue *device, const char *key, bool flag);

/** provision_netplan_set_number: a number; of less than 0 nothing comes */
void provision_netplan_set_number(ProvisionValue *device, const char *key, int64_t number);

/**
 * provision_netplan_add_address:
 * @device: a device
 * @address: (nullable): with or without "/prefix"
 * @mask: (nullable): prefix length or netmask, when @address has none; without either it is the
 *   host alone (/32, /128)
 *
 * Returns: whether it is an address
 */
bool provision_netplan_add_address(ProvisionValue *device, const char *address, const char *mask);

/** provision_netplan_add_route: @to a network with "/prefix", or with @mask; "default" for all;
 * @via (nullable); @metric -1 unsaid; the gateway is on the link even when its network is not */
void provision_netplan_add_route(ProvisionValue *device, const char *to, const char *mask,
                                 const char *via, int64_t metric);

/** provision_netplan_add_dns: one server's address (nullable) */
void provision_netplan_add_dns(ProvisionValue *device, const char *address);

/** provision_netplan_add_search: one domain (nullable) */
void provision_netplan_add_search(ProvisionValue *device, const char *domain);

/** provision_netplan_add_item: a text to the list @key */
void provision_netplan_add_item(ProvisionValue *device, const char *key, const char *text);

/** provision_netplan_override: a key below "dhcp4-overrides" or "dhcp6-overrides" */
void provision_netplan_override_metric(ProvisionValue *device, const char *key, int64_t metric);

/** provision_netplan_print: (transfer full) (nullable): as JSON, %NULL when it has no device */
GBytes *provision_netplan_print(const ProvisionValue *self);

/** provision_netplan_prefix: the length of a prefix or netmask as text, -1 when it is neither */
int provision_netplan_prefix(const char *mask);

G_END_DECLS
