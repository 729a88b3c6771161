/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The host's public keys on the console: who has only a cloud's console output knows by them whom
 * ssh talks to. The marks around them are cloud-init's, which clouds' tools look for.
 */
#include "provision/apply/apply.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    char *type; /* "ssh-ed25519" */
    char *fingerprint;
    char *comment;
    unsigned bits;
    char *line;
} HostKey;

static void host_key_free(gpointer data)
{
    HostKey *self = data;
    g_free(self->type);
    g_free(self->fingerprint);
    g_free(self->comment);
    g_free(self->line);
    g_free(self);
}

/* RFC 4253: the modulus is the third field of an RSA key, after its type and exponent. */
static unsigned rsa_bits(const guchar *blob, gsize size_bytes)
{
    gsize at = 0;
    for (int field = 0; at + 4 <= size_bytes; field++) {
        gsize length = (gsize)blob[at] << 24 | (gsize)blob[at + 1] << 16 |
                       (gsize)blob[at + 2] << 8 | blob[at + 3];
        at += 4;
        if (length > size_bytes - at)
            return 0;
        for (; field == 2 && length > 0 && blob[at] == 0; length--)
            at++;
        if (field == 2)
            return length == 0 ? 0 : (unsigned)(8 * length) - 8 + g_bit_storage(blob[at]);
        at += length;
    }
    return 0;
}

static unsigned bits_of(const char *type, const guchar *blob, gsize size_bytes)
{
    const char *curve = strstr(type, "nistp");
    if (curve != NULL)
        return (unsigned)g_ascii_strtoull(curve + strlen("nistp"), NULL, 10);
    return strstr(type, "rsa") != NULL ? rsa_bits(blob, size_bytes) : 256;
}

/* (nullable): what is no key is not shown */
static HostKey *parse(char *text)
{
    g_auto(GStrv) words = g_strsplit(g_strstrip(text), " ", 3);
    gsize size_bytes = 0;
    if (g_strv_length(words) < 2)
        return NULL;
    g_autofree guchar *blob = g_base64_decode(words[1], &size_bytes);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize digest_bytes = sizeof digest;
    if (size_bytes == 0)
        return NULL;
    g_checksum_update(sum, blob, (gssize)size_bytes);
    g_checksum_get_digest(sum, digest, &digest_bytes);
    g_autofree char *base64 = g_base64_encode(digest, digest_bytes);
    base64[strcspn(base64, "=")] = '\0';
    HostKey *self = g_new0(HostKey, 1);
    self->type = g_strdup(words[0]);
    self->fingerprint = g_strconcat("SHA256:", base64, NULL);
    self->comment = g_strdup(words[2] != NULL ? words[2] : "no comment");
    self->bits = bits_of(words[0], blob, size_bytes);
    self->line = g_strdup(text);
    return self;
}

static GPtrArray *read_keys(ProvisionRoot *root)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(host_key_free);
    g_autoptr(GPtrArray) names = provision_root_list(root, "/etc/ssh");
    for (guint i = 0; i < names->len; i++) {
        if (!g_str_has_prefix(names->pdata[i], "ssh_host_") ||
            !g_str_has_suffix(names->pdata[i], "_key.pub"))
            continue;
        g_autofree char *path = g_build_filename("/etc/ssh", names->pdata[i], NULL);
        g_autofree char *text = provision_root_read_text(root, path);
        HostKey *key = text != NULL ? parse(text) : NULL;
        if (key != NULL)
            g_ptr_array_add(keys, key);
    }
    return keys;
}

static char *kind_of(const HostKey *key)
{
    const char *name = g_str_has_prefix(key->type, "ecdsa") ? "ecdsa" : key->type;
    name = g_str_has_prefix(name, "ssh-") ? name + strlen("ssh-") : name;
    return g_ascii_strup(name, -1);
}

bool provision_apply_console_keys(ProvisionApply *self, GError **error)
{
    const ProvisionFlag *emit = &self->plan->settings.ssh_emit_host_keys;
    (void)error;
    if (emit->value == PROVISION_NO) {
        provision_report_add(self->report, &emit->at, PROVISION_APPLIED, NULL);
        return true;
    }
    g_autoptr(GPtrArray) keys = read_keys(self->root);
    if (keys->len == 0 || !provision_root_is_running(self->root))
        return true;
    /* standard output is the console's, and the journal's */
    (void)printf("-----BEGIN SSH HOST KEY FINGERPRINTS-----\n");
    for (guint i = 0; i < keys->len; i++) {
        const HostKey *key = keys->pdata[i];
        g_autofree char *kind = kind_of(key);
        (void)printf("%u %s %s (%s)\n", key->bits, key->fingerprint, key->comment, kind);
    }
    (void)printf("-----END SSH HOST KEY FINGERPRINTS-----\n-----BEGIN SSH HOST KEY KEYS-----\n");
    for (guint i = 0; i < keys->len; i++)
        (void)printf("%s\n", ((const HostKey *)keys->pdata[i])->line);
    (void)printf("-----END SSH HOST KEY KEYS-----\n");
    (void)fflush(stdout);
    return true;
}
