/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/disks/disks.h"
#include "provision/disks/gpt.h"

/** provision_disks_run: runs @argv to its end; @stdin_bytes (nullable) may be secret */
bool provision_disks_run(ProvisionDisks *self, const char *what, const char *const *argv,
                         GBytes *stdin_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_wait: until @device is there */
bool provision_disks_wait(ProvisionDisks *self, const char *device,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_settle: until udev has made its links, when there is udev */
void provision_disks_settle(ProvisionDisks *self);

/** provision_disks_wipe: takes every signature off @device */
bool provision_disks_wipe(const char *device, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_make_raid: one array */
bool provision_disks_make_raid(ProvisionDisks *self, const ProvisionRaid *raid,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_make_luks: one volume, opened; what the real root needs goes to
 * %PROVISION_DISKS_STATE */
bool provision_disks_make_luks(ProvisionDisks *self, const ProvisionLuks *luks,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_tell_kernel: makes the partitions of the disk @fd those of @after, where the
 * kernel knows those of @before; nothing when it is an image */
bool provision_disks_tell_kernel(int fd, const ProvisionGpt *before, const ProvisionGpt *after,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
