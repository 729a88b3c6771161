/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * BOOT_MENU_LOADER_MARK:
 *
 * printf format, with the boot version (0 or 1), of a file relative to the root of the disk. It is
 * only ever made in the /boot/loader of its own version, and so tells GRUB which of the two
 * /boot/loader leads to.
 */
#define BOOT_MENU_LOADER_MARK "boot/loader.%d/entries/atoll-good-%d"
/**
 * BOOT_MENU_LINKS_MARK:
 *
 * printf format, with the boot version, of a file in the directory of links that libostree boots
 * through. Together the two say that what the menu starts by default was found good.
 */
#define BOOT_MENU_LINKS_MARK "ostree/boot.%d/atoll-good"

/** BOOT_MENU_MAX_BYTES: more than any script of ours has */
#define BOOT_MENU_MAX_BYTES (64 * 1024)

/**
 * boot_menu_script:
 *
 * Returns: (transfer full): /boot/grub/grub.cfg of this version
 */
char *boot_menu_script(void);

/**
 * boot_menu_is_own:
 * @script: a grub.cfg
 *
 * Returns: whether it begins as those of this and of earlier versions do; one that does not is an
 *   administrator's own
 */
bool boot_menu_is_own(const char *script);

G_END_DECLS
