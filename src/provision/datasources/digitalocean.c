/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DigitalOcean: one JSON document. There is no DHCP: a link-local address comes first.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/linklocal.h"
#include "provision/datasources/sources.h"
#include "provision/netplan.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->sys_vendor, "DigitalOcean") == 0;
}

static void add_family(ProvisionValue *device, const ProvisionValue *nic, const char *key,
                       const char *address_key, const char *mask_key, bool with_gateway)
{
    const ProvisionValue *family = provision_value_find(nic, key);
    if (family == NULL)
        return;
    g_autofree char *address = provision_source_text(family, address_key);
    g_autofree char *mask = provision_source_text(family, mask_key);
    g_autofree char *gateway = provision_source_text(family, "gateway");
    if (provision_netplan_add_address(device, address, mask) && with_gateway && gateway != NULL)
        provision_netplan_add_route(device, "default", NULL, gateway, -1);
}

static void add_cards(ProvisionValue *plan, const ProvisionValue *data, const char *type,
                      const ProvisionValue *dns)
{
    bool is_public = strcmp(type, "public") == 0;
    g_autofree char *path = g_strconcat("interfaces.", type, NULL);
    const ProvisionValue *cards = provision_value_look_up(data, path);
    for (guint i = 0; cards != NULL && cards->items != NULL && i < cards->items->len; i++) {
        const ProvisionValue *nic = g_ptr_array_index(cards->items, i);
        g_autofree char *id = g_strdup_printf("%s%u", type, i);
        g_autofree char *mac = provision_source_text(nic, "mac");
        ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
        provision_netplan_match_mac(device, mac);
        add_family(device, nic, "ipv4", "ip_address", "netmask", is_public);
        add_family(device, nic, "ipv6", "ip_address", "cidr", is_public);
        if (is_public)
            add_family(device, nic, "anchor_ipv4", "ip_address", "netmask", false);
        for (guint d = 0; is_public && dns != NULL && dns->items != NULL && d < dns->items->len;
             d++) {
            const ProvisionValue *server = g_ptr_array_index(dns->items, d);
            provision_netplan_add_dns(device, server->text);
        }
    }
}

static GBytes *network_of(const ProvisionValue *data)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    const ProvisionValue *dns = provision_value_look_up(data, "dns.nameservers");
    add_cards(plan, data, "public", dns);
    add_cards(plan, data, "private", dns);
    return provision_netplan_print(plan);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    g_auto(ProvisionLinklocal) address = {0};
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    if (env->endpoint == NULL && !provision_linklocal_open(&address, env->root, error))
        return false;
    if (!provision_service_get_value(&service, "/metadata/v1.json", PROVISION_VALUE_JSON, &data,
                                     error))
        return false;
    if (data == NULL)
        return provision_source_nothing(error, "DigitalOcean’s service knows no droplet");
    provision_source_set(&instance->id, provision_source_text(data, "droplet_id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->region, provision_source_text(data, "region"));
    provision_source_add_keys(instance, provision_value_find(data, "public_keys"));
    provision_source_set_bytes(&instance->user_data, provision_source_bytes(data, "user_data"));
    provision_source_set_bytes(&instance->vendor_data, provision_source_bytes(data, "vendor_data"));
    provision_source_set_bytes(&instance->network_config, network_of(data));
    provision_source_set_value(instance, g_steal_pointer(&data));
    provision_source_set(&instance->subplatform,
                         g_strconcat(provision_service_base(&service), "/metadata/v1.json", NULL));
    return provision_source_finish(instance, "digitalocean", NULL, error);
}

/* Local: it brings its own address. */
const ProvisionDatasource provision_source_digitalocean = {
    .name = "digitalocean",
    .title = "DigitalOcean",
    .flags = PROVISION_DATASOURCE_LOCAL,
    .matches = matches,
    .fetch = fetch,
};
