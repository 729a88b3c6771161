/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Oracle Cloud: JSON; user-data is base64 in the instance’s metadata.
 */
#include "provision/datasources/common.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"
#include "provision/netplan.h"

#include <string.h>

static const char *const bases[] = {"http://169.254.169.254", "http://[fd00:c1::a9fe:a9fe]", NULL};
static const char *const headers[] = {"Authorization: Bearer Oracle", NULL};

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->chassis_asset_tag, "OracleCloud.com") == 0;
}

/* The first card is DHCP's; the others get what is said of them. */
static GBytes *network_of(const ProvisionValue *cards)
{
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    for (guint i = 0; cards->items != NULL && i < cards->items->len; i++) {
        const ProvisionValue *card = g_ptr_array_index(cards->items, i);
        g_autofree char *id = g_strdup_printf("nic%u", i);
        g_autofree char *mac = provision_source_text(card, "macAddr");
        g_autofree char *address = provision_source_text(card, "privateIp");
        g_autofree char *block = provision_source_text(card, "subnetCidrBlock");
        ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
        provision_netplan_match_mac(device, mac);
        const char *slash = block != NULL ? strchr(block, '/') : NULL;
        if (i == 0)
            provision_netplan_set_flag(device, "dhcp4", true);
        else
            provision_netplan_add_address(device, address, slash != NULL ? slash + 1 : NULL);
        provision_netplan_set_number(device, "mtu", i == 0 ? -1 : 9000);
    }
    return provision_netplan_print(plan);
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {
        .env = env, .bases = bases, .headers = headers, .cancellable = cancellable};
    g_autoptr(ProvisionValue) data = NULL;
    g_autoptr(ProvisionValue) cards = NULL;
    const char *const versions[] = {"v2", "v1", NULL};
    for (const char *const *version = versions; *version != NULL && data == NULL; version++) {
        g_autofree char *path = g_strdup_printf("/opc/%s/instance/", *version);
        g_autofree char *cards_path = g_strdup_printf("/opc/%s/vnics/", *version);
        if (!provision_service_get_value(&service, path, PROVISION_VALUE_JSON, &data, error) ||
            (data != NULL && !provision_service_get_value(&service, cards_path,
                                                          PROVISION_VALUE_JSON, &cards, error)))
            return false;
        provision_source_set(&instance->subplatform,
                             g_strconcat(provision_service_base(&service), path, NULL));
    }
    if (data == NULL)
        return provision_source_nothing(error, "Oracle’s service knows no instance");
    provision_source_set(&instance->id, provision_source_text(data, "id"));
    provision_source_set(&instance->hostname, provision_source_text(data, "hostname"));
    provision_source_set(&instance->region, provision_source_text(data, "canonicalRegionName"));
    provision_source_set(&instance->zone, provision_source_text(data, "availabilityDomain"));
    g_autofree char *keys = provision_source_text(data, "metadata.ssh_authorized_keys");
    provision_source_add_key_lines(instance, keys);
    g_autoptr(GBytes) raw = provision_source_bytes(data, "metadata.user_data");
    if (raw != NULL) {
        GBytes *decoded = provision_source_from_base64(raw);
        if (decoded == NULL) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "“user_data” of the instance’s metadata is not base64");
            return false;
        }
        provision_source_set_bytes(&instance->user_data, decoded);
    }
    if (cards != NULL && cards->items != NULL && cards->items->len > 1)
        provision_source_set_bytes(&instance->network_config, network_of(cards));
    provision_source_set_value(instance, g_steal_pointer(&data));
    return provision_source_finish(instance, "oracle", NULL, error);
}

const ProvisionDatasource provision_source_oracle = {
    .name = "oracle",
    .title = "Oracle Cloud",
    .flags = PROVISION_DATASOURCE_NETWORK,
    .matches = matches,
    .fetch = fetch,
};
