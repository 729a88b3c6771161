/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define BOOT_CORE_SECTOR_BYTES 512u
/** BOOT_CORE_CODE_BYTES: of the master boot record; the disk's signature and partitions follow */
#define BOOT_CORE_CODE_BYTES 0x1b8u
#define BOOT_CORE_MAX_BYTES (16u << 20)

/**
 * BootCoreTarget:
 * @format: grub-mkimage's name for it
 * @dir: where its modules are in a tree, without the first slash
 * @package: the package that brings them
 *
 * A kind of firmware.
 */
typedef struct {
    const char *format;
    const char *dir;
    const char *package;
    const char *const *modules;
} BootCoreTarget;

extern const BootCoreTarget boot_core_bios;
extern const BootCoreTarget boot_core_efi;

/**
 * boot_core_argv:
 * @target: for what firmware
 * @early: file with what boot_core_early() made
 * @output: file to write
 *
 * Returns: (transfer full): the arguments of a tree's own grub-mkimage, with the tree as root: all
 *   modules that are ever needed are built in
 */
char **boot_core_argv(const BootCoreTarget *target, const char *early, const char *output);

/** boot_core_early: (transfer full): what GRUB does first: finds the file system with @root_uuid */
char *boot_core_early(const char *root_uuid);

/**
 * boot_core_patch_boot:
 * @boot: (inout): the 512 bytes of boot.img
 * @core_sector: where core.img starts on the disk
 * @error: return location
 *
 * Tells boot.img where its next stage lies (grub-core/boot/i386/pc/boot.S).
 */
bool boot_core_patch_boot(uint8_t boot[static BOOT_CORE_SECTOR_BYTES], uint64_t core_sector,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** boot_core_sector: where the next stage of @boot lies */
uint64_t boot_core_sector(const uint8_t boot[static BOOT_CORE_SECTOR_BYTES]);

/**
 * boot_core_patch_core:
 * @core: (inout): core.img
 * @size_bytes: its length
 * @core_sector: where it starts on the disk
 * @error: return location
 *
 * Tells core.img's first sector where the others lie (grub-core/boot/i386/pc/diskboot.S).
 */
bool boot_core_patch_core(uint8_t *core, size_t size_bytes, uint64_t core_sector,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
