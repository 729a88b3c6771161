/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/datasource.h"

G_BEGIN_DECLS

/**
 * ProvisionIdentity:
 * @disabled: by the owner ("cloud-init=disabled", /etc/cloud/cloud-init.disabled) or since nothing
 *   says that there is configuration: nothing is to be done
 * @network_disabled: "network-config=disabled": the network is left alone
 * @probing: nothing identified the platform: @datasources are only guesses
 * @reason: (owned): what it was known by, for people
 * @datasources: (element-type ProvisionDatasource) (borrowed elements): in the order of asking
 * @inline_config: (owned) (nullable): cloud-config of the kernel's command line ("cc: … end_cc")
 * @config_url: (owned) (nullable): "cloud-config-url="
 *
 * Who is asked for this host's configuration.
 */
typedef struct {
    bool disabled;
    bool network_disabled;
    bool probing;
    char *reason;
    GPtrArray *datasources;
    char *inline_config;
    char *config_url;
} ProvisionIdentity;

void provision_identity_free(ProvisionIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionIdentity, provision_identity_free)

/**
 * provision_identify:
 * @platform: what the machine says
 * @root: for /etc/cloud, /usr/lib/atoll/provision.d and /etc/atoll/provision.d: datasource lists
 *   and switches of the owner
 * @error: return location
 *
 * No network. The order: switches that turn everything off; a datasource that the kernel's
 * arguments name ("ds=", "ignition.platform.id="); a list of one in /etc; SMBIOS and labels;
 * guesses.
 */
ProvisionIdentity *provision_identify(const ProvisionPlatform *platform, int root,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_identity_fetch:
 * @self: an identity
 * @env: what datasources work with
 * @kinds: %PROVISION_DATASOURCE_LOCAL, %PROVISION_DATASOURCE_NETWORK, or both
 * @out_datasource: (optional): who answered
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_NOT_FOUND when none of these has anything for this host (after a local
 *   stage: try again with the network); other errors are the platform's
 *
 * Asks one after the other; guesses over the network at the same time, for a few seconds. Adds the
 * kernel's own cloud-config.
 */
ProvisionInstance *
provision_identity_fetch(const ProvisionIdentity *self, const ProvisionDatasourceEnv *env,
                         ProvisionDatasourceFlags kinds, const ProvisionDatasource **out_datasource,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_identity_needs_network: whether one of @self's datasources, or its config URL, can
 * only be read over the network */
bool provision_identity_needs_network(const ProvisionIdentity *self);

G_END_DECLS
