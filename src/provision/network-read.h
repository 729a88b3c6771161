/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/cloud/read.h"
#include "provision/network.h"

G_BEGIN_DECLS

/* What both versions of network config share. */

/** provision_network_read_v1: reads the list “config” of version 1 */
void provision_network_read_v1(ProvisionCloud *cloud, const ProvisionValue *list,
                               ProvisionNetwork *network);

/** provision_network_read_v2: reads a mapping of version 2 (netplan) */
void provision_network_read_v2(ProvisionCloud *cloud, const ProvisionValue *map,
                               ProvisionNetwork *network);

/** provision_network_is_name: whether the kernel takes @name for an interface */
bool provision_network_is_name(const char *name);

/** provision_network_take_mac: sets *@to to the MAC address @value in lower case, or says that it
 * is none */
void provision_network_take_mac(ProvisionCloud *cloud, const ProvisionValue *value, char **to);

/** provision_network_add_address: adds "ADDRESS/PREFIX", @prefix being of an address without one
 * (-1: 32 or 128), or says that it is none */
void provision_network_add_address(ProvisionCloud *cloud, const ProvisionPlace *at,
                                   GPtrArray *addresses, const char *text, int prefix);

/** provision_network_is_address: whether @text is an IPv4 or IPv6 address */
bool provision_network_is_address(const char *text);

/** provision_network_prefix_of: the prefix length of a netmask ("255.255.255.0", "ffff::", "24");
 * -1 when it is none */
int provision_network_prefix_of(const char *netmask);

/** provision_network_destination: (transfer full) (nullable): "0.0.0.0/0" of "default" (by the
 * family of @via), else @to with its prefix; %NULL when it is none */
char *provision_network_destination(const char *to, const char *netmask, const char *via);

/** provision_network_add_route: adds @route (transfer full) unless it is incomplete, which is said
 */
void provision_network_add_route(ProvisionCloud *cloud, const ProvisionPlace *at,
                                 ProvisionInterface *interface, ProvisionRoute *route);

/** provision_network_add_gateway: adds the default route by @via */
void provision_network_add_gateway(ProvisionCloud *cloud, const ProvisionPlace *at,
                                   ProvisionInterface *interface, const char *via);

/** provision_network_add_texts: adds the scalars of a list, or of one text with spaces */
void provision_network_add_texts(ProvisionCloud *cloud, const ProvisionValue *value, GPtrArray *to);

/** provision_network_add_servers: as provision_network_add_texts(), for addresses */
void provision_network_add_servers(ProvisionCloud *cloud, const ProvisionValue *value,
                                   GPtrArray *to);

/** provision_network_find: (nullable): the interface whose id is @id */
ProvisionInterface *provision_network_find(const ProvisionNetwork *network, const char *id);

/** provision_network_add_parameter: adds "KEY=VALUE" of a bond or bridge, lists joined by commas */
void provision_network_add_parameter(ProvisionCloud *cloud, ProvisionInterface *interface,
                                     const char *key, const ProvisionValue *value);

G_END_DECLS
