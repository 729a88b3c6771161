/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <net/if.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ProvisionLinklocal:
 * @name: the network card, "" while there is none
 * @was_up: it was up before
 *
 * An address of 169.254.0.0/16 on the first network card, for as long as metadata is read: some
 * platforms have no DHCP.
 */
typedef struct {
    char name[IFNAMSIZ];
    bool was_up;
} ProvisionLinklocal;

/**
 * provision_linklocal_open:
 * @self: filled in
 * @root: whose /sys/class/net is read
 * @error: return location
 *
 * Gives the first card an address, unless one has a way to the metadata service already.
 */
bool provision_linklocal_open(ProvisionLinklocal *self, int root,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_linklocal_close: takes it away again */
void provision_linklocal_close(ProvisionLinklocal *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProvisionLinklocal, provision_linklocal_close)

/** provision_linklocal_first_card: (transfer full) (nullable): the first physical network card of
 * /sys/class/net, by index; virtual ones (bridges, bonds, tunnels) do not count, unless there is
 * nothing else */
char *provision_linklocal_first_card(int root);

G_END_DECLS
