/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Platforms describe the network in formats of their own. All are written anew as cloud-init's
 * version 2, so that one reader checks them.
 */
#include "provision/netplan.h"

#include <string.h>

static const ProvisionPlace nowhere = {0};

ProvisionValue *provision_netplan_new(void)
{
    ProvisionValue *self = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_netplan_set_number(self, "version", 2);
    return self;
}

static ProvisionValue *child(ProvisionValue *self, const char *name, ProvisionValueKind kind)
{
    const ProvisionValue *found = provision_value_find(self, name);
    if (found != NULL)
        return (ProvisionValue *)(uintptr_t)found;
    ProvisionValue *made = provision_value_new(&nowhere, kind);
    provision_value_take_member(self, name, &nowhere, made);
    return made;
}

ProvisionValue *provision_netplan_device(ProvisionValue *self, const char *kind, const char *id)
{
    ProvisionValue *made = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_take_member(child(self, kind, PROVISION_VALUE_MAP), id, &nowhere, made);
    return made;
}

static bool is_mac(const char *text)
{
    for (int i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : !g_ascii_isxdigit(text[i]))
            return false;
    return text[17] == '\0';
}

void provision_netplan_match_mac(ProvisionValue *device, const char *mac)
{
    if (mac == NULL || !is_mac(mac))
        return;
    g_autofree char *lower = g_ascii_strdown(mac, -1);
    provision_value_set_string(child(device, "match", PROVISION_VALUE_MAP), "macaddress",
                               g_strdelimit(lower, "-", ':'));
}

void provision_netplan_set(ProvisionValue *device, const char *key, const char *text)
{
    if (text != NULL)
        provision_value_set_string(device, key, text);
}

void provision_netplan_set_flag(ProvisionValue *device, const char *key, bool flag)
{
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_BOOL);
    value->boolean = flag;
    value->text = g_strdup(flag ? "true" : "false");
    provision_value_take_member(device, key, &nowhere, value);
}

void provision_netplan_set_number(ProvisionValue *device, const char *key, int64_t number)
{
    if (number < 0)
        return;
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_INT);
    value->integer = number;
    value->text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    provision_value_take_member(device, key, &nowhere, value);
}

int provision_netplan_prefix(const char *mask)
{
    if (mask == NULL || *mask == '\0')
        return -1;
    if (strspn(mask, "0123456789") == strlen(mask) && strlen(mask) <= 3) {
        guint64 bits = g_ascii_strtoull(mask, NULL, 10);
        return bits <= 128 ? (int)bits : -1;
    }
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(mask);
    if (address == NULL)
        return -1;
    const guint8 *bytes = g_inet_address_to_bytes(address);
    int bits = 0;
    gsize n = g_inet_address_get_native_size(address) * 8;
    while ((gsize)bits < n && (bytes[bits / 8] & (0x80 >> (bits % 8))) != 0)
        bits++;
    for (gsize i = (gsize)bits; i < n; i++)
        if ((bytes[i / 8] & (0x80 >> (i % 8))) != 0)
            return -1;
    return bits;
}

/* NULL when it is no address, or its prefix is too long */
static char *with_prefix(const char *text, const char *mask)
{
    if (text == NULL)
        return NULL;
    const char *slash = strchr(text, '/');
    g_autofree char *bare = g_strndup(text, slash != NULL ? (gsize)(slash - text) : strlen(text));
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(bare);
    if (address == NULL)
        return NULL;
    int host_bits = (int)g_inet_address_get_native_size(address) * 8;
    const char *said = slash != NULL ? slash + 1 : mask;
    int bits = said != NULL && *said != '\0' ? provision_netplan_prefix(said) : host_bits;
    return bits >= 0 && bits <= host_bits ? g_strdup_printf("%s/%d", bare, bits) : NULL;
}

void provision_netplan_add_item(ProvisionValue *device, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    ProvisionValue *list = child(device, key, PROVISION_VALUE_LIST);
    for (guint i = 0; list->items != NULL && i < list->items->len; i++) {
        const ProvisionValue *item = g_ptr_array_index(list->items, i);
        if (g_strcmp0(item->text, text) == 0)
            return;
    }
    provision_value_take_item(list, provision_value_new_string(&nowhere, text));
}

bool provision_netplan_add_address(ProvisionValue *device, const char *address, const char *mask)
{
    g_autofree char *whole = with_prefix(address, mask);
    provision_netplan_add_item(device, "addresses", whole);
    return whole != NULL;
}

void provision_netplan_add_route(ProvisionValue *device, const char *to, const char *mask,
                                 const char *via, int64_t metric)
{
    bool is_default = g_strcmp0(to, "default") == 0;
    g_autofree char *network =
        is_default ? g_strdup(via != NULL && strchr(via, ':') != NULL ? "::/0" : "0.0.0.0/0")
                   : with_prefix(to, mask);
    g_autoptr(GInetAddress) gateway = via != NULL ? g_inet_address_new_from_string(via) : NULL;
    if (network == NULL || (via != NULL && gateway == NULL))
        return;
    ProvisionValue *route = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_set_string(route, "to", network);
    if (via != NULL)
        provision_value_set_string(route, "via", via);
    provision_netplan_set_number(route, "metric", metric);
    if (is_default)
        provision_netplan_set_flag(route, "on-link", true);
    provision_value_take_item(child(device, "routes", PROVISION_VALUE_LIST), route);
}

void provision_netplan_add_dns(ProvisionValue *device, const char *address)
{
    g_autoptr(GInetAddress) good = address != NULL ? g_inet_address_new_from_string(address) : NULL;
    if (good != NULL)
        provision_netplan_add_item(child(device, "nameservers", PROVISION_VALUE_MAP), "addresses",
                                   address);
}

void provision_netplan_add_search(ProvisionValue *device, const char *domain)
{
    if (domain != NULL && *domain != '\0')
        provision_netplan_add_item(child(device, "nameservers", PROVISION_VALUE_MAP), "search",
                                   domain);
}

void provision_netplan_override_metric(ProvisionValue *device, const char *key, int64_t metric)
{
    provision_netplan_set_number(child(device, key, PROVISION_VALUE_MAP), "route-metric", metric);
}

GBytes *provision_netplan_print(const ProvisionValue *self)
{
    if (self->members == NULL || self->members->len < 2)
        return NULL;
    char *text = provision_value_print(self);
    return g_bytes_new_take(text, strlen(text));
}
