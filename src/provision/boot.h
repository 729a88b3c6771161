/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/identify.h"
#include "provision/report.h"

G_BEGIN_DECLS

#define PROVISION_BOOT_RUN_DIR "run/atoll/provision"
#define PROVISION_BOOT_STATE_DIR "var/lib/atoll/provision"

/**
 * ProvisionBootState:
 * @PROVISION_BOOT_READY: the instance is in /run/atoll/provision, and the network is configured
 * @PROVISION_BOOT_NEEDS_NETWORK: somebody has to be asked over the network, which has been given
 *   DHCP for that
 * @PROVISION_BOOT_NOTHING: this host has no configuration
 */
typedef enum {
    PROVISION_BOOT_READY,
    PROVISION_BOOT_NEEDS_NETWORK,
    PROVISION_BOOT_NOTHING,
} ProvisionBootState;

/**
 * ProvisionBoot:
 * @root: descriptor of the root
 * @live: the root is the running system: devices are waited for, systemd-networkd is told
 * @endpoint: (nullable): see #ProvisionDatasourceEnv
 * @timeout_us: for the network
 * @report: what is said of the network configuration
 */
typedef struct {
    int root;
    bool live;
    const char *endpoint;
    int64_t timeout_us;
    ProvisionReport *report;
} ProvisionBoot;

/**
 * provision_boot_local:
 * @boot: what to work with
 * @out_state: what the next stage has to do
 *
 * Before the network: identifies the platform and asks the local datasources. A host that is known
 * by its firmware to be the one whose instance was read over the network before keeps that
 * instance: nobody is asked again. Clones have another firmware, or other local volumes.
 */
bool provision_boot_local(const ProvisionBoot *boot, ProvisionBootState *out_state,
                          GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_boot_network: when provision_boot_local() came to %PROVISION_BOOT_NEEDS_NETWORK: asks,
 * until the time is over; otherwise does nothing */
bool provision_boot_network(const ProvisionBoot *boot, ProvisionBootState *out_state,
                            GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_boot_ready: tells a platform that wants to know that the host is up; once an
 * instance */
bool provision_boot_ready(const ProvisionBoot *boot, GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
