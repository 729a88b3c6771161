/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vultr: one JSON document; user-data that it has not is asked for apart.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/netplan.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", NULL};
static const char *const headers[] = {"Metadata-Token: cloudinit", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "Vultr") == 0 ||
           provision_platform_karg(platform, "vultr") != NULL;
}

static const ProvisionValue *item(const ProvisionValue *list, guint i)
{
    return list != NULL && list->items != NULL && i < list->items->len
               ? g_ptr_array_index(list->items, i)
               : NULL;
}

static void add_more(ProvisionValue *device, const ProvisionValue *family, const char *address_key,
                     const char *mask_key)
{
    const ProvisionValue *more = provision_value_find(family, "additional");
    for (guint i = 0; item(more, i) != NULL; i++) {
        g_autofree char *address = provision_source_text(item(more, i), address_key);
        g_autofree char *mask = provision_source_text(item(more, i), mask_key);
        provision_netplan_add_address(device, address, mask);
    }
    const ProvisionValue *routes = provision_value_find(family, "routes");
    for (guint i = 0; item(routes, i) != NULL; i++) {
        g_autofree char *to = provision_source_text(item(routes, i), "network");
        g_autofree char *mask = provision_source_text(item(routes, i), mask_key);
        g_autofree char *via = provision_source_text(item(routes, i), "gateway");
        provision_netplan_add_route(device, to, mask, via, -1);
    }
}

static void add_card(ProvisionValue *plan, const ProvisionValue *card, guint index)
{
    g_autofree char *id = g_strdup_printf("nic%u", index);
    g_autofree char *mac = provision_source_text(card, "mac");
    g_autofree char *type = provision_source_text(card, "network-type");
    ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
    const ProvisionValue *ipv4 = provision_value_find(card, "ipv4");
    const ProvisionValue *ipv6 = provision_value_find(card, "ipv6");
    bool is_private = g_strcmp0(type, "private") == 0;
    provision_netplan_match_mac(device, mac);
    if (is_private && ipv4 != NULL) {
        g_autofree char *address = provision_source_text(ipv4, "address");
        g_autofree char *mask = provision_source_text(ipv4, "netmask");
        provision_netplan_add_address(device, address, mask);
    } else if (!is_private) {
        provision_netplan_set_flag(device, "dhcp4", true);
        provision_netplan_set_flag(device, "accept-ra", true);
        provision_netplan_add_dns(device, "108.61.10.10");
        provision_netplan_add_dns(device, "2001:19f0:300:1704::6");
    }
    if (ipv4 != NULL)
        add_more(device, ipv4, "address", "netmask");
    if (ipv6 != NULL)
        add_more(device, ipv6, "network", "prefix");
}

static GBytes *network_of(const ProvisionValue *data)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    const ProvisionValue *cards = provision_value_find(data, "interfaces");
    for (guint i = 0; item(cards, i) != NULL; i++)
        add_card(plan, item(cards, i), i);
    return provision_netplan_print(plan);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {
        .env = env, .bases = bases, .headers = headers, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    if (!provision_service_get_value(&service, "/v1.json", PROVISION_VALUE_JSON, &data, error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "Vultr’s service knows no instance");
    provision_source_set(&instance->id, provision_source_text(data, "instance-v2-id"));
    if (instance->id == NULL)
        instance->id = provision_source_text(data, "instanceid");
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->region, provision_source_text(data, "region.regioncode"));
    provision_source_add_keys(instance, provision_value_find(data, "public-keys"));
    provision_source_set_bytes(&instance->vendor_data, provision_source_bytes(data, "vendor-data"));
    provision_source_set_bytes(&instance->user_data, provision_source_bytes(data, "user-data"));
    if (instance->user_data == NULL) {
        g_autoptr(GBytes) user_data = NULL;
        if (!provision_service_get(&service, "/user-data/user-data", &user_data, error))
            return false;
        provision_source_set_bytes(&instance->user_data, g_steal_pointer(&user_data));
    }
    provision_source_set_bytes(&instance->network_config, network_of(data));
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(&service), "/v1.json", NULL));
    return provision_source_finish(instance, "vultr", NULL, error);
}

const ProvisionDatasource provision_source_vultr = {
    .name = "vultr",
    .title = "Vultr",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
