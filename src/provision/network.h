/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/place.h"
#include "provision/report.h"
#include "provision/value.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** ProvisionLinkKind: what an interface is */
typedef enum {
    PROVISION_LINK_PHYSICAL,
    PROVISION_LINK_BOND,
    PROVISION_LINK_BRIDGE,
    PROVISION_LINK_VLAN,
    PROVISION_LINK_DUMMY,
} ProvisionLinkKind;

/** ProvisionRoute: @to "0.0.0.0/0" or "::/0" for the default; -1 is unsaid */
typedef struct {
    char *to;
    char *via;
    char *from;
    int64_t metric;
    int64_t table;
    int64_t mtu;
    bool on_link;
} ProvisionRoute;

/**
 * ProvisionInterface:
 * @id: the name in the configuration
 * @name: (nullable): what it is called, or is to be called (@rename)
 * @rename: a .link file gives it @name
 * @match_mac: (nullable): lower case
 * @match_driver: (nullable)
 * @match_name: (nullable): glob
 * @set_mac: (nullable)
 * @mtu: -1 unsaid
 * @dhcp4: yes, no, unsaid; as @dhcp6, @accept_ra
 * @optional: boot does not wait for it
 * @addresses: with prefix length
 * @nameservers: addresses
 * @search: domains
 * @routes: (element-type ProvisionRoute)
 * @route_metric: for DHCP's routes; -1 unsaid
 * @use_dns: DHCP's, as @use_routes
 * @members: ids of a bond's or bridge's links
 * @vlan_id: -1 unless a VLAN
 * @vlan_link: id below it
 * @parameters: (element-type utf8): bond and bridge parameters "key=value", by
 *   netplan's names ("mode=802.3ad", "mii-monitor-interval=100", "path-cost=eth0:10,eth1:20")
 */
typedef struct {
    ProvisionPlace at;
    ProvisionLinkKind kind;
    char *id;
    char *name;
    bool rename;
    char *match_mac;
    char *match_driver;
    char *match_name;
    char *set_mac;
    int64_t mtu;
    int dhcp4;
    int dhcp6;
    int accept_ra;
    bool optional;
    GPtrArray *addresses;
    GPtrArray *nameservers;
    GPtrArray *search;
    GPtrArray *routes;
    int64_t route_metric;
    int use_dns;
    int use_routes;
    GPtrArray *members;
    int vlan_id;
    char *vlan_link;
    GPtrArray *parameters;
} ProvisionInterface;

/**
 * ProvisionNetwork:
 * @disabled: “network-config: disabled”: leave the network alone
 * @interfaces: (element-type ProvisionInterface)
 * @nameservers: for all, as @search
 */
typedef struct {
    bool disabled;
    GPtrArray *interfaces;
    GPtrArray *nameservers;
    GPtrArray *search;
} ProvisionNetwork;

ProvisionNetwork *provision_network_new(void);
void provision_network_free(ProvisionNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionNetwork, provision_network_free)
ProvisionInterface *provision_interface_new(const ProvisionPlace *at, const char *id);
void provision_interface_free(ProvisionInterface *self);
ProvisionRoute *provision_route_new(void);
void provision_route_free(ProvisionRoute *self);

/**
 * provision_network_read:
 * @config: cloud-init's network config, version 1 or 2, with “network:” around it or without
 * @report: gets unknown keys, what is unsupported, and values that are wrong (failed)
 *
 * Returns: (transfer full) (nullable): the network; %NULL when @config is none at all, which is in
 *   @report
 */
ProvisionNetwork *provision_network_read(const ProvisionValue *config, ProvisionReport *report);

G_END_DECLS
