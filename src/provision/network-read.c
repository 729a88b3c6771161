/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * cloud-init's network config: which version it is, and what both share: addresses, routes, names.
 */
#include "provision/network-read.h"

#include <string.h>

#define MAX_NAME_CHARS 15

bool provision_network_is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME_CHARS || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '/' || *p == ':' || *p == '%' || g_ascii_isspace(*p) || !g_ascii_isprint(*p))
            return false;
    }
    return true;
}

bool provision_network_is_address(const char *text)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
    return address != NULL;
}

void provision_network_take_mac(ProvisionCloud *cloud, const ProvisionValue *value, char **to)
{
    g_autofree char *text = provision_cloud_text(cloud, value);
    g_autofree char *mac = text == NULL ? NULL : g_ascii_strdown(text, -1);
    if (mac == NULL)
        return;
    bool fine = strlen(mac) == 17;
    for (size_t i = 0; fine && i < 17; i++)
        fine = i % 3 == 2 ? mac[i] == ':' : g_ascii_isxdigit(mac[i]);
    if (!fine) {
        provision_cloud_fail(cloud, &value->at, "‘%s’ is no MAC address", text);
        return;
    }
    g_free(*to);
    *to = g_steal_pointer(&mac);
}

int provision_network_prefix_of(const char *netmask)
{
    guint64 prefix = 0;
    if (g_ascii_string_to_unsigned(netmask, 10, 0, 128, &prefix, NULL))
        return (int)prefix;
    g_autoptr(GInetAddress) mask = g_inet_address_new_from_string(netmask);
    if (mask == NULL)
        return -1;
    const guint8 *bytes = g_inet_address_to_bytes(mask);
    gsize bits = g_inet_address_get_native_size(mask) * 8;
    gsize ones = 0;
    while (ones < bits && (bytes[ones / 8] & (0x80 >> (ones % 8))) != 0)
        ones++;
    for (gsize i = ones; i < bits; i++) {
        if ((bytes[i / 8] & (0x80 >> (i % 8))) != 0)
            return -1;
    }
    return (int)ones;
}

/* "ADDRESS/PREFIX" of "ADDRESS[/PREFIX or /NETMASK]". */
static char *with_prefix(const char *text, int prefix)
{
    const char *slash = strchr(text, '/');
    g_autofree char *address =
        slash == NULL ? g_strdup(text) : g_strndup(text, (gsize)(slash - text));
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
    if (parsed == NULL)
        return NULL;
    int bits = (int)g_inet_address_get_native_size(parsed) * 8;
    if (slash != NULL)
        prefix = provision_network_prefix_of(slash + 1);
    else if (prefix < 0)
        prefix = bits;
    return prefix < 0 || prefix > bits ? NULL : g_strdup_printf("%s/%d", address, prefix);
}

void provision_network_add_address(ProvisionCloud *cloud, const ProvisionPlace *at,
                                   GPtrArray *addresses, const char *text, int prefix)
{
    char *address = with_prefix(text, prefix);
    if (address == NULL)
        provision_cloud_fail(cloud, at, "‘%s’ is no address with a prefix", text);
    else
        g_ptr_array_add(addresses, address);
}

char *provision_network_destination(const char *to, const char *netmask, const char *via)
{
    bool six = via != NULL && strchr(via, ':') != NULL;
    if (to == NULL || strcmp(to, "default") == 0)
        return g_strdup(six ? "::/0" : "0.0.0.0/0");
    return with_prefix(to, netmask == NULL ? -1 : provision_network_prefix_of(netmask));
}

void provision_network_add_route(ProvisionCloud *cloud, const ProvisionPlace *at,
                                 ProvisionInterface *interface, ProvisionRoute *route)
{
    if (route->to != NULL && (route->via == NULL || provision_network_is_address(route->via)) &&
        (route->from == NULL || provision_network_is_address(route->from))) {
        g_ptr_array_add(interface->routes, route);
        return;
    }
    provision_cloud_fail(cloud, at, "a route wants a destination and a gateway, both addresses");
    provision_route_free(route);
}

void provision_network_add_gateway(ProvisionCloud *cloud, const ProvisionPlace *at,
                                   ProvisionInterface *interface, const char *via)
{
    ProvisionRoute *route = provision_route_new();
    route->to = provision_network_destination(NULL, NULL, via);
    route->via = g_strdup(via);
    provision_network_add_route(cloud, at, interface, route);
}

void provision_network_add_texts(ProvisionCloud *cloud, const ProvisionValue *value, GPtrArray *to)
{
    g_auto(GStrv) texts = provision_cloud_texts(cloud, value);
    for (unsigned i = 0; texts[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit_set(texts[i], " ,\t", -1);
        for (unsigned w = 0; words[w] != NULL; w++) {
            if (words[w][0] != '\0' && strpbrk(words[w], "\n\r") == NULL)
                g_ptr_array_add(to, g_strdup(words[w]));
        }
    }
}

void provision_network_add_servers(ProvisionCloud *cloud, const ProvisionValue *value,
                                   GPtrArray *to)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    provision_network_add_texts(cloud, value, texts);
    for (guint i = 0; i < texts->len; i++) {
        const char *text = texts->pdata[i];
        if (provision_network_is_address(text))
            g_ptr_array_add(to, g_strdup(text));
        else
            provision_cloud_fail(cloud, &value->at, "‘%s’ is no address of a name server", text);
    }
}

ProvisionInterface *provision_network_find(const ProvisionNetwork *network, const char *id)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        ProvisionInterface *interface = network->interfaces->pdata[i];
        if (strcmp(interface->id, id) == 0)
            return interface;
    }
    return NULL;
}

void provision_network_add_parameter(ProvisionCloud *cloud, ProvisionInterface *interface,
                                     const char *key, const ProvisionValue *value)
{
    if (value->kind == PROVISION_VALUE_NULL)
        return;
    g_autofree char *text = NULL;
    bool flag = strcmp(key, "stp") == 0 || strcmp(key, "all-slaves-active") == 0;
    if (flag && provision_cloud_flag(cloud, value, &flag)) {
        text = g_strdup(flag ? "true" : "false");
    } else if (value->kind == PROVISION_VALUE_BOOL) {
        text = g_strdup(value->boolean ? "true" : "false");
    } else if (value->kind == PROVISION_VALUE_MAP) { /* path-cost: {eth0: 10} */
        g_autoptr(GString) joined = g_string_new(NULL);
        for (guint i = 0; i < value->members->len; i++) {
            const ProvisionMember *member = value->members->pdata[i];
            g_autofree char *cost = provision_cloud_text(cloud, member->value);
            g_string_append_printf(joined, "%s%s:%s", i > 0 ? "," : "", member->name,
                                   cost == NULL ? "" : cost);
        }
        text = g_string_free(g_steal_pointer(&joined), FALSE);
    } else {
        g_auto(GStrv) texts = provision_cloud_texts(cloud, value);
        text = g_strjoinv(",", texts);
    }
    if (strpbrk(text, "\n\r") == NULL)
        g_ptr_array_add(interface->parameters, g_strdup_printf("%s=%s", key, text));
    else
        provision_cloud_fail(cloud, &value->at, "must be one line");
}

static const ProvisionValue *list_or_null(const ProvisionValue *value)
{
    return value != NULL && value->kind == PROVISION_VALUE_LIST ? value : NULL;
}

static bool is_disabled(const ProvisionValue *config)
{
    const ProvisionValue *word = provision_value_find(config, "config");
    return word != NULL && word->kind == PROVISION_VALUE_STRING &&
           strcmp(word->text, "disabled") == 0;
}

ProvisionNetwork *provision_network_read(const ProvisionValue *config, ProvisionReport *report)
{
    const ProvisionCloudEnv env = {0};
    ProvisionCloud cloud = {.config = config, .env = &env, .report = report};
    const ProvisionValue *inner = provision_value_find(config, "network");
    g_autoptr(ProvisionNetwork) network = provision_network_new();
    if (inner != NULL)
        config = inner;
    if (config->kind == PROVISION_VALUE_NULL)
        return NULL;
    if (is_disabled(config)) {
        network->disabled = true;
        return g_steal_pointer(&network);
    }
    const ProvisionValue *version = provision_value_find(config, "version");
    g_autofree char *number = version == NULL ? NULL : provision_value_to_text(version);
    const ProvisionValue *list = list_or_null(provision_value_find(config, "config"));
    if (config->kind == PROVISION_VALUE_LIST) /* old: the list alone */
        list = config;
    if (g_strcmp0(number, "2") == 0) {
        provision_network_read_v2(&cloud, config, network);
    } else if (list != NULL && (number == NULL || strcmp(number, "1") == 0)) {
        provision_network_read_v1(&cloud, list, network);
    } else {
        provision_cloud_fail(&cloud, version != NULL ? &version->at : &config->at,
                             "is no network config: version 1 with a list ‘config’, or version 2");
        return NULL;
    }
    return g_steal_pointer(&network);
}
