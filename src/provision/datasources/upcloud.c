/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * UpCloud: one JSON document.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/netplan.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "UpCloud") == 0;
}

static void add_address(ProvisionValue *device, const ProvisionValue *item, bool is_public)
{
    g_autofree char *address = provision_source_text(item, "address");
    g_autofree char *network = provision_source_text(item, "network");
    g_autofree char *gateway = provision_source_text(item, "gateway");
    g_autofree char *family = provision_source_text(item, "family");
    const ProvisionValue *dhcp = provision_value_find(item, "dhcp");
    const ProvisionValue *floating = provision_value_find(item, "floating");
    const ProvisionValue *dns = provision_value_find(item, "dns");
    bool is_ipv6 = g_strcmp0(family, "IPv6") == 0;
    if (dhcp != NULL && dhcp->boolean && (floating == NULL || !floating->boolean)) {
        provision_netplan_set_flag(device, is_ipv6 ? "dhcp6" : "dhcp4", true);
    } else {
        const char *slash = network != NULL ? strchr(network, '/') : NULL;
        provision_netplan_add_address(device, address, slash != NULL ? slash + 1 : NULL);
        if (is_public && gateway != NULL && (floating == NULL || !floating->boolean))
            provision_netplan_add_route(device, "default", NULL, gateway, -1);
    }
    for (guint i = 0; dns != NULL && dns->items != NULL && i < dns->items->len; i++) {
        const ProvisionValue *server = g_ptr_array_index(dns->items, i);
        provision_netplan_add_dns(device, server->text);
    }
}

static GBytes *network_of(const ProvisionValue *data)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    const ProvisionValue *cards = provision_value_look_up(data, "network.interfaces");
    for (guint i = 0; cards != NULL && cards->items != NULL && i < cards->items->len; i++) {
        const ProvisionValue *card = g_ptr_array_index(cards->items, i);
        g_autofree char *id = g_strdup_printf("nic%u", i);
        g_autofree char *mac = provision_source_text(card, "mac");
        g_autofree char *type = provision_source_text(card, "type");
        ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
        provision_netplan_match_mac(device, mac);
        const ProvisionValue *addresses = provision_value_find(card, "ip_addresses");
        for (guint a = 0;
             addresses != NULL && addresses->items != NULL && a < addresses->items->len; a++)
            add_address(device, g_ptr_array_index(addresses->items, a),
                        g_strcmp0(type, "public") == 0);
    }
    return provision_netplan_print(plan);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    if (!provision_service_get_value(&service, "/metadata/v1.json", PROVISION_VALUE_JSON, &data,
                                     error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "UpCloud’s service knows no server");
    provision_source_set(&instance->id, provision_source_text(data, "instance_id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->region, provision_source_text(data, "region"));
    provision_source_add_keys(instance, provision_value_find(data, "public_keys"));
    provision_source_set_bytes(&instance->user_data, provision_source_bytes(data, "user_data"));
    provision_source_set_bytes(&instance->vendor_data, provision_source_bytes(data, "vendor_data"));
    provision_source_set_bytes(&instance->network_config, network_of(data));
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(&service), "/metadata/v1.json", NULL));
    return provision_source_finish(instance, "upcloud", NULL, error);
}

const ProvisionDatasource provision_source_upcloud = {
    .name = "upcloud",
    .title = "UpCloud",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
