/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IMAGE_ERROR (image_error_quark())

/**
 * ImageError:
 * @IMAGE_ERROR_FAILED: no caller tells this failure apart
 * @IMAGE_ERROR_REF: the repository has no such ref or commit
 * @IMAGE_ERROR_TREE: the tree cannot be booted: no kernel, no boot loader
 * @IMAGE_ERROR_SIZE: the tree does not fit into the disk that was asked for
 * @IMAGE_ERROR_OPTION: an option's value cannot be used
 */
typedef enum {
    IMAGE_ERROR_FAILED,
    IMAGE_ERROR_REF,
    IMAGE_ERROR_TREE,
    IMAGE_ERROR_SIZE,
    IMAGE_ERROR_OPTION,
} ImageError;

GQuark image_error_quark(void);

G_END_DECLS
