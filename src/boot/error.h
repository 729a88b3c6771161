/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BOOT_ERROR (boot_error_quark())

/**
 * BootError:
 * @BOOT_ERROR_FAILED: no caller tells this failure apart from others
 * @BOOT_ERROR_INVALID: an environment block that GRUB would not read either
 */
typedef enum { BOOT_ERROR_FAILED, BOOT_ERROR_INVALID } BootError;

GQuark boot_error_quark(void);

G_END_DECLS
