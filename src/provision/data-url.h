/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** provision_data_url_decode: (transfer full): what the data: URL @url (RFC 2397) has in it; the
 * error does not quote it */
GBytes *provision_data_url_decode(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_data_url_encode: (transfer full): @bytes as a data: URL, percent-encoded text when
 * that is shorter than base64 */
char *provision_data_url_encode(GBytes *bytes);

G_END_DECLS
