/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network as files for systemd-networkd and, for names, systemd-udevd. Parameters of bonds and
 * bridges: networkd-parameters.c; putting the files there: networkd-apply.c.
 */
#include "provision/networkd.h"

#include "provision/networkd-private.h"
#include "provision/report.h"

#include <string.h>

void provision_networkd_put(GString *out, const char *key, const char *value)
{
    if (value != NULL && *value != '\0')
        g_string_append_printf(out, "%s=%s\n", key, value);
}

static void put_number(GString *out, const char *key, int64_t number)
{
    if (number >= 0)
        g_string_append_printf(out, "%s=%" G_GINT64_FORMAT "\n", key, number);
}

static void put_flag(GString *out, const char *key, int flag)
{
    if (flag >= 0)
        g_string_append_printf(out, "%s=%s\n", key, flag > 0 ? "yes" : "no");
}

static void put_joined(GString *out, const char *key, const GPtrArray *a, const GPtrArray *b)
{
    g_autoptr(GString) line = g_string_new(NULL);
    const GPtrArray *const lists[] = {a, b};
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++)
        for (guint i = 0; lists[l] != NULL && i < lists[l]->len; i++)
            g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "",
                                   (const char *)g_ptr_array_index(lists[l], i));
    provision_networkd_put(out, key, line->str);
}

/* What would end its line, or its section, is not written: the rest of the file would be the
 * configuration's author's. */
static bool is_clean(const char *text)
{
    for (const char *c = text; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return text == NULL || g_utf8_validate(text, -1, NULL);
}

static bool are_clean(const GPtrArray *list)
{
    for (guint i = 0; list != NULL && i < list->len; i++) {
        const char *text = g_ptr_array_index(list, i);
        if (!is_clean(text) || strpbrk(text, " \t") != NULL)
            return false;
    }
    return true;
}

static bool check(const ProvisionInterface *interface, ProvisionReport *report)
{
    bool good = is_clean(interface->id) && is_clean(interface->name) &&
                is_clean(interface->match_mac) && is_clean(interface->match_driver) &&
                is_clean(interface->match_name) && is_clean(interface->set_mac) &&
                is_clean(interface->vlan_link) && are_clean(interface->addresses) &&
                are_clean(interface->nameservers) && are_clean(interface->search) &&
                are_clean(interface->members) && are_clean(interface->parameters);
    for (guint i = 0; good && i < interface->routes->len; i++) {
        const ProvisionRoute *route = g_ptr_array_index(interface->routes, i);
        good = is_clean(route->to) && is_clean(route->via) && is_clean(route->from);
    }
    if (!good)
        provision_report_add(report, &interface->at, PROVISION_FAILED,
                             "a text of this interface has blanks or control characters: it is "
                             "left out");
    return good;
}

const ProvisionInterface *provision_networkd_find(const ProvisionNetwork *network, const char *id)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        const ProvisionInterface *interface = g_ptr_array_index(network->interfaces, i);
        if (g_strcmp0(interface->id, id) == 0 || g_strcmp0(interface->name, id) == 0)
            return interface;
    }
    return NULL;
}

static bool has_virtual(const ProvisionNetwork *network)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        const ProvisionInterface *interface = g_ptr_array_index(network->interfaces, i);
        if (interface->kind != PROVISION_LINK_PHYSICAL)
            return true;
    }
    return false;
}

static void put_match(GString *out, const ProvisionNetwork *network,
                      const ProvisionInterface *interface)
{
    g_string_append(out, "[Match]\n");
    if (interface->match_mac != NULL) {
        provision_networkd_put(out, "MACAddress", interface->match_mac);
        /* bonds, bridges and VLANs have the address of a card below them */
        if (has_virtual(network))
            g_string_append(out, "Kind=!bond bridge vlan\n");
    }
    provision_networkd_put(out, "Driver", interface->match_driver);
    if (interface->match_mac == NULL && interface->match_name != NULL && !interface->rename)
        provision_networkd_put(out, "Name", interface->match_name);
    else if (interface->match_mac == NULL || interface->rename ||
             interface->kind != PROVISION_LINK_PHYSICAL)
        provision_networkd_put(out, "Name",
                               interface->name != NULL ? interface->name : interface->match_name);
}

static void put_link(GString *out, const ProvisionInterface *interface)
{
    bool is_physical = interface->kind == PROVISION_LINK_PHYSICAL;
    if (interface->mtu < 0 && !(is_physical && interface->set_mac != NULL) && !interface->optional)
        return;
    g_string_append(out, "\n[Link]\n");
    put_number(out, "MTUBytes", interface->mtu);
    if (is_physical)
        provision_networkd_put(out, "MACAddress", interface->set_mac);
    if (interface->optional)
        g_string_append(out, "RequiredForOnline=no\n");
}

static const char *dhcp_word(const ProvisionInterface *interface)
{
    if (interface->dhcp4 > 0)
        return interface->dhcp6 > 0 ? "yes" : "ipv4";
    return interface->dhcp6 > 0 ? "ipv6" : "no";
}

/* What the interface is part of, and what is on it. */
static bool put_relations(GString *out, const ProvisionNetwork *network,
                          const ProvisionInterface *interface)
{
    bool is_member = false;
    for (guint i = 0; i < network->interfaces->len; i++) {
        const ProvisionInterface *other = g_ptr_array_index(network->interfaces, i);
        for (guint m = 0; m < other->members->len; m++) {
            if (provision_networkd_find(network, g_ptr_array_index(other->members, m)) != interface)
                continue;
            bool is_bond = other->kind == PROVISION_LINK_BOND;
            provision_networkd_put(out, is_bond ? "Bond" : "Bridge", other->name);
            if (is_bond && provision_networkd_is_primary(other, interface))
                g_string_append(out, "PrimarySlave=yes\n");
            is_member = true;
        }
        if (other->kind == PROVISION_LINK_VLAN && other->vlan_link != NULL &&
            provision_networkd_find(network, other->vlan_link) == interface)
            provision_networkd_put(out, "VLAN", other->name);
    }
    return is_member;
}

static void put_route(GString *out, const ProvisionRoute *route)
{
    bool is_default = g_strcmp0(route->to, "0.0.0.0/0") == 0 || g_strcmp0(route->to, "::/0") == 0;
    g_string_append(out, "\n[Route]\n");
    if (!is_default || route->via == NULL)
        provision_networkd_put(out, "Destination", route->to);
    provision_networkd_put(out, "Gateway", route->via);
    if (route->on_link)
        g_string_append(out, "GatewayOnLink=yes\n");
    provision_networkd_put(out, "PreferredSource", route->from);
    put_number(out, "Metric", route->metric);
    put_number(out, "Table", route->table);
    put_number(out, "MTUBytes", route->mtu);
}

static void put_dhcp(GString *out, const ProvisionInterface *interface)
{
    if (interface->dhcp4 > 0) {
        /* clouds say by DHCP that their packets are smaller */
        g_string_append_printf(out, "\n[DHCPv4]\n%s", interface->mtu < 0 ? "UseMTU=yes\n" : "");
        put_number(out, "RouteMetric", interface->route_metric);
        put_flag(out, "UseDNS", interface->use_dns);
        put_flag(out, "UseRoutes", interface->use_routes);
    }
    if (interface->dhcp6 > 0 && interface->use_dns >= 0) {
        g_string_append(out, "\n[DHCPv6]\n");
        put_flag(out, "UseDNS", interface->use_dns);
    }
}

static char *network_file(const ProvisionNetwork *network, const ProvisionInterface *interface)
{
    g_autoptr(GString) out = g_string_new("# Made by atoll-provision.\n");
    put_match(out, network, interface);
    put_link(out, interface);
    g_string_append_printf(out, "\n[Network]\nDHCP=%s\n", dhcp_word(interface));
    put_flag(out, "IPv6AcceptRA", interface->accept_ra);
    for (guint i = 0; i < interface->addresses->len; i++)
        provision_networkd_put(out, "Address", g_ptr_array_index(interface->addresses, i));
    bool is_member = put_relations(out, network, interface);
    if (is_member)
        g_string_append(out, "LinkLocalAddressing=no\n");
    put_joined(out, "DNS", interface->nameservers, is_member ? NULL : network->nameservers);
    put_joined(out, "Domains", interface->search, is_member ? NULL : network->search);
    if (interface->kind == PROVISION_LINK_BRIDGE || interface->kind == PROVISION_LINK_BOND)
        g_string_append(out, "ConfigureWithoutCarrier=yes\n");
    provision_networkd_put_port(out, network, interface);
    for (guint i = 0; i < interface->routes->len; i++)
        put_route(out, g_ptr_array_index(interface->routes, i));
    put_dhcp(out, interface);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *link_file(const ProvisionInterface *interface)
{
    g_autoptr(GString) out = g_string_new("# Made by atoll-provision.\n[Match]\n");
    provision_networkd_put(out, "MACAddress", interface->match_mac);
    provision_networkd_put(out, "Driver", interface->match_driver);
    provision_networkd_put(out, "OriginalName",
                           interface->match_mac == NULL ? interface->match_name : NULL);
    /* what is on top of a card has its address */
    g_string_append(out, "Type=!vlan bond bridge\n\n[Link]\n");
    provision_networkd_put(out, "Name", interface->name);
    put_number(out, "MTUBytes", interface->mtu);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *netdev_file(const ProvisionInterface *interface, ProvisionReport *report)
{
    static const char *const kinds[] = {[PROVISION_LINK_PHYSICAL] = "",
                                        [PROVISION_LINK_BOND] = "bond",
                                        [PROVISION_LINK_BRIDGE] = "bridge",
                                        [PROVISION_LINK_VLAN] = "vlan",
                                        [PROVISION_LINK_DUMMY] = "dummy"};
    g_autoptr(GString) out = g_string_new("# Made by atoll-provision.\n[NetDev]\n");
    provision_networkd_put(out, "Name", interface->name);
    provision_networkd_put(out, "Kind", kinds[interface->kind]);
    provision_networkd_put(out, "MACAddress", interface->set_mac);
    put_number(out, "MTUBytes", interface->mtu);
    if (interface->kind == PROVISION_LINK_VLAN)
        g_string_append_printf(out, "\n[VLAN]\nId=%d\n", interface->vlan_id);
    provision_networkd_put_parameters(out, interface, report);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

void provision_networkd_file_free(gpointer data)
{
    ProvisionNetworkdFile *self = data;
    g_free(self->name);
    g_free(self->text);
    g_free(self);
}

static void add(GPtrArray *files, const ProvisionInterface *interface, const char *suffix,
                char *text)
{
    ProvisionNetworkdFile *file = g_new0(ProvisionNetworkdFile, 1);
    g_autofree char *id = g_strdup(interface->id);
    /* an id is any text: in a file name only some of it may be */
    for (char *c = id; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("-_.:@", *c) == NULL)
            *c = '_';
    g_autofree char *prefix = g_strndup(id, 128);
    file->name = g_strconcat(PROVISION_NETWORKD_PREFIX, prefix, suffix, NULL);
    file->text = text;
    g_ptr_array_add(files, file);
}

static int compare_files(const void *a, const void *b)
{
    const ProvisionNetworkdFile *const *x = a;
    const ProvisionNetworkdFile *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

GPtrArray *provision_networkd_render(const ProvisionNetwork *network, ProvisionReport *report)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(provision_networkd_file_free);
    for (guint i = 0; i < network->interfaces->len && !network->disabled; i++) {
        const ProvisionInterface *interface = g_ptr_array_index(network->interfaces, i);
        if (!check(interface, report))
            continue;
        bool is_virtual = interface->kind != PROVISION_LINK_PHYSICAL;
        if (is_virtual && interface->name == NULL)
            continue;
        if (is_virtual)
            add(files, interface, ".netdev", netdev_file(interface, report));
        else if (interface->rename && interface->name != NULL)
            add(files, interface, ".link", link_file(interface));
        add(files, interface, ".network", network_file(network, interface));
    }
    g_ptr_array_sort(files, compare_files);
    return files;
}
