/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Network config version 1: a list of things with a type, and subnets in them.
 */
#include "provision/network-read.h"

#include <string.h>

#define NOT(key, reason)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_UNSUPPORTED, .why = reason                            \
    }

typedef struct {
    char *type;
    char *name;
    const ProvisionValue *mac;
    const ProvisionValue *subnets;
    const ProvisionValue *params;
    const ProvisionValue *members;
    const ProvisionValue *address;
    const ProvisionValue *search;
    char *interface;
    char *destination;
    char *netmask;
    char *gateway;
    char *vlan_link;
    int64_t metric;
    int64_t mtu;
    int64_t vlan_id;
    ProvisionTristate accept_ra;
} Item;

#define ITEM(field) offsetof(Item, field)

static void keep_value(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target)
{
    const ProvisionValue **to = target;
    (void)cloud;
    *to = member->value->kind == PROVISION_VALUE_NULL ? NULL : member->value;
}

#define TEXT(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_TEXT, .offset = ITEM(field)                           \
    }
#define INT(key, field)                                                                            \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_INT, .offset = ITEM(field)                            \
    }
#define KEEP(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_CUSTOM, .read = keep_value, .offset = ITEM(field)     \
    }

static const ProvisionCloudKey item_fields[] = {
    TEXT("type", type),
    TEXT("name", name),
    KEEP("mac_address", mac),
    INT("mtu", mtu),
    KEEP("subnets", subnets),
    {.name = "accept_ra", .kind = PROVISION_CLOUD_TRISTATE, .offset = ITEM(accept_ra)},
    KEEP("params", params),
    KEEP("bond_interfaces", members),
    KEEP("bridge_interfaces", members),
    TEXT("vlan_link", vlan_link),
    INT("vlan_id", vlan_id),
    KEEP("address", address),
    KEEP("search", search),
    TEXT("interface", interface),
    TEXT("destination", destination),
    TEXT("id", destination), /* of a route, as the documentation once had it */
    TEXT("netmask", netmask),
    TEXT("gateway", gateway),
    INT("metric", metric),
    {.name = "keep_configuration", .kind = PROVISION_CLOUD_IGNORED},
    NOT("wakeonlan", "Wake-on-LAN is left as it is"),
    {0},
};

static void item_clear(Item *self)
{
    g_free(self->type);
    g_free(self->name);
    g_free(self->interface);
    g_free(self->destination);
    g_free(self->netmask);
    g_free(self->gateway);
    g_free(self->vlan_link);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Item, item_clear)

typedef struct {
    char *type;
    char *address;
    char *netmask;
    char *gateway;
    const ProvisionValue *servers;
    const ProvisionValue *search;
    const ProvisionValue *routes;
    char *control;
    int64_t metric;
    int64_t mtu;
} Subnet;

#undef TEXT
#undef INT
#undef KEEP
#define TEXT(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(Subnet, field)               \
    }
#define INT(key, field)                                                                            \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_INT, .offset = offsetof(Subnet, field)                \
    }
#define KEEP(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_CUSTOM, .read = keep_value,                           \
        .offset = offsetof(Subnet, field)                                                          \
    }

static const ProvisionCloudKey subnet_fields[] = {
    TEXT("type", type),
    TEXT("address", address),
    TEXT("netmask", netmask),
    TEXT("gateway", gateway),
    KEEP("dns_nameservers", servers),
    KEEP("dns_search", search),
    KEEP("routes", routes),
    TEXT("control", control),
    INT("metric", metric),
    INT("mtu", mtu),
    {.name = "ipv4", .kind = PROVISION_CLOUD_IGNORED, .why = "the type says it"},
    {.name = "ipv6", .kind = PROVISION_CLOUD_IGNORED, .why = "the type says it"},
    {.name = "prefix", .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(Subnet, netmask)},
    NOT("scope", "an address's scope is not set"),
    NOT("broadcast", "the broadcast address follows from the prefix"),
    NOT("pointopoint", "point-to-point addresses are not set"),
    {0},
};

static void subnet_clear(Subnet *self)
{
    g_free(self->type);
    g_free(self->address);
    g_free(self->netmask);
    g_free(self->gateway);
    g_free(self->control);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Subnet, subnet_clear)

typedef struct {
    char *to;
    char *via;
    char *netmask;
    int64_t metric;
    int64_t mtu;
} Route;

#define ROUTE(key, field)                                                                          \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_TEXT, .offset = offsetof(Route, field)                \
    }

static const ProvisionCloudKey route_fields[] = {
    ROUTE("network", to),
    ROUTE("destination", to),
    ROUTE("to", to),
    ROUTE("gateway", via),
    ROUTE("via", via),
    ROUTE("netmask", netmask),
    ROUTE("prefix", netmask),
    {.name = "metric", .kind = PROVISION_CLOUD_INT, .offset = offsetof(Route, metric)},
    {.name = "mtu", .kind = PROVISION_CLOUD_INT, .offset = offsetof(Route, mtu)},
    {.name = "type", .kind = PROVISION_CLOUD_IGNORED},
    {0},
};

static void add_route(ProvisionCloud *cloud, const ProvisionPlace *at,
                      ProvisionInterface *interface, const Route *from)
{
    ProvisionRoute *route = provision_route_new();
    route->to = provision_network_destination(from->to, from->netmask, from->via);
    route->via = g_strdup(from->via);
    route->metric = from->metric;
    route->mtu = from->mtu;
    provision_network_add_route(cloud, at, interface, route);
}

static void read_routes(ProvisionCloud *cloud, const ProvisionValue *list,
                        ProvisionInterface *interface)
{
    if (list->kind != PROVISION_VALUE_LIST) {
        provision_cloud_fail(cloud, &list->at, "must be a list of routes");
        return;
    }
    for (guint i = 0; i < list->items->len; i++) {
        const ProvisionValue *item = list->items->pdata[i];
        Route route = {.metric = -1, .mtu = -1};
        if (item->kind == PROVISION_VALUE_MAP) {
            provision_cloud_read_fields(cloud, item, route_fields, &route);
            add_route(cloud, &item->at, interface, &route);
        } else {
            provision_cloud_fail(cloud, &item->at, "must be a mapping");
        }
        g_free(route.to);
        g_free(route.via);
        g_free(route.netmask);
    }
}

static void add_static(ProvisionCloud *cloud, const ProvisionPlace *at,
                       ProvisionInterface *interface, const Subnet *subnet)
{
    if (subnet->address == NULL) {
        provision_cloud_fail(cloud, at, "a static subnet wants an address");
        return;
    }
    int prefix = subnet->netmask == NULL ? -1 : provision_network_prefix_of(subnet->netmask);
    if (subnet->netmask != NULL && prefix < 0)
        provision_cloud_fail(cloud, at, "‘%s’ is no netmask", subnet->netmask);
    provision_network_add_address(cloud, at, interface->addresses, subnet->address, prefix);
    if (subnet->gateway != NULL)
        provision_network_add_gateway(cloud, at, interface, subnet->gateway);
}

static void set_type(ProvisionCloud *cloud, const ProvisionPlace *at, ProvisionInterface *interface,
                     const Subnet *subnet)
{
    static const char *const four[] = {"dhcp", "dhcp4", NULL};
    static const char *const six[] = {"dhcp6", "ipv6_dhcpv6-stateful", "ipv6_dhcpv6-stateless",
                                      "ipv6_slaac", NULL};
    static const char *const fixed[] = {"static", "static4", "static6", NULL};
    const char *type = subnet->type == NULL ? "" : subnet->type;
    if (g_strv_contains(four, type)) {
        interface->dhcp4 = 1;
    } else if (g_strv_contains(six, type)) {
        interface->dhcp6 = strcmp(type, "ipv6_slaac") == 0 ? interface->dhcp6 : 1;
        if (strcmp(type, "dhcp6") != 0 && interface->accept_ra < 0)
            interface->accept_ra = 1;
    } else if (g_strv_contains(fixed, type)) {
        add_static(cloud, at, interface, subnet);
    } else if (strcmp(type, "manual") != 0) {
        provision_cloud_fail(cloud, at, "unknown type ‘%s’ of a subnet", type);
    }
}

static void read_subnet(ProvisionCloud *cloud, const ProvisionValue *value,
                        ProvisionInterface *interface)
{
    g_auto(Subnet) subnet = {.metric = -1, .mtu = -1};
    if (value->kind != PROVISION_VALUE_MAP) {
        provision_cloud_fail(cloud, &value->at, "must be a mapping");
        return;
    }
    provision_cloud_read_fields(cloud, value, subnet_fields, &subnet);
    set_type(cloud, &value->at, interface, &subnet);
    if (subnet.servers != NULL)
        provision_network_add_servers(cloud, subnet.servers, interface->nameservers);
    if (subnet.search != NULL)
        provision_network_add_texts(cloud, subnet.search, interface->search);
    if (subnet.routes != NULL)
        read_routes(cloud, subnet.routes, interface);
    if (subnet.metric >= 0)
        interface->route_metric = subnet.metric;
    if (subnet.mtu >= 0 && interface->mtu < 0)
        interface->mtu = subnet.mtu;
    if (g_strcmp0(subnet.control, "manual") == 0)
        interface->optional = true;
}

/* Names of version 1 → netplan's. */
static const char *parameter_name(const char *name)
{
    static const char *const renamed[][2] = {
        {"bond-miimon", "mii-monitor-interval"},
        {"bond-xmit-hash-policy", "transmit-hash-policy"},
        {"bond-updelay", "up-delay"},
        {"bond-downdelay", "down-delay"},
        {"bond-arp-ip-target", "arp-ip-targets"},
        {"bond-fail-over-mac", "fail-over-mac-policy"},
        {"bond-num-grat-arp", "gratuitous-arp"},
        {"bond-primary-reselect", "primary-reselect-policy"},
        {"bridge-ageing", "ageing-time"},
        {"bridge-bridgeprio", "priority"},
        {"bridge-fd", "forward-delay"},
        {"bridge-hello", "hello-time"},
        {"bridge-maxage", "max-age"},
        {"bridge-pathcost", "path-cost"},
        {"bridge-portprio", "port-priority"},
    };
    static const char *const kept[] = {"bond-mode",
                                       "bond-lacp-rate",
                                       "bond-primary",
                                       "bond-min-links",
                                       "bond-ad-select",
                                       "bond-arp-interval",
                                       "bond-arp-validate",
                                       "bond-arp-all-targets",
                                       "bond-resend-igmp",
                                       "bond-packets-per-slave",
                                       "bond-all-slaves-active",
                                       "bridge-stp",
                                       NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(renamed); i++) {
        if (strcmp(renamed[i][0], name) == 0)
            return renamed[i][1];
    }
    return g_strv_contains(kept, name) ? strchr(name, '-') + 1 : NULL;
}

static void read_params(ProvisionCloud *cloud, const ProvisionValue *map,
                        ProvisionInterface *interface)
{
    if (map->kind != PROVISION_VALUE_MAP) {
        provision_cloud_fail(cloud, &map->at, "must be a mapping");
        return;
    }
    for (guint i = 0; i < map->members->len; i++) {
        const ProvisionMember *member = map->members->pdata[i];
        g_autofree char *name = g_strdelimit(g_strdup(member->name), "_", '-');
        const char *known = parameter_name(name);
        if (known != NULL)
            provision_network_add_parameter(cloud, interface, known, member->value);
        else
            provision_report_add(cloud->report, &member->at, PROVISION_UNSUPPORTED,
                                 "this parameter is not set");
    }
}

static void read_link(ProvisionCloud *cloud, const ProvisionPlace *at, const Item *item,
                      ProvisionLinkKind kind, ProvisionNetwork *network)
{
    if (item->name == NULL || !provision_network_is_name(item->name)) {
        provision_cloud_fail(cloud, at, "wants a name that an interface can have");
        return;
    }
    ProvisionInterface *interface = provision_interface_new(at, item->name);
    g_ptr_array_add(network->interfaces, interface);
    interface->kind = kind;
    interface->name = g_strdup(item->name);
    interface->mtu = item->mtu;
    interface->accept_ra = item->accept_ra;
    interface->vlan_link = g_strdup(item->vlan_link);
    interface->vlan_id = (int)CLAMP(item->vlan_id, -1, 4094);
    bool physical = kind == PROVISION_LINK_PHYSICAL;
    if (item->mac != NULL)
        provision_network_take_mac(cloud, item->mac,
                                   physical ? &interface->match_mac : &interface->set_mac);
    interface->rename = physical && interface->match_mac != NULL;
    if (item->members != NULL)
        provision_network_add_texts(cloud, item->members, interface->members);
    if (item->params != NULL)
        read_params(cloud, item->params, interface);
    const ProvisionValue *subnets = item->subnets;
    if (subnets != NULL && subnets->kind != PROVISION_VALUE_LIST)
        provision_cloud_fail(cloud, &subnets->at, "must be a list of subnets");
    for (guint i = 0;
         subnets != NULL && subnets->kind == PROVISION_VALUE_LIST && i < subnets->items->len; i++)
        read_subnet(cloud, subnets->items->pdata[i], interface);
    if (kind == PROVISION_LINK_VLAN && (interface->vlan_id < 0 || interface->vlan_link == NULL))
        provision_cloud_fail(cloud, at, "a VLAN wants vlan_id and vlan_link");
}

/* A route of its own belongs to the interface that it names, or to the first one. */
static void read_lone_route(ProvisionCloud *cloud, const ProvisionPlace *at, const Item *item,
                            ProvisionNetwork *network)
{
    ProvisionInterface *interface = item->interface != NULL
                                        ? provision_network_find(network, item->interface)
                                    : network->interfaces->len > 0 ? network->interfaces->pdata[0]
                                                                   : NULL;
    const Route route = {.to = item->destination,
                         .via = item->gateway,
                         .netmask = item->netmask,
                         .metric = item->metric,
                         .mtu = -1};
    if (interface == NULL)
        provision_cloud_fail(cloud, at, "a route without an interface");
    else
        add_route(cloud, at, interface, &route);
}

static void read_nameserver(ProvisionCloud *cloud, const Item *item, ProvisionNetwork *network)
{
    ProvisionInterface *interface =
        item->interface == NULL ? NULL : provision_network_find(network, item->interface);
    if (item->address != NULL)
        provision_network_add_servers(cloud, item->address,
                                      interface != NULL ? interface->nameservers
                                                        : network->nameservers);
    if (item->search != NULL)
        provision_network_add_texts(cloud, item->search,
                                    interface != NULL ? interface->search : network->search);
}

static void read_item(ProvisionCloud *cloud, const ProvisionValue *value, ProvisionNetwork *network,
                      bool links)
{
    static const struct {
        const char *type;
        ProvisionLinkKind kind;
    } kinds[] = {
        {"physical", PROVISION_LINK_PHYSICAL},
        {"bond", PROVISION_LINK_BOND},
        {"bridge", PROVISION_LINK_BRIDGE},
        {"vlan", PROVISION_LINK_VLAN},
    };
    g_auto(Item) item = {.metric = -1, .mtu = -1, .vlan_id = -1, .accept_ra = PROVISION_UNSET};
    const ProvisionValue *type = provision_value_find(value, "type");
    const char *name = type != NULL && type->kind == PROVISION_VALUE_STRING ? type->text : "";
    size_t kind = 0;
    while (kind < G_N_ELEMENTS(kinds) && strcmp(kinds[kind].type, name) != 0)
        kind++;
    bool is_link = kind < G_N_ELEMENTS(kinds);
    if (is_link != links)
        return;
    if (value->kind == PROVISION_VALUE_MAP)
        provision_cloud_read_fields(cloud, value, item_fields, &item);
    if (is_link)
        read_link(cloud, &value->at, &item, kinds[kind].kind, network);
    else if (strcmp(name, "nameserver") == 0)
        read_nameserver(cloud, &item, network);
    else if (strcmp(name, "route") == 0)
        read_lone_route(cloud, &value->at, &item, network);
    else if (strcmp(name, "infiniband") == 0)
        provision_report_add(cloud->report, &value->at, PROVISION_UNSUPPORTED,
                             "interfaces of this kind are not made");
    else if (strcmp(name, "loopback") != 0)
        provision_cloud_fail(cloud, type != NULL ? &type->at : &value->at,
                             "unknown type ‘%s’: there are physical, bond, bridge, vlan, "
                             "nameserver and route",
                             name);
}

void provision_network_read_v1(ProvisionCloud *cloud, const ProvisionValue *list,
                               ProvisionNetwork *network)
{
    /* Routes and name servers may stand before the interface that they name. */
    for (unsigned round = 0; round < 2; round++) {
        for (guint i = 0; i < list->items->len; i++)
            read_item(cloud, list->items->pdata[i], network, round == 0);
    }
}
