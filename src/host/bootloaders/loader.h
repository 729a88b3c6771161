/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/core.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * HostLoaderDisk:
 * @disk: (owned): device of the disk that / is on
 * @bios: (owned) (nullable): device of its BIOS boot partition
 * @bios_sector: where that starts on @disk
 * @bios_bytes: its length
 * @esp: (owned) (nullable): device of its EFI system partition
 *
 * Where boot loaders lie.
 */
typedef struct {
    char *disk;
    char *bios;
    uint64_t bios_sector;
    uint64_t bios_bytes;
    char *esp;
} HostLoaderDisk;

/**
 * host_loader_disk_find:
 * @device: number of the device that / is on
 * @out_disk: filled in; without partitions when / is not on a partition made by ‘atoll image’
 * @error: return location
 */
bool host_loader_disk_find(dev_t device, HostLoaderDisk *out_disk,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void host_loader_disk_clear(HostLoaderDisk *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostLoaderDisk, host_loader_disk_clear)

/**
 * HostLoader:
 * @name: for messages
 * @target: what to make for it
 * @present: whether @disk has a place for it
 * @install: puts @core, made anew, in place unless it is there already; what was there stays as
 *   the fallback. @boot is the tree's boot.img, for BIOS. @out_changed says whether it did
 *
 * A kind of firmware: a file beside this one, a row in loaders.c.
 */
typedef struct {
    const char *name;
    const BootCoreTarget *target;
    bool (*present)(const HostLoaderDisk *disk);
    bool (*install)(const HostLoaderDisk *disk, GBytes *core, GBytes *boot, bool *out_changed,
                    GError **error);
} HostLoader;

/** host_loaders: %NULL-terminated */
extern const HostLoader *const host_loaders[];
extern const HostLoader host_loader_bios;
extern const HostLoader host_loader_efi;

G_END_DECLS
