/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gzip (RFC 1952), zstd (RFC 8878) and base64, in bounds.
 */
#include "provision/envelope/unpack.h"

#include "provision/error.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define STEP_BYTES (64 * 1024)

static bool starts_with(GBytes *bytes, const char *magic, size_t length)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    return size_bytes >= length && memcmp(data, magic, length) == 0;
}

static bool is_gzip(GBytes *bytes)
{
    return starts_with(bytes, "\x1f\x8b", 2);
}

bool provision_unpack_is_packed(GBytes *bytes)
{
    return is_gzip(bytes) || starts_with(bytes, "\x28\xb5\x2f\xfd", 4);
}

static bool set_error(GError **error, const char *what)
{
    g_set_error_literal(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, what);
    return false;
}

static bool append(GByteArray *out, const guint8 *data, size_t size_bytes, size_t max_bytes,
                   GError **error)
{
    if (size_bytes > max_bytes - out->len)
        return set_error(error, "unpacks to more than what may be read");
    g_byte_array_append(out, data, (guint)size_bytes);
    return true;
}

/* All members of the file, as gzip does; what follows them that is no member is passed over. */
static bool gunzip(GBytes *bytes, size_t max_bytes, GByteArray *out, GError **error)
{
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    g_autofree guint8 *step = g_malloc(STEP_BYTES);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size_bytes};
    if (size_bytes > G_MAXUINT32 || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return set_error(error, "gzip cannot be read");
    int result = Z_OK;
    bool fine = true;
    while (fine && result == Z_OK) {
        stream.next_out = step;
        stream.avail_out = STEP_BYTES;
        result = inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END)
            break;
        fine = append(out, step, STEP_BYTES - stream.avail_out, max_bytes, error);
        if (result == Z_STREAM_END && stream.avail_in >= 2 && stream.next_in[0] == 0x1f &&
            stream.next_in[1] == 0x8b)
            result = inflateReset(&stream);
    }
    inflateEnd(&stream);
    if (!fine)
        return false;
    return result == Z_STREAM_END ||
           set_error(error, result == Z_BUF_ERROR ? "gzip ends too early" : "gzip is damaged");
}

static bool unzstd(GBytes *bytes, size_t max_bytes, GByteArray *out, GError **error)
{
    gsize size_bytes = 0;
    const void *data = g_bytes_get_data(bytes, &size_bytes);
    g_autofree guint8 *step = g_malloc(STEP_BYTES);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {.src = data, .size = size_bytes};
    size_t left = 1;
    bool fine = stream != NULL;
    while (fine && (in.pos < in.size || left > 0)) {
        ZSTD_outBuffer to = {.dst = step, .size = STEP_BYTES};
        size_t before = in.pos;
        left = ZSTD_decompressStream(stream, &to, &in);
        if (ZSTD_isError(left)) {
            fine = set_error(error, "zstd is damaged");
        } else if (to.pos == 0 && in.pos == before) {
            fine = set_error(error, "zstd ends too early");
        } else {
            fine = append(out, step, to.pos, max_bytes, error);
        }
    }
    ZSTD_freeDStream(stream);
    return fine;
}

GBytes *provision_unpack(GBytes *bytes, size_t max_bytes, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    bool fine = is_gzip(bytes) ? gunzip(bytes, max_bytes, out, error)
                               : unzstd(bytes, max_bytes, out, error);
    return fine ? g_byte_array_free_to_bytes(g_steal_pointer(&out)) : NULL;
}

GBytes *provision_unpack_base64(GBytes *bytes)
{
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(bytes, &size_bytes);
    size_t digits = 0;
    size_t pads = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        if (g_ascii_isspace(data[i]))
            continue;
        if (data[i] == '=')
            pads++;
        else if (pads == 0 && (g_ascii_isalnum(data[i]) || data[i] == '+' || data[i] == '/'))
            digits++;
        else
            return NULL;
    }
    if (digits == 0 || pads > 2 || (digits + pads) % 4 != 0)
        return NULL;
    g_autofree char *text = g_strndup(data, size_bytes);
    gsize decoded_bytes = 0;
    guchar *decoded = g_base64_decode(text, &decoded_bytes);
    return g_bytes_new_take(decoded, decoded_bytes);
}
