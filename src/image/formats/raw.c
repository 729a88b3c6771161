/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The disk as it is, a sparse file.
 */
#include "image/formats/format.h"

const ImageFormat image_format_raw = {
    .name = "raw",
    .suffix = "raw",
    .summary = "the disk's bytes, as a sparse file",
};
