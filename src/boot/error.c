/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot/error.h"

G_DEFINE_QUARK(boot_error, boot_error)
