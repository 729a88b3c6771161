/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * File capabilities from the text in a package's header to the bytes that the kernel keeps.
 */
#include "packages/formats/capabilities.h"

#include "packages/error.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/capability.h>

#define TEXT_MAX_BYTES 4096

static uint32_t bits(cap_t caps, cap_flag_t flag, cap_value_t first)
{
    uint32_t value = 0;
    for (cap_value_t i = 0; i < 32; i++) {
        cap_flag_value_t is_set = CAP_CLEAR;
        if (cap_get_flag(caps, first + i, flag, &is_set) == 0 && is_set == CAP_SET)
            value |= UINT32_C(1) << i;
    }
    return value;
}

GBytes *packages_capabilities_parse(const char *text, GError **error)
{
    cap_t caps = strnlen(text, TEXT_MAX_BYTES) < TEXT_MAX_BYTES ? cap_from_text(text) : NULL;
    if (caps == NULL) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "‘%.100s’ are no file capabilities", text);
        return NULL;
    }
    struct vfs_cap_data data = {.magic_etc = GUINT32_TO_LE(VFS_CAP_REVISION_2)};
    for (int i = 0; i < VFS_CAP_U32_2; i++) {
        data.data[i].permitted = GUINT32_TO_LE(bits(caps, CAP_PERMITTED, i * 32));
        data.data[i].inheritable = GUINT32_TO_LE(bits(caps, CAP_INHERITABLE, i * 32));
        /* a file has one bit for all of its effective capabilities */
        if (bits(caps, CAP_EFFECTIVE, i * 32) != 0)
            data.magic_etc |= GUINT32_TO_LE(VFS_CAP_FLAGS_EFFECTIVE);
    }
    (void)cap_free(caps);
    return g_bytes_new(&data, XATTR_CAPS_SZ_2);
}
