/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Amazon EC2, with tokens (IMDSv2) or without, over IPv4 or IPv6; and those that have its tree but
 * not its tokens: Brightbox, ZStack, e24cloud, Tilaa, 3DS Outscale, Eucalyptus, CloudCIX.
 */
#include "provision/datasources/ec2-tree.h"
#include "provision/datasources/sources.h"
#include "provision/error.h"
#include "provision/netplan.h"

#include <string.h>

#define TOKEN_TTL "X-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN "X-aws-ec2-metadata-token"

static const char *const bases[] = {"http://169.254.169.254", "http://[fd00:ec2::254]", NULL};
static const char *const old_bases[] = {"http://169.254.169.254", NULL};

/* SMBIOS has the first three fields of the UUID in either byte order. */
static bool is_ec2_uuid(const char *uuid)
{
    return g_str_has_prefix(uuid, "ec2") ||
           (strlen(uuid) == 36 && g_str_has_prefix(uuid + 4, "2") &&
            g_str_has_prefix(uuid + 6, "ec"));
}

static bool matches(const ProvisionPlatform *platform)
{
    return strcmp(platform->bios_vendor, "Amazon EC2") == 0 ||
           strcmp(platform->sys_vendor, "Amazon EC2") == 0 || is_ec2_uuid(platform->product_uuid) ||
           g_str_has_prefix(platform->hypervisor_uuid, "ec2");
}

/* One network card's part of the tree: DHCP gives the first address, the others are said here. */
static void add_card(ProvisionValue *plan, const char *mac, const ProvisionValue *card,
                     unsigned index)
{
    g_autofree char *id = g_strdup_printf("nic%u", index);
    ProvisionValue *device = provision_netplan_device(plan, "ethernets", id);
    provision_netplan_match_mac(device, mac);
    provision_netplan_set_flag(device, "dhcp4", true);
    provision_netplan_override_metric(device, "dhcp4-overrides", 100 * (index + 1));
    bool has_ipv6 = provision_value_find(card, "ipv6s") != NULL;
    provision_netplan_set_flag(device, "dhcp6", has_ipv6);
    if (has_ipv6)
        provision_netplan_override_metric(device, "dhcp6-overrides", 100 * (index + 1));
    static const struct {
        const char *addresses;
        const char *network;
    } families[] = {{"local-ipv4s", "subnet-ipv4-cidr-block"},
                    {"ipv6s", "subnet-ipv6-cidr-blocks"}};
    for (size_t f = 0; f < G_N_ELEMENTS(families); f++) {
        const ProvisionValue *list = provision_value_find(card, families[f].addresses);
        const ProvisionValue *network = provision_value_find(card, families[f].network);
        if (list == NULL || list->text == NULL)
            continue;
        const char *slash =
            network != NULL && network->text != NULL ? strchr(network->text, '/') : NULL;
        g_autofree char *mask =
            slash != NULL ? g_strndup(slash + 1, strcspn(slash + 1, "\n")) : NULL;
        g_auto(GStrv) lines = g_strsplit_set(list->text, "\n ", -1);
        for (unsigned i = 1; lines[0] != NULL && lines[i] != NULL; i++)
            provision_netplan_add_address(device, lines[i], mask);
    }
}

static int compare_cards(const void *a, const void *b)
{
    const ProvisionMember *const *x = a;
    const ProvisionMember *const *y = b;
    g_autofree char *m = provision_source_text((*x)->value, "device-number");
    g_autofree char *n = provision_source_text((*y)->value, "device-number");
    guint64 i = m != NULL ? g_ascii_strtoull(m, NULL, 10) : 0;
    guint64 j = n != NULL ? g_ascii_strtoull(n, NULL, 10) : 0;
    return i != j ? (i < j ? -1 : 1) : strcmp((*x)->name, (*y)->name);
}

GBytes *provision_ec2_network(const ProvisionValue *meta_data)
{
    const ProvisionValue *cards = provision_value_look_up(meta_data, "network.interfaces.macs");
    if (cards == NULL || cards->kind != PROVISION_VALUE_MAP || cards->members == NULL)
        return NULL;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (guint i = 0; i < cards->members->len; i++) {
        ProvisionMember *member = g_ptr_array_index(cards->members, i);
        if (member->value->kind == PROVISION_VALUE_MAP)
            g_ptr_array_add(sorted, member);
    }
    g_ptr_array_sort(sorted, compare_cards);
    g_autoptr(ProvisionValue) plan = provision_netplan_new();
    for (guint i = 0; i < sorted->len; i++) {
        const ProvisionMember *member = g_ptr_array_index(sorted, i);
        add_card(plan, member->name, member->value, i);
    }
    return provision_netplan_print(plan);
}

static bool read_tree(ProvisionService *service, ProvisionInstance *instance, GError **error)
{
    static const char *const versions[] = {"/2021-03-23", "/2018-09-24", "/2016-09-02",
                                           "/2009-04-04", "/latest",     NULL};
    for (const char *const *version = versions; *version != NULL; version++) {
        g_autoptr(GError) local = NULL;
        if (provision_ec2_tree_read(service, *version, instance, &local))
            return true;
        if (version[1] != NULL &&
            g_error_matches(local, PROVISION_ERROR, PROVISION_ERROR_NOT_FOUND))
            continue;
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return false;
}

static bool fetch(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                  GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = bases, .cancellable = cancellable};
    g_autofree char *token = NULL;
    if (!provision_service_token(&service, "PUT", "/latest/api/token", TOKEN_TTL, TOKEN, &token,
                                 error))
        return false;
    const char *const headers[] = {token, NULL};
    service.headers = headers;
    if (!read_tree(&service, instance, error))
        return false;
    provision_source_set_bytes(&instance->network_config,
                               provision_ec2_network(instance->meta_data));
    return provision_source_finish(instance, "ec2", NULL, error);
}

const ProvisionDatasource provision_source_ec2 = {
    .name = "ec2",
    .title = "Amazon EC2",
    .flags = PROVISION_DATASOURCE_NETWORK | PROVISION_DATASOURCE_PROBE,
    .matches = matches,
    .fetch = fetch,
};

/* The platforms that are alike: one row each, so that each can be named. */

static bool fetch_alike(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,
                        const char *name, GCancellable *cancellable, GError **error)
{
    ProvisionService service = {.env = env, .bases = old_bases, .cancellable = cancellable};
    return read_tree(&service, instance, error) &&
           provision_source_finish(instance, name, NULL, error);
}

#define ALIKE(symbol, name_, title_, condition)                                                    \
    static bool matches_##symbol(const ProvisionPlatform *platform)                                \
    {                                                                                              \
        return condition;                                                                          \
    }                                                                                              \
    static bool fetch_##symbol(const ProvisionDatasourceEnv *env, ProvisionInstance *instance,     \
                               GCancellable *cancellable, GError **error)                          \
    {                                                                                              \
        return fetch_alike(env, instance, name_, cancellable, error);                              \
    }                                                                                              \
    const ProvisionDatasource provision_source_##symbol = {                                        \
        .name = name_,                                                                             \
        .title = title_,                                                                           \
        .flags = PROVISION_DATASOURCE_NETWORK,                                                     \
        .matches = matches_##symbol,                                                               \
        .fetch = fetch_##symbol,                                                                   \
    };

ALIKE(brightbox, "brightbox", "Brightbox",
      g_str_has_suffix(platform->product_serial, ".brightbox.com"))
ALIKE(zstack, "zstack", "ZStack", g_str_has_suffix(platform->chassis_asset_tag, ".zstack.io"))
ALIKE(e24cloud, "e24cloud", "e24cloud", strcmp(platform->sys_vendor, "e24cloud") == 0)
ALIKE(tilaa, "tilaa", "Tilaa", strcmp(platform->sys_vendor, "Tilaa") == 0)
ALIKE(outscale, "outscale", "3DS Outscale",
      strcmp(platform->sys_vendor, "3DS Outscale") == 0 &&
          g_str_has_prefix(platform->product_name, "3DS Outscale"))
ALIKE(eucalyptus, "eucalyptus", "Eucalyptus",
      g_ascii_strcasecmp(platform->sys_vendor, "Eucalyptus") == 0 ||
          g_str_has_prefix(platform->product_name, "Eucalyptus"))
ALIKE(cloudcix, "cloudcix", "CloudCIX", strcmp(platform->product_name, "CloudCIX") == 0)
