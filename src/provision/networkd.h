/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/network.h"
#include "provision/report.h"

G_BEGIN_DECLS

#define PROVISION_NETWORKD_DIR "etc/systemd/network"
#define PROVISION_NETWORKD_PREFIX "10-atoll-"

/**
 * ProvisionNetworkdFile:
 * @name: (owned): "10-atoll-eth0.network"
 * @text: (owned): its contents
 */
typedef struct {
    char *name;
    char *text;
} ProvisionNetworkdFile;

/**
 * provision_networkd_render:
 * @network: a network
 * @report: what networkd cannot do (unsupported) or what is wrong (failed)
 *
 * Returns: (transfer full) (element-type ProvisionNetworkdFile): .link, .netdev and .network files
 *   for systemd-networkd, sorted by name; none when @network is disabled
 */
GPtrArray *provision_networkd_render(const ProvisionNetwork *network, ProvisionReport *report);

/** provision_networkd_default: (transfer full) (nullable): DHCP on the first network card; %NULL
 * when the image has .network files or NetworkManager connections of its own (what systemd itself
 * ships in /usr/lib does not count), or there is no card */
ProvisionNetwork *provision_networkd_default(int root);

/**
 * provision_networkd_apply:
 * @network: (nullable): the network; %NULL makes the default: DHCP on the first network card,
 * unless the image has a network configuration of its own
 * @root: descriptor of the root directory
 * @out_changed: whether networkd has to look again
 * @error: return location
 *
 * Writes the files to /etc/systemd/network, where later boots find them without us, and takes away
 * those of an earlier call that are no more.
 */
bool provision_networkd_apply(const ProvisionNetwork *network, int root, ProvisionReport *report,
                              bool *out_changed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
