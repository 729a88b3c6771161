/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

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

/** boot_menu_script: (transfer full): /boot/grub/grub.cfg; it never changes on a host */
char *boot_menu_script(void);

G_END_DECLS
