/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signed configuration: ed25519 over the exact bytes before the line that has the signature. Which
 * parts of an envelope must be signed is envelope.c's to know.
 */
#include "provision/envelope/trust.h"

#include "base/ed25519.h"
#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define KEY_FILE_MAX_BYTES (64 * 1024)
/* What a key signs here can be mistaken for nothing else that it signs. */
#define SIGNED_FIRST "atoll-provision configuration 1\n"

struct _ProvisionTrust {
    GArray *keys;
};

typedef struct {
    uint8_t bytes[BASE_ED25519_PUBLIC_BYTES];
} PublicKey;

ProvisionTrust *provision_trust_new(void)
{
    ProvisionTrust *self = g_new0(ProvisionTrust, 1);
    self->keys = g_array_new(FALSE, FALSE, sizeof(PublicKey));
    return self;
}

void provision_trust_free(ProvisionTrust *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->keys);
    g_free(self);
}

bool provision_trust_is_required(const ProvisionTrust *self)
{
    return self != NULL && self->keys->len > 0;
}

bool provision_trust_add_key(ProvisionTrust *self, const char *base64, GError **error)
{
    gsize size_bytes = 0;
    g_autofree guchar *bytes = g_base64_decode(base64, &size_bytes);
    g_autofree char *again = g_base64_encode(bytes, size_bytes);
    if (size_bytes != BASE_ED25519_PUBLIC_BYTES || strcmp(again, base64) != 0) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "‘%s’ is no public key: base64 of %d bytes is", base64,
                    BASE_ED25519_PUBLIC_BYTES);
        return false;
    }
    PublicKey key;
    memcpy(key.bytes, bytes, sizeof key.bytes);
    g_array_append_val(self->keys, key);
    return true;
}

static bool load_file(ProvisionTrust *self, int dfd, const char *name, GError **error)
{
    base_autofd fd = openat(dfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "opening the key file ‘%s’", name);
    }
    g_autofree char *text = g_malloc0(KEY_FILE_MAX_BYTES + 1);
    size_t length = 0;
    ssize_t n = 0;
    while (length < KEY_FILE_MAX_BYTES &&
           (n = read(fd, text + length, KEY_FILE_MAX_BYTES - length)) > 0)
        length += (size_t)n;
    if (n < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "reading the key file ‘%s’", name);
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_strstrip(lines[i]);
        if (lines[i][0] == '\0' || lines[i][0] == '#')
            continue;
        if (!provision_trust_add_key(self, lines[i], error)) {
            g_prefix_error(error, "%s:%u: ", name, i + 1);
            return false;
        }
    }
    return true;
}

static bool load_dir(ProvisionTrust *self, int root, const char *path, GError **error)
{
    base_autofd dfd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dfd < 0) {
        int saved_errno = errno;
        return saved_errno == ENOENT ||
               base_error_set_errno(error, saved_errno, "opening ‘%s’", path);
    }
    g_autofree char *opened = g_strdup_printf("/proc/self/fd/%d", dfd);
    g_autoptr(GDir) dir = g_dir_open(opened, 0, error);
    const char *name = NULL;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (name[0] == '.')
            continue;
        if (!load_file(self, dfd, name, error))
            return false;
    }
    return dir != NULL;
}

ProvisionTrust *provision_trust_load(int root, GError **error)
{
    static const char *const dirs[] = {"usr/lib/atoll/provision/trusted.ed25519.d",
                                       "etc/atoll/provision/trusted.ed25519.d"};
    g_autoptr(ProvisionTrust) self = provision_trust_new();
    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        if (!load_dir(self, root, dirs[i], error))
            return NULL;
    }
    return g_steal_pointer(&self);
}

/* The last line, when it is a signature. */
static const char *find_signature(const char *text, size_t size_bytes, char **out_base64)
{
    const char *end = text + size_bytes;
    while (end > text && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
        end--;
    const char *start = end;
    while (start > text && start[-1] != '\n')
        start--;
    size_t prefix = strlen(PROVISION_TRUST_PREFIX);
    if ((size_t)(end - start) <= prefix || memcmp(start, PROVISION_TRUST_PREFIX, prefix) != 0)
        return NULL;
    *out_base64 = g_strndup(start + prefix, (gsize)(end - start) - prefix);
    return start;
}

static GByteArray *signed_message(const char *text, size_t size_bytes)
{
    GByteArray *message = g_byte_array_sized_new((guint)(strlen(SIGNED_FIRST) + size_bytes));
    g_byte_array_append(message, (const guint8 *)SIGNED_FIRST, (guint)strlen(SIGNED_FIRST));
    if (size_bytes > 0)
        g_byte_array_append(message, (const guint8 *)text, (guint)size_bytes);
    return message;
}

static bool is_signed_by_any(const ProvisionTrust *self, const char *text, size_t size_bytes,
                             const char *base64)
{
    gsize n = 0;
    g_autofree guchar *signature = g_base64_decode(base64, &n);
    if (n != BASE_ED25519_SIGNATURE_BYTES || size_bytes > G_MAXINT32)
        return false;
    g_autoptr(GByteArray) message = signed_message(text, size_bytes);
    for (guint i = 0; i < self->keys->len; i++) {
        const PublicKey *key = &g_array_index(self->keys, PublicKey, i);
        if (base_ed25519_verify(key->bytes, message->data, message->len, signature))
            return true;
    }
    return false;
}

GBytes *provision_trust_check(const ProvisionTrust *self, const char *source, GBytes *bytes,
                              bool *out_signed, GError **error)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    g_autofree char *base64 = NULL;
    const char *start = size_bytes == 0 ? NULL : find_signature(text, size_bytes, &base64);
    if (start == NULL) {
        *out_signed = false;
        return g_bytes_ref(bytes);
    }
    bool is_signed = false;
    if (provision_trust_is_required(self)) {
        is_signed = is_signed_by_any(self, text, (size_t)(start - text), base64);
        if (!is_signed) {
            g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_REFUSED,
                        "%s: no key that this image trusts made its signature", source);
            return NULL;
        }
    }
    *out_signed = is_signed;
    return g_bytes_new_from_bytes(bytes, 0, (gsize)(start - text));
}

GBytes *provision_trust_sign(GBytes *bytes, const char *secret, GError **error)
{
    gsize secret_bytes = 0;
    g_autofree guchar *seed = g_base64_decode(secret, &secret_bytes);
    if (secret_bytes != BASE_ED25519_SEED_BYTES &&
        secret_bytes != BASE_ED25519_SEED_BYTES + BASE_ED25519_PUBLIC_BYTES) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "no secret key: base64 of 32 or 64 bytes is wanted");
        return NULL;
    }
    bool was_signed = false;
    g_autoptr(GBytes) plain = provision_trust_check(NULL, "", bytes, &was_signed, error);
    if (plain == NULL)
        return NULL;
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(plain, &size_bytes);
    bool ends_line = size_bytes > 0 && text[size_bytes - 1] == '\n';
    g_autoptr(GString) out = g_string_new_len(text, (gssize)size_bytes);
    if (!ends_line)
        g_string_append_c(out, '\n');
    uint8_t signature[BASE_ED25519_SIGNATURE_BYTES];
    g_autoptr(GByteArray) message = signed_message(out->str, out->len);
    if (!base_ed25519_sign(seed, message->data, message->len, signature, error))
        return NULL;
    explicit_bzero(seed, secret_bytes);
    g_autofree char *base64 = g_base64_encode(signature, sizeof signature);
    g_string_append_printf(out, PROVISION_TRUST_PREFIX "%s\n", base64);
    return g_string_free_to_bytes(g_steal_pointer(&out));
}
