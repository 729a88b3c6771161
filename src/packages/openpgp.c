/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a keyring says about its keys: ids, expiry, revocation (RFC 4880, 4.2, 5.2.3, 5.5).
 * librpm and gpgv judge signatures; librpm does not ask whether the key has expired.
 */
#include "packages/openpgp.h"

#include <string.h>

#define MAX_KEYS 1024
#define TAG_SIGNATURE 2
#define TAG_PUBLIC_KEY 6
#define TAG_USER_ID 13
#define TAG_PUBLIC_SUBKEY 14
#define SUBPACKET_CREATED 2
#define SUBPACKET_KEY_EXPIRES 9
#define SUBPACKET_ISSUER 16
#define CLASS_GENERIC_CERTIFICATION 0x10
#define CLASS_POSITIVE_CERTIFICATION 0x13
#define CLASS_DIRECT_KEY 0x1f
#define CLASS_KEY_REVOCATION 0x20

typedef struct {
    const uint8_t *data;
    size_t size_bytes;
} Span;

/* The certificate under way, and which of its self-signatures is the newest so far. */
typedef struct {
    PackagesOpenpgpKey *key; /* borrowed */
    uint32_t created;
    uint32_t newest;
} Reading;

void packages_openpgp_key_free(PackagesOpenpgpKey *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_clear_pointer(&self->subkeys, g_ptr_array_unref);
    g_free(self->user);
    g_clear_pointer(&self->packets, g_bytes_unref);
    g_free(self);
}

static uint32_t read_be(const uint8_t *data, size_t n)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | data[i];
    return value;
}

/* Splits @size_bytes off @rest; %FALSE when it has fewer. */
static bool take(Span *rest, size_t size_bytes, Span *out_part)
{
    if (size_bytes > rest->size_bytes)
        return false;
    *out_part = (Span){rest->data, size_bytes};
    rest->data += size_bytes;
    rest->size_bytes -= size_bytes;
    return true;
}

/* A length in the form that new packets and subpackets share; partial lengths are not for keys. */
static bool take_length(Span *rest, size_t *out_length)
{
    Span first;
    Span more;
    if (!take(rest, 1, &first))
        return false;
    *out_length = first.data[0];
    if (first.data[0] < 192)
        return true;
    if (first.data[0] == 255) {
        if (!take(rest, 4, &more))
            return false;
        *out_length = read_be(more.data, 4);
        return true;
    }
    if (!take(rest, 1, &more))
        return false;
    *out_length = ((size_t)(first.data[0] - 192) << 8) + more.data[0] + 192;
    return first.data[0] < 224;
}

static bool take_packet(Span *rest, unsigned *out_tag, Span *out_body)
{
    Span head;
    Span length_bytes;
    size_t length = 0;
    if (!take(rest, 1, &head) || (head.data[0] & 0x80) == 0)
        return false;
    if ((head.data[0] & 0x40) != 0) {
        *out_tag = head.data[0] & 0x3f;
        return take_length(rest, &length) && take(rest, length, out_body);
    }
    *out_tag = head.data[0] >> 2 & 0x0f;
    unsigned kind = head.data[0] & 3;
    if (kind == 3 || !take(rest, (size_t)1 << kind, &length_bytes))
        return false;
    return take(rest, read_be(length_bytes.data, length_bytes.size_bytes), out_body);
}

/* Version 4 only: the end of the SHA-1 over 0x99, the length and the body. */
static char *key_id(Span body)
{
    if (body.size_bytes < 6 || body.size_bytes > UINT16_MAX || body.data[0] != 4)
        return NULL;
    const uint8_t head[] = {0x99, (uint8_t)(body.size_bytes >> 8), (uint8_t)body.size_bytes};
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sha1, head, sizeof head);
    g_checksum_update(sha1, body.data, (gssize)body.size_bytes);
    return g_strdup(g_checksum_get_string(sha1) + 24);
}

/* The body of the first subpacket @type in @area; %FALSE when there is none. */
static bool find_subpacket(Span area, unsigned type, Span *out_body)
{
    Span one;
    for (size_t length = 0; take_length(&area, &length) && take(&area, length, &one);) {
        if (length == 0 || (one.data[0] & 0x7f) != type)
            continue;
        *out_body = (Span){one.data + 1, length - 1};
        return true;
    }
    return false;
}

static bool is_by_itself(const Reading *reading, Span hashed, Span unhashed)
{
    Span issuer;
    if (!find_subpacket(unhashed, SUBPACKET_ISSUER, &issuer) &&
        !find_subpacket(hashed, SUBPACKET_ISSUER, &issuer))
        return true;
    g_autofree char *id =
        issuer.size_bytes == 8
            ? g_strdup_printf("%08x%08x", read_be(issuer.data, 4), read_be(issuer.data + 4, 4))
            : NULL;
    return id != NULL && strcmp(id, reading->key->id) == 0;
}

static void take_self_signature(Reading *reading, Span hashed)
{
    Span part;
    bool has_time = find_subpacket(hashed, SUBPACKET_CREATED, &part) && part.size_bytes == 4;
    uint32_t created = has_time ? read_be(part.data, 4) : 0;
    if (created < reading->newest)
        return;
    reading->newest = created;
    bool expires = find_subpacket(hashed, SUBPACKET_KEY_EXPIRES, &part) && part.size_bytes == 4;
    uint32_t lasts = expires ? read_be(part.data, 4) : 0;
    reading->key->expires_seconds = lasts != 0 ? (int64_t)reading->created + lasts : 0;
}

/* "4 CLASS public-key-algorithm hash-algorithm, hashed subpackets, unhashed ones, …" */
static void take_signature(Reading *reading, Span body)
{
    Span head;
    Span length;
    Span hashed;
    Span unhashed;
    if (!take(&body, 4, &head) || head.data[0] != 4 || !take(&body, 2, &length) ||
        !take(&body, read_be(length.data, 2), &hashed) || !take(&body, 2, &length) ||
        !take(&body, read_be(length.data, 2), &unhashed) ||
        !is_by_itself(reading, hashed, unhashed))
        return;
    unsigned class = head.data[1];
    if (class == CLASS_KEY_REVOCATION)
        reading->key->revoked = true;
    else if (class == CLASS_DIRECT_KEY ||
             (class >= CLASS_GENERIC_CERTIFICATION && class <= CLASS_POSITIVE_CERTIFICATION))
        take_self_signature(reading, hashed);
}

static void take_part(Reading *reading, unsigned tag, Span body)
{
    PackagesOpenpgpKey *key = reading->key;
    if (tag == TAG_SIGNATURE) {
        take_signature(reading, body);
    } else if (tag == TAG_USER_ID && key->user == NULL) {
        g_autofree char *text = g_strndup((const char *)body.data, body.size_bytes);
        key->user = g_utf8_make_valid(text, -1);
    } else if (tag == TAG_PUBLIC_SUBKEY) {
        char *id = key_id(body);
        if (id != NULL && key->subkeys->len < MAX_KEYS)
            g_ptr_array_add(key->subkeys, id);
        else
            g_free(id);
    }
}

static PackagesOpenpgpKey *new_key(Span body, Reading *out_reading)
{
    char *id = key_id(body);
    if (id == NULL)
        return NULL;
    PackagesOpenpgpKey *key = g_new0(PackagesOpenpgpKey, 1);
    key->id = id;
    key->subkeys = g_ptr_array_new_with_free_func(g_free);
    *out_reading = (Reading){.key = key, .created = read_be(body.data + 1, 4)};
    return key;
}

static void end_key(Reading *reading, const uint8_t *start, const uint8_t *end)
{
    if (reading->key != NULL)
        reading->key->packets = g_bytes_new(start, (size_t)(end - start));
    *reading = (Reading){0};
}

GPtrArray *packages_openpgp_read_keys(GBytes *keyring)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func((GDestroyNotify)packages_openpgp_key_free);
    Span rest = {0};
    rest.data = g_bytes_get_data(keyring, &rest.size_bytes);
    Reading reading = {0};
    const uint8_t *start = rest.data;
    const uint8_t *end = rest.data;
    unsigned tag = 0;
    Span body;
    while (keys->len < MAX_KEYS && take_packet(&rest, &tag, &body)) {
        if (tag == TAG_PUBLIC_KEY) {
            end_key(&reading, start, end);
            start = end;
            PackagesOpenpgpKey *key = new_key(body, &reading);
            if (key != NULL)
                g_ptr_array_add(keys, key);
        } else if (reading.key != NULL) {
            take_part(&reading, tag, body);
        }
        end = rest.data;
    }
    end_key(&reading, start, end);
    return keys;
}
