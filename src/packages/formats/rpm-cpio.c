/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Follows a cpio stream ("newc": cpio(5)) from header to header without keeping anything, so
 * that none states a name longer than a path can be.
 */
#include "packages/formats/rpm-cpio.h"

#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#define NAME_MAX_BYTES 4200
#define SIZE_OFFSET 54
#define NAME_OFFSET 94
#define FIELD_BYTES 8

static bool read_field(const PackagesRpmCpio *self, size_t offset, uint64_t *out_value)
{
    g_autofree char *text = g_strndup((const char *)self->header + offset, FIELD_BYTES);
    guint64 value = 0;
    bool ok = g_ascii_string_to_unsigned(text, 16, 0, UINT32_MAX, &value, NULL);
    *out_value = value;
    return ok;
}

/* A whole header was seen: how far it is to the next. What is no header ends the stream. */
static bool take_header(PackagesRpmCpio *self, struct archive *cpio)
{
    uint64_t size_bytes = 0;
    uint64_t name_bytes = 0;
    self->header_bytes = 0;
    if ((memcmp(self->header, "070701", 6) != 0 && memcmp(self->header, "070702", 6) != 0) ||
        !read_field(self, SIZE_OFFSET, &size_bytes) ||
        !read_field(self, NAME_OFFSET, &name_bytes)) {
        self->ended = true;
        return true;
    }
    if (name_bytes > NAME_MAX_BYTES) {
        archive_set_error(cpio, EINVAL, "a name of %u bytes", (unsigned)name_bytes);
        return false;
    }
    uint64_t head = PACKAGES_RPM_CPIO_HEADER_BYTES + name_bytes;
    self->skip_bytes =
        (head + 3) / 4 * 4 - PACKAGES_RPM_CPIO_HEADER_BYTES + (size_bytes + 3) / 4 * 4;
    return true;
}

/* @out_good: how many bytes come before what is no header */
static bool follow(PackagesRpmCpio *self, struct archive *cpio, const uint8_t *data, size_t n,
                   size_t *out_good)
{
    size_t header_start = 0;
    for (size_t done = 0; done < n && !self->ended;) {
        size_t part = (size_t)MIN(self->skip_bytes, n - done);
        if (part > 0) {
            self->skip_bytes -= part;
            done += part;
            continue;
        }
        if (self->header_bytes == 0)
            header_start = done;
        part = MIN(n - done, PACKAGES_RPM_CPIO_HEADER_BYTES - self->header_bytes);
        memcpy(self->header + self->header_bytes, data + done, part);
        self->header_bytes += part;
        done += part;
        if (self->header_bytes == PACKAGES_RPM_CPIO_HEADER_BYTES && !take_header(self, cpio))
            return false;
    }
    *out_good = self->ended ? header_start : n;
    return true;
}

static la_ssize_t read_block(struct archive *cpio, void *data, const void **out_buffer)
{
    PackagesRpmCpio *self = data;
    size_t n = 0;
    la_int64_t offset = 0;
    if (self->ended)
        return 0;
    int status = archive_read_data_block(self->raw, out_buffer, &n, &offset);
    if (status == ARCHIVE_EOF)
        return 0;
    if (status != ARCHIVE_OK) {
        const char *reason = archive_error_string(self->raw);
        archive_set_error(cpio, EINVAL, "%s", reason != NULL ? reason : "unreadable");
        return -1;
    }
    /* libarchive would look for a header behind what is none */
    return follow(self, cpio, *out_buffer, n, &n) ? (la_ssize_t)n : -1;
}

static struct archive *set_error(GError **error, struct archive *archive)
{
    const char *reason = archive_error_string(archive);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "payload: %s",
                reason != NULL ? reason : "unreadable");
    return NULL;
}

struct archive *packages_rpm_cpio_open(PackagesRpmCpio *self, struct archive *raw, GError **error)
{
    struct archive_entry *entry = NULL;
    *self = (PackagesRpmCpio){.raw = raw};
    int status = archive_read_next_header(raw, &entry);
    if (status == ARCHIVE_EOF)
        self->ended = true;
    else if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return set_error(error, raw);
    struct archive *cpio = archive_read_new();
    archive_read_support_format_cpio(cpio);
    archive_read_support_format_empty(cpio);
    if (archive_read_open(cpio, self, NULL, read_block, NULL) == ARCHIVE_OK)
        return cpio;
    (void)set_error(error, cpio);
    (void)archive_read_free(cpio);
    return NULL;
}
