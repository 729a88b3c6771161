/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/fetch.h"
#include "provision/plan.h"
#include "provision/report.h"

G_BEGIN_DECLS

#define PROVISION_DISKS_WAIT_MS 90000
#define PROVISION_DISKS_STATE "/run/atoll/provision/disks"

/**
 * ProvisionDisks:
 * @plan: what is wanted
 * @report: gets a record for each disk, array, volume and file system
 * @contents: (nullable): gets key files
 * @contents_data: for @contents
 * @root: (nullable): where provision_disks_mount() mounts ("/sysroot")
 * @wait_ms: how long a device may take to appear
 * @cancellable: (nullable)
 *
 * What the stages of disks work with. All borrowed. The mechanism is children (mkfs.*, mdadm,
 * cryptsetup, clevis, udevadm), and partition tables directly.
 */
typedef struct {
    const ProvisionPlan *plan;
    ProvisionReport *report;
    GBytes *(*contents)(void *data, const ProvisionContents *contents, GCancellable *cancellable,
                        GError **error);
    void *contents_data;
    const char *root;
    unsigned wait_ms;
    GCancellable *cancellable;
} ProvisionDisks;

/** provision_disks_make: partitions, RAID, LUKS, file systems; the first failure ends it */
bool provision_disks_make(ProvisionDisks *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_mount: mounts the file systems that have a path, parents first */
bool provision_disks_mount(ProvisionDisks *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_disks_umount: takes them off again, children first */
bool provision_disks_umount(ProvisionDisks *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_disks_partition:
 * @fd: a disk or an image
 * @disk: what is wanted
 * @out_changed: whether anything was written
 * @error: return location
 *
 * Brings the partition table about, and tells the kernel.
 */
bool provision_disks_partition(int fd, const ProvisionDisk *disk, bool *out_changed,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_disks_grow:
 * @fd: a disk or an image
 * @number: of the partition, from 1
 * @out_is_gpt: whether it has a GUID partition table; without one nothing is done
 * @out_changed: whether the partition has grown
 * @error: return location
 *
 * Gives a partition the free space behind it, in whole MiB, while it may be mounted; tells the
 * kernel.
 */
bool provision_disks_grow(int fd, unsigned number, bool *out_is_gpt, bool *out_changed,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * ProvisionProbe:
 * @type: "" when the device is blank, else the kind of what is there: "ext4", "swap",
 *   "crypto_LUKS", "gpt", …
 * @label: ""
 * @uuid: ""
 *
 * What a device has in it.
 */
typedef struct {
    char type[32];
    char label[257];
    char uuid[65];
} ProvisionProbe;

/** provision_disks_probe: looks at @device */
bool provision_disks_probe(const char *device, ProvisionProbe *out_probe,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** ProvisionFormatAction: what becomes of a device that is to have a file system */
typedef enum {
    PROVISION_FORMAT_KEEP,  /* it has it */
    PROVISION_FORMAT_MAKE,  /* it is blank, or may be wiped */
    PROVISION_FORMAT_WIPE,  /* it is to be blank (format none) */
    PROVISION_FORMAT_ERROR, /* it has something else */
} ProvisionFormatAction;

/** provision_disks_decide_format: by Ignition's rules, and cloud-config's only_if_blank */
ProvisionFormatAction provision_disks_decide_format(const ProvisionFilesystem *wanted,
                                                    const ProvisionProbe *there);

/** provision_disks_mkfs: (transfer full): program and arguments that make @wanted; %NULL for a
 * format that is not one */
char **provision_disks_mkfs(const ProvisionFilesystem *wanted);

G_END_DECLS
