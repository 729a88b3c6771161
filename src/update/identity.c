/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who asks for updates.
 */
#include "update/identity.h"

#include <stdbool.h>
#include <string.h>

#define ID_BYTES 16
#define ID_CHARS (2 * ID_BYTES)

static const guint8 application_id[ID_BYTES] = {0xde, 0x35, 0x10, 0x6b, 0x6e, 0xc2, 0x46, 0x88,
                                                0xb6, 0x3a, 0xfd, 0xda, 0xa1, 0x56, 0x67, 0x9b};

static bool parse_id(const char *text, guint8 out_id[static ID_BYTES])
{
    size_t chars = strcspn(text, "\n");
    if (chars != ID_CHARS || strspn(text, "0123456789abcdef") != ID_CHARS ||
        strcspn(text + chars, "\n") != 0 || strlen(text) > ID_CHARS + 1)
        return false;
    for (unsigned i = 0; i < ID_BYTES; i++)
        out_id[i] = (guint8)((unsigned)g_ascii_xdigit_value(text[2 * i]) << 4 |
                             (unsigned)g_ascii_xdigit_value(text[2 * i + 1]));
    return true;
}

char *update_identity_derive(const char *machine_id, GError **error)
{
    guint8 id[ID_BYTES];
    guint8 digest[32];
    gsize size = sizeof digest;
    if (!parse_id(machine_id, id)) {
        g_set_error_literal(error, UPDATE_ERROR, UPDATE_ERROR_INVALID,
                            "/etc/machine-id is not 32 hexadecimal digits; "
                            "‘systemd-machine-id-setup’ makes one, or set identity.node-uuid");
        return NULL;
    }
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, id, sizeof id);
    g_hmac_update(hmac, application_id, sizeof application_id);
    g_hmac_get_digest(hmac, digest, &size);
    /* a random UUID's version and variant (RFC 9562) */
    digest[6] = (guint8)((digest[6] & 0x0f) | 0x40);
    digest[8] = (guint8)((digest[8] & 0x3f) | 0x80);
    GString *text = g_string_sized_new(ID_CHARS);
    for (unsigned i = 0; i < ID_BYTES; i++)
        g_string_append_printf(text, "%02x", digest[i]);
    return g_string_free(text, FALSE);
}
