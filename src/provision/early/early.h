/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/fetch.h"
#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

#define PROVISION_EARLY_CACHE "/run/ignition.json"
#define PROVISION_EARLY_NEED_NETWORK "/run/atoll/provision/need-network"
#define PROVISION_EARLY_STAMP "/etc/.ignition-result.json"

/**
 * ProvisionEarly:
 * @platform: (nullable): Ignition's word for it; %NULL: of the kernel argument
 *   ignition.platform.id, else whatever is found
 * @root: where the real root is ("/sysroot")
 * @cache: the merged config, between stages
 * @need_network: file that says that the config has to be fetched with the network
 * @fetcher: gets what the config refers to
 * @report: gets a record for each key
 * @cancellable: (nullable)
 *
 * What a stage of the initramfs works with. All borrowed.
 */
typedef struct {
    const char *platform;
    const char *root;
    const char *cache;
    const char *need_network;
    ProvisionFetcher *fetcher;
    ProvisionReport *report;
    GCancellable *cancellable;
} ProvisionEarly;

/** provision_early_stages: names of the stages, %NULL-terminated: fetch-offline, fetch, kargs,
 * disks, mount, files, umount, and all, which is what a first boot does without the network */
extern const char *const provision_early_stages[];

/**
 * provision_early_run:
 * @self: what to work with
 * @stage: one of provision_early_stages
 * @out_nothing: whether there was nothing to do
 * @error: the first failure; the others are in the report
 *
 * Runs one stage, as Ignition's of the same name.
 */
bool provision_early_run(ProvisionEarly *self, const char *stage, bool *out_nothing,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_early_acquire: (nullable) (transfer full): the merged config: of the image's own, of
 * user.ign, the kernel argument ignition.config.url, or the platform; %NULL without error when
 * there is none */
ProvisionValue *provision_early_acquire(ProvisionEarly *self, GError **error);

/** provision_early_files: users, files and units into the root */
bool provision_early_files(ProvisionEarly *self, const ProvisionPlan *plan,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_early_mount_var: mounts the /var that an OSTree host's deployments share at that of
 * @self's root; nothing on any other host, and where it is mounted already */
bool provision_early_mount_var(const ProvisionEarly *self,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_early_umount_var: takes off what provision_early_mount_var() has mounted */
bool provision_early_umount_var(const ProvisionEarly *self,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_early_kargs: changes the kernel arguments of the deployment @self's root is of by
 * atoll-host; @out_changed: a reboot is wanted */
bool provision_early_kargs(ProvisionEarly *self, const ProvisionPlan *plan, bool *out_changed,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_early_karg: (nullable) (transfer full): the last value of a kernel argument in the
 * command line @cmdline; "" when it has none */
char *provision_early_karg(const char *cmdline, const char *name);

/** provision_early_tell: puts @message on every console, and into the kernel's log */
void provision_early_tell(const char *message);

G_END_DECLS
