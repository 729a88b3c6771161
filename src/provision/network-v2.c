/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Network config version 2: the part of netplan's format that systemd-networkd's files can say.
 */
#include "provision/network-read.h"

#include <string.h>

#define AT(field) offsetof(ProvisionInterface, field)
#define NOT(key, reason)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_UNSUPPORTED, .why = reason                            \
    }

/* Readers get the interface: their rows have no offset. */

static void read_flag(ProvisionCloud *cloud, const ProvisionValue *value, int *to)
{
    bool flag = false;
    if (value->kind != PROVISION_VALUE_NULL && provision_cloud_flag(cloud, value, &flag))
        *to = flag;
}

static void read_int_flag(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    read_flag(cloud, member->value, target);
}

static void read_mac(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    provision_network_take_mac(cloud, member->value, target);
}

static void read_texts(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    provision_network_add_texts(cloud, member->value, *(GPtrArray **)target);
}

static void read_servers(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    provision_network_add_servers(cloud, member->value, *(GPtrArray **)target);
}

static void read_addresses(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    GPtrArray *addresses = *(GPtrArray **)target;
    const ProvisionValue *list = member->value;
    guint count = list->kind == PROVISION_VALUE_LIST ? list->items->len : 0;
    if (list->kind != PROVISION_VALUE_LIST && list->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &list->at, "must be a list of addresses");
    for (guint i = 0; i < count; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        if (item->kind == PROVISION_VALUE_MAP && item->members->len == 1) {
            const ProvisionMember *only = item->members->pdata[0];
            provision_network_add_address(cloud, &only->at, addresses, only->name, -1);
            provision_report_add(cloud->report, &only->value->at, PROVISION_UNSUPPORTED,
                                 "options of an address (label, lifetime) are not set");
            continue;
        }
        g_autofree char *text = provision_cloud_text(cloud, item);
        if (text != NULL && strchr(text, '/') == NULL)
            provision_cloud_fail(cloud, &item->at, "‘%s’ has no prefix length", text);
        else if (text != NULL)
            provision_network_add_address(cloud, &item->at, addresses, text, -1);
    }
}

static void read_gateway(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    g_autofree char *text = provision_cloud_text(cloud, member->value);
    if (text != NULL)
        provision_network_add_gateway(cloud, &member->at, target, text);
}

#define ROUTE(field) offsetof(ProvisionRoute, field)

static const ProvisionCloudKey route_fields[] = {
    {.name = "to", .kind = PROVISION_CLOUD_TEXT, .offset = ROUTE(to)},
    {.name = "via", .kind = PROVISION_CLOUD_TEXT, .offset = ROUTE(via)},
    {.name = "from", .kind = PROVISION_CLOUD_TEXT, .offset = ROUTE(from)},
    {.name = "metric", .kind = PROVISION_CLOUD_INT, .offset = ROUTE(metric)},
    {.name = "table", .kind = PROVISION_CLOUD_INT, .offset = ROUTE(table)},
    {.name = "mtu", .kind = PROVISION_CLOUD_INT, .offset = ROUTE(mtu)},
    {.name = "on_link", .kind = PROVISION_CLOUD_BOOL, .offset = ROUTE(on_link)},
    NOT("scope", "a route's scope is not set"),
    NOT("type", "only unicast routes are set"),
    {0},
};

static void read_routes(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue *list = member->value;
    guint count = list->kind == PROVISION_VALUE_LIST ? list->items->len : 0;
    if (list->kind != PROVISION_VALUE_LIST && list->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(cloud, &list->at, "must be a list of routes");
    for (guint i = 0; i < count; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        if (item->kind != PROVISION_VALUE_MAP) {
            provision_cloud_fail(cloud, &item->at, "must be a mapping");
            continue;
        }
        ProvisionRoute *route = provision_route_new();
        provision_cloud_read_fields(cloud, item, route_fields, route);
        char *to =
            route->to == NULL ? NULL : provision_network_destination(route->to, NULL, route->via);
        g_free(route->to);
        route->to = to;
        provision_network_add_route(cloud, &item->at, target, route);
    }
}

static const ProvisionCloudKey match_fields[] = {
    {.name = "macaddress",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_mac,
     .offset = AT(match_mac)},
    {.name = "name", .kind = PROVISION_CLOUD_TEXT, .offset = AT(match_name)},
    {.name = "driver", .kind = PROVISION_CLOUD_TEXT, .offset = AT(match_driver)},
    {0},
};

static const ProvisionCloudKey dns_fields[] = {
    {.name = "addresses",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_servers,
     .offset = AT(nameservers)},
    {.name = "search", .kind = PROVISION_CLOUD_CUSTOM, .read = read_texts, .offset = AT(search)},
    {0},
};

static const ProvisionCloudKey override_fields[] = {
    {.name = "use_dns",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_int_flag,
     .offset = AT(use_dns)},
    {.name = "use_routes",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_int_flag,
     .offset = AT(use_routes)},
    {.name = "route_metric", .kind = PROVISION_CLOUD_INT, .offset = AT(route_metric)},
    NOT("use_hostname", "the host name comes from the platform or the configuration"),
    NOT("use_ntp", "decided by the image's time service"),
    NOT("use_mtu", "the network's default is kept"),
    NOT("use_domains", "decided by the image's resolver"),
    NOT("send_hostname", "the network's default is kept"),
    NOT("hostname", "the network's default is kept"),
    {0},
};

static void read_parameters(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    static const char *const known[] = {"mode",
                                        "lacp-rate",
                                        "mii-monitor-interval",
                                        "min-links",
                                        "ad-select",
                                        "arp-interval",
                                        "arp-ip-targets",
                                        "arp-validate",
                                        "up-delay",
                                        "down-delay",
                                        "arp-all-targets",
                                        "all-slaves-active",
                                        "primary",
                                        "gratuitous-arp",
                                        "transmit-hash-policy",
                                        "packets-per-slave",
                                        "resend-igmp",
                                        "fail-over-mac-policy",
                                        "learn-packet-interval",
                                        "primary-reselect-policy",
                                        "ageing-time",
                                        "priority",
                                        "port-priority",
                                        "forward-delay",
                                        "hello-time",
                                        "max-age",
                                        "path-cost",
                                        "stp",
                                        "all-members-active",
                                        "packets-per-member",
                                        "aging-time",
                                        NULL};
    const ProvisionValue *map = member->value;
    if (map->kind != PROVISION_VALUE_MAP) {
        if (map->kind != PROVISION_VALUE_NULL)
            provision_cloud_fail(cloud, &map->at, "must be a mapping");
        return;
    }
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *parameter = map->members->pdata[i];
        if (g_strv_contains(known, parameter->name))
            provision_network_add_parameter(cloud, target, parameter->name, parameter->value);
        else
            provision_report_add(cloud->report, &parameter->at, PROVISION_UNKNOWN, "unknown key");
    }
}

static void read_vlan_id(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue *value = member->value;
    if (value->kind == PROVISION_VALUE_INT && value->integer >= 0 && value->integer < 4095)
        *(int *)target = (int)value->integer;
    else
        provision_cloud_fail(cloud, &value->at, "must be a VLAN's number, 0 to 4094");
}

/* What is looked at elsewhere. */
#define ELSEWHERE(key)                                                                             \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_IGNORED                                               \
    }

static const ProvisionCloudKey interface_fields[] = {
    {.name = "match", .kind = PROVISION_CLOUD_SECTION, .fields = match_fields},
    {.name = "set_name", .kind = PROVISION_CLOUD_TEXT, .offset = AT(name)},
    {.name = "macaddress", .kind = PROVISION_CLOUD_CUSTOM, .read = read_mac, .offset = AT(set_mac)},
    {.name = "mtu", .kind = PROVISION_CLOUD_INT, .offset = AT(mtu)},
    {.name = "dhcp4", .kind = PROVISION_CLOUD_CUSTOM, .read = read_int_flag, .offset = AT(dhcp4)},
    {.name = "dhcp6", .kind = PROVISION_CLOUD_CUSTOM, .read = read_int_flag, .offset = AT(dhcp6)},
    {.name = "accept_ra",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_int_flag,
     .offset = AT(accept_ra)},
    {.name = "dhcp4_overrides", .kind = PROVISION_CLOUD_SECTION, .fields = override_fields},
    {.name = "dhcp6_overrides", .kind = PROVISION_CLOUD_SECTION, .fields = override_fields},
    {.name = "optional", .kind = PROVISION_CLOUD_BOOL, .offset = AT(optional)},
    {.name = "addresses",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_addresses,
     .offset = AT(addresses)},
    {.name = "gateway4", .kind = PROVISION_CLOUD_CUSTOM, .read = read_gateway},
    {.name = "gateway6", .kind = PROVISION_CLOUD_CUSTOM, .read = read_gateway},
    {.name = "nameservers", .kind = PROVISION_CLOUD_SECTION, .fields = dns_fields},
    {.name = "routes", .kind = PROVISION_CLOUD_CUSTOM, .read = read_routes},
    {.name = "interfaces",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = read_texts,
     .offset = AT(members)},
    {.name = "parameters", .kind = PROVISION_CLOUD_CUSTOM, .read = read_parameters},
    {.name = "id", .kind = PROVISION_CLOUD_CUSTOM, .read = read_vlan_id, .offset = AT(vlan_id)},
    {.name = "link", .kind = PROVISION_CLOUD_TEXT, .offset = AT(vlan_link)},
    ELSEWHERE("renderer"),
    ELSEWHERE("critical"),
    NOT("wakeonlan", "Wake-on-LAN is left as it is"),
    NOT("link_local", "link-local addresses are the network's default"),
    NOT("routing_policy", "routing policy is not set"),
    NOT("dhcp_identifier", "the network's default is kept"),
    NOT("emit_lldp", "LLDP is left as it is"),
    NOT("ignore_carrier", "the network's default is kept"),
    NOT("ipv6_privacy", "the network's default is kept"),
    NOT("ipv6_mtu", "the network's default is kept"),
    NOT("auth", "802.1X is not supported"),
    NOT("openvswitch", "Open vSwitch is not supported"),
    NOT("access_points", "wireless networks are not supported"),
    {0},
};

static void finish_interface(ProvisionCloud *cloud, ProvisionInterface *interface)
{
    bool virtual = interface->kind != PROVISION_LINK_PHYSICAL;
    bool matches = interface->match_mac != NULL || interface->match_name != NULL ||
                   interface->match_driver != NULL;
    interface->rename = !virtual && matches && interface->name != NULL;
    if (interface->name == NULL && (virtual || !matches))
        interface->name = g_strdup(interface->id);
    if (interface->name != NULL && !provision_network_is_name(interface->name)) {
        provision_cloud_fail(cloud, &interface->at, "‘%s’ cannot be the name of an interface",
                             interface->name);
        g_clear_pointer(&interface->name, g_free);
    }
    if (interface->kind == PROVISION_LINK_VLAN &&
        (interface->vlan_id < 0 || interface->vlan_link == NULL))
        provision_cloud_fail(cloud, &interface->at, "a VLAN wants an id and a link");
}

static void read_links(ProvisionCloud *cloud, const ProvisionMember *section,
                       ProvisionLinkKind kind, ProvisionNetwork *network)
{
    const ProvisionValue *map = section->value;
    if (map->kind != PROVISION_VALUE_MAP) {
        if (map->kind != PROVISION_VALUE_NULL)
            provision_cloud_fail(cloud, &map->at, "must be a mapping of interfaces");
        return;
    }
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *link = map->members->pdata[i];
        if (link->value->kind != PROVISION_VALUE_MAP &&
            !(link->value->kind == PROVISION_VALUE_NULL)) {
            provision_cloud_fail(cloud, &link->value->at, "must be a mapping");
            continue;
        }
        ProvisionInterface *interface = provision_interface_new(&link->at, link->name);
        interface->kind = kind;
        g_ptr_array_add(network->interfaces, interface);
        if (link->value->kind == PROVISION_VALUE_MAP)
            provision_cloud_read_fields(cloud, link->value, interface_fields, interface);
        finish_interface(cloud, interface);
    }
}

void provision_network_read_v2(ProvisionCloud *cloud, const ProvisionValue *map,
                               ProvisionNetwork *network)
{
    static const struct {
        const char *name;
        ProvisionLinkKind kind;
    } sections[] = {
        {"ethernets", PROVISION_LINK_PHYSICAL},  {"bonds", PROVISION_LINK_BOND},
        {"bridges", PROVISION_LINK_BRIDGE},      {"vlans", PROVISION_LINK_VLAN},
        {"dummy-devices", PROVISION_LINK_DUMMY},
    };
    static const char *const unsupported[] = {"wifis",       "modems",     "tunnels", "vrfs",
                                              "openvswitch", "nm-devices", NULL};
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        bool found = strcmp(member->name, "version") == 0 || strcmp(member->name, "renderer") == 0;
        for (size_t s = 0; !found && s < G_N_ELEMENTS(sections); s++) {
            found = strcmp(member->name, sections[s].name) == 0;
            if (found)
                read_links(cloud, member, sections[s].kind, network);
        }
        if (!found && g_strv_contains(unsupported, member->name))
            provision_report_add(cloud->report, &member->at, PROVISION_UNSUPPORTED,
                                 "interfaces of this kind are not made");
        else if (!found)
            provision_report_add(cloud->report, &member->at, PROVISION_UNKNOWN, "unknown key");
    }
}
