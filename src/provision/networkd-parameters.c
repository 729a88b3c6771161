/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parameters of bonds and bridges: netplan's names to systemd-networkd's.
 */
#include "provision/networkd-private.h"

#include "provision/report.h"

#include <string.h>

typedef enum { AS_IT_IS, MILLISECONDS, SECONDS, WORDS, FLAG } Form;

typedef struct {
    const char *theirs;
    const char *ours;
    Form form;
} Parameter;

static const Parameter bond_parameters[] = {
    {"mode", "Mode", AS_IT_IS},
    {"lacp-rate", "LACPTransmitRate", AS_IT_IS},
    {"mii-monitor-interval", "MIIMonitorSec", MILLISECONDS},
    {"min-links", "MinLinks", AS_IT_IS},
    {"transmit-hash-policy", "TransmitHashPolicy", AS_IT_IS},
    {"ad-select", "AdSelect", AS_IT_IS},
    {"all-slaves-active", "AllSlavesActive", FLAG},
    {"all-members-active", "AllSlavesActive", FLAG},
    {"arp-interval", "ARPIntervalSec", MILLISECONDS},
    {"arp-ip-targets", "ARPIPTargets", WORDS},
    {"arp-validate", "ARPValidate", AS_IT_IS},
    {"arp-all-targets", "ARPAllTargets", AS_IT_IS},
    {"up-delay", "UpDelaySec", MILLISECONDS},
    {"down-delay", "DownDelaySec", MILLISECONDS},
    {"fail-over-mac-policy", "FailOverMACPolicy", AS_IT_IS},
    {"gratuitous-arp", "GratuitousARP", AS_IT_IS},
    {"packets-per-slave", "PacketsPerSlave", AS_IT_IS},
    {"packets-per-member", "PacketsPerSlave", AS_IT_IS},
    {"primary-reselect-policy", "PrimaryReselectPolicy", AS_IT_IS},
    {"resend-igmp", "ResendIGMP", AS_IT_IS},
    {"learn-packet-interval", "LearnPacketIntervalSec", SECONDS},
    {0},
};

static const Parameter bridge_parameters[] = {
    {"ageing-time", "AgeingTimeSec", SECONDS},
    {"aging-time", "AgeingTimeSec", SECONDS},
    {"priority", "Priority", AS_IT_IS},
    {"forward-delay", "ForwardDelaySec", SECONDS},
    {"hello-time", "HelloTimeSec", SECONDS},
    {"max-age", "MaxAgeSec", SECONDS},
    {"stp", "STP", FLAG},
    {0},
};

static char *form_value(const char *value, Form form)
{
    bool is_number = *value != '\0' && strspn(value, "0123456789") == strlen(value);
    char *text = g_strdup(value);
    switch (form) {
    case MILLISECONDS:
    case SECONDS:
        if (is_number) {
            g_free(text);
            text = g_strconcat(value, form == SECONDS ? "s" : "ms", NULL);
        }
        break;
    case WORDS:
        g_strdelimit(text, ",", ' ');
        break;
    case FLAG: {
        static const char *const yes[] = {"true", "True", "yes", "on", "1", NULL};
        g_free(text);
        text = g_strdup(g_strv_contains(yes, value) ? "yes" : "no");
        break;
    }
    case AS_IT_IS:
        break;
    }
    return text;
}

static const Parameter *find(const Parameter *table, const char *name, size_t chars)
{
    for (; table->theirs != NULL; table++)
        if (strlen(table->theirs) == chars && strncmp(table->theirs, name, chars) == 0)
            return table;
    return NULL;
}

/* Said of a member rather than of the whole: put_port() and is_primary() look at these. */
static bool is_members(const char *name, size_t chars)
{
    static const char *const names[] = {"path-cost", "port-priority", "primary"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strlen(names[i]) == chars && strncmp(names[i], name, chars) == 0)
            return true;
    return false;
}

void provision_networkd_put_parameters(GString *out, const ProvisionInterface *interface,
                                       ProvisionReport *report)
{
    bool is_bond = interface->kind == PROVISION_LINK_BOND;
    const Parameter *table = is_bond ? bond_parameters : bridge_parameters;
    bool begun = false;
    if (!is_bond && interface->kind != PROVISION_LINK_BRIDGE)
        return;
    for (guint i = 0; i < interface->parameters->len; i++) {
        const char *text = g_ptr_array_index(interface->parameters, i);
        size_t chars = strcspn(text, "=");
        const Parameter *row = find(table, text, chars);
        if (row == NULL || text[chars] == '\0') {
            if (!is_members(text, chars))
                provision_report_add(report, &interface->at, PROVISION_UNSUPPORTED,
                                     "systemd-networkd has no parameter for “%.*s” of a %s",
                                     (int)chars, text, is_bond ? "bond" : "bridge");
            continue;
        }
        if (!begun)
            g_string_append(out, is_bond ? "\n[Bond]\n" : "\n[Bridge]\n");
        begun = true;
        g_autofree char *value = form_value(text + chars + 1, row->form);
        provision_networkd_put(out, row->ours, value);
    }
}

/* (nullable): of "name=eth0:10,eth1:20" the number of one port */
static char *of_port(const ProvisionInterface *bridge, const char *name,
                     const ProvisionInterface *port)
{
    size_t chars = strlen(name);
    for (guint i = 0; i < bridge->parameters->len; i++) {
        const char *text = g_ptr_array_index(bridge->parameters, i);
        if (strncmp(text, name, chars) != 0 || text[chars] != '=')
            continue;
        g_auto(GStrv) parts = g_strsplit(text + chars + 1, ",", -1);
        for (char **part = parts; *part != NULL; part++) {
            char *colon = strrchr(*part, ':');
            if (colon == NULL)
                continue;
            *colon = '\0';
            if (g_strcmp0(*part, port->id) == 0 || g_strcmp0(*part, port->name) == 0)
                return g_strdup(colon + 1);
        }
    }
    return NULL;
}

void provision_networkd_put_port(GString *out, const ProvisionNetwork *network,
                                 const ProvisionInterface *port)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        const ProvisionInterface *bridge = g_ptr_array_index(network->interfaces, i);
        if (bridge->kind != PROVISION_LINK_BRIDGE)
            continue;
        g_autofree char *cost = of_port(bridge, "path-cost", port);
        g_autofree char *priority = of_port(bridge, "port-priority", port);
        if (cost == NULL && priority == NULL)
            continue;
        g_string_append(out, "\n[Bridge]\n");
        provision_networkd_put(out, "Cost", cost);
        provision_networkd_put(out, "Priority", priority);
    }
}

bool provision_networkd_is_primary(const ProvisionInterface *bond,
                                   const ProvisionInterface *interface)
{
    for (guint i = 0; i < bond->parameters->len; i++) {
        const char *text = g_ptr_array_index(bond->parameters, i);
        if (!g_str_has_prefix(text, "primary="))
            continue;
        const char *name = text + strlen("primary=");
        return g_strcmp0(name, interface->id) == 0 || g_strcmp0(name, interface->name) == 0;
    }
    return false;
}
