/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * ProvisionVolume:
 * @label: file system label
 * @type: file system type ("iso9660", "vfat", …)
 * @device: path of the device
 */
typedef struct {
    char *label;
    char *type;
    char *device;
} ProvisionVolume;

/**
 * ProvisionPlatform:
 * @sys_vendor: SMBIOS; "" when the machine does not say, as all of these
 * @product_name: SMBIOS
 * @product_serial: SMBIOS
 * @product_uuid: SMBIOS, lower case
 * @chassis_asset_tag: SMBIOS
 * @board_asset_tag: SMBIOS
 * @bios_vendor: SMBIOS
 * @hypervisor_uuid: /sys/hypervisor/uuid
 * @virt: systemd's word for the hypervisor or container, "" for none
 * @kernel_args: (element-type utf8): the kernel's command line, by words
 * @pid1_product: product_name of process 1's environment (LXC's OpenStack)
 * @kernel_line: the same as it was read
 * @seeds: (element-type utf8): names of directories below /var/lib/cloud/seed
 * @has_fw_cfg: QEMU's firmware configuration has opt/com.coreos/config
 * @has_lxd: the LXD or Incus socket or port is there
 * @volumes: (element-type ProvisionVolume): labelled volumes that may be configuration: ask by
 *   provision_platform_volume(), which reads the devices when first needed
 * @volumes_root: (owned): descriptor by which they are read, -1 once they are
 *
 * What a dozen reads say of the machine. No network.
 */
typedef struct {
    char *sys_vendor;
    char *product_name;
    char *product_serial;
    char *product_uuid;
    char *chassis_asset_tag;
    char *board_asset_tag;
    char *bios_vendor;
    char *hypervisor_uuid;
    char *virt;
    char **kernel_args;
    char *kernel_line;
    char **seeds;
    char *pid1_product;
    bool has_fw_cfg;
    bool has_lxd;
    GPtrArray *volumes;
    int *volumes_root;
} ProvisionPlatform;

/** provision_platform_read: reads /sys, /proc and /dev below the directory @root; what is not
 * there is "" */
ProvisionPlatform *provision_platform_read(int root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void provision_platform_free(ProvisionPlatform *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionPlatform, provision_platform_free)

/** provision_platform_karg: (nullable) (transfer none): the value of the last kernel argument
 * @name ("" when it has none) */
const char *provision_platform_karg(const ProvisionPlatform *self, const char *name);

/** provision_platform_has_seed: whether /var/lib/cloud/seed/@name is a directory */
bool provision_platform_has_seed(const ProvisionPlatform *self, const char *name);

/** provision_platform_volume: (nullable) (transfer none): the volume with that label, in any case;
 * a label that ends in “*” is the beginning of one */
const ProvisionVolume *provision_platform_volume(const ProvisionPlatform *self, const char *label);

/** provision_platform_split_args: (transfer full): a kernel command line's words, as the kernel
 * splits them */
char **provision_platform_split_args(const char *line);

G_END_DECLS
