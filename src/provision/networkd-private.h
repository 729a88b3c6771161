/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/network.h"

G_BEGIN_DECLS

/** provision_networkd_put: "key=value"; of nothing nothing comes */
void provision_networkd_put(GString *out, const char *key, const char *value);

/** provision_networkd_find: (nullable): the interface of that id or name */
const ProvisionInterface *provision_networkd_find(const ProvisionNetwork *network, const char *id);

/** provision_networkd_put_parameters: a bond's or bridge's section of its .netdev file */
void provision_networkd_put_parameters(GString *out, const ProvisionInterface *interface,
                                       ProvisionReport *report);

/** provision_networkd_put_port: what the bridge says of one of its ports ([Bridge] of a .network
 * file) */
void provision_networkd_put_port(GString *out, const ProvisionNetwork *network,
                                 const ProvisionInterface *port);

/** provision_networkd_is_primary: whether the bond's “primary” is this interface */
bool provision_networkd_is_primary(const ProvisionInterface *bond,
                                   const ProvisionInterface *interface);

/** provision_networkd_file_free: a #ProvisionNetworkdFile */
void provision_networkd_file_free(gpointer data);

G_END_DECLS
