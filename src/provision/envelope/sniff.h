/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/** ProvisionSniff: what a blob of user-data may be */
typedef enum {
    PROVISION_SNIFF_UNKNOWN,
    PROVISION_SNIFF_EMPTY,
    PROVISION_SNIFF_CLOUD_CONFIG,
    PROVISION_SNIFF_ARCHIVE,
    PROVISION_SNIFF_JSON_PATCH,
    PROVISION_SNIFF_SCRIPT,
    PROVISION_SNIFF_SCRIPT_PER_BOOT,
    PROVISION_SNIFF_SCRIPT_PER_INSTANCE,
    PROVISION_SNIFF_SCRIPT_PER_ONCE,
    PROVISION_SNIFF_BOOTHOOK,
    PROVISION_SNIFF_INCLUDE,
    PROVISION_SNIFF_INCLUDE_ONCE,
    PROVISION_SNIFF_PART_HANDLER,
    PROVISION_SNIFF_JINJA,
    PROVISION_SNIFF_IGNITION,
    PROVISION_SNIFF_PACKED,
} ProvisionSniff;

/** provision_sniff_text: by how @bytes begin, as cloud-init looks: white space before and case do
 * not matter; JSON with a key "ignition" is Ignition */
ProvisionSniff provision_sniff_text(GBytes *bytes);

/**
 * provision_sniff_type:
 * @content_type: of a MIME part or archive entry, lower case
 * @out_look: whether the text decides, and this is only what it is else
 *
 * Returns: what a part of that type is; %PROVISION_SNIFF_UNKNOWN when nobody handles it
 */
ProvisionSniff provision_sniff_type(const char *content_type, bool *out_look);

/** provision_sniff_ignition: (nullable): the offset of the JSON in @bytes, when there is nothing
 * but blank and comment lines before it, and it has ignition.version; @out_line gets its line
 * counted from 0; -1 when @bytes are something else */
gssize provision_sniff_ignition(GBytes *bytes, unsigned *out_line);

G_END_DECLS
