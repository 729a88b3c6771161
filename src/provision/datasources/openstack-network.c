/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OpenStack’s network_data.json: links (cards, bonds, VLANs), networks on them, services.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/netplan.h"

#include <string.h>

static const ProvisionValue *item(const ProvisionValue *list, guint i)
{
    return list != NULL && list->items != NULL && i < list->items->len
               ? g_ptr_array_index(list->items, i)
               : NULL;
}

static int64_t number(const ProvisionValue *value, const char *key)
{
    g_autofree char *text = provision_source_text(value, key);
    gint64 n = -1;
    return text != NULL && g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &n, NULL) ? n : -1;
}

/* The parameters are those of the kernel's bonding, with “bond_” before them. */
static void add_bond(ProvisionValue *device, const ProvisionValue *link)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } names[] = {{"bond_mode", "mode"},
                 {"bond_miimon", "mii-monitor-interval"},
                 {"bond_xmit_hash_policy", "transmit-hash-policy"}};
    const ProvisionPlace nowhere = {0};
    const ProvisionValue *members = provision_value_find(link, "bond_links");
    for (guint i = 0; item(members, i) != NULL; i++)
        provision_netplan_add_item(device, "interfaces", item(members, i)->text);
    g_autoptr(ProvisionValue) parameters = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = provision_source_text(link, names[i].theirs);
        provision_netplan_set(parameters, names[i].ours, text);
    }
    if (parameters->members != NULL && parameters->members->len > 0)
        provision_value_take_member(device, "parameters", &nowhere, g_steal_pointer(&parameters));
}

static ProvisionValue *add_link(ProvisionValue *plan, const ProvisionValue *link, const char *id)
{
    g_autofree char *type = provision_source_text(link, "type");
    g_autofree char *mac = provision_source_text(link, "ethernet_mac_address");
    ProvisionValue *device = NULL;
    if (g_strcmp0(type, "bond") == 0) {
        device = provision_netplan_device(plan, "bonds", id);
        provision_netplan_set(device, "macaddress", mac);
        add_bond(device, link);
    } else if (g_strcmp0(type, "vlan") == 0) {
        g_autofree char *below = provision_source_text(link, "vlan_link");
        g_autofree char *vlan_mac = provision_source_text(link, "vlan_mac_address");
        device = provision_netplan_device(plan, "vlans", id);
        provision_netplan_set(device, "link", below);
        provision_netplan_set_number(device, "id", number(link, "vlan_id"));
        provision_netplan_set(device, "macaddress", vlan_mac);
    } else {
        device = provision_netplan_device(plan, "ethernets", id);
        provision_netplan_match_mac(device, mac);
    }
    provision_netplan_set_number(device, "mtu", number(link, "mtu"));
    return device;
}

static void add_dns(ProvisionValue *device, const ProvisionValue *holder)
{
    const ProvisionValue *services = provision_value_find(holder, "services");
    for (guint i = 0; item(services, i) != NULL; i++) {
        g_autofree char *type = provision_source_text(item(services, i), "type");
        g_autofree char *address = provision_source_text(item(services, i), "address");
        if (g_strcmp0(type, "dns") == 0)
            provision_netplan_add_dns(device, address);
    }
    const ProvisionValue *servers = provision_value_find(holder, "dns_nameservers");
    for (guint i = 0; item(servers, i) != NULL; i++)
        provision_netplan_add_dns(device, item(servers, i)->text);
}

static bool is_any(const char *network, const char *mask)
{
    return network == NULL || strcmp(network, "default") == 0 ||
           ((strcmp(network, "0.0.0.0") == 0 || strcmp(network, "::") == 0) &&
            provision_netplan_prefix(mask) == 0) ||
           strcmp(network, "0.0.0.0/0") == 0 || strcmp(network, "::/0") == 0;
}

static void add_network(ProvisionValue *device, const ProvisionValue *network)
{
    g_autofree char *type = provision_source_text(network, "type");
    g_autofree char *address = provision_source_text(network, "ip_address");
    g_autofree char *mask = provision_source_text(network, "netmask");
    g_autofree char *gateway = provision_source_text(network, "gateway");
    const char *kind = type != NULL ? type : "";
    if (strcmp(kind, "ipv4_dhcp") == 0 || strcmp(kind, "dhcp") == 0 || strcmp(kind, "dhcp4") == 0)
        provision_netplan_set_flag(device, "dhcp4", true);
    else if (strcmp(kind, "ipv6_dhcp") == 0 || strcmp(kind, "ipv6_dhcpv6-stateful") == 0 ||
             strcmp(kind, "ipv6_dhcpv6-stateless") == 0 || strcmp(kind, "dhcp6") == 0)
        provision_netplan_set_flag(device, "dhcp6", true);
    else if (strcmp(kind, "ipv6_slaac") == 0)
        provision_netplan_set_flag(device, "accept-ra", true);
    else if (address != NULL)
        provision_netplan_add_address(device, address, mask);
    if (gateway != NULL)
        provision_netplan_add_route(device, "default", NULL, gateway, -1);
    const ProvisionValue *routes = provision_value_find(network, "routes");
    for (guint i = 0; item(routes, i) != NULL; i++) {
        g_autofree char *to = provision_source_text(item(routes, i), "network");
        g_autofree char *to_mask = provision_source_text(item(routes, i), "netmask");
        g_autofree char *via = provision_source_text(item(routes, i), "gateway");
        bool any = is_any(to, to_mask);
        provision_netplan_add_route(device, any ? "default" : to, any ? NULL : to_mask, via,
                                    number(item(routes, i), "metric"));
    }
    add_dns(device, network);
}

GBytes *provision_openstack_network(const ProvisionValue *network_data)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    g_autoptr(GHashTable) devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (network_data->kind != PROVISION_VALUE_MAP)
        return NULL;
    const ProvisionValue *links = provision_value_find(network_data, "links");
    const ProvisionValue *networks = provision_value_find(network_data, "networks");
    for (guint i = 0; item(links, i) != NULL; i++) {
        g_autofree char *id = provision_source_text(item(links, i), "id");
        if (id == NULL || g_hash_table_contains(devices, id))
            continue;
        ProvisionValue *device = add_link(plan, item(links, i), id);
        add_dns(device, network_data);
        g_hash_table_insert(devices, g_steal_pointer(&id), device);
    }
    for (guint i = 0; item(networks, i) != NULL; i++) {
        g_autofree char *id = provision_source_text(item(networks, i), "link");
        ProvisionValue *device = id != NULL ? g_hash_table_lookup(devices, id) : NULL;
        if (device != NULL)
            add_network(device, item(networks, i));
    }
    return provision_netplan_print(plan);
}
