/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making and freeing a network configuration. Reading it: network-v1.c and network-v2.c; putting
 * it into effect is another file's.
 */
#include "provision/network.h"

ProvisionRoute *provision_route_new(void)
{
    ProvisionRoute *self = g_new0(ProvisionRoute, 1);
    self->metric = -1;
    self->table = -1;
    self->mtu = -1;
    return self;
}

void provision_route_free(ProvisionRoute *self)
{
    if (self == NULL)
        return;
    g_free(self->to);
    g_free(self->via);
    g_free(self->from);
    g_free(self);
}

static void route_free(gpointer data)
{
    provision_route_free(data);
}

ProvisionInterface *provision_interface_new(const ProvisionPlace *at, const char *id)
{
    ProvisionInterface *self = g_new0(ProvisionInterface, 1);
    self->at = *at;
    self->id = g_strdup(id);
    self->mtu = -1;
    self->dhcp4 = -1;
    self->dhcp6 = -1;
    self->accept_ra = -1;
    self->route_metric = -1;
    self->use_dns = -1;
    self->use_routes = -1;
    self->vlan_id = -1;
    self->addresses = g_ptr_array_new_with_free_func(g_free);
    self->nameservers = g_ptr_array_new_with_free_func(g_free);
    self->search = g_ptr_array_new_with_free_func(g_free);
    self->routes = g_ptr_array_new_with_free_func(route_free);
    self->members = g_ptr_array_new_with_free_func(g_free);
    self->parameters = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void provision_interface_free(ProvisionInterface *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->name);
    g_free(self->match_mac);
    g_free(self->match_driver);
    g_free(self->match_name);
    g_free(self->set_mac);
    g_free(self->vlan_link);
    g_ptr_array_unref(self->addresses);
    g_ptr_array_unref(self->nameservers);
    g_ptr_array_unref(self->search);
    g_ptr_array_unref(self->routes);
    g_ptr_array_unref(self->members);
    g_ptr_array_unref(self->parameters);
    g_free(self);
}

static void interface_free(gpointer data)
{
    provision_interface_free(data);
}

ProvisionNetwork *provision_network_new(void)
{
    ProvisionNetwork *self = g_new0(ProvisionNetwork, 1);
    self->interfaces = g_ptr_array_new_with_free_func(interface_free);
    self->nameservers = g_ptr_array_new_with_free_func(g_free);
    self->search = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void provision_network_free(ProvisionNetwork *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->interfaces);
    g_ptr_array_unref(self->nameservers);
    g_ptr_array_unref(self->search);
    g_free(self);
}
