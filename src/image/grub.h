/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/layout.h"

G_BEGIN_DECLS

/**
 * ImageGrub:
 * @bios_boot: boot.img, the code of the master boot record
 * @bios_core: core.img, with the modules it needs built in
 * @efi_core: the EFI application
 *
 * A tree's boot loader, made for one disk.
 */
typedef struct {
    GBytes *bios_boot;
    GBytes *bios_core;
    GBytes *efi_core;
} ImageGrub;

/** image_grub_clear: frees what image_grub_build() filled */
void image_grub_clear(ImageGrub *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageGrub, image_grub_clear)

/**
 * image_grub_missing_packages:
 * @root: root of the tree
 *
 * Returns: (nullable) (transfer full): the packages that the tree lacks for this boot loader
 */
char *image_grub_missing_packages(GFile *root);

/**
 * image_grub_build:
 * @self: what to fill
 * @root: path of the tree's root
 * @scratch: directory for temporary files
 * @root_uuid: UUID of the file system with /boot
 * @cancellable: (nullable): stops it
 * @error: return location
 *
 * Runs the tree's own grub-mkimage in a sandbox, for i386-pc and x86_64-efi.
 */
bool image_grub_build(ImageGrub *self, const char *root, const char *scratch, const char *root_uuid,
                      GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * image_grub_install_bios:
 * @self: the boot loader
 * @layout: the disk's partitions
 * @fd: the disk, its partition table written
 * @error: return location
 *
 * Writes boot.img into the master boot record around the partition table, and core.img into
 * the BIOS boot partition.
 */
bool image_grub_install_bios(const ImageGrub *self, const ImageLayout *layout, int fd,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
