/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GUID partition tables (UEFI 2.10, section 5.3), read and written directly: the initramfs needs
 * no sgdisk for it. Where partitions go is in partition.c.
 */
#include "provision/disks/gpt.h"

#include "base/error.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define SIGNATURE "EFI PART"
#define HEADER_BYTES 92
#define ENTRY_BYTES 128
#define TABLE_BYTES (PROVISION_GPT_ENTRIES * ENTRY_BYTES)
#define MIN_SECTORS 4096
#define MBR_TYPE_PROTECTIVE 0xee

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static void put64(uint8_t *p, uint64_t value)
{
    put32(p, (uint32_t)value);
    put32(p + 4, (uint32_t)(value >> 32));
}

/* The first three groups are little-endian, the others are bytes. */
static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static void get_guid(const uint8_t *p, char *text)
{
    size_t at = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        (void)g_snprintf(text + at, 3, "%02x", p[guid_order[i]]);
        at += 2;
    }
}

static void put_guid(uint8_t *p, const char *text)
{
    unsigned i = 0;
    for (const char *c = text; *c != '\0' && c[1] != '\0' && i < 16; c++) {
        if (*c == '-')
            continue;
        p[guid_order[i++]] =
            (uint8_t)(g_ascii_xdigit_value(c[0]) * 16 + g_ascii_xdigit_value(c[1]));
        c++;
    }
}

static void make_guid(char *text)
{
    g_autofree char *uuid = g_uuid_string_random();
    (void)g_strlcpy(text, uuid, PROVISION_GPT_GUID_CHARS + 1);
}

static uint64_t table_sectors(const ProvisionGpt *self)
{
    return (TABLE_BYTES + self->sector_bytes - 1) / self->sector_bytes;
}

static bool is_same(const ProvisionGptEntry *one, const ProvisionGptEntry *other)
{
    return one->used == other->used && one->start == other->start && one->end == other->end &&
           one->attributes == other->attributes && strcmp(one->type, other->type) == 0 &&
           strcmp(one->guid, other->guid) == 0 && strcmp(one->label, other->label) == 0;
}

bool provision_gpt_same_entries(const ProvisionGpt *self, const ProvisionGpt *other)
{
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++)
        if (!is_same(&self->entries[i], &other->entries[i]))
            return false;
    return true;
}

bool provision_gpt_init(ProvisionGpt *self, unsigned sector_bytes, uint64_t n_sectors)
{
    memset(self, 0, sizeof *self);
    self->sector_bytes = sector_bytes;
    self->n_sectors = n_sectors;
    if (n_sectors < MIN_SECTORS)
        return false;
    self->first_usable = 2 + table_sectors(self);
    self->last_usable = n_sectors - 2 - table_sectors(self);
    make_guid(self->guid);
    return true;
}

static void get_label(const uint8_t *p, char *label)
{
    gunichar2 units[PROVISION_GPT_LABEL_UNITS + 1] = {0};
    for (unsigned i = 0; i < PROVISION_GPT_LABEL_UNITS; i++)
        units[i] = (gunichar2)(p[2 * i] | p[2 * i + 1] << 8);
    g_autofree char *text = g_utf16_to_utf8(units, -1, NULL, NULL, NULL);
    (void)g_strlcpy(label, text != NULL ? text : "", 4 * PROVISION_GPT_LABEL_UNITS + 1);
}

static void put_label(uint8_t *p, const char *label)
{
    glong n = 0;
    g_autofree gunichar2 *units = g_utf8_to_utf16(label, -1, NULL, &n, NULL);
    for (glong i = 0; units != NULL && i < n && i < PROVISION_GPT_LABEL_UNITS; i++) {
        p[2 * i] = (uint8_t)units[i];
        p[2 * i + 1] = (uint8_t)(units[i] >> 8);
    }
}

static bool is_header(const uint8_t *header)
{
    uint8_t copy[HEADER_BYTES];
    if (memcmp(header, SIGNATURE, 8) != 0 || get32(header + 12) != HEADER_BYTES)
        return false;
    memcpy(copy, header, sizeof copy);
    put32(copy + 16, 0);
    return crc32(0, copy, sizeof copy) == get32(header + 16) &&
           get32(header + 80) == PROVISION_GPT_ENTRIES && get32(header + 84) == ENTRY_BYTES;
}

bool provision_gpt_parse(ProvisionGpt *self, const uint8_t *header, const uint8_t *entries)
{
    static const uint8_t unused[16] = {0};
    if (!is_header(header) || crc32(0, entries, TABLE_BYTES) != get32(header + 88))
        return false;
    uint64_t first = get64(header + 40);
    uint64_t last = get64(header + 48);
    if (first < 2 || last >= self->n_sectors || first > last)
        return false;
    self->first_usable = first;
    /* a disk that has grown since: the second copy moves to its end */
    self->last_usable = self->n_sectors - 2 - table_sectors(self);
    get_guid(header + 56, self->guid);
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++) {
        const uint8_t *p = entries + i * ENTRY_BYTES;
        ProvisionGptEntry *entry = &self->entries[i];
        memset(entry, 0, sizeof *entry);
        if (memcmp(p, unused, sizeof unused) == 0)
            continue;
        entry->used = true;
        entry->start = get64(p + 32);
        entry->end = get64(p + 40);
        entry->attributes = get64(p + 48);
        get_guid(p, entry->type);
        get_guid(p + 16, entry->guid);
        get_label(p + 56, entry->label);
        if (entry->start < first || entry->start > entry->end || entry->end > last)
            return false;
    }
    return true;
}

static bool read_at(int fd, void *data, size_t size_bytes, uint64_t offset, GError **error)
{
    for (size_t done = 0; done < size_bytes;) {
        ssize_t n = pread(fd, (char *)data + done, size_bytes - done, (off_t)(offset + done));
        int saved_errno = errno;
        if (n < 0 && saved_errno == EINTR)
            continue;
        if (n < 0)
            return base_error_set_errno(error, saved_errno, "reading the partition table");
        if (n == 0)
            return base_error_set(error, BASE_ERROR_FAILED, "the disk is shorter than it says");
        done += (size_t)n;
    }
    return true;
}

static bool write_at(int fd, const void *data, size_t size_bytes, uint64_t offset, GError **error)
{
    for (size_t done = 0; done < size_bytes;) {
        ssize_t n =
            pwrite(fd, (const char *)data + done, size_bytes - done, (off_t)(offset + done));
        int saved_errno = errno;
        if (n < 0 && saved_errno == EINTR)
            continue;
        if (n <= 0)
            return base_error_set_errno(error, saved_errno, "writing the partition table");
        done += (size_t)n;
    }
    return true;
}

static bool get_size(int fd, unsigned *out_sector_bytes, uint64_t *out_sectors, GError **error)
{
    struct stat st = {0};
    int sector_bytes = 512;
    uint64_t size_bytes = 0;
    if (fstat(fd, &st) < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "looking at the disk");
    }
    if (S_ISREG(st.st_mode)) {
        size_bytes = (uint64_t)st.st_size;
    } else if (ioctl(fd, BLKSSZGET, &sector_bytes) < 0 ||
               ioctl(fd, BLKGETSIZE64, &size_bytes) < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "asking for the size of the disk");
    }
    if (sector_bytes != 512 && sector_bytes != 4096)
        return base_error_set(error, BASE_ERROR_FAILED, "the disk has sectors of %d bytes",
                              sector_bytes);
    *out_sector_bytes = (unsigned)sector_bytes;
    *out_sectors = size_bytes / (unsigned)sector_bytes;
    return true;
}

static bool try_copy(ProvisionGpt *self, int fd, uint64_t at_sector, uint8_t *entries)
{
    g_autofree uint8_t *header = g_malloc0(self->sector_bytes);
    if (!read_at(fd, header, self->sector_bytes, at_sector * self->sector_bytes, NULL) ||
        !is_header(header) || get64(header + 24) != at_sector ||
        get64(header + 72) >= self->n_sectors)
        return false;
    return read_at(fd, entries, TABLE_BYTES, get64(header + 72) * self->sector_bytes, NULL) &&
           provision_gpt_parse(self, header, entries);
}

bool provision_gpt_load(ProvisionGpt *self, int fd, ProvisionGptFound *out_found, GError **error)
{
    unsigned sector_bytes = 0;
    uint64_t n_sectors = 0;
    if (!get_size(fd, &sector_bytes, &n_sectors, error))
        return false;
    if (!provision_gpt_init(self, sector_bytes, n_sectors))
        return base_error_set(error, BASE_ERROR_FAILED, "the disk is too small for partitions");
    ProvisionGpt empty = *self;
    g_autofree uint8_t *entries = g_malloc0(TABLE_BYTES);
    uint8_t mbr[512];
    if (try_copy(self, fd, 1, entries)) {
        *out_found = PROVISION_GPT_GOOD;
        return true;
    }
    *self = empty;
    if (try_copy(self, fd, n_sectors - 1, entries)) {
        *out_found = PROVISION_GPT_GOOD;
        return true;
    }
    *self = empty;
    if (!read_at(fd, mbr, sizeof mbr, 0, error))
        return false;
    *out_found = PROVISION_GPT_NONE;
    for (unsigned i = 0; mbr[510] == 0x55 && mbr[511] == 0xaa && i < 4; i++) {
        if (mbr[446 + 16 * i + 4] != 0)
            *out_found = PROVISION_GPT_OTHER;
    }
    return true;
}

static void make_header(const ProvisionGpt *self, uint8_t *header, const uint8_t *entries,
                        uint64_t here, uint64_t other, uint64_t table)
{
    memset(header, 0, self->sector_bytes);
    memcpy(header, SIGNATURE, 8);
    put32(header + 8, 0x00010000);
    put32(header + 12, HEADER_BYTES);
    put64(header + 24, here);
    put64(header + 32, other);
    put64(header + 40, self->first_usable);
    put64(header + 48, self->last_usable);
    put_guid(header + 56, self->guid);
    put64(header + 72, table);
    put32(header + 80, PROVISION_GPT_ENTRIES);
    put32(header + 84, ENTRY_BYTES);
    put32(header + 88, (uint32_t)crc32(0, entries, TABLE_BYTES));
    put32(header + 16, (uint32_t)crc32(0, header, HEADER_BYTES));
}

static bool write_protective(const ProvisionGpt *self, int fd, GError **error)
{
    uint8_t mbr[512];
    /* boot code in the first sector stays */
    if (!read_at(fd, mbr, sizeof mbr, 0, error))
        return false;
    memset(mbr + 446, 0, 64);
    uint8_t *p = mbr + 446;
    p[2] = 2;
    p[4] = MBR_TYPE_PROTECTIVE;
    memset(p + 5, 0xff, 3);
    put32(p + 8, 1);
    put32(p + 12, (uint32_t)MIN(self->n_sectors - 1, G_MAXUINT32));
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
    return write_at(fd, mbr, sizeof mbr, 0, error);
}

bool provision_gpt_save(const ProvisionGpt *self, int fd, GError **error)
{
    g_autofree uint8_t *entries = g_malloc0(TABLE_BYTES);
    g_autofree uint8_t *header = g_malloc0(self->sector_bytes);
    uint64_t last = self->n_sectors - 1;
    uint64_t second = last - table_sectors(self);
    for (unsigned i = 0; i < PROVISION_GPT_ENTRIES; i++) {
        const ProvisionGptEntry *entry = &self->entries[i];
        uint8_t *p = entries + i * ENTRY_BYTES;
        if (!entry->used)
            continue;
        put_guid(p, entry->type);
        put_guid(p + 16, entry->guid);
        put64(p + 32, entry->start);
        put64(p + 40, entry->end);
        put64(p + 48, entry->attributes);
        put_label(p + 56, entry->label);
    }
    /* the second copy first: one of the two is whole at any time */
    make_header(self, header, entries, last, 1, second);
    if (!write_at(fd, entries, TABLE_BYTES, second * self->sector_bytes, error) ||
        !write_at(fd, header, self->sector_bytes, last * self->sector_bytes, error))
        return false;
    if (fsync(fd) < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "writing the partition table");
    }
    make_header(self, header, entries, 1, last, 2);
    if (!write_at(fd, entries, TABLE_BYTES, 2ULL * self->sector_bytes, error) ||
        !write_at(fd, header, self->sector_bytes, self->sector_bytes, error) ||
        !write_protective(self, fd, error))
        return false;
    if (fsync(fd) < 0) {
        int saved_errno = errno;
        return base_error_set_errno(error, saved_errno, "writing the partition table");
    }
    return true;
}

bool provision_gpt_erase(const ProvisionGpt *self, int fd, GError **error)
{
    size_t size_bytes = (size_t)(2 + table_sectors(self)) * self->sector_bytes;
    g_autofree uint8_t *zeros = g_malloc0(size_bytes);
    return write_at(fd, zeros, size_bytes, 0, error) &&
           write_at(fd, zeros, self->sector_bytes, (self->n_sectors - 1) * self->sector_bytes,
                    error);
}
