/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define PROVISION_MIME_MAX_DEPTH 8
#define PROVISION_MIME_MAX_PARTS 1000
#define PROVISION_MIME_MAX_HEADERS 100

/**
 * ProvisionMimePart:
 * @content_type: lower case, without parameters; "text/plain" when it says none
 * @headers: (element-type utf8): name in lower case → value, unfolded
 * @filename: (nullable): of Content-Disposition, or the name of Content-Type
 * @bytes: decoded
 * @line: the line that @bytes begin on; 0 when they were decoded, and have lines of their own
 *
 * A leaf of a MIME message.
 */
typedef struct {
    char *content_type;
    GHashTable *headers;
    char *filename;
    GBytes *bytes;
    unsigned line;
} ProvisionMimePart;

void provision_mime_part_free(ProvisionMimePart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionMimePart, provision_mime_part_free)

/** provision_mime_is_message: whether cloud-init takes @bytes for a MIME message: "mime-version:"
 * stands in their first 4096 */
bool provision_mime_is_message(GBytes *bytes);

/**
 * provision_mime_parse:
 * @source: what @bytes are, for messages
 * @bytes: a message (RFC 2045, 2046); hostile
 * @error: %PROVISION_ERROR_INVALID "SOURCE:LINE:1: what is wrong"
 *
 * Returns: (transfer full) (element-type ProvisionMimePart): its leaves, in order. Like Python's
 *   parser a closing boundary may be missing.
 */
GPtrArray *provision_mime_parse(const char *source, GBytes *bytes,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
