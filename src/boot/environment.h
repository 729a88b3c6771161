/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** BOOT_ENVIRONMENT_BYTES: the size that GRUB gives its environment block, and keeps */
#define BOOT_ENVIRONMENT_BYTES 1024u
/** BOOT_ENVIRONMENT_PATH: where it lies, from the root of the disk */
#define BOOT_ENVIRONMENT_PATH "boot/grub/grubenv"

/**
 * boot_environment_get:
 * @block: contents of the file
 * @size_bytes: their length
 * @name: of a variable
 * @error: %BOOT_ERROR_INVALID: not a block that GRUB would read
 *
 * Returns: (transfer full): its value; "" when there is none
 */
char *boot_environment_get(const char *block, size_t size_bytes, const char *name,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * boot_environment_print:
 * @name: of the only variable; letters, digits and "_"
 * @value: the same
 * @out_block: filled to its last byte
 *
 * Writes a block as GRUB's util/editenv.c does. With one short variable all that ever changes
 * is in the first sector, which disks write as a whole.
 */
void boot_environment_print(const char *name, const char *value,
                            char out_block[static BOOT_ENVIRONMENT_BYTES]);

G_END_DECLS
